//! What stands on top of the page, and what of a number is shown.

use super::*;

#[test]
fn the_heading_says_what_is_not_checked_and_what_to_do() {
    let now: Timestamp = "2026-03-14T18:32:06Z".parse().unwrap();
    let since: Timestamp = "2026-03-14T14:02:00Z".parse().unwrap();
    let away = Reach { answered: None, hindered: Some((since, Unchecked::Away)) };
    let refused = Reach { answered: None, hindered: Some((since, Unchecked::Refused)) };
    let well = Reach::default();
    for (reach, unchecked, notes, begins, good) in [
        (well, 0, 0, "Every patient is checked", true),
        (well, 0, 2, "Every patient is checked; somebody", true),
        (well, 3, 0, "3 patients are not checked", false),
        (away, 0, 0, "Not checked since 14:02: the national service does not answer", false),
        (refused, 0, 0, "Not checked since 14:02: the national service does not accept", false),
    ] {
        let (heading, advice, is_good) = heading(reach, unchecked, notes, now);
        assert!(heading.starts_with(begins), "{heading}");
        assert_eq!((is_good, advice.is_empty()), (good, false));
    }
    assert_eq!(when("2026-03-13T14:02:00Z".parse().unwrap(), now), "13 March, 14:02");
}

#[test]
fn the_end_of_a_number_is_shown() {
    for (text, expected) in [("L4410021", "…021"), ("021", "…"), ("", "…"), ("ÄÖÜß", "…ÖÜß")] {
        assert_eq!(shortened(text), expected);
    }
}
