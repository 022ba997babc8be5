//! Alerts, dashboard and runbooks name metrics and labels that exist; each alert has a runbook, and a test of its own.

use super::{files, read, repository};
use crate::metric_table::{Kind, METRICS, Metric};
use serde_json::Value;
use std::collections::BTreeSet;

const RULES: &str = "ops/prometheus/cpis.rules.yml";
const RULES_TESTS: &str = "ops/prometheus/cpis.rules.test.yml";
const DASHBOARD: &str = "ops/grafana/cpis.json";
const RUNBOOKS: &str = "docs/ops/runbooks";

/// The metric of a name, also where it stands for a part of a histogram.
fn metric(name: &str) -> Option<&'static Metric> {
    let part = |metric: &&Metric| {
        let end = name.strip_prefix(metric.name)?;
        let fits = end.is_empty() || metric.kind == Kind::Histogram && matches!(end, "_bucket" | "_sum" | "_count");
        fits.then_some(())
    };
    METRICS.iter().find(|metric| part(metric).is_some())
}

/// Names of metrics in a text, each with the labels that are asked of it.
fn named(text: &str) -> Vec<(String, Vec<String>)> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    let mut found = Vec::new();
    for (start, _) in text.match_indices("cpis_") {
        if text[..start].ends_with(|c: char| is_part(c) || c == '/' || c == '.' || c == '-') {
            continue;
        }
        let name: String = text[start..].chars().take_while(|c| is_part(*c)).collect();
        let rest = &text[start + name.len()..];
        // A pattern for several, as in `cpis_(leads|uploads_total)`.
        if let Some(ends) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            found.extend(ends.0.split('|').map(|end| (format!("{name}{end}"), Vec::new())));
            continue;
        }
        let labels = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(labels, _)| labels);
        let outside_quotes: String = labels.split('"').step_by(2).collect();
        let labels = outside_quotes.split(',').map(|label| label.trim_end_matches(['=', '~', '!']).trim().to_owned());
        found.push((name, labels.filter(|label| !label.is_empty()).collect()));
    }
    found
}

/// Labels that Prometheus adds by itself.
const OF_THE_SCRAPE: [&str; 3] = ["job", "instance", "le"];

fn check(place: &str, text: &str) -> usize {
    let found = named(text);
    for (name, labels) in &found {
        let metric = metric(name).unwrap_or_else(|| panic!("{place}: there is no metric {name}"));
        for label in labels {
            let known = metric.labels.contains(&&**label) || OF_THE_SCRAPE.contains(&&**label);
            assert!(known, "{place}: {name} has no label {label}");
        }
    }
    found.len()
}

/// Values of a key in a text of YAML, one a line.
fn values<'a>(text: &'a str, key: &'a str) -> Vec<&'a str> {
    let lines = text.lines().map(|line| line.trim().trim_start_matches("- "));
    lines
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
        .map(|value| value.trim().trim_matches('"'))
        .collect()
}

#[test]
fn alerts_name_metrics_that_exist() {
    assert!(check(RULES, &read(RULES)) > 20);
    assert!(check(RULES_TESTS, &read(RULES_TESTS)) > 20);
}

#[test]
fn every_alert_has_a_runbook_that_names_it_and_a_test() {
    let rules = read(RULES);
    let (alerts, books) = (values(&rules, "alert"), values(&rules, "runbook"));
    assert_eq!(alerts.len(), books.len(), "an alert has no runbook");
    let severities = ["page", "ticket"].map(|word| rules.matches(&format!("labels: {{severity: {word}}}")).count());
    assert_eq!(alerts.len(), severities.iter().sum::<usize>(), "an alert has no severity");
    let tests = read(RULES_TESTS);
    let tested: BTreeSet<&str> = values(&tests, "alertname").into_iter().collect();
    for (alert, book) in alerts.iter().zip(&books) {
        assert!(book.starts_with(RUNBOOKS) && repository(book).exists(), "{alert}: there is no {book}");
        assert!(read(book).contains(&format!("`{alert}`")), "{book} does not name {alert}");
        assert!(tested.contains(alert), "{alert} has no test in {RULES_TESTS}");
    }
    // The other way: what a runbook calls an alert is one.
    for book in files(RUNBOOKS, ".md") {
        let text = read(&book);
        for word in text.split('`').skip(1).step_by(2).filter(|word| word.starts_with("Cpis")) {
            assert!(alerts.contains(&word), "{book}: there is no alert {word}");
        }
    }
}

#[test]
fn pages_for_operators_name_metrics_that_exist() {
    for page in files(RUNBOOKS, ".md").into_iter().chain(files("docs/ops", ".md")) {
        // What stands in backticks and fences; prose may speak of files and roles.
        let text = read(&page);
        let code: String = text.split('`').skip(1).step_by(2).collect::<Vec<_>>().join("\n");
        let roles = ["cpis_service", "cpis_owner"];
        let code = roles.iter().fold(code, |code, role| code.replace(role, ""));
        check(&page, &code);
    }
}

#[test]
fn the_dashboard_asks_for_metrics_that_exist() {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    let mut asked = 0;
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: two panels have one id");
        if panel["type"] == "row" {
            continue;
        }
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        assert!(panel["description"].as_str().is_some_and(|text| text.len() > 10), "{title} does not say what to see");
        let queries = panel["targets"].as_array().unwrap();
        assert!(!queries.is_empty(), "{title}");
        for query in queries {
            let text = query["expr"].as_str().unwrap();
            assert!(check(title, text) > 0 || text.contains("up{"), "{title}: {text}");
            asked += 1;
        }
    }
    assert!(asked > 15, "{asked}");
}

#[test]
fn names_and_labels_are_found_in_a_query() {
    let text = "sum by (code) (rate(cpis_uploads_total{job=\"cpis\",code=~\"A,B\"}[5m])) > cpis_leads == 1";
    let of = |name: &str, labels: &[&str]| (name.to_owned(), labels.iter().map(|&l| l.to_owned()).collect::<Vec<_>>());
    assert_eq!(named(text), [of("cpis_uploads_total", &["job", "code"]), of("cpis_leads", &[])]);
    assert_eq!(named("grep -E '^cpis_(leads|x)'"), [of("cpis_leads", &[]), of("cpis_x", &[])]);
    assert!(metric("cpis_group_size_bucket").is_some() && metric("cpis_leads_sum").is_none());
}
