//! The last statements of a transaction and its commit, sent without waiting in between, and what came of them.

use crate::connection::Connection;
use crate::pipeline::{Boxed, in_order};
use crate::told::{Stop, is_rolled_back};
use crate::tx::injected;
use cpis_store::fault::{Fault, Faults};
use std::time::Duration;
use tokio_postgres::types::ToSql;

/// A parameter that waits to be sent.
pub(crate) type Param = Box<dyn ToSql + Sync + Send>;

/// Statements that end a transaction.
#[derive(Default)]
pub(crate) struct Batch(Vec<(&'static str, Vec<Param>)>);

/// Parameters for [`Batch::add`].
macro_rules! owned {
    ($($value:expr),* $(,)?) => { vec![$(Box::new($value) as $crate::batch::Param),*] };
}
pub(crate) use owned;

impl Batch {
    /// Adds a statement.
    pub(crate) fn add(&mut self, sql: &'static str, params: Vec<Param>) {
        self.0.push((sql, params));
    }

    pub(crate) fn statements(&self) -> Vec<&'static str> {
        self.0.iter().map(|(sql, _)| *sql).collect()
    }

    /// Takes the step of each statement, then the commit's.
    pub(crate) fn steps(&self, faults: &Faults) -> Result<Option<Fault>, Stop> {
        for _ in &self.0 {
            match faults.step() {
                None => {}
                Some(Fault::Kill) => return Err(Stop::Killed),
                Some(_) => return Err(injected().into()),
            }
        }
        Ok(faults.step())
    }

    /// Sends all. `Err(None)`: it may or may not have been committed.
    ///
    /// A statement that was refused has ended the transaction, whatever the server answers to the commit after it. A commit is
    /// not cut off by the server's time-out: while it waits for a standby that would leave it committed here alone. It says
    /// so in a warning, if somebody does that by hand.
    pub(crate) async fn send(&self, connection: &Connection, within: Duration) -> Result<(), Option<Stop>> {
        let mut prepared = Vec::with_capacity(self.0.len());
        for (sql, params) in &self.0 {
            // Known already, so nothing is waited for.
            let statement = connection.prepare(sql).await.map_err(Some)?;
            let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| &**param as &(dyn ToSql + Sync)).collect();
            prepared.push((statement, params));
        }
        let client = &connection.client;
        let mut answers: Vec<Boxed<'_, Result<(), tokio_postgres::Error>>> = Vec::with_capacity(prepared.len() + 2);
        for (statement, params) in &prepared {
            answers.push(Box::pin(async move { client.execute(statement, params).await.map(drop) }));
        }
        answers.push(Box::pin(client.batch_execute("-- commit.wait\nSET LOCAL statement_timeout = 0")));
        answers.push(Box::pin(client.batch_execute("-- commit\nCOMMIT")));
        connection.take_warning();
        let Ok(answers) = tokio::time::timeout(within, in_order(answers)).await else { return Err(None) };
        let last = answers.len() - 1;
        for (number, answer) in answers.into_iter().enumerate() {
            if let Err(error) = answer {
                let refused = if number == last { is_rolled_back(&error) } else { error.code().is_some() };
                return Err(refused.then_some(Stop::Postgres(error)));
            }
        }
        if connection.take_warning() { Err(None) } else { Ok(()) }
    }
}
