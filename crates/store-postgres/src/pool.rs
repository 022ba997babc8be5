//! Connections that are kept: one for what takes the journal's lock, some for everything else.
//!
//! A connection that was not given back in order is cut, so that no half-done transaction is ever handed on. When one says that
//! the server went away or stopped taking writes, all that were made before are dropped, and the next ones find the new primary.

use crate::connection::{Connection, Connector};
use crate::options::unavailable;
use cpis_store::StoreError;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const KILLED: u8 = 2;

/// What is true of the whole store.
pub(crate) struct State {
    pub(crate) connector: Connector,
    now: AtomicU8,
    generation: AtomicU64,
}

impl State {
    pub(crate) fn new(connector: Connector) -> Self {
        Self { connector, now: AtomicU8::new(OPEN), generation: AtomicU64::new(0) }
    }

    /// The injected end of the process.
    pub(crate) fn kill(&self) -> StoreError {
        self.now.store(KILLED, Ordering::SeqCst);
        unavailable("killed")
    }

    pub(crate) fn close(&self) {
        let _ = self.now.compare_exchange(OPEN, CLOSED, Ordering::SeqCst, Ordering::SeqCst);
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.now.load(Ordering::SeqCst) {
            OPEN => Ok(()),
            CLOSED => Err(unavailable("closed")),
            _ => Err(unavailable("killed")),
        }
    }

    /// The connections made so far are of no use.
    pub(crate) fn went_away(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }
}

/// A bounded number of connections.
pub(crate) struct Pool {
    pub(crate) state: Arc<State>,
    slots: Semaphore,
    size: u32,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(crate) fn new(state: Arc<State>, size: usize) -> Self {
        let size = u32::try_from(size).unwrap_or(u32::MAX).clamp(1, 1000);
        Self { state, slots: Semaphore::new(size as usize), size, idle: Mutex::default() }
    }

    /// A connection of our own until it is given back.
    pub(crate) async fn take(&self) -> Result<Held<'_>, StoreError> {
        self.state.check()?;
        let slot = timeout(self.state.connector.options.connect_timeout, self.slots.acquire()).await;
        let slot = slot
            .map_err(|_| unavailable("all connections to the database are in use"))?
            .map_err(|_| unavailable("closed"))?;
        self.state.check()?;
        let generation = self.state.generation();
        let kept = loop {
            match self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
                Some(old) if old.is_closed() || old.generation != generation => drop(old),
                other => break other,
            }
        };
        let connection = if let Some(kept) = kept {
            kept
        } else {
            let mut connection = self.state.connector.connect(None).await?;
            connection.generation = generation;
            connection
        };
        Ok(Held { pool: self, connection: Some(connection), _slot: slot })
    }

    /// Waits for what is under way, then closes what is kept.
    pub(crate) async fn close(&self, within: Duration) {
        let _all = timeout(within, self.slots.acquire_many(self.size)).await;
        let kept = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for connection in kept {
            connection.close(within).await;
        }
    }
}

/// A connection in use.
pub(crate) struct Held<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
    _slot: SemaphorePermit<'p>,
}

impl Held<'_> {
    pub(crate) fn state(&self) -> &State {
        &self.pool.state
    }

    /// The connection, if it was not given back.
    pub(crate) fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().ok_or_else(|| unavailable("the connection was given back"))
    }

    /// Gives it back for the next one to use: no transaction is open on it.
    pub(crate) fn give_back(mut self) {
        if let Some(connection) = self.connection.take()
            && !connection.is_closed()
            && self.pool.state.check().is_ok()
        {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.cut();
        }
    }
}
