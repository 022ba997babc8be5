//! The program `cpis`: configuration, wiring and commands.
//!
//! Reading order: `cli` (what there is to say), `serve` and `running` (the service), `open` and `places` (an installation),
//! then a module for each of the other commands. A command answers with a [`fault::Fault`] that carries its exit code.

mod account;
mod adt;
mod age_file;
mod audit;
mod backup;
mod backup_folder;
mod cli;
mod client;
mod config;
mod copy;
mod csv;
mod custody;
mod database;
mod demo;
mod demographics;
mod doctor;
mod email;
mod epoch;
mod fault;
mod gateway;
mod gauges;
mod hooks;
mod keys;
mod logs;
mod mailbox;
mod mesh_agent;
mod metric_table;
mod migrate;
mod open;
mod organisations;
mod pages;
mod person;
mod places;
mod progress;
mod query;
#[cfg(test)]
mod reference;
mod register;
mod restore;
mod ring_file;
mod running;
mod say;
mod serve;
mod signals;
mod simulate;
mod synth;
mod tls;
mod upload;

use clap::Parser;
use cli::{Cli, Command};
use fault::{Kind, OrFault, Result};
use std::process::ExitCode;

/// Hands out first what was freed last: memory that the processor still has at hand. How long it keeps what is free stands in
/// `.cargo/config.toml`.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    logs::quiet_panics();
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(fault) => {
            say::aside(format_args!("cpis: {fault}"));
            ExitCode::from(fault.kind as u8)
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.or_fault(Kind::Failed, "The program cannot start its threads")?;
    let done = runtime.block_on(async {
        match cli.command {
            Command::Serve(arguments) => serve::run(&arguments, serve::Role::Serve).await,
            Command::Work(arguments) => serve::run(&arguments, serve::Role::Work).await,
            Command::Config => {
                say::text(config::printed());
                Ok(ExitCode::SUCCESS)
            }
            Command::Migrate(arguments) => migrate::run(&arguments).await,
            Command::Copy(arguments) => copy::run(&arguments).await,
            Command::Backup(arguments) => backup::run(&arguments).await,
            Command::Restore(arguments) => restore::run(&arguments).await,
            Command::Keys(arguments) => keys::run(arguments).await,
            Command::Person(arguments) => person::run(arguments).await,
            Command::Account(arguments) => account::run(arguments).await,
            Command::Mailbox(arguments) => mailbox::run(arguments).await,
            Command::MeshAgent(arguments) => mesh_agent::run(&arguments).await,
            Command::Email(arguments) => email::run(&arguments).await,
            Command::Register(arguments) => register::run(arguments).await,
            Command::Organisations(arguments) => organisations::run(arguments).await,
            Command::Upload(arguments) => upload::run(&arguments).await,
            Command::Csv(arguments) => csv::run(arguments),
            Command::Query(arguments) => query::run(&arguments).await,
            Command::Audit(arguments) => audit::run(arguments).await,
            Command::Doctor(arguments) => doctor::run(&arguments).await,
            Command::Synth(arguments) => synth::run(arguments).await,
            Command::Gateway(arguments) => gateway::run(arguments).await,
            Command::Demo(arguments) => demo::run(&arguments).await,
            Command::Adt(arguments) => adt::run(arguments).await,
            Command::Simulate(arguments) => simulate::run(&arguments).await,
        }
    });
    // Nothing that still runs may hold up the end.
    runtime.shutdown_background();
    done
}
