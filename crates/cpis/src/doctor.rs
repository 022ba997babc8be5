//! `cpis doctor`: looks at a live installation and says what to do. It works beside the running service, changes nothing,
//! and no check waits longer than its limit.

mod backup;
mod clock;
mod database;
mod demographics;
mod disk;
mod email;
mod issuers;
mod keys;
mod log;
mod service;
mod tls;
mod uploads;

use crate::cli;
use crate::config::Config;
use crate::fault;
use crate::places::Places;
use crate::say;
use cpis_app::{Clock, SystemClock};
use cpis_store::{Finding, Weight};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Longest time that a check may take, if nothing else is said of it.
const CHECK_LIMIT: Duration = Duration::from_secs(15);

/// The installation that is looked at.
struct Patient {
    places: Places,
    /// The configuration and the folder that it lies in; none with `--data-dir`.
    config: Option<Config>,
}

/// Checks everything and says what was found.
pub async fn run(arguments: &cli::Doctor) -> fault::Result<ExitCode> {
    let (places, config) = arguments.place.places()?;
    let patient = Patient { places, config };
    let findings = Box::pin(examine(&patient)).await;
    say::text(if arguments.json { as_json(&findings) } else { as_lines(&findings) });
    let worst = findings.iter().map(|finding| finding.weight).max();
    Ok(if worst == Some(Weight::Fault) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn examine(patient: &Patient) -> Vec<Finding> {
    let Patient { places, config } = patient;
    let mut findings = within("disk", disk::LIMIT, disk::check(places.clone())).await;
    let here = places.clone();
    let (ring, told) = read("key ring", move || keys::ring(&here)).await.unwrap_or_else(|late| (None, vec![late]));
    findings.extend(told);
    if let Some(config) = config.clone() {
        findings.extend(read("certificate", move || tls::check(&config)).await.unwrap_or_else(|late| vec![late]));
    }
    let (store, told) = database::open(places).await;
    findings.extend(told);
    if let Some(store) = &store {
        let limits = log::Limits::of(config.as_ref());
        findings.extend(within("database", database::LIMIT, database::examine(&**store)).await);
        if let Some(ring) = ring {
            findings.extend(within("stored people", CHECK_LIMIT, keys::opens(&**store, ring.clone(), places)).await);
            findings.extend(within("checkpoints", CHECK_LIMIT, log::checkpoints(&**store, ring, places)).await);
        }
        findings.extend(within("audit log", CHECK_LIMIT, log::lag(&**store, limits)).await);
        findings.extend(within("uploads", CHECK_LIMIT, uploads::check(&**store, config.as_ref())).await);
    }
    if let Some(config) = config {
        let here = config.clone();
        findings
            .push(read("backup", move || backup::check(&here, SystemClock.now())).await.unwrap_or_else(|late| late));
        findings.extend(Box::pin(issuers::check(config)).await);
        findings.extend(Box::pin(within("demographics", CHECK_LIMIT, demographics::check(config))).await);
        findings.extend(within("e-mail", CHECK_LIMIT, email::check(config)).await);
        findings.extend(within("service", CHECK_LIMIT, service::check(config, places)).await);
    }
    findings.extend(clock::synchronised(Path::new("/run/systemd/timesync")));
    if let Some(store) = store {
        // Its threads end with the program; nothing waits for one that is still reading.
        drop(store);
    }
    findings
}

/// The findings of a check, or that it took too long.
async fn within(what: &str, limit: Duration, check: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    tokio::time::timeout(limit, check).await.unwrap_or_else(|_| vec![late(what, limit)])
}

/// What a look at files gives, or that it took too long: a disk of another machine may be away.
async fn read<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Finding> {
    match tokio::time::timeout(CHECK_LIMIT, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(_)) => Err(Finding::bad(Weight::Fault, what, "the program has a fault", "Please report this line.")),
        Err(_) => Err(late(what, CHECK_LIMIT)),
    }
}

fn late(what: &str, limit: Duration) -> Finding {
    let found = format!("not known after {} seconds", limit.as_secs());
    Finding::bad(Weight::Warning, what, found, "Run cpis doctor again when there is less to do.")
}

fn word(weight: Weight) -> &'static str {
    match weight {
        Weight::Good => "ok",
        Weight::Warning => "warning",
        Weight::Fault => "fault",
    }
}

fn as_lines(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let Finding { what, found, weight, mend } = finding;
        let mend = if mend.is_empty() { String::new() } else { format!(". {mend}") };
        let line = format!("{:<8} {what}: {found}{mend}", word(*weight));
        text.push_str(&line.replace('\n', " "));
        text.push('\n');
    }
    text
}

fn as_json(findings: &[Finding]) -> String {
    let rows: Vec<serde_json::Value> = findings
        .iter()
        .map(|Finding { what, found, weight, mend }| {
            serde_json::json!({ "weight": word(*weight), "what": what, "found": found, "mend": mend })
        })
        .collect();
    format!("{:#}\n", serde_json::Value::Array(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_is_a_line_or_an_object() {
        let findings = [Finding::good("keys", "readable"), Finding::bad(Weight::Fault, "disk", "full", "Make\nroom.")];
        assert_eq!(as_lines(&findings), "ok       keys: readable\nfault    disk: full. Make room.\n");
        let rows: serde_json::Value = serde_json::from_str(&as_json(&findings)).unwrap();
        assert_eq!(rows[1]["weight"], "fault");
        assert_eq!(rows[0], serde_json::json!({ "weight": "ok", "what": "keys", "found": "readable", "mend": "" }));
    }

    #[tokio::test]
    async fn a_check_that_hangs_is_given_up() {
        let told = within("database", Duration::from_millis(1), std::future::pending()).await;
        assert_eq!((told.len(), told[0].weight), (1, Weight::Warning));
        assert_eq!(told[0].found, "not known after 0 seconds");
    }
}
