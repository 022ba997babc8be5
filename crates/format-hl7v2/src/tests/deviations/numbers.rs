//! Where the NHS number stands, under which label, and when there is none to use.

use super::{ARRIVAL, check, check_with};
use expect_test::expect;

#[test]
fn as_it_should_be() {
    check(ARRIVAL, &[], &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"]);
}

#[test]
fn only_a_local_number() {
    check(ARRIVAL, &[("~9990417008^^^NHS^NH", "")], &expect!["AA A04: hold no-number"]);
}

#[test]
fn in_pid_2_without_a_label() {
    check(
        ARRIVAL,
        &[("PID|1||L4410021^^^RR8^MR~9990417008^^^NHS^NH", "PID|1|9990417008|L4410021^^^RR8^MR")],
        &expect![[r#"
            AA A04: hold number-unlabelled
            odd PID-2 number-unlabelled"#]],
    );
}

#[test]
fn in_pid_2_where_the_profile_says_so() {
    check_with(
        ARRIVAL,
        "[number]\nunlabelled_fields = [2]",
        &[("PID|1||L4410021^^^RR8^MR~9990417008^^^NHS^NH", "PID|1|9990417008|L4410021^^^RR8^MR")],
        &expect![[r#"
            AA A04: ask Child U01 RR813, 9990417008 of PID-2 by Field
            odd PID-2 number-label
            odd PID-2 number-place"#]],
    );
}

#[test]
fn in_pid_2_with_a_label() {
    check(
        ARRIVAL,
        &[("PID|1||L4410021^^^RR8^MR~9990417008^^^NHS^NH", "PID|1|9990417008^^^NHS^NH|L4410021^^^RR8^MR")],
        &expect![[r#"
            AA A04: ask Child U01 RR813, 9990417008 of PID-2 by Standard
            odd PID-2 number-place"#]],
    );
}

#[test]
fn in_pid_4_with_a_label() {
    check(
        ARRIVAL,
        &[("~9990417008^^^NHS^NH||", "|9990417008^^^NHS^NH|")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-4 by Standard
        odd PID-4 number-place"#]],
    );
}

#[test]
fn in_pid_19_without_a_label() {
    check(
        ARRIVAL,
        &[("~9990417008^^^NHS^NH", ""), ("M||||||||||||||||||||||||", "M|||||||||||9990417008|||||||||||||")],
        &expect![[r#"
            AA A04: hold number-unlabelled
            odd PID-19 number-unlabelled"#]],
    );
}

#[test]
fn in_pid_19_where_the_profile_says_so() {
    check_with(
        ARRIVAL,
        "[number]\nunlabelled_fields = [19]",
        &[("~9990417008^^^NHS^NH", ""), ("M||||||||||||||||||||||||", "M|||||||||||9990417008|||||||||||||")],
        &expect![[r#"
            AA A04: ask Child U01 RR813, 9990417008 of PID-19 by Field
            odd PID-19 number-label
            odd PID-19 number-place"#]],
    );
}

#[test]
fn wrong_check_digit() {
    check(
        ARRIVAL,
        &[("9990417008", "9990417009")],
        &expect![[r#"
        AA A04: hold number-check-digit
        odd PID-3 number-invalid"#]],
    );
}

#[test]
fn with_letters() {
    check(
        ARRIVAL,
        &[("9990417008", "999041700X")],
        &expect![[r#"
        AA A04: hold number-not-digits
        odd PID-3 number-invalid"#]],
    );
}

#[test]
fn too_short() {
    check(
        ARRIVAL,
        &[("9990417008", "999041700")],
        &expect![[r#"
        AA A04: hold number-not-digits
        odd PID-3 number-invalid"#]],
    );
}

#[test]
fn a_placeholder() {
    check(
        ARRIVAL,
        &[("9990417008", "9999999999")],
        &expect![[r#"
        AA A04: hold number-placeholder
        odd PID-3 number-invalid"#]],
    );
}

#[test]
fn deleted() {
    check(ARRIVAL, &[("9990417008^^^NHS^NH", "\"\"^^^NHS^NH")], &expect!["AA A04: hold number-deleted"]);
}

#[test]
fn the_whole_field_deleted() {
    check(
        ARRIVAL,
        &[("L4410021^^^RR8^MR~9990417008^^^NHS^NH", "\"\"")],
        &expect![[r#"
        AA A04: hold number-deleted
        odd PID-3 local-missing"#]],
    );
}

#[test]
fn of_scotland_by_its_label() {
    check(
        ARRIVAL,
        &[("^^^NHS^NH", "^^^CHI^NH")],
        &expect![[r#"
        AA A04: hold number-not-english
        odd PID-3 number-foreign"#]],
    );
}

#[test]
fn of_northern_ireland_by_its_label() {
    check(
        ARRIVAL,
        &[("^^^NHS^NH", "^^^HCN^HC")],
        &expect![[r#"
        AA A04: hold number-not-english
        odd PID-3 number-foreign"#]],
    );
}

#[test]
fn with_an_ampersand_in_the_label() {
    check(
        ARRIVAL,
        &[("^^^NHS^NH", "^^^H&C^NH")],
        &expect![[r#"
        AA A04: hold number-not-english
        odd PID-3 number-foreign"#]],
    );
}

#[test]
fn type_nhs_without_authority() {
    check(
        ARRIVAL,
        &[("^^^NHS^NH", "^^^^NHS")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by OtherType
        odd PID-3 number-label"#]],
    );
}

#[test]
fn type_nh_with_the_trust_as_authority() {
    check(
        ARRIVAL,
        &[("^^^NHS^NH", "^^^RR8^NH")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Type
        odd PID-3 number-label"#]],
    );
}

#[test]
fn authority_nhsnbr() {
    check(
        ARRIVAL,
        &[("^^^NHS^NH", "^^^NHSNBR^NHSNMBR")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Authority
        odd PID-3 number-label"#]],
    );
}

#[test]
fn type_ni_that_the_profile_does_not_know() {
    check(
        ARRIVAL,
        &[("^^^NHS^NH", "^^^^NI")],
        &expect![[r#"
        AA A04: hold number-unlabelled
        odd PID-3 number-unlabelled"#]],
    );
}

#[test]
fn type_ni_where_the_profile_says_so() {
    check_with(
        ARRIVAL,
        "[number]\ntypes = [\"NH\", \"NI\"]",
        &[("^^^NHS^NH", "^01^^^NI"), ("NSTS01", "")],
        &expect![[r#"
            AA A04: ask Child U01 RR813, 9990417008 of PID-3 by OtherType, status 01 of PID-3
            odd PID-3 number-label
            odd PID-3 status-place"#]],
    );
}

#[test]
fn two_different_ones() {
    check(
        ARRIVAL,
        &[("~9990417008^^^NHS^NH", "~9990417008^^^NHS^NH~9990417016^^^NHS^NH")],
        &expect![[r#"
        AA A04: hold two-numbers
        odd PID-3 number-conflict"#]],
    );
}

#[test]
fn two_different_ones_under_different_labels() {
    check(
        ARRIVAL,
        &[("~9990417008^^^NHS^NH", "~9990417008^^^NHS^NH~9990417016^^^^NHS")],
        &expect![[r#"
        AA A04: hold two-numbers
        odd PID-3 number-label
        odd PID-3 number-conflict"#]],
    );
}

#[test]
fn the_same_twice() {
    check(
        ARRIVAL,
        &[("~9990417008^^^NHS^NH", "~9990417008^^^NHS^NH~999 041 7008^^^^NHS")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd PID-3 number-label
        odd PID-3 number-spaced"#]],
    );
}

#[test]
fn one_that_has_expired_beside_the_right_one() {
    check(
        ARRIVAL,
        &[("~9990417008^^^NHS^NH", "~9990417008^^^NHS^NH~9990417016^^^NHS^NH^^20190101^20200101")],
        &expect![[r#"
            AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
            odd PID-3 number-expired"#]],
    );
}

#[test]
fn a_number_for_tests_on_a_live_feed() {
    check_with(ARRIVAL, "test_numbers = false", &[], &expect!["AA A04: hold test-number"]);
}

#[test]
fn lower_case_labels() {
    check(
        ARRIVAL,
        &[("^^^NHS^NH", "^^^nhs^nh")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn status_in_zu1() {
    check(
        ARRIVAL,
        &[
            ("NSTS01", ""),
            (
                "RR8AE^VN|||||||||||||||||||||||||20260314183000\n",
                "RR8AE^VN|||||||||||||||||||||||||20260314183000\nZU1|||||||||||||||||||||||||||01\n",
            ),
        ],
        &expect![[r#"
            AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard, status 01 of ZU1-27
            odd ZU1-27 status-place"#]],
    );
}

#[test]
fn status_in_braces() {
    check(
        ARRIVAL,
        &[("NHS^NH", "NHS^NH{status:02}"), ("NSTS01", "")],
        &expect![[r#"
        AA A04: ask Child U01 RR813 unverified, 9990417008 of PID-3 by Standard, status 02 of PID-3
        odd PID-3 status-place"#]],
    );
}

#[test]
fn status_as_check_digit() {
    check(
        ARRIVAL,
        &[("9990417008^^^NHS^NH", "9990417008^03^^NHS^NH"), ("NSTS01", "")],
        &expect![[r#"
        AA A04: ask Child U01 RR813 unverified, 9990417008 of PID-3 by Standard, status 03 of PID-3
        odd PID-3 status-place"#]],
    );
}

#[test]
fn status_bare() {
    check(ARRIVAL, &[("NSTS01", "01")], &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"]);
}

#[test]
fn status_pds() {
    check(
        ARRIVAL,
        &[("NSTS01", "UA~PDS02")],
        &expect!["AA A04: ask Child U01 RR813 unverified, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn two_statuses() {
    check(
        ARRIVAL,
        &[("9990417008^^^NHS^NH", "9990417008^02^^NHS^NH")],
        &expect![[r#"
        AA A04: ask Child U01 RR813 unverified, 9990417008 of PID-3 by Standard, status 02 of PID-3
        odd PID-3 status-place
        odd PID-32 status-conflict"#]],
    );
}

#[test]
fn no_status() {
    check(
        ARRIVAL,
        &[("NSTS01", "")],
        &expect!["AA A04: ask Child U01 RR813 unverified, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn number_marked_as_default() {
    check(
        ARRIVAL,
        &[("NSTS01", "US~NSTS01")],
        &expect!["AA A04: ask Child U01 RR813 unverified, 9990417008 of PID-3 by Standard"],
    );
}
