//! `cpis adt simulate`: a hospital's system for a day. It sends a message until it is accepted, as such systems do, and says at
//! the end what a gateway should have made of it.

use super::day::{Department, Planned};
use super::link::{Delivery, Link};
use super::tally::Tally;
use crate::cli::AdtSimulate;
use crate::fault::Result;
use crate::{progress, say, synth};
use cpis_app::{Clock, SystemClock};
use cpis_format_hl7v2::{Decision, Profile, Received, adt, read, should_ask};
use cpis_model::Timestamp;
use cpis_model::nhs_number::NhsNumber;
use jiff::SignedDuration;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::Instant;

/// Messages a second where nothing else is said.
const PER_SECOND: f64 = 10.0;
/// How long a system stands still in a burst.
const BURST: i64 = 3_600;

/// Visits of one person that begin within this time at one site are one attendance.
const ONE_ATTENDANCE: SignedDuration = SignedDuration::from_hours(4);

/// What a gateway with the default profile should make of the day.
#[derive(Default)]
struct Expected {
    asked: BTreeSet<String>,
    /// When somebody was asked about last, by number.
    last: BTreeMap<NhsNumber, Timestamp>,
    /// Visits that follow another one of the same person.
    joined: u64,
    held: BTreeSet<String>,
    not_asked: BTreeMap<&'static str, u64>,
}

impl Expected {
    fn add(&mut self, message: &[u8], profile: &Profile, now: Timestamp) {
        let Ok(Received::Adt(adt)) = read(message, profile) else { return };
        let visit = adt.visit.as_ref().and_then(|visit| visit.number.as_ref()).map(|number| number.value.to_string());
        match should_ask(&adt, profile, now) {
            Decision::Ask(ask) => {
                let is_new = visit.is_some_and(|visit| self.asked.insert(visit));
                let Some(number) = ask.number.ok().map(|found| found.number).filter(|_| is_new) else { return };
                let before = self.last.insert(number, ask.started);
                let follows = before.is_some_and(|before| ask.started.duration_since(before) < ONE_ATTENDANCE);
                self.joined += u64::from(follows);
            }
            Decision::Hold { .. } => {
                self.held.extend(visit);
            }
            Decision::No(why) => *self.not_asked.entry(why.code()).or_default() += 1,
            Decision::Apply(_) => {}
        }
    }
}

/// Plays the day.
pub async fn run(arguments: &AdtSimulate) -> Result<ExitCode> {
    let mut link = Link::new(&arguments.feed)?;
    let england = synth::england(&arguments.world);
    let date = arguments.date.unwrap_or_else(|| england.today());
    let mut department = Department::of(&england, date, &arguments.department);
    together(&mut department.messages, arguments.bursts);
    let profile = profile();
    let bar = progress::bar("sending", department.messages.len() as u64, progress::COUNT);
    let (mut tally, mut expected, mut deviations) = (Tally::default(), Expected::default(), BTreeMap::new());
    let mut pace = Pace::new(arguments, department.messages.first().map(|first| first.at));
    let (mut repeats, mut owed, mut gave_up) = (0_u64, 0_u32, false);
    for planned in &department.messages {
        pace.wait(planned.at).await;
        let now = SystemClock.now();
        let message = planned.draft.bytes(now);
        expected.add(&message, &profile, now);
        if let Some(deviation) = planned.deviation {
            *deviations.entry(deviation).or_insert(0_u64) += 1;
        }
        let delivery = until_accepted(&mut link, &message, arguments.give_up, &mut tally).await;
        gave_up = !delivery.is_final();
        tally.add(adt::head(&message, &profile).as_ref(), &delivery);
        bar.inc(1);
        if gave_up {
            break;
        }
        owed += arguments.repeats.0;
        if owed >= 10_000 {
            owed -= 10_000;
            repeats += 1;
            until_accepted(&mut link, &message, arguments.give_up, &mut tally).await;
        }
    }
    bar.finish_and_clear();
    let summary = Summary { department, tally, expected, deviations, repeats, connections: link.connections() };
    say::line(if arguments.json { summary.json() } else { summary.words() });
    if gave_up {
        say::aside(format_args!("A message was not accepted for {} s, and the rest was not sent.", arguments.give_up));
    }
    Ok(if !gave_up && summary.tally.all_accepted() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// As a gateway's feed for such a system has it.
fn profile() -> Profile {
    Profile::from_toml("test_numbers = true").unwrap_or_default()
}

/// Sends a message until it is accepted or rejected, or the time is up.
async fn until_accepted(link: &mut Link, message: &[u8], give_up: u64, tally: &mut Tally) -> Delivery {
    let header = adt::head(message, &Profile::default());
    let until = Instant::now() + Duration::from_secs(give_up);
    loop {
        let delivery = link.deliver(message, header.as_ref()).await;
        if delivery.is_final() || Instant::now() >= until {
            return delivery;
        }
        tally.again();
        link.pause().await;
    }
}

/// Messages of some hours come together at the end of theirs.
fn together(messages: &mut [Planned], bursts: u8) {
    let Some((first, last)) = messages.first().zip(messages.last()) else { return };
    let (first, last) = (first.at.as_second(), last.at.as_second());
    for burst in 1..=i64::from(bursts) {
        let from = first + (last - first) * burst / (i64::from(bursts) + 1);
        let end = Timestamp::from_second(from + BURST).unwrap_or(Timestamp::MAX);
        let within = |message: &&mut Planned| (from..from + BURST).contains(&message.at.as_second());
        messages.iter_mut().filter(within).for_each(|message| message.at = end);
    }
    messages.sort_by_key(|message| message.at);
}

/// When a message is due.
enum Pace {
    Even { step: Duration, next: Instant },
    Lifelike { began: Instant, first: Timestamp, speed: f64 },
}

impl Pace {
    fn new(arguments: &AdtSimulate, first: Option<Timestamp>) -> Self {
        let now = Instant::now();
        if let Some((speed, first)) = arguments.speed.zip(first) {
            return Self::Lifelike { began: now, first, speed };
        }
        let rate = arguments.per_second.unwrap_or(PER_SECOND).clamp(0.001, 1_000_000.0);
        Self::Even { step: Duration::from_secs_f64(1.0 / rate), next: now }
    }

    async fn wait(&mut self, at: Timestamp) {
        match self {
            Self::Even { step, next } => {
                tokio::time::sleep_until(*next).await;
                // Time that was lost is made up for, as by a system whose queue has grown.
                *next += *step;
            }
            Self::Lifelike { began, first, speed } => {
                let into = at.duration_since(*first).as_secs_f64().max(0.0) / *speed;
                tokio::time::sleep_until(*began + Duration::from_secs_f64(into)).await;
            }
        }
    }
}

struct Summary {
    department: Department,
    tally: Tally,
    expected: Expected,
    deviations: BTreeMap<&'static str, u64>,
    repeats: u64,
    connections: u64,
}

impl Summary {
    fn words(&self) -> String {
        let list = |counts: &BTreeMap<&'static str, u64>| {
            counts.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", ")
        };
        format!(
            "{}\nrepeated though accepted: {}\nconnections: {}\nvisits: {}, with a plan: {}\n\
             a gateway asks about: {}, of which {} follow another of the same person; it waits for a number of: {}\nnot asked: {}\ndeviations: {}",
            self.tally.words(),
            self.repeats,
            self.connections,
            self.department.visits,
            self.department.with_plan,
            self.expected.asked.len(),
            self.expected.joined,
            self.expected.held.difference(&self.expected.asked).count(),
            list(&self.expected.not_asked),
            list(&self.deviations),
        )
    }

    fn json(&self) -> String {
        let mut summary = self.tally.json();
        if let Some(fields) = summary.as_object_mut() {
            for (name, value) in [
                ("repeated", json!(self.repeats)),
                ("connections", json!(self.connections)),
                ("visits", json!(self.department.visits)),
                ("visits_with_plan", json!(self.department.with_plan)),
                ("asks", json!(self.expected.asked.len())),
                ("asks_joined", json!(self.expected.joined)),
                ("waits_for_number", json!(self.expected.held.difference(&self.expected.asked).count())),
                ("not_asked", json!(self.expected.not_asked)),
                ("deviations", json!(self.deviations)),
            ] {
                fields.insert(name.to_owned(), value);
            }
        }
        summary.to_string()
    }
}
