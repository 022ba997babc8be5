//! Opening connections: pragmas, and whether the schema is one that we know.

use crate::migrate::{MIGRATIONS, create, stamp};
use crate::tx::{Bad, Stop, Tx, told};
use cpis_store::migrations::{Standing, judge};
use cpis_store::{Finding, StoreError, Weight};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// Names the file's kind in its header: "CPIS".
pub(crate) const APPLICATION_ID: i64 = 0x4350_4953;

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
    /// Reads beside another process, or a file that nobody has open, and leaves nothing behind.
    Beside,
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
        Role::Reader | Role::Beside => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Role::Writer => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Role::Checkpointer => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let access = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if role == Role::Beside && !has_log(path) {
        Connection::open_with_flags(unchanging(path), access | OpenFlags::SQLITE_OPEN_URI)?
    } else {
        Connection::open_with_flags(path, access)?
    };
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

/// Whether a write-ahead log lies beside the file: somebody has it open, or was killed.
fn has_log(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    Path::new(&name).exists()
}

/// The address of a file that nobody writes: SQLite then makes no files beside it.
fn unchanging(path: &Path) -> String {
    let mut address = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            address.push(char::from(*byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address + "?immutable=1"
}

/// Puts the schema into a fresh file and refuses every other file than one of ours in a version that we can work on.
pub(crate) fn prepare(connection: &Connection) -> Result<(), StoreError> {
    let standing = judge(stamp(connection)?, MIGRATIONS)?;
    // A copy made by other means, such as the one before a migration, may have lost its mode.
    keep_log(connection).map_err(|error| told(&error))?;
    match standing {
        Standing::Empty(steps) => create(connection, steps),
        Standing::Ready | Standing::Newer => Ok(()),
    }
}

/// Refuses what [`prepare`] refuses, and an empty file as well. Changes nothing.
pub(crate) fn check(connection: &Connection) -> Result<(), StoreError> {
    match judge(stamp(connection)?, MIGRATIONS)? {
        Standing::Empty(_) => Err(StoreError::Corrupt("the file is empty".into())),
        Standing::Ready | Standing::Newer => Ok(()),
    }
}

/// Takes the file for itself for a moment, which fails while anybody has it open.
pub(crate) fn refuse_used(path: &Path) -> Result<(), StoreError> {
    let connection = connect(path, Role::Checkpointer, Opening { busy_timeout: Duration::ZERO, durable: true })?;
    let taken = connection
        .pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |row| row.get::<_, String>(0))
        .and_then(|_| connection.execute_batch("-- schema.alone\nBEGIN EXCLUSIVE; ROLLBACK"));
    match taken.map_err(|error| told(&error)) {
        Err(StoreError::Unavailable(why)) if why == "busy" => {
            Err(StoreError::Unavailable("another process has it open".into()))
        }
        other => other,
    }
}

fn keep_log(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        tracing::warn!(mode, "the database does not keep a write-ahead log here");
    }
    Ok(())
}
