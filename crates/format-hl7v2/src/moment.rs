//! Times as HL7 writes them: any precision, with or without a zone, local times of Europe/London, kept as they came.

use crate::er7::Part;
use crate::oddity::OddityKind;
use crate::profile::{Offsets, Zone};
use cpis_model::{Date, Timestamp};
use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Span, ToSpan};

static LONDON: TimeZone = jiff::tz::get!("Europe/London");

/// How much of a time was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// The year.
    Year,
    /// Year and month.
    Month,
    /// The day.
    Day,
    /// The hour.
    Hour,
    /// The minute.
    Minute,
    /// The second or less.
    Second,
}

/// A time: from when to when it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// As it stood in the message.
    pub raw: String,
    /// How much of it was given.
    pub precision: Precision,
    /// The first local date and time that it may be.
    pub local: DateTime,
    /// The first moment that it may be.
    pub earliest: Timestamp,
    /// The last moment that it may be, to the second.
    pub latest: Timestamp,
}

impl Moment {
    /// The moment to reckon with: the first that it may be. In the hour that happens twice it is the first of the two.
    pub fn at(&self) -> Timestamp {
        self.earliest
    }

    /// Whether it may be one of two moments, because the clocks go back.
    pub fn is_ambiguous(&self) -> bool {
        self.precision >= Precision::Hour && self.local_span() < self.earliest.duration_until(self.latest)
    }

    fn local_span(&self) -> jiff::SignedDuration {
        let seconds = match self.precision {
            Precision::Hour => 3_599,
            Precision::Minute => 59,
            _ => 0,
        };
        jiff::SignedDuration::from_secs(seconds)
    }

    /// The local day, where one was given.
    pub fn day(&self) -> Option<Date> {
        (self.precision >= Precision::Day).then(|| self.local.date())
    }

    /// Reads a field; `None` where there is nothing. What is odd is told.
    pub(crate) fn read(field: Part<'_>, zone: Zone, offsets: Offsets, odd: &mut dyn FnMut(OddityKind)) -> Option<Self> {
        let raw = field.component(1).value()?;
        let Some((civil, precision, offset, lenient)) = civil(&raw) else {
            odd(OddityKind::TimeUnreadable);
            return None;
        };
        if lenient || !field.component(2).is_empty() {
            odd(OddityKind::TimeForm);
        }
        let offset = offset.filter(|_| offsets == Offsets::AsWritten);
        let end = last(civil, precision);
        let (earliest, first_kind) = range(civil, offset, zone)?;
        let (latest, _) = range(end, offset, zone)?;
        first_kind.into_iter().for_each(odd);
        let local = match offset {
            Some(_) => LONDON.to_datetime(earliest.0),
            None => civil,
        };
        Some(Self { raw, precision, local, earliest: earliest.0, latest: latest.1 })
    }
}

/// The last local time that a time of some precision may be.
fn last(civil: DateTime, precision: Precision) -> DateTime {
    let span: Span = match precision {
        Precision::Year => 1.year(),
        Precision::Month => 1.month(),
        Precision::Day => 1.day(),
        Precision::Hour => 1.hour(),
        Precision::Minute => 1.minute(),
        Precision::Second => return civil,
    };
    civil.saturating_add(span).saturating_sub(1.second())
}

type Both = (Timestamp, Timestamp);

/// The first and the last moment of a local time.
fn range(civil: DateTime, offset: Option<Offset>, zone: Zone) -> Option<(Both, Option<OddityKind>)> {
    if let Some(offset) = offset {
        let at = offset.to_timestamp(civil).ok()?;
        return Some(((at, at), None));
    }
    let zone = match zone {
        Zone::London => &LONDON,
        Zone::Utc => &TimeZone::UTC,
    };
    let ambiguous = zone.to_ambiguous_timestamp(civil);
    let kind = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => None,
        AmbiguousOffset::Gap { .. } => Some(OddityKind::TimeNever),
        AmbiguousOffset::Fold { .. } => Some(OddityKind::TimeTwice),
    };
    let is_fold = kind == Some(OddityKind::TimeTwice);
    let first = ambiguous.compatible().ok()?;
    let second = if is_fold { ambiguous.later().ok()? } else { first };
    Some(((first, second), kind))
}

/// Local date and time, precision, offset, and whether the form is not the one of HL7.
fn civil(raw: &str) -> Option<(DateTime, Precision, Option<Offset>, bool)> {
    // One system writes a sign and no offset after it.
    let bare = raw.trim().trim_end_matches(['+', '-']);
    let cut = bare.len() != raw.trim().len();
    let (main, offset) = split_offset(bare);
    let (main, _fraction) = main.split_once('.').unwrap_or((main, ""));
    let is_iso = main.contains(|c: char| !c.is_ascii_digit());
    let digits: String = if is_iso { iso(main)? } else { main.to_owned() };
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<i16>().ok());
    let precision = match digits.len() {
        4 => Precision::Year,
        6 => Precision::Month,
        8 => Precision::Day,
        10 => Precision::Hour,
        12 => Precision::Minute,
        14 => Precision::Second,
        _ => return None,
    };
    let date = Date::new(number(0, 4)?, number(4, 6).unwrap_or(1) as i8, number(6, 8).unwrap_or(1) as i8).ok()?;
    // A second of 60 is a leap second, which the calendar here does not have.
    let second = number(12, 14).unwrap_or(0).min(if number(12, 14) == Some(60) { 59 } else { i16::MAX });
    let hour = number(8, 10).unwrap_or(0);
    let (hour, next) = if hour == 24 { (0, true) } else { (hour, false) };
    let time = Time::new(hour as i8, number(10, 12).unwrap_or(0) as i8, i8::try_from(second).ok()?, 0).ok()?;
    let day = if next { date.tomorrow().ok()? } else { date };
    let offset = match offset {
        Some(text) => Some(read_offset(text)?),
        None => None,
    };
    Some((day.to_datetime(time), precision, offset, is_iso || next || cut))
}

/// `+0100`, `-0000`, `+01:00`, `Z` at the end. A hyphen within a date is none.
fn split_offset(raw: &str) -> (&str, Option<&str>) {
    let raw = raw.trim();
    if let Some(main) = raw.strip_suffix(['Z', 'z']) {
        return (main, Some("+0000"));
    }
    match raw.rfind(['+', '-']) {
        Some(place) => {
            let (main, offset) = raw.split_at_checked(place).unwrap_or((raw, ""));
            let is_offset = offset.starts_with('+') || (!main.contains('-') && main.len() >= 4) || main.contains(':');
            if is_offset { (main, Some(offset)) } else { (raw, None) }
        }
        None => (raw, None),
    }
}

fn read_offset(text: &str) -> Option<Offset> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text.chars().skip(1).filter(|c| *c != ':').collect();
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<i32>().ok());
    let (hours, minutes) = match digits.len() {
        2 => (part(0, 2)?, 0),
        4 => (part(0, 2)?, part(2, 4)?),
        _ => return None,
    };
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

/// The digits of `2025-05-05 23:23:32`, `2020-05-08T13:06` and `2020-05-08`.
fn iso(text: &str) -> Option<String> {
    let form = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let shape: String = text.chars().map(form).collect();
    let known = ["0000-00", "0000-00-00", "0000-00-00 00:00", "0000-00-00 00:00:00"];
    let shape = shape.replace('T', " ");
    known.contains(&shape.as_str()).then(|| text.chars().filter(char::is_ascii_digit).collect())
}

#[cfg(test)]
mod tests;
