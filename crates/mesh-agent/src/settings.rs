//! What the agent is told.

use cpis_format_mesh::MailboxId;
use std::path::PathBuf;
use std::time::Duration;

/// What the agent is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder with the agent's folders.
    pub folder: PathBuf,
    /// Folder for the journal, on this machine.
    pub data_dir: PathBuf,
    /// The authority's mailbox.
    pub mailbox: MailboxId,
    /// Where a file goes that has no control file.
    pub to: MailboxId,
    /// Its workflow id.
    pub workflow: String,
    /// Endings of files that need no control file, in lower case.
    pub alone: Vec<String>,
    /// For so long a file without a control file must not have changed.
    pub settle: Duration,
    /// The same for a file with one.
    pub control_settle: Duration,
    /// Time between two looks into the folder.
    pub scan: Duration,
    /// Time between two looks into the mailbox.
    pub poll: Duration,
    /// Days after which what was sent and the copies of what came are removed; 0 is never.
    pub keep_days: u32,
    /// Largest file in bytes.
    pub file_bytes_max: u64,
    /// Whether the folders' group may read and write what the agent puts there.
    pub for_group: bool,
    /// Whether log lines may name files.
    pub names_in_log: bool,
}

impl Settings {
    /// What a log line calls a file.
    pub(crate) fn shown<'n>(&self, name: &'n str) -> &'n str {
        if self.names_in_log { name } else { "-" }
    }
}
