//! Points in time as the message writes them (spec/hl7v3.md 1.3).

use crate::Mode;
use cpis_model::time::london_moment;
use cpis_model::{Date, Timestamp};

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is a timestamp: up to 14 digits, perhaps a fraction, and a zone where there are hours.
pub(crate) fn is_timestamp(text: &str) -> bool {
    let (moment, zone) = text.split_at(text.find(['+', '-']).unwrap_or(text.len()));
    let (whole, fraction) = moment.split_once('.').unwrap_or((moment, "0"));
    let zone_fits =
        zone.is_empty() || (whole.len() > 8 && (2..=5).contains(&zone.len()) && digits(zone.get(1..).unwrap_or("-")));
    let fraction_fits = !moment.contains('.') || (whole.len() == 14 && !fraction.is_empty() && digits(fraction));
    (1..=14).contains(&whole.len()) && digits(whole) && fraction_fits && zone_fits && text.len() <= 64
}

fn day(text: &str) -> Option<Date> {
    let number = |range| text.get(range).filter(|part: &&str| digits(part)).and_then(|part| part.parse::<i16>().ok());
    Date::new(number(0..4)?, number(4..6)? as i8, number(6..8)? as i8).ok()
}

/// The day of a timestamp that has at least a day.
pub(crate) fn birth(text: &str) -> Option<Date> {
    day(text).filter(|_| is_timestamp(text))
}

/// The moment of a timestamp that has at least a day. Without a zone it is London's, which real messages leave out.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let day = day(text).filter(|_| is_timestamp(text))?;
    let (whole, zone) = text.split_at(text.find(['+', '-']).unwrap_or(text.len()));
    let part = |range| whole.get(range).map_or(Some(0), |part: &str| part.parse::<i8>().ok());
    let local = day.to_datetime(jiff::civil::Time::new(part(8..10)?, part(10..12)?, part(12..14)?, 0).ok()?);
    if zone.is_empty() {
        return london_moment(local);
    }
    let (sign, digits) = (if zone.starts_with('-') { -1 } else { 1 }, zone.get(1..)?);
    let (hours, minutes) = digits.split_at(digits.len().min(2));
    let minutes = if minutes.is_empty() { 0 } else { minutes.parse::<i32>().ok()? };
    let seconds = sign * (hours.parse::<i32>().ok()? * 3600 + minutes * 60);
    let offset = jiff::tz::Offset::from_seconds(seconds).ok()?;
    offset.to_timestamp(local).ok()
}

/// The day of a plan date: 12 digits, from 1900 to 2099; where reading is lenient also 8.
pub(crate) fn plan(text: &str, mode: Mode) -> Option<Date> {
    let below = |range, limit: &str| text.get(range).is_some_and(|part: &str| digits(part) && part < limit);
    let fits = match text.len() {
        12 => below(8..10, "24") && below(10..12, "60"),
        8 => mode == Mode::Lenient,
        _ => false,
    };
    day(text).filter(|day| fits && (1900..=2099).contains(&day.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_have_the_form_of_their_type() {
        for (text, expected) in [
            ("20260302093000+0000", true),
            ("20260302093000", true),
            ("2026", true),
            ("202603020930-05", true),
            ("20260302093000.123+0000", true),
            ("", false),
            ("20260302+0000", false),
            ("202603020930.1", false),
            ("20260302093000.", false),
            ("20260302093000+", false),
            ("20260302093000+00000", false),
            ("20260302093000Z", false),
            ("2026-03-02", false),
            ("202603020930001", false),
        ] {
            assert_eq!(is_timestamp(text), expected, "{text}");
        }
    }

    #[test]
    fn moments_are_read_in_their_zone_or_londons() {
        for (text, expected) in [
            ("20260304101500+0000", "2026-03-04T10:15:00Z"),
            ("20260704101500", "2026-07-04T09:15:00Z"),
            ("202607041015", "2026-07-04T09:15:00Z"),
            ("20260304101500.123+0130", "2026-03-04T08:45:00Z"),
            ("2026030410-05", "2026-03-04T15:00:00Z"),
            ("20260304", "2026-03-04T00:00:00Z"),
            ("20260304250000", ""),
            ("202603", ""),
            ("20260304101500+9900", ""),
            ("é", ""),
        ] {
            assert_eq!(moment(text).map(|at| at.to_string()).unwrap_or_default(), expected, "{text}");
        }
    }

    #[test]
    fn days_are_read_or_refused() {
        let text = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        for (given, expected) in [
            ("20170404", "2017-04-04"),
            ("201704041230", "2017-04-04"),
            ("20170404123000+0100", "2017-04-04"),
            ("20160229", "2016-02-29"),
            ("20170229", ""),
            ("2017", ""),
            ("20170404x", ""),
            ("2017-04-04", ""),
            ("+2170404", ""),
        ] {
            assert_eq!(text(birth(given)), expected, "{given}");
        }
        for (given, lenient, strict) in [
            ("202601150000", "2026-01-15", "2026-01-15"),
            ("202601152359", "2026-01-15", "2026-01-15"),
            ("20260115", "2026-01-15", ""),
            ("202601152400", "", ""),
            ("202601150060", "", ""),
            ("202602300000", "", ""),
            ("189901150000", "", ""),
            ("20260115000000", "", ""),
            ("2026011500é", "", ""),
        ] {
            assert_eq!(text(plan(given, Mode::Lenient)), lenient, "{given}");
            assert_eq!(text(plan(given, Mode::Strict)), strict, "{given}");
        }
    }
}
