//! The elements of an answer that we read, as they stand on the wire. A name that stands twice is a fault: two readers
//! that keep different ones would see two people.

use super::NotUnderstood;
use serde::Deserialize;

/// A resource that PDS answers with.
#[derive(Deserialize)]
#[serde(tag = "resourceType")]
pub enum Resource {
    Patient(Box<Patient>),
    Bundle {
        #[serde(rename = "type")]
        kind: Option<String>,
        total: Option<u64>,
        #[serde(default)]
        entry: Vec<Entry>,
    },
    OperationOutcome {
        #[serde(default)]
        issue: Vec<Issue>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Patient {
    pub id: Option<String>,
    pub meta: Option<Meta>,
    #[serde(default)]
    pub name: Vec<HumanName>,
    pub gender: Option<String>,
    pub birth_date: Option<String>,
    pub deceased_date_time: Option<String>,
    pub deceased_boolean: Option<bool>,
    #[serde(default)]
    pub extension: Vec<Extension>,
}

#[derive(Deserialize)]
pub struct Meta {
    #[serde(default)]
    pub security: Vec<Security>,
}

#[derive(Deserialize)]
pub struct Security {
    pub code: Option<String>,
}

#[derive(Deserialize)]
pub struct HumanName {
    #[serde(rename = "use")]
    pub usage: Option<String>,
    pub family: Option<String>,
    /// FHIR writes null where a value has only an extension.
    #[serde(default)]
    pub given: Vec<Option<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Extension {
    pub url: Option<String>,
    pub value_codeable_concept: Option<Concept>,
    #[serde(default, rename = "extension")]
    pub parts: Vec<Extension>,
}

#[derive(Deserialize)]
pub struct Concept {
    #[serde(default)]
    pub coding: Vec<Coding>,
}

#[derive(Deserialize)]
pub struct Coding {
    pub code: Option<String>,
}

#[derive(Deserialize)]
pub struct Entry {
    pub resource: Option<Resource>,
}

#[derive(Deserialize)]
pub struct Issue {
    pub details: Option<Concept>,
}

/// Reads a resource. The parser's own words may repeat the answer, so they are not passed on.
pub fn read(body: &[u8]) -> Result<Resource, NotUnderstood> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => NotUnderstood("elements"),
        _ => NotUnderstood("json"),
    })
}
