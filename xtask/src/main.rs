//! The developer's tool: `cargo xtask test` is what a change must pass, here and in continuous integration.
//! Nothing in this package is shipped, and it depends on no crate of ours, so that it builds while they do not.

#![expect(clippy::print_stdout, reason = "a tool for the terminal: what it prints is its result")]

mod alerts;
mod browser;
mod count;
mod counts;
mod drill;
mod fuzz;
mod hl7v2;
mod mesh_client;
mod process;
mod python;
mod soak;
mod test;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// Developer tooling of OpenCPIS.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything a change must pass, stopping at the first failure; the last line is `N passed, N failed`.
    Test(test::Options),
    /// The house rules as code: file headers, arrows between crates, banned words, numbers, links, records.
    Tidy,
    /// Run the fuzz targets for a while each.
    Fuzz(fuzz::Options),
    /// Run the load driver, built for release; all arguments are handed on.
    Bench {
        /// Arguments of the load driver (`cargo xtask bench -- --help` shows its own help).
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        arguments: Vec<String>,
    },
    /// Count the instructions of one look, and hold them against the number that is kept.
    Count(count::Options),
    /// Write a picture of every page in every state into target/shots, and a page that shows them all.
    Shots,
    /// Lose an installation with invented people and restore it; print size, times and what was lost.
    Drill(drill::Options),
    /// Run a long test by name; without a name, list them.
    Soak {
        /// The long test to run.
        name: Option<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<u8> {
    let root = repository_root()?;
    match task {
        Task::Test(options) => Ok(test::run(&root, &options)),
        Task::Tidy => Ok(u8::from(!tidy::run(&root)?)),
        Task::Fuzz(options) => fuzz::run(&root, &options),
        Task::Bench { arguments } => {
            let mut command = process::cargo(&root, &["run", "--release", "--locked", "--package", "cpis-bench", "--"]);
            process::exit_code(command.args(arguments))
        }
        Task::Count(options) => Ok(u8::from(!count::run(&root, &options)?)),
        Task::Shots => Ok(u8::from(!browser::shots(&root)?)),
        Task::Drill(options) => drill::run(&root, &options),
        Task::Soak { name } => Ok(soak::run(name.as_deref())),
    }
}

/// The folder above this package, wherever the command was given.
fn repository_root() -> Result<PathBuf> {
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    let root = package.parent().context("the xtask package has no folder above it")?;
    Ok(root.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_driver_gets_its_arguments_as_they_are() {
        for given in [&["--database", "postgres", "--quick"][..], &["--", "--database", "postgres", "--quick"]] {
            let words = ["cargo xtask", "bench"].iter().chain(given);
            let Ok(Arguments { task: Task::Bench { arguments } }) = Arguments::try_parse_from(words) else {
                panic!("{given:?}");
            };
            assert_eq!(arguments, ["--database", "postgres", "--quick"]);
        }
    }
}
