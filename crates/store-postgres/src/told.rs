//! What an error of the server means for the caller, by its SQLSTATE alone: messages may hold values.

use crate::options::unavailable;
use cpis_store::StoreError;
use std::error::Error as _;
use std::io;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

pub(crate) const STANDBY: &str = "the database is a read-only standby";
pub(crate) const SILENT: &str = "the database did not answer in time";

/// Why a transaction does not go on.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The injected end of the process.
    Killed,
    /// The domain or an injected fault says no.
    Store(StoreError),
    /// The server says no, or is away.
    Postgres(Error),
    /// The server says nothing.
    Silent,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What an error means for the caller.
pub(crate) fn told(error: &Error) -> StoreError {
    let Some(code) = error.code() else { return no_answer(error) };
    let why = match code.code() {
        "25006" => STANDBY,
        "53100" => "the disk of the database is full",
        "53200" | "54000" => "the database is short of memory",
        "53300" => "the database has too many connections",
        "57P01" | "57P02" | "57P05" => "the database is shutting down",
        "57P03" => "the database is starting up",
        "57014" => "a statement took too long or was cancelled",
        "25P03" | "25P04" => "a transaction stood idle for too long",
        "40P01" | "40001" | "55P03" => "busy",
        "28P01" | "28000" => "the database does not accept the role or its password",
        "3D000" => "there is no such database",
        "42501" => "the role may not do this",
        "42P01" | "3F000" => "the database has no tables of this program",
        // A server whose files are damaged.
        "XX001" | "XX002" => return StoreError::Corrupt(format!("the database is damaged ({})", code.code())),
        _ if *code == SqlState::UNIQUE_VIOLATION || code.code().starts_with("23") => return StoreError::Stale,
        other => return StoreError::Unavailable(format!("SQLSTATE {other}")),
    };
    unavailable(why)
}

fn no_answer(error: &Error) -> StoreError {
    if error.is_closed() {
        return unavailable("the connection to the database broke");
    }
    let kind = error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
    match kind {
        // So the driver says that no host takes writes.
        Some(io::ErrorKind::PermissionDenied) => unavailable(STANDBY),
        Some(kind) => StoreError::Unavailable(format!("the database cannot be reached: {kind}")),
        None => unavailable("the database could not be asked"),
    }
}

/// Whether the connection is of no more use, and others of its kind may be none either: the server went away, or stopped
/// taking writes.
pub(crate) fn is_away(error: &Error) -> bool {
    match error.code() {
        None => true,
        Some(code) => matches!(code.code(), "25006" | "0A000" | "26000") || code.code().starts_with("57P"),
    }
}

/// Whether a commit that got this answer surely did not happen. Of everything else the outcome is unknown.
pub(crate) fn is_rolled_back(error: &Error) -> bool {
    let rolled_back = |code: &str| code != "40003" && ["23", "25", "40"].iter().any(|class| code.starts_with(class));
    error.code().is_some_and(|code| rolled_back(code.code()))
}
