//! A record of the register is made or changed by its form.

use super::{code, kind, told};
use crate::door::{Answer, Stop, Visit, rendered, to};
use crate::form::Faults;
use crate::frame::Section;
use crate::paths;
use crate::record_form::{entered, faults, parts};
use crate::view::message::What;
use crate::view::register::{Change, RecordForm};
use axum::http::StatusCode;
use cpis_app::AppError;
use cpis_app::organisations::{self, Edit};
use cpis_model::organisation_record::{Record, RecordKind};
use cpis_model::record_text::Text;
use serde_json::{Map, Value};

/// What stands in a form.
struct Draft {
    kind: RecordKind,
    /// The code and version of the record that is changed; none for a new one.
    of: Option<(String, u32)>,
    object: Map<String, Value>,
    reason: String,
}

pub(in crate::handlers) fn new(visit: &Visit<'_>) -> Answer {
    let draft = Draft { kind: kind(visit)?, of: None, object: Map::new(), reason: String::new() };
    page(visit, draft, StatusCode::OK, Faults::default(), Vec::new())
}

pub(in crate::handlers) fn change(visit: &Visit<'_>) -> Answer {
    let (kind, code) = (kind(visit)?, code(visit)?);
    let register = visit.web().register();
    let held = register.record(kind, &code).ok_or(Stop::Say(What::NotFound))?;
    let Value::Object(object) = held.record.json() else { return Err(Stop::Failed("record".to_owned())) };
    let draft = Draft { kind, of: Some((code, held.version)), object, reason: String::new() };
    page(visit, draft, StatusCode::OK, Faults::default(), Vec::new())
}

fn page(visit: &Visit<'_>, draft: Draft, status: StatusCode, faults: Faults, meanwhile: Vec<Change>) -> Answer {
    let parts = parts(draft.kind, &draft.object, draft.of.is_none());
    let (code, version) = draft.of.unzip();
    let page = RecordForm {
        page: visit.frame(Section::Register),
        kind: draft.kind,
        code,
        version: version.unwrap_or_default(),
        parts,
        reason: draft.reason,
        meanwhile,
        faults,
    };
    rendered(status, &page)
}

/// Saves a record. A form without a version makes a new one.
pub(in crate::handlers) async fn save(visit: &mut Visit<'_>) -> Answer {
    let kind = kind(visit)?;
    let version: Option<u32> = visit.field("version").parse().ok();
    let of = version.map(|version| (visit.field("code").trim().to_owned(), version));
    let object = entered(kind, |id| visit.field(id));
    let draft = Draft { kind, of, object, reason: visit.field("reason").chars().take(500).collect() };
    let record = Record::from_json(Value::Object(draft.object.clone()).to_string().as_bytes());
    let mut found = match &record {
        Ok(record) if version.is_none() && is_held(visit, record) => {
            Faults::default().with("code", "Code: the register has it already. Search for it and change it there")
        }
        Ok(_) => Faults::default(),
        Err(error) => faults(kind, error, &parts(kind, &draft.object, version.is_none())),
    };
    let why: Option<Text> = draft.reason.parse().ok();
    if why.is_none() {
        found = found.with("reason", "Say why you make this change, in 1 to 200 characters");
    }
    let (Ok(record), Some(why), true) = (record, why, found.is_empty()) else {
        return page(visit, draft, StatusCode::UNPROCESSABLE_ENTITY, found, Vec::new());
    };
    let expected = version.unwrap_or_default();
    let address = format!("{}/{}/{}", paths::REGISTER, kind.code(), record.code());
    let code = record.code().to_owned();
    match organisations::change(&visit.web().service, visit.caller()?, Edit { record, expected }, &why).await {
        Ok(now) if now == expected => Ok(to(&address)),
        Ok(_) => Ok(to(&format!("{address}?saved=yes"))),
        Err(AppError::Conflict) => conflict(visit, draft, code, expected).await,
        Err(error) => Err(error.into()),
    }
}

fn is_held(visit: &Visit<'_>, record: &Record) -> bool {
    visit.web().register().record(record.kind(), record.code()).is_some()
}

/// Somebody else was first: what they changed is shown beside what was entered, and the form is now one of their version.
async fn conflict(visit: &Visit<'_>, draft: Draft, code: String, expected: u32) -> Answer {
    let versions = organisations::history(&visit.web().service, visit.caller()?, draft.kind, &code).await?;
    let register = visit.web().register();
    let newer = versions.iter().filter(|version| version.version > expected);
    let meanwhile = newer.map(|version| told(version, draft.kind, &register)).collect();
    let version = versions.first().map_or(0, |version| version.version);
    let draft = Draft { of: Some((code, version)), ..draft };
    let faults = Faults::default().with("meanwhile", "Somebody else changed this record while you did");
    page(visit, draft, StatusCode::CONFLICT, faults, meanwhile)
}
