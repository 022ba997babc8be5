//! The register of organisations for an operator: the search, and one record with its history.

pub(super) mod change;
pub(super) mod import;

use crate::door::{Answer, Stop, Visit, rendered, role_of};
use crate::form::Faults;
use crate::frame::Section;
use crate::record_fields::{label, place, said};
use crate::record_form::rows;
use crate::view::Pages;
use crate::view::message::What;
use crate::view::register::{Change, ChangedField, RegisterList, RegisterRecord, Row};
use crate::{paths, words};
use axum::http::StatusCode;
use cpis_app::organisations::{self, PAGE_MAX, Version};
use cpis_model::Date;
use cpis_model::caller::{Caller, Who};
use cpis_model::organisation_json::Difference;
use cpis_model::organisation_record::{Period, Record, RecordKind};
use cpis_model::record_text::Text;
use cpis_model::register::Register;
use cpis_model::time::london_day;

pub(super) async fn list(visit: &mut Visit<'_>) -> Answer {
    let kind: RecordKind = visit.field("kind").parse().unwrap_or(RecordKind::Site);
    let query: String = visit.field("q").trim().chars().take(200).collect();
    let number = visit.field("page").parse::<usize>().unwrap_or(1).max(1);
    let found = organisations::search(&visit.web().service, visit.caller()?, &query, Some(kind), number - 1).await?;
    let total = found.total.div_ceil(PAGE_MAX);
    let address = |number: usize| {
        let mut fields = form_urlencoded::Serializer::new(String::new());
        fields.append_pair("kind", kind.code()).append_pair("q", &query).append_pair("page", &number.to_string());
        format!("{}?{}", paths::REGISTER, fields.finish())
    };
    let today = london_day(visit.now);
    let row = |record: &Record| Row {
        code: record.code().to_owned(),
        name: record.name().to_string(),
        detail: detail(record),
        state: state(record.about().period, today),
    };
    let page = RegisterList {
        page: visit.frame(Section::Register),
        kind,
        found: found.total,
        rows: found.records.iter().map(|held| row(&held.record)).collect(),
        pages: Pages {
            number,
            total,
            previous: (number > 1).then(|| address(total.max(1).min(number - 1))),
            next: (number < total).then(|| address(number + 1)),
        },
        query,
        forms_without_fault: Faults::default(),
    };
    rendered(StatusCode::OK, &page)
}

/// What the list says of a record beside name and code.
fn detail(record: &Record) -> String {
    let text = |text: &Option<Text>| text.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default();
    match record {
        Record::Authority(authority) => text(&authority.region),
        Record::Provider(provider) => text(&provider.kind),
        Record::Site(site) => site.setting.name().to_owned(),
        Record::Supplier(supplier) => supplier.email.as_ref().map(ToString::to_string).unwrap_or_default(),
        Record::System(system) => system.supplier.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

fn state(period: Period, today: Date) -> String {
    match period {
        Period { until: Some(until), .. } if until < today => format!("Ended {}", words::day(until)),
        Period { from: Some(from), .. } if from > today => format!("In use from {}", words::day(from)),
        Period { until: Some(until), .. } => format!("In use until {}", words::day(until)),
        Period { .. } => "In use".to_owned(),
    }
}

/// The kind that an address names.
fn kind(visit: &Visit<'_>) -> Result<RecordKind, Stop> {
    visit.places.get("kind").and_then(|kind| kind.parse().ok()).ok_or(Stop::Say(What::NotFound))
}

/// The code that an address names.
fn code(visit: &Visit<'_>) -> Result<String, Stop> {
    visit.places.get("code").cloned().ok_or(Stop::Say(What::NotFound))
}

pub(super) async fn one(visit: &mut Visit<'_>) -> Answer {
    let (kind, code) = (kind(visit)?, code(visit)?);
    let versions = organisations::history(&visit.web().service, visit.caller()?, kind, &code).await?;
    let register = visit.web().register();
    let held = register.record(kind, &code).ok_or(Stop::Say(What::NotFound))?;
    let page = RegisterRecord {
        page: visit.frame(Section::Register),
        kind,
        name: held.record.name().to_string(),
        rows: rows(&held.record, &register),
        history: versions.iter().map(|version| told(version, kind, &register)).collect(),
        saved: visit.field("saved") == "yes",
        code,
    };
    rendered(StatusCode::OK, &page)
}

/// A version as the history tells it.
fn told(version: &Version, kind: RecordKind, register: &Register) -> Change {
    Change {
        at: version.at,
        who: who(&version.caller),
        parts: changed(&version.differences, kind, register),
        reason: version.why.clone(),
    }
}

fn who(caller: &Caller) -> String {
    match &caller.who {
        Who::Person(staff) => format!("{}, {}", staff.name, role_of(caller)),
        Who::System { client } => client.to_string(),
        Who::Device(device) => device.asid.to_string(),
    }
}

/// Fields that differ, in people's words.
fn changed(differences: &[Difference], kind: RecordKind, register: &Register) -> Vec<ChangedField> {
    let say = |path: &str, value: Option<&String>| {
        let Some(value) = value else { return String::new() };
        place(kind, path).map_or_else(|| value.clone(), |place| said(place.field.shape, value, register))
    };
    // A record keeps its kind; a new one has it from the page's heading.
    let differences = differences.iter().filter(|one| one.field != "kind");
    let one = |one: &Difference| ChangedField {
        field: label(kind, &one.field),
        before: say(&one.field, one.before.as_ref()),
        after: say(&one.field, one.after.as_ref()),
    };
    differences.map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_in_use_from_its_first_to_its_last_day() {
        let day = |text: &str| text.parse::<Date>().ok();
        for (from, until, expected) in [
            ("", "", "In use"),
            ("2026-11-25", "", "In use"),
            ("2026-11-26", "", "In use from 26 November 2026"),
            ("2026-11-26", "2026-12-01", "In use from 26 November 2026"),
            ("", "2026-11-25", "In use until 25 November 2026"),
            ("2020-01-01", "2026-11-24", "Ended 24 November 2026"),
        ] {
            let period = Period { from: day(from), until: day(until) };
            assert_eq!(state(period, day("2026-11-25").unwrap()), expected, "{from} to {until}");
        }
    }
}
