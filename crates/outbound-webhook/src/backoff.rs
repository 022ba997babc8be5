//! How long to wait before something is sent again, and when to give up: pure, with randomness and time as arguments.

use cpis_model::Timestamp;
use std::time::Duration;

/// The pauses between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest pause after the first failure.
    pub first: Duration,
    /// The longest pause of all.
    pub longest: Duration,
    /// After failures for so long nothing is sent any more.
    pub dead_after: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        let (first, longest, dead_after) = (Duration::from_secs(30), Duration::from_hours(6), Duration::from_hours(24));
        Self { first, longest, dead_after }
    }
}

impl Backoff {
    /// The pause after so many failures, from 1: between half of its longest and its longest, by 16 random bits.
    ///
    /// ```
    /// use cpis_outbound_webhook::Backoff;
    /// use std::time::Duration;
    /// assert_eq!(Backoff::default().pause(3, u16::MAX), Duration::from_secs(120));
    /// assert_eq!(Backoff::default().pause(3, 0), Duration::from_secs(60));
    /// ```
    pub fn pause(&self, failures: u32, jitter: u16) -> Duration {
        let longest = self.first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(self.longest);
        longest.mul_f64(0.5 + f64::from(jitter) / f64::from(u16::MAX) / 2.0)
    }

    /// Whether it has failed for too long.
    pub fn is_dead(&self, first_failure: Timestamp, now: Timestamp) -> bool {
        Duration::try_from(now.duration_since(first_failure)).unwrap_or_default() >= self.dead_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pauses_double_up_to_six_hours() {
        let seconds = |failures| Backoff::default().pause(failures, u16::MAX).as_secs();
        let expected = [30, 30, 60, 120, 240, 480, 960, 1_920, 3_840, 7_680, 15_360, 21_600, 21_600];
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, u32::MAX].map(seconds), expected);
    }

    #[test]
    fn after_a_day_of_failures_it_is_dead() {
        let backoff = Backoff::default();
        let first: Timestamp = "2026-02-20T21:47:03Z".parse().unwrap();
        for (now, dead) in [
            ("2026-02-20T21:47:03Z", false),
            ("2026-02-21T21:47:02Z", false),
            ("2026-02-21T21:47:03Z", true),
            ("2027-01-01T00:00:00Z", true),
            // The clock went back.
            ("2026-02-19T00:00:00Z", false),
        ] {
            assert_eq!(backoff.is_dead(first, now.parse().unwrap()), dead, "{now}");
        }
    }

    proptest! {
        #[test]
        fn a_pause_is_between_half_and_the_whole(failures: u32, jitter: u16) {
            let backoff = Backoff::default();
            let longest = backoff.pause(failures, u16::MAX);
            let pause = backoff.pause(failures, jitter);
            prop_assert!(longest / 2 <= pause && pause <= longest && longest <= backoff.longest);
            prop_assert!(pause <= backoff.pause(failures, jitter.saturating_add(1)));
        }
    }
}
