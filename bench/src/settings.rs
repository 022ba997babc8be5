//! What is measured: the service as a file or the caller describes it, and the targets that follow from it.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Stands for the ten digits of the NHS number in a path or body.
pub const NUMBER: &str = "{number}";
/// Stands for twelve digits that no two requests of a burst share: the last part of a UUID, for instance.
pub const SEQUENCE: &str = "{sequence}";
/// Path and query of the usual question, for [`Service::path`].
pub const CARE_TEAM_PATH: &str =
    "/cpis/FHIR/R4/CareTeam?patient:identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C{number}";
/// The same of the question who has looked before.
pub const AUDIT_EVENT_PATH: &str =
    "/cpis/FHIR/R4/AuditEvent?patient:identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C{number}";
/// Of a hundred questions this many are misses in the mix: most children have no plan.
pub const MIX_MISSES_PERCENT: u8 = 80;

/// A service to measure. Numbers and tokens are synthetic; `Debug` is left out all the same.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Address to connect to, without TLS.
    pub address: SocketAddr,
    /// Value of `Host`.
    pub host: String,
    /// Path and query, percent-encoded, with [`NUMBER`] where the number goes.
    pub path: String,
    /// Further header lines, such as `IsUnscheduledAccessEvent: true`, without their line ends. [`SEQUENCE`] may stand in them.
    #[serde(default)]
    pub headers: Vec<String>,
    /// Bearer tokens; connection `n` sends token `n` modulo their count. None: no `Authorization`.
    #[serde(default)]
    pub tokens: Vec<String>,
    /// Body of a POST, with [`NUMBER`] and [`SEQUENCE`]; none: a GET.
    #[serde(default)]
    pub body: Option<String>,
    /// Ten-digit numbers of people with a plan.
    pub hits: Vec<String>,
    /// Ten-digit numbers of people without one.
    #[serde(default)]
    pub misses: Vec<String>,
    /// A text that stands in each answer to a hit and in none to a miss. The number alone does not tell: an answer may repeat the
    /// question.
    #[serde(default)]
    pub hit_marker: Option<String>,
    /// A path that answers 200 when the service is ready.
    #[serde(default)]
    pub ready_path: Option<String>,
    /// The process, where it already runs: for its CPU time and memory.
    #[serde(default)]
    pub pid: Option<u32>,
    /// How to start it, where it does not run yet.
    #[serde(default)]
    pub start: Option<Start>,
}

/// A program to start.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The program.
    pub program: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Environment variables to set.
    #[serde(default)]
    pub environment: Vec<(String, String)>,
    /// File for what it prints; none: thrown away.
    #[serde(default)]
    pub log: Option<String>,
}

/// One row of the table: whom to ask, and what.
#[derive(Clone, Deserialize, Serialize)]
pub struct Target {
    /// Name of the row.
    pub name: String,
    /// Address to connect to.
    pub address: SocketAddr,
    /// Value of `Host`.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// Further header lines.
    pub headers: Vec<String>,
    /// Bearer tokens.
    pub tokens: Vec<String>,
    /// Body of a POST; none: a GET.
    pub body: Option<String>,
    /// Numbers whose answers must contain the number, and the marker where there is one.
    pub hits: Vec<String>,
    /// Numbers whose answers must not contain the marker.
    pub misses: Vec<String>,
    /// See [`Service::hit_marker`].
    pub hit_marker: Option<String>,
    /// Of a hundred questions this many are misses.
    pub misses_percent: u8,
}

impl Target {
    /// A plain GET without numbers: only the status is checked.
    pub fn plain(name: &str, address: SocketAddr, path: &str) -> Self {
        Self {
            name: name.to_owned(),
            address,
            host: address.to_string(),
            path: path.to_owned(),
            headers: Vec::new(),
            tokens: Vec::new(),
            body: None,
            hits: Vec::new(),
            misses: Vec::new(),
            hit_marker: None,
            misses_percent: 0,
        }
    }
}

impl Service {
    /// Hits only, misses only and the mix, as far as there are numbers for them.
    pub fn targets(&self) -> Vec<Target> {
        let mix = format!("service, {} % hits", 100 - MIX_MISSES_PERCENT);
        [
            ("service, hits", 0, !self.hits.is_empty()),
            ("service, misses", 100, !self.misses.is_empty()),
            (mix.as_str(), MIX_MISSES_PERCENT, !self.hits.is_empty() && !self.misses.is_empty()),
        ]
        .into_iter()
        .filter(|(_, _, possible)| *possible)
        .map(|(name, misses_percent, _)| self.target(name, misses_percent))
        .collect()
    }

    /// One row with this share of misses.
    pub fn target(&self, name: &str, misses_percent: u8) -> Target {
        Target {
            name: name.to_owned(),
            address: self.address,
            host: self.host.clone(),
            path: self.path.clone(),
            headers: self.headers.clone(),
            tokens: self.tokens.clone(),
            body: self.body.clone(),
            hits: self.hits.clone(),
            misses: self.misses.clone(),
            hit_marker: self.hit_marker.clone(),
            misses_percent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_read_from_json_and_gives_its_rows() {
        let text = r#"{"address": "127.0.0.1:8080", "host": "localhost", "path": "/a?n={number}",
            "hits": ["9990000018"], "misses": ["9990000026"]}"#;
        let mut service: Service = serde_json::from_str(text).unwrap();
        let rows = |service: &Service| {
            service.targets().into_iter().map(|target| (target.name, target.misses_percent)).collect::<Vec<_>>()
        };
        let named = |name: &str, percent| (name.to_owned(), percent);
        assert_eq!(
            rows(&service),
            [named("service, hits", 0), named("service, misses", 100), named("service, 20 % hits", 80)]
        );
        service.misses.clear();
        assert_eq!(rows(&service), [named("service, hits", 0)]);
        assert!(serde_json::from_str::<Service>(&text.replace("host", "hots")).is_err());
    }
}
