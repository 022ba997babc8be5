//! The alerts and the dashboard's queries, read by Prometheus' own tool.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::process;

const FOLDER: &str = "ops/prometheus";
const RULES: &str = "cpis.rules.yml";
const TESTS: &str = "cpis.rules.test.yml";
const DASHBOARD: &str = "ops/grafana/cpis.json";
/// What Grafana puts into a query, and something that stands for it.
const VARIABLES: [(&str, &str); 3] = [("$__rate_interval", "5m"), ("$instance", ".*"), ("$job", "cpis")];

/// Whether rules, their tests and the dashboard's queries hold.
pub fn check(root: &Path) -> Result<bool> {
    let version = Command::new("promtool").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if version.is_err() {
        bail!("promtool is not installed; install it with: apt-get install prometheus (or leave it out: --fast)");
    }
    let text = fs::read_to_string(root.join(DASHBOARD)).with_context(|| format!("cannot read {DASHBOARD}"))?;
    let queries = root.join("target").join("dashboard.rules.yml");
    fs::create_dir_all(root.join("target"))?;
    fs::write(&queries, as_rules(&text)?).with_context(|| format!("cannot write {}", queries.display()))?;
    let promtool = |arguments: &[&str]| {
        let mut command = Command::new("promtool");
        command.args(arguments).current_dir(root.join(FOLDER));
        command
    };
    Ok(process::succeeds(&mut promtool(&["check", "rules", RULES]))?
        && process::succeeds(&mut promtool(&["test", "rules", TESTS]))?
        && process::succeeds(promtool(&["check", "rules"]).arg(queries))?)
}

/// The dashboard's queries as rules, since rules are what the tool reads. JSON is YAML.
fn as_rules(dashboard: &str) -> Result<String> {
    let dashboard: Value = serde_json::from_str(dashboard).context("the dashboard is not JSON")?;
    let panels = dashboard.get("panels").and_then(Value::as_array).context("the dashboard has no panels")?;
    let targets = panels.iter().filter_map(|panel| panel.get("targets")?.as_array()).flatten();
    let queries = targets.filter_map(|target| target.get("expr")?.as_str()).enumerate().map(|(number, query)| {
        let query = VARIABLES.iter().fold(query.to_owned(), |query, (name, value)| query.replace(name, value));
        json!({ "record": format!("dashboard:query:{number}"), "expr": query })
    });
    let rules: Vec<Value> = queries.collect();
    if rules.is_empty() {
        bail!("the dashboard asks nothing");
    }
    Ok(json!({ "groups": [{ "name": "dashboard", "rules": rules }] }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_become_rules_without_variables() {
        let text = r#"{"panels":[{"type":"row"},{"targets":[{"expr":"rate(x{job=\"$job\"}[$__rate_interval])"}]}]}"#;
        let rules = as_rules(text).unwrap();
        assert!(rules.contains(r#"rate(x{job=\"cpis\"}[5m])"#) && rules.contains("dashboard:query:0"), "{rules}");
        assert!(as_rules(r#"{"panels":[]}"#).is_err() && as_rules("{}").is_err() && as_rules("[").is_err());
    }
}
