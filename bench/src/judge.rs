//! Judgement: each figure beside its floor, which must hold, and its aim, which may be missed with a reason.

use cpis_load::words::{time, whole};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

const MIB: f64 = 1024.0 * 1024.0;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A part of something of the same run, 1 being all of it.
    Share,
    /// Seconds.
    Seconds,
    /// Bytes, written in MiB.
    Mebibytes,
    /// Bytes, written as they are.
    Bytes,
    /// A count.
    Count,
}

/// What a value must be, in its own unit.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Not less.
    AtLeast(f64),
    /// Not more.
    AtMost(f64),
}

/// A figure of the run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The value.
    pub value: f64,
    /// What it is.
    pub unit: Unit,
    /// What it is compared with in the same run, in words.
    pub beside: String,
    /// Must hold.
    pub floor: Option<Limit>,
    /// Should hold.
    pub aim: Option<Limit>,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing is asked of it.
    None,
    /// The aim is met, and the floor with it.
    AimMet,
    /// The floor is met, and there is no aim.
    FloorMet,
    /// The aim is missed; the floor, if there is one, is met.
    AimMissed,
    /// The floor is missed: the run fails.
    FloorMissed,
}

impl Verdict {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "–",
            Self::AimMet => "aim met",
            Self::FloorMet => "floor met",
            Self::AimMissed => "aim missed",
            Self::FloorMissed => "**floor missed**",
        }
    }
}

impl Limit {
    /// Whether a value keeps to it. What is no number keeps to nothing.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }

    fn words(self, unit: Unit) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {}", unit.words(least)),
            Self::AtMost(most) => format!("≤ {}", unit.words(most)),
        }
    }
}

impl Unit {
    /// A value for people.
    pub fn words(self, value: f64) -> String {
        match self {
            Self::Share => format!("{:.1} %", value * 100.0),
            Self::Seconds => time(value * 1e6),
            Self::Mebibytes => format!("{:.0} MiB", value / MIB),
            Self::Bytes => format!("{} B", whole(value)),
            Self::Count => whole(value),
        }
    }
}

impl Figure {
    /// A figure of which nothing is asked.
    pub fn new(name: impl Into<String>, value: f64, unit: Unit) -> Self {
        let verdict = Verdict::None;
        Self { name: name.into(), value, unit, beside: String::new(), floor: None, aim: None, verdict }
    }

    /// With what it is compared with.
    #[must_use]
    pub fn beside(mut self, words: impl Into<String>) -> Self {
        self.beside = words.into();
        self
    }

    /// With a floor.
    #[must_use]
    pub fn floor(mut self, limit: Limit) -> Self {
        self.floor = Some(limit);
        self.judged()
    }

    /// With an aim.
    #[must_use]
    pub fn aim(mut self, limit: Limit) -> Self {
        self.aim = Some(limit);
        self.judged()
    }

    fn judged(mut self) -> Self {
        let holds = |limit: Option<Limit>| limit.map(|limit| limit.holds(self.value));
        self.verdict = match (holds(self.floor), holds(self.aim)) {
            (Some(false), _) => Verdict::FloorMissed,
            (_, Some(false)) => Verdict::AimMissed,
            (_, Some(true)) => Verdict::AimMet,
            (Some(true), None) => Verdict::FloorMet,
            (None, None) => Verdict::None,
        };
        self
    }
}

/// The figures as a table in Markdown.
pub fn markdown(figures: &[Figure]) -> String {
    let mut text =
        "| figure | value | beside, in the same run | floor | aim | verdict |\n|---|---:|---|---:|---:|---|\n"
            .to_owned();
    for Figure { name, value, unit, beside, floor, aim, verdict } in figures {
        let limit = |limit: &Option<Limit>| limit.map_or_else(|| "–".to_owned(), |limit| limit.words(*unit));
        let (floor, aim, verdict) = (limit(floor), limit(aim), verdict.words());
        // Writing to a text cannot fail.
        let _ = writeln!(text, "| {name} | {} | {beside} | {floor} | {aim} | {verdict} |", unit.words(*value));
    }
    text
}

/// Whether the run is good: no floor is missed.
pub fn is_good(figures: &[Figure]) -> bool {
    figures.iter().all(|figure| figure.verdict != Verdict::FloorMissed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_come_before_aims() {
        use Limit::{AtLeast, AtMost};
        for (value, floor, aim, expected) in [
            (0.35, Some(AtLeast(0.1)), Some(AtLeast(0.3)), Verdict::AimMet),
            (0.30, Some(AtLeast(0.1)), Some(AtLeast(0.3)), Verdict::AimMet),
            (0.29, Some(AtLeast(0.1)), Some(AtLeast(0.3)), Verdict::AimMissed),
            (0.10, Some(AtLeast(0.1)), None, Verdict::FloorMet),
            (0.09, Some(AtLeast(0.1)), Some(AtLeast(0.3)), Verdict::FloorMissed),
            (0.09, Some(AtLeast(0.1)), None, Verdict::FloorMissed),
            (5.00, Some(AtMost(5.0)), Some(AtMost(2.0)), Verdict::AimMissed),
            (5.01, Some(AtMost(5.0)), Some(AtMost(2.0)), Verdict::FloorMissed),
            (2.00, None, Some(AtMost(2.0)), Verdict::AimMet),
            (2.01, None, Some(AtMost(2.0)), Verdict::AimMissed),
            (f64::NAN, Some(AtMost(5.0)), None, Verdict::FloorMissed),
            (f64::NAN, None, Some(AtLeast(5.0)), Verdict::AimMissed),
            (1.00, None, None, Verdict::None),
        ] {
            let figure = Figure::new("a", value, Unit::Share);
            let figure = floor.into_iter().fold(figure, Figure::floor);
            let figure = aim.into_iter().fold(figure, Figure::aim);
            assert_eq!(figure.verdict, expected, "{figure:?}");
            assert_eq!(is_good(&[figure]), expected != Verdict::FloorMissed);
        }
    }

    #[test]
    fn a_missed_aim_does_not_fail_a_run_and_a_missed_floor_does() {
        let figure = |value| Figure::new("a", value, Unit::Seconds).floor(Limit::AtMost(5.0)).aim(Limit::AtMost(2.0));
        assert!(is_good(&[]) && is_good(&[figure(1.0), figure(3.0)]));
        assert!(!is_good(&[figure(1.0), figure(6.0), figure(3.0)]));
    }

    #[test]
    fn the_table_says_value_limits_and_verdict() {
        let figures = [
            Figure::new("hit", 0.214, Unit::Share)
                .beside("10 against 50")
                .floor(Limit::AtLeast(0.1))
                .aim(Limit::AtLeast(0.3)),
            Figure::new("upload", 6.5, Unit::Seconds).floor(Limit::AtMost(5.0)),
            Figure::new("memory", 200.0 * MIB, Unit::Mebibytes).aim(Limit::AtMost(256.0 * MIB)),
            Figure::new("lag", 1234.0, Unit::Count),
            Figure::new("disk", 650.4, Unit::Bytes),
        ];
        let table = markdown(&figures);
        for line in [
            "| hit | 21.4 % | 10 against 50 | ≥ 10.0 % | ≥ 30.0 % | aim missed |",
            "| upload | 6.50 s |  | ≤ 5.00 s | – | **floor missed** |",
            "| memory | 200 MiB |  | – | ≤ 256 MiB | aim met |",
            "| lag | 1,234 |  | – | – | – |",
            "| disk | 650 B |  | – | – | – |",
        ] {
            assert!(table.lines().any(|own| own == line), "{line}\nis not in\n{table}");
        }
        let read: Vec<Figure> = serde_json::from_str(&serde_json::to_string(&figures).unwrap()).unwrap();
        assert_eq!(read, figures);
    }
}
