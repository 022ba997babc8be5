//! The command line of `cpis simulate`.

use clap::{Args, ValueEnum};
use cpis_model::Date;
use jiff::civil::Time;
use std::path::PathBuf;
use std::time::Duration;

/// What is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// A winter Monday from 10:00, the busiest hour of the year.
    WinterMonday,
    /// 08:00: 1,200 clinics fetch the lists of their day, 30 patients each, within 30 seconds.
    Prefetch,
    /// After an outage of four hours the looks that waited come at a bounded rate, and those of the day with them.
    Recovery,
    /// A day from its beginning.
    Day,
}

impl Scenario {
    /// As the command line writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::WinterMonday => "winter-monday",
            Self::Prefetch => "prefetch",
            Self::Recovery => "recovery",
            Self::Day => "day",
        }
    }
}

/// `cpis simulate`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exits with 0 only when every look was answered in time and right, and --p99-max and --errors-max hold.\n\
    A load test of somebody else's service is an attack: targets that are not on this machine are refused\n\
    unless you say --i-run-this-service."
)]
pub struct Simulate {
    /// Address of the service, such as <http://127.0.0.1:8650>. [default: the one that the file of tokens names]
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    /// Access tokens of test users: the ready file of `cpis demo`, or a text file with one token a line.
    #[arg(long, env = "CPIS_TOKENS_FILE", value_name = "FILE")]
    pub tokens: PathBuf,
    /// What is played.
    #[arg(long, value_enum, default_value_t = Scenario::WinterMonday)]
    pub scenario: Scenario,
    /// How many times as many looks as England has.
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = factor)]
    pub factor: f64,
    /// How many hours of the day are played, in real time.
    #[arg(long, value_name = "H", value_parser = hours, conflicts_with = "span")]
    pub hours: Option<Duration>,
    /// The same as a time, such as 10m. [default: 1h; prefetch: 30s; recovery: until nothing waits; day: 24h]
    #[arg(long = "for", id = "span", value_name = "TIME", value_parser = time)]
    pub span: Option<Duration>,
    /// The day that is played. [default: today; winter-monday and recovery: the next Monday in mid-January]
    #[arg(long, value_name = "DATE")]
    pub date: Option<Date>,
    /// When the play begins on that day, such as 10:00.
    #[arg(long, value_name = "HH:MM")]
    pub from: Option<Time>,
    /// Looks a second from those that waited, for recovery.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub rate: u32,
    /// Which England: another number makes other people. [default: the demo's country; 1 where there is none]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How many plans it has. [default: the demo's; 220000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=500_000))]
    pub plans: Option<u32>,
    /// The day as which it was made. [default: the demo's; today]
    #[arg(long, value_name = "DATE")]
    pub made: Option<Date>,
    /// Compare each answer with what that England holds today. The target must be filled from the same seed, plans and day:
    /// by `cpis demo --scale`, or else say which day with --made.
    #[arg(long)]
    pub check: bool,
    /// A look that is not answered so long after it was due has failed.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub timeout: Duration,
    /// Connections at once. A look that finds none free waits, and its latency counts.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    pub connections: u32,
    /// Looks that may be under way at once. One more is not sent, which is a failure.
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=200_000))]
    pub in_flight_max: u32,
    /// Fail if 99 of 100 looks at a door take longer, such as 50ms.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub p99_max: Option<Duration>,
    /// Fail if more looks have failed. A wrong answer fails in any case.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub errors_max: u64,
    /// Write the figures to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write a report with plots to this file, as a page for a browser.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// The target is not on this machine, and I run it: nobody else's work depends on it, and whoever does was told.
    #[arg(long)]
    pub i_run_this_service: bool,
}

fn factor(text: &str) -> Result<f64, String> {
    let factor = text.parse::<f64>().ok().filter(|factor| (0.01..=1_000.0).contains(factor));
    factor.ok_or_else(|| "a number from 0.01 to 1000".to_owned())
}

fn hours(text: &str) -> Result<Duration, String> {
    let hours = text.parse::<f64>().ok().filter(|hours| (0.001..=168.0).contains(hours));
    hours.map(|hours| Duration::from_secs_f64(hours * 3600.0)).ok_or_else(|| "hours from 0.001 to 168".to_owned())
}

/// A time of at least a millisecond and at most a week.
fn time(text: &str) -> Result<Duration, String> {
    let time = text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    let range = Duration::from_millis(1)..=Duration::from_hours(168);
    time.filter(|time| range.contains(time)).ok_or_else(|| "a time such as 50ms, 30s, 10m or 2h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, millis) in
            [("50ms", 50), ("30s", 30_000), ("10m", 600_000), ("1h30m", 5_400_000), ("2 hours", 7_200_000)]
        {
            assert_eq!(time(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "10", "-5s", "0s", "8 days", "soon", "1 month"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert_eq!(hours("0.5"), Ok(Duration::from_mins(30)));
        assert!(hours("0").is_err() && hours("NaN").is_err() && hours("200").is_err());
        assert!(factor("10").is_ok() && factor("0").is_err() && factor("NaN").is_err() && factor("-1").is_err());
    }
}
