//! From one schema to the next. To add a step: a file of SQL and a row of [`MIGRATIONS`]; and a dump of the schema before it
//! in `tests/schemas`, so that its upgrade stays tested.

use crate::create_private;
use crate::schema::{APPLICATION_ID, Opening, Role, connect, refuse_used};
use crate::tx::told;
use cpis_store::StoreError;
use cpis_store::migrations::{Migrated, Migration, Stamp, due, newest};
use rusqlite::{Connection, OptionalExtension, params};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// All steps.
pub(crate) static MIGRATIONS: &[Migration] = &[
    Migration { version: 1, serves: 1, name: "the first schema", sql: include_str!("001.sql") },
    // A program of schema 1 refuses every other one.
    Migration { version: 2, serves: 2, name: "the schema's version in a table", sql: include_str!("002.sql") },
    Migration { version: 3, serves: 2, name: "organisations, sessions, reports", sql: include_str!("003.sql") },
    Migration { version: 4, serves: 2, name: "mailboxes", sql: include_str!("004.sql") },
    // An older program would not say which authorities a look owed a notice, and the next look would tell them again.
    Migration { version: 5, serves: 5, name: "looks with what they owe", sql: include_str!("005.sql") },
];

/// What the file says of its schema; nothing where it is empty.
pub(crate) fn stamp(connection: &Connection) -> Result<Option<Stamp>, StoreError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(|e| told(&e));
    let (application, found) = (number("application_id")?, number("user_version")?);
    let count = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| told(&error));
    if application == 0 && found == 0 && count("-- schema.count\nSELECT count(*) FROM sqlite_schema")? == 0 {
        return Ok(None);
    }
    if application != APPLICATION_ID {
        return Err(StoreError::Corrupt("the file is not a database of this program".into()));
    }
    let version = u32::try_from(found).unwrap_or(0);
    if version == 0 {
        return Err(StoreError::Corrupt("the file does not say which schema it has".into()));
    }
    let kept = count("-- schema.kept\nSELECT count(*) FROM sqlite_schema WHERE name = 'schema_version'")?;
    let serves = if kept == 0 {
        None
    } else {
        let sql = "-- schema_version.one\nSELECT serves FROM schema_version WHERE version = ?";
        let serves = connection.query_row(sql, [version], |row| row.get::<_, u32>(0)).optional();
        serves.map_err(|error| told(&error))?
    };
    // Without the table it is a schema from before the table. A version without its row serves only those who know it.
    Ok(Some(Stamp { version, serves: serves.unwrap_or(version) }))
}

/// Runs one step in one transaction, if nobody was first. Says whether it ran.
fn run(connection: &Connection, step: &Migration) -> Result<bool, StoreError> {
    connection.execute_batch("-- schema.begin\nBEGIN IMMEDIATE").map_err(|error| told(&error))?;
    let done = (|| {
        if stamp(connection)?.map_or(0, |stamp| stamp.version) + 1 != step.version {
            return Ok(false);
        }
        apply(connection, step).map_err(|error| told(&error))?;
        connection.execute_batch("-- schema.commit\nCOMMIT").map_err(|error| told(&error))?;
        Ok(true)
    })();
    if !connection.is_autocommit() {
        let rolled_back = connection.execute_batch("-- schema.rollback\nROLLBACK");
        rolled_back.map_err(|error| told(&error))?;
    }
    done
}

fn apply(connection: &Connection, step: &Migration) -> Result<(), rusqlite::Error> {
    connection.execute_batch(step.sql)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", step.version)?;
    if step.version >= 2 {
        connection.execute(
            "-- schema_version.insert\nINSERT INTO schema_version (version, serves, name) VALUES (?, ?, ?)",
            params![step.version, step.serves, step.name],
        )?;
    }
    Ok(())
}

/// Puts the whole schema into an empty file.
pub(crate) fn create(connection: &Connection, steps: &[Migration]) -> Result<(), StoreError> {
    for step in steps {
        run(connection, step)?;
    }
    Ok(())
}

/// What [`migrate`] would do. Changes nothing.
pub(crate) fn look(path: &Path, busy_timeout: Duration) -> Result<Migrated, StoreError> {
    let connection = connect(path, Role::Beside, Opening { busy_timeout, durable: true })?;
    plan(&connection)
}

fn plan(connection: &Connection) -> Result<Migrated, StoreError> {
    let found = stamp(connection)?;
    let steps: Vec<&'static Migration> = due(found, MIGRATIONS)?.iter().collect();
    let from = found.map_or(0, |stamp| stamp.version);
    Ok(Migrated { from, to: from.max(newest(MIGRATIONS)), steps, backup: None })
}

/// Brings a file to the newest schema, after a copy of it was put beside it. Nobody else may have it open.
pub(crate) fn migrate(path: &Path, busy_timeout: Duration) -> Result<Migrated, StoreError> {
    let opening = Opening { busy_timeout, durable: true };
    refuse_used(path)?;
    let connection = connect(path, Role::Writer, opening)?;
    let mut migrated = plan(&connection)?;
    if migrated.steps.is_empty() {
        return close(connection).map(|()| migrated);
    }
    if migrated.from > 0 {
        migrated.backup = Some(back_up(&connection, path, migrated.from)?);
    }
    for step in &migrated.steps {
        run(&connection, step)?;
    }
    close(connection)?;
    Ok(migrated)
}

/// An orderly end leaves one file.
fn close(connection: Connection) -> Result<(), StoreError> {
    let tidy = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    connection.set_db_config(tidy, false).map_err(|error| told(&error))?;
    connection.close().map_err(|(_, error)| told(&error))
}

/// A copy beside the file, for its owner alone, on disk before this returns. An earlier copy stays.
fn back_up(connection: &Connection, path: &Path, version: u32) -> Result<PathBuf, StoreError> {
    let backup = free_name(path, version);
    create_private(&backup)?;
    let copied = connection.execute("-- schema.back_up\nVACUUM INTO ?", [backup.to_string_lossy()]);
    let kept = copied.map_err(|error| told(&error)).and_then(|_| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let synced = File::open(&backup).and_then(|file| file.sync_all());
        let synced = synced.and_then(|()| File::open(folder)?.sync_all());
        synced.map_err(|error| StoreError::Unavailable(format!("the copy cannot be kept: {}", error.kind())))
    });
    match kept {
        Ok(()) => Ok(backup),
        Err(error) => {
            let _ = std::fs::remove_file(&backup);
            Err(error)
        }
    }
}

fn free_name(path: &Path, version: u32) -> PathBuf {
    let mut number = 1_u32;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".schema-{version}"));
        if number > 1 {
            name.push(format!(".{number}"));
        }
        let name = PathBuf::from(name);
        if !name.exists() {
            return name;
        }
        number = number.saturating_add(1);
    }
}
