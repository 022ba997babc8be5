//! The twelve sample messages, each with what is read and what is decided.
#![allow(clippy::needless_raw_string_hashes)] // as expect-test writes them

use super::{adt, profile};
use crate::{Decision, should_ask};
use expect_test::{Expect, expect};
use std::fmt::Write;

/// What is read of a message, in lines, without anything personal but what the test made up itself.
fn shown(text: &str) -> String {
    let profile = profile();
    let adt = adt(text, &profile);
    let now = adt.header.sent.as_ref().unwrap().at();
    let mut out = String::new();
    let name = |name: Option<&cpis_model::name::PersonName>| {
        name.map(|name| format!("{} {}", name.given, name.family)).unwrap_or_default()
    };
    if let Some(patient) = &adt.patient {
        let local: Vec<&str> = patient.local.iter().map(|id| &*id.value).collect();
        let number = patient.number.map(|found| format!("{} at {}", found.number.digits(), found.place));
        let status = patient.status.map(|(status, place)| format!("{} at {place}", status.code()));
        writeln!(out, "{}: {}, {}", adt.event, name(patient.name()), local.join(" ")).unwrap();
        writeln!(out, "number {number:?}, status {status:?}, birth {:?}, {:?}", patient.birth.latest(), patient.sex)
            .unwrap();
    }
    if let Some(visit) = &adt.visit {
        let number = visit.number.as_ref().map(|number| format!("{} {:?}", &*number.value, number.authority));
        let site = visit.location.site.map(|site| site.to_string()).unwrap_or_default();
        let place = visit.location.point_of_care.as_deref().unwrap_or_default();
        writeln!(out, "visit {} {:?} {place} {site}", number.unwrap_or_default(), visit.class).unwrap();
    }
    for merge in &adt.merges {
        let local: Vec<&str> = merge.merged.local.iter().map(|id| &*id.value).collect();
        let number = merge.merged.number.map(|found| found.number.digits().to_owned());
        writeln!(out, "merged {} {number:?}", local.join(" ")).unwrap();
    }
    match should_ask(&adt, &profile, now) {
        Decision::Ask(ask) => writeln!(
            out,
            "ask: {:?} {:?} {}{:?}",
            ask.who,
            ask.setting,
            if ask.verified { "verified " } else { "" },
            ask.concerns
        ),
        Decision::Hold { ask, why } => writeln!(out, "hold: {why:?} {:?}", ask.who),
        other => writeln!(out, "{other:?}"),
    }
    .unwrap();
    for oddity in &adt.oddities {
        writeln!(out, "odd: {oddity}").unwrap();
    }
    out
}

fn check(text: &str, expected: &Expect) {
    expected.assert_eq(&shown(text));
}

macro_rules! samples {
    ($($test:ident $file:literal $expected:expr;)+) => { $(
        #[test]
        fn $test() {
            check(include_str!(concat!("../../samples/", $file, ".hl7")), &$expected);
        }
    )+ };
}

samples! {
    an_arrival_is_asked_about "01-a04-arrival" expect![[r#"
        A04: SAMUEL TESTCHILD, L4410021
        number Ok("9990417008 at PID-3"), status Some("01 at PID-32"), birth Some(2019-07-22), Some(Male)
        visit AE26031400771 Some("RR8AE") Emergency ED RR813
        ask: Child U01 verified []
    "#]];
    an_emergency_admission_is_asked_about "02-a01-admission" expect![[r#"
        A01: SAMUEL TESTCHILD, L4410021
        number Ok("9990417008 at PID-3"), status Some("01 at ZU1-27"), birth Some(2019-07-22), Some(Male)
        visit IP26031400112 Some("RR8") Inpatient W52 RR813
        ask: Child U01 verified [UnknownLocation]
        odd: PV1-3: The location is not in the profile.
        odd: ZU1-27: The status of the NHS number stands in another place than PID-32.
    "#]];
    a_planned_operation_is_not "03-a05-planned" expect![[r#"
        A05: PRIYA TESTCHILD, L4410388
        number Ok("9990417016 at PID-3"), status Some("01 at PID-32"), birth Some(2014-02-03), Some(Female)
        visit PA26031400003 Some("RR8") Never DSU RR813
        No(Planned)
    "#]];
    a_correction_changes_the_visit "04-a08-correction" expect![[r#"
        A08: SAM TESTCHILD, L4410021
        number Ok("9990417008 at PID-3"), status Some("01 at PID-32"), birth Some(2019-07-27), Some(Male)
        visit AE26031400771 Some("RR8AE") Emergency ED RR813
        Apply(Update)
    "#]];
    a_new_person_is_no_attendance "05-a28-new-person" expect![[r#"
        A28: BABY UNKNOWN, L4410977
        number Err(Absent), status Some("03 at PID-32"), birth Some(2026-03-31), None
        visit  Never  
        Apply(Person)
        odd: PID-7: The date of birth is not a whole date.
        odd: PID-7: The date of birth is marked as estimated or unknown.
    "#]];
    a_number_that_was_found_changes_the_person "06-a31-number-found" expect![[r#"
        A31: ISLA TESTCHILD, L4410977
        number Ok("9990417024 at PID-3"), status Some("01 at PID-32"), birth Some(2026-03-09), Some(Female)
        visit  Never  
        Apply(Person)
    "#]];
    a_merge_names_who_is_no_more "07-a40-merge" expect![[r#"
        A40: SAM TESTCHILD, L4410021
        number Ok("9990417008 at PID-3"), status None, birth Some(2019-07-27), Some(Male)
        merged L4399016 Ok("9990417040")
        Apply(Merge)
    "#]];
    leaving_ends_the_visit "08-a03-left" expect![[r#"
        A03: SAM TESTCHILD, L4410021
        number Ok("9990417008 at PID-3"), status Some("01 at PID-32"), birth Some(2019-07-27), Some(Male)
        visit AE26031400771 Some("RR8AE") Emergency ED RR813
        Apply(End)
    "#]];
    a_pregnant_woman_is_asked_about "09-a04-maternity" expect![[r#"
        A04: ROWAN TESTMOTHER, L3120455
        number Ok("9990417032 at PID-3"), status Some("01 at PID-32"), birth Some(1998-01-11), Some(Female)
        visit MT26031400018 Some("RR8") Obstetric MATTRIAGE RR813
        ask: Pregnant U06 verified []
    "#]];
    escapes_and_accents_are_read "10-a04-escapes" expect![[r#"
        A04: SEÁN D&A O'TEST-NÚÑEZ, OLD00017 L4411203
        number Ok("9990417059 at PID-3"), status Some("02 at PID-32"), birth None, Some(Male)
        visit AE26031400820 Some("RR8AE") Emergency ED RR813
        ask: AgeUnknown U01 [BirthUncertain]
        odd: PID-7: The date of birth is marked as estimated or unknown.
    "#]];
    a_cancelled_registration_is_withdrawn "11-a11-cancelled" expect![[r#"
        A11: SEAN O'TEST, L4411203
        number Ok("9990417059 at PID-3"), status None, birth Some(2011-05-30), Some(Male)
        visit AE26031400820 Some("RR8AE") Emergency ED RR813
        Apply(CancelVisit)
    "#]];
    an_older_system_is_understood "12-a04-older-system" expect![[r#"
        A04: Amina Testchild, 551207
        number Ok("9990417067 at PID-3"), status Some("01 at PID-3"), birth Some(2017-04-08), Some(Female)
        visit 20260314-0091 None Emergency A&E RR813
        ask: Child U01 verified []
        odd: PID-2: A number stands here that could be an NHS number and is not labelled as one.
        odd: PID-3: The NHS number is labelled in another way than `NHS` and `NH`.
        odd: PID-3: The NHS number is written with spaces or hyphens.
        odd: PID-3: The status of the NHS number stands in another place than PID-32.
    "#]];
}
