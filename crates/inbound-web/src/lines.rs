//! Telephone lines as pages show them: whose they are, when they are answered, and whether they are now.

use crate::words;
use cpis_model::Timestamp;
use cpis_model::hours::{Hours, Open};
use cpis_model::organisation::Phone;
use cpis_model::organisation_record::ContactKind;
use cpis_model::reach::Reach;
use cpis_model::time::london_time;
use jiff::civil::{DateTime, Time};

/// A telephone line.
#[derive(Clone)]
pub struct Line {
    /// Whom it reaches, such as `Emergency duty team`.
    pub name: String,
    /// Its number.
    pub phone: Phone,
    /// Its hours, where registered.
    pub hours: Option<Hours>,
    open: Option<Open>,
    now: DateTime,
}

/// Whom a kind of number reaches.
pub fn whom(kind: ContactKind) -> &'static str {
    match kind {
        ContactKind::Office => "Office",
        ContactKind::Team => "Team",
        ContactKind::Emergency => "Emergency duty team",
    }
}

impl Line {
    /// A line as it is at a moment.
    pub fn new(name: impl Into<String>, phone: Phone, hours: Option<Hours>, at: Timestamp) -> Self {
        let now = london_time(at);
        let open = hours.as_ref().map(|hours| hours.open_at(now));
        Self { name: name.into(), phone, hours, open, now }
    }

    /// A number of an authority at a moment.
    pub fn reaching(reach: Reach, at: Timestamp) -> Self {
        Self::new(whom(reach.kind), reach.phone, reach.hours, at)
    }

    /// Whether it is known to be answered now.
    pub fn is_open(&self) -> bool {
        matches!(self.open, Some(Open::Always | Open::Until(_)))
    }

    /// Whether it is known not to be answered now.
    pub fn is_closed(&self) -> bool {
        matches!(self.open, Some(Open::From(_)))
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
            Some(Open::Always) => "Open now, day and night".to_owned(),
            Some(Open::Until(until)) => format!("Open now, until {}", then(until)),
            Some(Open::From(Some(from))) => format!("Closed now, opens {}", then(from)),
            Some(Open::From(None)) => "Closed now".to_owned(),
            None => "Hours not registered".to_owned(),
        }
    }

    /// The hours in words, where they say more than the state does.
    pub fn hours(&self) -> Option<String> {
        let hours = self.hours.as_ref().filter(|_| self.open != Some(Open::Always))?;
        Some(hours.words())
    }

    /// The number for people.
    pub fn number(&self) -> String {
        words::phone(&self.phone)
    }

    /// The number for a `tel:` address.
    pub fn dial(&self) -> &str {
        self.phone.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_a_line_is_answered_is_a_short_sentence() {
        let office = "Mon-Fri 08:45-17:00";
        let duty = "Mon-Fri 17:00-08:45; Sat-Sun 00:00-24:00; Mon 00:00-08:45";
        // 25 November 2026 is a Wednesday; in winter London keeps UTC, in summer it is an hour ahead.
        for (hours, now, expected) in [
            (office, "2026-11-25T08:44:59Z", "Closed now, opens 08:45"),
            (office, "2026-11-25T08:45:00Z", "Open now, until 17:00"),
            (office, "2026-07-01T07:45:00Z", "Open now, until 17:00"),
            (office, "2026-11-25T17:00:00Z", "Closed now, opens tomorrow 08:45"),
            (office, "2026-11-27T17:00:00Z", "Closed now, opens Monday 08:45"),
            (duty, "2026-11-25T17:00:00Z", "Open now, until tomorrow 08:45"),
            (duty, "2026-11-27T20:00:00Z", "Open now, until Monday 08:45"),
            ("Wed 09:00-24:00", "2026-11-25T10:00:00Z", "Open now, until midnight"),
            ("at all times", "2026-11-25T03:00:00Z", "Open now, day and night"),
            ("", "2026-11-25T03:00:00Z", "Hours not registered"),
        ] {
            let line = Line::new("", "01632960123".parse().unwrap(), hours.parse().ok(), now.parse().unwrap());
            assert_eq!(line.state(), expected, "{hours} at {now}");
            let says = [line.is_open(), line.is_closed()];
            assert_eq!(says, [expected.starts_with("Open"), expected.starts_with("Closed")], "{hours} at {now}");
            assert_eq!(line.hours().is_some(), !hours.is_empty() && hours != "at all times", "{hours}");
        }
    }
}
