//! The agent: its parts, and what it says of itself.

use crate::folders::Folders;
use crate::journal::Journal;
use crate::outbox::{Outbox, Waiting};
use crate::{AgentError, Server, Settings};
use cpis_app::Clock;
use cpis_format_mesh::MessageId;
use cpis_model::Timestamp;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Why the agent does not work as it should.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// What it is.
    pub what: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether it is the server's, and not that of this machine.
    pub of_server: bool,
}

/// What the agent says of itself.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// When the server answered last.
    pub reached: Option<Timestamp>,
    /// When the mailbox was looked into last.
    pub looked: Option<Timestamp>,
    /// Why the last round was not done.
    pub trouble: Option<Trouble>,
    /// Files that are not complete.
    pub waiting: Vec<Waiting>,
}

/// An agent with its folders and its journal.
pub struct Agent {
    pub(crate) settings: Settings,
    pub(crate) folders: Folders,
    pub(crate) journal: Journal,
    pub(crate) server: Arc<dyn Server>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) outbox: Mutex<Outbox>,
    said: Mutex<Said>,
    #[cfg(test)]
    pub(crate) ends_after: Option<std::sync::atomic::AtomicUsize>,
}

impl Agent {
    /// Opens folders and journal. One process has them at a time: who calls this holds the lock.
    pub fn open(settings: Settings, server: Arc<dyn Server>, clock: Arc<dyn Clock>) -> Result<Self, AgentError> {
        let folders = Folders::open(&settings.folder, settings.for_group)?;
        let journal = Journal::open(&settings.data_dir.join("agent.db"))?;
        Ok(Self {
            settings,
            folders,
            journal,
            server,
            clock,
            outbox: Mutex::default(),
            said: Mutex::default(),
            #[cfg(test)]
            ends_after: None,
        })
    }

    /// Where the agent's folders lie.
    pub fn folder(&self) -> &Path {
        &self.settings.folder
    }

    pub(crate) fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// Now, for files.
    pub(crate) fn file_time(&self) -> SystemTime {
        SystemTime::from(self.clock.now())
    }

    /// A new id for a report of our own.
    pub(crate) fn report_id(&self) -> MessageId {
        MessageId::new(self.clock.now(), rand::random())
    }

    /// A step is done. A test may end the process here.
    #[cfg_attr(not(test), expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "tests count the steps"))]
    pub(crate) fn step(&self) -> Result<(), AgentError> {
        #[cfg(test)]
        if let Some(left) = &self.ends_after
            && left.fetch_update(ORDER, ORDER, |left| left.checked_sub(1)).is_err()
        {
            return Err(AgentError::folder("killed")(std::io::Error::other("killed")));
        }
        Ok(())
    }
}

#[cfg(test)]
const ORDER: std::sync::atomic::Ordering = std::sync::atomic::Ordering::SeqCst;
