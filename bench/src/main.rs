//! `cargo xtask bench`: measures, prints a table, keeps all figures in a file.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use cpis_bench::database::Kind;
use cpis_bench::judge::{self, Figure};
use cpis_bench::process::Process;
use cpis_bench::rounds::{self, Plan, Report};
use cpis_bench::scenarios::{self, NAMES, Options};
use cpis_bench::settings::{Service, Target};
use cpis_bench::{bare, builds, drive, gateway, limits, serving, table};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Longest wait for a service that was started.
const READY_PATIENCE: Duration = Duration::from_mins(1);
/// Longest wait for a service that was asked to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// The scenario of a hospital's gateway.
const GATEWAY: &str = "gateway";
/// Plans of a whole run's starts and memory.
const PLANS: u64 = 1_000_000;
/// Plans that the nation has: looks and files of a whole run are measured with so many.
const PLANS_ASKED: u64 = 220_000;
/// Plans of a quick one.
const PLANS_QUICK: u64 = 50_000;

/// The same of two builds: some files, of each of which the time is compared.
const PLANS_QUICK_BUILDS: u64 = 200_000;
/// Rounds of two builds.
const BUILDS_ROUNDS: u16 = 9;

/// Plans of the nation whose authorities send by MESH, and looks of which they are told.
const NATION: (u32, u32) = (220_000, 20_000);
/// The same of a quick run.
const NATION_QUICK: (u32, u32) = (11_000, 2_000);
/// Plans of the smaller of two services of which the other has a hundred times as many.
const SCALE_PLANS: u64 = 9_000;
/// The same of a quick run.
const SCALE_PLANS_QUICK: u64 = 1_000;

/// Measures the disk, a bare route and the service in the same minutes, and compares them.
///
/// Without `--service`, `cpis` is built, filled through its own doors and measured in every scenario.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    hidden: Option<Hidden>,
    /// The database under the service. PostgreSQL is a server of the run's own, with pgbench measured in the same rounds.
    #[arg(long, value_enum, default_value_t = Kind::Embedded)]
    database: Kind,
    /// Fewer plans, bursts of 2 seconds instead of 10, a sustained run of 10 instead of 60.
    #[arg(long)]
    quick: bool,
    /// One scenario: queries, sustained, upload, mixed, memory, counts, start, verify, nation, gateway or scale (nation: authorities' files over
    /// MESH, PDS over HTTP, notices; scale: a hundred times the data, only when named, loads 15 GB); `probe` for the disk alone. With --service: rows whose name holds this text.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// File for all figures, as JSON.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Plans in the database. [default: 220000, as the nation has, and 1000000 from the memory on; 50000 with --quick, 200000 with
    /// --quick and --before]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1_000..=5_000_000))]
    plans: Option<u64>,
    /// Compare two builds instead: the program of the build before, in this file, and this one, in turn, burst by burst. Fails when
    /// this one takes more than 5 % longer. --only takes queries, upload, start or sustained.
    #[arg(long, value_name = "FILE", conflicts_with = "service")]
    before: Option<PathBuf>,
    /// Rounds of which the medians are taken; without --service, those of the matrix of queries. [default: 1; 3 with --service, 9
    /// with --before]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: Option<u16>,
    /// Connections at a time, with --service.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,256")]
    connections: Vec<usize>,
    /// Threads of the client.
    #[arg(long, default_value_t = 1)]
    client_threads: usize,
    /// Folder on the disk to measure; data goes there and is removed at the end. [default: the target folder]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Leave the data where it is, but for that of a server.
    #[arg(long)]
    keep: bool,
    /// Go on when a flush takes so long that the figures say little.
    #[arg(long)]
    even_if_busy: bool,
    /// Another service to measure: a JSON file, see `settings::Service`.
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

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.hidden {
        Some(Hidden::Drive) => drive::serve(std::io::stdin().lock(), std::io::stdout().lock())?,
        Some(Hidden::Bare) => serve_bare()?,
        None if arguments.before.is_some() => return measure_cpis(&arguments),
        None if arguments.service.is_some() || arguments.only.as_deref() == Some("probe") => measure(&arguments)?,
        None if arguments.only.as_deref() == Some(GATEWAY) => return measure_gateway(&arguments),
        None => return measure_cpis(&arguments),
    }
    Ok(ExitCode::SUCCESS)
}

/// Everything about one run.
#[derive(Serialize)]
struct Record<'a> {
    database: &'a str,
    figures: &'a [Figure],
    reports: &'a [Report],
}

/// The gateway alone.
fn measure_gateway(arguments: &Arguments) -> Result<ExitCode> {
    let figures = gateway::run(&folder(arguments)?, gateway_time(arguments))?;
    println!("{}", judge::markdown(&figures));
    write_figures(arguments, &Record { database: GATEWAY, figures: &figures, reports: &[] })?;
    Ok(if judge::is_good(&figures) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn gateway_time(arguments: &Arguments) -> Duration {
    Duration::from_secs(if arguments.quick { 3 } else { 20 })
}

fn measure_cpis(arguments: &Arguments) -> Result<ExitCode> {
    if let Some(only) = &arguments.only {
        let names =
            if arguments.before.is_some() { builds::PARTS.join(", ") } else { NAMES.join(", ") + ", " + GATEWAY };
        ensure!(names.split(", ").any(|name| name == only), "there is no scenario `{only}`; there are {names}");
    }
    let (plans, burst, sustained) = if arguments.quick { (PLANS_QUICK, 2, 10) } else { (PLANS, 10, 60) };
    let (nation_plans, nation_looks) = if arguments.quick { NATION_QUICK } else { NATION };
    let options = Options {
        binary: serving::binary()?,
        program: std::env::current_exe()?,
        folder: folder(arguments)?,
        database: arguments.database,
        plans: arguments.plans.unwrap_or(if arguments.quick && arguments.before.is_some() {
            PLANS_QUICK_BUILDS
        } else {
            plans
        }),
        plans_asked: arguments.plans.unwrap_or(PLANS_ASKED),
        nation_plans,
        nation_looks,
        scale_plans: if arguments.quick { SCALE_PLANS_QUICK } else { SCALE_PLANS },
        burst: Duration::from_secs(burst),
        sustained: Duration::from_secs(sustained),
        rounds: usize::from(arguments.rounds.unwrap_or(1)),
        before: arguments.before.clone(),
        builds_rounds: usize::from(arguments.rounds.unwrap_or(BUILDS_ROUNDS)),
        client_threads: arguments.client_threads,
        only: arguments.only.clone(),
        even_if_busy: arguments.even_if_busy,
        keep: arguments.keep,
    };
    let mut results = scenarios::run(&options, &|text| eprintln!("{text}"))?;
    if arguments.only.is_none() && arguments.before.is_none() {
        results.figures.extend(gateway::run(&options.folder, gateway_time(arguments))?);
    }
    println!("{}\n\n{}", limits::note(arguments.database), judge::markdown(&results.figures));
    for report in &results.reports {
        println!("{}", table::markdown(report));
    }
    let figures =
        Record { database: limits::note(arguments.database), figures: &results.figures, reports: &results.reports };
    write_figures(arguments, &figures)?;
    Ok(if judge::is_good(&results.figures) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The folder to measure in: the one that was named, or the target folder, in which this program lies.
fn folder(arguments: &Arguments) -> Result<PathBuf> {
    if let Some(folder) = &arguments.folder {
        return Ok(folder.clone());
    }
    let own = std::env::current_exe()?;
    Ok(own.ancestors().nth(2).context("no target folder")?.to_owned())
}

fn write_figures(arguments: &Arguments, figures: &impl Serialize) -> Result<()> {
    let Some(file) = &arguments.out else { return Ok(()) };
    let text = serde_json::to_string_pretty(figures)? + "\n";
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
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
        rounds: usize::from(arguments.rounds.unwrap_or(3)),
        burst: Duration::from_secs(seconds),
        probe: Duration::from_secs(2),
        folder: folder(arguments)?,
        connections: arguments.connections.clone(),
        client_threads: arguments.client_threads,
        only: arguments.only.clone(),
        even_if_busy: arguments.even_if_busy,
        targets,
        pid,
        beside: Vec::new(),
    };
    let program = std::env::current_exe()?;
    let report =
        rounds::run(&plan, || Ok(()), |burst| drive::in_own_process(&program, burst), |text| eprintln!("{text}"))?;
    if let Some(mut process) = process {
        let (status, took) = process.stop(STOP_PATIENCE)?;
        eprintln!("the service stopped in {took:?} with {status}");
    }
    println!("{}", table::markdown(&report));
    write_figures(arguments, &report)?;
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
