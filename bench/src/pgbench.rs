//! The comparison on a server: `pgbench` does for each look what the service does, one transaction a look, over the same data.
//!
//! It works on a copy of the service's database in the same server, with the same tables and indexes, asks as few statements as a
//! look of one number needs, and sends them in two round trips as the service does: what is written follows from what was read.
//! It opens, seals and hashes nothing, derives no lists, and speaks no HTTP.

use crate::database::{DATABASE, Server};
use crate::load::Outcome;
use crate::world::HITS_MAX;
use anyhow::{Context, Result, bail, ensure};
use cpis_app::{Clock, SystemClock};
use cpis_load::histogram::Histogram;
use cpis_testkit::postgres::{OWNER, binary};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The copy that it works on.
const COPY: &str = "bench_copy";
/// Its threads.
const JOBS: usize = 2;
/// Bits of a group's number below its milliseconds.
const GROUP_BITS: u32 = 21;
/// Numbers without the lock begin here, where the journal has a partition and the other script does not come to.
const UNLOCKED_FROM: u64 = 8 << 20;

/// What it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// What a look of the service does.
    Locked,
    /// The same without the lock that numbers the journal without gaps.
    Unlocked,
}

impl Script {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Locked, Self::Unlocked];

    /// The name of its row.
    pub fn row(self) -> &'static str {
        match self {
            Self::Locked => "pgbench, a look a transaction",
            Self::Unlocked => "pgbench, without the journal's lock",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Locked => include_str!("pgbench/locked.sql"),
            Self::Unlocked => include_str!("pgbench/unlocked.sql"),
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::Locked => "locked.sql",
            Self::Unlocked => "unlocked.sql",
        }
    }
}

/// The program with its scripts and its copy of the data.
#[derive(Clone, Debug)]
pub struct Pgbench {
    program: PathBuf,
    folder: PathBuf,
    /// The folder of the server's socket: a password for each of many clients would take of their time.
    socket: PathBuf,
    port: u16,
    people: u64,
    body: String,
}

impl Pgbench {
    /// Copies the database, on which nobody may work meanwhile, and gives people with a plan digests of the numbers from 1 on.
    pub fn prepare(server: &Server, folder: &Path) -> Result<Self> {
        let folder = folder.join("pgbench");
        fs::create_dir(&folder)?;
        for script in Script::ALL {
            fs::write(folder.join(script.file()), script.text())?;
        }
        let body =
            "SELECT coalesce(avg(length(body)), 0)::bigint FROM cpis.journal WHERE count = 1 AND body IS NOT NULL";
        let body = usize::try_from(server.number(DATABASE, body)?)?;
        ensure!(body > 0, "there is no look in the journal of whose size pgbench's could be");
        server.run("postgres", &format!("CREATE DATABASE {COPY} TEMPLATE {DATABASE} STRATEGY file_copy"))?;
        server.run("postgres", &format!("ALTER DATABASE {COPY} SET search_path = cpis"))?;
        let people = format!(
            "CREATE TABLE asked AS SELECT row_number() OVER () AS n, id FROM (SELECT id FROM person \
             WHERE EXISTS (SELECT FROM plan WHERE person_id = person.id) ORDER BY sha256(int8send(id)) LIMIT {HITS_MAX}) AS one"
        );
        for sql in [
            &people,
            "UPDATE person SET lookup_a = substring(sha256(int8send(n)) FOR 16) FROM asked WHERE person.id = asked.id",
            &format!("CREATE SEQUENCE bench_seq START {UNLOCKED_FROM}"),
            &format!("ALTER SEQUENCE bench_seq OWNER TO {OWNER}"),
            "VACUUM FULL person",
            "VACUUM ANALYZE",
            "CHECKPOINT",
        ] {
            server.run(COPY, sql)?;
        }
        let people = u64::try_from(server.number(COPY, "SELECT count(*) FROM asked")?)?;
        ensure!(people > 0, "nobody has a plan");
        Ok(Self {
            program: binary("pgbench"),
            folder,
            socket: server.socket(),
            port: server.port(),
            people,
            body: bytes(body),
        })
    }

    /// Runs a script with so many clients, after a quarter of the time as warm-up.
    pub fn run(&self, script: Script, clients: usize, time: Duration) -> Result<Outcome> {
        self.once(script, clients, time / 4, &[])?;
        let prefix = self.folder.join("log");
        let log = format!("--log-prefix={}", prefix.display());
        let told = self.once(script, clients, time, &["--log", &log])?;
        let report = Report::parse(&told).with_context(|| format!("pgbench's report cannot be read: {told}"))?;
        let mut latencies = Histogram::default();
        for file in fs::read_dir(&self.folder)? {
            let path = file?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log.")) {
                read_log(&fs::read_to_string(&path)?, &mut latencies);
                fs::remove_file(&path)?;
            }
        }
        Ok(report.outcome(&latencies))
    }

    fn once(&self, script: Script, clients: usize, time: Duration, more: &[&str]) -> Result<String> {
        // Numbers of groups go up with the time, as the service's do.
        let base = SystemClock.now().as_millisecond() << GROUP_BITS;
        let mut command = Command::new(&self.program);
        command.args(["--no-vacuum", "--protocol=prepared"]).args(more);
        command.arg("--host").arg(&self.socket);
        command.args([format!("--port={}", self.port), format!("--username={OWNER}"), format!("--client={clients}")]);
        command.args([format!("--jobs={}", JOBS.min(clients)), format!("--time={}", time.as_secs().max(1))]);
        command.arg("--file").arg(self.folder.join(script.file()));
        for (name, value) in [
            ("people", self.people.to_string()),
            ("base", base.to_string()),
            ("k", "0".to_owned()),
            ("hash", bytes(32)),
            ("body", self.body.clone()),
        ] {
            command.arg(format!("--define={name}={value}"));
        }
        command.arg(COPY).env("PGOPTIONS", "-c jit=off").env("LC_ALL", "C");
        let output = command.output().with_context(|| format!("cannot start {}", self.program.display()))?;
        let told = String::from_utf8_lossy(&output.stderr);
        // Older ones end well when clients were given up.
        if !output.status.success() || told.contains("error:") {
            let first = told.lines().find(|line| line.contains("error:")).unwrap_or(told.trim());
            bail!("pgbench ended with {}: {first}", output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// So many bytes as the server reads them.
fn bytes(count: usize) -> String {
    format!("\\x{}", "a5".repeat(count))
}

/// What it says at its end.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Report {
    failed: u64,
    per_second: f64,
}

impl Report {
    fn parse(text: &str) -> Option<Self> {
        let after = |name: &str| {
            let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
            rest.split_whitespace().next()
        };
        Some(Self {
            // Programs before the fifteenth stop at the first failure instead.
            failed: after("number of failed transactions:").map_or(Some(0), |count| count.parse().ok())?,
            per_second: after("tps =")?.parse().ok()?,
        })
    }

    fn outcome(self, latencies: &Histogram) -> Outcome {
        let us = |share| latencies.quantile(share) as f64 / 1e3;
        Outcome {
            answers_per_second: self.per_second,
            p50_us: us(0.5),
            p90_us: us(0.9),
            p99_us: us(0.99),
            max_us: latencies.max() as f64 / 1e3,
            unanswered: self.failed,
            ..Outcome::default()
        }
    }
}

/// Lines of client, transaction, microseconds, and more; a failed transaction has a word instead of its time.
fn read_log(text: &str, latencies: &mut Histogram) {
    for micros in text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<u64>().ok()) {
        latencies.record(micros.saturating_mul(1000));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "pgbench (15.18 (Debian 15.18-0+deb12u1))\ntransaction type: locked.sql\nscaling factor: 1\n\
        query mode: prepared\nnumber of clients: 64\nnumber of threads: 2\nmaximum number of tries: 1\nduration: 2 s\n\
        number of transactions actually processed: 9041\nnumber of failed transactions: 3 (0.033%)\n\
        latency average = 14.108 ms\ninitial connection time = 88.403 ms\ntps = 4536.270011 (without initial connection time)\n";

    #[test]
    fn its_report_is_read_or_refused() {
        let report = Report::parse(REPORT).unwrap();
        assert!(report.failed == 3 && (report.per_second - 4_536.27).abs() < 0.01, "{report:?}");
        let older = REPORT.replace("number of failed transactions: 3 (0.033%)\n", "");
        assert_eq!(Report::parse(&older), Some(Report { failed: 0, ..report }));
        assert_eq!(Report::parse("tps = fast"), None);
        assert_eq!(Report::parse(&REPORT.replace("3 (0.033%)", "some")), None);
    }

    #[test]
    fn its_log_gives_the_latencies() {
        let mut latencies = Histogram::default();
        read_log(
            "0 1 200 0 1700000000 10\n1 1 400 0 1700000000 20\n2 1 failed 0 1700000000 30\n\n0 2 600",
            &mut latencies,
        );
        assert_eq!((latencies.count(), latencies.max()), (3, 600_000));
        let outcome = Report::parse(REPORT).unwrap().outcome(&latencies);
        assert!(
            (outcome.p50_us - 400.0).abs() < 4.0 && (outcome.p99_us - 600.0).abs() < 6.0 && outcome.errors() == 3,
            "{outcome:?}"
        );
        assert_eq!((outcome.answers(), outcome.answers_200), (0, 0), "nothing that the journal must hold");
    }

    #[test]
    fn scripts_are_two_round_trips_and_one_takes_the_lock() {
        assert_eq!(bytes(2), "\\xa5a5");
        for (script, locks) in [(Script::Locked, true), (Script::Unlocked, false)] {
            let text = script.text();
            assert_eq!(text.matches("\\startpipeline").count(), 2);
            assert_eq!((text.contains("FOR UPDATE"), text.contains("UPDATE sequence")), (locks, locks));
            assert!(text.contains("BEGIN;\n") && text.contains("COMMIT;\n\\endpipeline"));
            for table in ["group_id", "journal", "leaf"] {
                assert!(text.contains(&format!("INSERT INTO {table} ")), "{script:?} {table}");
            }
        }
    }
}
