//! People: children, and mothers of unborn children.

use crate::names;
use crate::number::{PEOPLE_MAX, mixed, number};
use cpis_model::Date;
use cpis_model::demographics::Sex;
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::time::days_after;
use cpis_model::upload::SubjectKind;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::ops::RangeInclusive;

/// Of a hundred people this many are mothers (assumed: published figures do not show unborn children separately).
const MOTHERS_PERCENT: u32 = 4;
/// Ages of children in days: the eighteenth birthday is the 6,574th or 6,575th day after birth. Even, as the population nearly is.
const CHILD_AGE_DAYS: RangeInclusive<i32> = 0..=6_573;
/// Ages of mothers in days: 16 to 42 years.
const MOTHER_AGE_DAYS: RangeInclusive<i32> = 5_845..=15_704;

/// A person who does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SynthPerson {
    /// Place among the people of the seed, from 0.
    pub place: u32,
    /// NHS number of the range 999.
    pub number: NhsNumber,
    /// Name.
    pub name: PersonName,
    /// Birth date.
    pub birth: Date,
    /// Sex.
    pub sex: Sex,
    /// A child, or the mother of an unborn child.
    pub subject: SubjectKind,
}

/// The first people of a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// The people, in the order of their places.
    pub people: Vec<SynthPerson>,
}

/// The first `people` people of a seed; `None` for more than [`PEOPLE_MAX`].
///
/// ```
/// let today = "2026-11-22".parse().unwrap();
/// let population = cpis_synth::population(7, 100, today).unwrap();
/// assert_eq!(population.people.len(), 100);
/// assert!(cpis_synth::population(7, 909_091, today).is_none());
/// ```
pub fn population(seed: u64, people: usize, today: Date) -> Option<Population> {
    (people <= PEOPLE_MAX as usize).then(|| Population { people: self::people(seed, today).take(people).collect() })
}

/// The people of a seed one after another, [`PEOPLE_MAX`] in all. Nothing is kept of those that were handed out.
pub fn people(seed: u64, today: Date) -> impl Iterator<Item = SynthPerson> {
    (0..PEOPLE_MAX).filter_map(move |place| person(seed, place, today))
}

/// The person at one place, without making those before; `None` from [`PEOPLE_MAX`] on.
pub fn person(seed: u64, place: u32, today: Date) -> Option<SynthPerson> {
    let number = number(seed, place)?;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(mixed(seed) ^ u64::from(place));
    let mother = rng.random_ratio(MOTHERS_PERCENT, 100);
    let sex = if mother || rng.random() { Sex::Female } else { Sex::Male };
    let (subject, ages) =
        if mother { (SubjectKind::Unborn, MOTHER_AGE_DAYS) } else { (SubjectKind::Child, CHILD_AGE_DAYS) };
    let birth = days_after(today, -rng.random_range(ages));
    Some(SynthPerson { place, number, name: names::name(sex, &mut rng), birth, sex, subject })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpis_model::time::birthday;

    #[test]
    fn the_same_seed_gives_the_same_people() {
        let today = "2026-11-22".parse().unwrap();
        let first = population(3, 1_000, today).unwrap();
        assert_eq!(first, population(3, 1_000, today).unwrap());
        assert_ne!(first, population(4, 1_000, today).unwrap());
        assert_eq!(first.people.get(999), person(3, 999, today).as_ref(), "a place alone, or after those before it");
    }

    #[test]
    fn ages_are_those_of_children_and_mothers() {
        // Days on which eighteen years hold the fewest and the most leap days, and leap days themselves.
        for today in ["2026-11-22", "2024-02-29", "2025-02-28", "2028-03-01", "2101-01-01"] {
            let today: Date = today.parse().unwrap();
            let age = |person: &SynthPerson, years| birthday(person.birth, years).unwrap();
            for person in people(5, today).take(20_000) {
                assert!(person.birth <= today);
                match person.subject {
                    SubjectKind::Child => assert!(age(&person, 18) > today),
                    SubjectKind::Unborn => {
                        assert!(age(&person, 16) <= today && age(&person, 43) > today);
                        assert_eq!(person.sex, Sex::Female);
                    }
                }
                assert!(!person.name.given.is_empty() && !person.name.family.is_empty());
            }
        }
    }

    #[test]
    fn children_mothers_and_sexes_are_all_there() {
        let people = population(1, 10_000, "2026-11-22".parse().unwrap()).unwrap().people;
        let mothers = people.iter().filter(|person| person.subject == SubjectKind::Unborn).count();
        let boys = people.iter().filter(|person| person.sex == Sex::Male).count();
        assert!((300..500).contains(&mothers) && (4_500..5_100).contains(&boys), "{mothers} {boys}");
    }
}
