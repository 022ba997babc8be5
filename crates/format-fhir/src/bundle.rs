//! The frame of an answer: a Bundle of type `searchset` and its entries (spec/fhir.md 1.7).

use crate::json::Json;
use crate::link;
use crate::systems;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::time::london_instant;
use cpis_model::{Timestamp, Uuid};

/// Bytes that a Bundle without entries takes, generously.
pub const FRAME_BYTES: usize = 640;

/// What stands at the top of a Bundle.
pub struct Frame<'a> {
    pub base_url: &'a str,
    pub self_link: &'a str,
    pub id: Uuid,
    pub at: Timestamp,
    /// Matches, whether they are sent or cut off by `_count`; includes are not counted.
    pub total: usize,
}

impl Frame<'_> {
    /// The whole Bundle. There is no `entry` key without entries: FHIR forbids empty arrays.
    pub fn bundle(&self, entries_bytes: usize, entries: Option<impl FnOnce(&mut Json)>) -> Vec<u8> {
        Json::document(FRAME_BYTES + entries_bytes, |json| {
            json.text("resourceType", "Bundle");
            uuid(json, "id", self.id);
            json.text("type", "searchset");
            json.text("timestamp", &london_instant(self.at));
            json.number("total", self.total);
            json.key("link").array_of_one(|json| {
                json.text("relation", "self");
                json.text("url", self.self_link);
            });
            if let Some(entries) = entries {
                json.key("entry").array(entries);
            }
        })
    }

    /// One entry; `fields` writes what follows the resource's id.
    pub fn entry(&self, json: &mut Json, resource: &'static str, id: Uuid, mode: &str, fields: impl FnOnce(&mut Json)) {
        let base = link::trimmed(self.base_url);
        json.object(|json| {
            json.parts(
                "fullUrl",
                &[base, "/", resource, "/", id.hyphenated().encode_lower(&mut Uuid::encode_buffer())],
            );
            json.key("resource").object(|json| {
                json.text("resourceType", resource);
                uuid(json, "id", id);
                fields(json);
            });
            json.key("search").object(|json| json.text("mode", mode));
        });
    }
}

/// A field with a UUID.
pub fn uuid(json: &mut Json, name: &'static str, id: Uuid) {
    json.text(name, id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
}

/// A field with a coding.
pub fn coding(json: &mut Json, system: &str, code: &str, display: &str) {
    json.object(|json| {
        json.text("system", system);
        json.text("code", code);
        json.text("display", display);
    });
}

/// The value of an identifier.
pub fn identifier(json: &mut Json, system: &str, value: &str) {
    json.object(|json| {
        json.text("system", system);
        json.text("value", value);
    });
}

/// The value of a logical reference to the patient: the number and nothing else (spec/fhir.md 2.6).
pub fn patient(json: &mut Json, number: NhsNumber) {
    json.object(|json| identifier(json.key("identifier"), systems::NHS_NUMBER, number.digits()));
}
