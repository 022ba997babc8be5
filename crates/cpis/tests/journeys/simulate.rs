//! `cpis simulate` as its user has it: against a small demo, ended early, and refused.

use crate::child::{Demo, Running, cpis, failed};
use serde_json::Value;

#[test]
fn the_demo_answers_two_seconds_of_a_winter_monday() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&folder.path().join("data"), folder.path());
    let (figures, page) = (folder.path().join("figures.json"), folder.path().join("page.html"));
    let ready = demo.ready_file.to_str().unwrap();
    let words = [
        "simulate",
        "--tokens",
        ready,
        "--date",
        "2027-01-11",
        "--from",
        "00:00",
        "--for",
        "2s",
        "--factor",
        "50",
        "--plans",
        "2200",
        "--timeout",
        "60s",
        "--p99-max",
        "60s",
        "--out",
        figures.to_str().unwrap(),
        "--report",
        page.to_str().unwrap(),
    ];
    let done = cpis(&words, "");
    assert_eq!(done.code, 0, "{} {}", done.out, done.err);
    assert!(done.out.contains("Good:") && done.out.contains("no record"), "{}", done.out);
    let told: Value = serde_json::from_slice(&std::fs::read(&figures).unwrap()).unwrap();
    let care = &told["doors"][0]["told"];
    let count = |name: &str| care[name].as_u64().unwrap();
    assert!(count("due") > 0 && told["planned"] == care["due"] && care["sent"] == care["due"], "{care}");
    assert_eq!(count("due"), count("record") + count("no_record"), "{care}");
    assert_eq!(told["doors"][1]["told"]["due"], care["record"], "who finds a record asks for its accesses");
    let page = std::fs::read_to_string(&page).unwrap();
    for (text, name) in [(&page, "page"), (&told.to_string(), "figures"), (&done.out, "words"), (&done.err, "aside")] {
        let digits = text.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() == 10 && run.starts_with("999"));
        assert!(!digits && !text.contains("eyJ"), "{name} holds a number or a token");
    }
    // A wrong answer fails whatever else is allowed: the demo was not filled from this England.
    let check = [&words[..], &["--check", "--made", "2026-11-28", "--errors-max", "100000"]].concat();
    let done = cpis(&check, "");
    assert!(done.code == 1 && done.out.contains("wrong:"), "{}", done.out);
    demo.end();
}

#[test]
fn an_end_that_is_asked_for_leaves_a_report_of_what_ran() {
    let folder = tempfile::tempdir().unwrap();
    let (tokens, figures) = (folder.path().join("tokens"), folder.path().join("figures.json"));
    std::fs::write(&tokens, "one\n").unwrap();
    let words = [
        "simulate",
        "--target",
        "http://127.0.0.1:9",
        "--tokens",
        tokens.to_str().unwrap(),
        "--scenario",
        "day",
        "--plans",
        "2200",
        "--for",
        "1h",
        "--errors-max",
        "100000",
        "--out",
        figures.to_str().unwrap(),
    ];
    let (running, _) = Running::start(&words, "looks in").unwrap();
    let (out, code) = running.end();
    assert!(code == 1 && out.contains("It was ended before its time"), "{out}");
    let told: Value = serde_json::from_slice(&std::fs::read(&figures).unwrap()).unwrap();
    assert_eq!(told["complete"], false);
}

#[test]
fn a_service_elsewhere_is_refused_and_tokens_are_no_argument() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "one\n").unwrap();
    let tokens = tokens.to_str().unwrap();
    let fault = failed(&["simulate", "--target", "https://cpis.example", "--tokens", tokens]);
    assert!(fault.code == 2 && fault.err.contains("is an attack"), "{}", fault.err);
    assert!(fault.err.contains("--i-run-this-service"), "{}", fault.err);
    assert_eq!(failed(&["simulate", "--target", "http://127.0.0.1:9"]).code, 2, "tokens are needed");
    assert_eq!(failed(&["simulate", "--token", "secret"]).code, 2);
}
