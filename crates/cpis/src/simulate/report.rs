//! What came of a play as figures: for programs as they are, and the base of the page.

use super::door::{Door, Failure};
use super::figures::{Counts, Measured};
use super::run::{Limits, Ran};
use super::schedule::Play;
use crate::cli::Scenario;
use cpis_load::histogram::Histogram;
use cpis_load::machine::Machine;
use cpis_load::pace::End;
use cpis_load::words::{time, whole};
use cpis_model::Date;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// All figures of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Version of this program.
    pub program: &'static str,
    /// Where and when the load was made.
    pub machine: Machine,
    /// What was asked for.
    pub parameters: Parameters,
    /// Whether the whole schedule was played.
    pub complete: bool,
    /// Seconds from the beginning to the last answer.
    pub seconds: f64,
    /// Looks that the schedule had.
    pub planned: u64,
    /// Over all doors.
    pub all: Told,
    /// By door.
    pub doors: Vec<DoorTold>,
    /// How late this program itself handed looks over: if these are large, the machine of the client was too slow.
    pub client_late: Latency,
    /// What must not be; empty where the run is good.
    pub faults: Vec<String>,
}

/// What was asked for.
#[derive(Debug, Serialize)]
pub struct Parameters {
    /// The service.
    pub target: String,
    /// Which scenario.
    pub scenario: &'static str,
    /// Its day and time in London.
    pub from: String,
    /// How long it was to last in seconds.
    pub seconds: f64,
    /// How many times as many looks as England has.
    pub factor: f64,
    /// Which England.
    pub seed: u64,
    /// How many plans it has.
    pub plans: u32,
    /// The day for which it is made.
    pub made: String,
    /// Whether answers were compared with it.
    pub check: bool,
    /// People who asked in unscheduled and in scheduled care.
    pub askers: (usize, usize),
    /// Looks a second from those that waited, for a recovery.
    pub rate: Option<u32>,
    /// Connections at once.
    pub connections: u32,
    /// Looks under way at once.
    pub in_flight_max: u32,
    /// Milliseconds from when a look was due to its failure.
    pub timeout_ms: f64,
    /// Milliseconds that 99 of 100 looks at a door may take.
    pub p99_max_ms: Option<f64>,
    /// Looks that may fail.
    pub errors_max: u64,
}

impl Parameters {
    /// A row each, for people.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let millis = |millis: f64| time(millis * 1e3);
        let mut rows = vec![
            ("Service", self.target.clone()),
            ("Scenario", format!("{}, × {}", self.scenario, self.factor)),
            (
                "Played from",
                format!("{}, for {}", self.from, super::live::clock(Duration::from_secs_f64(self.seconds))),
            ),
            ("England", format!("seed {}, {} plans, made for {}", self.seed, whole(f64::from(self.plans)), self.made)),
            ("Answers checked", if self.check { "yes" } else { "no" }.to_owned()),
            ("People who ask", format!("{} in unscheduled, {} in scheduled care", self.askers.0, self.askers.1)),
            ("Connections at once", whole(f64::from(self.connections))),
            ("In flight at once", whole(f64::from(self.in_flight_max))),
            ("Time-out", format!("{} after it was due", millis(self.timeout_ms))),
            ("p99 at most", self.p99_max_ms.map_or_else(|| "not asked".to_owned(), millis)),
            ("Failures at most", whole(self.errors_max as f64)),
        ];
        rows.extend(self.rate.map(|rate| ("Looks that waited", format!("{rate} a second"))));
        rows
    }
}

/// What was counted.
#[derive(Debug, Serialize)]
pub struct Told {
    /// Were due.
    pub due: u64,
    /// Were sent.
    pub sent: u64,
    /// Found a record.
    pub record: u64,
    /// Found that none is held.
    pub no_record: u64,
    /// Gave a list of accesses.
    pub accesses: u64,
    /// Could not tell, for any of the reasons below.
    pub cannot_tell: u64,
    /// Gave a wrong answer.
    pub wrong: u64,
    /// Failures by kind.
    pub failures: BTreeMap<&'static str, u64>,
}

impl Told {
    fn of(counts: &Counts) -> Self {
        let wrong = counts.kinds().filter(|(failure, _)| failure.is_wrong()).map(|(_, count)| count).sum::<u64>();
        Self {
            due: counts.due,
            sent: counts.sent,
            record: counts.record,
            no_record: counts.no_record,
            accesses: counts.accesses,
            cannot_tell: counts.failures() - wrong,
            wrong,
            failures: counts.kinds().map(|(failure, count)| (failure.words(), count)).collect(),
        }
    }
}

/// Microseconds from when a question was due.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// How many were timed.
    pub count: u64,
    /// Half took at most this.
    pub p50_us: f64,
    /// 90 of 100.
    pub p90_us: f64,
    /// 99 of 100.
    pub p99_us: f64,
    /// 999 of 1,000.
    pub p999_us: f64,
    /// The slowest.
    pub max_us: f64,
}

impl Latency {
    fn of(histogram: &Histogram) -> Self {
        let share = |share| histogram.quantile(share) as f64 / 1e3;
        Self {
            count: histogram.count(),
            p50_us: share(0.5),
            p90_us: share(0.9),
            p99_us: share(0.99),
            p999_us: share(0.999),
            max_us: histogram.max() as f64 / 1e3,
        }
    }
}

/// One door.
#[derive(Debug, Serialize)]
pub struct DoorTold {
    /// Which.
    pub door: Door,
    /// What was counted.
    pub told: Told,
    /// Its latencies.
    pub latency: Latency,
    /// Parts of the time.
    pub parts: Vec<Part>,
}

/// A part of the time, by when questions were due.
#[derive(Debug, Serialize)]
pub struct Part {
    /// Seconds from the beginning.
    pub from_s: f64,
    /// Questions a second that were due.
    pub due_a_second: f64,
    /// Of those, rightly answered.
    pub answered_a_second: f64,
    /// Failures.
    pub failures: u64,
    /// Its latencies.
    pub latency: Latency,
}

/// What must hold.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Of the p99 of each door.
    pub p99_max: Option<Duration>,
    /// Of all failures.
    pub errors_max: u64,
}

impl Report {
    /// From what came of a run.
    pub fn new(ran: &Ran, run: &Run<'_>, machine: Machine) -> Self {
        let (parameters, asked) = (run.parameters(), run.asked);
        let length = Duration::from_secs_f64(parameters.seconds);
        let doors = ran.figures.doors.iter().map(|of_door| {
            let starts = (0u32..).map(|place| ran.slot * place);
            DoorTold {
                door: of_door.door,
                told: Told::of(&of_door.all.counts),
                latency: Latency::of(&of_door.all.latency),
                parts: starts.zip(&of_door.slots).map(|(start, slot)| part(start, ran.slot, length, slot)).collect(),
            }
        });
        let mut report = Self {
            program: concat!("cpis ", env!("CARGO_PKG_VERSION")),
            machine,
            parameters,
            complete: ran.end == End::Done,
            seconds: ran.took.as_secs_f64(),
            planned: ran.planned,
            all: Told::of(&ran.figures.counts()),
            doors: doors.collect(),
            client_late: Latency::of(&ran.figures.late),
            faults: Vec::new(),
        };
        report.faults = report.judged(&ran.figures.counts(), asked);
        report
    }

    fn judged(&self, counts: &Counts, asked: Asked) -> Vec<String> {
        let mut faults = Vec::new();
        for (failure, count) in counts.kinds().filter(|(failure, _)| failure.is_wrong()) {
            faults.push(format!("{}: {}", failure.words(), whole(count as f64)));
        }
        if counts.failures() > asked.errors_max {
            let (failures, most) = (whole(counts.failures() as f64), whole(asked.errors_max as f64));
            faults.push(format!("{failures} looks failed, and {most} may"));
        }
        for door in &self.doors {
            let most = asked.p99_max.map(|most| most.as_secs_f64() * 1e6);
            if let Some(most) = most.filter(|most| door.latency.p99_us > *most) {
                let (p99, name) = (time(door.latency.p99_us), door.door.name());
                faults.push(format!("p99 of {name} is {p99}, and may be {}", time(most)));
            }
        }
        if !self.complete {
            faults.push("It was ended before its time".to_owned());
        }
        faults
    }

    /// For people, some lines.
    pub fn words(&self) -> String {
        let mut text = String::new();
        let number = |count: u64| whole(count as f64);
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "{} of {} looks were due in {}.",
            number(self.doors.first().map_or(0, |door| door.told.due)),
            number(self.planned),
            super::live::clock(Duration::from_secs_f64(self.seconds))
        );
        for DoorTold { door, told, latency, .. } in self.doors.iter().filter(|door| door.told.due > 0) {
            let answers = match door {
                Door::CareTeam => format!("{} record, {} no record", number(told.record), number(told.no_record)),
                Door::AuditEvent => format!("{} lists of accesses", number(told.accesses)),
            };
            let (cannot_tell, wrong) = (number(told.cannot_tell), number(told.wrong));
            let _ = writeln!(text, "{:<11} {answers}, {cannot_tell} cannot tell, {wrong} wrong", door.name());
            let _ = writeln!(
                text,
                "            p50 {}, p90 {}, p99 {}, p99.9 {}, max {}",
                time(latency.p50_us),
                time(latency.p90_us),
                time(latency.p99_us),
                time(latency.p999_us),
                time(latency.max_us)
            );
        }
        let _ = writeln!(
            text,
            "This program handed looks over late by p50 {}, p99 {}, max {}.",
            time(self.client_late.p50_us),
            time(self.client_late.p99_us),
            time(self.client_late.max_us)
        );
        let failures = Failure::ALL.into_iter().filter_map(|failure| {
            let words = failure.words();
            self.all.failures.get(words).map(|count| (words, *count))
        });
        for (words, count) in failures {
            let _ = writeln!(text, "Failure: {words}: {}", number(count));
        }
        if self.faults.is_empty() {
            let _ = writeln!(text, "Good: every look was answered, and all that was asked holds.");
        }
        for fault in &self.faults {
            let _ = writeln!(text, "Not good: {fault}.");
        }
        text
    }

    /// Whether nothing is that must not be.
    pub fn is_good(&self) -> bool {
        self.faults.is_empty()
    }
}

fn part(start: Duration, slot: Duration, length: Duration, measured: &Measured) -> Part {
    // The last part may be shorter than the others.
    let seconds = slot.min(length.saturating_sub(start)).as_secs_f64().max(0.001);
    Part {
        from_s: start.as_secs_f64(),
        due_a_second: measured.counts.due as f64 / seconds,
        answered_a_second: measured.counts.answered() as f64 / seconds,
        failures: measured.counts.failures(),
        latency: Latency::of(&measured.latency),
    }
}

/// The parameters of a run.
pub struct Run<'a> {
    /// What is played.
    pub play: &'a Play,
    /// How long it lasts.
    pub length: Duration,
    /// Seed, plans and day of the England that is played.
    pub england: (u64, u32, Date),
    /// Whether answers are compared with it.
    pub check: bool,
    /// The service.
    pub target: &'a str,
    /// People who ask in unscheduled and in scheduled care.
    pub askers: (usize, usize),
    /// Limits.
    pub limits: Limits,
    /// What must hold.
    pub asked: Asked,
}

impl Run<'_> {
    /// As they are told.
    pub fn parameters(&self) -> Parameters {
        let Self { play, limits, asked, .. } = self;
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let (seed, plans, made) = self.england;
        Parameters {
            target: self.target.to_owned(),
            scenario: play.scenario.name(),
            from: format!("{} {}", play.date, play.from.strftime("%H:%M")),
            seconds: self.length.as_secs_f64(),
            factor: play.factor,
            seed,
            plans,
            made: made.to_string(),
            check: self.check,
            askers: self.askers,
            rate: (play.scenario == Scenario::Recovery).then_some(play.rate),
            connections: limits.connections,
            in_flight_max: limits.in_flight_max,
            timeout_ms: millis(limits.timeout),
            p99_max_ms: asked.p99_max.map(millis),
            errors_max: asked.errors_max,
        }
    }
}
