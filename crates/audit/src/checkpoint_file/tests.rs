//! Tests of `checkpoint_file`: published vectors, tables and properties.

use super::*;
use crate::key::SigningKey;
use crate::leaf::rfc6962_leaf;

const ORIGIN: &str = "cpis.example/log";

fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[9; 32]).unwrap()
}

fn keys() -> [VerifyingKey; 1] {
    [key().verifying_key().clone()]
}

fn record(size: u64) -> String {
    file_record(&Checkpoint::new(ORIGIN, size, rfc6962_leaf(&size.to_be_bytes())).sign(&key()).unwrap())
}

fn sizes(text: &str) -> Vec<Result<u64, String>> {
    let show = |record: Result<Checkpoint, FileFault>| record.map(|one| one.size).map_err(|fault| fault.to_string());
    read_file(text, &keys()).map(show).collect()
}

#[test]
fn records_come_in_order() {
    let text = record(1) + &record(2) + &record(3);
    let read: Vec<u64> = parse_file(&text, &keys()).unwrap().iter().map(|one| one.size).collect();
    assert_eq!(read, [1, 2, 3]);
    assert_eq!(whole_records(&text), text.len());
    assert_eq!(parse_file("", &keys()), Ok(vec![]));
    // spare blank lines, and none at the end, do no harm
    let loose = format!("\n\n{}\n\n{}", record(1), record(2).trim_end_matches("\n\n"));
    assert_eq!(sizes(&format!("{loose}\n")), [Ok(1), Ok(2)]);
}

#[test]
fn every_fault_is_named_with_its_line() {
    let forged = record(2).replace("\n2\n", "\n22\n");
    let text = format!("{}{forged}{}line\n\n{}\u{2014} a AAAA\n\n{}", record(1), record(3), record(4), record(5));
    let bad = |line: u32, what: &str| Err(format!("line {line}: {what}"));
    assert_eq!(
        sizes(&text),
        [
            Ok(1),
            bad(7, "the signature on the checkpoint does not hold"),
            Ok(3),
            bad(19, "the checkpoint is malformed: there are no signature lines"),
            Ok(4),
            bad(27, "the checkpoint is malformed: signature lines stand alone"),
            Ok(5),
        ]
    );
    assert_eq!(parse_file(&text, &keys()).unwrap_err().len(), 3);
}

#[test]
fn a_blank_line_too_many_within_a_record_is_a_fault() {
    let text = record(1).replace("\n\n\u{2014}", "\n\n\n\u{2014}") + &record(2);
    assert_eq!(sizes(&text), [Err("line 1: the signature on the checkpoint does not hold".to_owned()), Ok(2)]);
}

#[test]
fn a_torn_end_is_told_from_a_forgery_wherever_it_was_torn() {
    let (whole, last) = (record(1) + &record(2), record(3));
    for (cut, _) in last.char_indices().skip(1) {
        let text = format!("{whole}{}", &last[..cut]);
        assert_eq!(whole_records(&text), whole.len(), "{cut}");
        if cut == last.len() - 1 {
            assert_eq!(sizes(&text), [Ok(1), Ok(2), Ok(3)]);
        } else {
            let unfinished = Err("line 13: the checkpoint is unfinished".to_owned());
            assert_eq!(sizes(&text), [Ok(1), Ok(2), unfinished], "{cut}: {:?}", &last[..cut]);
        }
    }
}
