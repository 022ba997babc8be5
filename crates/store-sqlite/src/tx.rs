//! A transaction on one connection: every statement passes here, so that faults can be injected and errors are told apart
//! in one place.

use crate::queue::Shared;
use cpis_store::StoreError;
use cpis_store::fault::{Fault, Faults};
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, ErrorCode, Params, Row};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a transaction does not go on.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The injected end of the process.
    Killed,
    /// The domain or an injected fault says no.
    Store(StoreError),
    /// The database says no.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A column holds what it must not hold.
#[derive(Debug)]
pub(crate) struct Bad;

impl From<rusqlite::Error> for Bad {
    fn from(_: rusqlite::Error) -> Self {
        Self
    }
}

fn injected() -> StoreError {
    StoreError::Unavailable("injected fault".into())
}

/// An open transaction, or a snapshot of a reader.
pub(crate) struct Tx<'a> {
    connection: &'a Connection,
    faults: &'a Faults,
}

impl<'a> Tx<'a> {
    fn step(faults: &Faults) -> Result<(), Stop> {
        match faults.step() {
            None => Ok(()),
            Some(Fault::Kill) => Err(Stop::Killed),
            Some(_) => Err(injected().into()),
        }
    }

    /// A statement from the cache. The SQL begins with a line `-- table.operation`; a decoded row begins with an integer that
    /// names it.
    pub(crate) fn prepare(&self, sql: &'static str) -> Result<Prepared<'a>, Stop> {
        debug_assert!(sql.starts_with("-- "), "a statement without a name");
        Ok(Prepared { statement: self.connection.prepare_cached(sql)?, faults: self.faults, sql })
    }

    /// Runs a statement once and says how many rows it changed.
    pub(crate) fn execute(&self, sql: &'static str, params: impl Params) -> Result<usize, Stop> {
        self.prepare(sql)?.execute(params)
    }

    /// The first row, if there is one.
    pub(crate) fn first<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        decode: impl FnMut(&Row<'_>) -> Result<T, Bad>,
    ) -> Result<Option<T>, Stop> {
        self.prepare(sql)?.first(params, decode)
    }

    /// All rows.
    pub(crate) fn all<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        decode: impl FnMut(&Row<'_>) -> Result<T, Bad>,
    ) -> Result<Vec<T>, Stop> {
        self.prepare(sql)?.all(params, decode)
    }

    fn control(&self, sql: &str) -> Result<(), rusqlite::Error> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }
}

/// A prepared statement.
pub(crate) struct Prepared<'a> {
    statement: CachedStatement<'a>,
    faults: &'a Faults,
    sql: &'static str,
}

impl Prepared<'_> {
    /// Runs it and says how many rows it changed.
    pub(crate) fn execute(&mut self, params: impl Params) -> Result<usize, Stop> {
        Tx::step(self.faults)?;
        Ok(self.statement.execute(params)?)
    }

    /// The first row, if there is one.
    pub(crate) fn first<T>(
        &mut self,
        params: impl Params,
        mut decode: impl FnMut(&Row<'_>) -> Result<T, Bad>,
    ) -> Result<Option<T>, Stop> {
        let mut first = None;
        self.until(params, |row| {
            first = Some(decode(row)?);
            Ok(false)
        })?;
        Ok(first)
    }

    /// All rows.
    pub(crate) fn all<T>(
        &mut self,
        params: impl Params,
        mut decode: impl FnMut(&Row<'_>) -> Result<T, Bad>,
    ) -> Result<Vec<T>, Stop> {
        let mut all = Vec::new();
        self.until(params, |row| {
            all.push(decode(row)?);
            Ok(true)
        })?;
        Ok(all)
    }

    /// Hands over row after row until `take` says no.
    pub(crate) fn until(
        &mut self,
        params: impl Params,
        mut take: impl FnMut(&Row<'_>) -> Result<bool, Bad>,
    ) -> Result<(), Stop> {
        Tx::step(self.faults)?;
        let mut rows = self.statement.query(params)?;
        while let Some(row) = rows.next()? {
            match take(row) {
                Ok(true) => {}
                Ok(false) => break,
                Err(Bad) => return Err(corrupt(self.sql, row).into()),
            }
        }
        Ok(())
    }
}

fn corrupt(sql: &str, row: &Row<'_>) -> StoreError {
    let name = sql.lines().next().unwrap_or_default().trim_start_matches("-- ");
    StoreError::Corrupt(match row.get_ref(0) {
        Ok(ValueRef::Integer(id)) => format!("{name}, row {id}"),
        _ => name.to_owned(),
    })
}

/// Runs `work` in one transaction of the writer and commits.
pub(crate) fn write<T>(
    connection: &Connection,
    shared: &Shared,
    work: impl FnOnce(&Tx<'_>) -> Result<T, Stop>,
) -> Result<T, StoreError> {
    let tx = Tx { connection, faults: &shared.faults };
    let run = || {
        Tx::step(tx.faults)?;
        tx.control("-- begin\nBEGIN IMMEDIATE")?;
        match catch_unwind(AssertUnwindSafe(|| work(&tx))) {
            Ok(done) => done,
            Err(_) => Err(StoreError::Unavailable("a decision panicked; nothing was saved".into()).into()),
        }
    };
    match run() {
        Ok(value) => commit(&tx, shared).map(|()| value),
        Err(stop) => {
            if !matches!(stop, Stop::Killed) {
                roll_back(&tx);
            }
            Err(outcome(stop, shared))
        }
    }
}

/// Runs `work` on one snapshot of a reader.
pub(crate) fn read<T>(
    connection: &Connection,
    shared: &Shared,
    work: impl FnOnce(&Tx<'_>) -> Result<T, Stop>,
) -> Result<T, StoreError> {
    let tx = Tx { connection, faults: &shared.faults };
    let run = || {
        Tx::step(tx.faults)?;
        tx.control("-- begin.read\nBEGIN DEFERRED")?;
        work(&tx)
    };
    let done = run();
    roll_back(&tx);
    done.map_err(|stop| outcome(stop, shared))
}

fn roll_back(tx: &Tx<'_>) {
    if !tx.connection.is_autocommit()
        && let Err(error) = tx.control("-- rollback\nROLLBACK")
    {
        // The owner of the connection sees that the transaction is still open and opens another connection.
        tracing::error!(code = ?error.sqlite_error_code(), "the database could not roll back");
    }
}

fn commit(tx: &Tx<'_>, shared: &Shared) -> Result<(), StoreError> {
    let fault = tx.faults.step();
    match fault {
        None | Some(Fault::UnknownAfter) => {}
        Some(Fault::Kill) => return Err(outcome(Stop::Killed, shared)),
        Some(Fault::Fail) => {
            roll_back(tx);
            return Err(injected());
        }
        Some(Fault::UnknownBefore) => {
            roll_back(tx);
            return Err(StoreError::OutcomeUnknown);
        }
    }
    let committed = tx.control("-- commit\nCOMMIT");
    if let Err(error) = committed {
        roll_back(tx);
        // Busy: the transaction was still open and is rolled back now. Full: the commit frame could not be written.
        let clean = matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DiskFull));
        let told = outcome(Stop::Sqlite(error), shared);
        return Err(if clean { told } else { StoreError::OutcomeUnknown });
    }
    shared.committed();
    if fault.is_some() { Err(StoreError::OutcomeUnknown) } else { Ok(()) }
}

fn outcome(stop: Stop, shared: &Shared) -> StoreError {
    match stop {
        Stop::Killed => {
            shared.kill();
            shared.why_away()
        }
        Stop::Store(error) => error,
        Stop::Sqlite(error) => {
            let code = error.sqlite_error_code();
            if code == Some(ErrorCode::DiskFull) {
                shared.disk_is_full();
            }
            told(&error)
        }
    }
}

/// What an error of the database means for the caller. Its text may hold values and stays here.
pub(crate) fn told(error: &rusqlite::Error) -> StoreError {
    let Some(code) = error.sqlite_error_code() else {
        return StoreError::Unavailable("a statement could not be run".into());
    };
    match code {
        ErrorCode::DatabaseCorrupt => StoreError::Corrupt("the database file is damaged".into()),
        ErrorCode::NotADatabase => StoreError::Corrupt("the file is not a database".into()),
        ErrorCode::ConstraintViolation => StoreError::Stale,
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Unavailable("busy".into()),
        ErrorCode::DiskFull => StoreError::Unavailable("the disk is full".into()),
        code => {
            let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
            StoreError::Unavailable(format!("{code:?} ({extended})"))
        }
    }
}
