//! Tests of the whole crate: a table for each rule, traps, hostile files, round trips.

mod corpus;
mod faults;
mod files;
mod hostile;
mod round_trip;

use crate::{Table, read};
use cpis_model::upload::FileFault;
use cpis_model::upload::Sender;
use std::fmt::Write;

/// The headings that a table must have, and the dates and numbers that it may.
pub(crate) const HEAD: &str = "nhs_number,given,family,birth_date,plan_type,start_date,end_date,delete_date,local_id,\
                               emergency_phone,office_phone\n";
/// A row without fault.
pub(crate) const ROW: &str = "9990000018,Robin,Testcase,4/4/2017,CPP,12/1/2026,,,,02079460001,\n";

pub(crate) fn sender() -> Sender {
    let name = "City of London".to_owned();
    Sender { authority: "714".parse().unwrap(), name, emergency: None, office: None }
}

pub(crate) fn taken(bytes: &[u8]) -> Result<Table, FileFault> {
    read(bytes, &sender(), &mut |_, _| {})
}

/// What became of a file, a line for each record, fault and note.
pub(crate) fn outcome(bytes: &[u8]) -> String {
    let mut text = String::new();
    match taken(bytes) {
        Ok(table) => {
            for record in &table.records {
                let person = &record.person;
                let _ = write!(text, "{} {:?} {}", record.position, record.subject, person.number.digits());
                let _ = write!(text, " {:?} {:?}", person.name.given, person.name.family);
                let _ = write!(text, " {} {}", person.birth, person.local_id.as_deref().unwrap_or("-"));
                for plan in &record.plans {
                    let day = |day: Option<cpis_model::Date>| day.map_or("-".to_owned(), |day| day.to_string());
                    let dates = plan.dates;
                    let _ =
                        write!(text, " {} {}/{}/{}", plan.kind.code(), dates.start, day(dates.end), day(dates.delete));
                }
                text.push('\n');
            }
            for fault in &table.faults {
                let detail = fault.detail().map_or("-", cpis_model::codes::Detail::code);
                let _ = writeln!(text, "{} {detail} {fault}", fault.code().code());
            }
            for note in &table.notes {
                let _ = writeln!(text, "note: {note}");
            }
        }
        Err(fault) => {
            let _ = writeln!(text, "{}", if fault.too_large { "too large" } else { "refused" });
            for (place, words) in fault.faults {
                let _ = writeln!(text, "{place}: {words}");
            }
        }
    }
    text
}
