//! Opening connections: pragmas, and the schema's version.

use crate::tx::{Bad, Stop, Tx, told};
use cpis_store::{Finding, StoreError, Weight};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Names the file's kind in its header: "CPIS".
pub(crate) const APPLICATION_ID: i64 = 0x4350_4953;
/// The schema that this program knows.
pub(crate) const SCHEMA_VERSION: u32 = 1;
const SCHEMA_1: &str = include_str!("001.sql");

/// Prepared statements that a connection keeps.
const STATEMENTS_KEPT: usize = 128;
/// Page cache of the writer.
const WRITER_CACHE_KIB: i64 = 48 * 1024;
/// Page cache of each reader.
const READER_CACHE_KIB: i64 = 4 * 1024;
/// The write-ahead log's file is cut to this size when it begins anew.
const WAL_KEPT_BYTES: i64 = 64 * 1024 * 1024;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Writer,
    Reader,
    Checkpointer,
}

/// How connections are opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub(crate) busy_timeout: Duration,
    /// Each commit waits for the disk. Off for tests only.
    pub(crate) durable: bool,
}

/// Opens a connection; the first one of a file must be a writer.
pub(crate) fn connect(path: &Path, role: Role, opening: Opening) -> Result<Connection, StoreError> {
    open(path, role, opening).map_err(|error| told(&error))
}

fn open(path: &Path, role: Role, opening: Opening) -> Result<Connection, rusqlite::Error> {
    let access = match role {
        Role::Reader => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Role::Writer => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Role::Checkpointer => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(opening.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // The log stays behind on every end but an orderly one, so that a killed store leaves what a killed process leaves.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A statement is planned once and not again for each new value beside a partial index.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let set = |name: &str, value: &dyn rusqlite::ToSql| connection.pragma_update(None, name, value);
    set("trusted_schema", &"OFF")?;
    // What is erased is overwritten, not only unlinked.
    set("secure_delete", &"ON")?;
    set("cell_size_check", &"ON")?;
    set("temp_store", &"MEMORY")?;
    set("synchronous", &if opening.durable { "FULL" } else { "OFF" })?;
    set("cache_size", &-(if role == Role::Writer { WRITER_CACHE_KIB } else { READER_CACHE_KIB }))?;
    if role == Role::Writer {
        set("wal_autocheckpoint", &0)?;
        set("journal_size_limit", &WAL_KEPT_BYTES)?;
    }
    Ok(connection)
}

/// What an operator should know of the file.
pub(crate) fn examine(tx: &Tx<'_>) -> Result<Vec<Finding>, Stop> {
    let text = |sql| tx.first(sql, [], |row| Ok(row.get::<_, String>(0)?)).map(Option::unwrap_or_default);
    let mut findings = vec![Finding::good("SQLite", text("-- examine.version\nSELECT sqlite_version()")?)];
    let mode = text("-- examine.journal_mode\nPRAGMA journal_mode")?;
    findings.push(if mode == "wal" {
        Finding::good("journal_mode", mode)
    } else {
        let mend = "Keep the database on a local disk: network file systems have no write-ahead log.";
        Finding::bad(Weight::Warning, "journal_mode", mode, mend)
    });
    let check = tx.first("-- examine.quick_check\nPRAGMA quick_check(1)", [], |row| {
        row.get_ref(0)?.as_str().map(str::to_owned).map_err(|_| Bad)
    })?;
    findings.push(if check.as_deref() == Some("ok") {
        Finding::good("quick_check", "ok")
    } else {
        let mend = "The file is damaged: stop the service and put a backup back.";
        Finding::bad(Weight::Fault, "quick_check", "the file does not pass", mend)
    });
    Ok(findings)
}

/// Puts the schema into a fresh file and refuses every other file than one of ours in the version that we know.
pub(crate) fn prepare(connection: &Connection) -> Result<(), StoreError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(|e| told(&e));
    let (application, found) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection
        .query_row("-- schema.count\nSELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| told(&error))?;
    if application == 0 && found == 0 && tables == 0 {
        create(connection).map_err(|error| told(&error))
    } else if application != APPLICATION_ID {
        Err(StoreError::Corrupt("the file is not a database of this program".into()))
    } else if found == i64::from(SCHEMA_VERSION) {
        Ok(())
    } else {
        Err(StoreError::Schema { found: u32::try_from(found).unwrap_or(u32::MAX), needed: SCHEMA_VERSION })
    }
}

fn create(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        tracing::warn!(mode, "the database does not keep a write-ahead log here");
    }
    connection.execute_batch("-- schema.begin\nBEGIN IMMEDIATE")?;
    connection.execute_batch(SCHEMA_1)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    connection.execute_batch("-- schema.commit\nCOMMIT")
}
