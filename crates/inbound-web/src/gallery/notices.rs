//! An authority's notices.

use super::people::{self, SCRIPT, always};
use super::{Hall, at, worker};
use crate::form::Faults;
use crate::view::notices::{NoticePage, NoticeRow, Notices, Told, Visit};
use crate::view::{Acknowledged, Pages};
use cpis_app::followed::Overdue;
use cpis_model::Uuid;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::notice::ReportKind;

pub fn show(hall: &mut Hall) -> Result<(), askama::Error> {
    let (Some(child), Some(baby)) = (people::child(), people::baby()) else { return Ok(()) };
    let acknowledged = || Acknowledged { role: "Duty social worker".to_owned(), at: at("2026-11-25T08:50:00Z") };
    let row = |id: u128, moment: &str, place: &str, done: bool| NoticeRow {
        id: Uuid::from_u128(id),
        at: at(moment),
        place: place.to_owned(),
        role: "Emergency nurse".to_owned(),
        acknowledged: done.then(acknowledged),
        overdue: (id == 2 && !done).then_some(42),
    };
    let visits = |done: bool| {
        vec![
            Visit {
                number: child.number,
                local_id: Some("CH-20417".to_owned()),
                notices: vec![
                    row(3, "2026-11-25T14:02:00Z", "Ashbourne Royal, Emergency department", done),
                    row(2, "2026-11-25T13:20:00Z", "Ashbourne Royal, Emergency department", done),
                ],
            },
            Visit { number: baby.number, local_id: None, notices: vec![row(1, "2026-11-24T23:41:00Z", SCRIPT, done)] },
        ]
    };
    let list = |acknowledged: bool, visits: Vec<Visit>, pages| Notices {
        page: worker(),
        authority: "Ashbourne County Council".to_owned(),
        acknowledged,
        open_count: Some(if visits.is_empty() { 0 } else { 3 }),
        overdue: Overdue { count: usize::from(!acknowledged && !visits.is_empty()), may_be_more: false },
        visits,
        pages,
    };
    let first = Pages { number: 1, total: 3, previous: None, next: Some("/notices?after=1".to_owned()) };
    hall.hang("notices", &list(false, visits(false), first))?;
    let middle = Pages {
        number: 2,
        total: 3,
        previous: Some("/notices?acknowledged=yes&before=9".to_owned()),
        next: Some("/notices?acknowledged=yes&after=1".to_owned()),
    };
    hall.hang("notices-acknowledged", &list(true, visits(true), middle))?;
    hall.hang("notices-none", &list(false, Vec::new(), Pages::default()))?;
    hall.hang("notices-none-acknowledged", &list(true, Vec::new(), Pages::default()))?;

    let notice = |number: NhsNumber| NoticePage {
        page: worker(),
        id: Uuid::from_u128(3),
        number,
        local_id: Some("CH-20417".to_owned()),
        at: at("2026-11-25T14:02:00Z"),
        place: "Ashbourne Royal, Emergency department".to_owned(),
        setting: "U01".parse().ok(),
        who: "Sam Example".to_owned(),
        role: "Emergency nurse".to_owned(),
        report: None,
        call_back: always(),
        acknowledged: None,
        faults: Faults::default(),
    };
    hall.hang("notice", &notice(child.number))?;
    let faults = Faults::default().with("read", "Say that you have passed it on");
    hall.hang("notice-not-ticked", &NoticePage { faults, ..notice(child.number) })?;
    hall.hang("notice-acknowledged", &NoticePage { acknowledged: Some(acknowledged()), ..notice(child.number) })?;
    let text = format!("She was brought by an aunt.\nCall me on the ward until 20:00. {SCRIPT}");
    let report = Some(Told { kind: ReportKind::NoAnswer, phone: "01632960199".parse().ok(), text, replaced_by: None });
    let nasty = NoticePage {
        report,
        call_back: Vec::new(),
        place: SCRIPT.to_owned(),
        who: people::long_name(),
        ..notice(baby.number)
    };
    hall.hang("notice-message", &nasty)
}
