//! The commands for an installation as a whole: look at it, migrate it, move it.

use super::Where;
use clap::Args;
use std::path::PathBuf;

/// `cpis doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Exits with 0 where nothing is a fault, also where there are warnings, and with 1 otherwise.")]
pub struct Doctor {
    /// Which installation.
    #[command(flatten)]
    pub place: Where,
    /// Print the findings as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `cpis migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    /// Which installation. The service must be stopped.
    #[command(flatten)]
    pub place: Where,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// `cpis copy`.
#[derive(Debug, Args)]
pub struct Copy {
    /// The database to copy: a data directory, a database file, or a server as
    /// <postgres://USER@HOST/DATABASE>, where USER owns the tables.
    #[arg(long, value_name = "WHERE")]
    pub from: String,
    /// Where it goes: the same. It must be empty, or an unfinished copy of the same database.
    #[arg(long, value_name = "WHERE")]
    pub to: String,
    /// File with the password of the server that is copied.
    #[arg(long, env = "CPIS_FROM_PASSWORD_FILE", value_name = "FILE")]
    pub from_password_file: Option<PathBuf>,
    /// File with the password of the server that is filled.
    #[arg(long, env = "CPIS_TO_PASSWORD_FILE", value_name = "FILE")]
    pub to_password_file: Option<PathBuf>,
    /// Authorities that may have signed the certificate of the server that is copied, in PEM.
    #[arg(long, value_name = "FILE")]
    pub from_ca_file: Option<PathBuf>,
    /// The same for the server that is filled.
    #[arg(long, value_name = "FILE")]
    pub to_ca_file: Option<PathBuf>,
}
