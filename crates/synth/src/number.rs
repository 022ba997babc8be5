//! The n-th number of a seed: a permutation of all valid numbers of the range 999, so that numbers are distinct without a
//! set that remembers them.

use cpis_model::nhs_number::NhsNumber;

/// Valid numbers of the range 999, and so the most people of one seed: the check digit leaves 909,091, the last of which, ten
/// nines, is a placeholder and no number.
pub const PEOPLE_MAX: u32 = 909_090;

/// The first nine digits before the range.
const BASE: u64 = 999_000_000;
/// What 999 weighs modulo 11: ten, nine and eight times nine.
const BASE_WEIGHT: u32 = 9 * (10 + 9 + 8) % 11;
/// Digits that are free.
const FREE: usize = 6;
/// Bits of each half of a place: two halves cover all places.
const HALF_BITS: u32 = 10;
const HALF_MASK: u32 = (1 << HALF_BITS) - 1;
/// Rounds that mix the halves: enough for a population that looks unordered, which is all that is asked.
const ROUNDS: u64 = 4;

/// By how many free digits are left and by what those before them weigh modulo 11: how many endings have a check digit.
const ENDINGS: [[u32; 11]; FREE + 1] = endings();

#[expect(clippy::indexing_slicing, reason = "computed when compiled")]
const fn endings() -> [[u32; 11]; FREE + 1] {
    let mut endings = [[1; 11]; FREE + 1];
    // Eleven less this is ten, and no digit.
    endings[0][1] = 0;
    let mut left = 1;
    while left <= FREE {
        let mut weight = 0;
        while weight < 11 {
            let (mut digit, mut count) = (0, 0);
            while digit < 10 {
                count += endings[left - 1][(weight + digit * (left + 1)) % 11];
                digit += 1;
            }
            endings[left][weight] = count;
            weight += 1;
        }
        left += 1;
    }
    endings
}

/// The number of the person at this place; `None` past the last valid number.
///
/// ```
/// let number = cpis_synth::number(7, 0).unwrap();
/// assert!(number.digits().starts_with("999"));
/// assert_eq!(cpis_synth::number(7, cpis_synth::PEOPLE_MAX), None);
/// ```
pub fn number(seed: u64, place: u32) -> Option<NhsNumber> {
    if place >= PEOPLE_MAX {
        return None;
    }
    // Cycle walking: a permutation of 2^20 places, repeated until it lands among the valid ones, is one of those.
    let mut place = permuted(seed, place);
    while place >= PEOPLE_MAX {
        place = permuted(seed, place);
    }
    NhsNumber::from_first_nine(BASE + valid(place))
}

/// The free digits at this place among those that have a check digit, in order: digit by digit, past all endings of smaller ones.
fn valid(mut place: u32) -> u64 {
    let (mut free, mut weight) = (0, BASE_WEIGHT);
    for (left, endings) in ENDINGS.iter().enumerate().take(FREE).rev() {
        let times = left as u32 + 2;
        let mut digit = 0;
        while digit < 9 {
            let passed = endings.get((weight + digit * times) as usize % 11).copied().unwrap_or_default();
            if place < passed {
                break;
            }
            place -= passed;
            digit += 1;
        }
        free = free * 10 + u64::from(digit);
        weight = (weight + digit * times) % 11;
    }
    free
}

/// A Feistel network: each round is undone by itself, whatever the mixing function is.
fn permuted(seed: u64, place: u32) -> u32 {
    let (mut left, mut right) = (place >> HALF_BITS, place & HALF_MASK);
    for round in 0..ROUNDS {
        let mask = mixed(seed ^ mixed(round << 32 | u64::from(right))) as u32 & HALF_MASK;
        (left, right) = (right, left ^ mask);
    }
    left << HALF_BITS | right
}

/// The output function of `SplitMix64` (Steele, Lea, Flood 2014).
pub(crate) fn mixed(value: u64) -> u64 {
    let mut value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpis_model::nhs_number::Range;

    #[test]
    fn every_valid_number_of_the_range_comes_once() {
        for seed in [0, 7] {
            let mut seen = vec![false; 1_000_000];
            let mut count = 0;
            for place in 0.. {
                let Some(number) = number(seed, place) else { break };
                assert_eq!(number.range(), Range::Test);
                let free = (number.value() / 10 - BASE) as usize;
                assert!(!std::mem::replace(&mut seen[free], true), "place {place} repeats a number");
                count += 1;
            }
            assert_eq!(count, PEOPLE_MAX);
        }
    }

    #[test]
    fn places_are_those_of_the_valid_numbers_in_order() {
        let all = (0..1_000_000).filter(|free| NhsNumber::from_first_nine(BASE + free).is_some());
        assert!(all.eq((0..PEOPLE_MAX).map(valid)), "a place is not the number's");
    }

    #[test]
    fn another_seed_gives_another_order() {
        let first = |seed| (0..100).map(|place| number(seed, place).unwrap()).collect::<Vec<_>>();
        assert_eq!(first(1), first(1));
        let same = first(1).iter().zip(first(2)).filter(|(left, right)| **left == *right).count();
        assert!(same < 3, "{same} of 100 places are the same");
    }
}
