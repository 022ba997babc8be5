//! When somebody answers: hours of the week in Europe/London, by the clock on the wall. Bank holidays are not known: on one,
//! an office counts as open.

use crate::Timestamp;
use crate::time::london_time;
use std::fmt;
use std::str::FromStr;

const MINUTES_A_DAY: u16 = 24 * 60;
/// Most openings in one text.
pub const OPENINGS_MAX: usize = 28;
const AT_ALL_TIMES: &str = "at all times";
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

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

/// Not such a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hours are written like `Mon-Fri 08:45-17:00; Sat 10:00-12:00`, or `at all times`")]
pub struct HoursError;

impl Hours {
    /// Whether somebody answers at this moment, as far as the hours say.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let Self::Weekly(openings) = self else { return true };
        let local = london_time(at);
        let minute = (i16::from(local.hour()) * 60 + i16::from(local.minute())) as u16;
        let today = u8::try_from(local.weekday().to_monday_zero_offset()).unwrap_or_default();
        openings.iter().any(|opening| opening.holds(today, minute))
    }
}

impl Opening {
    fn holds(self, today: u8, minute: u16) -> bool {
        let on = |day: u8| self.days >> (day % 7) & 1 == 1;
        if self.from < self.until {
            return on(today) && (self.from..self.until).contains(&minute);
        }
        on(today) && minute >= self.from || on(today + 6) && minute < self.until
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
        let on = |day: usize| self.days >> day & 1 == 1;
        let begins = |day: &usize| on(*day) && (*day == 0 || !on(day - 1));
        for (written, first) in (0..DAYS.len()).filter(begins).enumerate() {
            let last = (first..DAYS.len()).take_while(|day| on(*day)).last().unwrap_or(first);
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
