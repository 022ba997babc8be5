//! Merges, moves and corrections, in every form that is sent.

use super::{MERGE, check};
use expect_test::expect;

#[test]
fn as_it_should_be() {
    check(MERGE, &[], &expect!["AA A40: apply Merge, 9990417008 of PID-3 by Standard, merged L4399016 9990417040"]);
}

#[test]
fn structure_adt_a40() {
    check(
        MERGE,
        &[("ADT_A39", "ADT_A40")],
        &expect!["AA A40: apply Merge, 9990417008 of PID-3 by Standard, merged L4399016 9990417040"],
    );
}

#[test]
fn structure_adt_a34() {
    check(
        MERGE,
        &[("ADT_A39", "ADT_A34")],
        &expect![[r#"
        AA A40: apply Merge, 9990417008 of PID-3 by Standard, merged L4399016 9990417040
        odd MSH-9 structure"#]],
    );
}

#[test]
fn old_form() {
    check(
        MERGE,
        &[("A40^ADT_A39", "A34^ADT_A30"), ("EVN|A40", "EVN|A34")],
        &expect!["AA A34: apply Merge, 9990417008 of PID-3 by Standard, merged L4399016 9990417040"],
    );
}

#[test]
fn bare_number_in_mrg() {
    check(
        MERGE,
        &[("L4399016^^^RR8^MR~9990417040^^^NHS^NH", "L4399016")],
        &expect!["AA A40: apply Merge, 9990417008 of PID-3 by Standard, merged L4399016 no-number"],
    );
}

#[test]
fn pv1_after_mrg() {
    check(
        MERGE,
        &[("9990417040^^^NHS^NH\n", "9990417040^^^NHS^NH\nPV1|1|E|ED^^^RR813||||||||||||||||AE1^^^RR8AE^VN\n")],
        &expect![[r#"
            AA A40: apply Merge, 9990417008 of PID-3 by Standard, merged L4399016 9990417040
            odd PV1-44 start-missing"#]],
    );
}

#[test]
fn two_groups() {
    check(
        MERGE,
        &[("9990417040^^^NHS^NH\n", "9990417040^^^NHS^NH\nPID|2||L5^^^RR8^MR\nMRG|L6^^^RR8^MR\n")],
        &expect![[r#"
            AA A40: apply Merge, 9990417008 of PID-3 by Standard, merged L4399016 9990417040, merged L6 no-number
            odd PID (2)-5 name-missing
            odd PID (2)-7 birth-missing"#]],
    );
}

#[test]
fn no_mrg() {
    check(
        MERGE,
        &[("MRG|", "ZRG|")],
        &expect![[r#"
        AA A40: apply Merge, 9990417008 of PID-3 by Standard
        odd MRG merge-missing"#]],
    );
}

#[test]
fn into_herself() {
    check(
        MERGE,
        &[("MRG|L4399016", "MRG|L4410021")],
        &expect![[r#"
        AA A40: apply Merge, 9990417008 of PID-3 by Standard, merged L4410021 9990417040
        odd MRG-1 merged-into-self"#]],
    );
}

#[test]
fn a_visit_moves() {
    check(
        MERGE,
        &[("A40^ADT_A39", "A45^ADT_A45"), ("EVN|A40", "EVN|A45"), ("~9990417040^^^NHS^NH", "||||AE9^^^RR8AE^VN")],
        &expect!["AA A45: apply MoveVisit, 9990417008 of PID-3 by Standard, merged L4399016 no-number visit AE9"],
    );
}

#[test]
fn a_wrong_identifier() {
    check(
        MERGE,
        &[("A40^ADT_A39", "A47^ADT_A30"), ("EVN|A40", "EVN|A47"), ("L4399016^^^RR8^MR~", "")],
        &expect!["AA A47: apply Correct, 9990417008 of PID-3 by Standard, merged  9990417040"],
    );
}

#[test]
fn linked() {
    check(
        MERGE,
        &[("A40^ADT_A39", "A24^ADT_A24"), ("EVN|A40", "EVN|A24"), ("MRG|L4399016", "PID|2||L4399016")],
        &expect![[r#"
            AA A24: apply Link, 9990417008 of PID-3 by Standard
            odd PID (2)-5 name-missing
            odd PID (2)-7 birth-missing"#]],
    );
}

#[test]
fn identifiers_moved() {
    check(
        MERGE,
        &[("A40^ADT_A39", "A43^ADT_A43"), ("EVN|A40", "EVN|A43")],
        &expect!["AA A43: apply Review, 9990417008 of PID-3 by Standard, merged L4399016 9990417040"],
    );
}
