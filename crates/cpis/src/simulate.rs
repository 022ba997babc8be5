//! `cpis simulate`: plays the looks of a synthetic England against a service in real time, and says how it answered.
//!
//! An open model: looks are sent when they are due, whether or not earlier ones are answered. Reading order: `ground` (whom they
//! are about), `schedule` (what is due when), `run` (sending it), `door` (what an answer is worth), `figures` (counting), `report`
//! and `page` (telling).

mod door;
mod figures;
mod ground;
mod live;
mod page;
mod plot;
mod report;
mod run;
mod schedule;
mod tokens;

use crate::fault::{Fault, Kind, OrFault, Result};
use crate::places::write_private;
use crate::{cli, say, signals};
use cpis_app::{Clock, SystemClock};
use cpis_load::machine::Machine;
use cpis_load::words::whole;
use cpis_model::time::london_day;
use figures::Recorder;
use ground::Ground;
use report::{Asked, Report};
use run::Limits;
use schedule::{Play, Schedule};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use tokens::Askers;

/// Plays.
pub async fn run(arguments: &cli::Simulate) -> Result<ExitCode> {
    let stop = signals::watch()?;
    let askers = Askers::read(&arguments.tokens, arguments.target.as_deref())?;
    let service = askers.service().ok_or_else(|| Fault::failed("The file of tokens holds none"))?;
    let origin = service.origin().to_owned();
    may_be_loaded(service.is_here(), &origin, arguments.i_run_this_service)?;
    let today = london_day(SystemClock.now());
    let play = Play::of(arguments, today);
    let ground = Ground::of(arguments, askers.country(), today)?;
    let Schedule { looks, length } = schedule::schedule(&play, |date| ground.day(date, play.factor))?;
    say::line(format_args!(
        "{} looks in {} at {origin}. Ctrl-C ends it with a report of what ran.",
        whole(looks.len() as f64),
        live::clock(length)
    ));
    let limits = Limits {
        connections: arguments.connections,
        in_flight_max: arguments.in_flight_max,
        timeout: arguments.timeout,
    };
    let about = report::Run {
        play: &play,
        length,
        england: (ground.seed, ground.plans, ground.made),
        check: arguments.check,
        target: &origin,
        askers: askers.count(),
        limits,
        asked: Asked { p99_max: arguments.p99_max, errors_max: arguments.errors_max },
    };
    let recorder = Arc::new(Recorder::new(Instant::now(), length));
    let ran = run::run(looks, askers, limits, recorder, stop).await;
    let report = Report::new(&ran, &about, Machine::here());
    say::text(report.words());
    if let Some(path) = &arguments.out {
        let mut text = serde_json::to_vec_pretty(&report).or_fault(Kind::Failed, "The figures")?;
        text.push(b'\n');
        write(path, &text)?;
    }
    if let Some(path) = &arguments.report {
        write(path, page::page(&report).as_bytes())?;
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Refuses a service that is somebody else's, as far as that can be told.
fn may_be_loaded(is_here: bool, origin: &str, is_run_by_us: bool) -> Result<()> {
    match (is_here, is_run_by_us) {
        (true, _) => {}
        (false, true) => say::aside(format_args!(
            "Warning: {origin} is not on this machine. Every look is recorded there, and authorities are told of it. Whoever \
             works with that service must know of this test; if you do not run it, stop now (Ctrl-C)."
        )),
        (false, false) => {
            let what =
                format!("{origin} is not on this machine, and a load test of somebody else's service is an attack");
            return Err(Fault::new(Kind::Usage, what)
                .mend("If you run that service and nobody's work depends on it, say --i-run-this-service."));
        }
    }
    Ok(())
}

fn write(path: &Path, text: &[u8]) -> Result<()> {
    write_private(path, text, true).or_fault(Kind::Usage, format_args!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_elses_service_is_not_loaded() {
        assert!(may_be_loaded(true, "http://127.0.0.1:1", false).is_ok());
        assert!(may_be_loaded(false, "https://cpis.example", true).is_ok());
        let fault = may_be_loaded(false, "https://cpis.example", false).unwrap_err();
        assert!(
            fault.kind == Kind::Usage && fault.what.contains("attack") && fault.mend.contains("--i-run-this-service")
        );
    }
}
