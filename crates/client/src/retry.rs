//! How often a question is sent again, and how long is waited before: twice as long each time, and never at the same moment
//! as others.

use crate::answer::{Answer, Why};
use std::time::Duration;
use tokio::time::Instant;

/// How often and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// Tries in all; at least one is made.
    pub count: u32,
    /// The longest pause before the second try.
    pub first_pause: Duration,
    /// The longest pause of all. A service that asks for a longer one is not waited for.
    pub longest_pause: Duration,
    /// For all tries and pauses together. No try begins later.
    pub within: Duration,
}

impl Default for Tries {
    fn default() -> Self {
        Self {
            count: 3,
            first_pause: Duration::from_millis(400),
            longest_pause: Duration::from_secs(5),
            within: Duration::from_secs(20),
        }
    }
}

impl Tries {
    /// One try, for whoever has a queue of their own.
    pub fn once() -> Self {
        Self { count: 1, ..Self::default() }
    }

    /// Asks once, and again while the service is away or busy.
    pub(crate) async fn ask<F: Future<Output = Answer>>(&self, once: impl Fn() -> F) -> Answer {
        let begun = Instant::now();
        let mut tried = 0;
        loop {
            tried += 1;
            let answer = once().await;
            let Answer::CannotTell(why @ Why::Away { retry_after, .. }) = &answer else { return answer };
            let Some(pause) = self.pause(tried, begun, *retry_after) else { return answer };
            tracing::debug!(%why, tried, "a question is asked again");
            tokio::time::sleep(pause).await;
        }
    }

    /// The pause after so many tries; `None` where there is no further try.
    fn pause(&self, tried: u32, begun: Instant, asked: Option<Duration>) -> Option<Duration> {
        if tried >= self.count {
            return None;
        }
        let longest = self.first_pause.saturating_mul(2_u32.saturating_pow(tried.saturating_sub(1)));
        let longest = longest.min(self.longest_pause);
        let pause = longest.mul_f64(0.5 + share() / 2.0).max(asked.unwrap_or_default());
        let is_in_time = begun.elapsed() + pause < self.within;
        (pause <= self.longest_pause && is_in_time).then_some(pause)
    }
}

/// A random share of one.
fn share() -> f64 {
    f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_heed_what_the_service_asks() {
        let tries = Tries { count: 9, within: Duration::from_mins(5), ..Tries::default() };
        let begun = Instant::now();
        for (tried, longest) in [(1, 400), (2, 800), (4, 3200), (5, 5000), (8, 5000)] {
            for _ in 0..20 {
                let pause = tries.pause(tried, begun, None).unwrap();
                let longest = Duration::from_millis(longest);
                assert!((longest / 2..=longest).contains(&pause), "{tried}: {pause:?}");
            }
        }
        assert_eq!(tries.pause(9, begun, None), None);
        assert_eq!(tries.pause(1, begun, Some(Duration::from_secs(3))), Some(Duration::from_secs(3)));
        assert_eq!(tries.pause(1, begun, Some(Duration::from_secs(6))), None, "nobody waits as long");
        assert_eq!(Tries::once().pause(1, begun, None), None);
        let short = Tries { within: Duration::ZERO, ..tries };
        assert_eq!(short.pause(1, begun, None), None);
    }
}
