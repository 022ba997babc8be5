//! `cpis synth`: what it makes can be read by the commands that take it.

use crate::child::{cpis, failed};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const WORLD: [&str; 6] = ["--plans", "500", "--today", "2026-11-23", "--seed", "3"];

fn synth(words: &[&str]) -> Vec<String> {
    ["synth"].iter().chain(words).chain(&WORLD).map(|word| (*word).to_owned()).collect()
}

fn made(words: &[&str]) -> String {
    let words = synth(words);
    let done = cpis(&words.iter().map(String::as_str).collect::<Vec<_>>(), "");
    assert_eq!(done.code, 0, "{words:?}: {}", done.err);
    done.out
}

#[test]
fn a_day_is_printed_in_order_and_the_same_each_time() {
    let day = made(&["day", "--factor", "0.01"]);
    assert_eq!(day, made(&["day", "--factor", "0.01"]));
    let lines: Vec<Value> = day.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() > 200, "{}", lines.len());
    assert!(lines.is_sorted_by_key(|line| line["time"].as_str().unwrap().to_owned()));
    for line in &lines {
        assert!(line["nhs_number"].as_str().unwrap().starts_with("999"));
        assert!(line.get("has_plan").is_none() && line["site_name"].as_str().unwrap().len() > 3);
    }
    let answers = made(&["day", "--factor", "0.01", "--answers"]);
    assert!(answers.contains("\"has_plan\":true") && answers.contains("\"has_plan\":false"));
}

#[test]
fn a_reader_who_goes_away_ends_it_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cpis"))
        .args(synth(&["day", "--factor", "1"]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(line.ends_with("}\n") && done.status.success() && done.stderr.is_empty(), "{line} {:?}", done.status);
}

#[test]
fn the_register_and_a_spreadsheet_are_read_by_their_commands() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (table, data) = (path("register.csv"), path("data"));
    made(&["register", "--out", &table]);
    assert_eq!(cpis(&["keys", "init", "--data-dir", &data], "").code, 0);
    let imported = cpis(&["register", "import", &table, "--data-dir", &data], "");
    assert!(imported.code == 0 && imported.out.contains("people are in the local register"), "{}", imported.err);

    let (sheet, list) = (path("kent.csv"), path("faults.csv"));
    let file = ["authority-file", "--authority", "820", "--format", "csv", "--faults", "0%"];
    made(&[&file[..], &["--out", &sheet, "--faults-list", &list]].concat());
    let checked = cpis(&["csv", "check", &sheet, "--authority", "820"], "");
    assert!(checked.code == 0 || checked.out.contains("D16"), "{}", checked.out);
    assert!(std::fs::read_to_string(&list).unwrap().starts_with("record,place,code,detail,meaning,made\n"));
    let again = synth(&["register", "--out", &table]);
    let again = failed(&again.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(again.code == 2 && again.err.contains("Remove it, or choose another name."), "{}", again.err);
}

#[test]
fn what_cannot_be_made_is_refused_with_a_mend() {
    let unknown = failed(&["synth", "authority-file", "--authority", "XX999"]);
    assert!(unknown.code == 2 && unknown.err.contains("No authority has the code XX999"), "{}", unknown.err);
    for words in [
        &["synth", "day", "--plans", "1"][..],
        &["synth", "day", "--factor", "-1"],
        &["synth", "day", "--speed", "0"],
        &["synth", "authority-file", "--authority", "820", "--faults", "2"],
        &["synth", "authority-file", "--authority", "820", "--day", "366"],
    ] {
        assert_eq!(failed(words).code, 2, "{words:?}");
    }
}
