//! How values are said in plain British English: days, moments, ages, telephone numbers, counts.

use cpis_model::organisation::Phone;
use cpis_model::time::{london_day, london_instant};
use cpis_model::{Date, Timestamp};
use jiff::civil::{Time, Weekday};
use jiff::{ToSpan, Unit};
use std::borrow::Borrow;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A day, such as `25 November 2026`.
pub fn day(day: impl Borrow<Date>) -> String {
    let day = day.borrow();
    let month = MONTHS.get(usize::from(day.month().unsigned_abs()) - 1).copied().unwrap_or_default();
    format!("{} {month} {}", day.day(), day.year())
}

/// A moment in London, such as `25 November 2026, 14:02`.
pub fn moment(at: impl Borrow<Timestamp>) -> String {
    let at = at.borrow();
    format!("{}, {}", day_of(at), time(at))
}

/// The day in London at a moment.
pub fn day_of(at: impl Borrow<Timestamp>) -> String {
    day(london_day(*at.borrow()))
}

/// When something happened, after a verb: `at 14:02` on the day of `now`, otherwise `on 24 November 2026 at 14:02`.
pub fn when(at: Timestamp, now: Timestamp) -> String {
    if london_day(at) == london_day(now) {
        format!("at {}", time(at))
    } else {
        format!("on {} at {}", day_of(at), time(at))
    }
}

/// How long something has waited, such as `45 minutes`, `3 hours` or `2 days`.
pub fn waited(minutes: impl Borrow<i64>) -> String {
    let minutes = usize::try_from(*minutes.borrow()).unwrap_or_default();
    match minutes {
        ..120 => counted(minutes, "minute"),
        120..2_880 => counted(minutes / 60, "hour"),
        _ => counted(minutes / 1_440, "day"),
    }
}

/// The time of day in London, such as `14:02`.
pub fn time(at: impl Borrow<Timestamp>) -> String {
    london_instant(*at.borrow()).get(11..16).unwrap_or_default().to_owned()
}

/// A moment for machines, with its offset.
pub fn instant(at: impl Borrow<Timestamp>) -> String {
    london_instant(*at.borrow())
}

/// A time of day, such as `08:45`.
pub fn clock(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// A day of the week.
pub fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

/// An age as the NHS common user interface says it: days, then weeks, then months, then years, with the smaller unit
/// beside it while it matters. A birth that is yet to come has no age.
pub fn age(birth: Date, today: Date) -> String {
    let Ok(days) = birth.until(today).map(|span| span.get_days()) else { return String::new() };
    let span = birth.until((Unit::Year, today)).unwrap_or_default();
    let months = i32::from(span.get_years()) * 12 + span.get_months();
    match (days, months) {
        (..0, _) => "not born yet".to_owned(),
        (0, _) => "born today".to_owned(),
        (1..28, _) => count(days, "day"),
        (_, ..12) => two(days / 7, "week", days % 7, "day"),
        (_, 12..24) => {
            let whole = birth.saturating_add(months.months());
            let rest = whole.until(today).map(|span| span.get_days()).unwrap_or_default();
            two(months, "month", rest, "day")
        }
        (_, 24..216) => two(months / 12, "year", months % 12, "month"),
        _ => count(months / 12, "year"),
    }
}

fn two(large: i32, large_unit: &str, small: i32, small_unit: &str) -> String {
    match small {
        0 => count(large, large_unit),
        _ => format!("{} {}", count(large, large_unit), count(small, small_unit)),
    }
}

fn count(number: i32, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

/// A number with its noun, such as `1 notice` or `3 notices`.
pub fn counted(number: impl Borrow<usize>, noun: &str) -> String {
    let number = *number.borrow();
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A telephone number in the groups of the British numbering plan.
pub fn phone(phone: &Phone) -> String {
    let digits = phone.as_str();
    let (country, national) = match digits.strip_prefix("+44") {
        Some(national) => ("+44 ", format!("0{national}")),
        None => ("", digits.to_owned()),
    };
    if digits.starts_with('+') && country.is_empty() || !matches!(national.len(), 10 | 11) {
        return digits.to_owned();
    }
    let areas: &[usize] = match national.as_bytes() {
        [b'0', b'2', ..] => &[3, 4],
        [b'0', b'1', b'1', ..] | [b'0', b'1', _, b'1', ..] | [b'0', b'3' | b'5' | b'8' | b'9', ..] => &[4, 3],
        [b'0', ..] => &[5],
        _ => return digits.to_owned(),
    };
    let mut groups = Vec::new();
    let mut rest = national.as_str();
    for length in areas {
        let Some((group, tail)) = rest.split_at_checked(*length) else { break };
        groups.push(group);
        rest = tail;
    }
    groups.push(rest);
    let text = groups.join(" ");
    if country.is_empty() { text } else { format!("{country}{}", text.trim_start_matches('0')) }
}

/// What stands out in the accesses, as a sentence.
pub fn pattern(pattern: cpis_model::pattern::Pattern) -> String {
    use cpis_model::pattern::{PLACES_DAYS, Pattern, VISITS_DAYS};
    match pattern {
        Pattern::Places(places) => format!("Seen at {places} places in {PLACES_DAYS} days"),
        Pattern::Days(days) => format!("Seen on {days} different days in {VISITS_DAYS} days"),
    }
}

/// Names as a list in a sentence, such as `A, B and C`.
pub fn list<T: AsRef<str>>(names: &[T]) -> String {
    match names {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn days_and_moments_are_said_in_full_and_in_london() {
        assert_eq!(day(date("2026-11-25")), "25 November 2026");
        assert_eq!(day(date("2027-01-01")), "1 January 2027");
        assert_eq!(moment("2026-11-25T02:14:59Z".parse::<Timestamp>().unwrap()), "25 November 2026, 02:14");
        assert_eq!(moment("2026-07-01T23:30:00Z".parse::<Timestamp>().unwrap()), "2 July 2026, 00:30");
    }

    #[test]
    fn the_day_is_said_unless_it_is_today() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-25T14:30:00Z");
        assert_eq!(when(at("2026-11-25T14:02:59Z"), now), "at 14:02");
        assert_eq!(when(at("2026-11-24T23:41:00Z"), now), "on 24 November 2026 at 23:41");
        for (minutes, expected) in [
            (1, "1 minute"),
            (45, "45 minutes"),
            (119, "119 minutes"),
            (120, "2 hours"),
            (2_879, "47 hours"),
            (2_880, "2 days"),
            (-5, "0 minutes"),
        ] {
            assert_eq!(waited(minutes), expected);
        }
    }

    #[test]
    fn ages_are_said_as_the_nhs_says_them() {
        // Source: NHS common user interface, patient banner: days to 4 weeks, weeks to a year, months to two, years to 18.
        for (birth, today, expected) in [
            ("2026-11-25", "2026-11-25", "born today"),
            ("2026-11-24", "2026-11-25", "1 day"),
            ("2026-10-29", "2026-11-25", "27 days"),
            ("2026-10-28", "2026-11-25", "4 weeks"),
            ("2026-10-27", "2026-11-25", "4 weeks 1 day"),
            ("2025-11-26", "2026-11-25", "52 weeks"),
            ("2025-11-25", "2026-11-25", "12 months"),
            ("2025-09-20", "2026-11-25", "14 months 5 days"),
            ("2024-11-26", "2026-11-25", "23 months 30 days"),
            ("2024-11-25", "2026-11-25", "2 years"),
            ("2017-04-04", "2026-11-25", "9 years 7 months"),
            ("2008-11-26", "2026-11-25", "17 years 11 months"),
            ("2008-11-25", "2026-11-25", "18 years"),
            ("2024-02-29", "2025-02-28", "52 weeks 1 day"),
            ("2024-02-29", "2025-03-01", "12 months 1 day"),
            ("2004-02-29", "2026-02-28", "21 years"),
            ("2004-02-29", "2026-03-01", "22 years"),
            ("2026-11-26", "2026-11-25", "not born yet"),
        ] {
            assert_eq!(age(date(birth), date(today)), expected, "{birth} on {today}");
        }
    }

    #[test]
    fn telephone_numbers_stand_in_groups() {
        for (number, expected) in [
            ("01632960123", "01632 960123"),
            ("02079460123", "020 7946 0123"),
            ("01174960123", "0117 496 0123"),
            ("01214960123", "0121 496 0123"),
            ("07700900123", "07700 900123"),
            ("08081570123", "0808 157 0123"),
            ("+441632960123", "+44 1632 960123"),
            ("+4930123456", "+4930123456"),
            ("111", "111"),
        ] {
            assert_eq!(phone(&number.parse().unwrap()), expected);
        }
    }

    #[test]
    fn counts_and_lists_read_well() {
        assert_eq!(counted(1, "notice"), "1 notice");
        assert_eq!(counted(0, "notice"), "0 notices");
        assert_eq!(list(&["A"]), "A");
        assert_eq!(list(&["A", "B", "C"]), "A, B and C");
        assert_eq!(list::<&str>(&[]), "");
    }
}
