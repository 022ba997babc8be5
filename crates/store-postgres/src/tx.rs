//! A transaction on one connection: every statement passes here, so that faults can be injected, waiting is bounded and errors
//! are told apart in one place.
//!
//! Statements whose futures are polled together travel together (see [`crate::pipeline`]).

use crate::batch::Batch;
use crate::connection::Connection;
use crate::options::unavailable;
use crate::pool::Held;
use crate::told::{SILENT, Stop, is_away, told};
use cpis_store::StoreError;
use cpis_store::fault::Fault;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

/// Parameters of a statement.
pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A column holds what it must not hold.
#[derive(Debug)]
pub(crate) struct Bad;

impl From<tokio_postgres::Error> for Bad {
    fn from(_: tokio_postgres::Error) -> Self {
        Self
    }
}

/// A failure that a test asked for.
pub(crate) fn injected() -> StoreError {
    unavailable("injected fault")
}

/// Statements on one connection; a transaction once [`Tx::begin`] was called.
pub(crate) struct Tx<'p> {
    held: Held<'p>,
    begun: AtomicBool,
    /// Another bound than the connection's.
    bound: Option<Duration>,
}

impl<'p> Tx<'p> {
    pub(crate) fn new(held: Held<'p>) -> Self {
        Self { held, begun: AtomicBool::new(false), bound: None }
    }

    /// Begins a transaction, each statement of which sees what was committed before it.
    pub(crate) async fn begin(&self) -> Result<(), Stop> {
        self.begin_as("-- begin\nBEGIN ISOLATION LEVEL READ COMMITTED").await
    }

    /// Begins to read one snapshot.
    pub(crate) async fn begin_snapshot(&self) -> Result<(), Stop> {
        self.begin_as("-- begin.snapshot\nBEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    /// Begins to read one snapshot for as long as it takes.
    pub(crate) async fn begin_long(&mut self, bound: Duration) -> Result<(), Stop> {
        self.begin_snapshot().await?;
        let ms = bound.as_millis();
        let sql = format!(
            "-- long\nSET LOCAL statement_timeout = {ms}; SET LOCAL idle_in_transaction_session_timeout = {ms}"
        );
        // The server cuts it off first.
        self.bound = Some(bound + Duration::from_secs(2));
        self.bounded(self.connection()?.client.batch_execute(&sql)).await
    }

    async fn begin_as(&self, sql: &str) -> Result<(), Stop> {
        self.step()?;
        self.begun.store(true, Ordering::SeqCst);
        self.bounded(self.connection()?.client.batch_execute(sql)).await
    }

    fn step(&self) -> Result<(), Stop> {
        match self.held.state().connector.options.faults.step() {
            None => Ok(()),
            Some(Fault::Kill) => Err(Stop::Killed),
            Some(_) => Err(injected().into()),
        }
    }

    pub(crate) fn connection(&self) -> Result<&Connection, StoreError> {
        self.held.connection()
    }

    async fn bounded<T>(&self, answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Stop> {
        let bound = self.bound.unwrap_or(self.connection()?.within);
        match tokio::time::timeout(bound, answer).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Stop::Silent),
        }
    }

    /// Prepares statements that are to travel together, so that none of them waits for that in between.
    pub(crate) async fn warm(&self, statements: &[&str]) -> Result<(), Stop> {
        for sql in statements {
            self.connection()?.prepare(sql).await?;
        }
        Ok(())
    }

    /// Runs a statement and says how many rows it changed. The SQL begins with a line `-- table.operation`.
    pub(crate) async fn execute(&self, sql: &str, params: Params<'_>) -> Result<u64, Stop> {
        self.step()?;
        let connection = self.connection()?;
        let statement = connection.prepare(sql).await?;
        self.bounded(connection.client.execute(&statement, params)).await
    }

    /// All rows, decoded. A row begins with an integer that names it.
    pub(crate) async fn all<T>(
        &self,
        sql: &str,
        params: Params<'_>,
        mut decode: impl FnMut(&Row) -> Result<T, Bad>,
    ) -> Result<Vec<T>, Stop> {
        self.step()?;
        let connection = self.connection()?;
        let statement = connection.prepare(sql).await?;
        let rows = self.bounded(connection.client.query(&statement, params)).await?;
        rows.iter().map(|row| decode(row).map_err(|Bad| corrupt(sql, row).into())).collect()
    }

    /// The first row, if there is one.
    pub(crate) async fn first<T>(
        &self,
        sql: &str,
        params: Params<'_>,
        decode: impl FnMut(&Row) -> Result<T, Bad>,
    ) -> Result<Option<T>, Stop> {
        Ok(self.all(sql, params, decode).await?.into_iter().next())
    }

    /// Copies rows into a table. `sql` is a `COPY … FROM STDIN BINARY`.
    pub(crate) async fn copy(&self, sql: &str, rows: bytes::Bytes) -> Result<u64, Stop> {
        self.step()?;
        let client = &self.connection()?.client;
        self.bounded(async {
            let mut sink = std::pin::pin!(client.copy_in(sql).await?);
            futures_util::SinkExt::send(&mut sink, rows).await?;
            sink.finish().await
        })
        .await
    }

    /// Commits what was done, or rolls it back.
    pub(crate) async fn end<T>(self, done: Result<T, Stop>) -> Result<T, StoreError> {
        match done {
            Ok(value) if self.begun.load(Ordering::SeqCst) => self.commit(Batch::default()).await.map(|()| value),
            Ok(value) => {
                self.held.give_back();
                Ok(value)
            }
            Err(stop) => Err(self.stop(stop).await),
        }
    }

    /// Ends what has only read.
    pub(crate) async fn end_read<T>(self, done: Result<T, Stop>) -> Result<T, StoreError> {
        match done {
            Ok(value) => {
                self.roll_back().await;
                Ok(value)
            }
            Err(stop) => Err(self.stop(stop).await),
        }
    }

    /// Sends the statements and the commit together and waits for the disk.
    pub(crate) async fn commit(self, batch: Batch) -> Result<(), StoreError> {
        let fault = match batch.steps(&self.held.state().connector.options.faults) {
            Ok(fault) => fault,
            Err(stop) => return Err(self.stop(stop).await),
        };
        match fault {
            None | Some(Fault::UnknownAfter) => {}
            Some(Fault::Kill) => return Err(self.stop(Stop::Killed).await),
            Some(Fault::Fail) => return Err(self.stop(injected().into()).await),
            Some(Fault::UnknownBefore) => {
                self.roll_back().await;
                return Err(StoreError::OutcomeUnknown);
            }
        }
        if let Err(stop) = self.warm(&batch.statements()).await {
            return Err(self.stop(stop).await);
        }
        let connection = self.connection()?;
        if connection.is_closed() {
            // Nothing was sent.
            return Err(unavailable("the connection to the database broke"));
        }
        let within = self.held.state().connector.options.commit_timeout;
        match batch.send(connection, within).await {
            Ok(()) => {
                self.held.give_back();
                if fault.is_some() { Err(StoreError::OutcomeUnknown) } else { Ok(()) }
            }
            Err(None) => {
                // The outcome is unknown. The connection is cut by being dropped here.
                Err(StoreError::OutcomeUnknown)
            }
            Err(Some(stop)) => {
                // The commit that followed has ended the transaction.
                self.begun.store(false, Ordering::SeqCst);
                Err(self.stop(stop).await)
            }
        }
    }

    async fn roll_back(self) {
        if self.begun.load(Ordering::SeqCst) {
            let Ok(connection) = self.connection() else { return };
            if self.bounded(connection.client.batch_execute("-- rollback\nROLLBACK")).await.is_err() {
                // Dropping the connection rolls back too.
                return;
            }
        }
        self.held.give_back();
    }

    async fn stop(self, stop: Stop) -> StoreError {
        match stop {
            Stop::Killed => self.held.state().kill(),
            Stop::Store(error) => {
                self.roll_back().await;
                error
            }
            Stop::Silent => unavailable(SILENT),
            Stop::Postgres(error) => {
                let meaning = told(&error);
                if is_away(&error) {
                    self.held.state().went_away();
                } else {
                    tracing::warn!(code = error.code().map(SqlState::code), "the database refused a statement");
                    self.roll_back().await;
                }
                meaning
            }
        }
    }
}

fn corrupt(sql: &str, row: &Row) -> StoreError {
    let name = sql.lines().next().unwrap_or_default().trim_start_matches("-- ");
    StoreError::Corrupt(match row.try_get::<_, i64>(0) {
        Ok(id) => format!("{name}, row {id}"),
        Err(_) => name.to_owned(),
    })
}
