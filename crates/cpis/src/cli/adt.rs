//! `cpis adt`: messages of a hospital's system to a feed, from a file or made up.

use super::synth::{Share, World};
use clap::{Args, Subcommand};
use cpis_model::Date;
use cpis_model::organisation::OdsCode;
use std::path::PathBuf;

/// `cpis adt`.
#[derive(Debug, Args)]
pub struct Adt {
    /// What to do.
    #[command(subcommand)]
    pub action: AdtAction,
}

/// What can be sent.
#[derive(Debug, Subcommand)]
pub enum AdtAction {
    /// Send the messages of a file, one after another, each after the answer to the one before. Shows control ids and codes,
    /// nothing of a patient.
    Send(AdtSend),
    /// Be a hospital's system for a day: invented people arrive, are corrected, merged, admitted and leave, with the deviations
    /// that real feeds have. Repeats a message until it is accepted, as such systems do.
    Simulate(Box<AdtSimulate>),
}

/// Where messages go.
#[derive(Clone, Debug, Args)]
pub struct Feed {
    /// The feed: host and port of an MLLP listener.
    #[arg(long, value_name = "HOST:PORT")]
    pub to: String,
    /// Seconds to wait for a connection and for an answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub timeout: u64,
    /// Speak TLS: the authorities that may have signed the listener's certificate, in PEM.
    #[arg(long, value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,
    /// Our certificate, in PEM, where the listener asks for one.
    #[arg(long, value_name = "FILE", requires = "tls_ca", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// The name in the listener's certificate, where it is not the host.
    #[arg(long, value_name = "NAME", requires = "tls_ca")]
    pub tls_name: Option<String>,
}

/// `cpis adt send`.
#[derive(Debug, Args)]
pub struct AdtSend {
    /// The messages: MLLP frames, or text in which each begins with MSH.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where to.
    #[command(flatten)]
    pub feed: Feed,
    /// Move all times so that the first message is sent now. A gateway does not ask about old visits.
    #[arg(long)]
    pub as_of_now: bool,
    /// How often a message is sent at most, where it is not answered or with an error.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub attempts: u32,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `cpis adt simulate`.
#[derive(Debug, Args)]
pub struct AdtSimulate {
    /// Where to.
    #[command(flatten)]
    pub feed: Feed,
    /// Which England the people come from.
    #[command(flatten)]
    pub world: World,
    /// Which day. [default: the one that is taken for today]
    #[arg(long, value_name = "DATE")]
    pub date: Option<Date>,
    /// Whose day.
    #[command(flatten)]
    pub department: Department,
    /// Messages a second. [default: 10]
    #[arg(long, value_name = "N", conflicts_with = "speed", value_parser = clap::value_parser!(f64))]
    pub per_second: Option<f64>,
    /// Keep to the times of the day, so many times as fast as in life, instead of a number a second.
    #[arg(long, value_name = "TIMES", value_parser = super::synth::speed)]
    pub speed: Option<f64>,
    /// Share of messages that are sent again although they were accepted.
    #[arg(long, value_name = "SHARE", default_value = "2%")]
    pub repeats: Share,
    /// So many times the system stands still for an hour and then sends all that has come together.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=12))]
    pub bursts: u8,
    /// End when a message has not been accepted for so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub give_up: u64,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A department.
#[derive(Clone, Debug, Args)]
pub struct Department {
    /// The site at which all of them arrive.
    #[arg(long, value_name = "CODE", default_value = "RR813")]
    pub site: OdsCode,
    /// How many children and pregnant women arrive.
    #[arg(long, value_name = "N", default_value_t = 150, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub arrivals: u32,
    /// How many adults arrive for each of them, about whom nothing is asked.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub adults: u32,
    /// Share of the arrivals whose messages are not as they should be.
    #[arg(long, value_name = "SHARE", default_value = "20%")]
    pub deviations: Share,
}
