//! Where and when: classes, locations, visits, times, events.

use super::{ARRIVAL, check, check_with};
use expect_test::expect;

#[test]
fn wrong_structure() {
    check(
        ARRIVAL,
        &[("ADT^A04^ADT_A01", "ADT^A04^ORU_R01")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH-9 structure"#]],
    );
}

#[test]
fn structure_of_another_event() {
    check(
        ARRIVAL,
        &[("ADT^A04^ADT_A01", "ADT^A04^ADT_A05")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH-9 structure"#]],
    );
}

#[test]
fn no_structure() {
    check(
        ARRIVAL,
        &[("ADT^A04^ADT_A01", "ADT^A04")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn event_only_in_evn() {
    check(
        ARRIVAL,
        &[("ADT^A04^ADT_A01", "ADT")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH-9 event-from-evn"#]],
    );
}

#[test]
fn evn_says_something_else() {
    check(
        ARRIVAL,
        &[("EVN|A04", "EVN|Sub")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd EVN-1 event-differs"#]],
    );
}

#[test]
fn evn_missing() {
    check(ARRIVAL, &[("EVN|", "ZVN|")], &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"]);
}

#[test]
fn no_pv1() {
    check(ARRIVAL, &[("PV1|", "ZV1|")], &expect!["AA A04: no: nothing-to-ask, 9990417008 of PID-3 by Standard"]);
}

#[test]
fn no_pv1_on_an_update() {
    check(
        ARRIVAL,
        &[("ADT^A04^ADT_A01", "ADT^A08^ADT_A01"), ("EVN|A04", "EVN|A08"), ("PV1|", "ZV1|")],
        &expect!["AA A08: apply Update, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn two_pv1s() {
    check(
        ARRIVAL,
        &[("PV1|1|E|", "PV1|1|E|\nPV1|2|E|")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd PV1 segment-twice"#]],
    );
}

#[test]
fn outpatient_class_in_the_department() {
    check(ARRIVAL, &[("PV1|1|E", "PV1|1|O")], &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"]);
}

#[test]
fn inpatient_class_in_the_department() {
    check(ARRIVAL, &[("PV1|1|E", "PV1|1|I")], &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"]);
}

#[test]
fn no_class() {
    check(
        ARRIVAL,
        &[("PV1|1|E", "PV1|1|")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd PV1-2 class-missing"#]],
    );
}

#[test]
fn a_class_nobody_knows() {
    check(
        ARRIVAL,
        &[("PV1|1|E", "PV1|1|Q")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd PV1-2 class-unknown"#]],
    );
}

#[test]
fn pre_admission_class() {
    check(ARRIVAL, &[("PV1|1|E", "PV1|1|P")], &expect!["AA A04: no: not-unscheduled, 9990417008 of PID-3 by Standard"]);
}

#[test]
fn location_nobody_knows() {
    check(
        ARRIVAL,
        &[("ED^PAEDS", "XQ7^PAEDS")],
        &expect![[r#"
        AA A04: ask Child U01 RR813 unknown-location, 9990417008 of PID-3 by Standard
        odd PV1-3 location-unknown"#]],
    );
}

#[test]
fn location_nobody_knows_of_an_outpatient() {
    check(
        ARRIVAL,
        &[("PV1|1|E|ED^", "PV1|1|O|XQ7^"), ("|180|", "|420|")],
        &expect![[r#"
        AA A04: ask Child U01 RR813 unknown-location, 9990417008 of PID-3 by Standard
        odd PV1-3 location-unknown"#]],
    );
}

#[test]
fn the_same_where_the_profile_says_not_to() {
    check_with(
        ARRIVAL,
        "ask_at_unknown_locations = false",
        &[("PV1|1|E|ED^", "PV1|1|O|XQ7^"), ("|180|", "|420|")],
        &expect![[r#"
            AA A04: no: not-unscheduled, 9990417008 of PID-3 by Standard
            odd PV1-3 location-unknown"#]],
    );
}

#[test]
fn no_location() {
    check(
        ARRIVAL,
        &[("ED^PAEDS^C04^RR813", "")],
        &expect![[r#"
        AA A04: ask Child U01 - unknown-location no-site, 9990417008 of PID-3 by Standard
        odd PV1-3 location-missing"#]],
    );
}

#[test]
fn site_in_the_building() {
    check(
        ARRIVAL,
        &[("ED^PAEDS^C04^RR813", "ED^PAEDS^C04^^^^RR813")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn no_site_at_all() {
    check(
        ARRIVAL,
        &[("ED^PAEDS^C04^RR813", "ED^PAEDS^C04")],
        &expect!["AA A04: ask Child U01 - no-site, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn site_from_the_profile() {
    check_with(
        ARRIVAL,
        "site = \"RR801\"",
        &[("ED^PAEDS^C04^RR813", "ED^PAEDS^C04")],
        &expect!["AA A04: ask Child U01 RR801, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn a_wards_own_row() {
    check_with(
        ARRIVAL,
        "[[locations]]\ncodes = [\"W5*\"]\nfacility = \"RR813\"\ncare = \"unscheduled\"\nsetting = \"U05\"\nsite = \"RR899\"",
        &[("ED^PAEDS", "W52^PAEDS")],
        &expect!["AA A04: ask Child U05 RR899, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn a_clinics_own_row() {
    check_with(
        ARRIVAL,
        "[[locations]]\ncodes = [\"CLIN*\"]\ncare = \"scheduled\"",
        &[("ED^PAEDS", "CLIN7")],
        &expect!["AA A04: no: not-unscheduled, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn planned_admission() {
    check(
        ARRIVAL,
        &[
            ("A04^ADT_A01", "A01^ADT_A01"),
            ("EVN|A04", "EVN|A01"),
            ("|1|E|ED^PAEDS^C04^RR813||||||", "|1|I|W7^^^RR813|11|||||"),
        ],
        &expect![[r#"
            AA A01: no: not-unscheduled, 9990417008 of PID-3 by Standard
            odd PV1-3 location-unknown"#]],
    );
}

#[test]
fn emergency_admission_by_method() {
    check(
        ARRIVAL,
        &[
            ("A04^ADT_A01", "A01^ADT_A01"),
            ("EVN|A04", "EVN|A01"),
            ("|1|E|ED^PAEDS^C04^RR813||||||", "|1|I|W7^^^RR813|2A|||||"),
        ],
        &expect![[r#"
            AA A01: ask Child U01 RR813 unknown-location, 9990417008 of PID-3 by Standard
            odd PV1-3 location-unknown"#]],
    );
}

#[test]
fn transfer_into_a_ward_in_scope() {
    check(
        ARRIVAL,
        &[("A04^ADT_A01", "A02^ADT_A02"), ("EVN|A04", "EVN|A02"), ("|E|ED", "|I|PAU")],
        &expect!["AA A02: ask Child U05 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn transfer_to_a_ward_nobody_knows() {
    check(
        ARRIVAL,
        &[("A04^ADT_A01", "A02^ADT_A02"), ("EVN|A04", "EVN|A02"), ("|E|ED", "|I|XQ7")],
        &expect![[r#"
        AA A02: apply Transfer, 9990417008 of PID-3 by Standard
        odd PV1-3 location-unknown"#]],
    );
}

#[test]
fn transfer_days_after_the_admission() {
    check(
        ARRIVAL,
        &[
            ("A04^ADT_A01", "A02^ADT_A02"),
            ("EVN|A04", "EVN|A02"),
            ("|E|ED", "|I|PAU"),
            ("VN|||||||||||||||||||||||||20260314183000", "VN|||||||||||||||||||||||||20260301183000"),
        ],
        &expect!["AA A02: ask Child U05 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn update_alone() {
    check(
        ARRIVAL,
        &[("A04^ADT_A01", "A08^ADT_A01"), ("EVN|A04", "EVN|A08")],
        &expect!["AA A08: apply Update, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn update_alone_where_it_is_an_arrival() {
    check_with(
        ARRIVAL,
        "a08_is_arrival = true",
        &[("A04^ADT_A01", "A08^ADT_A01"), ("EVN|A04", "EVN|A08")],
        &expect!["AA A08: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn pre_admission() {
    check(
        ARRIVAL,
        &[("A04^ADT_A01", "A05^ADT_A05"), ("EVN|A04", "EVN|A05")],
        &expect!["AA A05: no: planned, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn cancelled() {
    check(
        ARRIVAL,
        &[("A04^ADT_A01", "A11^ADT_A09"), ("EVN|A04", "EVN|A11")],
        &expect!["AA A11: apply CancelVisit, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn left() {
    check(
        ARRIVAL,
        &[("A04^ADT_A01", "A03^ADT_A03"), ("EVN|A04", "EVN|A03")],
        &expect!["AA A03: apply End, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn left_after_all_not() {
    check(
        ARRIVAL,
        &[("A04^ADT_A01", "A13^ADT_A01"), ("EVN|A04", "EVN|A13")],
        &expect!["AA A13: apply Reopen, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn new_person() {
    check(
        ARRIVAL,
        &[("A04^ADT_A01", "A28^ADT_A05"), ("EVN|A04", "EVN|A28"), ("PV1|1|E|ED^PAEDS^C04^RR813", "PV1|1|N|")],
        &expect!["AA A28: apply Person, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn an_event_nobody_knows() {
    check(
        ARRIVAL,
        &[("A04^ADT_A01", "A60^ADT_A60"), ("EVN|A04", "EVN|A60")],
        &expect!["AA A60: no: not-an-arrival, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn lower_case_event() {
    check(
        ARRIVAL,
        &[("ADT^A04^ADT_A01", "adt^a04")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn a_result() {
    check(ARRIVAL, &[("ADT^A04^ADT_A01", "ORU^R01")], &expect!["AA not ADT"]);
}

#[test]
fn no_visit_number() {
    check(
        ARRIVAL,
        &[("AE1^^^RR8AE^VN", "")],
        &expect![[r#"
        AA A04: ask Child U01 RR813 no-visit-number, 9990417008 of PID-3 by Standard
        odd PV1-19 visit-number-missing"#]],
    );
}

#[test]
fn visit_number_in_pid_18() {
    check(
        ARRIVAL,
        &[("AE1^^^RR8AE^VN", ""), ("M||||||||||||||||||||||||", "M||||||||||AE1^^^RR8AE||||||||||||||")],
        &expect![[r#"
            AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
            odd PV1-19 visit-number-missing"#]],
    );
}

#[test]
fn no_start() {
    check(
        ARRIVAL,
        &[("VN|||||||||||||||||||||||||20260314183000", "VN")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd PV1-44 start-missing"#]],
    );
}

#[test]
fn no_start_and_no_event_time() {
    check(
        ARRIVAL,
        &[("VN|||||||||||||||||||||||||20260314183000", "VN"), ("||||20260314183000", "")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd PV1-44 start-missing"#]],
    );
}

#[test]
fn seventy_two_hours_ago() {
    check(
        ARRIVAL,
        &[("VN|||||||||||||||||||||||||20260314183000", "VN|||||||||||||||||||||||||20260311183206")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn a_second_longer_ago() {
    check(
        ARRIVAL,
        &[("VN|||||||||||||||||||||||||20260314183000", "VN|||||||||||||||||||||||||20260311183205")],
        &expect!["AA A04: no: too-old, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn an_hour_ahead() {
    check(
        ARRIVAL,
        &[("VN|||||||||||||||||||||||||20260314183000", "VN|||||||||||||||||||||||||20260314193206")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn a_second_more() {
    check(
        ARRIVAL,
        &[("VN|||||||||||||||||||||||||20260314183000", "VN|||||||||||||||||||||||||20260314193207")],
        &expect!["AA A04: no: in-future, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn start_with_a_day_only() {
    check(
        ARRIVAL,
        &[("VN|||||||||||||||||||||||||20260314183000", "VN|||||||||||||||||||||||||20260311")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn start_in_iso() {
    check(
        ARRIVAL,
        &[("VN|||||||||||||||||||||||||20260314183000", "VN|||||||||||||||||||||||||2026-03-14T18:30:00")],
        &expect![[r#"
            AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
            odd PV1-44 time-form"#]],
    );
}

#[test]
fn start_that_is_no_time() {
    check(
        ARRIVAL,
        &[("VN|||||||||||||||||||||||||20260314183000", "VN|||||||||||||||||||||||||yesterday")],
        &expect![[r#"
            AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
            odd PV1-44 time-unreadable
            odd PV1-44 start-missing"#]],
    );
}

#[test]
fn truncated_mid_segment() {
    check(
        ARRIVAL,
        &[("RR8AE^VN|||||||||||||||||||||||||20260314183000\n", "RR8")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd PV1-44 start-missing"#]],
    );
}

#[test]
fn padding_bars() {
    check(
        ARRIVAL,
        &[("20260314183000\n", "20260314183000|||||||||||||||||\n")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn sent_by_ourselves() {
    check(ARRIVAL, &[("|PAS|", "|CPGW|")], &expect!["AA our own"]);
}

#[test]
fn departing_within_the_department() {
    check(
        ARRIVAL,
        &[("A04^ADT_A01", "A09^ADT_A09"), ("EVN|A04", "EVN|A09")],
        &expect!["AA A09: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn update_of_an_old_visit_where_updates_are_arrivals() {
    let old = ("VN|||||||||||||||||||||||||20260314183000", "VN|||||||||||||||||||||||||20260301183000");
    let edits = [("A04^ADT_A01", "A08^ADT_A01"), ("EVN|A04", "EVN|A08"), old];
    check_with(
        ARRIVAL,
        "a08_is_arrival = true",
        &edits,
        &expect!["AA A08: apply Update, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn update_of_somebody_who_has_died_where_updates_are_arrivals() {
    let dead = ("M||||||||||||||||||||||||NSTS01", "M|||||||||||||||||||||20260314|Y||NSTS01");
    let edits = [("A04^ADT_A01", "A08^ADT_A01"), ("EVN|A04", "EVN|A08"), dead];
    check_with(
        ARRIVAL,
        "a08_is_arrival = true",
        &edits,
        &expect!["AA A08: apply Update, 9990417008 of PID-3 by Standard"],
    );
}
