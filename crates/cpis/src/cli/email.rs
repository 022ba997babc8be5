//! The commands for e-mail.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `cpis email`.
#[derive(Debug, Args)]
pub struct Email {
    /// The configuration, in TOML.
    #[arg(long, env = "CPIS_CONFIG", value_name = "FILE", global = true, default_value = "/etc/cpis/cpis.toml")]
    pub config: PathBuf,
    /// What to do.
    #[command(subcommand)]
    pub action: EmailAction,
}

/// What to do with e-mail. Which addresses are written to stands in the register of organisations.
#[derive(Debug, Subcommand)]
pub enum EmailAction {
    /// Send a letter that says nothing, beside the running service, and say what the relay answered.
    Try {
        /// To whom.
        address: String,
    },
}
