//! The register of organisations: authorities, and sites with their settings. Names and settings in answers, notices and
//! identity come from here.

use crate::organisation::{AuthorityCode, OdsCode, Organisation, Site};
use std::collections::HashMap;
use std::sync::Arc;

/// Rows of a reference table: comma separated, lines beginning with `#` are comments, the first other line is the head.
pub(crate) fn rows(text: &str) -> impl Iterator<Item = csv::StringRecord> {
    csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes()).into_records().filter_map(Result::ok)
}

/// The register.
#[derive(Clone, Debug, Default)]
pub struct Register {
    authorities: HashMap<AuthorityCode, Arc<str>>,
    organisations: HashMap<OdsCode, Arc<str>>,
    sites: HashMap<OdsCode, Site>,
}

/// A row of a table that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{table}, line {line}: {what}")]
pub struct RegisterFault {
    /// Which table.
    pub table: &'static str,
    /// Line in the table's text.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

impl Register {
    /// The tables that come with the product.
    pub fn built_in() -> Self {
        Self::parse(include_str!("../data/authorities.csv"), include_str!("../data/sites.csv")).unwrap_or_default()
    }

    /// Reads `authorities` (columns `code,name,…`) and `sites` (columns `code,name,organisation,organisation_name,setting,…`).
    /// All faults are returned, each with its line.
    pub fn parse(authorities: &str, sites: &str) -> Result<Self, Vec<RegisterFault>> {
        let mut register = Self::default();
        let mut faults = Vec::new();
        for row in rows(authorities) {
            let mut fault = |what: &str| {
                let line = row.position().map_or(0, csv::Position::line);
                faults.push(RegisterFault { table: "authorities", line, what: what.to_owned() });
            };
            let name: Arc<str> = row.get(1).unwrap_or_default().into();
            match row.get(0).unwrap_or_default().parse::<AuthorityCode>() {
                Err(error) => fault(&error.to_string()),
                Ok(_) if name.is_empty() => fault("the name is missing"),
                Ok(code) if register.authorities.insert(code, name).is_some() => fault("this code stands twice"),
                Ok(_) => {}
            }
        }
        for row in rows(sites) {
            let mut fault = |what: String| {
                let line = row.position().map_or(0, csv::Position::line);
                faults.push(RegisterFault { table: "sites", line, what });
            };
            let column = |n: usize| row.get(n).unwrap_or_default();
            let (code, organisation) = match (column(0).parse::<OdsCode>(), column(2).parse::<OdsCode>()) {
                (Ok(code), Ok(organisation)) => (code, organisation),
                (Err(error), _) | (_, Err(error)) => {
                    fault(error.to_string());
                    continue;
                }
            };
            let setting = match column(4).parse() {
                Ok(setting) => setting,
                Err(error) => {
                    fault(format!("{error}"));
                    continue;
                }
            };
            register.organisations.insert(organisation, column(3).into());
            let site = Site { code, name: column(1).into(), organisation, setting };
            if register.sites.insert(code, site).is_some() {
                fault("this code stands twice".to_owned());
            }
        }
        if faults.is_empty() { Ok(register) } else { Err(faults) }
    }

    /// The registered name of an authority.
    pub fn authority(&self, code: AuthorityCode) -> Option<&Arc<str>> {
        self.authorities.get(&code)
    }

    /// All authorities, in the order of their codes.
    pub fn authorities(&self) -> Vec<(AuthorityCode, Arc<str>)> {
        let mut all: Vec<_> = self.authorities.iter().map(|(code, name)| (*code, name.clone())).collect();
        all.sort();
        all
    }

    /// A site by its code.
    pub fn site(&self, code: OdsCode) -> Option<&Site> {
        self.sites.get(&code)
    }

    /// All sites, in the order of their codes.
    pub fn sites(&self) -> Vec<&Site> {
        let mut all: Vec<_> = self.sites.values().collect();
        all.sort_by_key(|site| site.code);
        all
    }

    /// An organisation that runs sites, or an authority, by its code.
    pub fn organisation(&self, code: OdsCode) -> Option<Organisation> {
        let name = self.organisations.get(&code).or_else(|| self.authorities.get(&AuthorityCode(code)))?;
        Some(Organisation { code, name: name.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_tables_read_without_a_fault() {
        let register =
            Register::parse(include_str!("../data/authorities.csv"), include_str!("../data/sites.csv")).unwrap();
        assert_eq!(register.authorities().len(), 153);
        assert!(register.sites().len() > 400);
        assert_eq!(register.authority("714".parse().unwrap()).map(AsRef::as_ref), Some("City of London"));
        assert!(register.sites().iter().all(|site| register.organisation(site.organisation).is_some()));
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        let faults = Register::parse(
            "code,name\n7,Short\n714,A\n714,B\n702,\n",
            "code,name,organisation,organisation_name,setting\nRJ1,A,RJ1,A,U99\n",
        )
        .unwrap_err();
        let lines: Vec<_> = faults.iter().map(|fault| (fault.table, fault.line)).collect();
        assert_eq!(lines, [("authorities", 2), ("authorities", 4), ("authorities", 5), ("sites", 2)]);
    }
}
