//! Opening a record: one look, and one of three answers.

use super::find::{meant, paced, person_of, watch};
use crate::door::{Answer, Visit, html, place_of, role_of};
use crate::frame::Section;
use crate::kept::{self, Holder as MeantHolder, Meant};
use crate::lines::Line;
use crate::pace::What as Paced;
use crate::view::answer::{AccessRow, Accesses, CannotTell, Holder, NoRecord, Record, ShownPlan, Why};
use crate::{pad_to, render};
use axum::http::StatusCode;
use cpis_app::look::{Flags, Question};
use cpis_app::{AppError, accesses, freshness};
use cpis_model::answer::{AccessList, ShownPlan as ModelPlan};
use cpis_model::caller::{Action, Caller, Decision, Declared, Mode, Subject, Who, may};
use cpis_model::organisation::AuthorityCode;
use cpis_model::pattern::pattern;
use cpis_model::reach::contacts_for;
use cpis_model::time::london_day;
use std::sync::Arc;

/// Answers have lengths that are multiples of this, so that a length does not tell which answer it was.
const PAGE_BYTES: usize = 16 * 1024;

/// Opens the record. The reason that was given for the shift goes into the entry.
pub(super) async fn open(visit: &mut Visit<'_>) -> Answer {
    let caller = visit.caller()?;
    let meant = meant(visit)?;
    paced(visit, &caller)?;
    let reason = visit.found()?.kept.reason.clone().unwrap_or_default();
    let question = Question {
        caller: caller.clone(),
        number: meant.number,
        birth: Some(meant.birth),
        declared: Declared::Nothing,
        trace: Some(format!("reason:{reason}")),
    };
    match accesses::flags_and_accesses(&visit.web().service, question).await {
        Ok((flags, _)) if flags.plans.is_empty() => {
            watch(visit, &caller, Paced::Miss);
            none(visit, &meant).await
        }
        Ok((flags, list)) => record(visit, &meant, &caller, &flags, list.as_ref()).await,
        Err(AppError::Unavailable { .. }) => {
            let again = Some(visit.field("person").to_owned());
            cannot_tell(visit, StatusCode::SERVICE_UNAVAILABLE, Why::Unavailable, again)
        }
        Err(AppError::BirthMismatch) => cannot_tell(visit, StatusCode::CONFLICT, Why::DetailsDoNotMatch, None),
        Err(AppError::Refused(refusal)) => Err(AppError::Refused(refusal).into()),
        Err(error) => {
            tracing::error!(%error, "a look could not be answered");
            cannot_tell(visit, StatusCode::SERVICE_UNAVAILABLE, Why::Unavailable, None)
        }
    }
}

fn padded(status: StatusCode, page: &impl askama::Template) -> Answer {
    let mut bytes = render(page)?;
    pad_to(&mut bytes, PAGE_BYTES);
    Ok(html(status, bytes))
}

fn cannot_tell(visit: &Visit<'_>, status: StatusCode, why: Why, again: Option<String>) -> Answer {
    padded(status, &CannotTell { page: visit.frame(Section::Find), why, again })
}

async fn none(visit: &Visit<'_>, meant: &Meant) -> Answer {
    let fresh = freshness::of_all(&visit.web().service).await.ok();
    let known = fresh.as_deref().unwrap_or_default();
    let page = NoRecord {
        page: visit.frame(Section::Find),
        person: person_of(visit, meant),
        sending: fresh.as_ref().map(|fresh| fresh.len()),
        registered: visit.web().register().authorities().len(),
        data_from: known.iter().map(|of| of.last).min(),
        late: known.iter().filter(|of| of.is_late(visit.now)).count(),
    };
    padded(StatusCode::OK, &page)
}

async fn record(
    visit: &Visit<'_>,
    meant: &Meant,
    caller: &Arc<Caller>,
    flags: &Flags,
    list: Option<&AccessList>,
) -> Answer {
    let decision = may(caller, Action::View(Declared::Nothing), Subject::AnyChild);
    let mut codes: Vec<AuthorityCode> = flags.plans.iter().map(|plan| plan.plan.authority).collect();
    codes.sort();
    codes.dedup();
    let (mut authorities, mut holders) = (Vec::new(), Vec::new());
    for code in codes {
        let plans: Vec<&ModelPlan> = flags.plans.iter().filter(|plan| plan.plan.authority == code).collect();
        // A flag that was found is shown, whatever cannot be said beside it.
        let last = freshness::of_one(&visit.web().service, code).await.ok().flatten();
        let name = plans.first().map_or_else(|| code.to_string(), |plan| plan.authority_name.to_string());
        let lines = lines(visit, code, &plans);
        let phones = lines.iter().map(|line| (line.name.clone(), line.phone.as_str().to_owned())).collect();
        holders.push(MeantHolder { code: code.to_string(), name: name.clone(), phones });
        authorities.push(Holder {
            name,
            plans: plans.iter().map(|plan| shown(plan)).collect(),
            lines,
            last_file: last.as_ref().map(|of| of.last),
            late: last.is_some_and(|of| of.is_late(visit.now)),
        });
    }
    let places = list.iter().flat_map(|list| &list.accesses).map(|access| (access.caller.place(), access.at));
    let meant = Meant { holders, ..meant.clone() };
    let page = Record {
        page: visit.frame(Section::Find),
        person: person_of(visit, &meant),
        handle: kept::handle(visit.web(), &visit.found()?.session, &meant, visit.now),
        authorities,
        told: decision == Decision::Allowed(Mode::Notifying),
        pattern: pattern(places, london_day(visit.now)),
        accesses: list.map(|list| rows(list, caller)),
    };
    padded(StatusCode::OK, &page)
}

/// An authority's numbers: those of its last file and of the register, the open ones first.
fn lines(visit: &Visit<'_>, code: AuthorityCode, plans: &[&ModelPlan]) -> Vec<Line> {
    let uploaded = plans.iter().find_map(|plan| plan.contact.as_ref());
    let numbers = contacts_for(&visit.web().register(), code, uploaded, visit.now);
    numbers.into_iter().map(|reach| Line::reaching(reach, visit.now)).collect()
}

fn shown(plan: &ModelPlan) -> ShownPlan {
    let dates = plan.plan.dates;
    ShownPlan { kind: plan.plan.kind, start: dates.start, end: dates.end, ended: plan.ended }
}

fn rows(list: &AccessList, reader: &Caller) -> Accesses {
    let user = |caller: &Caller| match &caller.who {
        Who::Person(staff) => Some((staff.user_id.clone(), caller.organisation.code)),
        Who::System { .. } | Who::Device(_) => None,
    };
    let own = user(reader);
    let row = |access: &cpis_model::answer::ShownAccess| {
        let caller = &access.caller;
        let who = match &caller.who {
            Who::Person(staff) => staff.name.to_string(),
            Who::System { .. } => "System".to_owned(),
            Who::Device(device) => match device.responsible.first() {
                Some(person) => format!("System, for {}", person.name),
                None => "System".to_owned(),
            },
        };
        AccessRow {
            at: access.at,
            place: place_of(caller),
            setting: caller.site.as_ref().map(|site| site.setting),
            who,
            role: role_of(caller),
            own: own.is_some() && user(caller) == own,
        }
    };
    Accesses { rows: list.accesses.iter().map(row).collect(), complete_to: list.complete_to }
}
