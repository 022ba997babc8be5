//! When somebody answers: hours of the week in Europe/London, by the clock on the wall, and how people say them. Bank
//! holidays are not known: on one, an office counts as open.

use crate::time::london_time;
use crate::{Date, Timestamp};
use jiff::ToSpan;
use jiff::civil::{DateTime, Time};
use std::fmt;
use std::str::FromStr;

const MINUTES_A_DAY: u16 = 24 * 60;
/// Most openings in one text.
pub const OPENINGS_MAX: usize = 28;
const AT_ALL_TIMES: &str = "at all times";
const EVERY_DAY: &str = "every day";
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAY_NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// Days that are looked ahead for the next change.
const DAYS_AHEAD: i64 = 8;

/// Hours of the week, read from and written as `Mon-Fri 08:45-17:00; Sat 10:00-12:00`, or `at all times`. An opening that does
/// not end later than it begins goes on into the next day: `Mon-Thu 17:00-08:45`. A day ends at 24:00.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hours {
    /// Around the clock.
    AtAllTimes,
    /// Only then. Never empty.
    Weekly(Box<[Opening]>),
}

/// Days that share an opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// One bit a day; Monday is the lowest.
    days: u8,
    /// Minutes after midnight.
    from: u16,
    /// Minutes after midnight, at most 24:00.
    until: u16,
}

/// Whether somebody answers, and when that changes next by the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// Day and night.
    Always,
    /// Yes, until then.
    Until(DateTime),
    /// No; next from then on, unless the calendar ends before.
    From(Option<DateTime>),
}

/// Not such a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hours are written like `Mon-Fri 08:45-17:00; Sat 10:00-12:00`, or `at all times`")]
pub struct HoursError;

impl Hours {
    /// Whether somebody answers at this moment, as far as the hours say.
    pub fn is_open(&self, at: Timestamp) -> bool {
        !matches!(self.open_at(london_time(at)), Open::From(_))
    }

    /// Whether somebody answers at this local time, and when that changes.
    pub fn open_at(&self, now: DateTime) -> Open {
        let Self::Weekly(openings) = self else { return Open::Always };
        let stretches = stretches(openings, now.date());
        match stretches.iter().find(|(from, until)| *from <= now && now < *until) {
            Some((_, until)) if until.date() > now.date().saturating_add((DAYS_AHEAD - 1).days()) => Open::Always,
            Some((_, until)) => Open::Until(*until),
            None => Open::From(stretches.iter().map(|(from, _)| *from).find(|from| *from > now)),
        }
    }

    /// The hours in words, such as `Monday to Friday, 08:45 to 17:00; Saturday, 10:00 to 12:00`.
    pub fn words(&self) -> String {
        match self {
            Self::AtAllTimes => "day and night".to_owned(),
            Self::Weekly(openings) => openings.iter().map(|opening| opening.words()).collect::<Vec<_>>().join("; "),
        }
    }
}

/// Every stretch that begins between the day before and some days ahead, in order; stretches that touch are one.
fn stretches(openings: &[Opening], today: Date) -> Vec<(DateTime, DateTime)> {
    let days = (-1..=DAYS_AHEAD).filter_map(|days| today.checked_add(days.days()).ok());
    let mut all: Vec<_> =
        days.flat_map(|day| openings.iter().filter_map(move |opening| opening.begins_on(day))).collect();
    all.sort_unstable();
    let mut joined: Vec<(DateTime, DateTime)> = Vec::with_capacity(all.len());
    for (from, until) in all {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => joined.push((from, until)),
        }
    }
    joined
}

impl Opening {
    fn is_on(self, day: usize) -> bool {
        self.days >> day & 1 == 1
    }

    fn begins_on(self, day: Date) -> Option<(DateTime, DateTime)> {
        let place = usize::try_from(day.weekday().to_monday_zero_offset()).ok()?;
        let at = |minutes: u16| day.to_datetime(Time::MIN).checked_add(i64::from(minutes).minutes()).ok();
        let until = if self.from < self.until { self.until } else { self.until + MINUTES_A_DAY };
        self.is_on(place).then_some(())?;
        Some((at(self.from)?, at(until)?))
    }

    fn words(self) -> String {
        let time = |minutes: u16| match minutes {
            MINUTES_A_DAY => "midnight".to_owned(),
            _ => format!("{:02}:{:02}", minutes / 60, minutes % 60),
        };
        let is_whole_day = self.from == 0 && matches!(self.until, 0 | MINUTES_A_DAY);
        match (self.days_in_words(), is_whole_day) {
            (days, true) if days == EVERY_DAY => "day and night".to_owned(),
            (days, true) => format!("{days}, all day"),
            (days, false) => format!("{days}, {} to {}", time(self.from), time(self.until)),
        }
    }

    fn days_in_words(self) -> String {
        let days: Vec<usize> = (0..DAYS.len()).filter(|day| self.is_on(*day)).collect();
        let names: Vec<&str> = days.iter().filter_map(|day| DAY_NAMES.get(*day).copied()).collect();
        let in_a_row = days.windows(2).all(|pair| matches!(pair, [one, next] if one + 1 == *next));
        match names.as_slice() {
            all if all.len() == DAYS.len() => EVERY_DAY.to_owned(),
            [first, _, .., last] if in_a_row && names.len() > 2 => format!("{first} to {last}"),
            [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            _ => names.concat(),
        }
    }
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.eq_ignore_ascii_case(AT_ALL_TIMES) {
            return Ok(Self::AtAllTimes);
        }
        let parts = text.split(';').filter(|part| !part.trim().is_empty());
        let openings: Vec<Opening> = parts.map(opening).collect::<Option<_>>().ok_or(HoursError)?;
        if openings.is_empty() || openings.len() > OPENINGS_MAX {
            Err(HoursError)
        } else {
            Ok(Self::Weekly(openings.into()))
        }
    }
}

fn opening(text: &str) -> Option<Opening> {
    let (days, times) = text.trim().rsplit_once(char::is_whitespace)?;
    let (from, until) = times.split_once('-')?;
    let (from, until) = (minutes(from)?, minutes(until)?);
    let days = days.split(',').map(day_range).try_fold(0, |all, range| Some(all | range?))?;
    (from < MINUTES_A_DAY).then_some(Opening { days, from, until })
}

/// The bits of `Mon` or `Mon-Fri`; `Sat-Mon` goes over the week's end.
fn day_range(text: &str) -> Option<u8> {
    let number = |name: &str| DAYS.iter().position(|day| day.eq_ignore_ascii_case(name.trim()));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    let length = (last + 7 - first) % 7;
    Some((0..=length).fold(0, |bits, step| bits | 1 << ((first + step) % 7)))
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let number =
        |text: &str| text.parse::<u16>().ok().filter(|_| text.len() == 2 && text.bytes().all(|c| c.is_ascii_digit()));
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= MINUTES_A_DAY).then_some(total)
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Weekly(openings) = self else { return f.write_str(AT_ALL_TIMES) };
        for (n, opening) in openings.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { "; " })?;
            opening.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begins = |day: &usize| self.is_on(*day) && (*day == 0 || !self.is_on(day - 1));
        for (written, first) in (0..DAYS.len()).filter(begins).enumerate() {
            let last = (first..DAYS.len()).take_while(|day| self.is_on(*day)).last().unwrap_or(first);
            let name = |day: usize| DAYS.get(day).copied().unwrap_or_default();
            f.write_str(if written == 0 { "" } else { "," })?;
            f.write_str(name(first))?;
            if last > first {
                write!(f, "-{}", name(last))?;
            }
        }
        let time = |minutes: u16| (minutes / 60, minutes % 60);
        let ((from, from_minute), (until, until_minute)) = (time(self.from), time(self.until));
        write!(f, " {from:02}:{from_minute:02}-{until:02}:{until_minute:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hours_are_those_of_the_clock_on_the_wall() {
        // 2026-11-25 is a Wednesday; clocks go back on 2026-10-25 and forward on 2026-03-29, both Sundays.
        for (hours, at, open) in [
            ("at all times", "2026-11-25T03:00:00Z", true),
            ("Mon-Fri 08:45-17:00", "2026-11-25T08:44:59Z", false),
            ("Mon-Fri 08:45-17:00", "2026-11-25T08:45:00Z", true),
            ("Mon-Fri 08:45-17:00", "2026-11-25T16:59:59Z", true),
            ("Mon-Fri 08:45-17:00", "2026-11-25T17:00:00Z", false),
            ("Mon-Fri 08:45-17:00", "2026-11-28T10:00:00Z", false),
            // In summer the wall is an hour ahead of UTC.
            ("Mon-Fri 08:45-17:00", "2026-07-01T07:45:00Z", true),
            ("Mon-Fri 08:45-17:00", "2026-07-01T16:00:00Z", false),
            // Over midnight, and from the week's end into its beginning.
            ("Wed 17:00-08:45", "2026-11-25T16:59:00Z", false),
            ("Wed 17:00-08:45", "2026-11-25T23:59:00Z", true),
            ("Wed 17:00-08:45", "2026-11-26T00:00:00Z", true),
            ("Wed 17:00-08:45", "2026-11-26T08:45:00Z", false),
            ("Wed 17:00-08:45", "2026-11-25T00:00:00Z", false),
            ("Sun 22:00-06:00", "2026-11-30T05:00:00Z", true),
            ("Sat-Mon 10:00-12:00", "2026-11-30T11:00:00Z", true),
            ("Sat-Sun 00:00-24:00", "2026-11-28T00:00:00Z", true),
            ("Sat-Sun 00:00-24:00", "2026-11-29T23:59:59Z", true),
            ("Sat-Sun 00:00-24:00", "2026-11-30T00:00:00Z", false),
            ("Wed 00:00-00:00", "2026-11-25T23:59:00Z", true),
            ("Wed 00:00-00:00", "2026-11-26T00:00:00Z", false),
            ("Mon-Tue 09:00-12:00; Wed 13:00-15:00", "2026-11-25T14:00:00Z", true),
            ("Mon,Wed 13:00-15:00", "2026-11-24T14:00:00Z", false),
            // The hour that comes twice is open twice, the one that is left out is never reached.
            ("Sun 01:00-02:00", "2026-10-25T00:30:00Z", true),
            ("Sun 01:00-02:00", "2026-10-25T01:30:00Z", true),
            ("Sun 01:00-02:00", "2026-10-25T02:00:00Z", false),
            ("Sun 01:00-02:00", "2026-03-29T00:59:59Z", false),
            ("Sun 01:00-02:00", "2026-03-29T01:00:00Z", false),
            ("Sun 02:00-03:00", "2026-03-29T01:00:00Z", true),
        ] {
            let read: Hours = hours.parse().unwrap();
            assert_eq!(read.is_open(at.parse().unwrap()), open, "{hours} at {at}");
            assert_eq!(read.to_string(), hours.replace("Sat-Mon", "Mon,Sat-Sun"), "{hours}");
        }
    }

    #[test]
    fn the_next_change_is_told_by_the_clock_on_the_wall() {
        let office = "Mon-Fri 08:45-17:00";
        let duty = "Mon-Fri 17:00-08:45; Sat-Sun 00:00-24:00; Mon 00:00-08:45";
        // 2026-11-25 is a Wednesday.
        for (hours, now, expected) in [
            (office, "2026-11-25T08:44:59", "from 2026-11-25T08:45:00"),
            (office, "2026-11-25T08:45:00", "until 2026-11-25T17:00:00"),
            (office, "2026-11-25T17:00:00", "from 2026-11-26T08:45:00"),
            (office, "2026-11-27T17:00:00", "from 2026-11-30T08:45:00"),
            (duty, "2026-11-25T17:00:00", "until 2026-11-26T08:45:00"),
            (duty, "2026-11-26T03:00:00", "until 2026-11-26T08:45:00"),
            (duty, "2026-11-26T08:45:00", "from 2026-11-26T17:00:00"),
            (duty, "2026-11-27T20:00:00", "until 2026-11-30T08:45:00"),
            ("Wed 09:00-24:00", "2026-11-25T10:00:00", "until 2026-11-26T00:00:00"),
            ("Wed 09:00-10:00", "2026-11-25T10:00:00", "from 2026-12-02T09:00:00"),
            ("Mon-Sun 00:00-24:00", "2026-11-25T10:00:00", "always"),
            ("Mon-Sun 09:00-09:00", "2026-11-25T08:00:00", "always"),
            ("at all times", "2026-11-25T10:00:00", "always"),
        ] {
            let told = match hours.parse::<Hours>().unwrap().open_at(now.parse().unwrap()) {
                Open::Always => "always".to_owned(),
                Open::Until(then) => format!("until {then}"),
                Open::From(then) => format!("from {}", then.unwrap()),
            };
            assert_eq!(told, expected, "{hours} at {now}");
        }
    }

    #[test]
    fn hours_are_said_in_words() {
        for (hours, expected) in [
            ("at all times", "day and night"),
            ("Mon-Sun 00:00-24:00", "day and night"),
            ("Mon-Sun 17:00-08:45", "every day, 17:00 to 08:45"),
            ("Mon-Fri 08:45-17:00", "Monday to Friday, 08:45 to 17:00"),
            ("Sat-Sun 00:00-00:00", "Saturday and Sunday, all day"),
            ("Mon,Wed-Thu 09:00-12:30", "Monday, Wednesday and Thursday, 09:00 to 12:30"),
            ("Mon-Thu 17:00-24:00; Sat 10:00-12:00", "Monday to Thursday, 17:00 to midnight; Saturday, 10:00 to 12:00"),
        ] {
            assert_eq!(hours.parse::<Hours>().unwrap().words(), expected);
        }
    }

    #[test]
    fn what_is_no_such_text_is_refused() {
        let long = "Mon 01:00-02:00;".repeat(OPENINGS_MAX + 1);
        for text in [
            "",
            ";",
            "never",
            "Mon",
            "Mon 9-5",
            "Mon 09:00",
            "Mon 09:00-25:00",
            "Mon 24:00-01:00",
            "Mon 09:60-10:00",
            "Noon 09:00-10:00",
            "Mon- 09:00-10:00",
            "Mon 9:00-10:00",
            "Mon +9:00-10:00",
            "09:00-10:00",
            &long,
        ] {
            assert_eq!(text.parse::<Hours>(), Err(HoursError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn hours_come_back_as_they_were_written(openings in proptest::collection::vec((1u8..128, 0u16..1440, 0u16..=1440), 1..8)) {
            let openings = openings.into_iter().map(|(days, from, until)| Opening { days, from, until });
            let hours = Hours::Weekly(openings.collect());
            prop_assert_eq!(hours.to_string().parse(), Ok(hours));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Hours>();
        }
    }
}
