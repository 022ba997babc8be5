//! How often one person or organisation may ask, and when it looks as if somebody tries numbers out.
//!
//! Counted in the memory of this node: with several nodes behind a balancer each allows as much.

use cpis_model::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How much is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Searches and looks of one person in an hour.
    pub person_an_hour: u32,
    /// Searches and looks of one organisation in an hour.
    pub organisation_an_hour: u32,
    /// Searches of one person that found nobody, in ten minutes: from then on there is an alarm.
    pub nobody_in_ten_minutes: u32,
    /// Looks of one person that found no record, in an hour: from then on there is an alarm.
    pub misses_an_hour: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { person_an_hour: 240, organisation_an_hour: 6_000, nobody_in_ten_minutes: 12, misses_an_hour: 120 }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum What {
    Person,
    Organisation,
    Nobody,
    Miss,
}

impl What {
    fn window_seconds(self) -> i64 {
        if self == Self::Nobody { 600 } else { 3_600 }
    }

    fn limit(self, pace: &Pace) -> u32 {
        match self {
            Self::Person => pace.person_an_hour,
            Self::Organisation => pace.organisation_an_hour,
            Self::Nobody => pace.nobody_in_ten_minutes,
            Self::Miss => pace.misses_an_hour,
        }
    }
}

/// Keys that are remembered at most; beyond it, those whose window has passed are forgotten.
const KEYS_MAX: usize = 50_000;

#[derive(Clone, Copy)]
struct Window {
    began: i64,
    count: u32,
    before: u32,
}

/// The counts.
#[derive(Default)]
pub(crate) struct Counts(Mutex<HashMap<(What, String), Window>>);

impl Counts {
    /// Counts one more, and says how many there were in the window that ends now: all of the present stretch, and of the one
    /// before the share that still lies in it.
    fn count(&self, what: What, key: &str, now: Timestamp) -> u32 {
        let (window, now) = (what.window_seconds(), now.as_second());
        let began = now - now.rem_euclid(window);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= KEYS_MAX && !counts.contains_key(&(what, key.to_owned())) {
            counts.retain(|(what, _), found| now - found.began < 2 * what.window_seconds());
            if counts.len() >= KEYS_MAX {
                // So many people do not work at one node: begin anew rather than grow.
                counts.clear();
            }
        }
        let found = counts.entry((what, key.to_owned())).or_insert(Window { began, count: 0, before: 0 });
        if found.began != began {
            let before = if began - found.began == window { found.count } else { 0 };
            *found = Window { began, count: 0, before };
        }
        found.count = found.count.saturating_add(1);
        let left = (window - (now - began)) as f64 / window as f64;
        found.count + (f64::from(found.before) * left) as u32
    }

    /// Counts one more and says whether it is allowed; if not, after how many minutes to try again.
    pub fn allow(&self, pace: &Pace, what: What, key: &str, now: Timestamp) -> Result<(), u32> {
        if self.count(what, key, now) <= what.limit(pace) {
            return Ok(());
        }
        let window = what.window_seconds();
        Err(((window - now.as_second().rem_euclid(window)) as u32).div_ceil(60).max(1))
    }

    /// Counts one more and says whether this is the one that raises an alarm.
    pub fn alarms(&self, pace: &Pace, what: What, key: &str, now: Timestamp) -> bool {
        self.count(what, key, now) == what.limit(pace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 - 1_790_000_000 % 3_600 + seconds).unwrap()
    }

    #[test]
    fn so_many_are_allowed_in_a_window_that_moves() {
        let (counts, pace) = (Counts::default(), Pace { person_an_hour: 3, ..Pace::default() });
        let ask = |key: &str, seconds| counts.allow(&pace, What::Person, key, at(seconds));
        assert_eq!([ask("a", 0), ask("a", 1), ask("a", 2)], [Ok(()); 3]);
        assert_eq!(ask("a", 60), Err(59));
        assert_eq!(ask("b", 60), Ok(()), "another person");
        assert_eq!(ask("a", 3_600), Err(60), "just after the hour the last hour's still count");
        assert_eq!(ask("a", 3 * 3_600), Ok(()), "an hour without");
    }

    #[test]
    fn an_alarm_is_raised_once() {
        let (counts, pace) = (Counts::default(), Pace { nobody_in_ten_minutes: 3, ..Pace::default() });
        let alarms: Vec<_> = (0..5).map(|second| counts.alarms(&pace, What::Nobody, "a", at(second))).collect();
        assert_eq!(alarms, [false, false, true, false, false]);
    }
}
