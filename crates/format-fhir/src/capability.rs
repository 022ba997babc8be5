//! What the service says about itself at `[base]/metadata` (spec/fhir.md 2.9).

use crate::json::Json;
use crate::link;
use crate::subscription::Topic;
use crate::systems;
use cpis_model::Date;

const DOCUMENTATION: &str = "Each search is also offered as POST [type]/_search with a form body, which keeps the NHS number \
    out of addresses; its answer has a self link without the query. An answer with total 0 means that no record is \
    held. Every status but 200 means that the service cannot tell.";
const PATIENT: &str = "Required. Use as patient:identifier with the NHS number: https://fhir.nhs.uk/Id/nhs-number|NUMBER. \
    The number must have been traced.";
const BIRTHDATE: &str = "Optional, of this service. YYYY-MM-DD. Where it is not the stored date of birth the answer is \
    status 409 and nothing is shown.";
const COUNT: &str = "Optional. Up to 25; there is one page only, and total stays the same.";
const ACCESSES: &str = "The last accesses from unscheduled care, at most 25, newest first. The PractitionerRoles are sent \
    whether _include is given or not. Where the list lags behind, an OperationOutcome says up to when it is complete.";
const SUBSCRIPTIONS: &str = "For authorities, about records of their own. Notifications are signed and say that there is \
    something to fetch, and never what: the content is id-only or empty, and the focus is a notice of the authority's \
    interface. Filters are not offered.";
const TOPICS: &str =
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical";
const OPERATIONS: &str = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-";
const PLANS: &str =
    "One CareTeam for each plan: active, proposed where it is yet to start, inactive where it is over and still shown.";

/// The `CapabilityStatement`. `version` is the software's, `date` the day it was made.
pub fn capability_statement(base_url: &str, version: &str, date: Date) -> Vec<u8> {
    Json::document(4096, |json| {
        json.text("resourceType", "CapabilityStatement");
        json.text("status", "active");
        json.text("date", &date.to_string());
        json.text("kind", "instance");
        json.key("software").object(|json| {
            json.text("name", "OpenCPIS");
            json.text("version", version);
        });
        json.key("implementation").object(|json| {
            json.text("description", "Child Protection - Information Sharing");
            json.text("url", link::trimmed(base_url));
        });
        json.text("fhirVersion", "4.0.1");
        json.key("format").array(|json| json.string(&["json"]));
        json.key("rest").array_of_one(|json| {
            json.text("mode", "server");
            json.text("documentation", DOCUMENTATION);
            json.key("security").object(security);
            json.key("resource").array(|json| {
                json.object(|json| {
                    resource(json, "CareTeam", PLANS);
                    parameters(json, "http://hl7.org/fhir/SearchParameter/clinical-patient", None);
                });
                json.object(|json| {
                    resource(json, "AuditEvent", ACCESSES);
                    json.key("searchInclude").array(|json| json.string(&["AuditEvent:agent"]));
                    parameters(json, "http://hl7.org/fhir/SearchParameter/AuditEvent-patient", Some(COUNT));
                });
                json.object(subscriptions);
            });
        });
    })
}

fn security(json: &mut Json) {
    json.flag("cors", false);
    json.key("service").array_of_one(|json| {
        json.key("coding").array_of_one(|json| {
            json.text("system", systems::RESTFUL_SECURITY);
            json.text("code", "OAuth");
        });
    });
    json.text("description", "User-restricted access, CIS2 identity");
}

fn subscriptions(json: &mut Json) {
    json.key("extension").array(|json| {
        for topic in Topic::ALL {
            json.object(|json| {
                json.text("url", TOPICS);
                json.text("valueCanonical", topic.canonical());
            });
        }
    });
    json.text("type", "Subscription");
    json.text("documentation", SUBSCRIPTIONS);
    json.key("interaction").array(|json| {
        for code in ["create", "read", "update", "delete", "search-type"] {
            json.object(|json| json.text("code", code));
        }
    });
    json.key("operation").array(|json| {
        for name in ["status", "events"] {
            json.object(|json| {
                json.text("name", name);
                json.parts("definition", &[OPERATIONS, name]);
            });
        }
    });
}

fn resource(json: &mut Json, name: &str, documentation: &str) {
    json.text("type", name);
    json.text("documentation", documentation);
    json.key("interaction").array_of_one(|json| json.text("code", "search-type"));
}

fn parameters(json: &mut Json, definition: &str, count: Option<&str>) {
    json.key("searchParam").array(|json| {
        parameter(json, "patient", Some(definition), "reference", PATIENT);
        parameter(json, "birthdate", None, "date", BIRTHDATE);
        if let Some(count) = count {
            parameter(json, "_count", None, "number", count);
        }
    });
}

fn parameter(json: &mut Json, name: &str, definition: Option<&str>, kind: &str, documentation: &str) {
    json.object(|json| {
        json.text("name", name);
        json.text("definition", definition.unwrap_or_default());
        json.text("type", kind);
        json.text("documentation", documentation);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect_file;
    use serde_json::Value;

    #[test]
    fn the_statement_has_what_r4_asks_for() {
        let date = "2026-03-01".parse().unwrap();
        let bytes = capability_statement("https://cpis.example.org/cpis/FHIR/R4/", "0.1.0", date);
        let indented = crate::answer::tests::indented(&bytes);
        expect_file![concat!(env!("CARGO_MANIFEST_DIR"), "/golden/capability_statement.json")].assert_eq(&indented);
        let statement: Value = serde_json::from_slice(&bytes).unwrap();
        for required in ["status", "date", "kind", "fhirVersion", "format", "implementation", "software", "rest"] {
            assert!(statement.get(required).is_some(), "{required}");
        }
        assert_eq!(statement["implementation"]["url"], "https://cpis.example.org/cpis/FHIR/R4");
        let names = |resource: &Value| -> Vec<String> {
            let parameters = resource["searchParam"].as_array().unwrap();
            assert!(parameters.iter().all(|parameter| parameter["type"].is_string()));
            parameters.iter().map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&statement["rest"][0]["resource"][0]), ["patient", "birthdate"]);
        assert_eq!(names(&statement["rest"][0]["resource"][1]), ["patient", "birthdate", "_count"]);
        assert!(statement["rest"][0]["documentation"].as_str().unwrap().contains("_search"));
    }
}
