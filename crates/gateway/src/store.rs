//! The gateway's own durable store: one `SQLite` file with a write-ahead log that is flushed at each commit, one thread that writes,
//! personal data sealed. The rest of the crate asks for whole steps, each one transaction: take a message, note an answer.
//!
//! Reading order: this file, `writer`, `rows`, `settle` (what is owed becomes rows), then the steps.

mod asks;
mod notes;
mod persons;
mod pushes;
mod rows;
mod settle;
mod status;
mod take;
mod traces;
mod upkeep;
mod writer;

pub use asks::{Answered, Due};
pub use notes::{DeadLetter, NoteKind};
pub use pushes::{Delivered, Waiting};
pub use status::{Flags, NoteRow, Status, UncheckedRow};
pub use take::Taken;
pub use traces::Untraced;
pub use upkeep::Keep;

use crate::rules::Rules;
use crate::vault::Vault;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use writer::Writer;

/// The version of the schema that this program makes and knows.
const SCHEMA: i64 = 2;
/// From the version before.
const FROM_1: &str = "BEGIN IMMEDIATE; ALTER TABLE ask ADD COLUMN silent INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX IF NOT EXISTS ask_found ON ask (answered) WHERE state = 1;
    CREATE INDEX IF NOT EXISTS ask_number ON ask (number_key); PRAGMA user_version = 2; COMMIT;";
/// How long to wait for another program that has the file locked.
const BUSY: Duration = Duration::from_secs(1);
/// What is sealed to tell whether a key belongs to a file.
const PROOF: &str = "cpis gateway";

/// Why a step of the store did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Not now: try again.
    #[error("the gateway's store is not available: {0}")]
    Away(&'static str),
    /// The file is of another version.
    #[error("the gateway's file has version {0} of its schema, and this program knows {SCHEMA}")]
    Schema(i64),
    /// The file was sealed with another key.
    #[error("the gateway's file was sealed with another key")]
    Key,
    /// A row cannot be read.
    #[error("a row of the gateway's file cannot be read: {0}")]
    Row(&'static str),
    /// The program has a fault.
    #[error("the program has a fault")]
    Fault,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let words = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => "the disk is full",
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another program has the file",
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                "the file may not be written"
            }
            Some(ErrorCode::SystemIoFailure) => "the disk failed",
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => "the file is damaged",
            _ => "a statement failed",
        };
        Self::Away(words)
    }
}

impl From<cpis_app::seal::SealError> for StoreError {
    fn from(_: cpis_app::seal::SealError) -> Self {
        Self::Row("it does not open")
    }
}

/// What every step is given: keys, and what is decided by.
#[derive(Debug)]
pub(crate) struct Ground {
    pub vault: Vault,
    pub rules: Rules,
}

/// An open store. The file is closed once all of its clones are gone.
#[derive(Clone)]
pub struct Store {
    writer: Writer,
    ground: Arc<Ground>,
    ended: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
}

impl Store {
    /// Opens a file, and makes it if there is none.
    pub fn open(path: &Path, vault: Vault, rules: Rules) -> Result<Self, StoreError> {
        create_private(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(128);
        connection.execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON; BEGIN IMMEDIATE; COMMIT;",
        )?;
        prepare(&connection, &vault)?;
        let (writer, ended) = Writer::start(connection)?;
        Ok(Self { writer, ground: Arc::new(Ground { vault, rules }), ended: Arc::new(Mutex::new(Some(ended))) })
    }

    /// What is decided by.
    pub fn rules(&self) -> &Rules {
        &self.ground.rules
    }

    /// Waits until what was given is written and the file is closed. Nobody else may still hold the store.
    pub async fn close(self) {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(self);
        if let Some(ended) = ended {
            let _ = ended.await;
        }
    }

    /// One step: a transaction of its own, committed with what waits beside it.
    async fn step<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Connection, &Ground) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let ground = Arc::clone(&self.ground);
        self.writer.run(move |connection| step(connection, &ground)).await
    }
}

fn prepare(connection: &Connection, vault: &Vault) -> Result<(), StoreError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match version {
        0 => {
            let sealed = vault.seal_value("setting", b"proof", &PROOF);
            connection.execute_batch(concat!("BEGIN IMMEDIATE;", include_str!("store/schema.sql")))?;
            connection.execute("-- setting.proof\nINSERT INTO setting VALUES ('proof', ?1)", [sealed])?;
            connection.pragma_update(None, "user_version", SCHEMA)?;
            connection.execute_batch("COMMIT")?;
            Ok(())
        }
        1 => {
            connection.execute_batch(FROM_1)?;
            prepare(connection, vault)
        }
        SCHEMA => {
            let sql = "-- setting.prove\nSELECT value FROM setting WHERE name = 'proof'";
            let sealed: Vec<u8> = connection.query_row(sql, [], |row| row.get(0))?;
            let opened: Result<String, _> = vault.open_value("setting", b"proof", &sealed);
            if opened.is_ok_and(|opened| opened == PROOF) { Ok(()) } else { Err(StoreError::Key) }
        }
        other => Err(StoreError::Schema(other)),
    }
}

/// Makes the file readable by its owner alone; the log beside it inherits that.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut file = std::fs::File::options();
    file.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        file.mode(0o600);
    }
    file.open(path).map(drop).map_err(|_| StoreError::Away("the file cannot be opened"))
}
