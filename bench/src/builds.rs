//! Two builds beside each other: is anything slower than in the build before?
//!
//! Each fills a database of its own through its own doors. Then both are measured in turn, burst by burst, now one first and now the
//! other, so that what the machine does meanwhile falls on both. What is judged is the median of all turns' ratios. With the same program
//! twice it tells how far the machine strays by itself.

use crate::judge::{Figure, Limit, Unit};
use crate::load::Outcome;
use crate::process;
use crate::rounds::middle;
use crate::scenarios::ends::kill_under_load;
use crate::scenarios::{self, BURST_CONNECTIONS, CONNECTIONS, Options, lag};
use crate::serving::Targets;
use crate::settings::Target;
use crate::side::Side;
use crate::world::Batch;
use anyhow::{Result, anyhow};
use std::path::Path;
use std::time::{Duration, Instant};

/// Names for `--only`.
pub const PARTS: [&str; 4] = ["queries", "upload", "start", "sustained"];
/// A row may cost so much more than in the build before.
const COST_MAX: f64 = 1.05;
/// The burst whose p99 is a figure by itself.
const FIGURE: (&str, usize) = ("hit", BURST_CONNECTIONS);
/// The share of a burst's time that a turn takes: the sooner the other build has its turn, the more alike is the machine.
const BURST_SHARE: u32 = 2;
/// The share of the rounds of bursts that the sustained run, which takes the longest, has.
const SUSTAINED_SHARE: usize = 2;

/// What is asked in a burst.
struct Question {
    name: &'static str,
    target: fn(&Targets) -> &Target,
}

const QUESTIONS: [Question; 3] = [
    Question { name: "hit", target: |targets| &targets.hit },
    Question { name: "miss", target: |targets| &targets.miss },
    Question { name: "silent read", target: |targets| &targets.silent },
];

/// Something that costs, in the build before and in this one; the less, the better.
struct Row {
    name: String,
    unit: Unit,
    judged: bool,
    turns: Vec<[f64; 2]>,
}

#[derive(Default)]
struct Rows(Vec<Row>);

impl Rows {
    fn judged(&mut self, name: impl Into<String>, unit: Unit, costs: [f64; 2]) {
        self.keep(name, unit, true, costs);
    }

    fn told(&mut self, name: impl Into<String>, unit: Unit, costs: [f64; 2]) {
        self.keep(name, unit, false, costs);
    }

    fn keep(&mut self, name: impl Into<String>, unit: Unit, judged: bool, costs: [f64; 2]) {
        let name = name.into();
        match self.0.iter_mut().find(|row| row.name == name) {
            Some(row) => row.turns.push(costs),
            None => self.0.push(Row { name, unit, judged, turns: vec![costs] }),
        }
    }
}

impl Row {
    /// Cost over that of the build before.
    fn figure(&self) -> Figure {
        let of = |side: fn(&[f64; 2]) -> f64| middle(self.turns.iter().map(side)).unwrap_or(f64::NAN);
        let ratio = |turn: &[f64; 2]| turn[1] / turn[0];
        let mut ratios: Vec<f64> = self.turns.iter().map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let (low, high) = ((ratios.len() - 1) / 4, ratios.len() - 1 - (ratios.len() - 1) / 4);
        let at = |place: usize| ratios.get(place).copied().unwrap_or(f64::NAN);
        let words = |cost| self.unit.words(cost);
        let figure = Figure::new(self.name.clone(), of(ratio), Unit::Share).beside(format!(
            "{} before, {} now; half of {} turns within {} and {}",
            words(of(|turn| turn[0])),
            words(of(|turn| turn[1])),
            self.turns.len(),
            Unit::Share.words(at(low)),
            Unit::Share.words(at(high))
        ));
        if self.judged { figure.floor(Limit::AtMost(COST_MAX)) } else { figure }
    }
}

/// Two services, and what came of them so far.
struct Run<'a> {
    options: &'a Options,
    say: &'a dyn Fn(&str),
    sides: [Side; 2],
    rows: Rows,
}

/// Does one round of a part.
type Act<'a> = fn(&mut Run<'a>, usize) -> Result<()>;

/// Runs it: the program of the build before, and the one that is measured otherwise.
pub fn run(options: &Options, before: &Path, say: &dyn Fn(&str)) -> Result<Vec<Figure>> {
    let make = |binary| Side::make(options, binary, options.plans, say);
    let sides = [make(before)?, make(&options.binary)?];
    let mut run = Run { options, say, sides, rows: Rows::default() };
    let rounds = options.builds_rounds;
    let wants = |part: &str| options.only.as_deref().is_none_or(|only| only == part);
    run.fill()?;
    let acts: [(usize, Act<'_>); 4] = [
        (rounds, Run::queries),
        (rounds, Run::changes),
        (rounds, Run::starts),
        (rounds.div_ceil(SUSTAINED_SHARE), Run::sustained),
    ];
    for (part, (rounds, act)) in PARTS.into_iter().zip(acts).filter(|(part, _)| wants(part)) {
        for round in 0..rounds {
            say(&format!("{part}: round {} of {rounds}", round + 1));
            act(&mut run, round)?;
        }
    }
    for side in &mut run.sides {
        side.serving.stop()?;
    }
    Ok(run.rows.0.iter().map(Row::figure).collect())
}

impl Run<'_> {
    /// Both in turn: in even rounds the build before goes first.
    fn both<T>(&mut self, round: usize, mut act: impl FnMut(&Options, &mut Side) -> Result<T>) -> Result<[T; 2]> {
        let [before, now] = &mut self.sides;
        if round.is_multiple_of(2) {
            let first = act(self.options, before)?;
            Ok([first, act(self.options, now)?])
        } else {
            let first = act(self.options, now)?;
            Ok([act(self.options, before)?, first])
        }
    }

    /// The files that bring all plans.
    fn fill(&mut self) -> Result<()> {
        for round in 0..self.sides[0].world.batches.len() {
            let taken = self.both(round, |_, side| {
                let batch = side.world.batches.get(round).cloned().ok_or_else(|| anyhow!("the worlds differ"))?;
                send(side, &batch, false)
            })?;
            (self.say)(&format!("file {} of {}", round + 1, self.sides[0].world.batches.len()));
            self.rows.judged("upload, all new: a thousand records", Unit::Seconds, taken);
        }
        Ok(())
    }

    fn changes(&mut self, round: usize) -> Result<()> {
        let taken = self.both(round, |_, side| {
            let batch = side.world.known_people();
            send(side, &batch, round.is_multiple_of(2))
        })?;
        // The first file tells of people whom this authority did not know.
        if round > 0 {
            self.rows.judged("upload, 10 % changed: a thousand records", Unit::Seconds, taken);
        }
        Ok(())
    }

    fn queries(&mut self, round: usize) -> Result<()> {
        for Question { name, target } in QUESTIONS {
            for connections in CONNECTIONS {
                let measured = self.both(round, |options, side| {
                    let measured =
                        side.burst(options, target(&side.targets), connections, options.burst / BURST_SHARE)?;
                    side.settle()?;
                    Ok(measured)
                })?;
                let row = |what: &str| format!("{name}, {connections}: {what}");
                let outcomes = measured.each_ref().map(|measured| &measured.outcome);
                let times = outcomes.map(|outcome| 1.0 / outcome.answers_per_second);
                self.rows.judged(row("time for each answer"), Unit::Seconds, times);
                self.rows.told(row("p50"), Unit::Seconds, outcomes.map(|outcome| outcome.p50_us / 1e6));
                self.rows.keep(
                    row("p99"),
                    Unit::Seconds,
                    (name, connections) == FIGURE,
                    outcomes.map(|outcome| outcome.p99_us / 1e6),
                );
                let processor = measured.map(|measured| measured.server_cpu_us.unwrap_or(f64::NAN) / 1e6);
                self.rows.told(row("processor time of an answer"), Unit::Seconds, processor);
            }
        }
        Ok(())
    }

    fn sustained(&mut self, round: usize) -> Result<()> {
        let told = self.both(round, Sustained::run)?;
        let name = |what: &str| format!("hit, {BURST_CONNECTIONS}, sustained: {what}");
        let (rows, of) = (&mut self.rows, |figure: fn(&Sustained) -> f64| told.each_ref().map(figure));
        rows.judged(name("time for each answer"), Unit::Seconds, of(|told| 1.0 / told.outcome.answers_per_second));
        rows.told(name("p99"), Unit::Seconds, of(|told| told.outcome.p99_us / 1e6));
        rows.told(name("entries that the applier is behind"), Unit::Count, of(|told| told.behind));
        rows.judged(name("until nothing is left"), Unit::Seconds, of(|told| told.caught_up.as_secs_f64()));
        rows.judged("private memory", Unit::Mebibytes, of(|told| told.memory as f64));
        rows.judged("disk a look", Unit::Bytes, of(|told| told.grown as f64 / told.outcome.answers_200 as f64));
        Ok(())
    }

    /// A clean start, and one after `kill -9` at another point of the load in each round.
    fn starts(&mut self, round: usize) -> Result<()> {
        let clean = self.both(round, |_, side| {
            side.serving.stop()?;
            side.start()?;
            Ok(side.serving.ready_after.as_secs_f64())
        })?;
        self.rows.judged("start after a clean stop", Unit::Seconds, clean);
        let after = Duration::from_millis(1_000 + 250 * round as u64);
        let killed = self.both(round, |options, side| {
            kill_under_load(options, &mut side.serving, &side.targets, after)?;
            side.start()?;
            Ok(side.serving.ready_after.as_secs_f64())
        })?;
        self.rows.judged("start after kill -9 under load", Unit::Seconds, killed);
        Ok(())
    }
}

/// What came of a sustained run by a fresh process.
struct Sustained {
    outcome: Outcome,
    behind: f64,
    caught_up: Duration,
    memory: u64,
    grown: u64,
}

impl Sustained {
    fn run(options: &Options, side: &mut Side) -> Result<Self> {
        side.serving.stop()?;
        let before = side.world.database.bytes()?;
        side.start()?;
        let outcome = side.burst(options, &side.targets.hit, BURST_CONNECTIONS, options.sustained)?.outcome;
        let (behind, begun) = (lag(&side.serving)?, Instant::now());
        side.settle()?;
        let caught_up = begun.elapsed();
        let memory = process::private_bytes(side.serving.pid())?;
        side.serving.stop()?;
        let grown = side.world.database.bytes()?.saturating_sub(before);
        side.start()?;
        Ok(Self { outcome, behind, caught_up, memory, grown })
    }
}

/// Sends a file. Seconds for a thousand records.
fn send(side: &mut Side, batch: &Batch, changed: bool) -> Result<f64> {
    let sent = scenarios::send(&mut side.world, &side.serving, batch, changed)?;
    side.settle()?;
    Ok(sent.took.as_secs_f64() * 1e3 / f64::from(sent.records))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Verdict;

    fn row(judged: bool, turns: &[[f64; 2]]) -> Row {
        Row { name: "a".into(), unit: Unit::Seconds, judged, turns: turns.to_vec() }
    }

    #[test]
    fn a_row_is_judged_by_the_median_of_its_turns() {
        // The machine was slow in the second turn, for both.
        let figure = row(true, &[[1.0, 1.02], [3.0, 3.03], [1.0, 1.20]]).figure();
        assert_eq!(figure.verdict, Verdict::FloorMet);
        assert_eq!(figure.beside, "1.00 s before, 1.20 s now; half of 3 turns within 101.0 % and 120.0 %");
        assert_eq!(row(true, &[[1.0, 1.06]]).figure().verdict, Verdict::FloorMissed);
        assert_eq!(row(false, &[[1.0, 9.0]]).figure().verdict, Verdict::None);
        assert_eq!(row(true, &[[0.0, 0.0]]).figure().verdict, Verdict::FloorMissed);
    }

    #[test]
    fn turns_of_one_name_are_one_row() {
        let mut rows = Rows::default();
        rows.judged("a", Unit::Seconds, [1.0, 1.0]);
        rows.told("b", Unit::Count, [1.0, 1.0]);
        rows.judged("a", Unit::Seconds, [2.0, 2.0]);
        assert_eq!(rows.0.iter().map(|row| row.turns.len()).collect::<Vec<_>>(), [2, 1]);
    }
}
