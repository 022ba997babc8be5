//! What R4 asks of the resources that we send, written out by hand: required elements, codes, formats, references.

use serde_json::Value;
use std::collections::HashSet;

fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("{path} is not a text in {value}"))
}

/// Panics where a Bundle breaks a rule.
pub fn check(bytes: &[u8]) -> Value {
    let bundle: Value = serde_json::from_slice(bytes).unwrap();
    nothing_empty(&bundle);
    assert_eq!(text(&bundle, "/resourceType"), "Bundle");
    assert_eq!(text(&bundle, "/type"), "searchset");
    instant(text(&bundle, "/timestamp"));
    assert_eq!(text(&bundle, "/link/0/relation"), "self");
    uri(text(&bundle, "/link/0/url"));
    let entries = bundle.get("entry").map(|entries| entries.as_array().unwrap().as_slice()).unwrap_or_default();

    let mut addresses = HashSet::new();
    let mut references = HashSet::new();
    let mut order = Vec::new();
    for entry in entries {
        let resource = &entry["resource"];
        assert!(resource.get("meta").is_none(), "no profile is claimed");
        let address = text(entry, "/fullUrl");
        uri(address);
        assert!(addresses.insert(address.to_owned()), "bdl-7: fullUrl is unique");
        let (kind, id) = (text(resource, "/resourceType"), text(resource, "/id"));
        assert!(address.ends_with(&format!("/{kind}/{id}")) || address == format!("urn:uuid:{id}"));
        let mode = text(entry, "/search/mode");
        order.push(mode);
        match (kind, mode) {
            ("CareTeam", "match") => care_team(resource),
            ("AuditEvent", "match") => references.extend(audit_event(resource)),
            ("PractitionerRole", "include") => practitioner_role(resource),
            ("OperationOutcome", "outcome") => {
                assert!(["severity", "code"].iter().all(|field| resource["issue"][0][field].is_string()));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(order.is_sorted_by_key(|mode| ["match", "include", "outcome"].iter().position(|known| known == mode)));
    let matches = order.iter().filter(|mode| **mode == "match").count() as u64;
    assert!(bundle["total"].as_u64().unwrap() >= matches);
    for reference in &references {
        assert!(addresses.iter().any(|address| address.ends_with(reference.as_str())), "{reference} does not resolve");
    }
    let included = addresses.iter().filter(|address| address.contains("/PractitionerRole/")).count();
    assert_eq!(included, references.len(), "each author once");
    bundle
}

fn care_team(team: &Value) {
    assert!(["active", "inactive", "proposed"].contains(&text(team, "/status")));
    assert!(team["category"].is_array() && team["managingOrganization"].is_array());
    let category = text(team, "/category/0/coding/0/code");
    assert!(["342191000000101", "764841000000100", "818901000000100"].contains(&category));
    number(text(team, "/subject/identifier/value"));
    let date = |path| {
        let date = text(team, path);
        assert!(date.len() == 10 && date.parse::<cpis_model::Date>().is_ok(), "{date}");
    };
    date("/period/start");
    if team.pointer("/period/end").is_some() {
        date("/period/end");
    }
    for telecom in team.get("telecom").and_then(Value::as_array).into_iter().flatten() {
        assert_eq!(text(telecom, "/system"), "phone"); // cpt-2: a value needs a system
        assert!(!text(telecom, "/value").is_empty() && ["work", "mobile"].contains(&text(telecom, "/use")));
    }
}

fn audit_event(event: &Value) -> [String; 2] {
    assert_eq!(text(event, "/type/code"), "access"); // required
    instant(text(event, "/recorded")); // required
    let agents = event["agent"].as_array().unwrap();
    assert_eq!(agents.iter().map(|agent| agent["requestor"].as_bool().unwrap()).collect::<Vec<_>>(), [false, true]);
    number(text(event, "/agent/0/who/identifier/value"));
    let author = text(event, "/agent/1/who/reference").to_owned();
    [author, text(event, "/source/observer/reference").to_owned()] // required
}

fn practitioner_role(role: &Value) {
    assert!(text(role, "/organization/display").ends_with(')'));
    assert!(role.get("code").is_none_or(Value::is_array) && role.get("identifier").is_none_or(Value::is_array));
}

fn number(digits: &str) {
    assert!(digits.parse::<cpis_model::nhs_number::NhsNumber>().is_ok_and(|number| number.digits() == digits));
}

/// R4, datatypes.html: to the second at least, with an offset.
fn instant(text: &str) {
    assert!(text.parse::<cpis_model::Timestamp>().is_ok() && text.len() == "2026-03-02T09:15:27+00:00".len(), "{text}");
}

fn uri(text: &str) {
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !b"|<>\"{}\\^`".contains(&byte)), "{text}");
    assert!(text.contains(':'), "absolute");
}

/// R4, json.html: no empty object, array or text, no null.
fn nothing_empty(value: &Value) {
    match value {
        Value::Object(fields) => {
            assert!(!fields.is_empty());
            fields.values().for_each(nothing_empty);
        }
        Value::Array(items) => {
            assert!(!items.is_empty());
            items.iter().for_each(nothing_empty);
        }
        Value::String(text) => assert!(!text.trim().is_empty()),
        Value::Null => panic!("null"),
        _ => {}
    }
}
