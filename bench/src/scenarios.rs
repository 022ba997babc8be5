//! One run: the real service measured from filling it to verifying its audit log, with disk and bare route beside each figure.
//!
//! Read [`run`]: scenarios in their order. Each can be chosen by name; what it needs of the ones before is done all the same.

use crate::bare;
use crate::builds;
use crate::database::Kind;
use crate::judge::{Figure, Unit};
use crate::limits::{self, Limits};
use crate::load::{Burst, Outcome};
use crate::nation;
use crate::pgbench::Pgbench;
use crate::probe::{self, Flushes, Probe};
use crate::process;
use crate::rounds::{self, Measured, Plan, Report};
use crate::scale;
use crate::serving::{Sent, Serving, Targets};
use crate::settings::Target;
use crate::side;
use crate::world::{Batch, World};
use anyhow::{Context, Result, bail, ensure};
use cpis_load::words::{time, whole};
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

mod beside;
pub(crate) mod ends;

/// Names for `--only`.
pub const NAMES: [&str; 10] =
    ["queries", "sustained", "upload", "mixed", "memory", "counts", "start", "verify", "nation", "scale"];
/// Connections of the burst that floors are about.
pub(crate) const BURST_CONNECTIONS: usize = 64;
/// Connections of the matrix.
pub(crate) const CONNECTIONS: [usize; 4] = [1, 16, BURST_CONNECTIONS, 256];
/// Rounds of the burst that floors are about: one minute differs from the next by a quarter.
const BURST_ROUNDS: usize = 7;
/// Connections while an upload is applied.
const MIXED_CONNECTIONS: usize = 16;
/// Longest wait until the applier has nothing left.
const LAG_PATIENCE: Duration = Duration::from_mins(20);
const MIB: f64 = 1024.0 * 1024.0;

/// How long and how much.
pub struct Options {
    /// The binary of `cpis`.
    pub binary: PathBuf,
    /// This program, for the client.
    pub program: PathBuf,
    /// Folder on the disk to measure.
    pub folder: PathBuf,
    /// The database under the service.
    pub database: Kind,
    /// Plans in the database: those of memory and starts.
    pub plans: u64,
    /// Plans that are there when looks and files are measured; the rest comes afterwards.
    pub plans_asked: u64,
    /// Plans of the nation whose authorities send by MESH.
    pub nation_plans: u32,
    /// Looks of which that nation's authorities are told.
    pub nation_looks: u32,
    /// Plans of the smaller of two services of which the other has a hundred times as many.
    pub scale_plans: u64,
    /// Time of a burst.
    pub burst: Duration,
    /// Time of the sustained run.
    pub sustained: Duration,
    /// Rounds of the matrix.
    pub rounds: usize,
    /// The program of the build before: both builds are compared, and nothing else is measured.
    pub before: Option<PathBuf>,
    /// Rounds of two builds.
    pub builds_rounds: usize,
    /// Threads of the client.
    pub client_threads: usize,
    /// This scenario only.
    pub only: Option<String>,
    /// Go on when the disk says that the machine is too busy.
    pub even_if_busy: bool,
    /// Leave the data behind.
    pub keep: bool,
}

/// What came of a run.
pub struct Results {
    /// The figures, judged.
    pub figures: Vec<Figure>,
    /// Rows of the queries.
    pub reports: Vec<Report>,
}

struct Run<'a> {
    options: &'a Options,
    say: &'a dyn Fn(&str),
    world: World,
    serving: Serving,
    targets: Targets,
    results: Results,
    /// Files of those that bring all plans which were sent, and the plans in them.
    sent: (usize, u64),
    /// Answers of status 200 to looks so far.
    answered: u64,
    /// Looks that were not answered well so far.
    failed: u64,
    /// Answers before this process of the service was started.
    earlier: u64,
    flushes: Flushes,
    limits: Limits,
    pgbench: Option<Pgbench>,
}

/// Runs everything, or the scenario that was chosen.
pub fn run(options: &Options, say: &dyn Fn(&str)) -> Result<Results> {
    if let Some(before) = &options.before {
        return Ok(Results { figures: builds::run(options, before, say)?, reports: Vec::new() });
    }
    let chosen = options.only.as_deref();
    let mut results = match chosen {
        Some(nation::NAME | scale::NAME) => Results { figures: Vec::new(), reports: Vec::new() },
        _ => run_looks(options, say)?,
    };
    if chosen.is_none_or(|name| name == nation::NAME) {
        results.figures.extend(nation::run(options, say)?);
    }
    // Only when asked for: it loads some gigabytes first.
    if chosen == Some(scale::NAME) {
        results.figures.extend(scale::run(options, say)?);
    }
    Ok(results)
}

/// Everything about looks, and about files that come by HTTPS.
fn run_looks(options: &Options, say: &dyn Fn(&str)) -> Result<Results> {
    let mut world =
        World::make(&options.binary, &options.folder, options.database, (options.plans, options.plans_asked), say)?;
    if options.keep {
        world.keep();
        say(&format!("everything lies in {}", world.folder().display()));
    }
    let serving = Serving::start(&options.binary, &world)?;
    let first = world.ask_about(options.plans_asked);
    let sent = (first, fill(&mut world, &serving, 0..first, say)?);
    let targets = serving.targets(&world, &world.tokens());
    let results = Results { figures: Vec::new(), reports: Vec::new() };
    let probe = probe::probe(&options.folder, Duration::from_secs(2))?;
    let mut run = Run {
        options,
        say,
        world,
        serving,
        targets,
        results,
        sent,
        answered: 0,
        failed: 0,
        earlier: 0,
        flushes: probe.growing,
        limits: limits::of(options.database),
        pgbench: None,
    };
    run.check(&probe)?;
    if run.wants("queries") {
        run.make_pgbench()?;
        run.queries()?;
    }
    if run.wants("sustained") {
        run.sustained()?;
    }
    if run.wants("upload") || run.wants("mixed") {
        run.upload()?;
    }
    if run.wants("mixed") {
        run.mixed()?;
    }
    if run.wants("memory") || run.wants("start") {
        run.grow()?;
    }
    if run.wants("memory") {
        run.memory()?;
    }
    run.restarted()?;
    if run.wants("start") {
        run.killed()?;
    }
    run.end()
}

/// Uploads some of the files that bring all plans. Gives the plans in them.
pub(crate) fn fill(world: &mut World, serving: &Serving, files: Range<usize>, say: &dyn Fn(&str)) -> Result<u64> {
    let (all, begun, mut plans) = (world.batches.len(), Instant::now(), 0);
    for place in files {
        let batch = world.batches.get(place).cloned().context("there is no such file")?;
        let sent = send(world, serving, &batch, false)?;
        plans += batch.plans;
        say(&format!("upload {} of {all}: {} records in {:.2?}", place + 1, sent.records, sent.took));
    }
    let lagged = wait_for_applier(serving)?;
    say(&format!("{} more plans are there after {:.0?} (applier {lagged:.1?})", whole(plans as f64), begun.elapsed()));
    Ok(plans)
}

/// Sends an authority's next file.
pub(crate) fn send(world: &mut World, serving: &Serving, batch: &Batch, changed: bool) -> Result<Sent> {
    let token = world.authority_token(batch)?;
    let file = world.file(batch, changed)?;
    serving.send(&token, batch, &file)
}

pub(crate) fn lag(serving: &Serving) -> Result<f64> {
    Ok(serving.metric("cpis_applier_lag_entries")?.unwrap_or(0.0))
}

/// Waits until the applier has nothing left and its gauge had time to say so.
pub(crate) fn wait_for_applier(serving: &Serving) -> Result<Duration> {
    let begun = Instant::now();
    loop {
        if lag(serving)? == 0.0 {
            return Ok(begun.elapsed());
        }
        ensure!(begun.elapsed() < LAG_PATIENCE, "the applier does not catch up");
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl Run<'_> {
    fn wants(&self, name: &str) -> bool {
        self.options.only.as_deref().is_none_or(|only| only == name)
    }

    fn check(&self, probe: &Probe) -> Result<()> {
        if probe.is_too_busy() && !self.options.even_if_busy {
            bail!("machine too busy: a flush takes {}; try again later", time(probe.preallocated.p50_us));
        }
        Ok(())
    }

    fn push(&mut self, figure: Figure) {
        (self.say)(&format!("{}: {} {}", figure.name, figure.unit.words(figure.value), figure.beside));
        self.results.figures.push(figure);
    }

    fn client(&self) -> impl Fn(&Burst) -> Result<Outcome> + use<> {
        let program = self.options.program.clone();
        move |burst| crate::drive::in_own_process(&program, burst)
    }

    fn note(&mut self, outcome: &Outcome) {
        self.answered += outcome.answers_200;
        self.failed += outcome.errors();
    }

    fn load(&mut self, target: &Target, connections: usize, time: Duration) -> Result<Measured> {
        let burst = side::burst(self.options, target, connections, time);
        let measured = rounds::one(&burst, Some(self.serving.pid()), self.client())?;
        self.note(&measured.outcome);
        Ok(measured)
    }

    fn bare(&self, connections: usize) -> Result<f64> {
        let server = bare::serve(bare::router())?;
        let [target, _] = bare::targets(&server);
        Ok(self.client()(&side::burst(self.options, &target, connections, self.options.burst))?.answers_per_second)
    }

    fn rounds(
        &mut self,
        rounds: usize,
        connections: &[usize],
        targets: Vec<Target>,
        only: Option<&str>,
    ) -> Result<Report> {
        let plan = Plan {
            rounds,
            burst: self.options.burst,
            probe: Duration::from_secs(2),
            folder: self.options.folder.clone(),
            connections: connections.to_vec(),
            client_threads: self.options.client_threads,
            only: only.map(str::to_owned),
            even_if_busy: self.options.even_if_busy,
            targets,
            pid: Some(self.serving.pid()),
            beside: self.beside(),
        };
        let settle = || wait_for_applier(&self.serving).map(drop);
        let report = rounds::run(&plan, settle, self.client(), self.say)?;
        for row in report.rows.iter().filter(|row| row.name.starts_with("service")) {
            self.note(&row.median.outcome);
        }
        self.flushes = report.probe.growing;
        self.results.reports.push(report.clone());
        Ok(report)
    }

    /// Hit, miss and silent read at every number of connections; the hit at 64 in more rounds.
    fn queries(&mut self) -> Result<()> {
        let Targets { hit, miss, silent, .. } = self.targets.clone();
        let burst = self.rounds(BURST_ROUNDS, &[BURST_CONNECTIONS], vec![hit.clone()], Some("hit"))?;
        wait_for_applier(&self.serving)?;
        let matrix = self.rounds(self.options.rounds, &CONNECTIONS, vec![hit, miss, silent], None)?;
        let row = |report: &Report, connections| {
            report.row("service, hit", connections).map(|row| row.median.clone()).context("a row is missing")
        };
        let at_burst = row(&burst, BURST_CONNECTIONS)?;
        let ratio = at_burst.ratio.unwrap_or(f64::NAN);
        let two_flushes = 2.0 * burst.probe.growing.p50_us / 1e6;
        let rate = at_burst.outcome.answers_per_second;
        self.push(
            Figure::new("hit, 64 connections: share of the bare route", ratio, Unit::Share)
                .beside(format!("{}/s against {}/s", whole(rate), whole(rate / ratio)))
                .asked(self.limits.bare),
        );
        self.against_pgbench(rate, &[&burst, &matrix]);
        self.push(
            Figure::new("hit, 64 connections: p99", at_burst.outcome.p99_us / 1e6, Unit::Seconds)
                .beside(format!("two flushes {}; {}", time(two_flushes * 1e6), self.plans()))
                .asked(self.limits.p99.above(two_flushes)),
        );
        let single = row(&matrix, 1)?.outcome.p50_us;
        self.push(
            Figure::new("hit, one client: p50", single / 1e6, Unit::Seconds)
                .beside(format!("{:.1} flushes", single / matrix.probe.growing.p50_us.max(f64::EPSILON)))
                .asked(self.limits.single),
        );
        wait_for_applier(&self.serving)?;
        Ok(())
    }

    /// Hits of 64 authors for a minute: rate, the applier's lag, and bytes of disk a look.
    fn sustained(&mut self) -> Result<()> {
        self.stopped_and_started("before the sustained run")?;
        let (before, answered) = (self.world.database.bytes()?, self.answered);
        let bare = self.bare(BURST_CONNECTIONS)?;
        let probe = probe::probe(&self.options.folder, Duration::from_secs(2))?;
        self.check(&probe)?;
        self.flushes = probe.growing;
        (self.say)("sustained run");
        let target = self.targets.hit.clone();
        let measured = self.load(&target, BURST_CONNECTIONS, self.options.sustained)?;
        let lag = lag(&self.serving)?;
        let caught_up = wait_for_applier(&self.serving)?;
        let (rate, looks) = (measured.outcome.answers_per_second, self.answered - answered);
        let seconds = self.options.sustained.as_secs();
        self.push(
            Figure::new(
                format!("hit, 64 connections, sustained {seconds} s: share of the bare route"),
                rate / bare,
                Unit::Share,
            )
            .beside(format!("{}/s against {}/s; p99 {}", whole(rate), whole(bare), time(measured.outcome.p99_us)))
            .asked(self.limits.sustained),
        );
        self.push(
            Figure::new("applier's lag at its end, entries", lag, Unit::Count)
                .beside(format!("of {} looks", whole(looks as f64))),
        );
        self.push(Figure::new("until the applier has nothing left", caught_up.as_secs_f64(), Unit::Seconds));
        self.stopped_and_started("after the sustained run")?;
        let grown = self.world.database.bytes()?.saturating_sub(before);
        self.push(
            Figure::new("disk a look", grown as f64 / looks.max(1) as f64, Unit::Bytes)
                .beside(format!("{:.0} MiB more for {} looks", grown as f64 / MIB, whole(looks as f64)))
                .asked(self.limits.disk),
        );
        Ok(())
    }

    /// A file of 50,000 records that are all new, and the same with a tenth changed.
    fn upload(&mut self) -> Result<()> {
        let batch = self.world.new_people();
        for (changed, name) in [(false, "all new"), (true, "10 % changed")] {
            let probe = probe::probe(&self.options.folder, Duration::from_secs(1))?;
            self.check(&probe)?;
            let sent = send(&mut self.world, &self.serving, &batch, changed)?;
            let seconds = sent.took.as_secs_f64();
            let beside = format!(
                "{:.1} MiB, {} records/s; {} flushes/s",
                sent.bytes as f64 / MIB,
                whole(f64::from(sent.records) / seconds),
                whole(probe.growing.per_second)
            );
            self.push(
                Figure::new(
                    format!("upload of {} records, {name}", whole(f64::from(sent.records))),
                    seconds,
                    Unit::Seconds,
                )
                .beside(beside)
                .asked(self.limits.upload),
            );
        }
        wait_for_applier(&self.serving)?;
        Ok(())
    }

    /// Looks while files are applied: first one of people who are known from another authority, then the same with changes.
    fn mixed(&mut self) -> Result<()> {
        let target = self.targets.hit.clone();
        let alone = self.load(&target, MIXED_CONNECTIONS, self.options.burst)?.outcome;
        wait_for_applier(&self.serving)?;
        let batch = self.world.known_people();
        let token = self.world.authority_token(&batch)?;
        let files = [self.world.file(&batch, false)?, self.world.file(&batch, true)?, self.world.file(&batch, false)?];
        let duration_ms = self.options.burst.as_millis() as u64;
        let threads = self.options.client_threads;
        // The file begins to be applied with the timed part.
        let burst = Burst { target, connections: MIXED_CONNECTIONS, threads, warm_up_ms: 500, duration_ms };
        let (client, end) = (self.client(), Instant::now() + Duration::from_millis(500 + duration_ms));
        let mut sent = Vec::new();
        let outcome = std::thread::scope(|scope| -> Result<Outcome> {
            let driver = scope.spawn(|| client(&burst));
            std::thread::sleep(Duration::from_millis(500));
            for file in &files {
                if Instant::now() < end {
                    sent.push(self.serving.send(&token, &batch, file)?);
                }
            }
            driver.join().map_err(|_| anyhow::anyhow!("the client died"))?
        })?;
        self.note(&outcome);
        let taken: Vec<String> = sent.iter().map(|sent| format!("{:.2?}", sent.took)).collect();
        for (name, with, without) in [("p50", outcome.p50_us, alone.p50_us), ("p99", outcome.p99_us, alone.p99_us)] {
            self.push(
                Figure::new(format!("hit, 16 connections, while files are applied: {name}"), with / 1e6, Unit::Seconds)
                    .beside(format!("{} without; files answered after {}", time(without), taken.join(", "))),
            );
        }
        wait_for_applier(&self.serving)?;
        Ok(())
    }

    /// Sends the rest of the plans, and asks about them all.
    fn grow(&mut self) -> Result<()> {
        let all = self.world.ask_about(u64::MAX);
        let (sent, plans) = self.sent;
        if sent == all {
            return Ok(());
        }
        self.sent = (all, plans + fill(&mut self.world, &self.serving, sent..all, self.say)?);
        self.targets = self.serving.targets(&self.world, &self.world.tokens());
        let target = self.targets.hit.clone();
        let outcome = self.load(&target, BURST_CONNECTIONS, self.options.burst)?.outcome;
        self.push(
            Figure::new("hit, 64 connections, with all plans: p99", outcome.p99_us / 1e6, Unit::Seconds)
                .beside(format!("{}/s; {}", whole(outcome.answers_per_second), self.plans())),
        );
        wait_for_applier(&self.serving)?;
        Ok(())
    }

    /// The plans that are there, in words.
    fn plans(&self) -> String {
        format!("{} plans", whole(self.sent.1 as f64))
    }

    fn memory(&mut self) -> Result<()> {
        let bytes = process::private_bytes(self.serving.pid())?;
        let looks = self.answered - self.earlier;
        let entries = self.serving.metric("cpis_journal_entries")?.unwrap_or(0.0);
        let counts = format!("{}, {} looks answered by this process", self.plans(), whole(looks as f64));
        self.push(
            Figure::new("private memory", bytes as f64, Unit::Mebibytes)
                .beside(format!("{counts}, {} entries in the journal", whole(entries)))
                .asked(self.limits.memory),
        );
        Ok(())
    }
}
