//! The agent's journal: what it is about to do with each file, and which messages came. An embedded database on this machine.

use crate::AgentError;
use cpis_format_mesh::MessageId;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Version of the tables.
const VERSION: i64 = 1;
/// Files and messages that the status page lists.
pub const LISTED: u32 = 50;

const TABLES: &str = "
CREATE TABLE outgoing (
  id INTEGER PRIMARY KEY,
  data TEXT,
  control TEXT,
  control_bytes BLOB,
  envelope BLOB,
  local_id TEXT NOT NULL,
  own_id INTEGER NOT NULL,
  doubtful INTEGER NOT NULL DEFAULT 0,
  stage TEXT NOT NULL,
  message TEXT,
  code TEXT,
  why TEXT,
  place TEXT,
  at INTEGER NOT NULL,
  ended INTEGER
) STRICT;
CREATE INDEX outgoing_stage ON outgoing (stage);
CREATE INDEX outgoing_ended ON outgoing (ended);
CREATE TABLE received (
  id TEXT PRIMARY KEY,
  what TEXT NOT NULL,
  local_id TEXT,
  code TEXT,
  placed INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX received_placed ON received (placed);
CREATE INDEX received_at ON received (at);
";

/// How far a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is being moved out of the folder in which it was found.
    Taking,
    /// It waits for its turn.
    Ready,
    /// It may be with the server or not.
    Sending,
    /// The server has it; its files are to be put away.
    Sent,
    /// It will not be sent; its files are to be put away.
    Refused,
    /// Put away among what was sent.
    Done,
    /// Put away among what failed.
    Failed,
}

impl Stage {
    const ALL: [Self; 7] =
        [Self::Taking, Self::Ready, Self::Sending, Self::Sent, Self::Refused, Self::Done, Self::Failed];

    fn word(self) -> &'static str {
        match self {
            Self::Taking => "taking",
            Self::Ready => "ready",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// A file on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Its row.
    pub id: i64,
    /// Name of its content in the folder; none where a control file was alone.
    pub data: Option<String>,
    /// Name of its control file.
    pub control: Option<String>,
    /// What that said.
    pub control_bytes: Option<Vec<u8>>,
    /// What is said about the message; none where that cannot be.
    pub envelope: Option<Vec<u8>>,
    /// Its name on the server.
    pub local_id: String,
    /// Whether that name is ours alone.
    pub own_id: bool,
    /// Whether the server had a message of this name before.
    pub doubtful: bool,
    /// How far it has come.
    pub stage: Stage,
    /// The message's id, or that of the report about it.
    pub message: Option<String>,
    /// Code of what went wrong.
    pub code: Option<String>,
    /// What went wrong.
    pub why: Option<String>,
    /// What its files are called where they are put away, without an ending.
    pub place: Option<String>,
    /// When it was taken, in milliseconds.
    pub at: i64,
}

/// A message that came, or a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its id.
    pub id: String,
    /// Workflow id, or `REPORT`.
    pub what: String,
    /// Of which file of ours it speaks, by its name on the server.
    pub local_id: Option<String>,
    /// Code of a report.
    pub code: Option<String>,
    /// When it came, in milliseconds.
    pub at: i64,
}

/// The journal.
pub struct Journal {
    connection: Mutex<Connection>,
}

impl Journal {
    /// Opens it, or makes it.
    pub fn open(path: &Path) -> Result<Self, AgentError> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match version {
            VERSION => {}
            0 => connection.execute_batch(&format!("BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"))?,
            other => return Err(AgentError::Version(other)),
        }
        Ok(Self { connection: Mutex::new(connection) })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with a file; its row.
    pub fn begin(&self, file: &Outgoing) -> Result<i64, AgentError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "INSERT INTO outgoing (data, control, control_bytes, envelope, local_id, own_id, stage, code, why, at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        let Outgoing { data, control, control_bytes, envelope, local_id, own_id, stage, code, why, at, .. } = file;
        statement.execute(params![
            data,
            control,
            control_bytes,
            envelope,
            local_id,
            own_id,
            stage.word(),
            code,
            why,
            at
        ])?;
        Ok(connection.last_insert_rowid())
    }

    /// Keeps what is known of a file now.
    pub fn keep(&self, file: &Outgoing) -> Result<(), AgentError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "UPDATE outgoing SET local_id = ?2, doubtful = ?3, stage = ?4, message = ?5, code = ?6, why = ?7, place = ?8 \
             WHERE id = ?1",
        )?;
        let Outgoing { id, local_id, doubtful, stage, message, code, why, place, .. } = file;
        statement.execute(params![id, local_id, doubtful, stage.word(), message, code, why, place])?;
        Ok(())
    }

    /// Forgets a file that was not taken after all.
    pub fn forget(&self, id: i64) -> Result<(), AgentError> {
        self.connection().execute("DELETE FROM outgoing WHERE id = ?1", [id])?;
        Ok(())
    }

    /// A file's files are put away. Where a report about it lies ready, it counts as having come.
    pub fn end(&self, file: &Outgoing, stage: Stage, report: Option<&Received>, now: i64) -> Result<(), AgentError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        transaction.execute(
            "UPDATE outgoing SET stage = ?2, ended = ?3, control_bytes = NULL WHERE id = ?1",
            params![file.id, stage.word(), now],
        )?;
        if let Some(report) = report {
            insert(&transaction, report)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Files that have come so far, in the order in which they were taken.
    pub fn at(&self, stages: &[Stage]) -> Result<Vec<Outgoing>, AgentError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT id, data, control, control_bytes, envelope, local_id, own_id, doubtful, stage, message, code, why, place, at \
             FROM outgoing WHERE stage = ?1 ORDER BY id",
        )?;
        let mut found = Vec::new();
        for stage in stages {
            for row in statement.query_map([stage.word()], outgoing)? {
                found.push(row?);
            }
        }
        found.sort_by_key(|file| file.id);
        Ok(found)
    }

    /// How many files have come so far.
    pub fn count(&self, stages: &[Stage]) -> Result<i64, AgentError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT count(*) FROM outgoing WHERE stage = ?1")?;
        let mut sum = 0;
        for stage in stages {
            sum += statement.query_row([stage.word()], |row| row.get::<_, i64>(0))?;
        }
        Ok(sum)
    }

    /// The files that ended last, newest first.
    pub fn ended(&self) -> Result<Vec<Outgoing>, AgentError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT id, data, control, control_bytes, envelope, local_id, own_id, doubtful, stage, message, code, why, place, \
             ended FROM outgoing WHERE ended IS NOT NULL ORDER BY ended DESC, id DESC LIMIT ?1",
        )?;
        let rows = statement.query_map([LISTED], outgoing)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether a message came before.
    pub fn knows(&self, id: &MessageId) -> Result<bool, AgentError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT 1 FROM received WHERE id = ?1")?;
        Ok(statement.query_row([id.as_str()], |_| Ok(())).optional()?.is_some())
    }

    /// A message came: its files lie aside, whole.
    pub fn receive(&self, message: &Received) -> Result<(), AgentError> {
        insert(&self.connection(), message)?;
        Ok(())
    }

    /// Messages whose files still lie aside.
    pub fn unplaced(&self) -> Result<Vec<String>, AgentError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT id FROM received WHERE placed = 0 ORDER BY at, id")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A message's files are where they belong.
    pub fn placed(&self, id: &str) -> Result<(), AgentError> {
        self.connection().execute("UPDATE received SET placed = 1 WHERE id = ?1", [id])?;
        Ok(())
    }

    /// The messages that came last, newest first.
    pub fn received(&self) -> Result<Vec<Received>, AgentError> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("SELECT id, what, local_id, code, at FROM received ORDER BY at DESC, id DESC LIMIT ?1")?;
        let rows = statement.query_map([LISTED], |row| {
            Ok(Received {
                id: row.get(0)?,
                what: row.get(1)?,
                local_id: row.get(2)?,
                code: row.get(3)?,
                at: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets what ended before a moment. What came is known for longer than a server lists it.
    pub fn clean(&self, before: i64) -> Result<(), AgentError> {
        let connection = self.connection();
        connection.execute("DELETE FROM outgoing WHERE ended < ?1", [before])?;
        connection.execute("DELETE FROM received WHERE at < ?1 AND placed = 1", [before])?;
        Ok(())
    }
}

fn insert(connection: &Connection, message: &Received) -> Result<(), rusqlite::Error> {
    let Received { id, what, local_id, code, at } = message;
    let mut statement = connection.prepare_cached(
        "INSERT INTO received (id, what, local_id, code, placed, at) VALUES (?1, ?2, ?3, ?4, 0, ?5) ON CONFLICT DO NOTHING",
    )?;
    statement.execute(params![id, what, local_id, code, at])?;
    Ok(())
}

fn outgoing(row: &Row<'_>) -> Result<Outgoing, rusqlite::Error> {
    let word: String = row.get(8)?;
    let stage = Stage::ALL.into_iter().find(|stage| stage.word() == word);
    let wrong = || rusqlite::Error::InvalidColumnType(8, "stage".to_owned(), rusqlite::types::Type::Text);
    Ok(Outgoing {
        id: row.get(0)?,
        data: row.get(1)?,
        control: row.get(2)?,
        control_bytes: row.get(3)?,
        envelope: row.get(4)?,
        local_id: row.get(5)?,
        own_id: row.get(6)?,
        doubtful: row.get(7)?,
        stage: stage.ok_or_else(wrong)?,
        message: row.get(9)?,
        code: row.get(10)?,
        why: row.get(11)?,
        place: row.get(12)?,
        at: row.get(13)?,
    })
}
