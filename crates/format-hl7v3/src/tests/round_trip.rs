//! What is written is read as it was, in both modes.

use crate::{FileWriter, Mode, decode, encode_file, head, record_bytes};
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::Contact;
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::upload::{Header, Person, Record, SubjectKind, UploadedPlan};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn day() -> impl Strategy<Value = cpis_model::Date> {
    (1900i16..=2099, 1i8..=12, 1i8..=28).prop_map(|(year, month, day)| cpis_model::Date::new(year, month, day).unwrap())
}

fn person() -> impl Strategy<Value = Person> {
    let name = "[A-Za-zÀ-ÿ'<>&\" -]{0,30}[A-Za-zŁ李]";
    (999_000_000u64..=999_999_990, name, name, day(), option::of("[A-Z0-9/&<>'\"-]{1,40}")).prop_map(
        |(nine, given, family, birth, local_id)| Person {
            number: (nine..).find_map(NhsNumber::from_first_nine).unwrap(),
            local_id,
            name: PersonName::new(&given, &family),
            birth,
        },
    )
}

fn plan(kind: PlanKind) -> impl Strategy<Value = UploadedPlan> {
    (day(), option::of(day()), option::of(day()), day()).prop_map(move |(start, end, delete, due)| {
        let end = if kind == PlanKind::Unborn { end.or(Some(due)) } else { end };
        UploadedPlan { kind, dates: PlanDates { start, end, delete } }
    })
}

fn subjects() -> impl Strategy<Value = Vec<Record>> {
    let child = (person(), plan(PlanKind::ChildProtection), plan(PlanKind::LookedAfter), 0..4);
    (option::of(child), person(), plan(PlanKind::Unborn), any::<bool>()).prop_map(|(child, mother, due, both)| {
        let mut list = Vec::new();
        let record = |subject, person, plans| Record { position: 0, subject, person, plans };
        let alone = child.is_none();
        if let Some((person, first, second, which)) = child {
            let plans = match which {
                0 => vec![first],
                1 => vec![second],
                2 => vec![second, first],
                _ => vec![first, second],
            };
            list.push(record(SubjectKind::Child, person, plans));
        }
        if alone || both {
            list.push(record(SubjectKind::Unborn, mother, vec![due]));
        }
        list
    })
}

fn file() -> impl Strategy<Value = (Header, Vec<Record>)> {
    let header = ("[0-9]{14}[+-][0-9]{4}", 1u64..=1_000_000_000_000, "[A-Z0-9]{2,12}", "[A-Z&<> ]{0,40}[A-Z]");
    let phones = ("\\+?[0-9]{3,20}", option::of("[0-9]{3,20}"));
    (header, phones, vec(subjects(), 1..8)).prop_map(|((created, sequence, code, name), (emergency, office), list)| {
        let contact =
            Contact { emergency: emergency.parse().unwrap(), office: office.map(|office| office.parse().unwrap()) };
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let declared_records = list.len() as u64;
        let records = (1u32..)
            .zip(list)
            .flat_map(|(position, list)| list.into_iter().map(move |record| Record { position, ..record }))
            .collect();
        (Header { created, sequence, declared_records, authority: code.parse().unwrap(), name, contact }, records)
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was((header, records) in file()) {
        let bytes = encode_file(&header, &records);
        for mode in [Mode::Lenient, Mode::Strict] {
            let decoded = decode(&bytes, mode).unwrap();
            prop_assert_eq!(&decoded.header, &header);
            prop_assert!(decoded.records == records, "records differ");
            prop_assert_eq!(decoded.rejections, []);
            prop_assert_eq!(u64::from(decoded.count), header.declared_records);
        }
        prop_assert_eq!(head(&bytes), Ok(header.clone()));
        // Returned records, put into a file again, are the records.
        let positions: Vec<u32> = (1..=header.declared_records as u32).collect();
        let mut again = FileWriter::new(&header).take();
        for (_, record) in record_bytes(&bytes, &positions) {
            again.extend_from_slice(&[b"<record><CP-ISRecord>", record.as_slice(), b"</CP-ISRecord></record>"].concat());
        }
        again.extend_from_slice(b"</File>");
        prop_assert!(decode(&again, Mode::Strict).unwrap().records == records, "returned records differ");
    }

    #[test]
    fn bytes_of_any_kind_never_panic(bytes in vec(any::<u8>(), 0..300), noise in "[<>/&;!\\[\\]?\"'=a-z: -]{0,200}") {
        for bytes in [bytes.as_slice(), noise.as_bytes(), format!("<File>{noise}</File>").as_bytes()] {
            let _ = (decode(bytes, Mode::Lenient), decode(bytes, Mode::Strict), head(bytes), record_bytes(bytes, &[1]));
        }
    }

    #[test]
    fn a_file_cut_or_changed_anywhere_never_panics(cut in 0usize..6000, byte in any::<u8>()) {
        let mut bytes = super::UPLOAD.as_bytes().to_vec();
        let cut = cut % bytes.len();
        bytes[cut] = byte;
        for bytes in [&super::UPLOAD.as_bytes()[..cut], &bytes] {
            let _ = (decode(bytes, Mode::Lenient), decode(bytes, Mode::Strict), head(bytes), record_bytes(bytes, &[1, 3]));
        }
        prop_assert!(decode(&super::UPLOAD.as_bytes()[..cut], Mode::Lenient).is_err());
    }
}
