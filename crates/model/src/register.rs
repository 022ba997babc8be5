//! The register of organisations: the one source of names, numbers and settings. It begins with reference tables; records
//! that operators keep stand before their rows.

use crate::Date;
use crate::organisation::{AuthorityCode, OdsCode, Organisation, Site};
use crate::organisation_record::{
    About, Authority, AuthorityContact, Lead, Provider, Record, RecordKind, SiteRecord, System,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Rows of a reference table: comma separated, lines beginning with `#` are comments, the first other line is the head.
pub(crate) fn rows(text: &str) -> impl Iterator<Item = csv::StringRecord> {
    csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes()).into_records().filter_map(Result::ok)
}

/// The register as it stands on one day.
#[derive(Clone, Debug, Default)]
pub struct Register {
    held: BTreeMap<RecordKind, BTreeMap<Box<str>, Held>>,
    number: u64,
    day: Option<Date>,
    authorities: HashMap<AuthorityCode, Arc<str>>,
    names: HashMap<OdsCode, Arc<str>>,
    sites: HashMap<OdsCode, Site>,
    systems: HashMap<Box<str>, Vec<Arc<Record>>>,
}

/// A record with its version.
#[derive(Clone, Debug)]
pub struct Held {
    /// The record.
    pub record: Arc<Record>,
    /// Its version; 0 for a row of a table.
    pub version: u32,
    /// The row of a table before which it stands.
    pub base: Option<Arc<Record>>,
}

/// A version of a record that operators made.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its number in the order of changes.
    pub number: u64,
    /// Its version.
    pub version: u32,
    /// The record; `None` where it cannot be read: then the version before it stays.
    pub record: Option<Record>,
}

/// One page of what a search found.
#[derive(Clone, Debug)]
pub struct SearchPage {
    /// Records, in the order of kinds and codes.
    pub records: Vec<Held>,
    /// How many there are on all pages.
    pub total: usize,
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
        for (table, text, read) in [
            ("authorities", authorities, authority as fn(&csv::StringRecord) -> Result<Vec<Record>, String>),
            ("sites", sites, site_and_organisation),
        ] {
            for row in rows(text) {
                let line = row.position().map_or(0, csv::Position::line);
                let mut fault = |what| faults.push(RegisterFault { table, line, what });
                match read(&row) {
                    Err(what) => fault(what),
                    Ok(records) => {
                        for record in records {
                            // A provider stands in the row of each of its sites.
                            let is_new = register.put_base(record.clone());
                            if !is_new && record.kind() != RecordKind::Provider {
                                fault("this code stands twice".to_owned());
                            }
                        }
                    }
                }
            }
        }
        register.derive();
        if faults.is_empty() { Ok(register) } else { Err(faults) }
    }

    fn put_base(&mut self, record: Record) -> bool {
        let kind = self.held.entry(record.kind()).or_default();
        let record = Arc::new(record);
        let held = Held { record: record.clone(), version: 0, base: Some(record.clone()) };
        kind.insert(record.code().into(), held).is_none()
    }

    /// The same register with changes, as it stands on a day.
    #[must_use]
    pub fn with(&self, changes: impl IntoIterator<Item = Change>, day: Date) -> Self {
        let mut register = Self { held: self.held.clone(), number: self.number, day: Some(day), ..Self::default() };
        for Change { number, version, record } in changes {
            register.number = register.number.max(number);
            let Some(record) = record else { continue };
            let kind = register.held.entry(record.kind()).or_default();
            let base = kind.get(record.code()).and_then(|held| held.base.clone());
            kind.insert(record.code().into(), Held { record: Arc::new(record), version, base });
        }
        register.derive();
        register
    }

    /// What is asked for most, for the day. Without a day all records count.
    fn derive(&mut self) {
        let records: Vec<Arc<Record>> =
            self.held.values().flat_map(BTreeMap::values).map(|held| held.record.clone()).collect();
        let day = self.day;
        let in_force = |record: &Record| day.is_none_or(|day| record.about().period.holds(day));
        for record in records {
            let name = record.name().clone();
            match &*record {
                Record::Authority(authority) => {
                    self.names.entry(authority.code.0).or_insert(name.clone());
                    if in_force(&record) {
                        self.authorities.insert(authority.code, name);
                    }
                }
                Record::Provider(provider) => drop(self.names.insert(provider.code, name)),
                Record::Site(site) => {
                    // A site under its organisation's own code closes with it.
                    let own = self.record(RecordKind::Provider, site.code.as_str());
                    if in_force(&record) && own.is_none_or(|own| in_force(&own.record)) {
                        let (code, organisation, setting) = (site.code, site.organisation, site.setting);
                        self.sites.insert(code, Site { code, name, organisation, setting });
                    }
                }
                Record::System(system) if in_force(&record) => {
                    for asid in &system.asids {
                        self.systems.entry(asid.as_str().into()).or_default().push(record.clone());
                    }
                }
                Record::Supplier(_) | Record::System(_) => {}
            }
        }
    }

    /// The number of the last change that it holds.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The day on which it stands so; `None` where no dates were looked at.
    pub fn day(&self) -> Option<Date> {
        self.day
    }

    /// The registered name of an authority that is in force.
    pub fn authority(&self, code: AuthorityCode) -> Option<&Arc<str>> {
        self.authorities.get(&code)
    }

    /// The registered name of an authority, also of one that is no more: its plans are still shown.
    pub fn authority_name(&self, code: AuthorityCode) -> Option<&Arc<str>> {
        self.record(RecordKind::Authority, code.0.as_str()).map(|held| held.record.name())
    }

    /// All authorities that are in force, in the order of their codes.
    pub fn authorities(&self) -> Vec<(AuthorityCode, Arc<str>)> {
        let mut all: Vec<_> = self.authorities.iter().map(|(code, name)| (*code, name.clone())).collect();
        all.sort();
        all
    }

    /// A site that is in force, by its code. One that is closed or not open yet is not found.
    pub fn site(&self, code: OdsCode) -> Option<&Site> {
        self.sites.get(&code)
    }

    /// All sites that are in force, in the order of their codes.
    pub fn sites(&self) -> Vec<&Site> {
        let mut all: Vec<_> = self.sites.values().collect();
        all.sort_by_key(|site| site.code);
        all
    }

    /// An organisation that runs sites, or an authority, by its code: its name is the same after it has closed.
    pub fn organisation(&self, code: OdsCode) -> Option<Organisation> {
        self.names.get(&code).map(|name| Organisation { code, name: name.clone() })
    }

    /// The systems that are in force with this ASID; there should be one at most.
    pub fn systems(&self, asid: &str) -> impl Iterator<Item = &System> {
        let records = self.systems.get(asid).into_iter().flatten();
        records.filter_map(|record| match &**record {
            Record::System(system) => Some(system),
            _ => None,
        })
    }

    /// A record with its version, whatever the day.
    pub fn record(&self, kind: RecordKind, code: &str) -> Option<&Held> {
        self.held.get(&kind)?.get(code)
    }

    /// A record that is in force on a day.
    pub fn record_on(&self, kind: RecordKind, code: &str, day: Date) -> Option<&Arc<Record>> {
        self.record(kind, code).map(|held| &held.record).filter(|record| record.about().period.holds(day))
    }

    /// The records that go on in the place of one from a day on; none where it goes on itself.
    pub fn successors(&self, kind: RecordKind, code: &str, day: Date) -> Vec<&Arc<Record>> {
        let Some(held) = self.record(kind, code) else { return Vec::new() };
        let due = held.record.about().successors.iter().filter(|successor| successor.on <= day);
        due.filter_map(|successor| self.record(kind, successor.code.as_str())).map(|held| &held.record).collect()
    }

    /// The numbers of an authority that are in force on a day.
    pub fn contacts_of(&self, code: AuthorityCode, day: Date) -> Vec<&AuthorityContact> {
        let held = self.record(RecordKind::Authority, code.0.as_str());
        let Some(Record::Authority(authority)) = held.map(|held| &*held.record) else { return Vec::new() };
        authority.contacts.iter().filter(|contact| contact.period.holds(day)).collect()
    }

    /// All records, in the order of kinds and codes.
    pub fn records(&self) -> impl Iterator<Item = &Held> {
        self.held.values().flat_map(BTreeMap::values)
    }

    /// Records whose code begins with a text or whose name holds it, whatever its case, from one of them on.
    pub fn search(&self, text: &str, kind: Option<RecordKind>, from: usize, max: usize) -> SearchPage {
        let text = text.trim().to_lowercase();
        let is_found = |held: &&Held| {
            kind.is_none_or(|kind| held.record.kind() == kind)
                && (held.record.code().to_lowercase().starts_with(&text)
                    || held.record.name().to_lowercase().contains(&text))
        };
        let found: Vec<&Held> = self.records().filter(is_found).collect();
        let records = found.iter().skip(from).take(max).map(|held| (*held).clone()).collect();
        SearchPage { records, total: found.len() }
    }
}

fn authority(row: &csv::StringRecord) -> Result<Vec<Record>, String> {
    let column = |n: usize| row.get(n).unwrap_or_default();
    let code = column(0).parse().map_err(|error| format!("{error}"))?;
    let name = name(column(1))?;
    // Whoever has a table of their own may have other columns here.
    let (dfe_code, gss_code) = (column(2).parse().ok(), column(3).parse().ok());
    let (contacts, mailboxes, region) = (Vec::new(), Vec::new(), column(4).parse().ok());
    let (notice_emails, duty_emails) = (Vec::new(), Vec::new());
    Ok(vec![Record::Authority(Authority {
        code,
        about: name,
        contacts,
        mailboxes,
        notice_emails,
        duty_emails,
        dfe_code,
        gss_code,
        region,
    })])
}

fn site_and_organisation(row: &csv::StringRecord) -> Result<Vec<Record>, String> {
    let column = |n: usize| row.get(n).unwrap_or_default();
    let code: OdsCode = column(0).parse().map_err(|error| format!("{error}"))?;
    let organisation: OdsCode = column(2).parse().map_err(|error| format!("{error}"))?;
    let setting = column(4).parse().map_err(|error| format!("{error}"))?;
    let (about, its_name) = (name(column(1))?, name(column(3))?);
    let site = SiteRecord { code, about, organisation, setting, responsible: None, lead: Lead::default() };
    let provider = Provider { code: organisation, about: its_name, kind: None, parent: None };
    Ok(vec![Record::Site(site), Record::Provider(provider)])
}

fn name(text: &str) -> Result<About, String> {
    if text.trim().is_empty() {
        return Err("the name is missing".to_owned());
    }
    text.parse().map(About::named).map_err(|error| format!("the name: {error}"))
}

#[cfg(test)]
mod tests;
