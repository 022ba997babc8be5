//! The commands for backups and for the keys' custody.

use super::Where;
use clap::Args;
use std::path::PathBuf;

/// `cpis backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// Which installation. The service may run.
    #[command(flatten)]
    pub place: Where,
    /// Folder for backups. It must be there. [default: `folder` in the table `backup`]
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Who may open it: a recipient of age, which begins with age1. May be given several times. [default: those in the table `backup`]
    #[arg(long, value_name = "RECIPIENT")]
    pub recipient: Vec<String>,
    /// File with a recipient in each line.
    #[arg(long, value_name = "FILE")]
    pub recipients_file: Option<PathBuf>,
    /// Remove backups of this folder that are older than so many days, once the new one was read back.
    /// [default: `keep_days` in the table `backup`; without a configuration none is removed]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub keep: Option<u32>,
    /// Identity of a recipient: with it every row is decrypted and read back. It need not lie on this machine.
    #[arg(long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
}

/// `cpis restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup, or a folder with backups: then the newest one.
    #[arg(value_name = "BACKUP")]
    pub backup: PathBuf,
    /// The new installation: its database must be empty, and its key ring must be there (cpis keys import).
    #[command(flatten)]
    pub place: Where,
    /// Identity of one of the recipients.
    #[arg(long, value_name = "FILE", required = true)]
    pub identity: Vec<PathBuf>,
    /// The newest checkpoint, or file of checkpoints, that was kept elsewhere: it says how many entries were lost.
    #[arg(long, value_name = "FILE")]
    pub checkpoints: Option<PathBuf>,
    /// A list of erased people. The one beside the backup is read anyway.
    #[arg(long, value_name = "FILE")]
    pub erased: Option<PathBuf>,
    /// Only decrypt and read the backup to its end. Nothing is changed, and no installation is needed.
    #[arg(long)]
    pub check: bool,
}

/// `cpis keys export`.
#[derive(Debug, Args)]
pub struct KeyExport {
    /// How many shares to make: one for each custodian.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=32))]
    pub shares: u8,
    /// How many of them make the key ring again.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u8).range(2..=32))]
    pub threshold: u8,
    /// Folder for the shares. Each is a text that can be printed.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Encrypt each share for its custodian: a recipient of age for every share, in their order.
    #[arg(long, value_name = "RECIPIENT")]
    pub recipient: Vec<String>,
}

/// `cpis keys import`.
#[derive(Debug, Args)]
pub struct KeyImport {
    /// The shares: files as they were made, or as they were typed from paper.
    #[arg(value_name = "SHARE", required = true)]
    pub share: Vec<PathBuf>,
    /// Identity of a custodian, for a share that is encrypted. May be given several times.
    #[arg(long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    /// The list of erased people of the day of the export, where the shares were typed without it.
    #[arg(long, value_name = "FILE")]
    pub erased: Option<PathBuf>,
}
