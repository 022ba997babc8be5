//! Days as the service counts them: in Europe/London, whatever the machine's zone.

use crate::{Date, Timestamp};
use jiff::ToSpan;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::TimeZone;
use std::time::Duration;

static LONDON: TimeZone = jiff::tz::get!("Europe/London");

/// The day in Europe/London at this moment.
pub fn london_day(at: Timestamp) -> Date {
    LONDON.to_datetime(at).date()
}

/// The local date and time in Europe/London at this moment.
pub fn london_time(at: Timestamp) -> jiff::civil::DateTime {
    LONDON.to_datetime(at)
}

/// The moment as local time with its offset, to the second, as FHIR's `instant` writes it.
pub fn london_instant(at: Timestamp) -> String {
    DateTimePrinter::new().precision(Some(0)).timestamp_with_offset_to_string(&at, LONDON.to_offset(at))
}

/// The moment that a local date and time of Europe/London names; the earlier one where the clocks go back.
pub fn london_moment(local: jiff::civil::DateTime) -> Option<Timestamp> {
    LONDON.to_ambiguous_timestamp(local).compatible().ok()
}

/// The day on which a person reaches an age. Born on 29 February counts as 1 March in other years.
pub fn birthday(birth: Date, age: i16) -> Option<Date> {
    let year = birth.year().checked_add(age)?;
    Date::new(year, birth.month(), birth.day()).or_else(|_| Date::new(year, 3, 1)).ok()
}

/// A day some days later, held at the end of the calendar.
pub fn days_after(day: Date, days: i32) -> Date {
    day.saturating_add(days.days())
}

/// The pause that the header `Retry-After` asks for: seconds, or a date (RFC 9110, 10.2.3).
pub fn pause_asked(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_day_is_londons() {
        for (utc, day) in [
            ("2026-07-01T22:59:59Z", date(2026, 7, 1)),
            ("2026-07-01T23:00:00Z", date(2026, 7, 2)),
            ("2026-01-01T23:59:59Z", date(2026, 1, 1)),
            ("2026-10-25T00:30:00Z", date(2026, 10, 25)),
        ] {
            assert_eq!(london_day(utc.parse().unwrap()), day, "{utc}");
        }
        assert_eq!(london_instant("2026-07-01T22:59:59Z".parse().unwrap()), "2026-07-01T23:59:59+01:00");
        // Never rounded up: an answer is not given before the moment that it names.
        assert_eq!(london_instant("2026-02-20T21:47:03.999Z".parse().unwrap()), "2026-02-20T21:47:03+00:00");
    }

    #[test]
    fn a_pause_is_given_in_seconds_or_as_a_date() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        for (text, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 22 Nov 2026 10:00:30 GMT", Some(30)),
            ("Sun, 22 Nov 2026 09:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("+5", None),
            ("", None),
        ] {
            assert_eq!(pause_asked(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn birthdays_of_leap_days_fall_on_the_first_of_march() {
        assert_eq!(birthday(date(2008, 2, 29), 18), Some(date(2026, 3, 1)));
        assert_eq!(birthday(date(2006, 11, 22), 18), Some(date(2024, 11, 22)));
    }
}
