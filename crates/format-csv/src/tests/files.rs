//! Files as different programs save them: encodings, separators, line ends, headings.

use super::{HEAD, ROW, outcome, sender, taken};
use crate::{Note, read, template};
use expect_test::expect;

const NAMES: &str =
    "NHS No.;Forename(s);Surname;D.O.B. (dd/mm/yyyy);Plan;Start\n9990000018;Zoë;Núñez;4/4/2017;CPP;12/1/2026\n";
const READ: &str = "2 Child 9990000018 \"Zoë\" \"Núñez\" 2017-04-04 - CPP 2026-01-12/-/-\n";

fn utf_16(text: &str, little: bool) -> Vec<u8> {
    let mark = std::iter::once(0xFEFF);
    mark.chain(text.encode_utf16())
        .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
        .collect()
}

#[test]
fn every_encoding_gives_the_same() {
    let windows: Vec<u8> = NAMES.chars().map(|c| c as u8).collect();
    for (bytes, guessed) in [
        (NAMES.as_bytes().to_vec(), false),
        (["\u{feff}", NAMES].concat().into_bytes(), false),
        (utf_16(NAMES, true), false),
        (utf_16(NAMES, false), false),
        (windows, true),
    ] {
        let told = outcome(&bytes);
        assert!(told.starts_with(READ), "{told}");
        assert_eq!(told.contains("read as Windows-1252"), guessed, "{told}");
    }
}

#[test]
fn every_separator_and_line_end_gives_the_same() {
    for separator in [",", ";", "\t"] {
        for end in ["\n", "\r\n", "\r"] {
            let text = NAMES.replace(';', separator).replace('\n', end);
            for text in [text.clone(), text.trim_end().to_owned(), format!("{end}{text}{end} {end}")] {
                let told = outcome(text.as_bytes()).replacen("3 Child", "2 Child", 1);
                assert!(told.starts_with(READ), "{separator:?} {end:?} {told}");
            }
        }
    }
    let named = outcome(format!("sep=;\n{NAMES}").as_bytes());
    assert!(named.starts_with(&READ.replace("2 Child", "3 Child")), "{named}");
}

#[test]
fn headings_stand_in_any_order_and_lines_count_as_they_are_seen() {
    let text = "# a remark, with a comma\r\nStart,Social worker,\"Family\r\nname\",given,=x,DOB,Type,NHS NUMBER,\r\n\
                12/1/2026,\"one, \"\"two\"\"\r\nthree\",Testcase,Robin,,4/4/2017,CPP,9990000018,\r\n,,,,,,,,\r\n\r\n\
                2/2/2026,,Sample,,,4/4/2017,LAC,9990000026,\r\n";
    expect![[r#"
        4 Child 9990000018 "Robin" "Testcase" 2017-04-04 - CPP 2026-01-12/-/-
        CPR07 D01 line 8, given: nothing. Fill in the cell.
        note: column B (Social worker) is not read
        note: column E is not read: its heading is not known
        note: no row has an emergency_phone: the number that is registered for the authority is used
    "#]]
    .assert_eq(&outcome(text.as_bytes()));
}

#[test]
fn blanks_around_quotation_marks_do_not_count() {
    let row = "9990000018, \"Robin\" ,  \"Test, case\",4/4/2017,CPP, \"12/1/2026\"\n";
    let table = taken(format!("{HEAD}{row}").as_bytes()).unwrap();
    assert!(table.faults.is_empty() && table.records[0].person.name.family == "Test, case");
}

#[test]
fn a_row_that_was_taken_out_by_a_mark_is_told() {
    let told = outcome(format!("# before the headings\n{HEAD}{ROW}# {ROW}#\t{ROW}").as_bytes());
    assert!(told.ends_with("note: 2 lines begin with # and were passed over\n"), "{told}");
}

#[test]
fn missing_and_doubled_headings_refuse_the_file_all_at_once() {
    let text = "DOB,given,Date of birth,end,Due date,plan\n4/4/2017,Robin,4/4/2017,,,CPP\n";
    expect![[r"
        refused
        line 1, nhs_number: this column is missing
        line 1, family: this column is missing
        line 1, birth_date: several columns have this heading: A, C
        line 1, start_date: this column is missing
        line 1, end_date: several columns have this heading: D, E
    "]]
    .assert_eq(&outcome(text.as_bytes()));
}

#[test]
fn the_template_is_read_without_a_fault_even_after_a_spreadsheet_saved_it() {
    let told = outcome(template().as_bytes());
    expect![[r#"
        15 Child 9990000018 "Robin" "Testcase" 2017-04-04 C-1001 CPP 2026-01-12/-/-
        16 Child 9990000018 "Robin" "Testcase" 2017-04-04 C-1001 LAC 2026-03-02/-/-
        17 Child 9990000026 "Sam Alex" "O'Example" 2012-11-30 C-1002 LAC 2025-06-01/2026-02-20/-
        18 Unborn 9990000034 "Mary" "Sample" 1998-06-11 M-2001 UCPP 2026-02-01/2026-09-30/-
    "#]]
    .assert_eq(&told);
    let saved = template().replace("\"\r\n", "\",,,,,,,,,,\r\n");
    assert_eq!(outcome(saved.as_bytes()), told);
    for line in template().lines().filter(|line| line.starts_with("\"#")) {
        assert!(!line.trim_matches('"').contains('"'), "{line}");
    }
}

#[test]
fn a_files_own_numbers_come_before_the_registered_ones() {
    let registered =
        cpis_model::upload::Sender { emergency: "101".parse().ok(), office: "102".parse().ok(), ..sender() };
    let contact = |text: &str| {
        let table = read(text.as_bytes(), &registered, &mut |_, _| {}).unwrap();
        let decoded = table.into_decoded(7, "20260301120000+0000".to_owned()).unwrap();
        let contact = decoded.header.contact;
        (contact.emergency.as_str().to_owned(), contact.office.map(|office| office.as_str().to_owned()))
    };
    assert_eq!(contact(&[HEAD, ROW].concat()), ("02079460001".to_owned(), Some("102".to_owned())));
    assert_eq!(contact(NAMES), ("101".to_owned(), Some("102".to_owned())));
    let table = taken(NAMES.as_bytes()).unwrap();
    assert!(table.notes.contains(&Note::RegisteredNumber));
    let fault = table.into_decoded(7, String::new()).unwrap_err();
    assert_eq!(fault.faults[0].0, "emergency_phone");
}

#[test]
fn a_table_is_an_upload_with_its_faults_as_rejections() {
    let text = format!("{HEAD}{ROW}9990000019,,B,4/4/2017,CPP,1/1/2026\n");
    let decoded = taken(text.as_bytes()).unwrap().into_decoded(3, "20260301".to_owned()).unwrap();
    let places: Vec<_> = decoded.rejections.iter().map(|one| (one.position, one.location.as_str())).collect();
    assert_eq!(places, [(3, "line 3, nhs_number"), (3, "line 3, given")]);
    assert_eq!((decoded.count, decoded.records.len(), decoded.header.declared_records), (2, 1, 2));
    assert_eq!((decoded.header.sequence, decoded.header.authority.to_string()), (3, "714".to_owned()));
}
