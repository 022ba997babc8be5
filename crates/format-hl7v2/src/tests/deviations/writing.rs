//! How a message is written: signs, line ends, character sets, control characters, limits.

use super::{ARRIVAL, check, check_bytes, check_with};
use expect_test::expect;

#[test]
fn line_feeds() {
    check_bytes(
        ARRIVAL.as_bytes(),
        "",
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH line-feeds"#]],
    );
}

#[test]
fn carriage_returns_and_line_feeds() {
    check_bytes(
        ARRIVAL.replace('\n', "\r\n").as_bytes(),
        "",
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn line_feeds_and_one_carriage_return() {
    check_bytes(
        format!("{}\r", ARRIVAL.trim_end()).as_bytes(),
        "",
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH line-feeds"#]],
    );
}

#[test]
fn no_last_carriage_return() {
    check_bytes(
        ARRIVAL.trim_end().replace('\n', "\r").as_bytes(),
        "",
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn byte_order_mark() {
    check(
        ARRIVAL,
        &[("MSH|", "﻿MSH|")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH byte-order-mark"#]],
    );
}

#[test]
fn blank_lines_before() {
    check(
        ARRIVAL,
        &[("MSH|", "\n\n MSH|")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH blank-before"#]],
    );
}

#[test]
fn a_space_after_each_segment() {
    check_bytes(
        ARRIVAL.replace('\n', " \r").as_bytes(),
        "",
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn lower_case_segments() {
    check(
        ARRIVAL,
        &[("MSH|", "msh|"), ("PID|", "pid|"), ("PV1|", "pv1|")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH lower-case
        odd PID lower-case
        odd PV1 lower-case"#]],
    );
}

#[test]
fn signs_doubled_by_an_engine() {
    check(
        ARRIVAL,
        &[("^~\\&", "^~\\\\&")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH-2 delimiters-doubled"#]],
    );
}

#[test]
fn signs_escaped_for_xml() {
    check(
        ARRIVAL,
        &[("^~\\&", "^~\\&amp;")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH-2 delimiters-doubled"#]],
    );
}

#[test]
fn the_fifth_sign() {
    check(
        ARRIVAL,
        &[("^~\\&", "^~\\&#"), ("|2.4", "|2.7")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn two_signs_only() {
    check(
        ARRIVAL,
        &[("^~\\&", "^~")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH-2 delimiters-few"#]],
    );
}

#[test]
fn other_signs() {
    check_bytes(
        ARRIVAL
            .replace('|', "*")
            .replace('^', ":")
            .replace('~', "@")
            .replace('\n', "\r")
            .replace("\\&", "%$")
            .as_bytes(),
        "",
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn the_same_sign_twice() {
    check(ARRIVAL, &[("^~\\&", "^^\\&")], &expect!["AR 102 the delimiters of MSH-1 and MSH-2 cannot be used"]);
}

#[test]
fn a_letter_as_a_sign() {
    check(ARRIVAL, &[("^~\\&", "A~\\&")], &expect!["AR 102 the delimiters of MSH-1 and MSH-2 cannot be used"]);
}

#[test]
fn windows_1252() {
    check_bytes(&wire_1252(""), "", &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"]);
}

#[test]
fn latin_1_that_says_so() {
    check_bytes(&wire_1252("8859/1"), "", &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"]);
}

#[test]
fn windows_1252_that_says_utf_8() {
    check_bytes(
        &wire_1252("UNICODE UTF-8"),
        "",
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH-18 charset"#]],
    );
}

#[test]
fn utf_8_that_says_ascii() {
    check(
        ARRIVAL,
        &[("SAMUEL", "SAMÚEL"), ("|P|2.4", "|P|2.4||||||ASCII")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH-18 charset"#]],
    );
}

#[test]
fn a_set_nobody_knows() {
    check(
        ARRIVAL,
        &[("|P|2.4", "|P|2.4||||||EN")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH-18 charset-unknown"#]],
    );
}

#[test]
fn carriage_return_within_a_field() {
    check(
        ARRIVAL,
        &[("TESTCHILD^SAMUEL", "TESTCHILD^SAM\rUEL")],
        &expect![[r#"
            AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
            odd PID-5 line-break"#]],
    );
}

#[test]
fn address_in_two_lines() {
    check(
        ARRIVAL,
        &[(
            "M||||||||||||||||||||||||NSTS01",
            "M|||1 SAMPLE STREET\nFlat 2^^TESTVILLE^^ZZ99 3WZ|||||||||||||||||||||NSTS01",
        )],
        &expect![[r#"
            AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
            odd PID-11 line-break"#]],
    );
}

#[test]
fn tabs_and_nul() {
    check(
        ARRIVAL,
        &[("TESTCHILD", "TEST\tCHI\0LD")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd PID-5 control-character"#]],
    );
}

#[test]
fn an_escape_that_never_closes() {
    check(
        ARRIVAL,
        &[("TESTCHILD", "TEST\\CHILD")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn an_escape_nobody_knows() {
    check(
        ARRIVAL,
        &[("TESTCHILD", "TEST\\Zxy\\CHILD")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn header_twice() {
    check(
        ARRIVAL,
        &[("EVN|", "MSH|^~\\&|PAS|RR8|CPGW|RR8|20260314183205||ADT^A04^ADT_A01|77|P|2.4\nEVN|")],
        &expect![[r#"
            AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
            odd MSH header-twice"#]],
    );
}

#[test]
fn two_messages_in_one_frame() {
    check(
        ARRIVAL,
        &[("EVN|", "MSH|^~\\&|PAS|RR8|CPGW|RR8|20260314183205||ADT^A04^ADT_A01|78|P|2.4\nEVN|")],
        &expect!["AR 100 the frame holds more than one message"],
    );
}

#[test]
fn unknown_segments_anywhere() {
    check(
        ARRIVAL,
        &[("PID|", "ZAB|1\nPID|"), ("PV1|", "NTE|1|text\nPV1|")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn empty() {
    check_bytes(b"", "", &expect!["AR 100 the message is empty"]);
}

#[test]
fn only_blanks() {
    check_bytes(b"\r\n \r", "", &expect!["AR 100 the message is empty"]);
}

#[test]
fn no_header() {
    check(ARRIVAL, &[("MSH|", "XSH|")], &expect!["AR 100 the message does not begin with MSH"]);
}

#[test]
fn xml() {
    check_bytes(b"<ADT_A01/>", "", &expect!["AR 100 XML is not taken, only ER7"]);
}

#[test]
fn a_batch() {
    check(ARRIVAL, &[("MSH|", "BHS|^~\\&|PAS\nMSH|")], &expect!["AR 100 batches are not taken"]);
}

#[test]
fn a_batch_within() {
    check(ARRIVAL, &[("PV1|", "BTS|1\nPV1|")], &expect!["AR 100 batches are not taken"]);
}

#[test]
fn an_acknowledgement() {
    check(
        ARRIVAL,
        &[("ADT^A04^ADT_A01", "ACK^A04"), ("EVN|", "MSA|AA|1\nEVN|")],
        &expect!["an acknowledgement: nothing is answered"],
    );
}

#[test]
fn no_message_type() {
    check(ARRIVAL, &[("ADT^A04^ADT_A01", ""), ("EVN|A04", "EVN|")], &expect!["AR 101 the message type is missing"]);
}

#[test]
fn no_event_anywhere() {
    check(ARRIVAL, &[("ADT^A04^ADT_A01", "ADT"), ("EVN|A04", "EVN|")], &expect!["AR 101 the message type is missing"]);
}

#[test]
fn no_control_id() {
    check(ARRIVAL, &[("|77|", "||")], &expect!["AR 101 the control id is missing"]);
}

#[test]
fn a_long_control_id() {
    check(
        ARRIVAL,
        &[("|77|", "|777777777777777777777777777777777777777777777777777777777777|")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH-10 control-id-long"#]],
    );
}

#[test]
fn a_control_id_without_end() {
    check(
        ARRIVAL,
        &[(
            "|77|",
            "|777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777|",
        )],
        &expect!["AR 102 the control id is too long"],
    );
}

#[test]
fn for_tests_on_a_live_feed() {
    check(ARRIVAL, &[("|P|2.4", "|T|2.4")], &expect!["AR 202 unsupported processing id"]);
}

#[test]
fn for_tests_where_the_profile_takes_them() {
    check_with(
        ARRIVAL,
        "processing_ids = [\"P\", \"T\"]",
        &[("|P|2.4", "|t^A|2.4")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn no_processing_id() {
    check(
        ARRIVAL,
        &[("|P|2.4", "||2.4")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH-11 processing-id"#]],
    );
}

#[test]
fn version_3() {
    check(ARRIVAL, &[("|P|2.4", "|P|3.0")], &expect!["AR 203 the version is not 2.x"]);
}

#[test]
fn no_version() {
    check(
        ARRIVAL,
        &[("|P|2.4", "|P|")],
        &expect![[r#"
        AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard
        odd MSH-12 version"#]],
    );
}

#[test]
fn version_2_8_2() {
    check(ARRIVAL, &[("|P|2.4", "|P|2.8.2")], &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"]);
}

#[test]
fn version_2_1() {
    check(ARRIVAL, &[("|P|2.4", "|P|2.1")], &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"]);
}

#[test]
fn continued() {
    check(ARRIVAL, &[("|P|2.4", "|P|2.4||C1")], &expect!["AR 200 continuation is not supported"]);
}

#[test]
fn continued_by_dsc() {
    check(ARRIVAL, &[("PV1|", "DSC|1\nPV1|")], &expect!["AR 200 continuation is not supported"]);
}

#[test]
fn a_sender_that_is_not_the_feeds() {
    check_with(ARRIVAL, "senders = [{ application = \"EDIS\" }]", &[], &expect!["AR 204 the sender is not known here"]);
}

#[test]
fn a_sender_that_is() {
    check_with(
        ARRIVAL,
        "senders = [{ application = \"EDIS\" }, { application = \"pas\", facility = \"RR8\" }]",
        &[],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn commit_answer_asked_for() {
    check(
        ARRIVAL,
        &[("|P|2.4", "|P|2.4|||AL|NE")],
        &expect!["CA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn both_answers_asked_for() {
    check(
        ARRIVAL,
        &[("|P|2.4", "|P|2.4|||AL|AL")],
        &expect!["CA+AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn no_answer_asked_for() {
    check(
        ARRIVAL,
        &[("|P|2.4", "|P|2.4|||NE|NE")],
        &expect!["nothing A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn answers_to_errors_only() {
    check(
        ARRIVAL,
        &[("|P|2.4", "|P|2.4|||ER|ER")],
        &expect!["nothing A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn answers_to_errors_only_and_it_is_one() {
    check(ARRIVAL, &[("|P|2.4", "|T|2.4|||ER|NE")], &expect!["CR 202 unsupported processing id"]);
}

#[test]
fn no_answer_by_the_profile() {
    check_with(
        ARRIVAL,
        "acknowledge = \"none\"",
        &[],
        &expect!["nothing A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn one_answer_by_the_profile() {
    check_with(
        ARRIVAL,
        "acknowledge = \"original\"",
        &[("|P|2.4", "|P|2.4|||NE|NE")],
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn too_many_segments() {
    check_bytes(
        (ARRIVAL.replace('\n', "\r") + &"ZZZ|1\r".repeat(1_000)).as_bytes(),
        "",
        &expect!["AR 102 the message has too many segments"],
    );
}

#[test]
fn too_many_fields() {
    check_bytes(
        (ARRIVAL.replace('\n', "\r") + "ZZZ" + &"|1".repeat(501)).as_bytes(),
        "",
        &expect!["AR 102 a segment has too many fields"],
    );
}

#[test]
fn too_many_repetitions() {
    check_bytes(
        (ARRIVAL.replace('\n', "\r") + "ZZZ|" + &"1~".repeat(100)).as_bytes(),
        "",
        &expect!["AR 102 a field has too many repetitions"],
    );
}

#[test]
fn a_text_of_many_lines() {
    check_bytes(
        (ARRIVAL.replace('\n', "\r") + "NTE|1||" + &"line~".repeat(200)).as_bytes(),
        "",
        &expect!["AA A04: ask Child U01 RR813, 9990417008 of PID-3 by Standard"],
    );
}

#[test]
fn too_long() {
    check_bytes(
        (ARRIVAL.replace('\n', "\r") + "OBX|1|ED|" + &"A".repeat(1024 * 1024)).as_bytes(),
        "",
        &expect!["AR 102 the message is too long"],
    );
}

/// A name with an accent in one byte, and what MSH-18 says of it.
fn wire_1252(declared: &str) -> Vec<u8> {
    let text = ARRIVAL.replace("|P|2.4", &format!("|P|2.4||||||{declared}"));
    let mut bytes = text.replace('\n', "\r").into_bytes();
    let place = bytes.windows(6).position(|six| six == b"SAMUEL").unwrap();
    bytes[place + 3] = 0xDA;
    bytes
}
