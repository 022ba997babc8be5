//! A file is checked, shown, confirmed and imported. Between check and confirmation the browser carries it, sealed: what was
//! checked is what is imported, and only by whoever checked it.

use super::changed;
use crate::door::{Answer, Stop, Visit, rendered};
use crate::form::Faults;
use crate::frame::Section;
use crate::view::register::{ChangedRecord, ImportForm, Imported, LineFault, Outcome};
use crate::{guard, kept};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cpis_app::AppError;
use cpis_app::organisations::{self, Edit};
use cpis_app::sessions::{open_carried, seal_carried};
use cpis_model::organisation_table::{Plan, PlannedChange, Table, TableFault, TableKind, plan};
use cpis_model::record_text::Text;
use cpis_model::register::Register;
use serde::{Deserialize, Serialize};

/// Largest file that is taken here, in bytes: sealed, it must fit into a form.
const FILE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Faults and records that are shown.
const SHOWN_MAX: usize = 100;
/// Seconds for which a checked file may wait for its confirmation.
const WAIT_SECONDS: i64 = 3_600;
const PURPOSE: &str = "import";

/// What stands before the bytes of a file that waits for its confirmation.
#[derive(Serialize, Deserialize)]
struct Head {
    kind: String,
    why: String,
    /// The number of the register against which it was checked.
    register: u64,
    until: i64,
}

/// A file that may be imported.
struct Given {
    kind: TableKind,
    why: Text,
    bytes: Vec<u8>,
}

pub(in crate::handlers) fn form(visit: &Visit<'_>) -> Answer {
    page(visit, StatusCode::OK, Faults::default())
}

fn page(visit: &Visit<'_>, status: StatusCode, faults: Faults) -> Answer {
    let page = ImportForm {
        page: visit.frame(Section::Register),
        kind: visit.field("kind").to_owned(),
        reason: visit.field("reason").chars().take(500).collect(),
        faults,
    };
    rendered(status, &page)
}

/// Checks a file, or imports one that was checked.
pub(in crate::handlers) async fn import(visit: &mut Visit<'_>) -> Answer {
    if !visit.field("confirm").is_empty() {
        return confirm(visit).await;
    }
    let (kind, why) = (visit.field("kind").parse::<TableKind>(), visit.field("reason").parse::<Text>());
    let bytes = std::mem::take(&mut visit.input.body);
    let mut faults = Faults::default();
    if kind.is_err() {
        faults = faults.with("kind", "Choose what the file holds");
    }
    if bytes.is_empty() {
        faults = faults.with("file", "Choose a file that is not empty");
    } else if bytes.len() > FILE_BYTES_MAX {
        faults = faults.with("file", "The file has more than 2 megabytes. Divide it, or import it by the command");
    }
    if why.is_err() {
        faults = faults.with("reason", "Say why you make this change, in 1 to 200 characters");
    }
    match (kind, why, faults.is_empty()) {
        (Ok(kind), Ok(why), true) => check(visit, &Given { kind, why, bytes }, false),
        _ => page(visit, StatusCode::UNPROCESSABLE_ENTITY, faults),
    }
}

fn planned(given: &Given, register: &Register) -> Result<Plan, Vec<TableFault>> {
    plan(&[Table { name: "the file", kind: given.kind, bytes: &given.bytes }], register)
}

/// Shows what a file would change.
fn check(visit: &Visit<'_>, given: &Given, again: bool) -> Answer {
    let register = visit.web().register();
    let plan = match planned(given, &register) {
        Ok(plan) => plan,
        Err(faults) => return faulty(visit, &faults),
    };
    let outcome = if plan.changes.is_empty() {
        Outcome::Nothing
    } else {
        Outcome::Check { confirm: sealed(visit, given, register.number())?, again }
    };
    let status = if again { StatusCode::CONFLICT } else { StatusCode::OK };
    rendered(status, &told(visit, &plan, &register, outcome))
}

fn faulty(visit: &Visit<'_>, faults: &[TableFault]) -> Answer {
    let line =
        |fault: &TableFault| LineFault { line: fault.line, column: fault.column.clone(), what: fault.what.clone() };
    let outcome = Outcome::Faulty {
        faults: faults.iter().take(SHOWN_MAX).map(line).collect(),
        more: faults.len().saturating_sub(SHOWN_MAX),
    };
    let page = told(visit, &Plan::default(), &Register::default(), outcome);
    rendered(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn told(visit: &Visit<'_>, plan: &Plan, register: &Register, outcome: Outcome) -> Imported {
    let (added, changed_records, closed) = plan.counts();
    let record = |change: &PlannedChange| ChangedRecord {
        which: format!("{} {}", change.record.kind().code(), change.record.code()),
        is_new: change.is_new,
        parts: changed(&change.differences, change.record.kind(), register),
    };
    Imported {
        page: visit.frame(Section::Register),
        added,
        changed: changed_records,
        closed,
        same: plan.unchanged,
        records: plan.changes.iter().take(SHOWN_MAX).map(record).collect(),
        more: plan.changes.len().saturating_sub(SHOWN_MAX),
        outcome,
    }
}

/// Imports a file that was checked. Where the register has changed since, it is checked and shown again.
async fn confirm(visit: &mut Visit<'_>) -> Answer {
    let (head, given) = opened(visit)?;
    if visit.now.as_second() > head.until {
        let faults = Faults::default().with("file", "You checked this file more than an hour ago. Send it again");
        return page(visit, StatusCode::UNPROCESSABLE_ENTITY, faults);
    }
    let register = visit.web().register();
    if register.number() != head.register {
        return check(visit, &given, true);
    }
    let plan = match planned(&given, &register) {
        Ok(plan) => plan,
        Err(faults) => return faulty(visit, &faults),
    };
    let edit = |change: &PlannedChange| Edit { record: change.record.clone(), expected: change.expected };
    let edits = plan.changes.iter().map(edit).collect();
    match organisations::change_all(&visit.web().service, visit.caller()?, edits, &given.why).await {
        Ok(_) => rendered(StatusCode::OK, &told(visit, &plan, &register, Outcome::Done)),
        Err(AppError::Conflict) => check(visit, &given, true),
        Err(error) => Err(error.into()),
    }
}

/// A file as the browser carries it: one line of JSON, then its bytes, sealed for this session.
fn sealed(visit: &Visit<'_>, given: &Given, register: u64) -> Result<String, Stop> {
    let head = Head {
        kind: given.kind.code().to_owned(),
        why: given.why.as_str().to_owned(),
        register,
        until: visit.now.as_second() + WAIT_SECONDS,
    };
    let mut bytes = serde_json::to_vec(&head).map_err(|error| Stop::Failed(error.to_string()))?;
    bytes.push(b'\n');
    bytes.extend_from_slice(&given.bytes);
    let token = kept::csrf(&visit.found()?.session);
    Ok(URL_SAFE_NO_PAD.encode(seal_carried(&visit.web().service, PURPOSE, token.as_bytes(), &bytes)))
}

fn opened(visit: &Visit<'_>) -> Result<(Head, Given), Stop> {
    let token = kept::csrf(&visit.found()?.session);
    let open = || {
        let sealed = URL_SAFE_NO_PAD.decode(visit.field("confirm")).ok()?;
        let bytes = open_carried(&visit.web().service, PURPOSE, token.as_bytes(), &sealed)?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (head, rest) = bytes.split_at_checked(end)?;
        let head: Head = serde_json::from_slice(head).ok()?;
        let (kind, why) = (head.kind.parse().ok()?, head.why.parse().ok()?);
        Some((head, Given { kind, why, bytes: rest.get(1..)?.to_vec() }))
    };
    open().ok_or_else(|| guard::forged("import"))
}
