//! The list of log lines is written from the sources; each error says what to do.

use super::repository;
use super::source::{Use, text, uses};
use expect_test::expect_file;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Every error and the runbook that tells what to do.
const ERRORS: &[(&str, &str)] = &[
    ("a file was not sent; it lies in FAILED with the reason", "agent-stuck"),
    ("a group of entries was not written; its callers are told that we cannot tell", "cannot-tell"),
    ("a handler panicked", "cannot-tell"),
    ("a kept upload was not processed", "authority-silent"),
    ("a look could not be answered", "cannot-tell"),
    ("a look is answered without the list of accesses", "cannot-tell"),
    ("a message could not be applied and was set aside", "gateway-stuck"),
    ("a message could not be taken; it is tried again", "mailbox-stuck"),
    ("a message that was sent did not arrive", "mailbox-stuck"),
    ("a page could not be made", "cannot-tell"),
    ("a page failed", "cannot-tell"),
    ("a page panicked", "cannot-tell"),
    ("a record of the register is passed over", "verification-fails"),
    ("a request failed", "cannot-tell"),
    ("a request of MESH could not be answered", "mailbox-stuck"),
    ("a row of the local register does not open", "demographics-away"),
    ("a stored value cannot be read", "verification-fails"),
    ("a subscription is in error and gets nothing until it is asked for anew", "subscription-dead"),
    ("an authority was not told of its notices; it is tried again", "mailbox-stuck"),
    ("an e-mail address of an authority takes no letters: mend it in the register of organisations", "email-stuck"),
    ("an emergency account was used", "misuse"),
    ("an entry of a list of accesses cannot be read", "verification-fails"),
    ("an upload waits for demographics", "demographics-away"),
    ("an upload was not processed; it is kept and tried again", "authority-silent"),
    ("demographics does not answer until this is mended; see cpis doctor", "demographics-away"),
    (
        "demographics knows nothing of many people with plans: their records stay as they are; look at demographics",
        "demographics-away",
    ),
    ("entries cannot be read and were set aside: run cpis audit verify", "verification-fails"),
    ("no e-mail is sent until this is mended: look at [email] and at the relay", "email-stuck"),
    ("people with plans were not asked about again; it is tried later", "demographics-away"),
    ("reading an issuer's keys failed unexpectedly", "nobody-signs-in"),
    ("somebody may be trying numbers out", "misuse"),
    ("the MESH server does not take a message; it stays here", "mailbox-stuck"),
    ("the agent cannot work as it is; it tries again", "agent-stuck"),
    ("the clock went back: check the time of all nodes", "clock-wrong"),
    ("the database could not roll back", "cannot-tell"),
    ("the disk is full; the reserve of the database is given up, make room now", "disk-filling"),
    ("the hospital's system rejects a flag", "gateway-stuck"),
    ("the national service does not answer; what waits is asked again", "gateway-stuck"),
    ("the national service does not take our questions: look at certificate, ASID and sites", "gateway-stuck"),
    ("the national service finds a fault in a question", "gateway-stuck"),
    ("there is no room for the reserve of the database", "disk-filling"),
];

/// Words, fields and crates of the lines of a level.
type Lines = BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>;

fn lines(uses: &[Use], level: &str) -> Lines {
    let mut lines = Lines::new();
    for used in uses.iter().filter(|used| used.name == level) {
        let mut arguments = used.arguments.iter();
        let words = arguments.clone().find_map(|argument| if argument.len() == 1 { text(&argument[0]) } else { None });
        let words = words.unwrap_or_else(|| panic!("a line of {} has no words", used.krate));
        assert!(!words.contains('{'), "{words}: a line's words are fixed, and what changes is a field");
        let (fields, crates) = lines.entry(words).or_default();
        crates.insert(used.krate.clone());
        for argument in arguments.by_ref() {
            let named: Vec<String> = argument.iter().map(ToString::to_string).collect();
            let name = named.iter().find(|word| word.starts_with(|first: char| first.is_alphabetic()));
            let is_target = named.get(1).is_some_and(|next| next == ":");
            if let Some(name) = name.filter(|_| text(&argument[0]).is_none() && !is_target) {
                fields.insert(name.clone());
            }
        }
    }
    lines
}

#[test]
fn every_error_says_what_to_do() {
    let told: Vec<String> = lines(&uses("tracing"), "error").into_keys().collect();
    let known: Vec<&str> = ERRORS.iter().map(|(words, _)| *words).collect();
    assert_eq!(told, known, "left: the sources, right: the table above");
    for (words, runbook) in ERRORS {
        assert!(repository(&format!("docs/ops/runbooks/{runbook}.md")).exists(), "{words}: {runbook}");
    }
}

#[test]
fn the_list_for_operators_is_written_from_the_sources() {
    let uses = uses("tracing");
    let mut page = String::from(
        "# Logs\n\nWritten from the sources by the test `the_list_for_operators_is_written_from_the_sources`.\n\n\
         Lines go to standard error. With `format = \"json\"` each is an object with `timestamp`, `level`, `message`, `target` and \
         the fields below. No line holds an NHS number, a name, a token or a request's address: what a line says is fixed, and \
         fields are codes, counts, numbers of rows and reasons.\n\n\
         The level `debug` adds a line for each request, with its route, status and time; it is for finding a fault.\n",
    );
    let about = [
        ("error", "Error", "Somebody should get up."),
        ("warn", "Warning", "Something was not as it should be, and the service went on or tries again."),
        ("info", "Information", "The story of a day."),
    ];
    for (level, title, words) in about {
        let runbook = if level == "error" { " Runbook |" } else { "" };
        let rule = if level == "error" { "---|" } else { "" };
        write!(page, "\n## {title}\n\n{words}\n\n| Line | Fields | From |{runbook}\n|---|---|---|{rule}\n").unwrap();
        for (words, (fields, crates)) in lines(&uses, level) {
            let fields = fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
            let crates = crates.into_iter().collect::<Vec<_>>().join(", ");
            write!(page, "| {words} | {fields} | {crates} |").unwrap();
            if level == "error" {
                let (_, runbook) = ERRORS.iter().find(|(known, _)| *known == words).unwrap();
                write!(page, " [{runbook}](runbooks/{runbook}.md) |").unwrap();
            }
            page.push('\n');
        }
    }
    expect_file!["../../../../docs/ops/logs.md"].assert_eq(&page);
}
