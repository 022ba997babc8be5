//! One connection: made, set up, asserted, and driven by a task of its own.

use crate::options::{Options, unavailable};
use crate::told::{SILENT, STANDBY, Stop, told};
use crate::{signals, tls};
use cpis_store::StoreError;
use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::error::Severity;
use tokio_postgres::{AsyncMessage, Client, Config, SimpleQueryMessage, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What is waited for beyond the server's own time-out.
const SLACK: Duration = Duration::from_secs(2);
/// The oldest server that has what we use.
pub(crate) const SERVER_OLDEST: u32 = 150_000;

/// Everything that a new connection needs to know.
pub(crate) struct Connector {
    pub(crate) options: Options,
    /// One for each host.
    pub(crate) configs: Vec<Config>,
    tls: MakeRustlsConnect,
}

impl Connector {
    pub(crate) fn new(options: Options) -> Result<Self, StoreError> {
        let configs = options.configs()?;
        let tls = tls::connector(options.ca_file.as_deref())?;
        Ok(Self { options, configs, tls })
    }

    /// A connection that was found to be what safety needs. `notified` hears of notifications.
    ///
    /// Of several hosts the one that takes writes is used. One that does not answer leaves the others their part of the time.
    pub(crate) async fn connect(&self, notified: Option<signals::Notified>) -> Result<Connection, StoreError> {
        let part = self.options.connect_timeout / u32::try_from(self.configs.len()).unwrap_or(u32::MAX).max(1);
        let mut told = unavailable(STANDBY);
        for config in &self.configs {
            let made = tokio::time::timeout(part, self.make(config.clone(), notified.clone())).await;
            match made.unwrap_or_else(|_| Err(unavailable(SILENT))) {
                Ok(connection) => return Ok(connection),
                // That another is a standby says less.
                Err(error) if told == unavailable(STANDBY) => told = error,
                Err(_) => {}
            }
        }
        Err(told)
    }

    async fn make(&self, mut config: Config, notified: Option<signals::Notified>) -> Result<Connection, StoreError> {
        if let Some(path) = &self.options.password_file {
            let password = tokio::fs::read_to_string(path).await;
            let password = password.map_err(|_| unavailable("the file with the database's password cannot be read"))?;
            config.password(password.trim_end_matches(['\r', '\n']));
        }
        let (client, mut driver) = config.connect(self.tls.clone()).await.map_err(|error| told(&error))?;
        let warned = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&warned);
        let task = tokio::spawn(async move {
            // Ends with the connection, whether the client closed it or it broke.
            while let Some(Ok(message)) = poll_fn(|context| driver.poll_message(context)).await {
                match message {
                    AsyncMessage::Notice(notice) if notice.parsed_severity() == Some(Severity::Warning) => {
                        flag.store(true, Ordering::SeqCst);
                        tracing::warn!(code = notice.code().code(), "the database warns");
                    }
                    AsyncMessage::Notification(notification) => {
                        if let Some(notified) = &notified {
                            notified(notification.process_id());
                        }
                    }
                    _ => {}
                }
            }
        });
        let within = self.options.statement_timeout + SLACK;
        let connection =
            Connection { client, task, statements: Mutex::default(), warned, generation: 0, process: 0, within };
        self.set_up(connection).await
    }

    /// Sets what safety needs and reads it back.
    async fn set_up(&self, mut connection: Connection) -> Result<Connection, StoreError> {
        let options = &self.options;
        let sql = format!(
            "-- session.set_up\n\
             SET search_path = \"{}\", pg_temp; SET default_transaction_isolation = 'read committed'; \
             SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}; \
             SET client_connection_check_interval = '2s'; SET client_min_messages = 'warning'; SET jit = off; \
             SET synchronous_commit = {{}}; \
             SELECT current_setting('synchronous_commit'), current_setting('default_transaction_isolation'), \
             pg_is_in_recovery(), current_setting('transaction_read_only'), current_setting('server_version_num'), \
             pg_backend_pid()",
            options.schema,
            options.statement_timeout.as_millis(),
            options.lock_timeout.as_millis(),
            options.idle_timeout.as_millis(),
        );
        let before = first(&connection.client, "-- session.before\nSHOW synchronous_commit").await?;
        // The stronger setting of a server stays.
        let wanted = if before.first().is_some_and(|value| value == "remote_apply") { "remote_apply" } else { "on" };
        let found = first(&connection.client, &sql.replace("{}", wanted)).await?;
        let [commit, isolation, recovery, read_only, version, process] = found.as_slice() else {
            return Err(unavailable("the database did not say how it is set up"));
        };
        if recovery != "f" || read_only != "off" {
            return Err(unavailable(STANDBY));
        }
        if version.parse().is_ok_and(|version: u32| version < SERVER_OLDEST) {
            return Err(unavailable("the database is older than PostgreSQL 15"));
        }
        if commit != wanted || isolation != "read committed" {
            return Err(unavailable("the database does not keep what it answers: synchronous_commit is not on"));
        }
        connection.process = process.parse().unwrap_or_default();
        Ok(connection)
    }
}

async fn first(client: &Client, sql: &str) -> Result<Vec<String>, StoreError> {
    let messages = client.simple_query(sql).await.map_err(|error| told(&error))?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let Some(row) = row else { return Ok(Vec::new()) };
    Ok((0..row.len()).map(|column| row.try_get(column).ok().flatten().unwrap_or_default().to_owned()).collect())
}

/// A connection with its prepared statements.
pub(crate) struct Connection {
    pub(crate) client: Client,
    task: JoinHandle<()>,
    statements: Mutex<HashMap<Box<str>, Statement>>,
    /// The server warned: a commit that was interrupted while it waited for a standby says so in no other way.
    warned: Arc<AtomicBool>,
    /// Which state of the world it was made in.
    pub(crate) generation: u64,
    /// The server's process.
    pub(crate) process: i32,
    /// How long to wait for an answer that is not a commit's.
    pub(crate) within: Duration,
}

impl Connection {
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed() || self.task.is_finished()
    }

    /// Whether the server warned since the last call.
    pub(crate) fn take_warning(&self) -> bool {
        self.warned.swap(false, Ordering::SeqCst)
    }

    fn known(&self, sql: &str) -> Option<Statement> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned()
    }

    /// A statement, prepared once for each connection.
    pub(crate) async fn prepare(&self, sql: &str) -> Result<Statement, Stop> {
        debug_assert!(sql.starts_with("-- "), "a statement without a name");
        if let Some(known) = self.known(sql) {
            return Ok(known);
        }
        let Ok(statement) = tokio::time::timeout(self.within, self.client.prepare(sql)).await else {
            return Err(Stop::Silent);
        };
        let statement = statement?;
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).insert(sql.into(), statement.clone());
        Ok(statement)
    }

    /// Says goodbye, so that the server logs no broken connection.
    pub(crate) async fn close(self, within: Duration) {
        let Self { client, task, .. } = self;
        drop(client);
        let _ = tokio::time::timeout(within, task).await;
    }

    /// Ends it at once, with what is under way: what was not committed is rolled back.
    pub(crate) fn cut(&self) {
        self.task.abort();
    }
}
