//! What somebody who saw a flag tells the authority, and what became of it.

use super::find::{meant, paced, person_of};
use crate::door::{Answer, Visit, rendered, role_of};
use crate::form::{Choice, Faults};
use crate::frame::Section;
use crate::kept::{Holder, Meant};
use crate::paths;
use crate::view::report::{ReportForm, ReportSent, Reports, SentReport};
use crate::view::{Acknowledged, Pages};
use crate::words;
use axum::http::StatusCode;
use cpis_app::reports;
use cpis_model::Uuid;
use cpis_model::notice::{Notice, Report, ReportKind, ReportText, ReportTextError};
use cpis_model::organisation::{AuthorityCode, Phone};

pub(super) fn form(visit: &Visit<'_>) -> Answer {
    let meant = meant(visit)?;
    let kind = visit.field("kind").parse().map_or("", ReportKind::code).to_owned();
    page(visit, &meant, StatusCode::OK, kind, Faults::default())
}

fn authorities(meant: &Meant) -> Vec<Choice> {
    meant.holders.iter().map(|holder| Choice::new(holder.code.clone(), holder.name.clone())).collect()
}

/// The numbers that were shown, so that the one that did not answer can be named.
fn numbers(meant: &Meant) -> Vec<Choice> {
    let of = |holder: &Holder| {
        let one = |(name, phone): &(String, String)| {
            let said = phone.parse::<Phone>().map(|phone| words::phone(&phone)).unwrap_or_default();
            Choice::new(format!("{} {phone}", holder.code), format!("{}: {name}, {said}", holder.name))
        };
        holder.phones.iter().map(one).collect::<Vec<_>>()
    };
    meant.holders.iter().flat_map(of).collect()
}

fn page(visit: &Visit<'_>, meant: &Meant, status: StatusCode, kind: String, faults: Faults) -> Answer {
    let chosen = visit.field("authority").to_owned();
    let only = if let [only] = meant.holders.as_slice() { only.code.clone() } else { String::new() };
    let page = ReportForm {
        page: visit.frame(Section::Find),
        person: person_of(visit, meant),
        handle: visit.field("person").to_owned(),
        kind,
        authorities: authorities(meant),
        authority: if chosen.is_empty() { only } else { chosen },
        numbers: numbers(meant),
        number: visit.field("number").to_owned(),
        text: visit.field("text").chars().take(2_000).collect(),
        faults,
    };
    rendered(status, &page)
}

pub(super) async fn send(visit: &mut Visit<'_>) -> Answer {
    let (caller, meant) = (visit.caller()?, meant(visit)?);
    paced(visit, &caller)?;
    let kind: Option<ReportKind> = visit.field("kind").parse().ok().filter(|kind| ReportKind::BY_PEOPLE.contains(kind));
    let mut faults = Faults::default();
    if kind.is_none() {
        faults = faults.with("kind", "Choose what you want to tell");
    }
    let chosen = visit.field("authority");
    let holder = meant.holders.iter().find(|holder| holder.code == chosen);
    let authority: Option<AuthorityCode> = holder.and_then(|holder| holder.code.parse().ok());
    if authority.is_none() {
        faults = faults.with("authority", "Choose the authority");
    }
    let number = visit.field("number").to_owned();
    let known = numbers(&meant).into_iter().any(|choice| choice.value == number);
    let phone = number.split_once(' ').filter(|(code, _)| known && *code == chosen);
    let phone: Option<Phone> = phone.and_then(|(_, phone)| phone.parse().ok());
    if kind == Some(ReportKind::NoAnswer) && phone.is_none() {
        faults = faults.with("number", "Choose the number of this authority that did not answer");
    }
    let text = match visit.field("text").parse::<ReportText>() {
        Ok(text) => Some(text),
        Err(ReportTextError::Empty) => None,
        Err(ReportTextError::TooLong) => {
            faults = faults.with("text", "Enter 500 characters or fewer");
            None
        }
        Err(ReportTextError::Control) => {
            faults = faults.with("text", "Take out characters that cannot be shown");
            None
        }
    };
    let (Some(kind), Some(authority), true) = (kind, authority, faults.is_empty()) else {
        let code = kind.map_or("", ReportKind::code).to_owned();
        return page(visit, &meant, StatusCode::UNPROCESSABLE_ENTITY, code, faults);
    };
    let name = holder.map(|holder| holder.name.clone()).unwrap_or_default();
    let report = Report { kind, phone: phone.filter(|_| kind == ReportKind::NoAnswer), text, replaced_by: None };
    reports::report(&visit.web().service, caller, meant.number, authority, report).await?;
    rendered(StatusCode::OK, &ReportSent { page: visit.frame(Section::Find), kind, authority: name, at: visit.now })
}

/// The caller's own reports. They name nobody.
pub(super) async fn own(visit: &mut Visit<'_>) -> Answer {
    let caller = visit.caller()?;
    let before = visit.field("before").parse().ok();
    let (notices, next) = reports::own_reports(&visit.web().service, &caller, before).await?;
    let register = visit.web().register();
    let row = |notice: &Notice| {
        let report = notice.report.as_ref()?;
        let name = register.authority_name(notice.authority);
        Some(SentReport {
            reference: reference(notice),
            at: notice.at,
            kind: report.kind,
            authority: name.map_or_else(|| notice.authority.to_string(), ToString::to_string),
            acknowledged: acknowledged(notice),
        })
    };
    let next = next.map(|number| format!("{}?before={number}", paths::REPORTS));
    let pages = Pages { next, ..Pages::default() };
    let page =
        Reports { page: visit.frame(Section::Reports), reports: notices.iter().filter_map(row).collect(), pages };
    rendered(StatusCode::OK, &page)
}

/// A short reference of a notice, which both sides see.
pub(super) fn reference(notice: &Notice) -> String {
    reference_of(notice.id)
}

/// The short reference of the notice with an id.
pub(super) fn reference_of(id: Uuid) -> String {
    let text = id.simple().to_string().to_uppercase();
    text.get(text.len().saturating_sub(8)..).unwrap_or_default().to_owned()
}

/// Who acknowledged a notice, by role.
pub(super) fn acknowledged(notice: &Notice) -> Option<Acknowledged> {
    let role = notice.acknowledged_by.as_ref().map(|caller| role_of(caller)).filter(|role| !role.is_empty());
    notice.acknowledged.map(|at| Acknowledged { role: role.unwrap_or_else(|| "the authority".to_owned()), at })
}
