//! The client as a process of its own, so that it shares no runtime with a server that is measured.

use crate::load::{self, Burst, Outcome};
use anyhow::{Context, Result, ensure};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// The hidden subcommand under which this program is the client.
pub const SUBCOMMAND: &str = "drive";

/// Starts `program` (this one) as a client, hands it the load on standard input and reads what came of it from standard output.
/// Tokens and numbers stand in no argument.
pub fn in_own_process(program: &Path, burst: &Burst) -> Result<Outcome> {
    let mut child = Command::new(program)
        .arg(SUBCOMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("the client does not start")?;
    let mut input = child.stdin.take().context("the client has no input")?;
    input.write_all(&serde_json::to_vec(burst)?).context("the client does not listen")?;
    drop(input);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the client ended with {}", output.status);
    serde_json::from_slice(&output.stdout).context("the client's figures cannot be read")
}

/// The other side: reads a load, runs it, writes what came of it.
pub fn serve(input: impl Read, output: impl Write) -> Result<()> {
    let burst: Burst = serde_json::from_reader(input).context("the load cannot be read")?;
    let outcome = load::run(&burst)?;
    serde_json::to_writer(output, &outcome).context("the figures cannot be written")
}
