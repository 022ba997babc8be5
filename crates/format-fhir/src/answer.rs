//! What a look is answered with, as FHIR: a Bundle with the plans or with the accesses.

use crate::bundle::Frame;
use crate::{care_team, history, practitioner_role};
use cpis_model::access::ACCESSES_SHOWN_MAX;
use cpis_model::answer::{AccessList, ShownPlan};
use cpis_model::caller::Caller;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::time::london_day;
use cpis_model::{Timestamp, Uuid};
use std::cmp::Reverse;

/// The plans: one CareTeam each, the latest start first. Without plans the Bundle has a total of 0 and no entries.
///
/// `self_link` comes from [`crate::link`]; `bundle_id` is to be fresh for each answer.
pub fn care_teams(
    base_url: &str,
    self_link: &str,
    bundle_id: Uuid,
    at: Timestamp,
    number: NhsNumber,
    plans: &[ShownPlan],
) -> Vec<u8> {
    let mut sorted: Vec<&ShownPlan> = plans.iter().collect();
    sorted.sort_by_key(|shown| (Reverse(shown.plan.dates.start), shown.plan.authority, shown.plan.kind));
    let today = london_day(at);
    let frame = Frame { base_url, self_link, id: bundle_id, at, total: plans.len() };
    let entries = (!sorted.is_empty()).then_some(|json: &mut _| {
        for shown in sorted {
            frame.entry(json, "CareTeam", shown.plan.id, "match", |json| care_team::write(json, shown, number, today));
        }
    });
    frame.bundle(plans.len() * care_team::BYTES, entries)
}

/// The accesses: one AuditEvent each, newest first, then the `PractitionerRole` of each author once.
///
/// `count` cuts the list short and leaves the total as it is; there is no further page. Where the list lags behind, an
/// `OperationOutcome` at the end says up to when it is complete, so that a reader who counts matches is not misled by it.
pub fn accesses(
    base_url: &str,
    self_link: &str,
    bundle_id: Uuid,
    at: Timestamp,
    number: NhsNumber,
    list: &AccessList,
    count: Option<u32>,
) -> Vec<u8> {
    let mut sorted: Vec<_> = list.accesses.iter().collect();
    sorted.sort_by_key(|access| Reverse(access.at));
    sorted.truncate(ACCESSES_SHOWN_MAX);
    let total = sorted.len();
    sorted.truncate(count.map_or(ACCESSES_SHOWN_MAX, |count| count as usize));

    let authors: Vec<Uuid> = sorted.iter().map(|access| practitioner_role::id(&access.caller)).collect();
    let mut roles: Vec<(Uuid, &Caller)> = Vec::new();
    for (access, &author) in sorted.iter().zip(&authors) {
        if roles.iter().all(|&(known, _)| known != author) {
            roles.push((author, &access.caller));
        }
    }

    let frame = Frame { base_url, self_link, id: bundle_id, at, total };
    let bytes = sorted.len() * history::BYTES + roles.len() * practitioner_role::BYTES;
    let entries = (!sorted.is_empty() || list.complete_to.is_some()).then_some(|json: &mut _| {
        for (access, &author) in sorted.iter().zip(&authors) {
            frame.entry(json, "AuditEvent", access.id, "match", |json| history::write(json, access, number, author));
        }
        for (id, caller) in roles {
            frame.entry(json, "PractitionerRole", id, "include", |json| practitioner_role::write(json, caller));
        }
        if let Some(complete_to) = list.complete_to {
            history::write_lag(json, bundle_id, complete_to);
        }
    });
    frame.bundle(bytes, entries)
}

#[cfg(test)]
pub(crate) mod tests;
