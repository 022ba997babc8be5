//! The register of organisations.

use super::people::{SCRIPT, long_name};
use super::{Hall, at, operator};
use crate::form::{EnteredDate, Faults};
use crate::view::Pages;
use crate::view::register::{
    AuthorityForm, Change, ChangedField, ContactFields, ImportForm, Imported, Kind, LineFault, RegisterList,
    RegisterRecord, Row, SiteForm, SystemForm,
};

pub fn show(hall: &mut Hall) -> Result<(), askama::Error> {
    lists(hall)?;
    records(hall)?;
    site_and_system(hall)?;
    authority(hall)?;
    import(hall)
}

fn lists(hall: &mut Hall) -> Result<(), askama::Error> {
    let row = |code: &str, name: &str, detail: &str, state: &str| Row {
        code: code.to_owned(),
        name: name.to_owned(),
        detail: detail.to_owned(),
        state: state.to_owned(),
    };
    let rows = vec![
        row("ZZA01", "Ashbourne Royal, Emergency department", "Emergency department", "In use"),
        row(
            "ZZN01",
            "Northgate Urgent Treatment Centre",
            "Walk-in centre or urgent treatment centre",
            "Ended 31 March 2026",
        ),
        row("ZZX01", SCRIPT, "Maternity unit", "In use from 1 December 2026"),
        row("ZZX02", &long_name(), "NHS 111", "In use"),
    ];
    let list = |kind, query: &str, rows: Vec<Row>, pages| RegisterList {
        page: operator(),
        kind,
        query: query.to_owned(),
        found: rows.len(),
        rows,
        pages,
        forms_without_fault: Faults::default(),
    };
    let pages = Pages { number: 1, total: 2, previous: None, next: Some("/register?kind=site&page=2".to_owned()) };
    hall.hang("register", &list(Kind::Site, "", rows, pages))?;
    let one = vec![row("ZZA", "Ashbourne County Council", "ZZAMAIL01", "In use")];
    hall.hang("register-authorities", &list(Kind::Authority, "ash", one, Pages::default()))?;
    hall.hang("register-none", &list(Kind::System, SCRIPT, Vec::new(), Pages::default()))
}

fn records(hall: &mut Hall) -> Result<(), askama::Error> {
    let rows = |values: &[(&str, &str)]| {
        values.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    let changed = |field: &str, before: &str, after: &str| ChangedField {
        field: field.to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
    };
    let history = vec![
        Change {
            at: at("2026-11-20T10:00:00Z"),
            who: "Alex Demo, Operator".to_owned(),
            parts: vec![
                changed("Setting", "Minor injury unit", "Emergency department"),
                changed("Successor", "", "ZZA09"),
            ],
            reason: "The unit became a department".to_owned(),
        },
        Change {
            at: at("2026-03-31T23:00:00Z"),
            who: SCRIPT.to_owned(),
            parts: vec![changed("Name", SCRIPT, "Ashbourne Royal, Emergency department")],
            reason: SCRIPT.to_owned(),
        },
    ];
    let record = |kind, code: &str, name: &str, rows, history, saved| RegisterRecord {
        page: operator(),
        kind,
        code: code.to_owned(),
        name: name.to_owned(),
        rows,
        history,
        saved,
    };
    let site = rows(&[
        ("Organisation", "ZZA, Ashbourne and Vale Hospitals"),
        ("Setting", "Emergency department: the authority is told"),
        ("Responsible person", "Named nurse for safeguarding"),
        ("Call back", "01632 960150"),
        ("In use", "From 1 April 2019"),
        ("Successor", ""),
    ]);
    hall.hang(
        "register-site",
        &record(Kind::Site, "ZZA01", "Ashbourne Royal, Emergency department", site, history, true),
    )?;
    let authority = rows(&[
        (
            "Contacts",
            "Children's services office: 01632 960101, Monday to Friday, 08:45 to 17:00\nEmergency duty team: 01632 960199",
        ),
        ("Mailbox", "ZZAMAIL01"),
        ("Successor", ""),
    ]);
    hall.hang(
        "register-authority",
        &record(Kind::Authority, "ZZA", "Ashbourne County Council", authority, Vec::new(), false),
    )?;
    let system = rows(&[("Supplier", SCRIPT), ("ASID", "200000000123"), ("Sends one id for each visit", "Yes")]);
    hall.hang("register-system", &record(Kind::System, "booking", &long_name(), system, Vec::new(), false))
}

fn date(day: &str, month: &str, year: &str) -> EnteredDate {
    EnteredDate { day: day.to_owned(), month: month.to_owned(), year: year.to_owned() }
}

fn site_and_system(hall: &mut Hall) -> Result<(), askama::Error> {
    let site = |code: Option<&str>, name: &str, faults| SiteForm {
        page: operator(),
        code: code.map(str::to_owned),
        version: 4,
        entered_code: String::new(),
        name: name.to_owned(),
        organisation: "ZZA".to_owned(),
        setting: "U01".to_owned(),
        responsible: "Named nurse for safeguarding".to_owned(),
        call_back: "01632 960150".to_owned(),
        from: date("1", "4", "2019"),
        until: EnteredDate::default(),
        successor: String::new(),
        reason: String::new(),
        faults,
    };
    hall.hang("register-site-form", &site(Some("ZZA01"), "Ashbourne Royal, Emergency department", Faults::default()))?;
    let faults = Faults::default()
        .with("code", "Enter an ODS code: 2 to 12 letters and digits")
        .with("name", "Enter the name")
        .with("until", "The last day must not be before the first")
        .with("reason", "Say why you make this change");
    hall.hang("register-site-form-faults", &site(None, "", faults))?;

    let system = |code: Option<&str>, name: &str, faults| SystemForm {
        page: operator(),
        code: code.map(str::to_owned),
        version: 1,
        entered_code: String::new(),
        name: name.to_owned(),
        supplier: "Invented Systems Ltd".to_owned(),
        organisation: "ZZA".to_owned(),
        asid: "200000000123".to_owned(),
        fingerprints: "AB:CD:EF".to_owned(),
        sends_visits: true,
        reason: String::new(),
        faults,
    };
    hall.hang("register-system-form", &system(Some("booking"), "Booking system", Faults::default()))?;
    let faults =
        Faults::default().with("fingerprints", "Line 1 is not a SHA-256 fingerprint: 32 pairs of hexadecimal digits");
    hall.hang("register-system-form-faults", &system(None, SCRIPT, faults))
}

fn authority(hall: &mut Hall) -> Result<(), askama::Error> {
    let contacts = || {
        vec![
            ContactFields {
                number: 1,
                name: "Emergency duty team".to_owned(),
                phone: "01632 960199".to_owned(),
                hours: "every day 17:00 to 08:45".to_owned(),
                from: date("1", "4", "2024"),
                until: EnteredDate::default(),
            },
            ContactFields { number: 2, ..ContactFields::default() },
        ]
    };
    let form = |code: Option<&str>, faults| AuthorityForm {
        page: operator(),
        code: code.map(str::to_owned),
        version: 2,
        entered_code: String::new(),
        name: "Ashbourne County Council".to_owned(),
        mailbox: "ZZAMAIL01".to_owned(),
        contacts: contacts(),
        successor: String::new(),
        reason: "A new number from April".to_owned(),
        faults,
    };
    hall.hang("register-authority-form", &form(Some("ZZA"), Faults::default()))?;
    let faults = Faults::default()
        .with("contact1-phone", "A telephone number has 3 to 20 digits")
        .with("contact2-from", "Enter the first day");
    hall.hang("register-authority-form-faults", &form(None, faults))
}

fn import(hall: &mut Hall) -> Result<(), askama::Error> {
    let form = |faults| ImportForm { page: operator(), kind: "site".to_owned(), reason: String::new(), faults };
    hall.hang("register-import", &form(Faults::default()))?;
    let faults = Faults::default().with("file", "Choose a file").with("reason", "Say why");
    hall.hang("register-import-faults", &form(faults))?;
    let imported = |lines: Vec<LineFault>, more, confirm: Option<&str>| Imported {
        page: operator(),
        read: 212,
        added: 10,
        changed: 2,
        same: 200,
        lines,
        more,
        confirm: confirm.map(str::to_owned),
    };
    hall.hang("register-import-check", &imported(Vec::new(), 0, Some("made-up-handle")))?;
    hall.hang("register-imported", &imported(Vec::new(), 0, None))?;
    let fault = |line, column: &str, what: &str| LineFault { line, column: column.to_owned(), what: what.to_owned() };
    let lines = vec![
        fault(3, "code", "this code stands twice"),
        fault(17, "setting", "this code is not in the table of care settings"),
        fault(212, SCRIPT, "there is no such column"),
    ];
    hall.hang("register-import-rejected", &imported(lines, 40, None))
}
