//! Which children are siblings: people of one story stand in households one after another.

use crate::number::mixed;
use crate::stories::Story;
use std::ops::Range;

/// Sizes of the households of sixteen children in a row who live with their family (assumed).
const AT_HOME: [&[u32]; 4] =
    [&[1, 2, 1, 3, 2, 1, 2, 4], &[2, 1, 1, 2, 3, 1, 1, 5], &[1, 1, 3, 2, 2, 1, 4, 2], &[2, 3, 1, 1, 1, 2, 3, 3]];
/// Of sixteen children in care: siblings are often parted, or come alone.
const IN_CARE: [&[u32]; 4] =
    [&[1, 1, 2, 1, 1, 1, 2, 1, 3, 1, 2], &[2, 1, 1, 1, 1, 2, 1, 1, 1, 1, 4], &[1; 16], &[1, 2, 1, 2, 1, 1, 1, 3, 2, 2]];
const BLOCK: u32 = 16;

/// The places of the household of the person at this place.
pub(crate) fn household(seed: u64, story: Story, places: &Range<u32>, place: u32) -> Range<u32> {
    let patterns = match story {
        Story::Protected | Story::EndedPlan | Story::Both | Story::MovedIn | Story::TwoAuthorities => &AT_HOME,
        Story::LookedAfter | Story::CareAfterPlan | Story::EndedCare => &IN_CARE,
        Story::Unborn | Story::YoungMother => return place..place + 1,
    };
    let inside = place.saturating_sub(places.start);
    let block = places.start + inside / BLOCK * BLOCK;
    let chosen = mixed(seed ^ mixed(u64::from(block) << 1)) as usize % patterns.len();
    let mut first = block;
    for size in patterns.get(chosen).copied().unwrap_or_default() {
        let end = first + size;
        if place < end {
            return first..end.min(places.end);
        }
        first = end;
    }
    place..place + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn households_part_the_places_of_a_story() {
        assert!(AT_HOME.iter().chain(&IN_CARE).all(|sizes| sizes.iter().sum::<u32>() == BLOCK));
        for (story, places) in [(Story::Protected, 100..1_003), (Story::LookedAfter, 7..90), (Story::Unborn, 0..5)] {
            let mut next = places.start;
            while next < places.end {
                let home = household(3, story, &places, next);
                assert_eq!(home.start, next);
                assert!(home.end <= places.end);
                home.clone().for_each(|place| assert_eq!(household(3, story, &places, place), home));
                next = home.end;
            }
        }
    }
}
