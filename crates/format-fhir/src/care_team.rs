//! A plan as a CareTeam (spec/fhir.md 1.8, 2.1, 2.2).

use crate::bundle::{coding, identifier, patient};
use crate::json::Json;
use crate::systems;
use cpis_model::Date;
use cpis_model::answer::ShownPlan;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::plan::PlanKind;

/// Bytes that an entry with a CareTeam takes, generously.
pub const BYTES: usize = 1200;

/// What follows the id. `today` is the day of the answer.
pub fn write(json: &mut Json, shown: &ShownPlan, number: NhsNumber, today: Date) {
    let (plan, dates) = (&shown.plan, shown.plan.dates);
    json.text("status", status(shown, today));
    json.key("category").array_of_one(|json| {
        json.key("coding").array(|json| coding(json, systems::SNOMED, plan.kind.concept(), display(plan.kind)));
    });
    json.text("name", &shown.authority_name);
    patient(json.key("subject"), number);
    json.key("period").object(|json| {
        json.text("start", &dates.start.to_string());
        if let Some(end) = dates.end {
            json.text("end", &end.to_string());
        }
    });
    if let Some(contact) = &shown.contact {
        json.key("telecom").array(|json| {
            if let Some(office) = &contact.office {
                telephone(json, office.as_str(), "work");
            }
            // The guide's choice: `mobile` stands for the emergency duty team, whatever the number.
            telephone(json, contact.emergency.as_str(), "mobile");
        });
    }
    json.key("managingOrganization").array_of_one(|json| {
        identifier(json.key("identifier"), systems::ODS_ORGANISATION, plan.authority.0.as_str());
        json.text("display", &shown.authority_name);
    });
}

fn status(shown: &ShownPlan, today: Date) -> &'static str {
    if shown.ended {
        "inactive"
    } else if shown.plan.dates.start > today {
        "proposed"
    } else {
        "active"
    }
}

/// What `ValueSet` England-ChildProtectionPlan 1.0.0 calls the concept.
fn display(kind: PlanKind) -> &'static str {
    match kind {
        PlanKind::ChildProtection => "Subject to child protection plan",
        PlanKind::LookedAfter => "Looked after child",
        PlanKind::Unborn => "Unborn child subject to child protection plan",
    }
}

fn telephone(json: &mut Json, value: &str, usage: &str) {
    json.object(|json| {
        json.text("system", "phone");
        json.text("value", value);
        json.text("use", usage);
    });
}
