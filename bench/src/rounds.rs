//! Interleaved rounds: each measures the disk, the bare routes and the service in the same minutes; medians are compared.

use crate::bare;
use crate::commit::commit;
use crate::load::{Burst, Outcome};
use crate::probe::{self, Flushes, Probe};
use crate::process;
use crate::settings::Target;
use anyhow::{Result, bail};
use cpis_load::machine::Machine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A program that is measured in the same rounds, after the targets: at each number of connections that it is for.
pub struct Beside {
    /// Name of its row.
    pub name: &'static str,
    /// It is for no more connections than this.
    pub connections_max: usize,
    /// Runs it with so many connections.
    pub run: Box<dyn Fn(usize) -> Result<Outcome>>,
}

/// What to run.
pub struct Plan {
    /// Rounds.
    pub rounds: usize,
    /// Time that is measured in each burst; a quarter of it comes before as warm-up.
    pub burst: Duration,
    /// Time of the disk probe in each round.
    pub probe: Duration,
    /// Folder for the disk probe: on the disk that the service writes to.
    pub folder: PathBuf,
    /// Connections at a time; each gives a row for each target.
    pub connections: Vec<usize>,
    /// Threads of the client.
    pub client_threads: usize,
    /// Rows whose name holds this text only, and the reference.
    pub only: Option<String>,
    /// Go on when the disk says that the machine is too busy.
    pub even_if_busy: bool,
    /// Targets beside the bare routes.
    pub targets: Vec<Target>,
    /// The process behind them.
    pub pid: Option<u32>,
    /// Programs beside them.
    pub beside: Vec<Beside>,
}

/// One burst, or the medians of several.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Measured {
    /// What the client saw.
    pub outcome: Outcome,
    /// Answers per second over those of the reference in the same round with as many connections.
    pub ratio: Option<f64>,
    /// CPU microseconds of the server for each answer.
    pub server_cpu_us: Option<f64>,
    /// Private memory of the server after the burst, in bytes.
    pub server_private_bytes: Option<u64>,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Row {
    /// Name of the target.
    pub name: String,
    /// Connections at a time.
    pub connections: usize,
    /// One for each round.
    pub rounds: Vec<Measured>,
    /// Medians of rates, times and ratios; the maximum of the slowest and of memory; sums of counts.
    pub median: Measured,
}

/// All figures of a run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Report {
    /// Where and when.
    pub machine: Machine,
    /// Commit of the source; `+` behind it where files differ from it.
    pub commit: String,
    /// One for each round.
    pub probes: Vec<Probe>,
    /// Medians of the probes.
    pub probe: Probe,
    /// By the median probe.
    pub too_busy: bool,
    /// Seconds measured in each burst.
    pub burst_seconds: f64,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Report {
    /// Answers of status 200 to all rows whose name begins so: what the service must have in its journal.
    pub fn answers_200(&self, prefix: &str) -> u64 {
        self.rows.iter().filter(|row| row.name.starts_with(prefix)).map(|row| row.median.outcome.answers_200).sum()
    }

    /// The row of a target at so many connections.
    pub fn row(&self, name: &str, connections: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name && row.connections == connections)
    }

    /// Answers a second of every round of the rows of this name, each with its number of connections.
    pub fn rates(&self, name: &str) -> Vec<(f64, usize)> {
        let rows = self.rows.iter().filter(|row| row.name == name);
        rows.flat_map(|row| row.rounds.iter().map(|one| (one.outcome.answers_per_second, row.connections))).collect()
    }

    /// Whatever was not a right answer, in all rows.
    pub fn errors(&self) -> u64 {
        self.rows.iter().map(|row| row.median.outcome.errors()).sum()
    }
}

/// Runs the rounds. `settle` waits until nothing is left to do of what came before, so that no burst pays for another; `client`
/// runs one burst, in a process of its own; `say` hears what comes next.
pub fn run(
    plan: &Plan,
    settle: impl Fn() -> Result<()>,
    client: impl Fn(&Burst) -> Result<Outcome>,
    say: impl Fn(&str),
) -> Result<Report> {
    let server = bare::serve(bare::router())?;
    let (own, probe_only) = (std::process::id(), plan.only.as_deref() == Some("probe"));
    let targets = bare::targets(&server).into_iter().map(|target| (target, Some(own)));
    let targets: Vec<_> = targets
        .chain(plan.targets.iter().map(|target| (target.clone(), plan.pid)))
        .filter(|(target, _)| {
            let asked_for = plan.only.as_ref().is_none_or(|only| target.name.contains(only));
            !probe_only && (asked_for || target.name == bare::REFERENCE)
        })
        .collect();
    let names = targets.iter().map(|(target, _)| (target.name.as_str(), usize::MAX));
    let names = names.chain(plan.beside.iter().map(|beside| (beside.name, beside.connections_max)));
    let mut rows: Vec<Row> = names
        .flat_map(|(name, max)| plan.connections.iter().filter(move |own| **own <= max).map(move |own| (name, *own)))
        .map(|(name, connections)| Row {
            name: name.to_owned(),
            connections,
            rounds: Vec::new(),
            median: Measured::default(),
        })
        .collect();
    let mut probes = Vec::new();
    for round in 1..=plan.rounds {
        settle()?;
        say(&format!("round {round} of {}: disk", plan.rounds));
        let probe = probe::probe(&plan.folder, plan.probe)?;
        if probe.is_too_busy() && !plan.even_if_busy {
            bail!("machine too busy: a flush takes {:.0} us; try again later", probe.preallocated.p50_us);
        }
        probes.push(probe);
        // All targets at one number of connections, then at the next: what is compared is close in time.
        for connections in &plan.connections {
            let mut compared = None;
            let mut keep = |name: &str, mut measured: Measured| {
                let rate = measured.outcome.answers_per_second;
                let compared = *compared.get_or_insert(rate);
                measured.ratio = (compared > 0.0).then(|| rate / compared);
                let row = rows.iter_mut().find(|row| row.name == name && row.connections == *connections);
                if let Some(row) = row {
                    row.rounds.push(measured);
                }
            };
            for (target, pid) in &targets {
                settle()?;
                say(&format!("round {round} of {}: {}, {connections} connections", plan.rounds, target.name));
                keep(&target.name, measure(plan, target, *connections, *pid, &client)?);
            }
            for beside in plan.beside.iter().filter(|beside| *connections <= beside.connections_max) {
                settle()?;
                say(&format!("round {round} of {}: {}, {connections} connections", plan.rounds, beside.name));
                keep(beside.name, Measured { outcome: (beside.run)(*connections)?, ..Measured::default() });
            }
        }
    }
    for row in &mut rows {
        row.median = median(&row.rounds);
    }
    let probe = Probe {
        growing: median_flushes(&probes, |probe| probe.growing),
        preallocated: median_flushes(&probes, |probe| probe.preallocated),
    };
    let too_busy = probe.is_too_busy();
    Ok(Report {
        machine: Machine::here(),
        commit: commit(),
        probes,
        probe,
        too_busy,
        burst_seconds: plan.burst.as_secs_f64(),
        rows,
    })
}

fn measure(
    plan: &Plan,
    target: &Target,
    connections: usize,
    pid: Option<u32>,
    client: impl Fn(&Burst) -> Result<Outcome>,
) -> Result<Measured> {
    let duration_ms = plan.burst.as_millis() as u64;
    let threads = plan.client_threads;
    let target = target.clone();
    one(&Burst { target, connections, threads, warm_up_ms: duration_ms / 4, duration_ms }, pid, client)
}

/// Runs one burst and weighs the process behind it.
pub fn one(burst: &Burst, pid: Option<u32>, client: impl Fn(&Burst) -> Result<Outcome>) -> Result<Measured> {
    let cpu = || pid.map(process::cpu_seconds).transpose();
    let before = cpu()?;
    let outcome = client(burst)?;
    let spent = before.zip(cpu()?).map(|(before, after)| after - before);
    Ok(Measured {
        ratio: None,
        server_cpu_us: spent.filter(|_| outcome.answers() > 0).map(|spent| spent * 1e6 / outcome.answers() as f64),
        server_private_bytes: pid.map(process::private_bytes).transpose()?,
        outcome,
    })
}

fn median(rounds: &[Measured]) -> Measured {
    let of = |figure: fn(&Outcome) -> f64| middle(rounds.iter().map(|round| figure(&round.outcome))).unwrap_or(0.0);
    let sum = |count: fn(&Outcome) -> u64| rounds.iter().map(|round| count(&round.outcome)).sum();
    let mut statuses = BTreeMap::new();
    for (status, count) in rounds.iter().flat_map(|round| &round.outcome.statuses) {
        *statuses.entry(*status).or_default() += count;
    }
    Measured {
        outcome: Outcome {
            answers_per_second: of(|outcome| outcome.answers_per_second),
            p50_us: of(|outcome| outcome.p50_us),
            p90_us: of(|outcome| outcome.p90_us),
            p99_us: of(|outcome| outcome.p99_us),
            max_us: rounds.iter().map(|round| round.outcome.max_us).fold(0.0, f64::max),
            answers_200: sum(|outcome| outcome.answers_200),
            statuses,
            wrong: sum(|outcome| outcome.wrong),
            refused: sum(|outcome| outcome.refused),
            cut: sum(|outcome| outcome.cut),
            malformed: sum(|outcome| outcome.malformed),
            unanswered: sum(|outcome| outcome.unanswered),
            client_cpu_seconds: of(|outcome| outcome.client_cpu_seconds),
        },
        ratio: middle(rounds.iter().filter_map(|round| round.ratio)),
        server_cpu_us: middle(rounds.iter().filter_map(|round| round.server_cpu_us)),
        server_private_bytes: rounds.iter().filter_map(|round| round.server_private_bytes).max(),
    }
}

fn median_flushes(probes: &[Probe], which: fn(&Probe) -> Flushes) -> Flushes {
    let of = |figure: fn(Flushes) -> f64| middle(probes.iter().map(|probe| figure(which(probe)))).unwrap_or(0.0);
    Flushes {
        per_second: of(|flushes| flushes.per_second),
        p50_us: of(|flushes| flushes.p50_us),
        p99_us: of(|flushes| flushes.p99_us),
    }
}

/// The median; the mean of the two in the middle where there is no one middle.
pub(crate) fn middle(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let half = figures.len() / 2;
    let upper = *figures.get(half)?;
    Some(if figures.len().is_multiple_of(2) { f64::midpoint(*figures.get(half - 1)?, upper) } else { upper })
}

#[cfg(test)]
mod tests;
