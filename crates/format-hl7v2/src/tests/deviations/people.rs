//! Who the patient is: names, dates of birth, ages, mothers.

use super::{ARRIVAL, check};
use expect_test::expect;

#[test]
fn a_baby_without_a_name() {
    check(
        ARRIVAL,
        &[("TESTCHILD^SAMUEL", "")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd PID-5 name-missing"#]],
    );
}

#[test]
fn a_baby_called_baby_and_its_mother() {
    check(
        ARRIVAL,
        &[
            ("TESTCHILD^SAMUEL", "TESTMOTHER^BABY"),
            ("~9990417008^^^NHS^NH", ""),
            ("20190722|M||||||||||||||||||||||||NSTS01", "20260314|M|||||||||||||9990417032^^^NHS^NH|||||||||||NSTS08"),
        ],
        &expect!["AA A04: hold no-number, born by 2026-03-14"],
    );
}

#[test]
fn first_of_january_of_an_estimated_year() {
    check(
        ARRIVAL,
        &[("20190722", "20080101"), ("NSTS01", "ED~NSTS01")],
        &expect![[r#"
        AA A04: ask Child U01 RR813 unverified birth-uncertain, 9990417008 of PID-3 by Standard, born by 2008-12-31
        odd PID-7 birth-estimated"#]],
    );
}

#[test]
fn first_of_january_that_is_not_estimated() {
    check(
        ARRIVAL,
        &[("20190722", "20080101")],
        &expect!["AA A04: no: adult, 9990417008 of PID-3 by Standard, born by 2008-01-01"],
    );
}

#[test]
fn a_default_date_of_birth() {
    check(
        ARRIVAL,
        &[("20190722", "19000101"), ("NSTS01", "UD~NSTS01")],
        &expect![[r#"
        AA A04: ask AgeUnknown U01 RR813 unverified birth-uncertain, 9990417008 of PID-3 by Standard, born by unknown
        odd PID-7 birth-estimated"#]],
    );
}

#[test]
fn born_in_the_future() {
    check(
        ARRIVAL,
        &[("20190722", "20270101")],
        &expect![[r#"
        AA A04: ask AgeUnknown U01 RR813 birth-uncertain, 9990417008 of PID-3 by Standard, born by unknown
        odd PID-7 birth-future"#]],
    );
}

#[test]
fn only_the_year() {
    check(
        ARRIVAL,
        &[("20190722", "2008")],
        &expect![[r#"
        AA A04: ask Child U01 RR813 birth-uncertain, 9990417008 of PID-3 by Standard, born by 2008-12-31
        odd PID-7 birth-partial"#]],
    );
}

#[test]
fn only_the_month() {
    check(
        ARRIVAL,
        &[("20190722", "201907")],
        &expect![[r#"
        AA A04: ask Child U01 RR813 birth-uncertain, 9990417008 of PID-3 by Standard, born by 2019-07-31
        odd PID-7 birth-partial"#]],
    );
}

#[test]
fn no_date_of_birth() {
    check(
        ARRIVAL,
        &[("20190722", "")],
        &expect![[r#"
        AA A04: ask AgeUnknown U01 RR813 birth-uncertain, 9990417008 of PID-3 by Standard, born by unknown
        odd PID-7 birth-missing"#]],
    );
}

#[test]
fn date_of_birth_deleted() {
    check(
        ARRIVAL,
        &[("20190722", "\"\"")],
        &expect![[r#"
        AA A04: ask AgeUnknown U01 RR813 birth-uncertain, 9990417008 of PID-3 by Standard, born by unknown
        odd PID-7 birth-missing"#]],
    );
}

#[test]
fn date_of_birth_with_a_time() {
    check(
        ARRIVAL,
        &[("20190722", "20190722000000")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn date_of_birth_with_a_component() {
    check(
        ARRIVAL,
        &[("20190722", "20190722+^D")],
        &expect![[r#"
            AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
            odd PID-7 time-form"#]],
    );
}

#[test]
fn date_of_birth_in_iso() {
    check(
        ARRIVAL,
        &[("20190722", "2019-07-22")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd PID-7 time-form"#]],
    );
}

#[test]
fn date_of_birth_in_another_order() {
    check(
        ARRIVAL,
        &[("20190722", "22/07/2019")],
        &expect![[r#"
        AA A04: ask AgeUnknown U01 RR813 birth-uncertain, 9990417008 of PID-3 by Standard, born by unknown
        odd PID-7 time-unreadable"#]],
    );
}

#[test]
fn born_in_a_summer_night() {
    check(
        ARRIVAL,
        &[("20190722", "20190722000000+0100")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn eighteen_today() {
    check(
        ARRIVAL,
        &[("20190722", "20080314")],
        &expect!["AA A04: no: adult, 9990417008 of PID-3 by Standard, born by 2008-03-14"],
    );
}

#[test]
fn eighteen_tomorrow() {
    check(
        ARRIVAL,
        &[("20190722", "20080315")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard, born by 2008-03-15"],
    );
}

#[test]
fn born_on_a_leap_day() {
    check(
        ARRIVAL,
        &[("20190722", "20080229")],
        &expect!["AA A04: no: adult, 9990417008 of PID-3 by Standard, born by 2008-02-29"],
    );
}

#[test]
fn an_adult() {
    check(
        ARRIVAL,
        &[("20190722", "19800101")],
        &expect!["AA A04: no: adult, 9990417008 of PID-3 by Standard, born by 1980-01-01"],
    );
}

#[test]
fn an_adult_with_a_childs_number() {
    check(
        ARRIVAL,
        &[("20190722", "19800101"), ("TESTCHILD^SAMUEL", "TESTADULT^SAM")],
        &expect!["AA A04: no: adult, 9990417008 of PID-3 by Standard, born by 1980-01-01"],
    );
}

#[test]
fn a_pregnant_child() {
    check(
        ARRIVAL,
        &[("20190722|M", "20100722|F"), ("|1|E|ED^PAEDS^C04^RR813", "|1|B|MATTRIAGE^^^RR813")],
        &expect!["AA A04: ask PregnantChild U06 RR813, 9990417008 of PID-3 by Standard, born by 2010-07-22"],
    );
}

#[test]
fn a_man_in_maternity() {
    check(
        ARRIVAL,
        &[("20190722|M", "19800722|M"), ("|1|E|ED^PAEDS^C04^RR813", "|1|B|MATTRIAGE^^^RR813")],
        &expect!["AA A04: no: adult, 9990417008 of PID-3 by Standard, born by 1980-07-22"],
    );
}

#[test]
fn an_adult_in_maternity_by_specialty() {
    check(
        ARRIVAL,
        &[("20190722|M", "19900722|F"), ("|||||||180|", "|||||||501|")],
        &expect!["AA A04: ask Pregnant U01 RR813, 9990417008 of PID-3 by Standard, born by 1990-07-22"],
    );
}

#[test]
fn an_adult_in_maternity_by_admission_method() {
    check(
        ARRIVAL,
        &[("20190722|M", "19900722|F"), ("|1|E|ED^PAEDS^C04^RR813||||||", "|1|I|W7^^^RR813|31|||||")],
        &expect![[r#"
            AA A04: ask Pregnant U01 RR813 unknown-location, 9990417008 of PID-3 by Standard, born by 1990-07-22
            odd PV1-3 location-unknown"#]],
    );
}

#[test]
fn dead() {
    check(
        ARRIVAL,
        &[("M||||||||||||||||||||||||NSTS01", "M|||||||||||||||||||||20260314|Y||NSTS01")],
        &expect!["AA A04: no: deceased, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn identity_unknown() {
    check(
        ARRIVAL,
        &[("M||||||||||||||||||||||||NSTS01", "M|||||||||||||||||||||||Y|NSTS01")],
        &expect!["AA A04: ask Child U01 RR813 identity-unknown, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn sex_as_a_digit() {
    check(ARRIVAL, &[("|M|", "|1|")], &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"]);
}

#[test]
fn sex_nobody_knows() {
    check(
        ARRIVAL,
        &[("|M|", "|X|")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd PID-8 sex-unknown"#]],
    );
}

#[test]
fn an_ampersand_that_nobody_escaped() {
    check(
        ARRIVAL,
        &[("TESTCHILD", "SMITH & SONS")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn a_caret_that_nobody_escaped() {
    check(
        ARRIVAL,
        &[("TESTCHILD^SAMUEL", "TEST^CHILD^SAMUEL")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn no_pid() {
    check(
        ARRIVAL,
        &[("PID|", "ZID|")],
        &expect![[r#"
        AA A04: no: nothing-to-ask
        odd PID segment-missing"#]],
    );
}

#[test]
fn two_pids_of_one_person() {
    check(
        ARRIVAL,
        &[("PV1|", "PID|2||L4410021^^^RR8^MR||TESTCHILD^SAMUEL\nPV1|")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd PID segment-twice
        odd PID (2)-7 birth-missing"#]],
    );
}

#[test]
fn two_pids_of_two_people() {
    check(
        ARRIVAL,
        &[("PV1|", "PID|2||L4410022^^^RR8^MR~9990417016^^^NHS^NH||TESTCHILD^SAMUEL||20190722\nPV1|")],
        &expect![[r#"
            AA A04: hold two-numbers
            odd PID segment-twice"#]],
    );
}
