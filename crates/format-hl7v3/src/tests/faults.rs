//! Faults by the table: each case of the golden texts is the specification's example with a text replaced.

use super::{UPLOAD, faults};
use crate::Mode;
use std::fmt::Write;

/// The part of the example from a start tag to its end tag, the n-th such from 1.
fn part(name: &str, number: usize) -> &'static str {
    let (start, _) = UPLOAD.match_indices(&format!("<{name}>")).nth(number - 1).unwrap();
    let end = format!("</{name}>");
    let length = UPLOAD[start..].find(&end).unwrap() + end.len();
    &UPLOAD[start..start + length]
}

/// Fills in what stands in braces.
fn filled(text: &str) -> String {
    let mut text = text.replace("\\n", "\n");
    for (word, name) in
        [("record", "record"), ("plan", "pertinentInformation"), ("subject", "subject"), ("person", "childPerson")]
    {
        for number in 1..=3 {
            let key = format!("{{{word}{number}}}");
            if text.contains(&key) {
                text = text.replace(&key, part(name, number));
            }
        }
    }
    text.replace("{sender}", part("communicationFunctionSnd", 1))
        .replace("{name1}", part("name", 2))
        .replace("{x201}", &"x".repeat(201))
        .replace("{e201}", &"é".repeat(201))
        .replace("{x65}", &"x".repeat(65))
        .replace("{y65}", &"y".repeat(65))
}

/// Runs a table; the outcome of all cases is compared at once.
pub(super) fn check(table: &str, mode: Mode) -> usize {
    let (comment, cases) = table.split_once("\ncase ").unwrap();
    let mut actual = comment.to_owned();
    for case in cases.split("\ncase ") {
        let input = case.lines().take_while(|line| !line.starts_with('>')).collect::<Vec<_>>();
        let _ = write!(actual, "\ncase {}", input.join("\n").trim_end());
        let mut upload = UPLOAD.to_owned();
        for pair in input[1..].chunks_exact(2) {
            let text = |line: &str| filled(line[2..].trim_matches('|'));
            let (from, to) = (text(pair[0]), text(pair[1]));
            assert!(upload.contains(&from), "{}: {from}", input[0]);
            upload = upload.replacen(&from, &to, 1);
        }
        for line in faults(upload.as_bytes(), mode).lines() {
            let _ = write!(actual, "\n> {line}");
        }
        actual.push('\n');
    }
    assert!(actual == table, "{actual}");
    cases.split("\ncase ").count()
}

#[test]
fn faults_of_heads_are_all_named_with_their_places() {
    assert!(check(include_str!("../../tests/golden/faults_of_heads.txt"), Mode::Lenient) >= 25);
}

#[test]
fn faults_of_records_are_all_named_with_their_places() {
    assert!(check(include_str!("../../tests/golden/faults_of_records.txt"), Mode::Lenient) >= 60);
}
