//! What is put back, byte for byte, and what is never in it.
#![allow(clippy::needless_raw_string_hashes)] // as expect-test writes them

use super::*;
use crate::adt::{Received, read as receive};
use crate::profile::Profile;
use cpis_model::name::PersonName;
use expect_test::{Expect, expect};

fn subject() -> Subject {
    Subject {
        local: vec![LocalId { value: "L4410021".into(), authority: Some("RR8".into()), kind: Some("MR".into()) }],
        number: Some("9990417008".parse().unwrap()),
        name: Some(Name { name: PersonName::new("SAMUEL", "TESTCHILD"), kind: String::new() }),
        birth: Some(Birth("2019-07-22".parse().unwrap())),
        sex: Some(Sex::Male),
        class: "E".to_owned(),
        location: "ED^PAEDS^C04^RR813".to_owned(),
        visit: Some(VisitNumber { value: "AE26031400771".into(), authority: Some("RR8AE".into()) }),
    }
}

fn written(shape: Shape, subject: &Subject, said: Said) -> Vec<u8> {
    let route = Route {
        application: "CPGW".to_owned(),
        facility: "RR8".to_owned(),
        to_application: "PAS".to_owned(),
        to_facility: "RR8".to_owned(),
        processing_id: "P".to_owned(),
    };
    let now = "2026-03-14T18:32:09Z".parse().unwrap();
    write(shape, &route, &Wording::default(), subject, said, ("G0000000500", now))
}

fn check(shape: Shape, said: Said, expected: &Expect) {
    let message = written(shape, &subject(), said);
    expected.assert_eq(&String::from_utf8(message).unwrap().replace('\r', "\n"));
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

#[test]
fn information_is_announced_by_an_update() {
    check(
        Shape::A08,
        Said::Present(at("2026-03-14T18:32:08Z")),
        &expect![[r#"
        MSH|^~\&|CPGW|RR8|PAS|RR8|20260314183209||ADT^A08^ADT_A01|G0000000500|P|2.4|||NE|AL
        EVN|A08|20260314183209||||20260314183209
        PID|1||L4410021^^^RR8^MR~9990417008^^^NHS^NH||TESTCHILD^SAMUEL||20190722|M
        PV1|1|E|ED^PAEDS^C04^RR813||||||||||||||||AE26031400771^^^RR8AE^VN
        OBX|1|CE|CPIS^Child protection information^L||P^Present, see viewer^L||||||F|||20260314183208
    "#]],
    );
}

#[test]
fn information_is_announced_by_a_result() {
    check(
        Shape::R01,
        Said::Present(at("2026-03-14T18:32:08Z")),
        &expect![[r#"
        MSH|^~\&|CPGW|RR8|PAS|RR8|20260314183209||ORU^R01|G0000000500|P|2.4|||NE|AL
        PID|1||L4410021^^^RR8^MR~9990417008^^^NHS^NH||TESTCHILD^SAMUEL||20190722|M
        PV1|1|E|ED^PAEDS^C04^RR813||||||||||||||||AE26031400771^^^RR8AE^VN
        OBR|1||G0000000500^CPGW|CPIS^Child protection information^L|||20260314183208
        OBX|1|CE|CPIS^Child protection information^L||P^Present, see viewer^L||||||F|||20260314183208
    "#]],
    );
}

#[test]
fn an_announcement_is_withdrawn() {
    check(
        Shape::A08,
        Said::Withdrawn(at("2026-03-14T21:58:13Z")),
        &expect![[r#"
        MSH|^~\&|CPGW|RR8|PAS|RR8|20260314183209||ADT^A08^ADT_A01|G0000000500|P|2.4|||NE|AL
        EVN|A08|20260314183209||||20260314183209
        PID|1||L4410021^^^RR8^MR~9990417008^^^NHS^NH||TESTCHILD^SAMUEL||20190722|M
        PV1|1|E|ED^PAEDS^C04^RR813||||||||||||||||AE26031400771^^^RR8AE^VN
        OBX|1|CE|CPIS^Child protection information^L||""||||||D|||20260314215813
    "#]],
    );
}

#[test]
fn names_with_signs_and_accents_come_back_as_they_were() {
    let mut subject = subject();
    subject.name =
        Some(Name { name: PersonName::new("SEÁN D&A|^~\\\r\u{b}x", "O'TEST-NÚÑEZ"), kind: String::new() });
    let message = written(Shape::A08, &subject, Said::Present(at("2026-03-14T18:32:08Z")));
    let profile = Profile::from_toml("test_numbers = true\nown_application = \"\"").unwrap();
    let Ok(Received::Adt(adt)) = receive(&message, &profile) else { panic!() };
    let patient = adt.patient.unwrap();
    assert_eq!(patient.names[0].name, PersonName::new("SEÁN D&A|^~\\ x", "O'TEST-NÚÑEZ"));
    assert_eq!(patient.local, subject.local);
    assert_eq!(adt.visit.unwrap().number, subject.visit);
    assert!(!message.iter().any(|byte| matches!(byte, 0x0B | 0x1C)), "nothing can end the frame");
}

#[test]
fn what_we_send_is_not_taken_for_a_message_of_the_feed() {
    let message = written(Shape::A08, &subject(), Said::Present(at("2026-03-14T18:32:08Z")));
    assert!(matches!(receive(&message, &Profile::default()), Ok(Received::Own(_))));
}
