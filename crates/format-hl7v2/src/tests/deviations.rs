//! What feeds send that is not as it should be: each deviation with what is read, what is decided and what is answered.
#![allow(clippy::needless_raw_string_hashes)] // as expect-test writes them

mod merges;
mod numbers;
mod people;
mod visits;
mod writing;

use crate::{Acknowledgement, Adt, Outcome, Refused};
use crate::{Birth, Decision, Profile, Received, ack, read, should_ask};
use cpis_model::Timestamp;
use expect_test::Expect;
use std::fmt::Write;

/// An arrival as it should be.
pub(super) const ARRIVAL: &str = "\
MSH|^~\\&|PAS|RR8|CPGW|RR8|20260314183205||ADT^A04^ADT_A01|77|P|2.4
EVN|A04|20260314183203||||20260314183000
PID|1||L4410021^^^RR8^MR~9990417008^^^NHS^NH||TESTCHILD^SAMUEL||20190722|M||||||||||||||||||||||||NSTS01
PV1|1|E|ED^PAEDS^C04^RR813|||||||180|||||||||AE1^^^RR8AE^VN|||||||||||||||||||||||||20260314183000
";

/// A merge as it should be.
pub(super) const MERGE: &str = "\
MSH|^~\\&|PAS|RR8|CPGW|RR8|20260314183205||ADT^A40^ADT_A39|78|P|2.4
EVN|A40|20260314183203||||20260314183000
PID|1||L4410021^^^RR8^MR~9990417008^^^NHS^NH||TESTCHILD^SAM||20190722|M
MRG|L4399016^^^RR8^MR~9990417040^^^NHS^NH
";

/// Half an hour after it.
pub(super) fn now() -> Timestamp {
    "2026-03-14T18:32:06Z".parse().unwrap()
}

/// Edits of a message that is as it should be, and what comes of it.
pub(super) fn check(base: &str, edits: &[(&str, &str)], expected: &Expect) {
    check_with(base, "", edits, expected);
}

/// The same with a profile that says something else.
pub(super) fn check_with(base: &str, toml: &str, edits: &[(&str, &str)], expected: &Expect) {
    let mut text = base.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "the message has no {from:?}");
        text = text.replacen(from, to, 1);
    }
    check_bytes(&super::wire(&text), toml, expected);
}

/// The same of bytes.
pub(super) fn check_bytes(bytes: &[u8], toml: &str, expected: &Expect) {
    let own = if toml.contains("test_numbers") { "" } else { "test_numbers = true\n" };
    let profile = Profile::from_toml(&format!("{own}{toml}")).unwrap();
    expected.assert_eq(&conversation(bytes, &profile));
}

/// What came of a message, in one line, and what was odd, in another.
fn conversation(bytes: &[u8], profile: &Profile) -> String {
    let received = read(bytes, profile);
    let (header, outcome) = match &received {
        Ok(Received::Adt(adt)) => (Some(&adt.header), Outcome::Accepted),
        Ok(Received::Other(header) | Received::Own(header)) => (Some(&**header), Outcome::Accepted),
        Ok(Received::Acknowledgement(_)) => return "an acknowledgement: nothing is answered".to_owned(),
        Err(Refused { why, header }) => (header.as_deref(), Outcome::refused(*why)),
    };
    let answers = ack::answers(header, outcome, profile, now(), || "G1".to_owned());
    let answers: Vec<String> = answers.iter().map(|answer| answered(&ack::read(answer).unwrap())).collect();
    let said = match &received {
        Ok(Received::Adt(adt)) => told(adt, profile),
        Ok(Received::Own(_)) => "our own".to_owned(),
        Ok(_) => "not ADT".to_owned(),
        Err(refused) => refused.to_string(),
    };
    format!("{} {said}", if answers.is_empty() { "nothing".to_owned() } else { answers.join("+") })
}

fn answered(answer: &Acknowledgement) -> String {
    let code = answer.code.map_or("??", ack::Code::as_str);
    answer.error.map_or(code.to_owned(), |error| format!("{code} {error}"))
}

fn told(adt: &Adt, profile: &Profile) -> String {
    let decision = match should_ask(adt, profile, now()) {
        Decision::Ask(ask) => {
            let verified = if ask.verified { "" } else { " unverified" };
            let concerns: Vec<&str> = ask.concerns.iter().map(|concern| concern.code()).collect();
            let site = ask.site.map_or("-".to_owned(), |site| site.to_string());
            format!("ask {:?} {:?} {site}{verified} {}", ask.who, ask.setting, concerns.join(" "))
        }
        Decision::Hold { why, .. } => format!("hold {}", why.code()),
        Decision::Apply(effect) => format!("apply {effect:?}"),
        Decision::No(why) => format!("no: {}", why.code()),
    };
    let mut line = format!("{}: {}", adt.event, decision.trim_end());
    if let Some(patient) = &adt.patient {
        if let Ok(found) = patient.number {
            write!(line, ", {} of {} by {:?}", found.number.digits(), found.place, found.label).unwrap();
        }
        if let Some((status, place)) = patient.status.filter(|(_, place)| place.to_string() != "PID-32") {
            write!(line, ", status {} of {place}", status.code()).unwrap();
        }
        if patient.birth != Birth::Day("2019-07-22".parse().unwrap()) {
            let birth = patient.birth.latest().map_or("unknown".to_owned(), |day| day.to_string());
            write!(line, ", born by {birth}").unwrap();
        }
    }
    for merge in &adt.merges {
        let local: Vec<&str> = merge.merged.local.iter().map(|id| &*id.value).collect();
        let number =
            merge.merged.number.map_or_else(|why| why.code().to_owned(), |found| found.number.digits().to_owned());
        write!(line, ", merged {} {number}", local.join(" ")).unwrap();
        if let Some(visit) = &merge.visit {
            write!(line, " visit {}", &*visit.value).unwrap();
        }
    }
    for oddity in &adt.oddities {
        write!(line, "\nodd {} {}", oddity.place, oddity.kind.code()).unwrap();
    }
    line
}
