//! `cpis synth`: a made-up England.

use super::adt::Department;
use clap::{Args, Subcommand, ValueEnum};
use cpis_model::Date;
use cpis_model::organisation::AuthorityCode;
use cpis_synth::{DAYS_MAX, PLANS_MAX, PLANS_MIN, PLANS_OF_ENGLAND, Rates};
use std::path::PathBuf;
use std::str::FromStr;

/// `cpis synth`.
#[derive(Debug, Args)]
pub struct Synth {
    /// Which England.
    #[command(flatten)]
    pub world: World,
    /// What to make.
    #[command(subcommand)]
    pub action: SynthAction,
}

/// Which England. The same words give the same people, plans and numbers.
#[derive(Clone, Debug, Args)]
pub struct World {
    /// Another seed is another England.
    #[arg(long, value_name = "N", default_value_t = 1, global = true)]
    pub seed: u64,
    /// The day that is taken for today: plans are those of this day. [default: today]
    #[arg(long, value_name = "DATE", global = true)]
    pub today: Option<Date>,
    /// How many plans are visible in all; England has about 220,000.
    #[arg(long, value_name = "N", default_value_t = PLANS_OF_ENGLAND, global = true,
        value_parser = clap::value_parser!(u32).range(i64::from(PLANS_MIN)..=i64::from(PLANS_MAX)))]
    pub plans: u32,
    /// Of the people in demographics, how many numbers were replaced. At most 2%.
    #[arg(long, value_name = "SHARE", default_value = "0.3%", global = true)]
    pub superseded: Share,
    /// How many are restricted.
    #[arg(long, value_name = "SHARE", default_value = "0.4%", global = true)]
    pub restricted: Share,
    /// How many have died.
    #[arg(long, value_name = "SHARE", default_value = "0.03%", global = true)]
    pub deceased: Share,
    /// How many are not known.
    #[arg(long, value_name = "SHARE", default_value = "0.2%", global = true)]
    pub unknown: Share,
    /// How many have another date of birth there.
    #[arg(long, value_name = "SHARE", default_value = "0.2%", global = true)]
    pub other_birth: Share,
    /// How many names are written in another way there.
    #[arg(long, value_name = "SHARE", default_value = "3%", global = true)]
    pub names: Share,
}

impl World {
    /// The faults of demographics.
    pub fn rates(&self) -> Rates {
        Rates {
            superseded: self.superseded.0.min(200),
            restricted: self.restricted.0,
            deceased: self.deceased.0,
            unknown: self.unknown.0,
            other_birth: self.other_birth.0,
            names: self.names.0,
        }
    }
}

/// A share in ten-thousandths, such as 2% or 0.5%.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(pub u32);

impl FromStr for Share {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WHY: &str = "a share from 0% to 100% is expected, such as 2% or 0.5%";
        let percent: f64 = text.strip_suffix('%').ok_or(WHY)?.trim().parse().map_err(|_| WHY)?;
        if (0.0..=100.0).contains(&percent) { Ok(Self((percent * 100.0).round() as u32)) } else { Err(WHY) }
    }
}

/// What can be made.
#[derive(Debug, Subcommand)]
pub enum SynthAction {
    /// Write a page that shows the synthetic England beside the published figures, with charts and their tables.
    Report {
        /// The page, which must not be there yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Write the demographics register, as a table that `cpis register import` reads.
    Register {
        /// The table, which must not be there yet. Otherwise it is printed.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write an authority's upload: its first file, or what happened on a later day.
    AuthorityFile(AuthorityFile),
    /// Print a day's arrivals in unscheduled care in order of time: the country's as JSON lines, or those of one department as its
    /// system tells them in HL7 v2.
    Day(Day),
}

/// In which format an upload is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The national message, in XML.
    Hl7v3,
    /// A spreadsheet.
    Csv,
}

/// `cpis synth authority-file`.
#[derive(Debug, Args)]
pub struct AuthorityFile {
    /// Whose file: ODS code of the authority.
    #[arg(long, value_name = "CODE")]
    pub authority: AuthorityCode,
    /// In which format.
    #[arg(long, value_enum, default_value_t = Format::Hl7v3)]
    pub format: Format,
    /// Which day after today: 0 is the first file with all plans, a later one holds what happened on that day.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=i64::from(DAYS_MAX)))]
    pub day: u32,
    /// The file's sequence number. [default: one more than the day]
    #[arg(long, value_name = "N")]
    pub sequence: Option<u64>,
    /// Which share of the records is made faulty, in turn with each kind of fault.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    pub faults: Share,
    /// Write here which record is wrong, where and why, as CSV, also those that demographics has something against. The
    /// file must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub faults_list: Option<PathBuf>,
    /// The file, which must not be there yet. Otherwise it is printed.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `cpis synth day`.
#[derive(Debug, Args)]
pub struct Day {
    /// Which day. [default: the one that is taken for today]
    #[arg(long, value_name = "DATE")]
    pub date: Option<Date>,
    /// How many arrivals, in relation to England's: about 41,000 a day.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = factor)]
    pub factor: f64,
    /// Print each when its time has come, so many times as fast as in life. Otherwise as fast as can be.
    #[arg(long, value_name = "TIMES", value_parser = speed)]
    pub speed: Option<f64>,
    /// Say of each whether the service shows a plan of theirs, once every authority's first file was taken in.
    #[arg(long)]
    pub answers: bool,
    /// In which format. `hl7v2` writes MLLP frames, as `cpis adt send` and `cpis gateway check` read them.
    #[arg(long, value_enum, default_value_t = DayFormat::Json, conflicts_with_all = ["speed", "answers"])]
    pub format: DayFormat,
    /// The department, for `--format hl7v2`.
    #[command(flatten)]
    pub department: Department,
}

/// In which format arrivals are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DayFormat {
    /// A line of JSON for each.
    Json,
    /// Messages of a hospital's system: arrivals, corrections, admissions, merges, ends, and adults among them.
    Hl7v2,
}

fn factor(text: &str) -> Result<f64, &'static str> {
    within(text, 0.0..=1000.0).ok_or("a number from 0 to 1000 is expected")
}

pub(super) fn speed(text: &str) -> Result<f64, &'static str> {
    within(text, 0.1..=100_000.0).ok_or("a number from 0.1 to 100000 is expected")
}

fn within(text: &str, range: std::ops::RangeInclusive<f64>) -> Option<f64> {
    text.parse().ok().filter(|number| range.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_percentage() {
        for (text, share) in [("2%", Some(200)), ("0.05 %", Some(5)), ("0%", Some(0)), ("100%", Some(10_000))] {
            assert_eq!(text.parse().ok(), share.map(Share), "{text}");
        }
        for text in ["2", "", "%", "-1%", "101%", "NaN%", "a%"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
