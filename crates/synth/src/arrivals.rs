//! Who attends on a day: where, when, and how they came. Children on plans attend about twice as often as others; some of them
//! are seen at several places within days.

use crate::cases::Case;
use crate::catchments::CATCHMENTS;
use crate::demographics::State;
use crate::england::England;
use crate::number::mixed;
use crate::others::{child, woman};
use crate::person::SynthPerson;
use crate::published::{Draw, PUBLISHED, band, rows};
use crate::stories::Story;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::Site;
use cpis_model::plan::visibility;
use cpis_model::setting::Setting;
use cpis_model::time::{london_moment, london_time};
use cpis_model::upload::SubjectKind;
use cpis_model::{Date, Timestamp, Uuid};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};
use std::sync::{Arc, LazyLock};

/// Children on plans attend so many times as often as others (assumed).
const PLAN_FACTOR: f64 = 2.0;
/// Pregnant women at any time in England (assumed): mothers with plans are among them.
const PREGNANT: f64 = 430_000.0;
/// Of a hundred visits so many are elsewhere in the region, and so many anywhere in England (assumed).
const IN_REGION_PERCENT: u32 = 8;
const ANYWHERE_PERCENT: u32 = 3;
/// Children of England who are seen at several places in one week (assumed), and how often.
const PATTERNS_OF_ENGLAND: u64 = 260;
const PATTERN_VISITS: std::ops::RangeInclusive<u32> = 3..=5;
/// Of a hundred of them so many have plans (assumed).
const PATTERN_PLAN_PERCENT: u32 = 85;
/// Draws until somebody of a likely age is taken as they are.
const DRAWS_MAX: u32 = 8;

/// How somebody came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// By themselves, or brought by somebody.
    WalkedIn,
    /// By ambulance.
    Ambulance,
    /// Sent by a GP, by NHS 111 or by another service.
    Referred,
    /// From another place of the NHS.
    Transferred,
    /// A call, or a visit that was arranged.
    CalledOrBooked,
}

impl Way {
    /// All ways, in the order of the table.
    pub const ALL: [Self; 5] =
        [Self::WalkedIn, Self::Ambulance, Self::Referred, Self::Transferred, Self::CalledOrBooked];

    /// A word for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::WalkedIn => "walked-in",
            Self::Ambulance => "ambulance",
            Self::Referred => "referred",
            Self::Transferred => "transferred",
            Self::CalledOrBooked => "called-or-booked",
        }
    }
}

/// Somebody arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at: Timestamp,
    /// The number under which demographics shows them.
    pub number: NhsNumber,
    /// Who, as demographics shows them: the same number.
    pub person: SynthPerson,
    /// The kind of care.
    pub setting: Setting,
    /// Where. Wards and maternity units have no site of their own in the register: theirs is the hospital's.
    pub site: Arc<Site>,
    /// How they came.
    pub way: Way,
    /// The visit.
    pub visit: Uuid,
    /// Whether the service shows a plan of theirs, once every authority's first file was taken in.
    pub has_plan: bool,
}

/// A setting's row of the table.
pub(crate) struct Attendance {
    pub(crate) setting: Setting,
    pub(crate) yearly: u64,
    ways: Draw<Way>,
    pub(crate) months: Vec<f64>,
    pub(crate) weekdays: Vec<f64>,
    pub(crate) hours: Vec<f64>,
}

pub(crate) static ATTENDANCES: LazyLock<Vec<Attendance>> = LazyLock::new(|| {
    let attendance = |row: csv::StringRecord| {
        let number = |place: usize| row.get(place).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        let shares = |first: usize, count: usize| -> Vec<f64> {
            let sum: u64 = (first..first + count).map(number).sum();
            (first..first + count).map(|place| number(place) as f64 / sum.max(1) as f64).collect()
        };
        let ways = Draw::of(Way::ALL.into_iter().zip((2..7).map(number)));
        let (months, weekdays, hours) = (shares(7, 12), shares(19, 7), shares(26, 24));
        Some(Attendance { setting: row.get(0)?.parse().ok()?, yearly: number(1), ways, months, weekdays, hours })
    };
    rows(include_str!("../data/attendances.csv")).filter_map(attendance).collect()
});

impl Attendance {
    /// How many attend in England in an hour of a day.
    pub(crate) fn expected(&self, day: Date, hour: usize) -> f64 {
        let at =
            |shares: &[f64], place: i8, count: f64| shares.get(place.max(0) as usize).map_or(1.0, |own| own * count);
        let month = at(&self.months, day.month() - 1, 12.0);
        let weekday = at(&self.weekdays, day.weekday().to_monday_zero_offset(), 7.0);
        self.yearly as f64 / 365.0 * month * weekday * at(&self.hours, hour as i8, 1.0)
    }
}

/// Somebody who is about to attend, and in which authority they live.
struct Visitor {
    person: SynthPerson,
    lives_in: usize,
    has_plan: bool,
}

impl England {
    /// The arrivals of a day of Europe/London in unscheduled care, in order of time: the country's, about 41,000, times a factor,
    /// whatever the scale. An hour of the day is in memory at a time.
    pub fn day(&self, day: Date, factor: f64) -> impl Iterator<Item = Arrival> {
        self.day_with(day, factor, self.patterns(day))
    }

    /// The arrivals of a day, with these among them.
    pub(crate) fn day_with(&self, day: Date, factor: f64, mut patterns: Vec<Arrival>) -> impl Iterator<Item = Arrival> {
        patterns.sort_by_key(|arrival| arrival.at);
        // Where the clocks go forward, an hour is missing.
        let is_there = move |hour: &usize| {
            let start = day.at(*hour as i8, 0, 0, 0);
            london_moment(start).is_some_and(|at| london_time(at) == start)
        };
        (0..24).filter(is_there).flat_map(move |hour| {
            let next = day.at(hour as i8, 59, 59, 999_999_999);
            let until = london_moment(next).unwrap_or(Timestamp::MAX);
            let due = patterns.partition_point(|arrival| arrival.at <= until);
            let mut arrivals: Vec<Arrival> = patterns.drain(..due).collect();
            for (n, attendance) in ATTENDANCES.iter().enumerate() {
                let mut rng = self.hour(day, hour, n);
                let expected = attendance.expected(day, hour) * factor.max(0.0);
                let count = (expected + rng.random::<f64>()) as u64;
                for _ in 0..count {
                    let mut own = Xoshiro256PlusPlus::seed_from_u64(rng.random());
                    arrivals.extend(self.arrival(day, hour, attendance, &mut own));
                }
            }
            arrivals.sort_by_key(|arrival| arrival.at);
            arrivals
        })
    }

    fn hour(&self, day: Date, hour: usize, setting: usize) -> Xoshiro256PlusPlus {
        let place = number_of(day) << 16 | (hour as u64) << 8 | setting as u64;
        Xoshiro256PlusPlus::seed_from_u64(mixed(mixed(self.seed ^ 11 << 40) ^ place))
    }

    fn arrival(&self, day: Date, hour: usize, attendance: &Attendance, rng: &mut impl Rng) -> Option<Arrival> {
        let visitor =
            if attendance.setting.code() == "U06" { self.pregnant(day, rng) } else { self.patient(day, rng) }?;
        let site = self.site(visitor.lives_in, attendance.setting, rng)?;
        arrival(day, hour, attendance, site, visitor, rng)
    }

    /// A child of a likely age, with or without plans.
    fn patient(&self, day: Date, rng: &mut impl Rng) -> Option<Visitor> {
        let all = self.scale.of(PUBLISHED.total("children")) as f64;
        let with_plans = f64::from(self.layout.with_plans) * PLAN_FACTOR;
        let share = with_plans / (all + with_plans / PLAN_FACTOR);
        let with_plans = rng.random_bool(share.clamp(0.0, 1.0));
        (0..DRAWS_MAX).find_map(|draw| {
            let visitor = if with_plans { self.child_with_plans(day, rng)? } else { self.child_without(rng)? };
            let rate = rate_of(visitor.person.birth, day);
            (draw + 1 == DRAWS_MAX || rng.random_bool(rate)).then_some(visitor)
        })
    }

    fn child_with_plans(&self, day: Date, rng: &mut impl Rng) -> Option<Visitor> {
        let case = self.case_as_made(rng.random_range(0..self.layout.with_plans.max(1)))?;
        (case.person.subject == SubjectKind::Child).then(|| self.visitor(case, day))?
    }

    fn child_without(&self, rng: &mut impl Rng) -> Option<Visitor> {
        let lives_in = *HOMES.draw(rng)?;
        let others = self.layout.shares.get(lives_in)?.others.clone();
        let place = if others.is_empty() { return None } else { rng.random_range(others) };
        self.without(child(self.seed, place, self.today)?, lives_in)
    }

    fn pregnant(&self, day: Date, rng: &mut impl Rng) -> Option<Visitor> {
        let lives_in = *HOMES.draw(rng)?;
        let share = self.layout.shares.get(lives_in)?;
        let with_plans = PUBLISHED.total("unborn") as f64 * PLAN_FACTOR / PREGNANT;
        let mothers = share.places_of(Story::Unborn);
        if !mothers.is_empty() && rng.random_bool(with_plans.clamp(0.0, 1.0)) {
            let case = self.maker().case(share, Story::Unborn, rng.random_range(mothers))?;
            return self.visitor(case, day);
        }
        let place = if share.women.is_empty() { return None } else { rng.random_range(share.women.clone()) };
        self.without(woman(self.seed, place, self.today)?, lives_in)
    }

    /// Somebody with plans as they attend.
    fn visitor(&self, case: Case, day: Date) -> Option<Visitor> {
        let lives_in = self.layout.shares.iter().position(|share| share.figures.code == case.lives_in)?;
        let birth = case.person.birth;
        let shown = self.shown(case.person);
        let visible = case.plans.iter().any(|(_, plan)| visibility(plan.kind, plan.dates, birth, day).is_visible());
        let (state, has_plan) = (shown.state, shown.fault.is_none() && visible);
        let person = as_demographics(shown.person, shown.rows);
        (state != State::Deceased).then_some(Visitor { person, lives_in, has_plan })
    }

    fn without(&self, person: SynthPerson, lives_in: usize) -> Option<Visitor> {
        let shown = self.shown(person);
        let state = shown.state;
        let person = as_demographics(shown.person, shown.rows);
        (state != State::Deceased).then_some(Visitor { person, lives_in, has_plan: false })
    }

    fn site(&self, lives_in: usize, setting: Setting, rng: &mut impl Rng) -> Option<Arc<Site>> {
        let drawn = rng.random_range(0..100_u32);
        let sites = if drawn < ANYWHERE_PERCENT {
            CATCHMENTS.near(*HOMES.draw(rng)?, setting)
        } else if drawn < ANYWHERE_PERCENT + IN_REGION_PERCENT {
            CATCHMENTS.region(&self.layout.shares.get(lives_in)?.figures.region, setting)
        } else {
            CATCHMENTS.near(lives_in, setting)
        };
        sites.and_then(|sites| sites.draw(rng)).cloned()
    }

    /// The day's visits of those children who are seen at several places in this week.
    fn patterns(&self, day: Date) -> Vec<Arrival> {
        let (week, weekday) = (number_of(day) / 7, (number_of(day) % 7) as u32);
        let kinds: Vec<&Attendance> =
            ATTENDANCES.iter().filter(|one| matches!(one.setting.code(), "U01" | "U02" | "U05")).collect();
        let mut arrivals = Vec::new();
        for n in 0..self.scale.of(PATTERNS_OF_ENGLAND).max(2) {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(mixed(mixed(self.seed ^ 12 << 40 ^ n << 20) ^ week));
            let with_plans = rng.random_ratio(PATTERN_PLAN_PERCENT, 100);
            let first = rng.random_range(0..4_u32);
            let visits = rng.random_range(PATTERN_VISITS);
            let person: u64 = rng.random();
            for visit in 0..visits {
                let (mut own, at) = (Xoshiro256PlusPlus::seed_from_u64(rng.random()), first + rng.random_range(0..4));
                if at.min(6) != weekday {
                    continue;
                }
                // The same person each time.
                let mut who = Xoshiro256PlusPlus::seed_from_u64(person);
                let drawn = (0..DRAWS_MAX).find_map(|_| {
                    if with_plans { self.child_with_plans(day, &mut who) } else { self.child_without(&mut who) }
                });
                let kind = kinds.get(own.random_range(0..kinds.len().max(1))).copied();
                let (Some(visitor), Some(kind)) = (drawn, kind) else { continue };
                // The first visit is near home, the next ones are elsewhere in the region too.
                let region = self.layout.shares.get(visitor.lives_in).map(|share| &share.figures.region);
                let sites = match region {
                    Some(region) if visit % 2 == 1 => CATCHMENTS.region(region, kind.setting),
                    _ => CATCHMENTS.near(visitor.lives_in, kind.setting),
                };
                let Some(site) = sites.and_then(|sites| sites.draw(&mut own)).cloned() else { continue };
                let hour = own.random_range(8..23);
                arrivals.extend(arrival(day, hour, kind, site, visitor, &mut own));
            }
        }
        arrivals
    }

    fn case_as_made(&self, place: u32) -> Option<Case> {
        let (share, story) = self.story_at(place)?;
        self.maker().case(share, story, place)
    }
}

/// Authorities, as often as children live there.
static HOMES: LazyLock<Draw<usize>> = LazyLock::new(|| {
    Draw::of(PUBLISHED.authorities.iter().enumerate().map(|(place, one)| (place, u64::from(one.children))))
});

fn arrival(
    day: Date,
    hour: usize,
    attendance: &Attendance,
    site: Arc<Site>,
    visitor: Visitor,
    rng: &mut impl Rng,
) -> Option<Arrival> {
    let local =
        day.at(hour as i8, rng.random_range(0..60), rng.random_range(0..60), rng.random_range(0..1_000) * 1_000_000);
    // Version 4 of RFC 9562, with bits from the seed.
    let bits = rng.random::<u128>() & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
    Some(Arrival {
        at: london_moment(local)?,
        number: visitor.person.number,
        person: visitor.person,
        setting: attendance.setting,
        site,
        way: attendance.ways.draw(rng).copied().unwrap_or(Way::WalkedIn),
        visit: Uuid::from_u128(bits),
        has_plan: visitor.has_plan,
    })
}

/// A person under number, name and date of birth of the register's last row of them.
fn as_demographics(mut person: SynthPerson, rows: Vec<crate::RegisterRow>) -> SynthPerson {
    for row in rows {
        person.number = row.number;
        if let Some(known) = row.person {
            (person.name, person.birth) = (known.name, known.birth);
        }
    }
    person
}

/// How often a child of this age attends, in relation to the age that does so most.
fn rate_of(birth: Date, day: Date) -> f64 {
    let years = birth.until(day).map_or(0, |span| span.get_days()) * 4 / 1461;
    let figures = || PUBLISHED.figures("attendance_rate_by_age").iter();
    let most = figures().map(|figure| figure.number).max().unwrap_or(1);
    let own =
        figures().find(|figure| band(&figure.characteristic).is_some_and(|(low, high)| (low..=high).contains(&years)));
    own.map_or(1.0, |figure| figure.number as f64 / most as f64)
}

/// Days since the first day of the calendar's year 1970, a Thursday; weeks of it begin there.
fn number_of(day: Date) -> u64 {
    Date::constant(1970, 1, 1).until(day).map_or(0, |span| span.get_days()).max(0) as u64
}

#[cfg(test)]
mod tests;
