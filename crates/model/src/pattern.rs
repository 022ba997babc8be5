//! A pattern in the listed accesses that a reader should hear of in words: several places in a week, or many days in a month.

use crate::organisation::OdsCode;
use crate::time::{days_after, london_day};
use crate::{Date, Timestamp};
use std::collections::HashSet;

/// Days over which places are counted, today included.
pub const PLACES_DAYS: i32 = 7;
/// From so many places on they are a pattern.
pub const PLACES_MIN: usize = 2;
/// Days over which days with a look are counted, today included.
pub const VISITS_DAYS: i32 = 30;
/// From so many different days on they are a pattern.
pub const VISITS_MIN: usize = 4;

/// What stands out. The counts are of listed accesses: silent reads are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Seen at this many places in the last [`PLACES_DAYS`] days.
    Places(usize),
    /// Seen on this many different days in the last [`VISITS_DAYS`] days.
    Days(usize),
}

/// The pattern of accesses, each with its place, counted back from today in days of Europe/London. Places win over days.
///
/// ```
/// use cpis_model::pattern::{Pattern, pattern};
/// let today = "2026-11-25".parse().unwrap();
/// let look = |place: &str, at: &str| (place.parse().unwrap(), at.parse().unwrap());
/// let looks = [look("ZZA01", "2026-11-25T14:02:00Z"), look("ZZB01", "2026-11-20T03:10:00Z")];
/// assert_eq!(pattern(looks, today), Some(Pattern::Places(2)));
/// ```
pub fn pattern(looks: impl IntoIterator<Item = (OdsCode, Timestamp)>, today: Date) -> Option<Pattern> {
    let within = |day: Date, days: i32| day <= today && day > days_after(today, -days);
    let (mut places, mut days) = (HashSet::new(), HashSet::new());
    for (place, at) in looks {
        let day = london_day(at);
        if within(day, PLACES_DAYS) {
            places.insert(place);
        }
        if within(day, VISITS_DAYS) {
            days.insert(day);
        }
    }
    match (places.len(), days.len()) {
        (places, _) if places >= PLACES_MIN => Some(Pattern::Places(places)),
        (_, days) if days >= VISITS_MIN => Some(Pattern::Days(days)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_a_week_and_days_of_a_month_are_counted_back_from_today() {
        // Each look is `place day-of-November time`; today is 25 November 2026.
        for (looks, expected) in [
            ("", None),
            ("A01 25T14:02", None),
            ("A01 25T14:02, A01 24T09:00, A01 20T10:00", None),
            ("A01 25T14:02, B01 24T09:00", Some(Pattern::Places(2))),
            ("A01 25T14:02, B01 24T09:00, C01 19T00:00", Some(Pattern::Places(3))),
            ("A01 25T14:02, B01 18T23:59", None),
            ("A01 25T14:02, A01 24T09:00, A01 20T10:00, A01 01T12:00", Some(Pattern::Days(4))),
            ("A01 25T14:02, A01 25T01:00, A01 25T10:00, A01 25T12:00", None),
            ("A01 25T14:02, B01 17T09:00, C01 10T10:00, D01 01T12:00", Some(Pattern::Days(4))),
            ("A01 25T14:02, B01 24T09:00, A01 10T10:00, A01 01T12:00", Some(Pattern::Places(2))),
            // a clock that runs ahead names a day that has not come
            ("A01 25T14:02, B01 26T09:00", None),
        ] {
            let looks = looks.split(", ").filter(|look| !look.is_empty()).map(|look| {
                let (place, at) = look.split_once(' ').unwrap();
                (place.parse().unwrap(), format!("2026-11-{at}:00Z").parse().unwrap())
            });
            assert_eq!(
                pattern(looks.clone(), "2026-11-25".parse().unwrap()),
                expected,
                "{:?}",
                looks.collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn days_are_londons() {
        // Half past midnight on 2 July in London is still 1 July in UTC.
        let looks = [("A01", "2026-07-07T23:30:00Z"), ("B01", "2026-07-01T23:30:00Z")];
        let looks = looks.map(|(place, at)| (place.parse().unwrap(), at.parse().unwrap()));
        assert_eq!(pattern(looks, "2026-07-08".parse().unwrap()), Some(Pattern::Places(2)));
        assert_eq!(pattern(looks, "2026-07-09".parse().unwrap()), None);
    }
}
