//! Records of the register as JSON: how they are stored, exported and taken in. Every fault is reported with its field; no
//! fault repeats a value. What a newer program added to a version is passed over; a newer version is refused.

use crate::organisation::Phone;
use crate::organisation_record::{
    About, Authority, AuthorityContact, Lead, Period, Provider, Record, RecordKind, Responsible, SiteRecord, Successor,
    Supplier, System,
};
use crate::record_text::{Email, Text};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// The version of the form that this program writes.
pub const VERSION: u64 = 1;
/// Largest record in bytes: with its entry's other parts it must fit into an entry of the journal.
pub const RECORD_BYTES_MAX: usize = 48 * 1024;
/// Most items of one list.
pub const ITEMS_MAX: usize = 200;

/// A fault of a record, with its field, such as `contacts[1].phone`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {what}")]
pub struct FieldFault {
    /// Which field.
    pub field: String,
    /// What is wrong with it.
    pub what: String,
}

/// Why bytes are not a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Too large.
    #[error("the record has more than {RECORD_BYTES_MAX} bytes")]
    TooLarge,
    /// No JSON object.
    #[error("the record is not a JSON object")]
    NotJson,
    /// Written by a newer program.
    #[error("the record is written in version {0}, this program knows versions up to {VERSION}: use a newer cpis")]
    Newer(u64),
    /// Fields with faults, all of them.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Faults(Vec<FieldFault>),
}

impl Record {
    /// Reads a record.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(RecordError::TooLarge);
        }
        let Ok(Value::Object(object)) = serde_json::from_slice(bytes) else { return Err(RecordError::NotJson) };
        let mut faults = Vec::new();
        let mut fields = Fields { at: String::new(), object: &object, faults: &mut faults };
        match object.get("version").map(Value::as_u64) {
            Some(Some(version)) if version > VERSION => return Err(RecordError::Newer(version)),
            Some(Some(VERSION)) => {}
            _ => fields.fault("version", "a version is expected"),
        }
        let record = record(&mut fields);
        match record.filter(|_| faults.is_empty()) {
            Some(record) => Ok(record),
            None => Err(RecordError::Faults(faults)),
        }
    }

    /// Writes a record.
    pub fn to_json(&self) -> Result<Vec<u8>, RecordError> {
        let bytes = self.json().to_string().into_bytes();
        if bytes.len() > RECORD_BYTES_MAX { Err(RecordError::TooLarge) } else { Ok(bytes) }
    }

    /// The record as a JSON value. What is not there is left out.
    pub fn json(&self) -> Value {
        let about = self.about();
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| {
            let is_empty = match &value {
                Value::Null => true,
                Value::Array(items) => items.is_empty(),
                Value::Object(fields) => fields.is_empty(),
                _ => false,
            };
            if !is_empty {
                object.insert(name.to_owned(), value);
            }
        };
        put("version", VERSION.into());
        put("kind", self.kind().code().into());
        put("code", self.code().into());
        put("name", about.name.as_str().into());
        put("from", text(about.period.from));
        put("until", text(about.period.until));
        let successor =
            |successor: &Successor| json!({"code": successor.code.as_str(), "on": successor.on.to_string()});
        put("successors", about.successors.iter().map(successor).collect());
        match self {
            Self::Authority(authority) => {
                put("contacts", authority.contacts.iter().map(contact_json).collect());
                put("mailboxes", texts(&authority.mailboxes));
                put("notice_emails", texts(&authority.notice_emails));
                put("duty_emails", texts(&authority.duty_emails));
                put("dfe_code", text(authority.dfe_code.as_ref()));
                put("gss_code", text(authority.gss_code.as_ref()));
                put("region", text(authority.region.as_ref().map(Text::as_str)));
            }
            Self::Provider(provider) => {
                put("type", text(provider.kind.as_ref().map(Text::as_str)));
                put("parent", text(provider.parent));
            }
            Self::Site(site) => {
                put("organisation", text(Some(site.organisation)));
                put("setting", site.setting.code().into());
                let responsible = site.responsible.as_ref().map(|responsible| {
                    let phone = responsible.phone.as_ref().map(Phone::as_str);
                    present([
                        ("name", Some(responsible.name.as_str())),
                        ("role", Some(responsible.role.as_str())),
                        ("phone", phone),
                    ])
                });
                put("responsible", responsible.unwrap_or_default());
                let (phone, email) = (site.lead.phone.as_ref(), site.lead.email.as_ref());
                put("lead", present([("phone", phone.map(Phone::as_str)), ("email", email.map(Email::as_str))]));
            }
            Self::Supplier(supplier) => put("email", text(supplier.email.as_ref())),
            Self::System(system) => {
                put("supplier", text(system.supplier.as_ref()));
                put("organisation", text(Some(system.organisation)));
                put("sites", texts(&system.sites));
                put("asids", texts(&system.asids));
                put("client", text(system.client.as_ref()));
                put("certificates", texts(&system.certificates));
                put("mailbox", text(system.mailbox.as_ref()));
                put("one_id_a_visit", system.one_id_a_visit.into());
            }
        }
        Value::Object(object)
    }
}

fn text(value: Option<impl Display>) -> Value {
    value.map(|value| value.to_string()).into()
}

fn texts(values: &[impl Display]) -> Value {
    values.iter().map(ToString::to_string).collect()
}

fn present<const N: usize>(fields: [(&str, Option<&str>); N]) -> Value {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    Value::Object(fields.collect())
}

fn contact_json(contact: &AuthorityContact) -> Value {
    let (from, until) =
        (contact.period.from.map(|day| day.to_string()), contact.period.until.map(|day| day.to_string()));
    let hours = contact.hours.to_string();
    present([
        ("kind", Some(contact.kind.code())),
        ("phone", Some(contact.phone.as_str())),
        ("hours", Some(&hours)),
        ("from", from.as_deref()),
        ("until", until.as_deref()),
    ])
}

/// An object whose fields are being read.
struct Fields<'a> {
    /// Where it stands: empty, or ending in a dot.
    at: String,
    object: &'a Map<String, Value>,
    faults: &'a mut Vec<FieldFault>,
}

impl Fields<'_> {
    fn fault(&mut self, name: &str, what: impl Into<String>) {
        self.faults.push(FieldFault { field: format!("{}{name}", self.at), what: what.into() });
    }

    fn parse<T: FromStr<Err: Display>>(&mut self, name: &str, value: &Value) -> Option<T> {
        let Some(text) = value.as_str() else {
            self.fault(name, "a text is expected");
            return None;
        };
        text.parse::<T>().map_err(|error| self.fault(name, error.to_string())).ok()
    }

    fn optional<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let value = self.object.get(name).filter(|value| !value.is_null())?;
        self.parse(name, value)
    }

    fn required<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        if self.object.get(name).is_none_or(Value::is_null) {
            self.fault(name, "it is missing");
        }
        self.optional(name)
    }

    fn day(&mut self, name: &str) -> Option<crate::Date> {
        let value = self.object.get(name).filter(|value| !value.is_null())?;
        let day = value.as_str().filter(|text| text.len() == 10).and_then(|text| text.parse().ok());
        if day.is_none() {
            self.fault(name, "a date such as 2026-04-01 is expected");
        }
        day
    }

    fn period(&mut self) -> Period {
        let period = Period { from: self.day("from"), until: self.day("until") };
        if period.is_upside_down() {
            self.fault("until", "the last day lies before the first");
        }
        period
    }

    fn yes(&mut self, name: &str) -> bool {
        match self.object.get(name) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Bool(true)) => true,
            Some(_) => {
                self.fault(name, "true or false is expected");
                false
            }
        }
    }

    fn items(&mut self, name: &str) -> &[Value] {
        match self.object.get(name) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(items)) if items.len() <= ITEMS_MAX => items,
            Some(_) => {
                self.fault(name, format!("a list of at most {ITEMS_MAX} items is expected"));
                &[]
            }
        }
    }
}

impl<'a> Fields<'a> {
    fn list<T: FromStr<Err: Display>>(&mut self, name: &str) -> Vec<T> {
        let items = self.items(name).to_vec();
        items.iter().enumerate().filter_map(|(n, item)| self.parse(&format!("{name}[{n}]"), item)).collect()
    }

    /// Reads an object within this one.
    fn within<T>(&mut self, name: &str, value: &Value, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Option<T> {
        let Value::Object(object) = value else {
            self.fault(name, "an object is expected");
            return None;
        };
        read(&mut Fields { at: format!("{}{name}.", self.at), object, faults: self.faults })
    }

    fn objects<T>(&mut self, name: &str, read: impl Fn(&mut Fields<'_>) -> Option<T>) -> Vec<T> {
        let items = self.items(name).to_vec();
        items.iter().enumerate().filter_map(|(n, item)| self.within(&format!("{name}[{n}]"), item, &read)).collect()
    }

    fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Option<T> {
        let value: &'a Value = self.object.get(name).filter(|value| !value.is_null())?;
        self.within(name, value, read)
    }
}

/// Reads all fields before it gives up, so that all faults are told.
fn record(fields: &mut Fields<'_>) -> Option<Record> {
    let kind = fields.required::<RecordKind>("kind");
    let name = fields.required("name");
    let period = fields.period();
    let successors = fields.objects("successors", |fields| {
        let (code, on) = (fields.required("code"), fields.day("on"));
        if on.is_none() {
            fields.fault("on", "the day from which it goes on is expected");
        }
        Some(Successor { code: code?, on: on? })
    });
    let about = name.map(|name| About { name, period, successors });
    Some(match kind? {
        RecordKind::Authority => {
            let (code, contacts) = (fields.required("code"), fields.objects("contacts", contact));
            let (mailboxes, dfe_code) = (fields.list("mailboxes"), fields.optional("dfe_code"));
            let (gss_code, region) = (fields.optional("gss_code"), fields.optional("region"));
            let (notice_emails, duty_emails) = (fields.list("notice_emails"), fields.list("duty_emails"));
            let (code, about) = (code?, about?);
            Record::Authority(Authority {
                code,
                about,
                contacts,
                mailboxes,
                notice_emails,
                duty_emails,
                dfe_code,
                gss_code,
                region,
            })
        }
        RecordKind::Provider => {
            let (code, kind, parent) = (fields.required("code"), fields.optional("type"), fields.optional("parent"));
            Record::Provider(Provider { code: code?, about: about?, kind, parent })
        }
        RecordKind::Site => {
            let (code, organisation) = (fields.required("code"), fields.required("organisation"));
            let setting = fields.required("setting");
            let responsible = fields.object("responsible", |fields| {
                let (name, role, phone) = (fields.required("name"), fields.required("role"), fields.optional("phone"));
                Some(Responsible { name: name?, role: role?, phone })
            });
            let lead = fields.object("lead", |fields| {
                Some(Lead { phone: fields.optional("phone"), email: fields.optional("email") })
            });
            let (organisation, setting, lead) = (organisation?, setting?, lead.unwrap_or_default());
            Record::Site(SiteRecord { code: code?, about: about?, organisation, setting, responsible, lead })
        }
        RecordKind::Supplier => {
            let (code, email) = (fields.required("code"), fields.optional("email"));
            Record::Supplier(Supplier { code: code?, about: about?, email })
        }
        RecordKind::System => {
            let (code, supplier) = (fields.required("code"), fields.optional("supplier"));
            let (organisation, sites) = (fields.required("organisation"), fields.list("sites"));
            let (asids, client) = (fields.list("asids"), fields.optional("client"));
            let (certificates, mailbox) = (fields.list("certificates"), fields.optional("mailbox"));
            let (one_id_a_visit, organisation) = (fields.yes("one_id_a_visit"), organisation?);
            let (code, about) = (code?, about?);
            Record::System(System {
                code,
                about,
                supplier,
                organisation,
                sites,
                asids,
                client,
                certificates,
                mailbox,
                one_id_a_visit,
            })
        }
    })
}

fn contact(fields: &mut Fields<'_>) -> Option<AuthorityContact> {
    let (kind, phone) = (fields.required("kind"), fields.required("phone"));
    let (hours, period) = (fields.required("hours"), fields.period());
    Some(AuthorityContact { kind: kind?, phone: phone?, hours: hours?, period })
}

/// One field that differs between two versions of a record.
#[derive(Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which field, such as `contacts[1].phone`.
    pub field: String,
    /// What stood there before.
    pub before: Option<String>,
    /// What stands there now.
    pub after: Option<String>,
}

impl std::fmt::Debug for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Difference({})", self.field)
    }
}

/// What differs between two versions, field by field. The first version differs from nothing in all its fields.
pub fn differences(before: Option<&Record>, after: &Record) -> Vec<Difference> {
    let flat = |record: &Record| {
        let mut fields = BTreeMap::new();
        flatten(String::new(), &record.json(), &mut fields);
        fields.remove("version");
        fields
    };
    let (mut before, after) = (before.map(flat).unwrap_or_default(), flat(after));
    let mut all: Vec<Difference> = after
        .into_iter()
        .map(|(field, after)| Difference { before: before.remove(&field), after: Some(after), field })
        .filter(|one| one.before != one.after)
        .collect();
    all.extend(before.into_iter().map(|(field, before)| Difference { field, before: Some(before), after: None }));
    all.sort_by(|a, b| a.field.cmp(&b.field));
    all
}

fn flatten(at: String, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if at.is_empty() { "" } else { "." };
                flatten(format!("{at}{dot}{name}"), value, into);
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| flatten(format!("{at}[{n}]"), item, into)),
        Value::String(text) => drop(into.insert(at, text.clone())),
        other => drop(into.insert(at, other.to_string())),
    }
}

#[cfg(test)]
mod tests;
