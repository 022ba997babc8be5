//! How long to wait before a request is sent again: twice as long each time, and never at the same moment as others.

use cpis_app::Entropy;
use std::time::Duration;

/// The longest pause before the second try.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause of all.
const LONGEST: Duration = Duration::from_secs(30);

/// The pause after so many tries: between half of its longest and its longest.
pub(crate) fn pause(tries: u32, entropy: &dyn Entropy) -> Duration {
    let longest = FIRST.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(LONGEST);
    let mut bytes = [0; 2];
    entropy.fill(&mut bytes);
    let share = f64::from(u16::from_be_bytes(bytes)) / f64::from(u16::MAX);
    longest.mul_f64(0.5 + share / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpis_app::SystemEntropy;

    #[test]
    fn pauses_double_up_to_a_limit_and_differ() {
        let entropy = SystemEntropy::seeded(1);
        for (tries, longest) in [(1, 500), (2, 1_000), (3, 2_000), (6, 16_000), (7, 30_000), (1_000, 30_000)] {
            let pauses: Vec<Duration> = (0..20).map(|_| pause(tries, &entropy)).collect();
            let limits = Duration::from_millis(longest / 2)..=Duration::from_millis(longest);
            assert!(pauses.iter().all(|pause| limits.contains(pause)), "{tries}: {pauses:?}");
            assert!(pauses.windows(2).any(|two| two[0] != two[1]));
        }
    }
}
