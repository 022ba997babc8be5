//! Names that two systems write in two ways: an authority's, and demographics'.

use crate::person::SynthPerson;
use cpis_model::demographics::Demographics;
use cpis_model::time::days_after;
use rand::{Rng, RngExt};

/// A way in which the writing differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Spelling {
    /// O'Brien and `OBrien`.
    Apostrophe,
    /// Ana-Maria and Ana Maria.
    Hyphen,
    /// Muhammad and Mohammed.
    Variant,
    /// Given and family name stand in each other's place.
    Swapped,
    /// One name for both.
    Single,
    /// The family name changed, after a care order or a marriage.
    Changed,
    /// Letters with marks, or of another alphabet.
    Letters,
    /// "Baby Smith": registered at birth, named afterwards.
    Baby,
}

/// Each with its weight (assumed).
const ALL: [(Spelling, u32); 8] = [
    (Spelling::Apostrophe, 20),
    (Spelling::Hyphen, 20),
    (Spelling::Variant, 15),
    (Spelling::Swapped, 10),
    (Spelling::Single, 5),
    (Spelling::Changed, 10),
    (Spelling::Letters, 12),
    (Spelling::Baby, 8),
];

const APOSTROPHES: [(&str, &str); 6] = [
    ("O'Brien", "OBrien"),
    ("O’Neill", "O'Neill"),
    ("D'Souza", "DSouza"),
    ("O'Connor", "O Connor"),
    ("D’Angelo", "Dangelo"),
    ("M'Bala", "Mbala"),
];
const HYPHENS: [(&str, &str); 4] =
    [("Ana-Maria", "Ana Maria"), ("Lily-Mae", "Lilymae"), ("Jean-Luc", "Jean Luc"), ("Tommy-Lee", "Tommy Lee")];
const VARIANTS: [(&str, &str); 5] = [
    ("Muhammad", "Mohammed"),
    ("Mohammad", "Mohamed"),
    ("Katherine", "Catherine"),
    ("Yousef", "Yusuf"),
    ("Aleksandra", "Alexandra"),
];
/// Given and family name.
type Pair = (&'static str, &'static str);
const LETTERS: [(Pair, Pair); 7] = [
    (("Zoe", "Lukasz"), ("Zoë", "Łukasz")),
    (("Sukran", "Ozturk"), ("Şükran", "Öztürk")),
    (("Siobhan", "Nunez"), ("Siobhán", "Núñez")),
    (("Soren", "Bjork"), ("Søren", "Björk")),
    (("Olga", "Ivanova"), ("Ольга", "Иванова")),
    (("Eleni", "Papadaki"), ("Ελένη", "Παπαδάκη")),
    (("Wei", "Wang"), ("伟", "王")),
];
const SINGLES: [&str; 4] = ["Suharto", "Aung", "Gulalai", "Mayawati"];
const CHANGED: [&str; 5] = ["Ashdown", "Fairweather", "Holloway", "Merriman", "Thackeray"];
/// Only a child who is not older than this is still registered as a baby.
const BABY_DAYS_MAX: i32 = 90;

impl Spelling {
    pub(crate) fn draw(rng: &mut impl Rng) -> Self {
        let total: u32 = ALL.iter().map(|(_, weight)| weight).sum();
        let mut left = rng.random_range(0..total);
        let found = ALL.into_iter().find(|(_, weight)| {
            let found = left < *weight;
            left = left.saturating_sub(*weight);
            found
        });
        found.map_or(Self::Hyphen, |(spelling, _)| spelling)
    }

    /// Writes the name as the authority has it, and as demographics has it.
    pub(crate) fn write(self, person: &mut SynthPerson, known: &mut Demographics, rng: &mut impl Rng) {
        match self {
            Self::Apostrophe => {
                let (theirs, ours) = one_of(&APOSTROPHES, rng);
                theirs.clone_into(&mut person.name.family);
                ours.clone_into(&mut known.name.family);
            }
            Self::Hyphen | Self::Variant => {
                let table: &[(&str, &str)] = if self == Self::Hyphen { &HYPHENS } else { &VARIANTS };
                let (theirs, ours) = one_of(table, rng);
                theirs.clone_into(&mut person.name.given);
                ours.clone_into(&mut known.name.given);
            }
            Self::Swapped => std::mem::swap(&mut known.name.given, &mut known.name.family),
            Self::Single => {
                let name = one_of(&SINGLES, rng);
                for own in [&mut person.name, &mut known.name] {
                    name.clone_into(&mut own.given);
                    name.clone_into(&mut own.family);
                }
            }
            Self::Changed => one_of(&CHANGED, rng).clone_into(&mut known.name.family),
            Self::Letters => {
                let (theirs, ours) = one_of(&LETTERS, rng);
                for (own, (given, family)) in [(&mut person.name, theirs), (&mut known.name, ours)] {
                    given.clone_into(&mut own.given);
                    family.clone_into(&mut own.family);
                }
            }
            Self::Baby => "Baby".clone_into(&mut known.name.given),
        }
    }

    /// The same, or a name with a hyphen for whoever is no baby.
    pub(crate) fn of_age(self, birth: cpis_model::Date, today: cpis_model::Date) -> Self {
        if self == Self::Baby && days_after(birth, BABY_DAYS_MAX) < today { Self::Hyphen } else { self }
    }
}

/// One of a table that is not empty.
fn one_of<T: Copy + Default>(table: &[T], rng: &mut impl Rng) -> T {
    table.get(rng.random_range(0..table.len().max(1))).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpis_model::Date;
    use cpis_model::demographics::{Sex, verify};
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    #[test]
    fn some_ways_of_writing_are_the_same_name_and_others_are_not() {
        let today: Date = "2026-11-22".parse().unwrap();
        let base = crate::person(3, 8, today).unwrap();
        for (spelling, agrees) in [
            (Spelling::Apostrophe, &[true][..]),
            (Spelling::Hyphen, &[true]),
            (Spelling::Variant, &[true, false]),
            (Spelling::Swapped, &[false]),
            (Spelling::Single, &[true]),
            (Spelling::Changed, &[false]),
            (Spelling::Letters, &[true, false]),
            (Spelling::Baby, &[false]),
        ] {
            for n in 0..50 {
                let mut rng = Xoshiro256PlusPlus::seed_from_u64(n);
                let mut person = base.clone();
                let mut known = Demographics {
                    name: base.name.clone(),
                    birth: base.birth,
                    restricted: false,
                    deceased: false,
                    sex: Some(Sex::Female),
                };
                spelling.write(&mut person, &mut known, &mut rng);
                let found = verify(&person.name, person.birth, &known).is_ok();
                assert!(agrees.contains(&found), "{spelling:?} {n}");
            }
        }
    }

    #[test]
    fn only_babies_are_registered_as_babies() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(Spelling::Baby.of_age(day("2026-11-01"), day("2026-11-22")), Spelling::Baby);
        assert_eq!(Spelling::Baby.of_age(day("2026-01-01"), day("2026-11-22")), Spelling::Hyphen);
        assert_eq!(Spelling::Swapped.of_age(day("2026-01-01"), day("2026-11-22")), Spelling::Swapped);
    }
}
