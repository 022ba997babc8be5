//! The drill: the test of that name, with more people, built for release, and its line of figures printed.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::process;

/// How large.
#[derive(Args)]
pub struct Options {
    /// How many people there are, each with a plan.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    people: u32,
    /// Looks before the backup begins.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    looks: u32,
}

/// Runs it.
pub fn run(root: &Path, options: &Options) -> Result<u8> {
    let words =
        ["test", "--release", "--locked", "--package", "cpis", "--test", "journeys", "--", "the_drill", "--nocapture"];
    let mut command = process::cargo(root, &words);
    command.env("CPIS_DRILL_PEOPLE", options.people.to_string()).env("CPIS_DRILL_LOOKS", options.looks.to_string());
    process::exit_code(&mut command)
}
