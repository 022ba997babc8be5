//! The command for an authority without MESH software.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `cpis mesh-agent`.
#[derive(Debug, Args)]
pub struct MeshAgent {
    /// The configuration, in TOML. `cpis mesh-agent config` prints one.
    #[arg(long, env = "CPIS_MESH_AGENT_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// What to do; without it the agent runs.
    #[command(subcommand)]
    pub action: Option<MeshAgentAction>,
}

/// What to do beside running it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum MeshAgentAction {
    /// Print every setting with its default and its meaning.
    Config,
    /// Look whether the folders can be used and the server lets the mailbox in, and send nothing. The agent must not run.
    Check,
}
