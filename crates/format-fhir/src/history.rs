//! An access as an AuditEvent (spec/fhir.md 1.8, 2.3), and the note that a list lags behind.

use crate::bundle::{coding, patient};
use crate::json::Json;
use crate::systems;
use cpis_model::answer::ShownAccess;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::time::london_instant;
use cpis_model::{Timestamp, Uuid};

/// Bytes that an entry with an AuditEvent takes, generously.
pub const BYTES: usize = 1300;

/// What follows the id. `role` is the id of the `PractitionerRole` that stands for the author.
pub fn write(json: &mut Json, access: &ShownAccess, number: NhsNumber, role: Uuid) {
    coding(json.key("type"), systems::LIFECYCLE, "access", "Access/View Record Lifecycle Event");
    json.text("action", "R");
    json.text("recorded", &london_instant(access.at));
    json.text("outcome", "0");
    let role = role.hyphenated();
    let reference = |json: &mut Json| {
        let id = &mut Uuid::encode_buffer();
        json.object(|json| json.parts("reference", &["PractitionerRole/", role.encode_lower(id)]));
    };
    json.key("agent").array(|json| {
        agent(json, ("PAT", "patient"), false, |json| patient(json, number));
        agent(json, ("ASSIGNED", "assigned entity"), true, reference);
    });
    json.key("source").object(|json| reference(json.key("observer")));
}

fn agent(json: &mut Json, (code, display): (&str, &str), requestor: bool, who: impl FnOnce(&mut Json)) {
    json.object(|json| {
        json.key("type").object(|json| {
            json.key("coding").array(|json| coding(json, systems::ROLE_CLASS, code, display));
        });
        who(json.key("who"));
        json.flag("requestor", requestor);
    });
}

/// The entry that says up to when the list is complete: an `OperationOutcome` with mode `outcome`, as R4, search.html, has it for
/// what a search wants to add. It has no address on the server, so its `fullUrl` is a URN.
pub fn write_lag(json: &mut Json, bundle: Uuid, complete_to: Timestamp) {
    let id = Uuid::new_v5(&bundle, b"outcome").hyphenated();
    let mut buffer = Uuid::encode_buffer();
    let id: &str = id.encode_lower(&mut buffer);
    json.object(|json| {
        json.parts("fullUrl", &["urn:uuid:", id]);
        json.key("resource").object(|json| {
            json.text("resourceType", "OperationOutcome");
            json.text("id", id);
            json.key("issue").array_of_one(|json| {
                json.text("severity", "information");
                json.text("code", "incomplete");
                let until = london_instant(complete_to);
                let text = ["The list is complete up to ", &until, ". Later accesses may be missing."];
                json.key("details").object(|json| json.parts("text", &text));
            });
        });
        json.key("search").object(|json| json.text("mode", "outcome"));
    });
}
