//! First names and surnames, drawn as often as the public tables count them.

use crate::published::rows;
use cpis_model::demographics::Sex;
use cpis_model::name::PersonName;
use rand::{Rng, RngExt};
use std::sync::LazyLock;

/// Of a hundred people this many have a second given name (assumed).
const SECOND_NAME_PERCENT: u32 = 40;

/// Names with the running sum of their counts, so that a draw is one search.
#[derive(Default)]
struct Table {
    names: Vec<(u64, String)>,
    total: u64,
}

impl Table {
    fn add(&mut self, name: &str, count: u64) {
        self.total += count;
        self.names.push((self.total, name.to_owned()));
    }

    fn draw(&self, rng: &mut impl Rng) -> &str {
        let drawn = if self.total == 0 { 0 } else { rng.random_range(0..self.total) };
        let place = self.names.partition_point(|(sum, _)| *sum <= drawn);
        self.names.get(place).map_or("", |(_, name)| name)
    }
}

struct Names {
    female: Table,
    male: Table,
    surnames: Table,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names { female: Table::default(), male: Table::default(), surnames: Table::default() };
    for row in rows(include_str!("../data/first_names.csv")) {
        let column = |place: usize| row.get(place).unwrap_or_default();
        let table = if column(0) == "F" { &mut names.female } else { &mut names.male };
        table.add(column(1), column(2).parse().unwrap_or_default());
    }
    for row in rows(include_str!("../data/surnames.csv")) {
        let column = |place: usize| row.get(place).unwrap_or_default();
        names.surnames.add(column(0), column(1).parse().unwrap_or_default());
    }
    names
});

/// A name for a person of this sex.
pub(crate) fn name(sex: Sex, rng: &mut impl Rng) -> PersonName {
    let first_names = match sex {
        Sex::Female => &NAMES.female,
        Sex::Male | Sex::Indeterminate => &NAMES.male,
    };
    let first = first_names.draw(rng);
    let second = if rng.random_ratio(SECOND_NAME_PERCENT, 100) { first_names.draw(rng) } else { "" };
    let second = if second == first { "" } else { second };
    PersonName::new(&format!("{first} {second}"), NAMES.surnames.draw(rng))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    #[test]
    fn the_tables_read_whole() {
        for (table, count) in [(&NAMES.female, 300), (&NAMES.male, 300), (&NAMES.surnames, 300)] {
            assert_eq!(table.names.len(), count);
            assert!(table.names.is_sorted_by(|(left, _), (right, _)| left < right), "every count is above nought");
        }
    }

    #[test]
    fn frequent_names_are_drawn_often() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let drawn: Vec<_> = (0..10_000).map(|_| NAMES.female.draw(&mut rng)).collect();
        let count = |name: &str| drawn.iter().filter(|drawn| **drawn == name).count();
        let rarest = &NAMES.female.names.last().unwrap().1;
        assert!(count("Olivia") > 5 * count(rarest).max(1), "{} {}", count("Olivia"), count(rarest));
    }
}
