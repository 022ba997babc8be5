//! `cargo xtask test`: the steps in order, cheap ones first, stopping at the first that fails.
//! The last line is always the plain `N passed, N failed`; a step that fails without counting a test counts as one.

use std::io::IsTerminal;
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::counts::{self, Counts};
use crate::{alerts, browser, count, hl7v2, mesh_client, process, tidy};

/// Which steps to run.
#[derive(clap::Args)]
pub struct Options {
    /// Leave out the documentation build, the check of the dependencies' licences and sources, the alerts, the count of
    /// instructions, the readers of HL7 v2, the MESH client and the pages in a browser.
    #[arg(long)]
    fast: bool,
    /// Look for known vulnerabilities too: this needs the network, for it reads the public advisory database.
    #[arg(long, conflicts_with = "fast")]
    advisories: bool,
    /// Only the steps whose title, as it is printed, holds this text: `--only browser`.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

enum Step {
    Tidy,
    /// A command whose exit code is the answer.
    Command(&'static str, Command),
    /// A command that also counts tests.
    Tests(&'static str, Command),
    /// cargo-deny, which is not part of the toolchain.
    Deny,
    /// The alerts and the dashboard's queries, by Prometheus' tool.
    Alerts,
    /// The instructions of one look.
    Count,
    /// The pages in a real browser.
    Browser,
    /// Public readers of HL7 v2 for Python.
    Hl7v2Readers,
    /// The public MESH client for Python.
    MeshClient,
}

pub fn run(root: &Path, options: &Options) -> u8 {
    let start = Instant::now();
    let mut counts = Counts::default();
    let mut failure = None;
    let mut is_run = false;
    for step in steps(root, options) {
        let title = step.title(options);
        if options.only.as_ref().is_some_and(|only| !title.contains(only.as_str())) {
            continue;
        }
        is_run = true;
        println!("\n== {title}");
        let step_start = Instant::now();
        let before = counts.failed;
        let outcome = step.run(root, options, &mut counts);
        println!("== {} s", seconds(step_start));
        let reason = match outcome {
            Ok(true) => continue,
            Ok(false) => String::new(),
            Err(error) => format!(": {error:#}"),
        };
        if counts.failed == before {
            counts.failed += 1;
        }
        failure = Some(format!("FAILED at: {title}{reason}"));
        break;
    }
    if !is_run {
        counts.failed += 1;
        failure = options.only.as_ref().map(|only| format!("FAILED: no step has {only:?} in its title"));
    }
    println!();
    if let Some(failure) = &failure {
        println!("{failure}");
    }
    if let Some(only) = &options.only {
        println!("left out: every step without {only:?} in its title");
    } else if options.fast {
        println!(
            "left out by --fast: documentation, licences and sources of dependencies, alerts, the count of instructions, readers of HL7 v2, MESH client, pages in a browser"
        );
    } else if !options.advisories {
        println!("left out: known vulnerabilities of dependencies (--advisories looks for them, over the network)");
    }
    println!("total {} s", seconds(start));
    println!("{counts}");
    u8::from(failure.is_some())
}

fn steps(root: &Path, options: &Options) -> Vec<Step> {
    let mut documentation = process::workspace(root, &["doc", "--no-deps"]);
    documentation.env("RUSTDOCFLAGS", "-D warnings");
    let mut lints = process::workspace(root, &["clippy", "--all-targets"]);
    lints.args(["--", "-D", "warnings"]);
    let mut steps = vec![
        Step::Command("formatting", process::cargo(root, &["fmt", "--all", "--check"])),
        Step::Tidy,
        Step::Command("lints", lints),
    ];
    if !options.fast {
        steps.push(Step::Deny);
        steps.push(Step::Alerts);
        steps.push(Step::Command("documentation", documentation));
    }
    steps.push(Step::Command("programs", process::programs(root)));
    steps.push(Step::Tests("tests", tests(root)));
    steps.push(Step::Tests("documentation tests", process::workspace(root, &["test", "--doc"])));
    if !options.fast {
        steps.push(Step::Count);
        steps.push(Step::Hl7v2Readers);
        steps.push(Step::MeshClient);
        steps.push(Step::Browser);
    }
    steps
}

/// nextest where it is installed. `cargo test --tests` leaves the documentation tests to their own step.
fn tests(root: &Path) -> Command {
    if process::has_cargo_subcommand(root, "nextest") {
        // Many tests wait for a disk or a service: twice as many as there are processors keep those busy.
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let mut command = process::workspace(root, &["nextest", "run", "--no-fail-fast"]);
        command.args(["--no-tests=pass".to_owned(), format!("--test-threads={}", 2 * threads)]);
        command
    } else {
        process::workspace(root, &["test", "--no-fail-fast", "--tests"])
    }
}

impl Step {
    fn title(&self, options: &Options) -> String {
        match self {
            Self::Tidy => "house rules: cargo xtask tidy".to_owned(),
            Self::Command(name, command) | Self::Tests(name, command) => {
                format!("{name}: {}", process::shown(command))
            }
            Self::Deny => format!("dependencies: cargo {}", deny_arguments(options).join(" ")),
            Self::Alerts => "alerts and dashboard: promtool in ops/prometheus".to_owned(),
            Self::Count => "instructions of one look: cargo xtask count".to_owned(),
            Self::Hl7v2Readers => "public readers of HL7 v2: python e2e/hl7v2/read_test.py".to_owned(),
            Self::MeshClient => "the public MESH client: python e2e/mesh/client_test.py".to_owned(),
            Self::Browser => "pages in a browser: node --test in e2e".to_owned(),
        }
    }

    fn run(self, root: &Path, options: &Options, counts: &mut Counts) -> Result<bool> {
        match self {
            Self::Tidy => tidy::run(root),
            Self::Command(_, mut command) => process::succeeds(&mut command),
            Self::Tests(_, mut command) => {
                if std::io::stdout().is_terminal() {
                    command.env("CARGO_TERM_COLOR", "always");
                }
                let (success, output) = process::succeeds_and_captures(&mut command)?;
                counts.add(counts::read(&output));
                Ok(success)
            }
            Self::Deny => deny(root, options),
            Self::Alerts => alerts::check(root),
            Self::Count => count::run(root, &count::Options::default()),
            Self::Hl7v2Readers => counted(&mut hl7v2::tests(root)?, counts),
            Self::MeshClient => counted(&mut mesh_client::tests(root)?, counts),
            Self::Browser => counted(&mut browser::tests(root)?, counts),
        }
    }
}

/// Runs a program of tests and counts what it counted.
fn counted(tests: &mut Command, counts: &mut Counts) -> Result<bool> {
    let (success, output) = process::succeeds_and_captures(tests)?;
    counts.add(counts::read(&output));
    Ok(success)
}

fn deny(root: &Path, options: &Options) -> Result<bool> {
    if !process::has_cargo_subcommand(root, "deny") {
        bail!(
            "cargo-deny is not installed; install it with: cargo install cargo-deny --locked (or leave it out: --fast)"
        );
    }
    // Offline it reads every locked package, those of other systems too, which a build here never fetched.
    if !process::succeeds(&mut process::cargo(root, &["fetch", "--locked", "--quiet"]))? {
        return Ok(false);
    }
    process::succeeds(&mut process::cargo(root, deny_arguments(options)))
}

const fn deny_arguments(options: &Options) -> &'static [&'static str] {
    if options.advisories {
        &["deny", "check", "--hide-inclusion-graph", "advisories", "licenses", "bans", "sources"]
    } else {
        &["deny", "--offline", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"]
    }
}

fn seconds(start: Instant) -> String {
    format!("{:.1}", start.elapsed().as_secs_f64())
}
