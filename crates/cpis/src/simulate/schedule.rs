//! What is due when: a scenario as a list of looks in order of time, made before the first is sent.

use crate::cli::{Scenario, Simulate};
use crate::fault::{Fault, Kind, Result};
use cpis_model::nhs_number::{NhsNumber, Range};
use cpis_model::organisation::OdsCode;
use cpis_model::time::{days_after, london_day, london_moment};
use cpis_model::{Date, Timestamp};
use jiff::civil::{Time, Weekday};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::time::Duration;

/// Looks of a run at most: so many are held in memory.
const LOOKS_MAX: usize = 5_000_000;
/// Clinics that fetch their lists.
const LISTS: f64 = 1_200.0;
/// Their beginnings are the same in each run.
const LISTS_SEED: u64 = 800;
/// Patients of a list.
const LIST_LOOKS: u32 = 30;
/// A list asks for the next patient after so long, without waiting for the answer.
const LIST_GAP: Duration = Duration::from_millis(100);
/// How long nobody could look before a recovery.
const OUTAGE: Duration = Duration::from_hours(4);
/// The Monday is the first from this day of January on.
const MID_JANUARY: i8 = 10;
/// Days that are searched for people at most.
const DAYS_MAX: i32 = 1_000;

/// A number of the range 999, which no patient has. No other is ever asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TestNumber(NhsNumber);

impl TestNumber {
    /// The number, if it is one of the range.
    pub fn new(number: NhsNumber) -> Option<Self> {
        (number.range() == Range::Test).then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> NhsNumber {
        self.0
    }
}

/// A look that is due.
#[derive(Clone, Copy)]
pub struct Look {
    /// Whom it is about.
    pub number: TestNumber,
    /// Where it is made.
    pub site: OdsCode,
    /// Whether it is from scheduled care: a silent read.
    pub scheduled: bool,
    /// Whether the accesses are asked for once a record is found.
    pub reads_accesses: bool,
    /// Whether a record must be found; `None` where that is not checked.
    pub has_plan: Option<bool>,
}

#[cfg(test)]
impl Look {
    /// A look at a site of the register, without a check.
    pub fn of_test(number: &str) -> Self {
        let number = TestNumber::new(number.parse().unwrap()).unwrap();
        Self { number, site: "RAL01".parse().unwrap(), scheduled: false, reads_accesses: true, has_plan: None }
    }
}

/// Somebody who comes somewhere.
#[derive(Clone, Copy)]
pub struct Arrival {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub number: NhsNumber,
    /// Where.
    pub site: OdsCode,
    /// Whether a record must be found; `None` where that is not checked.
    pub has_plan: Option<bool>,
}

/// What is played.
#[derive(Clone, Debug, PartialEq)]
pub struct Play {
    /// Which scenario.
    pub scenario: Scenario,
    /// Its day.
    pub date: Date,
    /// When it begins on that day.
    pub from: Time,
    /// How long it lasts; `None` until nothing waits.
    pub span: Option<Duration>,
    /// How many times as many looks as England has.
    pub factor: f64,
    /// Looks a second from those that waited.
    pub rate: u32,
}

impl Play {
    /// What the command line asks for, on this day.
    pub fn of(arguments: &Simulate, today: Date) -> Self {
        let scenario = arguments.scenario;
        let (hour, span) = match scenario {
            Scenario::WinterMonday => (10, Some(Duration::from_hours(1))),
            Scenario::Prefetch => (8, Some(Duration::from_secs(30))),
            Scenario::Recovery => (14, None),
            Scenario::Day => (0, Some(Duration::from_hours(24))),
        };
        let day = match scenario {
            Scenario::WinterMonday | Scenario::Recovery => winter_monday(today),
            Scenario::Prefetch | Scenario::Day => today,
        };
        Self {
            scenario,
            date: arguments.date.unwrap_or(day),
            from: arguments.from.unwrap_or(Time::MIN.saturating_add(Duration::from_hours(hour))),
            span: arguments.span.or(arguments.hours).or(span),
            factor: arguments.factor,
            rate: arguments.rate,
        }
    }
}

/// The looks of a run.
pub struct Schedule {
    /// When each is due, counted from the beginning, in order.
    pub looks: Vec<(Duration, Look)>,
    /// How long the play lasts.
    pub length: Duration,
}

/// The list of a play. `day` gives the arrivals of a day in order of time, as many as the factor asks for.
pub fn schedule<I: Iterator<Item = Arrival>>(play: &Play, day: impl Fn(Date) -> I) -> Result<Schedule> {
    schedule_of(play, day, LOOKS_MAX)
}

fn schedule_of<I: Iterator<Item = Arrival>>(
    play: &Play,
    day: impl Fn(Date) -> I,
    looks_max: usize,
) -> Result<Schedule> {
    let begin = london_moment(play.date.to_datetime(play.from))
        .ok_or_else(|| Fault::new(Kind::Usage, "There is no such moment in London: choose another --from"))?;
    let mut list = List { play, looks: Vec::new(), looks_max };
    let length = match (play.scenario, play.span) {
        (Scenario::Prefetch, span) => prefetch(&mut list, day, span.unwrap_or_default())?,
        (Scenario::Recovery, span) => {
            for arrival in between(begin.saturating_sub(OUTAGE).unwrap_or(begin), OUTAGE, &day) {
                let due = Duration::from_secs(1) * list.looks.len() as u32 / play.rate;
                list.add(due, arrival)?;
            }
            let length = span.unwrap_or_else(|| Duration::from_secs(1) * list.looks.len() as u32 / play.rate);
            list.looks.retain(|(due, _)| *due < length);
            live(&mut list, begin, length, &day)?;
            length
        }
        (_, span) => {
            let length = span.unwrap_or_default();
            live(&mut list, begin, length, &day)?;
            length
        }
    };
    let mut looks = list.looks;
    if looks.is_empty() {
        let what = "Nothing is due in that time";
        return Err(Fault::new(Kind::Usage, what).mend("Choose a longer time (--for) or a larger --factor."));
    }
    looks.sort_by_key(|(due, _)| *due);
    Ok(Schedule { looks, length })
}

/// Looks at the moments at which people come.
fn live<I: Iterator<Item = Arrival>>(
    list: &mut List<'_>,
    begin: Timestamp,
    length: Duration,
    day: &impl Fn(Date) -> I,
) -> Result<()> {
    for arrival in between(begin, length, day) {
        let due = Duration::try_from(arrival.at.duration_since(begin)).unwrap_or_default();
        list.add(due, arrival)?;
    }
    Ok(())
}

/// Lists that begin at any moment of the time, such that the last ends with it.
fn prefetch<I: Iterator<Item = Arrival>>(
    list: &mut List<'_>,
    day: impl Fn(Date) -> I,
    length: Duration,
) -> Result<Duration> {
    let mut chance = Xoshiro256PlusPlus::seed_from_u64(LISTS_SEED);
    let gap = LIST_GAP.min(length / LIST_LOOKS);
    let latest = length.saturating_sub(gap * LIST_LOOKS).as_secs_f64();
    let (first, lists) = (list.play.date, (LISTS * list.play.factor).ceil() as u64);
    let mut people = (0..DAYS_MAX).flat_map(|later| day(days_after(first, later)));
    for _ in 0..lists {
        let start = Duration::from_secs_f64(chance.random_range(0.0..=latest));
        let mut site = None;
        for place in 0..LIST_LOOKS {
            let Some(person) = people.next() else { break };
            let site = *site.get_or_insert(person.site);
            list.add(start + gap * place, Arrival { site, ..person })?;
        }
    }
    Ok(length)
}

/// Who comes from a moment on for so long.
fn between<I: Iterator<Item = Arrival>>(
    begin: Timestamp,
    length: Duration,
    day: &impl Fn(Date) -> I,
) -> impl Iterator<Item = Arrival> {
    let end = begin.saturating_add(length).unwrap_or(begin);
    let first = london_day(begin);
    let days = (0..).map(move |later| days_after(first, later)).take_while(move |date| *date <= london_day(end));
    let arrivals = days.flat_map(day).skip_while(move |arrival| arrival.at < begin);
    arrivals.take_while(move |arrival| arrival.at < end)
}

/// Looks as they are collected.
struct List<'a> {
    play: &'a Play,
    looks: Vec<(Duration, Look)>,
    looks_max: usize,
}

impl List<'_> {
    fn add(&mut self, due: Duration, arrival: Arrival) -> Result<()> {
        if self.looks.len() == self.looks_max {
            let what = format!("More than {} looks are due in that time", self.looks_max);
            return Err(Fault::new(Kind::Usage, what).mend("Choose a shorter time (--for) or a smaller --factor."));
        }
        let number = TestNumber::new(arrival.number)
            .ok_or_else(|| Fault::failed("Somebody has a number outside the range 999. Nothing was asked."))?;
        let is_list = self.play.scenario == Scenario::Prefetch;
        let Arrival { site, has_plan, .. } = arrival;
        self.looks.push((due, Look { number, site, scheduled: is_list, reads_accesses: !is_list, has_plan }));
        Ok(())
    }
}

/// The next first Monday from the middle of January on.
fn winter_monday(today: Date) -> Date {
    let of = |year: i16| {
        let day = Date::new(year, 1, MID_JANUARY).unwrap_or(today);
        (0..7).map(|later| days_after(day, later)).find(|day| day.weekday() == Weekday::Monday).unwrap_or(day)
    };
    let this = of(today.year());
    if this >= today { this } else { of(today.year() + 1) }
}

#[cfg(test)]
mod tests;
