//! An authority's notices: the list, one of them, its acknowledgement.

use super::report::acknowledged;
use crate::door::{Answer, Stop, Visit, rendered, to};
use crate::form::Faults;
use crate::frame::Section;
use crate::lines::Line;
use crate::paths;
use crate::view::Pages;
use crate::view::message::What;
use crate::view::notices::{NoticePage, NoticeRow, Notices, Told, Visit as VisitOfChild};
use crate::view::report;
use axum::http::StatusCode;
use cpis_app::followed::Overdue;
use cpis_app::{followed, notices};
use cpis_model::Uuid;
use cpis_model::caller::Who;
use cpis_model::notice::Notice;
use cpis_model::organisation::OdsCode;
use cpis_model::organisation_record::{Record, RecordKind};
use cpis_model::time::london_day;

/// Notices on one page.
const PAGE: u32 = 50;

pub(super) async fn list(visit: &mut Visit<'_>) -> Answer {
    let caller = visit.caller()?;
    let done = visit.field("acknowledged") == "yes";
    let before: Option<u64> = visit.field("before").parse().ok();
    let page = notices::newest(&visit.web().service, caller.clone(), done, before, PAGE).await?;
    let mut visits: Vec<VisitOfChild> = Vec::new();
    let mut day = None;
    for notice in &page.notices {
        // A day's notices of one child stand together; nothing is merged.
        let this = (notice.number_of_person, london_day(notice.at));
        let row = row(visit, notice);
        match visits.last_mut().filter(|_| day == Some(this)) {
            Some(visit) => visit.notices.push(row),
            None => visits.push(VisitOfChild {
                number: notice.number_of_person,
                local_id: notice.local_id.clone(),
                notices: vec![row],
            }),
        }
        day = Some(this);
    }
    let overdue = if done { Overdue::default() } else { followed::overdue_of(&visit.web().service, &caller).await? };
    let filter = if done { "acknowledged=yes&" } else { "" };
    let next = page.more.then(|| format!("{}?{filter}before={}", paths::NOTICES, page.next));
    let shown = Notices {
        page: visit.frame(Section::Notices),
        authority: caller.organisation.name.to_string(),
        acknowledged: done,
        open_count: None,
        overdue,
        visits,
        pages: Pages { next, ..Pages::default() },
    };
    rendered(StatusCode::OK, &shown)
}

fn place(notice: &Notice) -> String {
    notice.site.as_ref().map_or_else(|| notice.organisation.name.to_string(), |site| site.name.to_string())
}

fn who(notice: &Notice) -> (String, String) {
    match &notice.who {
        Who::Person(staff) => (staff.name.to_string(), staff.role_name.to_string()),
        Who::System { .. } => ("A system".to_owned(), String::new()),
        Who::Device(device) => match device.responsible.first() {
            Some(person) => (format!("A system, for {}", person.name), person.role_name.to_string()),
            None => ("A system".to_owned(), String::new()),
        },
    }
}

fn row(visit: &Visit<'_>, notice: &Notice) -> NoticeRow {
    let role = match &notice.report {
        Some(report) if report.kind.is_of_demographics() => report::name(report.kind).to_owned(),
        Some(report) => format!("{}: {}", who(notice).1, report::name(report.kind)),
        None => who(notice).1,
    };
    NoticeRow {
        id: notice.id,
        at: notice.at,
        place: place(notice),
        role,
        acknowledged: acknowledged(notice),
        overdue: followed::overdue_minutes(&visit.web().service, notice),
    }
}

fn id(visit: &Visit<'_>) -> Result<Uuid, Stop> {
    visit.places.get("id").and_then(|id| id.parse().ok()).ok_or(Stop::Say(What::NotFound))
}

pub(super) async fn one(visit: &mut Visit<'_>) -> Answer {
    let notice = notices::notice(&visit.web().service, visit.caller()?, id(visit)?).await?;
    page(visit, &notice, StatusCode::OK, Faults::default())
}

fn page(visit: &Visit<'_>, notice: &Notice, status: StatusCode, faults: Faults) -> Answer {
    let (name, role) = who(notice);
    let page = NoticePage {
        page: visit.frame(Section::Notices),
        id: notice.id,
        number: notice.number_of_person,
        local_id: notice.local_id.clone(),
        at: notice.at,
        place: place(notice),
        setting: notice.site.as_ref().map(|site| site.setting),
        who: name,
        role,
        report: notice.report.as_ref().map(|report| Told {
            kind: report.kind,
            phone: report.phone.clone(),
            text: report.text.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default(),
            replaced_by: report.replaced_by,
        }),
        call_back: notice.site.as_ref().map(|site| call_back(visit, site.code)).unwrap_or_default(),
        acknowledged: acknowledged(notice),
        faults,
    };
    rendered(status, &page)
}

/// Whom to call back at a site, where the register knows a number: its responsible person, its lead for safeguarding.
fn call_back(visit: &Visit<'_>, site: OdsCode) -> Vec<Line> {
    let register = visit.web().register();
    let Some(held) = register.record(RecordKind::Site, site.as_str()) else { return Vec::new() };
    let Record::Site(site) = &*held.record else { return Vec::new() };
    let responsible = site.responsible.as_ref().and_then(|person| {
        let name = format!("{}, {}", person.name.as_str(), person.role.as_str());
        Some((name, person.phone.clone()?))
    });
    let lead = site.lead.phone.clone().map(|phone| ("Lead for safeguarding".to_owned(), phone));
    responsible.into_iter().chain(lead).map(|(name, phone)| Line::new(name, phone, None, visit.now)).collect()
}

pub(super) async fn acknowledge(visit: &mut Visit<'_>) -> Answer {
    let (caller, id) = (visit.caller()?, id(visit)?);
    if visit.field("read") != "yes" {
        let notice = notices::notice(&visit.web().service, caller, id).await?;
        let faults = Faults::default().with("read", "Confirm that somebody has read this notice");
        return page(visit, &notice, StatusCode::UNPROCESSABLE_ENTITY, faults);
    }
    notices::acknowledge(&visit.web().service, caller, id).await?;
    Ok(to(&format!("{}/{id}", paths::NOTICES)))
}
