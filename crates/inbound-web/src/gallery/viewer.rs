//! Finding a person, the three answers, reports.

use super::people::{self, SCRIPT, day, lines, lines_without_hours, long_name};
use super::{Hall, at, clinician};
use crate::form::{Choice, EnteredDate, Faults};
use crate::frame::Section;
use crate::view::answer::{AccessRow, Accesses, CannotTell, Holder, NoRecord, Record, ShownPlan, Why};
use crate::view::find::{Confirm, Entered, Find, Found, Outcome, Person, Results, TEST_NUMBER_FAULT, number_fault};
use crate::view::looks::{Looks, OwnLook, ToCall};
use crate::view::report::{ReportForm, ReportSent, Reports, SentReport};
use crate::view::{Acknowledged, Pages};
use cpis_model::nhs_number::NhsNumberError;
use cpis_model::notice::ReportKind;
use cpis_model::pattern::Pattern;
use cpis_model::plan::PlanKind;
use cpis_model::setting::Setting;

const HANDLE: &str = "made-up-handle";

pub fn show(hall: &mut Hall) -> Result<(), askama::Error> {
    find(hall)?;
    results(hall)?;
    answers(hall)?;
    reports(hall)?;
    looks(hall)
}

fn find(hall: &mut Hall) -> Result<(), askama::Error> {
    let form = |number: &str, fault: &'static str| {
        let faults = if fault.is_empty() { Faults::default() } else { Faults::default().with("number", fault) };
        Find::new(clinician(Section::Find), Entered { number: number.to_owned(), ..Entered::default() }, faults)
    };
    hall.hang("find", &form("", ""))?;
    for (name, number, error) in [
        ("find-empty", "", NhsNumberError::Empty),
        ("find-check-digit", "999 000 0019", NhsNumberError::CheckDigit),
        ("find-length", "999 000 001", NhsNumberError::Length),
        ("find-letters", "999 OOO 0018", NhsNumberError::NotDigits),
        ("find-old-style", "ABCD 123", NhsNumberError::OldStyle),
        ("find-all-same", "999 999 9999", NhsNumberError::AllSame),
    ] {
        hall.hang(name, &form(number, number_fault(error)))?;
    }
    hall.hang("find-test-number", &form("999 000 0018", TEST_NUMBER_FAULT))?;
    let born = EnteredDate { day: "31".to_owned(), month: "2".to_owned(), year: "2017".to_owned() };
    let entered = Entered { family: SCRIPT.to_owned(), born, ..Entered::default() };
    let faults =
        Faults::default().with("day", "There is no such day. Enter the date of birth").with("sex", "Choose the sex");
    hall.hang("find-by-name-faults", &Find::new(clinician(Section::Find), entered, faults))
}

fn results(hall: &mut Hall) -> Result<(), askama::Error> {
    let found = |people: Vec<Person>| {
        let handle = |(place, person): (usize, Person)| Found { handle: format!("{HANDLE}-{place}"), person };
        Outcome::Found(people.into_iter().enumerate().map(handle).collect())
    };
    for (name, outcome) in [
        ("results-nobody-by-number", Outcome::NobodyByNumber),
        ("results-nobody-by-name", Outcome::NobodyByName),
        ("results-one", found(people::child().into_iter().collect())),
        ("results-several", found(people::all())),
        ("results-too-many", Outcome::TooMany),
        ("results-restricted", Outcome::Restricted),
    ] {
        hall.hang(name, &Results { page: clinician(Section::Find), outcome })?;
    }
    for (name, person, tells) in [
        ("confirm-tells", people::child(), true),
        ("confirm-silent", people::child(), false),
        ("confirm-script", people::script(), true),
        ("confirm-long", people::long(), true),
        ("confirm-arabic", people::arabic(), true),
        ("confirm-chinese", people::chinese(), false),
    ] {
        let Some(person) = person else { continue };
        hall.hang(name, &Confirm { page: clinician(Section::Find), person, handle: HANDLE.to_owned(), tells })?;
    }
    Ok(())
}

fn plan(kind: PlanKind, start: &str, end: Option<&str>, ended: bool) -> ShownPlan {
    ShownPlan { kind, start: day(start), end: end.map(day), ended }
}

fn ashbourne(plans: Vec<ShownPlan>) -> Holder {
    Holder {
        name: "Ashbourne County Council".to_owned(),
        plans,
        lines: lines(at("2026-11-25T14:02:00Z")),
        last_file: Some(at("2026-11-25T02:14:00Z")),
        late: false,
    }
}

fn access(moment: &str, place: &str, setting: &str, who: &str, role: &str) -> AccessRow {
    let setting: Option<Setting> = setting.parse().ok();
    AccessRow {
        at: at(moment),
        place: place.to_owned(),
        setting,
        who: who.to_owned(),
        role: role.to_owned(),
        own: false,
    }
}

fn own() -> AccessRow {
    let place = "Ashbourne Royal, Emergency department";
    AccessRow { own: true, ..access("2026-11-25T14:02:00Z", place, "U01", "Sam Example", "Emergency nurse") }
}

fn some_accesses() -> Accesses {
    let rows = vec![
        own(),
        access("2026-11-24T23:41:00Z", "Vale Ambulance Service", "U07", "Ada Invented", "Paramedic"),
        access("2026-11-24T22:05:00Z", "Northgate Urgent Treatment Centre", "U02", "Lee Fictional", "Doctor"),
        access("2026-11-19T09:12:00Z", "Ashbourne Royal, Emergency department", "U01", "Booking system", ""),
        access("2026-08-02T16:30:00Z", "Ashbourne Royal, Children's ward", "U05", "Noor Imagined", "Ward nurse"),
    ];
    Accesses { rows, complete_to: None }
}

fn nasty_accesses() -> Accesses {
    let mut rows = vec![own(), access("2026-11-25T13:00:00Z", SCRIPT, "U01", SCRIPT, SCRIPT)];
    rows.push(access("2026-11-24T13:00:00Z", &long_name(), "", &long_name(), &long_name()));
    rows.push(access("2026-11-23T13:00:00Z", "مستشفى تجريبي", "U01", "نور التجريبي", "ممرضة"));
    for hour in 0..21 {
        rows.push(access(
            &format!("2026-11-22T{:02}:10:00Z", 23 - hour),
            "Vale Ambulance Service",
            "U07",
            "Ada Invented",
            "Paramedic",
        ));
    }
    Accesses { rows, complete_to: None }
}

fn record(person: Person, authorities: Vec<Holder>, accesses: Accesses, pattern: Option<Pattern>) -> Record {
    Record {
        page: clinician(Section::Find),
        person,
        handle: HANDLE.to_owned(),
        authorities,
        told: true,
        accesses: Some(accesses),
        pattern,
    }
}

fn answers(hall: &mut Hall) -> Result<(), askama::Error> {
    let (Some(child), Some(mother), Some(script), Some(long)) =
        (people::child(), people::mother(), people::script(), people::long())
    else {
        return Ok(());
    };
    let cpp = || plan(PlanKind::ChildProtection, "2026-01-12", None, false);
    let lac = || plan(PlanKind::LookedAfter, "2024-09-03", None, false);
    let only_own = || Accesses { rows: vec![own()], complete_to: None };

    let page = record(child.clone(), vec![ashbourne(vec![cpp()])], some_accesses(), Some(Pattern::Places(3)));
    hall.hang("answer-record", &page)?;
    let page = record(child.clone(), vec![ashbourne(vec![cpp()])], only_own(), None);
    hall.hang("answer-record-first-look", &page)?;
    let mut silent = record(child.clone(), vec![ashbourne(vec![lac()])], Accesses::default(), None);
    silent.told = false;
    hall.hang("answer-record-silent", &silent)?;
    let ended = plan(PlanKind::ChildProtection, "2024-02-01", Some("2026-03-31"), true);
    hall.hang(
        "answer-record-ended",
        &record(child.clone(), vec![ashbourne(vec![ended.clone()])], only_own(), Some(Pattern::Days(5))),
    )?;
    let vale = Holder {
        name: "Vale City Council".to_owned(),
        plans: vec![lac()],
        lines: lines(at("2026-11-25T22:30:00Z")),
        last_file: Some(at("2026-11-22T02:20:00Z")),
        late: true,
    };
    let lagging = Accesses { complete_to: Some(at("2026-11-25T14:02:00Z")), ..some_accesses() };
    let two = record(child.clone(), vec![ashbourne(vec![cpp(), ended]), vale], lagging, Some(Pattern::Places(3)));
    hall.hang("answer-record-two-authorities-lagging", &two)?;
    let unborn = plan(PlanKind::Unborn, "2026-08-20", Some("2027-01-14"), false);
    let three = vec![ashbourne(vec![unborn.clone(), lac(), cpp()])];
    hall.hang("answer-record-unborn", &record(mother, three, only_own(), None))?;
    let mut no_hours = ashbourne(vec![cpp()]);
    no_hours.lines = lines_without_hours();
    no_hours.last_file = None;
    hall.hang("answer-record-hours-unknown", &record(child.clone(), vec![no_hours.clone()], only_own(), None))?;
    no_hours.lines.clear();
    SCRIPT.clone_into(&mut no_hours.name);
    hall.hang(
        "answer-record-script",
        &record(script.clone(), vec![no_hours.clone()], nasty_accesses(), Some(Pattern::Places(4))),
    )?;
    no_hours.name = long_name();
    hall.hang("answer-record-long", &record(long.clone(), vec![no_hours], nasty_accesses(), Some(Pattern::Places(4))))?;

    let none = |person: Person, late| NoRecord {
        page: clinician(Section::Find),
        person,
        sending: Some(if late == 3 { 2 } else { 153 }),
        registered: 153,
        data_from: (late < 2).then(|| at("2026-11-24T23:50:00Z")),
        late,
    };
    hall.hang("answer-none", &none(child, 0))?;
    hall.hang("answer-none-late", &none(script, 1))?;
    hall.hang("answer-none-long", &none(long, 3))?;
    let again = Some(HANDLE.to_owned());
    hall.hang("answer-cannot-tell", &CannotTell { page: clinician(Section::Find), why: Why::Unavailable, again })?;
    let mismatch = CannotTell { page: clinician(Section::Find), why: Why::DetailsDoNotMatch, again: None };
    hall.hang("answer-cannot-tell-mismatch", &mismatch)
}

fn reports(hall: &mut Hall) -> Result<(), askama::Error> {
    let Some(child) = people::child() else { return Ok(()) };
    let form = |kind: &str, text: &str, faults| ReportForm {
        page: clinician(Section::Find),
        person: child.clone(),
        handle: HANDLE.to_owned(),
        kind: kind.to_owned(),
        authorities: vec![Choice::new("ZZA", "Ashbourne County Council"), Choice::new("ZZV", format!("Vale {SCRIPT}"))],
        authority: if kind.is_empty() { String::new() } else { "ZZA".to_owned() },
        numbers: vec![
            Choice::new("1", "01632 960101").meaning("Ashbourne County Council, children's services office"),
            Choice::new("2", "01632 960199").meaning("Ashbourne County Council, emergency duty team"),
        ],
        number: String::new(),
        text: text.to_owned(),
        faults,
    };
    hall.hang("report", &form("no-answer", "", Faults::default()))?;
    let faults = Faults::default()
        .with("kind", "Choose what you want to tell")
        .with("authority", "Choose an authority")
        .with("text", "Write at most 500 characters");
    hall.hang("report-faults", &form("", &format!("</textarea>{SCRIPT}"), faults))?;
    let sent = ReportSent {
        page: clinician(Section::Reports),
        kind: ReportKind::NotBrought,
        authority: "Ashbourne County Council".to_owned(),
        at: at("2026-11-25T14:05:00Z"),
    };
    hall.hang("report-sent", &sent)?;
    let row = |kind, moment: &str, acknowledged: Option<&str>| SentReport {
        reference: "R7K-2MX".to_owned(),
        at: at(moment),
        kind,
        authority: "Ashbourne County Council".to_owned(),
        acknowledged: acknowledged.map(|moment| Acknowledged { role: "Duty social worker".to_owned(), at: at(moment) }),
    };
    let reports = vec![
        row(ReportKind::NotBrought, "2026-11-25T14:05:00Z", None),
        row(ReportKind::NoAnswer, "2026-11-24T22:10:00Z", Some("2026-11-25T08:50:00Z")),
        row(ReportKind::LeftBeforeSeen, "2026-11-20T19:00:00Z", Some("2026-11-20T19:20:00Z")),
    ];
    let pages = Pages { number: 1, total: 1, previous: None, next: None };
    hall.hang("reports", &Reports { page: clinician(Section::Reports), reports, pages: pages.clone() })?;
    hall.hang("reports-none", &Reports { page: clinician(Section::Reports), reports: Vec::new(), pages })
}

fn looks(hall: &mut Hall) -> Result<(), askama::Error> {
    let look = |moment: &str, authority: &str, told: Option<&str>, read: Option<&str>, overdue: Option<i64>| OwnLook {
        reference: "4F8A03C1".to_owned(),
        at: at(moment),
        authority: authority.to_owned(),
        told: told.map(at),
        read: read.map(|moment| Acknowledged { role: "Duty social worker".to_owned(), at: at(moment) }),
        overdue,
        escalated: overdue.filter(|minutes| *minutes < 60).map(|_| at("2026-11-25T13:47:20Z")),
    };
    let ashbourne = "Ashbourne County Council";
    let looks = vec![
        look("2026-11-25T14:01:00Z", ashbourne, None, None, None),
        look("2026-11-25T13:50:00Z", ashbourne, Some("2026-11-25T13:51:00Z"), Some("2026-11-25T13:58:00Z"), None),
        look("2026-11-25T13:17:00Z", "Vale City Council", Some("2026-11-25T13:18:00Z"), None, Some(45)),
        look("2026-11-24T23:40:00Z", SCRIPT, Some("2026-11-24T23:41:00Z"), None, Some(862)),
        look("2026-11-24T22:05:00Z", ashbourne, Some("2026-11-24T22:06:00Z"), Some("2026-11-25T08:50:00Z"), None),
    ];
    let to_call = vec![
        ToCall { name: "Vale City Council".to_owned(), minutes: 45, lines: lines(at("2026-11-25T14:02:00Z")) },
        ToCall { name: SCRIPT.to_owned(), minutes: 862, lines: Vec::new() },
    ];
    let list = |to_call, looks, next: Option<&str>| Looks {
        page: clinician(Section::Looks),
        to_call,
        looks,
        days: 7,
        pages: Pages { next: next.map(ToOwned::to_owned), ..Pages::default() },
    };
    hall.hang("looks", &list(to_call, looks, Some("/looks?before=9")))?;
    hall.hang("looks-none", &list(Vec::new(), Vec::new(), None))
}
