//! When a telephone line is answered, and which of an authority's lines is open now. Local times of Europe/London.

use crate::words;
use cpis_model::organisation::Phone;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time, Weekday};

/// One stretch of hours on a day of the week. Hours that end at or before their beginning run past midnight; from 00:00
/// to 00:00 is the whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The day on which it begins.
    pub day: Weekday,
    /// From when on.
    pub from: Time,
    /// Until when; this minute itself is not within.
    pub until: Time,
}

/// The hours of a week. Without any, the line is never answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours(pub Vec<Opening>);

/// Whether a line is answered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// Day and night.
    Always,
    /// Yes, until then.
    Until(DateTime),
    /// No; next from then on, where that is known.
    From(Option<DateTime>),
    /// The hours are not registered.
    Unknown,
}

/// A telephone line of an authority.
#[derive(Clone)]
pub struct Line {
    /// What it is, such as `Emergency duty team`.
    pub name: String,
    /// Its number.
    pub phone: Phone,
    /// Its hours, where registered.
    pub hours: Option<Hours>,
}

/// A line and whether it is answered now.
#[derive(Clone)]
pub struct ShownLine {
    /// The line.
    pub line: Line,
    /// Whether it is answered.
    pub open: Open,
    now: DateTime,
}

impl Opening {
    fn starts_on(&self, date: Date) -> Option<(DateTime, DateTime)> {
        let end = if self.until > self.from { date } else { date.checked_add(1.day()).ok()? };
        (date.weekday() == self.day).then(|| (date.to_datetime(self.from), end.to_datetime(self.until)))
    }
}

impl Hours {
    /// The same hours on several days.
    pub fn daily(days: &[Weekday], from: Time, until: Time) -> Self {
        Self(days.iter().map(|&day| Opening { day, from, until }).collect())
    }

    /// Every stretch that begins between yesterday and a week from now, in order; stretches that touch are one.
    fn stretches(&self, now: DateTime) -> Vec<(DateTime, DateTime)> {
        let dates = (-1..=8).filter_map(|days| now.date().checked_add(days.days()).ok());
        let mut all: Vec<_> =
            dates.flat_map(|date| self.0.iter().filter_map(move |opening| opening.starts_on(date))).collect();
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

    /// Whether a line of these hours is answered at a local time.
    pub fn open_at(&self, now: DateTime) -> Open {
        let stretches = self.stretches(now);
        match stretches.iter().find(|(from, until)| *from <= now && now < *until) {
            Some((_, until)) if until.date() > now.date().saturating_add(7.days()) => Open::Always,
            Some((_, until)) => Open::Until(*until),
            None => Open::From(stretches.iter().map(|(from, _)| *from).find(|from| *from > now)),
        }
    }

    /// The hours in words, such as `Monday to Friday, 08:45 to 17:00`; days of the same hours are said together.
    pub fn words(&self) -> String {
        let mut spoken: Vec<(Vec<Weekday>, Time, Time)> = Vec::new();
        let mut openings = self.0.clone();
        openings.sort_by_key(|opening| (opening.day.to_monday_zero_offset(), opening.from));
        for opening in openings {
            match spoken.iter_mut().find(|(_, from, until)| (*from, *until) == (opening.from, opening.until)) {
                Some((days, ..)) => days.push(opening.day),
                None => spoken.push((vec![opening.day], opening.from, opening.until)),
            }
        }
        let parts = spoken.iter().map(|(days, from, until)| {
            let whole_day = *from == Time::MIN && *until == Time::MIN;
            match (days_in_words(days), whole_day) {
                (days, true) if days == "every day" => "day and night".to_owned(),
                (days, true) => format!("{days}, all day"),
                (days, false) => format!("{days}, {} to {}", words::clock(*from), words::clock(*until)),
            }
        });
        parts.collect::<Vec<_>>().join("; ")
    }
}

fn days_in_words(days: &[Weekday]) -> String {
    let mut offsets = days.iter().map(|day| day.to_monday_zero_offset());
    let in_a_row = offsets.next().is_some_and(|first| offsets.zip(first + 1..).all(|(day, next)| day == next));
    match days {
        _ if days.len() == 7 => "every day".to_owned(),
        [first, _, .., last] if in_a_row && days.len() > 2 => {
            format!("{} to {}", words::weekday(*first), words::weekday(*last))
        }
        _ => words::list(&days.iter().map(|day| words::weekday(*day)).collect::<Vec<_>>()),
    }
}

/// The lines with what is open now first; among the others their order stays.
pub fn lines_now(lines: Vec<Line>, now: DateTime) -> Vec<ShownLine> {
    let show = |line: Line| {
        let open = line.hours.as_ref().map_or(Open::Unknown, |hours| hours.open_at(now));
        ShownLine { line, open, now }
    };
    let mut shown: Vec<ShownLine> = lines.into_iter().map(show).collect();
    shown.sort_by_key(|line| match line.open {
        Open::Always | Open::Until(_) => 0,
        Open::Unknown => 1,
        Open::From(_) => 2,
    });
    shown
}

impl ShownLine {
    /// Whether it is known to be answered now.
    pub fn is_open(&self) -> bool {
        matches!(self.open, Open::Always | Open::Until(_))
    }

    /// Whether it is known not to be answered now.
    pub fn is_closed(&self) -> bool {
        matches!(self.open, Open::From(_))
    }

    /// Whether it is answered, as a short sentence.
    pub fn state(&self) -> String {
        let then = |then: DateTime| {
            let days = self.now.date().until(then.date()).map(|span| span.get_days()).unwrap_or_default();
            let time = words::clock(then.time());
            match days {
                0 => time,
                1 if then.time() == Time::MIN => "midnight".to_owned(),
                1 => format!("tomorrow {time}"),
                _ => format!("{} {time}", words::weekday(then.weekday())),
            }
        };
        match self.open {
            Open::Always => "Open now, day and night".to_owned(),
            Open::Until(until) => format!("Open now, until {}", then(until)),
            Open::From(Some(from)) => format!("Closed now, opens {}", then(from)),
            Open::From(None) => "Closed now".to_owned(),
            Open::Unknown => "Hours not registered".to_owned(),
        }
    }

    /// The number for people.
    pub fn number(&self) -> String {
        words::phone(&self.line.phone)
    }

    /// The number for a `tel:` address.
    pub fn dial(&self) -> &str {
        self.line.phone.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    const WEEKDAYS: [Weekday; 5] =
        [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
    const WEEKEND: [Weekday; 2] = [Weekday::Saturday, Weekday::Sunday];

    fn office() -> Hours {
        Hours::daily(&WEEKDAYS, time(8, 45, 0, 0), time(17, 0, 0, 0))
    }

    fn out_of_hours() -> Hours {
        let mut nights = Hours::daily(&WEEKDAYS, time(17, 0, 0, 0), time(8, 45, 0, 0));
        nights.0.extend(Hours::daily(&WEEKEND, Time::MIN, Time::MIN).0);
        nights.0.push(Opening { day: Weekday::Sunday, from: Time::MIN, until: time(8, 45, 0, 0) });
        // Sunday runs on until the office opens.
        nights.0.push(Opening { day: Weekday::Monday, from: Time::MIN, until: time(8, 45, 0, 0) });
        nights
    }

    fn all_day() -> Hours {
        let days: Vec<Weekday> = WEEKDAYS.into_iter().chain(WEEKEND).collect();
        Hours::daily(&days, Time::MIN, Time::MIN)
    }

    #[test]
    fn what_is_open_now_depends_on_the_local_time() {
        // 25 November 2026 is a Wednesday.
        for (hours, now, expected) in [
            (office(), "2026-11-25T08:44:59", "Closed now, opens 08:45"),
            (office(), "2026-11-25T08:45:00", "Open now, until 17:00"),
            (office(), "2026-11-25T17:00:00", "Closed now, opens tomorrow 08:45"),
            (office(), "2026-11-27T17:00:00", "Closed now, opens Monday 08:45"),
            (office(), "2026-11-29T23:00:00", "Closed now, opens tomorrow 08:45"),
            (out_of_hours(), "2026-11-25T17:00:00", "Open now, until tomorrow 08:45"),
            (out_of_hours(), "2026-11-26T03:00:00", "Open now, until 08:45"),
            (out_of_hours(), "2026-11-26T08:45:00", "Closed now, opens 17:00"),
            (out_of_hours(), "2026-11-27T20:00:00", "Open now, until Monday 08:45"),
            (out_of_hours(), "2026-11-30T08:44:00", "Open now, until 08:45"),
            (all_day(), "2026-11-25T03:00:00", "Open now, day and night"),
            (Hours::default(), "2026-11-25T03:00:00", "Closed now"),
            (
                Hours::daily(&[Weekday::Wednesday], time(9, 0, 0, 0), Time::MIN),
                "2026-11-25T10:00:00",
                "Open now, until midnight",
            ),
        ] {
            let line = Line { name: String::new(), phone: "01632960123".parse().unwrap(), hours: Some(hours.clone()) };
            let shown = lines_now(vec![line], now.parse().unwrap());
            assert_eq!(shown[0].state(), expected, "{hours:?} at {now}");
        }
    }

    #[test]
    fn the_open_line_stands_first_and_an_unknown_one_before_a_closed_one() {
        let line = |name: &str, hours: Option<Hours>| Line {
            name: name.to_owned(),
            phone: "01632960123".parse().unwrap(),
            hours,
        };
        let lines = vec![line("office", Some(office())), line("unknown", None), line("duty", Some(out_of_hours()))];
        let names = |now: &str| -> Vec<String> {
            lines_now(lines.clone(), now.parse().unwrap()).into_iter().map(|shown| shown.line.name).collect()
        };
        assert_eq!(names("2026-11-25T10:00:00"), ["office", "unknown", "duty"]);
        assert_eq!(names("2026-11-25T22:00:00"), ["duty", "unknown", "office"]);
    }

    #[test]
    fn hours_are_said_in_words() {
        assert_eq!(office().words(), "Monday to Friday, 08:45 to 17:00");
        assert_eq!(all_day().words(), "day and night");
        assert_eq!(Hours::daily(&WEEKEND, Time::MIN, Time::MIN).words(), "Saturday and Sunday, all day");
        let some = [Weekday::Monday, Weekday::Wednesday, Weekday::Thursday];
        let some = Hours::daily(&some, time(9, 0, 0, 0), time(12, 30, 0, 0));
        assert_eq!(some.words(), "Monday, Wednesday and Thursday, 09:00 to 12:30");
        assert_eq!(Hours::default().words(), "");
    }
}
