//! `cargo xtask bench`: measures, prints a table, keeps all figures in a file.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use cpis_bench::process::Process;
use cpis_bench::rounds::{self, Plan};
use cpis_bench::settings::{Service, Target};
use cpis_bench::{bare, drive, table};
use std::path::PathBuf;
use std::time::Duration;

/// Longest wait for a service that was started.
const READY_PATIENCE: Duration = Duration::from_mins(1);
/// Longest wait for a service that was asked to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// Measures the disk, a bare route and a service in the same minutes, and compares them.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    hidden: Option<Hidden>,
    /// Bursts of 2 seconds instead of 10.
    #[arg(long)]
    quick: bool,
    /// Rows whose name holds this text only, and the bare route beside them; `probe` for the disk alone.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// File for all figures, as JSON.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Rounds, of which the medians are taken.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// Connections at a time.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,256")]
    connections: Vec<usize>,
    /// Threads of the client.
    #[arg(long, default_value_t = 1)]
    client_threads: usize,
    /// Folder for the disk probe, on the disk that the service writes to.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// Go on when a flush takes so long that the figures say little.
    #[arg(long)]
    even_if_busy: bool,
    /// A service to measure: a JSON file, see `settings::Service`.
    #[arg(long, value_name = "FILE")]
    service: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Hidden {
    /// The client, which this program starts as a process of its own.
    #[command(hide = true)]
    Drive,
    /// The bare routes alone, for another load client, until a line end is read.
    #[command(hide = true)]
    Bare,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.hidden {
        Some(Hidden::Drive) => drive::serve(std::io::stdin().lock(), std::io::stdout().lock()),
        Some(Hidden::Bare) => serve_bare(),
        None => measure(&arguments),
    }
}

fn serve_bare() -> Result<()> {
    let server = bare::serve(bare::router())?;
    println!("{}", server.address);
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

fn measure(arguments: &Arguments) -> Result<()> {
    let service: Option<Service> = match &arguments.service {
        Some(file) => {
            let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            Some(serde_json::from_slice(&text).with_context(|| format!("{} is no service", file.display()))?)
        }
        None => None,
    };
    let (process, pid, targets) = prepare(service.as_ref())?;
    let seconds = if arguments.quick { 2 } else { 10 };
    let plan = Plan {
        rounds: usize::from(arguments.rounds),
        burst: Duration::from_secs(seconds),
        probe: Duration::from_secs(2),
        folder: arguments.folder.clone(),
        connections: arguments.connections.clone(),
        client_threads: arguments.client_threads,
        only: arguments.only.clone(),
        even_if_busy: arguments.even_if_busy,
        targets,
        pid,
    };
    let program = std::env::current_exe()?;
    let report = rounds::run(&plan, |burst| drive::in_own_process(&program, burst), |text| eprintln!("{text}"))?;
    if let Some(mut process) = process {
        let (status, took) = process.stop(STOP_PATIENCE)?;
        eprintln!("the service stopped in {took:?} with {status}");
    }
    println!("{}", table::markdown(&report));
    if let Some(file) = &arguments.out {
        let text = serde_json::to_string_pretty(&report)? + "\n";
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Starts the service where it is to be started, and waits until it is ready.
fn prepare(service: Option<&Service>) -> Result<(Option<Process>, Option<u32>, Vec<Target>)> {
    let Some(service) = service else { return Ok((None, None, Vec::new())) };
    let mut process = service.start.as_ref().map(Process::start).transpose()?;
    if let (Some(process), Some(path)) = (&mut process, &service.ready_path) {
        let took = process.wait_until_ready(service.address, path, READY_PATIENCE)?;
        eprintln!("the service was ready after {took:?}");
    }
    let pid = process.as_ref().map(Process::pid).or(service.pid);
    Ok((process, pid, service.targets()))
}
