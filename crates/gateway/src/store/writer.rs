//! The one thread that has the file open. It commits together what waits together: one flush for the group, and nobody is
//! answered before it is done. A job that fails takes back its own changes and no others.

use super::StoreError;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::Builder;
use tokio::sync::oneshot;

/// Jobs that wait at most; past it the answer is "busy" at once.
const QUEUE_JOBS_MAX: usize = 4096;
/// Jobs that are committed together at most.
const GROUP_JOBS_MAX: usize = 256;

/// A result of a job: committed with the group, or taken back.
type Work = Box<dyn FnOnce(&Connection) -> Finish + Send>;
/// Tells whoever waits, once it is known whether the group stands.
type Tell = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

struct Finish {
    keep: bool,
    tell: Tell,
}

/// Where jobs are put.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: SyncSender<Work>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(connection: Connection) -> Result<(Self, oneshot::Receiver<()>), StoreError> {
        let (jobs, waiting) = sync_channel(QUEUE_JOBS_MAX);
        let (ending, ended) = oneshot::channel();
        let started = Builder::new().name("gateway-store".into()).spawn(move || {
            run(&connection, &waiting);
            drop(connection);
            let _ = ending.send(());
        });
        started.map_err(|_| StoreError::Away("no thread for the store"))?;
        Ok((Self { jobs }, ended))
    }

    /// Runs a job in a transaction, and answers once it is on disk.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.push(job, move |done| drop(reply.send(done)))?;
        answer.await.unwrap_or(Err(StoreError::Away("closed")))
    }

    /// Puts a job into the queue, in its place among the others; `told` is called with what became of it.
    pub fn push<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        told: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let work: Work = Box::new(move |connection| match catch_unwind(AssertUnwindSafe(|| job(connection))) {
            Ok(Ok(value)) => Finish { keep: true, tell: Box::new(move |done| told(done.map(|()| value))) },
            Ok(Err(error)) => Finish { keep: false, tell: Box::new(move |_| told(Err(error))) },
            Err(_) => Finish { keep: false, tell: Box::new(move |_| told(Err(StoreError::Fault))) },
        });
        self.jobs.try_send(work).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Away("too much waits for the store"),
            TrySendError::Disconnected(_) => StoreError::Away("closed"),
        })
    }
}

/// Until nobody holds the sending side any more.
fn run(connection: &Connection, waiting: &Receiver<Work>) {
    while let Ok(first) = waiting.recv() {
        let group = std::iter::once(first).chain(waiting.try_iter().take(GROUP_JOBS_MAX - 1));
        commit(connection, group);
    }
}

fn commit(connection: &Connection, group: impl Iterator<Item = Work>) {
    if let Err(error) = execute(connection, "-- group.begin\nBEGIN IMMEDIATE") {
        for work in group {
            // Not run at all: its own answer is that of the group.
            drop(work);
        }
        tracing::warn!(%error, "the gateway's store could not begin; senders send again");
        return;
    }
    let mut tells = Vec::new();
    for work in group {
        if let Err(error) = execute(connection, "-- job.begin\nSAVEPOINT job") {
            tracing::warn!(%error, "the gateway's store could not begin; senders send again");
            continue;
        }
        let finish = work(connection);
        let end = if finish.keep { "-- job.keep\nRELEASE job" } else { "-- job.undo\nROLLBACK TO job" };
        let ended = execute(connection, end)
            .and_then(|()| if finish.keep { Ok(()) } else { execute(connection, "-- job.undone\nRELEASE job") });
        tells.push((finish.tell, ended));
    }
    let committed = execute(connection, "-- group.commit\nCOMMIT");
    if let Err(error) = &committed {
        tracing::warn!(%error, "the gateway's store could not commit; senders send again");
        if !connection.is_autocommit() {
            let _ = execute(connection, "-- group.undo\nROLLBACK");
        }
    }
    for (tell, ended) in tells {
        tell(ended.and(committed.clone()));
    }
}

fn execute(connection: &Connection, sql: &'static str) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute([])?;
    Ok(())
}
