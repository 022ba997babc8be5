//! The author of an access as a `PractitionerRole` (spec/fhir.md 2.4, 2.7). The user id is not sent.

use crate::bundle::{coding, identifier};
use crate::json::Json;
use crate::systems;
use cpis_model::Uuid;
use cpis_model::caller::{Caller, Who};

/// Bytes that an entry with a `PractitionerRole` takes, generously.
pub const BYTES: usize = 900;

/// Ours; it only keeps these ids apart from other UUIDs of version 5.
const NAMESPACE: Uuid = Uuid::from_u128(0x6d0c_4f0a_5f0d_4c5e_9d5a_6c70_6973_0001);

/// The same user in the same role at the same place has the same id in every answer.
pub fn id(caller: &Caller) -> Uuid {
    let (kind, who, role): (_, &str, &str) = match &caller.who {
        Who::Person(staff) => ("person", &staff.user_id, &staff.role_code),
        Who::System { client } => ("system", client, ""),
        Who::Device(device) => ("device", &device.asid, device.responsible.first().map_or("", |person| &person.name)),
    };
    let mut name = Vec::with_capacity(128);
    for field in [kind, who, role, caller.organisation.code.as_str(), caller.place().as_str()] {
        // The length in front keeps two fields from being read as one.
        name.extend_from_slice(&field.len().to_be_bytes());
        name.extend_from_slice(field.as_bytes());
    }
    Uuid::new_v5(&NAMESPACE, &name)
}

/// What follows the id.
pub fn write(json: &mut Json, caller: &Caller) {
    let practitioner = |json: &mut Json, name: &str| {
        if !name.trim().is_empty() {
            json.key("practitioner").object(|json| json.text("display", name));
        }
    };
    match &caller.who {
        Who::Person(staff) => {
            if let Some(profile) = &staff.role_profile_id {
                json.key("identifier").array(|json| identifier(json, systems::ROLE_PROFILE, profile));
            }
            practitioner(json, &staff.name);
            organisation(json, caller);
            job_role(json, &staff.role_code, &staff.role_name);
        }
        // Who answers for the system, where it named somebody.
        Who::Device(device) => {
            let answers = device.responsible.first();
            practitioner(json, answers.map_or(&caller.organisation.name, |person| &person.name));
            organisation(json, caller);
            if let Some(person) = answers {
                job_role(json, &person.role_code, &person.role_name);
            }
        }
        // Whoever is responsible for the system is not known here.
        Who::System { .. } => {
            practitioner(json, &caller.organisation.name);
            organisation(json, caller);
        }
    }
}

fn job_role(json: &mut Json, code: &str, name: &str) {
    json.key("code").array_of_one(|json| {
        json.key("coding").array(|json| coding(json, systems::JOB_ROLE, code, name));
    });
}

/// The site, or the organisation where it has none.
fn organisation(json: &mut Json, caller: &Caller) {
    let organisation = (&caller.organisation.name, caller.organisation.code);
    let (name, code) = caller.site.as_ref().map_or(organisation, |site| (&site.name, site.code));
    let system = if code == caller.organisation.code { systems::ODS_ORGANISATION } else { systems::ODS_SITE };
    json.key("organization").object(|json| {
        identifier(json.key("identifier"), system, code.as_str());
        json.parts("display", &[name.trim(), " (", code.as_str(), ")"]);
    });
}
