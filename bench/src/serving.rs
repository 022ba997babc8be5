//! The real service: the release binary of `cpis` over a [`World`], started, asked, stopped and killed.

use crate::process::{self, Process};
use crate::settings::{AUDIT_EVENT_PATH, CARE_TEAM_PATH, Service, Start, Target};
use crate::world::{Batch, Tokens, World};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// Longest wait for a start.
const READY_PATIENCE: Duration = Duration::from_mins(2);
/// Longest wait for an end.
const STOP_PATIENCE: Duration = Duration::from_mins(1);
/// Longest wait for the answer to an upload.
const UPLOAD_PATIENCE: Duration = Duration::from_mins(20);
/// Stands in each answer with a plan, and in none without.
const HIT_MARKER: &str = "\"resourceType\":\"CareTeam\"";
/// Stands in each list with an access, and in none without.
const LIST_MARKER: &str = "\"resourceType\":\"AuditEvent\"";

/// The binary: `CARGO_BIN`, or built now.
pub fn binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("CARGO_BIN") {
        return Ok(path.into());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--release", "--locked", "--package", "cpis"]).status()?;
    ensure!(built.success(), "cpis does not build");
    // This program lies beside it.
    let own = std::env::current_exe()?;
    let target = own.parent().and_then(Path::parent).context("no target folder")?;
    Ok(target.join("release/cpis"))
}

/// Writes the configuration of a service that answers here; `tables` are further parts.
pub fn configure(config: &Path, tables: &str, [address, inside]: [SocketAddr; 2]) -> Result<()> {
    let text = format!(
        "listen = \"{address}\"\ninside_listen = \"{inside}\"\ndata_dir = \"data\"\ntest_numbers = true\n\
         {tables}[[issuer]]\nmapping = \"issuer.toml\"\n[logs]\nformat = \"human\"\nlevel = \"warn\"\n",
    );
    Ok(std::fs::write(config, text)?)
}

/// A running service.
pub struct Serving {
    /// Where clients ask.
    pub address: SocketAddr,
    /// Health and metrics.
    pub inside: SocketAddr,
    /// From starting the program to its being ready.
    pub ready_after: Duration,
    process: Process,
}

/// What came of an upload.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// From connecting to the whole answer.
    pub took: Duration,
    /// Records in the file.
    pub records: u32,
    /// Bytes of the file.
    pub bytes: usize,
}

#[derive(Deserialize)]
struct Acknowledged {
    loaded: u32,
    failed: u32,
}

impl Serving {
    /// Starts `cpis serve` on free ports and waits until it is ready.
    pub fn start(binary: &Path, world: &World) -> Result<Self> {
        Self::start_in(binary, world.folder(), &world.config, &world.database.configuration())
    }

    /// The same in a folder with a data directory and an issuer's mapping; `tables` are further parts of the configuration.
    pub fn start_in(binary: &Path, folder: &Path, config: &Path, tables: &str) -> Result<Self> {
        let ports = free_ports()?;
        let [address, inside] = ports;
        configure(config, tables, ports)?;
        let log = folder.join("log");
        let start = Start {
            program: binary.display().to_string(),
            arguments: vec!["serve".to_owned(), "--config".to_owned(), config.display().to_string()],
            environment: Vec::new(),
            log: Some(log.display().to_string()),
        };
        let begun = Instant::now();
        let mut process = Process::start(&start)?;
        let ready = process.wait_until_ready(inside, "/health/ready", READY_PATIENCE);
        let ready_after = begun.elapsed();
        if let Err(error) = ready {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            bail!("{error}: {}", log.lines().rev().take(5).collect::<Vec<_>>().join(" | "));
        }
        Ok(Self { address, inside, ready_after, process })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Stops it cleanly. Gives how long that took.
    pub fn stop(&mut self) -> Result<Duration> {
        let (status, took) = self.process.stop(STOP_PATIENCE)?;
        ensure!(status.success(), "the service ended with {status}");
        Ok(took)
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.process.kill()
    }

    /// The value of a metric without labels; `None` while it has none.
    pub fn metric(&self, name: &str) -> Result<Option<f64>> {
        let (status, body) = process::get(self.inside, "/metrics")?;
        ensure!(status == 200, "metrics: {status}");
        let text = String::from_utf8_lossy(&body);
        let mut values = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(values.next().and_then(|value| value.trim().parse().ok()))
    }

    /// Questions about people with a plan, without one, silent ones about people with one, and about their accesses.
    pub fn targets(&self, world: &World, tokens: &Tokens) -> Targets {
        let service = |tokens: &[String], unscheduled: bool, path: &str, marker: &str| Service {
            address: self.address,
            host: self.address.to_string(),
            path: path.to_owned(),
            headers: vec![
                format!("IsUnscheduledAccessEvent: {unscheduled}"),
                "X-Request-ID: 00000000-0000-4000-8000-{sequence}".to_owned(),
                "Accept: application/fhir+json".to_owned(),
            ],
            tokens: tokens.to_vec(),
            body: None,
            hits: world.hits(),
            misses: world.misses(),
            hit_marker: Some(marker.to_owned()),
            ready_path: None,
            pid: None,
            start: None,
        };
        let notifying = service(&tokens.notifying, true, CARE_TEAM_PATH, HIT_MARKER);
        let list = service(&tokens.notifying, true, AUDIT_EVENT_PATH, LIST_MARKER);
        Targets {
            hit: notifying.target("service, hit", 0),
            miss: notifying.target("service, miss", 100),
            silent: service(&tokens.silent, false, CARE_TEAM_PATH, HIT_MARKER).target("service, silent", 0),
            list: list.target("service, list", 0),
        }
    }

    /// Sends a file and waits for its answer; everything in it must be loaded.
    pub fn send(&self, token: &str, batch: &Batch, file: &[u8]) -> Result<Sent> {
        let head = format!(
            "POST /authority/v1/uploads HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/xml\r\nAccept: application/json\r\nContent-Length: {}\r\n\r\n",
            self.address,
            file.len()
        );
        let begun = Instant::now();
        let (status, body) = process::exchange(self.address, &head, file, UPLOAD_PATIENCE)?;
        let took = begun.elapsed();
        let records = batch.people.end - batch.people.start;
        let told = || String::from_utf8_lossy(&body).chars().take(600).collect::<String>();
        ensure!(status == 200, "an upload was answered {status}: {}", told());
        let answer: Acknowledged = serde_json::from_slice(&body).with_context(told)?;
        ensure!((answer.loaded, answer.failed) == (records, 0), "not everything was loaded: {}", told());
        Ok(Sent { took, records, bytes: file.len() })
    }
}

/// What is asked.
#[derive(Clone)]
pub struct Targets {
    /// People with a plan, by 64 authors.
    pub hit: Target,
    /// People without.
    pub miss: Target,
    /// People with a plan, in scheduled care.
    pub silent: Target,
    /// Accesses of people with a plan, by 64 authors.
    pub list: Target,
}

/// Two that are not the same.
pub fn free_ports() -> Result<[SocketAddr; 2]> {
    let listen = || TcpListener::bind("127.0.0.1:0");
    let (one, other) = (listen()?, listen()?);
    Ok([one.local_addr()?, other.local_addr()?])
}
