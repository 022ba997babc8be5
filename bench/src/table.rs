//! The figures of a run as one page of Markdown.

use crate::bare::REFERENCE;
use crate::probe::Flushes;
use crate::rounds::{Report, Row};
use cpis_load::words::{time, whole};
use std::fmt::Write;

const MIB: f64 = 1024.0 * 1024.0;

/// The page.
pub fn markdown(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = write_page(&mut text, report);
    text
}

fn write_page(out: &mut String, report: &Report) -> std::fmt::Result {
    let machine = &report.machine;
    writeln!(
        out,
        "{}, commit {}, Linux {}, {} ({} cores, {} MiB). Rounds: {}, bursts of {} s; medians. Client, server and disk share the cores.",
        machine.date,
        report.commit,
        machine.kernel,
        machine.cpu,
        machine.cores,
        machine.memory_mib,
        report.probes.len(),
        report.burst_seconds,
    )?;
    if report.too_busy {
        writeln!(out, "\n**Machine too busy:** the median flush takes more than 1 ms. Ratios to it say little.")?;
    }
    writeln!(out, "\n| 4 KiB write + fdatasync | flushes/s | p50 | p99 |\n|---|---:|---:|---:|")?;
    for (name, flushes) in [("growing file", report.probe.growing), ("preallocated file", report.probe.preallocated)] {
        let Flushes { per_second, p50_us, p99_us } = flushes;
        writeln!(out, "| {name} | {} | {} | {} |", whole(per_second), time(p50_us), time(p99_us))?;
    }
    if report.rows.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n| route | connections | answers/s | ratio to {REFERENCE} | p50 | p90 | p99 | max | errors | server CPU per answer | server memory | client CPU |"
    )?;
    writeln!(out, "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
    report.rows.iter().try_for_each(|row| write_row(out, row, report.burst_seconds))
}

fn write_row(out: &mut String, row: &Row, seconds: f64) -> std::fmt::Result {
    let (measured, outcome) = (&row.median, &row.median.outcome);
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.2} cores |",
        row.name,
        row.connections,
        whole(outcome.answers_per_second),
        or_none(measured.ratio.map(|ratio| format!("{ratio:.3}"))),
        time(outcome.p50_us),
        time(outcome.p90_us),
        time(outcome.p99_us),
        time(outcome.max_us),
        errors(row),
        or_none(measured.server_cpu_us.map(time)),
        or_none(measured.server_private_bytes.map(|bytes| format!("{:.1} MiB", bytes as f64 / MIB))),
        outcome.client_cpu_seconds / seconds.max(f64::EPSILON),
    )
}

/// The sum, and what it is made of.
fn errors(row: &Row) -> String {
    let outcome = &row.median.outcome;
    if outcome.errors() == 0 {
        return "0".to_owned();
    }
    let named = [
        ("wrong", outcome.wrong),
        ("refused", outcome.refused),
        ("cut", outcome.cut),
        ("malformed", outcome.malformed),
        ("unanswered", outcome.unanswered),
    ];
    let statuses = outcome.statuses.iter().filter(|(status, _)| **status != 200);
    let parts = statuses.map(|(status, count)| format!("{status}: {count}"));
    let parts =
        parts.chain(named.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name}: {count}")));
    format!("{} ({})", outcome.errors(), parts.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Outcome;
    use crate::probe::Probe;
    use crate::rounds::Measured;
    use cpis_load::machine::Machine;

    #[test]
    fn a_page_has_a_row_for_each_target_and_says_when_the_machine_was_busy() {
        let flushes = Flushes { per_second: 1_234.0, p50_us: 1_500.0, p99_us: 9_000.0 };
        let outcome = Outcome {
            answers_per_second: 20_000.0,
            p50_us: 50.0,
            p90_us: 90.0,
            p99_us: 250.0,
            max_us: 12_000.0,
            answers_200: 100_000,
            statuses: [(200, 100_000), (503, 2)].into(),
            cut: 1,
            client_cpu_seconds: 1.5,
            ..Outcome::default()
        };
        let median = Measured { outcome, ratio: Some(0.5), server_cpu_us: Some(7.25), server_private_bytes: None };
        let report = Report {
            machine: Machine {
                date: "2026-11-22T10:00:00Z".into(),
                kernel: "6.1".into(),
                cpu: "A CPU".into(),
                cores: 2,
                memory_mib: 100,
            },
            commit: "0123456789ab+".into(),
            probes: vec![Probe::default(); 3],
            probe: Probe { growing: flushes, preallocated: flushes },
            too_busy: true,
            burst_seconds: 3.0,
            rows: vec![Row { name: "service, hits".into(), connections: 16, rounds: vec![], median }],
        };
        let page = markdown(&report);
        for line in [
            "2026-11-22T10:00:00Z, commit 0123456789ab+, Linux 6.1, A CPU (2 cores, 100 MiB). Rounds: 3, bursts of 3 s; medians. Client, server and disk share the cores.",
            "**Machine too busy:** the median flush takes more than 1 ms. Ratios to it say little.",
            "| growing file | 1,234 | 1.50 ms | 9.00 ms |",
            "| service, hits | 16 | 20,000 | 0.500 | 50 us | 90 us | 250 us | 12.00 ms | 3 (503: 2, cut: 1) | 7.2 us | – | 0.50 cores |",
        ] {
            assert!(page.lines().any(|own| own == line), "{line}\nis not in\n{page}");
        }
        let columns: Vec<_> = page
            .lines()
            .filter(|line| line.contains("connections") || line.contains("service"))
            .map(|line| line.matches('|').count())
            .collect();
        assert_eq!(columns, [13, 13]);
        let read: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
        assert_eq!(read, report);
    }
}
