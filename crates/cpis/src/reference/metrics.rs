//! The table of metrics and the places that count agree both ways; docs/ops/metrics.md is written from the table.

use super::source::{text, uses};
use crate::metric_table::{Kind, METRICS, Metric, Node};
use expect_test::expect_file;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

fn kind_of(name: &str) -> Option<Kind> {
    match name {
        "counter" => Some(Kind::Counter),
        "gauge" => Some(Kind::Gauge),
        "histogram" => Some(Kind::Histogram),
        _ => None,
    }
}

#[test]
fn every_metric_is_in_the_table_and_every_row_is_counted_somewhere() {
    let mut told: BTreeMap<String, (Kind, BTreeSet<String>)> = BTreeMap::new();
    for used in uses("metrics") {
        let Some(kind) = kind_of(&used.name) else { continue };
        // The table itself goes through its rows by a variable.
        let Some(name) = text(&used.arguments[0][0]) else {
            assert_eq!(used.krate, "cpis", "a metric's name must stand where it is counted");
            continue;
        };
        let labels = used.arguments[1..].iter().map(|label| text(&label[0]).unwrap()).collect();
        let before = told.insert(name.clone(), (kind, labels));
        assert!(before.is_none_or(|before| before == told[&name]), "{name} is counted in two ways");
    }
    let rows: BTreeMap<String, (Kind, BTreeSet<String>)> = METRICS
        .iter()
        .map(|row| (row.name.to_owned(), (row.kind, row.labels.iter().map(|&label| label.to_owned()).collect())))
        .collect();
    assert_eq!(rows.len(), METRICS.len(), "a row stands twice");
    assert_eq!(told, rows, "left: the sources, right: the table in crates/cpis/src/metric_table.rs");
}

#[test]
fn names_say_kind_and_unit() {
    for Metric { name, kind, unit, .. } in METRICS {
        assert!(
            name.starts_with("cpis_") && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{name}"
        );
        assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
        assert_eq!(name.ends_with("_seconds"), *unit == metrics::Unit::Seconds, "{name}");
        assert_eq!(name.ends_with("_bytes"), *unit == metrics::Unit::Bytes, "{name}");
    }
}

#[test]
fn the_list_for_operators_is_written_from_the_table() {
    let mut page = String::from(
        "# Metrics\n\nWritten from the table in `crates/cpis/src/metric_table.rs` by its test. `/metrics` on `inside_listen` has \
         them for Prometheus. No label holds anything from a request but fixed words, and codes of organisations.\n\n\
         Told by *agent*: only `cpis mesh-agent` has it, at its own address. Told by *leader*: only the node whose `cpis_leads` is 1 tells the value; a node that led before keeps its last one. \
         A time is in seconds since 1970: its age is `time() - …`.\n\n\
         [Alerts](../../ops/prometheus/cpis.rules.yml) and a [dashboard](../../ops/grafana/cpis.json) use them; each alert names \
         its [runbook](runbooks/README.md).\n\n\
         | Metric | Kind | Unit | Told by | Meaning | Look when |\n|---|---|---|---|---|---|\n",
    );
    for metric in METRICS {
        let labels = metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let labels = if labels.is_empty() { labels } else { format!(" ({labels})") };
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let node = match metric.node {
            Node::Each => "each node",
            Node::Leader => "leader",
            Node::Agent => "agent",
        };
        let Metric { name, unit, meaning, look, .. } = metric;
        let unit = unit.as_str();
        writeln!(page, "| `{name}`{labels} | {kind} | {unit} | {node} | {meaning} | {look} |").unwrap();
    }
    expect_file!["../../../../docs/ops/metrics.md"].assert_eq(&page);
}
