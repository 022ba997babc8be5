//! What an answer of the FHIR interface is worth: a record or none only where everything says so.

use crate::answer::{Answer, AuthorityContact, Plan, Record, Why};
use crate::http::{Reply, is_busy};
use cpis_model::plan::PlanKind;
use serde_json::Value;

/// Most plans of one answer.
const PLANS_MAX: usize = 1000;
/// Whose codes name kinds of plans.
const SNOMED: &str = "http://snomed.info/sct";

/// Judges an answer.
pub(crate) fn judge(reply: &Reply) -> Answer {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match reply.status.as_u16() {
        200 => read(&body),
        409 => Answer::CannotTell(Why::DetailsDiffer),
        code => {
            let text = words(&body).unwrap_or_else(|| format!("status {}", reply.status));
            Answer::CannotTell(if is_busy(reply.status) || reply.status.is_server_error() {
                Why::Away { what: format!("the service says: {text}"), retry_after: reply.retry_after }
            } else if code == 400 {
                Why::Invalid { faults: vec![text] }
            } else {
                Why::Refused { code: code.to_string(), text }
            })
        }
    }
}

/// What an `OperationOutcome` says, in one line.
fn words(body: &Value) -> Option<String> {
    let issue = body.pointer("/issue/0")?;
    let text = issue.get("diagnostics").or_else(|| issue.pointer("/details/coding/0/display"))?.as_str()?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect())
}

fn read(body: &Value) -> Answer {
    let unreadable = |what: &str| Answer::CannotTell(Why::unreadable(what));
    if text(body, "/resourceType") != "Bundle" {
        return unreadable("it is no Bundle");
    }
    let entries = body.get("entry").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match body.get("total").and_then(Value::as_u64) {
        Some(0) if entries.is_empty() => Answer::NoRecord,
        Some(total) if total > 0 && total == entries.len() as u64 && entries.len() <= PLANS_MAX => record(entries),
        _ => unreadable("its total and its entries do not agree"),
    }
}

fn record(entries: &[Value]) -> Answer {
    let mut record = Record { child: None, plans: Vec::new(), contacts: Vec::new(), accesses: Vec::new() };
    for resource in entries.iter().filter_map(|entry| entry.get("resource")) {
        if text(resource, "/resourceType") != "CareTeam" {
            return Answer::CannotTell(Why::unreadable("an entry is no CareTeam"));
        }
        let day = |pointer| text(resource, pointer).parse().ok();
        let authority_name = text(resource, "/name").to_owned();
        let authority = text(resource, "/managingOrganization/0/identifier/value").to_owned();
        record.plans.push(Plan {
            kind: kind(resource),
            start: day("/period/start"),
            end: day("/period/end"),
            ended: text(resource, "/status") == "inactive",
            authority: authority.clone(),
            authority_name: authority_name.clone(),
        });
        let telecoms = || resource.get("telecom").and_then(Value::as_array).into_iter().flatten();
        let phone = |is_office: bool| {
            let of = |telecom: &&Value| (text(telecom, "/use") == "work") == is_office;
            telecoms().find(of).and_then(|telecom| text(telecom, "/value").parse().ok())
        };
        let (emergency, office) = (phone(false), phone(true));
        let contact = AuthorityContact { authority, name: authority_name, emergency, office };
        if !record.contacts.contains(&contact) {
            record.contacts.push(contact);
        }
    }
    if record.plans.len() == entries.len() {
        Answer::Record(Box::new(record))
    } else {
        Answer::CannotTell(Why::unreadable("an entry has no resource"))
    }
}

/// Of all codings the first that names a kind.
fn kind(resource: &Value) -> Option<PlanKind> {
    let categories = resource.get("category")?.as_array()?;
    let codings = categories.iter().filter_map(|category| category.get("coding")?.as_array()).flatten();
    let is_snomed = |coding: &&Value| text(coding, "/system") == SNOMED;
    codings.filter(is_snomed).find_map(|coding| {
        let code = text(coding, "/code");
        PlanKind::ALL.into_iter().find(|kind| kind.concept() == code)
    })
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
