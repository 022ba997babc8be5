//! The public tables from which England is made, read once: authorities, ages, and England in figures.

use cpis_model::organisation::AuthorityCode;
use cpis_model::organisation_record::Record;
use cpis_model::register::Register;
use rand::{Rng, RngExt};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// What a suppressed figure of a tiny authority counts as (assumed: the publisher hides figures from one to five).
const SUPPRESSED: u32 = 5;
/// Groups of age of looked after children, in years, both ends included.
pub(crate) const AGE_GROUPS: [(i32, i32); 5] = [(0, 0), (1, 4), (5, 9), (10, 15), (16, 17)];

/// Items with the running sum of their weights, so that a draw is one search.
#[derive(Clone, Debug)]
pub(crate) struct Draw<T> {
    items: Vec<(u64, T)>,
    total: u64,
}

impl<T> Draw<T> {
    pub(crate) fn of(items: impl IntoIterator<Item = (T, u64)>) -> Self {
        let mut total = 0;
        let summed = items.into_iter().map(|(item, weight)| {
            total += weight;
            (total, item)
        });
        let items = summed.collect();
        Self { items, total }
    }

    /// One of them, as often as its weight says; `None` where there is none.
    pub(crate) fn draw(&self, rng: &mut impl Rng) -> Option<&T> {
        let drawn = if self.total == 0 { 0 } else { rng.random_range(0..self.total) };
        let place = self.items.partition_point(|(sum, _)| *sum <= drawn);
        self.items.get(place).map(|(_, item)| item)
    }

    /// The items with their weights.
    pub(crate) fn items(&self) -> impl Iterator<Item = (&T, u64)> {
        let before = std::iter::once(0).chain(self.items.iter().map(|(sum, _)| *sum));
        self.items.iter().zip(before).map(|((sum, item), before)| (item, sum - before))
    }
}

impl Draw<(i32, i32)> {
    /// A value of a band, both ends included.
    pub(crate) fn value(&self, rng: &mut impl Rng) -> i32 {
        self.draw(rng).map_or(0, |(low, high)| rng.random_range(*low..=*high))
    }
}

/// One authority in figures.
#[derive(Clone, Debug)]
pub struct AuthorityFigures {
    /// ODS code.
    pub code: AuthorityCode,
    /// Registered name.
    pub name: Arc<str>,
    /// Region of England.
    pub region: Arc<str>,
    /// Children on a child protection plan on 31 March 2025.
    pub protection_plans: u32,
    /// Children looked after on that day.
    pub looked_after: u32,
    /// Children who started to be looked after in the year before.
    pub started_looked_after: u32,
    /// Children who ceased to be looked after in the year before.
    pub ceased_looked_after: u32,
    /// People aged 0 to 17, mid-2024.
    pub children: u32,
    pub(crate) looked_after_ages: Draw<(i32, i32)>,
    pub(crate) ambulance: String,
    pub(crate) areas: Vec<String>,
}

/// Everything that was published, or assumed where nothing was.
pub(crate) struct Published {
    pub(crate) authorities: Vec<AuthorityFigures>,
    /// Ages in years with the number of girls and of boys.
    pub(crate) ages: Draw<(i32, bool)>,
    national: HashMap<String, Vec<Figure>>,
    bands: HashMap<String, Draw<(i32, i32)>>,
}

/// One figure of England.
pub(crate) struct Figure {
    pub(crate) characteristic: String,
    pub(crate) number: u64,
    pub(crate) is_published: bool,
}

pub(crate) static PUBLISHED: LazyLock<Published> = LazyLock::new(read);

/// The authorities in figures, in the order of the table.
pub fn authorities() -> &'static [AuthorityFigures] {
    &PUBLISHED.authorities
}

impl Published {
    /// The bands of a group, such as `0-91`.
    pub(crate) fn bands(&self, group: &str) -> &Draw<(i32, i32)> {
        static NONE: LazyLock<Draw<(i32, i32)>> = LazyLock::new(|| Draw::of([]));
        self.bands.get(group).unwrap_or(&NONE)
    }

    /// The figures of a group.
    pub(crate) fn figures(&self, group: &str) -> &[Figure] {
        self.national.get(group).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn total(&self, characteristic: &str) -> u64 {
        self.share_of("total", characteristic).0
    }

    /// A figure, and the sum of its group.
    pub(crate) fn share_of(&self, group: &str, characteristic: &str) -> (u64, u64) {
        let figures = self.figures(group);
        let own = figures.iter().find(|figure| figure.characteristic == characteristic);
        (own.map_or(0, |figure| figure.number), figures.iter().map(|figure| figure.number).sum())
    }

    /// Whether something is so, as often as a figure says.
    pub(crate) fn is_so(&self, group: &str, characteristic: &str, rng: &mut impl Rng) -> bool {
        let (own, all) = self.share_of(group, characteristic);
        all > 0 && rng.random_range(0..all) < own
    }
}

/// Rows of a table: lines beginning with `#` are comments, the first other line is the head.
pub(crate) fn rows(text: &str) -> impl Iterator<Item = csv::StringRecord> {
    csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes()).into_records().filter_map(Result::ok)
}

/// A band such as `0-91`.
pub(crate) fn band(text: &str) -> Option<(i32, i32)> {
    let (low, high) = text.split_once('-')?;
    Some((low.parse().ok()?, high.parse().ok()?))
}

fn read() -> Published {
    let (national, bands) = national();
    let england = || bands.get("looked_after_age_years").map_or([0; 5].to_vec(), weights);
    let register = Register::built_in();
    let mut regions: HashMap<AuthorityCode, Arc<str>> = HashMap::new();
    for held in register.records() {
        if let Record::Authority(authority) = &*held.record {
            let region = authority.region.as_ref().map_or("", |region| region.as_str());
            regions.insert(authority.code, region.into());
        }
    }
    let authority = |row: csv::StringRecord| {
        let text = |place: usize| row.get(place).unwrap_or_default();
        let count = |place: usize| text(place).parse().unwrap_or(SUPPRESSED);
        let code: AuthorityCode = text(0).parse().ok()?;
        let ages: Option<Vec<u64>> = (6..11).map(|place| text(place).parse().ok()).collect();
        let ages = ages.filter(|ages| ages.iter().sum::<u64>() > 0).unwrap_or_else(england);
        Some(AuthorityFigures {
            code,
            name: register.authority_name(code).cloned().unwrap_or_default(),
            region: regions.get(&code).cloned().unwrap_or_default(),
            protection_plans: count(1),
            looked_after: count(2),
            started_looked_after: count(3),
            ceased_looked_after: count(4),
            children: count(5),
            looked_after_ages: Draw::of(AGE_GROUPS.into_iter().zip(ages)),
            ambulance: text(11).to_owned(),
            areas: text(12).split_whitespace().map(str::to_owned).collect(),
        })
    };
    let authorities = rows(include_str!("../data/authorities.csv")).filter_map(authority).collect();
    let ages = rows(include_str!("../data/ages.csv")).flat_map(|row| {
        let number = |place: usize| row.get(place).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        let age = number(0) as i32;
        [((age, true), number(1)), ((age, false), number(2))]
    });
    Published { authorities, ages: Draw::of(ages), national, bands }
}

fn weights(bands: &Draw<(i32, i32)>) -> Vec<u64> {
    bands.items().map(|(_, weight)| weight).collect()
}

type National = (HashMap<String, Vec<Figure>>, HashMap<String, Draw<(i32, i32)>>);

fn national() -> National {
    let mut national: HashMap<String, Vec<Figure>> = HashMap::new();
    for row in rows(include_str!("../data/national.csv")) {
        let text = |place: usize| row.get(place).unwrap_or_default().to_owned();
        let number = text(2).parse().unwrap_or_default();
        let figure = Figure { characteristic: text(1), number, is_published: text(3) == "published" };
        national.entry(text(0)).or_default().push(figure);
    }
    let bands = |figures: &Vec<Figure>| -> Option<Vec<((i32, i32), u64)>> {
        figures.iter().map(|figure| Some((band(&figure.characteristic)?, figure.number))).collect()
    };
    let bands = national.iter().filter_map(|(group, figures)| Some((group.clone(), Draw::of(bands(figures)?))));
    let bands = bands.collect();
    (national, bands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_read_whole_and_add_up() {
        let all = authorities();
        assert_eq!(all.len(), 153);
        assert!(all.iter().all(|one| !one.name.is_empty() && !one.region.is_empty() && !one.areas.is_empty()));
        let sum = |of: fn(&AuthorityFigures) -> u32| all.iter().map(|one| u64::from(of(one))).sum::<u64>();
        assert_eq!(sum(|one| one.children), PUBLISHED.total("children"));
        // National figures are rounded to ten, suppressed ones count as five.
        assert!(sum(|one| one.protection_plans).abs_diff(PUBLISHED.total("protection_plans")) < 20);
        assert!(sum(|one| one.looked_after).abs_diff(PUBLISHED.total("looked_after")) < 20);
        assert_eq!(PUBLISHED.ages.items().count(), 36);
        for group in ["protection_duration_days", "looked_after_age_years", "attendance_rate_by_age"] {
            assert_eq!(PUBLISHED.bands(group).items().count(), 5, "{group}");
        }
    }
}
