//! Long tests by name, too slow for every change. Each is a function with a line in the table below.

use std::process::Command;
use std::time::{Duration, Instant};

/// A long test: its name, what it shows, and the function that runs it and answers with the exit code.
struct Soak {
    name: &'static str,
    shows: &'static str,
    run: fn() -> u8,
}

const SOAKS: &[Soak] = &[
    Soak {
        name: "races",
        shows: "several nodes race on one PostgreSQL database, with new seeds, for an hour (CPIS_SOAK_SECONDS)",
        run: races,
    },
    Soak {
        name: "kill-nine",
        shows: "five hundred times kill -9 of one service under load, looks and uploads",
        run: kill_nine,
    },
    Soak { name: "faults", shows: "a fault of each kind at every step of uploads, lists and copies", run: faults },
    Soak { name: "kills", shows: "fifty kills each of a node, the server and a connection, under load", run: kills },
];

/// Seconds of a long test, unless `CPIS_SOAK_SECONDS` says otherwise.
const SECONDS: u64 = 3600;

/// The races again and again, each time with another seed.
fn races() -> u8 {
    let seconds = std::env::var("CPIS_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let begun = Instant::now();
    let mut seed = u64::from(std::process::id()) << 16;
    while begun.elapsed() < Duration::from_secs(seconds) {
        seed += 1;
        println!("soak: races with seed {seed}, after {} s", begun.elapsed().as_secs());
        let code = cargo_test(
            &["--package", "cpis-store-postgres", "--test", "races"],
            &[("CPIS_RACES_SEED", &seed.to_string()), ("CPIS_RACES_SECONDS", "20")],
        );
        if code != 0 {
            println!("soak: seed {seed} fails");
            return code;
        }
    }
    0
}

fn kills() -> u8 {
    cargo_test(&["--package", "cpis", "--test", "journeys", "nodes::"], &[("CPIS_KILLS", "50")])
}

fn kill_nine() -> u8 {
    cargo_test(&["--package", "cpis", "--test", "journeys", "kill::"], &[("CPIS_KILLS", "500")])
}

fn faults() -> u8 {
    let tests = ["--package", "cpis-app", "--test", "cases", "--", "faults::", "copy::", "backup::"];
    cargo_test(&tests, &[("CPIS_EVERY_STEP", "1")])
}

fn cargo_test(arguments: &[&str], environment: &[(&str, &str)]) -> u8 {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--locked"]).args(arguments).envs(environment.iter().copied());
    match command.status() {
        Ok(status) => u8::from(!status.success()),
        Err(error) => {
            eprintln!("xtask: cargo cannot be started: {error}");
            1
        }
    }
}

/// Exit code of a name that is not in the table.
const UNKNOWN: u8 = 2;

/// Runs the named test; without a name lists them all.
pub fn run(name: Option<&str>) -> u8 {
    if let Some(name) = name {
        if let Some(soak) = SOAKS.iter().find(|soak| soak.name == name) {
            return (soak.run)();
        }
        eprintln!("xtask: there is no long test named `{name}`");
    }
    for soak in SOAKS {
        println!("{:<20} {}", soak.name, soak.shows);
    }
    if name.is_some() { UNKNOWN } else { 0 }
}
