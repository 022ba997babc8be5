//! A database server: PostgreSQL 15 or later, for several nodes over one database.
//!
//! One row is the lock of the journal: who appends takes it first and reads then, so what is read is never older than what was
//! committed before. Unique constraints and locks of single rows hold the invariants, not isolation levels. Each operation is
//! one transaction that is on disk, and on the synchronous standby if there is one, when its answer leaves. SQL is written by
//! hand, one module per aggregate; every statement begins with its name. Nothing is cached but prepared statements.
//!
//! Reading order: [`Options`], [`PgStore::open`], `connection`, `pool`, `tx`, `batch`, then the aggregates.

mod batch;
mod connection;
mod copy;
mod derived;
mod effects;
mod examine;
mod journal;
mod kept;
mod leases;
mod mail;
mod migrate;
mod notices;
mod options;
mod organisations;
mod people;
mod pipeline;
mod plans;
mod pool;
mod register;
mod schema;
mod signals;
mod staging;
mod store;
mod tables;
mod tls;
mod told;
mod tx;
mod uploads;
mod values;

pub use migrate::migrate;
pub use options::{Options, holds_password, shown};

use connection::Connector;
use cpis_store::StoreError;
use cpis_store::migrations::{self, Standing};
use pool::{Pool, State};
use signals::Signals;
use std::sync::Arc;
use told::Stop;
use tx::Tx;

/// An open database: handles to the server, made when they are needed and made again when they break.
pub struct PgStore {
    state: Arc<State>,
    /// For what takes the journal's lock: one at a time in this node, in the order of coming.
    ordered: Pool,
    others: Pool,
    signals: Signals,
}

impl PgStore {
    /// Opens a database that was [migrated](migrate()).
    ///
    /// [`StoreError::SchemaOlder`], [`StoreError::SchemaNewer`]: its schema is older than this program needs, or newer and does
    /// not serve it.
    /// [`StoreError::Unavailable`]: the server is away, is a standby, or is not set up as safety needs; try again later.
    pub async fn open(options: Options) -> Result<Self, StoreError> {
        let state = Arc::new(State::new(Connector::new(options)?));
        let others = Pool::new(Arc::clone(&state), state.connector.options.connections);
        let ordered = Pool::new(Arc::clone(&state), 1);
        judged(&others).await?;
        let signals = Signals::start(Arc::clone(&state));
        let store = Self { state, ordered, others, signals };
        if let Err(error) = store.make_room().await {
            // Rows find a place without it.
            tracing::warn!(%error, "no partitions were made ahead");
        }
        Ok(store)
    }

    /// Statements on a connection of the pool.
    async fn tx(&self) -> Result<Tx<'_>, StoreError> {
        Ok(Tx::new(self.others.take().await?))
    }

    async fn make_room(&self) -> Result<(), StoreError> {
        let tx = self.tx().await?;
        let done = match tx.begin().await {
            Ok(()) => tx.execute("-- partition.make_room\nSELECT make_room()", &[]).await.map(drop),
            Err(stop) => Err(stop),
        };
        tx.end(done).await
    }

    /// What takes the journal's lock was committed, or may have been.
    fn committed<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(done, Ok(_) | Err(StoreError::OutcomeUnknown)) {
            self.signals.tell();
        }
        done
    }
}

impl Drop for PgStore {
    fn drop(&mut self) {
        self.state.close();
    }
}

/// Refuses a database whose schema, as it is now, does not serve this program.
async fn judged(pool: &Pool) -> Result<(), StoreError> {
    let tx = Tx::new(pool.take().await?);
    let found = schema::found(&tx).await;
    match migrations::judge(tx.end_read(found).await?, schema::MIGRATIONS)? {
        Standing::Ready | Standing::Newer => Ok(()),
        Standing::Empty(_) => Err(StoreError::SchemaOlder { found: 0, needed: migrations::newest(schema::MIGRATIONS) }),
    }
}

/// Ends a transaction whose last statements were decided.
async fn commit(tx: Tx<'_>, decided: Result<batch::Batch, Stop>) -> Result<(), StoreError> {
    match decided {
        Ok(batch) => tx.commit(batch).await,
        Err(stop) => tx.end(Err(stop)).await,
    }
}
