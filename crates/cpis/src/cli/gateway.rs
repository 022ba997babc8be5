//! `cpis gateway`: the hospital side.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `cpis gateway`.
#[derive(Debug, Args)]
pub struct Gateway {
    /// What to do.
    #[command(subcommand)]
    pub action: GatewayAction,
}

/// What can be done for a gateway.
#[derive(Debug, Subcommand)]
pub enum GatewayAction {
    /// Read a day of a site's own messages and say what a gateway would do with them: whom it would ask about, why not, which
    /// fields are odd. Nothing is sent, and no name or number is shown. Exits with 0 only when no message would be rejected.
    Check(GatewayCheck),
}

/// `cpis gateway check`.
#[derive(Debug, Args)]
pub struct GatewayCheck {
    /// The messages: MLLP frames, or text in which each begins with MSH.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The feed's profile, in TOML. Without it the default is used. `--print-profile` shows it.
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// Show every finding, not only the first 50.
    #[arg(long)]
    pub all: bool,
    /// Print everything as JSON.
    #[arg(long)]
    pub json: bool,
}
