//! The register of organisations.

use super::people::{SCRIPT, long_name};
use super::{Hall, at, operator};
use crate::form::Faults;
use crate::record_form::parts;
use crate::view::Pages;
use crate::view::register::{
    Change, ChangedField, ChangedRecord, ImportForm, Imported, LineFault, Outcome, RecordForm, RegisterList,
    RegisterRecord, Row,
};
use cpis_model::organisation_record::RecordKind;
use serde_json::{Value, json};

pub fn show(hall: &mut Hall) -> Result<(), askama::Error> {
    lists(hall)?;
    records(hall)?;
    forms(hall)?;
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
    hall.hang("register", &list(RecordKind::Site, "", rows, pages))?;
    let one = vec![row("ZZA", "Ashbourne County Council", "East of England", "In use")];
    hall.hang("register-authorities", &list(RecordKind::Authority, "ash", one, Pages::default()))?;
    hall.hang("register-none", &list(RecordKind::System, SCRIPT, Vec::new(), Pages::default()))
}

fn changed(field: &str, before: &str, after: &str) -> ChangedField {
    ChangedField { field: field.to_owned(), before: before.to_owned(), after: after.to_owned() }
}

fn history() -> Vec<Change> {
    vec![
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
    ]
}

fn records(hall: &mut Hall) -> Result<(), askama::Error> {
    let rows = |values: &[(&str, &str)]| {
        values.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
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
        &record(RecordKind::Site, "ZZA01", "Ashbourne Royal, Emergency department", site, history(), true),
    )?;
    let authority = rows(&[
        ("Mailboxes", "ZZAMAIL01"),
        ("Contact 1", "Office\n01632 960101\nMonday to Friday, 08:45 to 17:00"),
        ("Contact 2", "Emergency duty team\n01632 960199\nevery day, 17:00 to 08:45"),
        ("Successor", ""),
    ]);
    hall.hang(
        "register-authority",
        &record(RecordKind::Authority, "ZZA", "Ashbourne County Council", authority, Vec::new(), false),
    )?;
    let system = rows(&[("Supplier", SCRIPT), ("ASID", "200000000123"), ("Sends one id for each visit", "Yes")]);
    hall.hang("register-system", &record(RecordKind::System, "booking", &long_name(), system, Vec::new(), false))
}

/// A form with the values of a record's JSON.
fn form(kind: RecordKind, code: Option<&str>, values: &Value, faults: Faults) -> RecordForm {
    RecordForm {
        page: operator(),
        kind,
        code: code.map(str::to_owned),
        version: 4,
        parts: values.as_object().map(|object| parts(kind, object, code.is_none())).unwrap_or_default(),
        reason: "A new number from April".to_owned(),
        meanwhile: Vec::new(),
        faults,
    }
}

fn forms(hall: &mut Hall) -> Result<(), askama::Error> {
    let site = json!({"name": "Ashbourne Royal, Emergency department", "organisation": "ZZA", "setting": "U01",
        "responsible": {"name": "Ada Invented", "role": "Named nurse for safeguarding", "phone": "01632960150"},
        "from": "2019-04-01"});
    let site_form = |code, faults| form(RecordKind::Site, code, &site, faults);
    hall.hang("register-site-form", &site_form(Some("ZZA01"), Faults::default()))?;
    let faults = Faults::default()
        .with("code", "Code: an ODS code has 2 to 12 letters and digits")
        .with("setting", "Setting: it is missing")
        .with("until", "In use until: the last day lies before the first")
        .with("reason", "Say why you make this change, in 1 to 200 characters");
    let empty = json!({"name": SCRIPT, "until": "2018-02-x"});
    hall.hang("register-site-form-faults", &form(RecordKind::Site, None, &empty, faults))?;
    let faults = Faults::default().with("meanwhile", "Somebody else changed this record while you did");
    hall.hang("register-conflict", &RecordForm { meanwhile: history(), ..site_form(Some("ZZA01"), faults) })?;

    let system = json!({"name": "Booking system", "supplier": "YGM24", "organisation": "ZZA",
        "asids": ["200000000123"], "certificates": ["abcdef"], "one_id_a_visit": true});
    let system_form = |code, faults| form(RecordKind::System, code, &system, faults);
    hall.hang("register-system-form", &system_form(Some("booking"), Faults::default()))?;
    let faults = Faults::default()
        .with("certificates", "Certificate fingerprints, line 1: a SHA-256 fingerprint has 64 hexadecimal digits");
    hall.hang("register-system-form-faults", &system_form(None, faults))?;

    let authority = json!({"name": "Ashbourne County Council", "mailboxes": ["ZZAMAIL01"], "region": "East of England",
        "contacts": [{"kind": "emergency", "phone": "01632960199", "hours": "Mon-Sun 17:00-08:45", "from": "2024-04-01"}]});
    let authority_form = |code, faults| form(RecordKind::Authority, code, &authority, faults);
    hall.hang("register-authority-form", &authority_form(Some("ZZA"), Faults::default()))?;
    let faults = Faults::default()
        .with("contacts-1-phone", "Contact 1, telephone number: a telephone number has 3 to 20 digits")
        .with("contacts-2-hours", "Contact 2, hours: it is missing");
    hall.hang("register-authority-form-faults", &authority_form(None, faults))?;

    let provider =
        json!({"name": long_name(), "type": "NHS_TRUST", "successors": [{"code": "ZZB", "on": "2027-04-01"}]});
    hall.hang("register-provider-form", &form(RecordKind::Provider, Some("ZZA"), &provider, Faults::default()))?;
    let supplier = json!({"name": SCRIPT, "email": "desk@example.org"});
    hall.hang("register-supplier-form", &form(RecordKind::Supplier, Some("YGM24"), &supplier, Faults::default()))
}

fn import(hall: &mut Hall) -> Result<(), askama::Error> {
    let form = |faults| ImportForm { page: operator(), kind: "sites".to_owned(), reason: String::new(), faults };
    hall.hang("register-import", &form(Faults::default()))?;
    let faults = Faults::default().with("file", "Choose a file").with("reason", "Say why");
    hall.hang("register-import-faults", &form(faults))?;
    let imported = |outcome: Outcome| Imported {
        page: operator(),
        added: 10,
        changed: 2,
        closed: 1,
        same: 200,
        records: vec![
            ChangedRecord {
                which: "site ZZA01".to_owned(),
                is_new: false,
                parts: vec![changed("Name", SCRIPT, &long_name()), changed("In use until", "", "31 March 2027")],
            },
            ChangedRecord {
                which: "site ZZA02".to_owned(),
                is_new: true,
                parts: vec![changed("Name", "", "Ashbourne Royal, Children's ward")],
            },
        ],
        more: 10,
        outcome,
    };
    let check = |again| Outcome::Check { confirm: "made-up-handle".to_owned(), again };
    hall.hang("register-import-check", &imported(check(false)))?;
    hall.hang("register-import-check-again", &imported(check(true)))?;
    hall.hang("register-imported", &imported(Outcome::Done))?;
    hall.hang("register-import-nothing", &imported(Outcome::Nothing))?;
    let fault = |line, column: &str, what: &str| LineFault { line, column: column.to_owned(), what: what.to_owned() };
    let faults = vec![
        fault(3, "code", "this code stands in the file, line 2, too"),
        fault(17, "setting", "this code is not in the table of care settings"),
        fault(212, SCRIPT, "this column is not known, or stands twice"),
    ];
    hall.hang("register-import-rejected", &imported(Outcome::Faulty { faults, more: 40 }))
}
