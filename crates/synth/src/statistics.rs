//! The synthetic England in figures, beside what was published or assumed.

use crate::arrivals::{ATTENDANCES, Arrival};
use crate::cases::{Case, legal_status};
use crate::changes::DAYS_MAX;
use crate::england::England;
use crate::published::{PUBLISHED, authorities, band};
use crate::stories::Story;
use cpis_model::demographics::Sex;
use cpis_model::organisation::AuthorityCode;
use cpis_model::plan::PlanKind;
use cpis_model::time::{days_after, london_time};
use cpis_model::upload::SubjectKind;
use std::collections::HashMap;

/// Days of a year's arrivals that are counted, and the factor of each.
const SAMPLE_DAYS: i32 = 364;

/// People of the first part between two steps of the progress; and how many of them an authority's year and a day of arrivals
/// are worth, about.
const STEP: u64 = 1_000;
const PEOPLE_AN_AUTHORITY: u64 = 1_500;
const PEOPLE_A_DAY: u64 = 300;

/// Where the other figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// A public table.
    Published,
    /// Chosen by this project.
    Assumed,
}

/// One line of a comparison.
#[derive(Clone, Debug)]
pub struct Line {
    /// What is counted.
    pub label: String,
    /// The published or assumed figure.
    pub expected: f64,
    /// The synthetic figure.
    pub synthetic: f64,
}

/// A table of figures, side by side.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Its title.
    pub title: &'static str,
    /// Where the other figures come from.
    pub basis: Basis,
    /// Whether lines are parts of a whole, in per cent; otherwise they are numbers.
    pub is_share: bool,
    /// How far they may differ: percentage points for parts; for numbers per cent of the expected one.
    pub tolerance: f64,
    /// The lines.
    pub lines: Vec<Line>,
}

impl Comparison {
    /// The line that differs most, by how much; in the measure of the tolerance.
    pub fn worst(&self) -> (&str, f64) {
        let apart = |line: &Line| {
            let apart = (line.synthetic - line.expected).abs();
            // A number near nought is rounded to a person or two.
            if self.is_share { apart } else { (apart - 1.0).max(0.0) / line.expected.max(1.0) * 100.0 }
        };
        let worst = self.lines.iter().map(|line| (line.label.as_str(), apart(line)));
        worst.max_by(|left, right| left.1.total_cmp(&right.1)).unwrap_or(("", 0.0))
    }

    /// Whether every line is within the tolerance.
    pub fn agrees(&self) -> bool {
        self.worst().1 <= self.tolerance
    }
}

/// Numbers by group and label.
#[derive(Default)]
struct Counts(HashMap<(&'static str, String), u64>);

impl Counts {
    fn add(&mut self, group: &'static str, label: impl Into<String>) {
        *self.0.entry((group, label.into())).or_default() += 1;
    }

    fn get(&self, group: &'static str, label: &str) -> f64 {
        self.0.get(&(group, label.to_owned())).copied().unwrap_or_default() as f64
    }

    /// Figures of the national table beside ours, in per cent of their sums.
    fn shares(&self, title: &'static str, group: &'static str, tolerance: f64) -> Comparison {
        let figures = PUBLISHED.figures(group);
        let all = PUBLISHED.share_of(group, "").1 as f64;
        let own: f64 = figures.iter().map(|figure| self.get(group, &figure.characteristic)).sum();
        let lines = figures.iter().map(|figure| Line {
            label: figure.characteristic.clone(),
            expected: figure.number as f64 / all.max(1.0) * 100.0,
            synthetic: self.get(group, &figure.characteristic) / own.max(1.0) * 100.0,
        });
        let is_published = figures.iter().all(|figure| figure.is_published);
        let basis = if is_published { Basis::Published } else { Basis::Assumed };
        Comparison { title, basis, is_share: true, tolerance, lines: lines.collect() }
    }

    /// Adds to the band of the group that a value falls into.
    fn add_banded(&mut self, group: &'static str, value: i32) {
        let within = |figure: &&crate::published::Figure| {
            band(&figure.characteristic).is_some_and(|(low, high)| (low..=high).contains(&value))
        };
        if let Some(figure) = PUBLISHED.figures(group).iter().find(within) {
            self.add(group, figure.characteristic.clone());
        }
    }
}

impl England {
    /// Every comparison. It goes through all people with plans, a year of changes and a sample of a year's arrivals.
    pub fn comparisons(&self) -> Vec<Comparison> {
        self.comparisons_with(&mut |_, _| {})
    }

    /// The same, and says how many of how many steps are done.
    pub fn comparisons_with(&self, progress: &mut dyn FnMut(u64, u64)) -> Vec<Comparison> {
        let (people, years) = (u64::from(self.people_with_plans()), self.layout.shares.len() as u64);
        let all = people + years * PEOPLE_AN_AUTHORITY + SAMPLE_DAYS as u64 * PEOPLE_A_DAY;
        let mut done = 0;
        let mut step = |steps: u64| {
            done += steps;
            progress(done.min(all), all);
        };
        let mut counts = Counts::default();
        let mut by_authority: HashMap<(AuthorityCode, PlanKind), u32> = HashMap::new();
        for (nth, case) in (1..).zip(self.cases()) {
            if nth % STEP == 0 {
                step(STEP);
            }
            self.count(&case, &mut counts);
            for (authority, plan) in &case.plans {
                if plan.dates.end.is_none() {
                    *by_authority.entry((*authority, plan.kind)).or_default() += 1;
                }
            }
        }
        let by_authority = |title, kind, of: fn(&crate::AuthorityFigures) -> u32| {
            let lines = authorities().iter().map(|one| Line {
                label: one.name.to_string(),
                expected: f64::from(of(one)) * self.scale.share(),
                synthetic: f64::from(by_authority.get(&(one.code, kind)).copied().unwrap_or_default()),
            });
            let lines = lines.collect();
            Comparison { title, basis: Basis::Published, is_share: false, tolerance: 2.0, lines }
        };
        let mut all = vec![
            self.totals(&counts),
            by_authority("Child protection plans by authority", PlanKind::ChildProtection, |one| one.protection_plans),
            by_authority("Looked after children by authority", PlanKind::LookedAfter, |one| one.looked_after),
            counts.shares("How long child protection plans have lasted, in days", "protection_duration_days", 2.5),
            counts.shares("Age of children on child protection plans, in years", "protection_age_years", 6.0),
            counts.shares("Sex of children on child protection plans", "protection_sex", 1.5),
            counts.shares("Age of looked after children, in years", "looked_after_age_years", 2.0),
            counts.shares("Sex of looked after children", "looked_after_sex", 1.5),
            counts.shares("Where looked after children live", "looked_after_placement", 1.5),
            counts.shares("Legal status of looked after children", "looked_after_legal_status", 1.0),
            counts.shares("How long children have been looked after, in days", "looked_after_duration_days", 12.0),
            self.year_of_changes(&mut || step(PEOPLE_AN_AUTHORITY)),
        ];
        all.extend(self.attendances(&mut || step(PEOPLE_A_DAY)));
        all
    }

    fn count(&self, case: &Case, counts: &mut Counts) {
        let days = |from: cpis_model::Date| from.until(self.today).map_or(0, |span| span.get_days());
        let years = days(case.person.birth) * 4 / 1461;
        let sex = if case.person.sex == Sex::Female { "female" } else { "male" };
        for (authority, plan) in &case.plans {
            let open = plan.dates.end.is_none();
            match plan.kind {
                PlanKind::Unborn => counts.add("plans", "unborn"),
                PlanKind::ChildProtection if open => {
                    counts.add("plans", "protection_plans");
                    counts.add_banded("protection_duration_days", days(plan.dates.start).min(1460));
                    counts.add_banded("protection_age_years", years);
                    counts.add("protection_sex", sex);
                }
                PlanKind::LookedAfter if open => {
                    counts.add("plans", "looked_after");
                    counts.add_banded("looked_after_duration_days", days(plan.dates.start));
                    counts.add("looked_after_legal_status", legal_status(self.seed, case.person.place));
                    if case.person.subject == SubjectKind::Child && case.story != Story::Both {
                        counts.add_banded("looked_after_age_years", years);
                        counts.add("looked_after_sex", sex);
                        let own = if *authority == case.lives_in { "own authority" } else { "other authority" };
                        counts.add("looked_after_placement", own);
                    }
                }
                PlanKind::ChildProtection => counts.add("plans", "visible_ended_protection_plans"),
                PlanKind::LookedAfter => counts.add("plans", "visible_ended_looked_after"),
            }
        }
    }

    fn totals(&self, counts: &Counts) -> Comparison {
        let line = |(label, name): (&str, &str)| Line {
            label: label.to_owned(),
            expected: self.scale.of(PUBLISHED.total(name)) as f64,
            synthetic: counts.get("plans", name),
        };
        let names = [
            ("child protection plans", "protection_plans"),
            ("looked after children", "looked_after"),
            ("child protection plans that ended within a year", "visible_ended_protection_plans"),
            ("care that ended within a year", "visible_ended_looked_after"),
            ("unborn children's plans", "unborn"),
        ];
        let lines = names.map(line).to_vec();
        Comparison { title: "Visible plans", basis: Basis::Published, is_share: false, tolerance: 0.5, lines }
    }

    /// What begins and ends in the year after today.
    fn year_of_changes(&self, done: &mut dyn FnMut()) -> Comparison {
        let mut counts = Counts::default();
        for share in &self.layout.shares {
            let code = share.figures.code;
            let newcomers = share.newcomers.clone().filter_map(|place| self.newcomer(share, place));
            for new in newcomers.filter(|new| !new.in_error) {
                for (_, plan) in &new.case.plans {
                    counts.add("started", plan.kind.code());
                    if new.day.saturating_add(self.ends(new.case.person.place, plan.kind)) <= DAYS_MAX {
                        counts.add("ended", plan.kind.code());
                    }
                }
            }
            for case in self.authority_cases(code) {
                let open = case.plans.iter().filter(|(own, plan)| *own == code && plan.dates.end.is_none());
                for (_, plan) in open.filter(|(_, plan)| self.ends(case.person.place, plan.kind) <= DAYS_MAX) {
                    counts.add("ended", plan.kind.code());
                }
            }
            done();
        }
        let line = |label: &str, total: &str, group, kind: PlanKind| Line {
            label: label.to_owned(),
            expected: self.scale.of(PUBLISHED.total(total)) as f64,
            synthetic: counts.get(group, kind.code()),
        };
        let (cpp, lac) = (PlanKind::ChildProtection, PlanKind::LookedAfter);
        let lines = vec![
            line("child protection plans that began", "started_protection_plans_in_year", "started", cpp),
            line("child protection plans that ended", "ended_protection_plans_in_year", "ended", cpp),
            line("children who started to be looked after", "started_looked_after_in_year", "started", lac),
            line("children who ceased to be looked after", "ceased_looked_after_in_year", "ended", lac),
        ];
        let title = "What changes in the year that follows";
        Comparison { title, basis: Basis::Published, is_share: false, tolerance: 6.0, lines }
    }

    fn attendances(&self, done: &mut dyn FnMut()) -> Vec<Comparison> {
        let mut counts = Counts::default();
        let factor = 0.004;
        for n in 0..SAMPLE_DAYS {
            self.day_with(days_after(self.today, n), factor, Vec::new())
                .for_each(|arrival| count_arrival(&arrival, &mut counts));
            done();
        }
        let yearly: f64 = ATTENDANCES.iter().map(|one| one.yearly as f64).sum();
        let compared = |title, group, expected: Vec<(String, f64)>, tolerance| {
            let own: f64 = expected.iter().map(|(label, _)| counts.get(group, label)).sum();
            let lines = expected.into_iter().map(|(label, expected)| Line {
                synthetic: counts.get(group, &label) / own.max(1.0) * 100.0,
                expected: expected * 100.0,
                label,
            });
            Comparison { title, basis: Basis::Assumed, is_share: true, tolerance, lines: lines.collect() }
        };
        let weighed = |of: &dyn Fn(&crate::arrivals::Attendance) -> f64| -> f64 {
            ATTENDANCES.iter().map(|one| of(one) * one.yearly as f64 / yearly).sum()
        };
        let settings = ATTENDANCES.iter().map(|one| (one.setting.name().to_owned(), one.yearly as f64 / yearly));
        let at = |list: &[f64], place: usize| list.get(place).copied().unwrap_or_default();
        let hours = (0..24).map(|hour| (format!("{hour:02}:00"), weighed(&|one| at(&one.hours, hour))));
        let weekdays = WEEKDAYS.iter().enumerate();
        let weekdays = weekdays.map(|(n, name)| ((*name).to_owned(), weighed(&|one| at(&one.weekdays, n))));
        let months = MONTHS.iter().enumerate();
        let months = months.map(|(n, name)| ((*name).to_owned(), weighed(&|one| at(&one.months, n))));
        vec![
            compared("Arrivals by setting", "setting", settings.collect(), 1.5),
            compared("Arrivals by hour of the day", "hour", hours.collect(), 1.0),
            compared("Arrivals by day of the week", "weekday", weekdays.collect(), 1.0),
            compared("Arrivals by month", "month", months.collect(), 1.0),
        ]
    }
}

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn count_arrival(arrival: &Arrival, counts: &mut Counts) {
    let local = london_time(arrival.at);
    counts.add("setting", arrival.setting.name());
    counts.add("hour", format!("{:02}:00", local.hour()));
    let weekday = WEEKDAYS.get(local.date().weekday().to_monday_zero_offset().max(0) as usize);
    counts.add("weekday", weekday.copied().unwrap_or_default());
    let month = MONTHS.get((local.month() - 1).max(0) as usize);
    counts.add("month", month.copied().unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rates, Scale};

    #[test]
    fn the_synthetic_england_agrees_with_what_was_published() {
        let scale = Scale::plans(22_000);
        let england = England::new(1, "2026-11-23".parse().unwrap(), scale).with_rates(Rates::NONE);
        let comparisons = england.comparisons();
        assert_eq!(comparisons.len(), 16);
        let apart: Vec<String> = comparisons
            .iter()
            .filter(|one| !one.agrees())
            .map(|one| format!("{}: {:?} {:#?}", one.title, one.worst(), one.lines.iter().take(12).collect::<Vec<_>>()))
            .collect();
        assert!(apart.is_empty(), "{}", apart.join("\n"));
    }
}
