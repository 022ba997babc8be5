//! `cpis gateway`: the hospital side.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `cpis gateway`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Gateway {
    /// Run a gateway with this configuration, as `run` does.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub action: Option<GatewayAction>,
}

/// What can be done for a gateway.
#[derive(Debug, Subcommand)]
pub enum GatewayAction {
    /// Run a gateway: hear a hospital's systems, ask about each child who arrives, put alerts back.
    Run(GatewayRun),
    /// Read a day of a site's own messages and say what a gateway would do with them: whom it would ask about, why not, which
    /// fields are odd. Nothing is sent, and no name or number is shown. Exits with 0 only when no message would be rejected.
    Check(GatewayCheck),
    /// Print every setting of a gateway with its default and its meaning.
    Config,
    /// Print the profile that a feed has where nothing else is said, with a comment on every line.
    Profile,
    /// Make the key that seals a gateway's file.
    Key {
        /// The file to make. It is a secret.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Load messages of a file as if a feed had sent them, with the gateway stopped: MLLP frames, or text in which each begins with
    /// MSH, batches too. What is asked because of them is asked silently when the gateway runs again: no authority is told, unless
    /// `--notify` says so. Visits that started more than 72 hours ago are not asked about. Exits with 0 only when no message would
    /// be rejected.
    Load(GatewayLoad),
    /// Apply messages that were set aside, after the cause was mended, with the gateway stopped. Nobody is told of old visits.
    Replay(GatewayRun),
}

/// Which gateway.
#[derive(Debug, Args)]
pub struct GatewayRun {
    /// The configuration, in TOML. `cpis gateway config` prints one.
    #[arg(long, env = "CPIS_GATEWAY_CONFIG", value_name = "FILE")]
    pub config: PathBuf,
}

/// `cpis gateway load`.
#[derive(Debug, Args)]
pub struct GatewayLoad {
    /// The messages.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The configuration, in TOML. `cpis gateway config` prints one.
    #[arg(long, env = "CPIS_GATEWAY_CONFIG", value_name = "FILE")]
    pub config: PathBuf,
    /// The feed whose messages they are. Not needed where there is one.
    #[arg(long, value_name = "NAME")]
    pub feed: Option<String>,
    /// Tell authorities, as of patients who come through the door: for what a feed could not send.
    #[arg(long)]
    pub notify: bool,
}

/// `cpis gateway check`.
#[derive(Debug, Args)]
pub struct GatewayCheck {
    /// The messages: MLLP frames, or text in which each begins with MSH.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The feed's profile, in TOML. Without it the default is used. `cpis gateway profile` prints it.
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// Show every finding, not only some of each kind.
    #[arg(long)]
    pub all: bool,
    /// Print everything as JSON.
    #[arg(long)]
    pub json: bool,
}
