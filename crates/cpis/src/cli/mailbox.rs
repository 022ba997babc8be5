//! The commands for mailboxes.

use super::Where;
use clap::{Args, Subcommand};

/// `cpis mailbox`.
#[derive(Debug, Args)]
pub struct Mailbox {
    /// Which installation. The service may run.
    #[command(flatten)]
    pub place: Where,
    /// What to do.
    #[command(subcommand)]
    pub action: MailboxAction,
}

/// What to do with mailboxes. Which there are stands in the register of organisations: authorities and systems have them.
#[derive(Debug, Subcommand)]
pub enum MailboxAction {
    /// List the mailboxes with their owners, and whether each has a password.
    List,
    /// Make a new password for a mailbox and show it once. The old one is over at once.
    Password {
        /// The mailbox, such as 999OT001.
        id: String,
        /// Read the password from standard input instead of making one, for a client whose password is fixed.
        #[arg(long)]
        stdin: bool,
    },
    /// Take a mailbox's password away: nobody gets in any more. What lies in it stays.
    Shut {
        /// The mailbox.
        id: String,
    },
}
