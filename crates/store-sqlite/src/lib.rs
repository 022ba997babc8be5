//! The embedded database: SQLite in one file, one thread that writes and some that read.
//!
//! Looks go before everything else that writes. Each operation is one transaction that is on disk when its answer leaves.
//! SQL is written by hand, one module per aggregate; every statement begins with its name.
//!
//! Reading order: [`SqliteStore::open`], `threads`, `tx`, then the aggregates.

mod derived;
mod journal;
mod kept;
mod leases;
mod mail;
mod migrate;
mod notices;
mod organisations;
mod people;
mod plans;
mod queue;
mod register;
mod reserve;
mod schema;
mod store;
mod tables;
mod threads;
mod tx;
mod uploads;
mod values;

#[cfg(test)]
mod tests;

use cpis_store::StoreError;
use cpis_store::fault::Faults;
use cpis_store::migrations::Migrated;
use leases::Leases;
use queue::{Lane, Shared};
use reserve::Reserve;
use schema::{Opening, Role, connect};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tx::{Stop, Tx};

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Faults for tests; none by default.
    pub faults: Faults,
    /// Threads that read, each with a connection.
    pub readers: usize,
    /// How long to wait for another program that has the file locked.
    pub busy_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { faults: Faults::default(), readers: 4, busy_timeout: Duration::from_secs(5) }
    }
}

/// An open database. When it is dropped, what waits is finished and the file is closed in the background;
/// [`cpis_store::Store::close`] waits for that.
pub struct SqliteStore {
    shared: Arc<Shared>,
    ended: watch::Receiver<bool>,
    temporary: Option<PathBuf>,
    leases: Leases,
}

impl SqliteStore {
    /// Opens a database file, and makes it if there is none.
    ///
    /// [`StoreError::SchemaOlder`] if it must be migrated first, [`StoreError::SchemaNewer`] if a newer program must be run;
    /// [`StoreError::Corrupt`] if it is no database of ours.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        create_private(path)?;
        let opening = Opening { busy_timeout: options.busy_timeout, durable: true };
        Self::start(path, options, opening, Some(Reserve::open(path)))
    }

    /// Opens a database file that is there, to change something small beside a service that has it open. The reserve is the
    /// service's.
    pub fn open_alongside(path: &Path, options: Options) -> Result<Self, StoreError> {
        let opening = Opening { busy_timeout: options.busy_timeout, durable: true };
        Self::start(path, options, opening, None)
    }

    /// Opens a database file for reading only, beside a service that has it open. Nothing is changed and nothing is made.
    pub fn open_beside(path: &Path, options: Options) -> Result<Self, StoreError> {
        let opening = Opening { busy_timeout: options.busy_timeout, durable: true };
        schema::check(&connect(path, Role::Beside, opening)?)?;
        let shared = Arc::new(Shared::new(options.faults, Some(Reserve::look(path))));
        shared.writer.close(true);
        let (_, ended) = watch::channel(true);
        let store = Self { shared: Arc::clone(&shared), ended, temporary: None, leases: Leases::default() };
        for _ in 0..options.readers.max(1) {
            let reader = connect(path, Role::Beside, opening)?;
            threads::reader(path.to_owned(), opening, reader, Arc::clone(&shared))
                .map_err(|error| no_thread(&error))?;
        }
        Ok(store)
    }

    /// What [`Self::migrate`] would do to a file. Changes nothing.
    pub fn migrations_due(path: &Path, busy_timeout: Duration) -> Result<Migrated, StoreError> {
        migrate::look(path, busy_timeout)
    }

    /// Brings a file to the schema that this program knows, each step in one transaction, after a copy of the file was put
    /// beside it. Nobody else may have it open. A file that needs nothing is left as it is.
    pub fn migrate(path: &Path, busy_timeout: Duration) -> Result<Migrated, StoreError> {
        migrate::migrate(path, busy_timeout)
    }

    /// Refuses a file that anybody has open, this process or another one: [`StoreError::Unavailable`]. One that is not there
    /// is used by nobody.
    pub fn refuse_used(path: &Path) -> Result<(), StoreError> {
        if path.exists() { schema::refuse_used(path) } else { Ok(()) }
    }

    /// A database for tests: in a private file, as much in memory as the machine allows, gone when the store is dropped.
    pub fn open_memory() -> Result<Self, StoreError> {
        Self::open_memory_with(Options { readers: 2, ..Options::default() })
    }

    /// Like [`Self::open_memory`], with faults or another number of readers.
    pub fn open_memory_with(options: Options) -> Result<Self, StoreError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("cpis-{}-{number}.sqlite", std::process::id()));
        remove(&path);
        create_private(&path)?;
        let opening = Opening { busy_timeout: options.busy_timeout, durable: false };
        let mut store = Self::start(&path, options, opening, None).inspect_err(|_| remove(&path))?;
        store.temporary = Some(path);
        Ok(store)
    }

    /// Whether the disk was full and the reserve is used up: looks will stop soon.
    pub fn is_degraded(&self) -> bool {
        self.shared.reserve.as_ref().is_some_and(Reserve::is_released)
    }

    fn start(path: &Path, options: Options, opening: Opening, reserve: Option<Reserve>) -> Result<Self, StoreError> {
        let file = Arc::new(File::open(path).map_err(|error| cannot_open(&error))?);
        let writer = connect(path, Role::Writer, opening)?;
        schema::prepare(&writer)?;
        let shared = Arc::new(Shared::new(options.faults, reserve));
        let (ending, ended) = watch::channel(false);
        // From here on dropping the store ends the threads that were started.
        let store = Self { shared: Arc::clone(&shared), ended, temporary: None, leases: Leases::default() };
        let mut others = Vec::new();
        for _ in 0..options.readers.max(1) {
            let reader = connect(path, Role::Reader, opening)?;
            others.push(
                threads::reader(path.to_owned(), opening, reader, Arc::clone(&shared))
                    .map_err(|error| no_thread(&error))?,
            );
        }
        let checkpointer = connect(path, Role::Checkpointer, opening)?;
        others.push(
            threads::checkpointer(checkpointer, Arc::clone(&file), Arc::clone(&shared))
                .map_err(|error| no_thread(&error))?,
        );
        threads::writer(path.to_owned(), opening, writer, shared, others, file, ending)
            .map_err(|error| no_thread(&error))?;
        Ok(store)
    }

    /// Runs a transaction on the writer and waits until it is on disk.
    async fn write<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce(&Tx<'_>) -> Result<T, Stop> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |connection: &_, shared: &_| {
            let _ = reply.send(tx::write(connection, shared, work));
        });
        self.shared.writer.push(lane, job).map_err(|error| self.told(error))?;
        answer.await.unwrap_or_else(|_| Err(self.shared.why_away()))
    }

    /// Runs statements on one snapshot.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, Stop> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |connection: &_, shared: &_| {
            let _ = reply.send(tx::read(connection, shared, work));
        });
        self.shared.readers.push(Lane::Urgent, job).map_err(|error| self.told(error))?;
        answer.await.unwrap_or_else(|_| Err(self.shared.why_away()))
    }

    fn told(&self, error: StoreError) -> StoreError {
        if self.shared.is_killed() { self.shared.why_away() } else { error }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.shared.close();
        if let Some(path) = &self.temporary {
            remove(path);
        }
    }
}

fn cannot_open(error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("the database file cannot be opened: {}", error.kind()))
}

fn no_thread(error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("no thread for the database: {}", error.kind()))
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
    file.open(path).map(drop).map_err(|error| cannot_open(&error))
}

fn remove(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let _ = std::fs::remove_file(&name);
    }
}
