//! What is written is read as it was, and whatever the bytes, reading ends.

use super::{HEAD, ROW, taken};
use crate::TableWriter;
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::Contact;
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::upload::{Person, Record, SubjectKind, UploadedPlan};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn day() -> impl Strategy<Value = cpis_model::Date> {
    (1900i16..=2099, 1i8..=12, 1i8..=28).prop_map(|(year, month, day)| cpis_model::Date::new(year, month, day).unwrap())
}

fn record() -> impl Strategy<Value = Record> {
    let name = "[A-Za-zÀ-ÿ][a-z'<,;\" ]{0,30}[a-zŁ李]";
    let person =
        (999_000_000u64..=999_999_990, name, name, day(), option::of("[A-Z/&<>'\",;][A-Z0-9/&<>'\",;-]{0,40}"));
    let dates = (day(), option::of(day()), option::of(day()), day());
    (person, dates, 0usize..3).prop_map(|((nine, given, family, birth, local_id), (start, end, delete, due), kind)| {
        let kind = PlanKind::ALL[kind];
        let unborn = kind == PlanKind::Unborn;
        let end = if unborn { end.or(Some(due)) } else { end };
        let name = PersonName::new(&given, &family);
        let number = (nine..).find_map(NhsNumber::from_first_nine).unwrap();
        Record {
            position: 0,
            subject: if unborn { SubjectKind::Unborn } else { SubjectKind::Child },
            person: Person { number, local_id, name, birth },
            plans: vec![UploadedPlan { kind, dates: PlanDates { start, end, delete } }],
        }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(
        list in vec(record(), 1..8), emergency in "\\+[0-9]{3,19}", office in option::of("0[0-9]{3,19}"),
    ) {
        let office = office.map(|office| office.parse().unwrap());
        let contact = Contact { emergency: emergency.parse().unwrap(), office };
        let mut writer = TableWriter::new(Some(&contact));
        let expected: Vec<Record> = (2u32..).zip(list).map(|(position, record)| Record { position, ..record }).collect();
        let mut bytes = Vec::new();
        for record in &expected {
            writer.record(record);
            bytes.append(&mut writer.take());
        }
        let table = taken(&bytes).unwrap();
        prop_assert_eq!(&table.faults, &[]);
        prop_assert!(table.records == expected, "records differ");
        prop_assert_eq!(table.contact, Some(contact));
        prop_assert_eq!(table.notes, []);
    }

    #[test]
    fn bytes_of_any_kind_never_panic_and_no_row_is_lost(
        bytes in vec(any::<u8>(), 0..200), noise in "[\"',;\\t\r\n#=+@0-9Ea-z./:é-]{0,200}",
    ) {
        for bytes in [bytes.as_slice(), noise.as_bytes(), format!("{HEAD}{ROW}{noise}").as_bytes(), format!("{HEAD}{noise}").as_bytes()] {
            if let Ok(table) = taken(bytes) {
                let mut lines: Vec<u32> = table.records.iter().map(|record| record.position).collect();
                lines.extend(table.faults.iter().map(|fault| fault.line));
                lines.sort_unstable();
                lines.dedup();
                prop_assert_eq!(lines.len(), table.count as usize);
            }
        }
    }
}
