//! Message 06 against the example of the specification, and names of all kinds.

use super::compact;
use super::notification_schema::{at, faults, tree};
use crate::{InactiveNumber, InactiveNumbers, inactive_numbers_xml};
use cpis_model::nhs_number::NhsNumber;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

const EXAMPLE: &str = include_str!("../../tests/golden/inactive_numbers.xml");

fn written(name: &str, numbers: &[InactiveNumber]) -> Option<String> {
    let notification = InactiveNumbers {
        id: "c07a5e19-1d2b-4f38-a6c4-7b9e0d3f8106".parse().unwrap(),
        made: "2026-03-05T02:00:00Z".parse().unwrap(),
        authority: "999".parse().unwrap(),
        authority_name: name,
        numbers,
    };
    inactive_numbers_xml(&notification).map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn the_example_of_the_specification_is_written() {
    assert_eq!(faults(EXAMPLE.as_bytes()), Vec::<String>::new());
    let numbers = [
        InactiveNumber {
            number: "9990000042".parse().unwrap(),
            local_id: Some("EX-000104".into()),
            replaced_by: vec!["9990000050".parse().unwrap()],
            upload: Some(1042),
        },
        InactiveNumber {
            number: "9990000069".parse().unwrap(),
            local_id: None,
            replaced_by: Vec::new(),
            upload: Some(1040),
        },
    ];
    let text = written("EXAMPLESHIRE COUNTY COUNCIL", &numbers).unwrap();
    assert_eq!(compact(&text), compact(EXAMPLE));
}

#[test]
fn without_a_number_there_is_no_message() {
    assert_eq!(written("EXAMPLESHIRE COUNTY COUNCIL", &[]), None);
}

#[test]
fn what_is_not_known_is_left_out_or_said() {
    let number: NhsNumber = "9990000042".parse().unwrap();
    let numbers = [InactiveNumber { number, local_id: None, replaced_by: vec![number, number], upload: None }];
    let text = written(" ", &numbers).unwrap();
    assert_eq!(faults(text.as_bytes()), Vec::<String>::new(), "{text}");
    assert!(text.contains("extension=\"999\"/><name>999</name>"), "{text}");
    assert!(text.contains("<lAUploadFile><value extension=\"-1\"/></lAUploadFile>"), "{text}");
    assert!(text.contains("<id extension=\"9990000042\"/><id extension=\"9990000042\"/></newVersion>"), "{text}");
}

#[test]
fn the_checker_of_the_tests_keeps_to_the_schema() {
    for (from, to, expected) in [
        ("<pDSInactivePatient>", "<pDSInactivePatient classCode=\"PAT\">", "Attribute"),
        ("<newVersion><id", "<newVersion><id root=\"2.16.840.1.113883.2.1.4.1\"", "Attribute"),
        ("<newVersion><id extension=\"9990000050\"/></newVersion>", "<newVersion/>", "Missing"),
        ("<subjectOf>", "<replacedBy/><subjectOf>", "TooMany"),
        ("extension=\"EX-000104\"", "", "Missing"),
        ("999:EXAMPLE", "EXAMPLE", "id: 2.16.840.1.113883.2.1.3.2.4.18.24"),
        ("<name>EXAMPLESHIRE COUNTY COUNCIL</name>", "", "Missing"),
    ] {
        assert!(EXAMPLE.contains(from), "{from}");
        let found = faults(EXAMPLE.replacen(from, to, 1).as_bytes());
        assert!(found.iter().any(|fault| fault.starts_with(expected)), "{to}: {found:?}");
    }
    let start = EXAMPLE.find("<subject>").unwrap();
    let without = format!("{}</CP-ISInactiveNHSNumberNotification>", &EXAMPLE[..start]);
    assert_eq!(faults(without.as_bytes()), ["Missing"]);
}

proptest! {
    #[test]
    fn whatever_the_names_are_the_document_is_that_of_the_schema(
        name in any::<String>(),
        list in vec((option::of(any::<String>()), vec(999_000_000u64..=999_999_990, 1..4), option::of(any::<u64>())), 1..5),
    ) {
        let complete = |nine: u64| (nine..).find_map(NhsNumber::from_first_nine).unwrap();
        let numbers: Vec<InactiveNumber> = list
            .into_iter()
            .map(|(local_id, nines, upload)| {
                let mut all: Vec<NhsNumber> = nines.into_iter().map(complete).collect();
                let number = all.remove(0);
                InactiveNumber { number, local_id, replaced_by: all, upload }
            })
            .collect();
        let text = written(&name, &numbers).unwrap();
        prop_assert_eq!(faults(text.as_bytes()), Vec::<String>::new(), "{}", text);
        let tree = tree(text.as_bytes());
        prop_assert_eq!(at(&tree, &[]).named("subject").count(), numbers.len());
    }
}
