//! Waking other nodes: one connection that listens, and tells others after a commit of ours.
//!
//! `NOTIFY` takes a lock of the whole server while its transaction commits, so it is not part of ours: it follows, at most once
//! in [`TELL_EVERY`] and never lost at the end of a burst. A signal that is lost with its node costs the others [`POLL_EVERY`].

use crate::pool::State;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Hears of a notification, with the server's process that sent it.
pub(crate) type Notified = Arc<dyn Fn(i32) + Send + Sync>;

/// The least time between two signals of a node.
const TELL_EVERY: Duration = Duration::from_millis(20);
/// How long a sleeper trusts that nothing happened.
const POLL_EVERY: Duration = Duration::from_millis(500);
/// Time between two tries to connect.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

const LISTEN: &str = "-- signal.listen\nLISTEN cpis";
const TELL: &str = "-- signal.tell\nNOTIFY cpis";

#[derive(Default)]
struct Bells {
    /// Something of ours was committed.
    committed: Notify,
    /// Something of another node was.
    heard: Notify,
    /// The server's process of our own connection: what it sent is no news.
    own: AtomicI32,
}

/// The connection that listens, in a task that ends with this.
pub(crate) struct Signals {
    bells: Arc<Bells>,
    task: JoinHandle<()>,
}

impl Signals {
    pub(crate) fn start(state: Arc<State>) -> Self {
        let bells = Arc::new(Bells::default());
        let task = tokio::spawn(run(state, Arc::clone(&bells)));
        Self { bells, task }
    }

    /// Something was committed that other nodes may wait for.
    pub(crate) fn tell(&self) {
        self.bells.committed.notify_one();
    }

    /// Returns when another node committed something, or after a while without.
    pub(crate) async fn wake(&self) {
        let _ = timeout(POLL_EVERY, self.bells.heard.notified()).await;
    }

    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn run(state: Arc<State>, bells: Arc<Bells>) {
    while state.check().is_ok() {
        listen(&state, &bells).await;
        // What came while nobody listened is not known.
        bells.heard.notify_waiters();
        sleep(AGAIN_AFTER).await;
    }
}

/// Listens and tells until the connection breaks.
async fn listen(state: &State, bells: &Arc<Bells>) {
    let ring = Arc::clone(bells);
    let notified: Notified = Arc::new(move |process| {
        if process != ring.own.load(Ordering::SeqCst) {
            ring.heard.notify_waiters();
            // For the one that looks away just now.
            ring.heard.notify_one();
        }
    });
    let Ok(connection) = state.connector.connect(Some(notified)).await else { return };
    bells.own.store(connection.process, Ordering::SeqCst);
    let listens = timeout(connection.within, connection.client.batch_execute(LISTEN)).await;
    if !matches!(listens, Ok(Ok(()))) {
        return connection.cut();
    }
    while !connection.is_closed() {
        // Wakes up now and then to see whether the connection still stands.
        if timeout(AGAIN_AFTER, bells.committed.notified()).await.is_err() {
            continue;
        }
        let told = timeout(state.connector.options.connect_timeout, connection.client.batch_execute(TELL)).await;
        if !matches!(told, Ok(Ok(()))) {
            break;
        }
        sleep(TELL_EVERY).await;
    }
    connection.cut();
}
