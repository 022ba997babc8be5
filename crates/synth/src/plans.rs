//! Plans that an authority may upload for a person, and the record that carries them.

use crate::number::mixed;
use crate::person::SynthPerson;
use cpis_model::Date;
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::time::days_after;
use cpis_model::upload::{Person, Record, SubjectKind, UploadedPlan};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

/// Of a hundred children with plans this many have a child protection plan only; the rest are looked after. From the numbers of
/// 31 March 2025: 49,420 on a plan and 81,770 looked after (Department for Education).
const PROTECTION_ONLY_PERCENT: u32 = 34;
/// Of a hundred children with plans this many have both (assumed).
const BOTH_PERCENT: u32 = 6;
/// Of a hundred plans of children this many have ended (assumed).
const ENDED_PERCENT: u32 = 20;
/// A plan that ended did so at most this many days ago.
const ENDED_DAYS_MAX: i32 = 300;
/// A child protection plan began at most this many days ago.
const PROTECTION_DAYS_MAX: i32 = 730;
/// A child has been looked after for at most this many days.
const LOOKED_AFTER_DAYS_MAX: i32 = 5 * 365;
/// Due dates lie from some days ago, which makes them over and still shown, to half a year ahead.
const DUE_DAYS: std::ops::RangeInclusive<i32> = -20..=190;
/// An unborn child's plan begins at most this many days before the due date.
const BEFORE_DUE_DAYS_MAX: i32 = 220;

/// Randomness for one person's plans that depends on nothing but seed and place, so that an upload can be made again.
pub fn plan_source(seed: u64, person: &SynthPerson) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(mixed(mixed(seed ^ u64::from(person.place))))
}

/// One or two plans, each of another kind, that hold on this day and pass the checks of an upload. Some have ended.
pub fn plans_for(person: &SynthPerson, rng: &mut impl Rng, today: Date) -> Vec<UploadedPlan> {
    match person.subject {
        SubjectKind::Unborn => vec![unborn(rng, today)],
        SubjectKind::Child => {
            let drawn = rng.random_range(0..100);
            let protection = drawn < PROTECTION_ONLY_PERCENT + BOTH_PERCENT;
            let looked_after = drawn >= PROTECTION_ONLY_PERCENT;
            let mut plans = Vec::with_capacity(2);
            if protection {
                plans.push(of_child(person, PlanKind::ChildProtection, PROTECTION_DAYS_MAX, rng, today));
            }
            if looked_after {
                plans.push(of_child(person, PlanKind::LookedAfter, LOOKED_AFTER_DAYS_MAX, rng, today));
            }
            plans
        }
    }
}

fn of_child(person: &SynthPerson, kind: PlanKind, days_max: i32, rng: &mut impl Rng, today: Date) -> UploadedPlan {
    let earliest = person.birth.max(days_after(today, -days_max));
    let start = between(earliest, today, rng);
    let end = rng
        .random_ratio(ENDED_PERCENT, 100)
        .then(|| between(start.max(days_after(today, -ENDED_DAYS_MAX)), today, rng));
    UploadedPlan { kind, dates: PlanDates { start, end, delete: None } }
}

fn unborn(rng: &mut impl Rng, today: Date) -> UploadedPlan {
    let due = days_after(today, rng.random_range(DUE_DAYS));
    let start = between(days_after(due, -BEFORE_DUE_DAYS_MAX), today.min(due), rng);
    UploadedPlan { kind: PlanKind::Unborn, dates: PlanDates { start, end: Some(due), delete: None } }
}

/// A day from the first to the last, both included.
fn between(first: Date, last: Date, rng: &mut impl Rng) -> Date {
    let days = first.until(last).map_or(0, |span| span.get_days());
    days_after(first, rng.random_range(0..=days.max(0)))
}

/// The record of an upload that carries these plans; `position` is its place in the file, from 1.
///
/// ```
/// let today = "2026-11-22".parse().unwrap();
/// let person = cpis_synth::person(7, 0, today).unwrap();
/// let plans = cpis_synth::plans_for(&person, &mut cpis_synth::plan_source(7, &person), today);
/// let record = cpis_synth::record(1, &person, plans);
/// assert!(cpis_model::upload::check(&record, today).is_empty());
/// ```
pub fn record(position: u32, person: &SynthPerson, plans: Vec<UploadedPlan>) -> Record {
    Record {
        position,
        subject: person.subject,
        person: Person {
            number: person.number,
            local_id: Some(format!("S{:06}", person.place)),
            name: person.name.clone(),
            birth: person.birth,
        },
        plans,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::people;
    use cpis_model::plan::{Visibility, visibility};
    use cpis_model::upload::check;

    #[test]
    fn every_record_passes_the_checks_and_is_shown() {
        for today in ["2026-11-22", "2024-02-29", "2028-03-01"] {
            let today: Date = today.parse().unwrap();
            let mut counts = [0; 4];
            for person in people(11, today).take(50_000) {
                let plans = plans_for(&person, &mut plan_source(11, &person), today);
                assert!((1..=2).contains(&plans.len()));
                for plan in &plans {
                    assert!(plan.kind == PlanKind::Unborn || plan.dates.start >= person.birth);
                    counts[usize::from(plan.kind.number())] += 1;
                    let shown = visibility(plan.kind, plan.dates, person.birth, today);
                    counts[0] += u32::from(shown == Visibility::Ended);
                    assert!(shown.is_visible());
                }
                let record = record(1, &person, plans);
                assert_eq!(check(&record, today), [], "{record:?}");
            }
            let [ended, protection, looked_after, unborn] = counts;
            assert!(protection > 15_000 && looked_after > 25_000 && unborn > 1_500, "{counts:?}");
            assert!((6_000..15_000).contains(&ended), "{ended}");
        }
    }

    #[test]
    fn the_same_person_has_the_same_plans() {
        let today = "2026-11-22".parse().unwrap();
        for person in people(2, today).take(100) {
            let plans = || plans_for(&person, &mut plan_source(2, &person), today);
            assert_eq!(plans(), plans());
        }
    }
}
