//! Tests of the whole crate: golden files, tables of bad inputs, hostile documents, round trips.

mod access_notification;
mod acknowledgement;
mod corpus;
mod faults;
mod golden;
mod hostile;
mod inactive_number;
mod lenient;
mod notification_schema;
mod round_trip;
mod soap_answer;
mod soap_query;
mod soap_schema;
mod strict;

use crate::{Mode, decode};
use cpis_model::upload::Rejection;
use std::fmt::Write;

/// The worked example of spec/hl7v3.md 9.1; all in it is made up.
pub(crate) const UPLOAD: &str = include_str!("../tests/golden/upload.xml");

/// The example with a text in it replaced wherever it stands.
pub(crate) fn changed(from: &str, to: &str) -> String {
    assert!(UPLOAD.contains(from), "{from}");
    UPLOAD.replace(from, to)
}

/// A document without its lines' ends and indents.
pub(crate) fn compact(text: &str) -> String {
    text.lines().map(str::trim).collect()
}

/// What became of a file, a line for each record, fault and rejection.
pub(crate) fn outcome(bytes: &[u8], mode: Mode) -> String {
    let mut text = String::new();
    match decode(bytes, mode) {
        Ok(decoded) => {
            for record in &decoded.records {
                let person = &record.person;
                let _ = write!(text, "{} {:?} {}", record.position, record.subject, person.number.digits());
                let _ = write!(text, " {:?} {:?}", person.name.given, person.name.family);
                let _ = write!(text, " {} {}", person.birth, person.local_id.as_deref().unwrap_or("-"));
                for plan in &record.plans {
                    let day = |day: Option<cpis_model::Date>| day.map_or("-".to_owned(), |day| day.to_string());
                    let dates = plan.dates;
                    let _ = write!(text, " {} {}", plan.kind.code(), dates.start);
                    let _ = write!(text, "/{}/{}", day(dates.end), day(dates.delete));
                }
                text.push('\n');
            }
            decoded.rejections.iter().for_each(|rejection| line(&mut text, rejection));
        }
        Err(fault) => {
            let size = if fault.too_large { "too large" } else { "refused" };
            let _ = writeln!(text, "{size} {}", fault.sequence.map_or("-".to_owned(), |number| number.to_string()));
            for (place, words) in fault.faults {
                let _ = writeln!(text, "{place}: {words}");
            }
        }
    }
    text
}

fn line(text: &mut String, rejection: &Rejection) {
    let detail = rejection.detail.map_or("", cpis_model::codes::Detail::code);
    let _ = writeln!(text, "{} {} {}", rejection.code.code(), detail, rejection.location);
}

/// The lines of an outcome that tell of faults.
pub(crate) fn faults(bytes: &[u8], mode: Mode) -> String {
    let all = outcome(bytes, mode);
    let good = |line: &&str| !line.contains(" Child ") && !line.contains(" Unborn ");
    all.lines().filter(good).collect::<Vec<_>>().join("\n")
}
