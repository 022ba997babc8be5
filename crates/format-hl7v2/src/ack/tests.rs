//! What is answered, byte for byte.
#![allow(clippy::needless_raw_string_hashes)] // as expect-test writes them

use super::*;
use crate::adt::{Received, head, read as receive};
use expect_test::{Expect, expect};

fn check(message: &[u8], outcome: Outcome, expected: &Expect) {
    let profile = Profile::from_toml("processing_ids = [\"P\", \"T\"]").unwrap();
    let header = match receive(message, &profile) {
        Ok(Received::Adt(adt)) => Some(adt.header),
        Ok(Received::Other(header) | Received::Own(header)) => Some(*header),
        Err(refused) => refused.header.map(|header| *header),
        Ok(Received::Acknowledgement(_)) => panic!("never answered"),
    };
    let mut ids = ["G0000000412", "G0000000413"].into_iter();
    let now = "2026-03-14T18:32:06Z".parse().unwrap();
    let answers = answers(header.as_ref(), outcome, &profile, now, || ids.next().unwrap().to_owned());
    let shown: Vec<String> = answers.iter().map(|answer| String::from_utf8_lossy(answer).replace('\r', "\n")).collect();
    expected.assert_eq(&shown.join("--\n"));
    let id = header.map(|header| header.control_id).unwrap_or_default();
    for answer in &answers {
        assert_eq!(read(answer).unwrap().control_id, id, "MSA-2 is the sender's");
    }
}

const MESSAGE: &str = "MSH|^~\\&|PAS|RR8|CPGW|RR8|20260314183205||ADT^A04^ADT_A01|20260314183205000101|P|2.4\r";

#[test]
fn a_message_that_is_stored_is_accepted() {
    check(
        MESSAGE.as_bytes(),
        Outcome::Accepted,
        &expect![[r#"
        MSH|^~\&|CPGW|RR8|PAS|RR8|20260314183206||ACK^A04^ACK|G0000000412|P|2.4
        MSA|AA|20260314183205000101
    "#]],
    );
}

#[test]
fn a_message_that_could_not_be_stored_is_an_error() {
    check(
        MESSAGE.as_bytes(),
        Outcome::Failed(Problem::NOT_STORED),
        &expect![[r#"
        MSH|^~\&|CPGW|RR8|PAS|RR8|20260314183206||ACK^A04^ACK|G0000000412|P|2.4
        MSA|AE|20260314183205000101|Not stored, send again
        ERR|^^^207&Application internal error&HL70357
    "#]],
    );
}

#[test]
fn newer_versions_have_an_error_with_fields() {
    let newer = MESSAGE.replace("|2.4", "|2.5.1");
    check(
        newer.as_bytes(),
        Outcome::refused(Refusal::ProcessingId),
        &expect![[r#"
        MSH|^~\&|CPGW|RR8|PAS|RR8|20260314183206||ACK^A04^ACK|G0000000412|P|2.5.1
        MSA|AR|20260314183205000101|Unsupported processing id
        ERR||MSH^1^11|202^Unsupported processing id^HL70357|E
    "#]],
    );
    check(
        newer.as_bytes(),
        Outcome::Failed(Problem::BUSY),
        &expect![[r#"
        MSH|^~\&|CPGW|RR8|PAS|RR8|20260314183206||ACK^A04^ACK|G0000000412|P|2.5.1
        MSA|AE|20260314183205000101|Busy, send again
        ERR|||207^Application internal error^HL70357|E
    "#]],
    );
}

#[test]
fn an_older_version_has_a_plain_message_type() {
    let older = MESSAGE.replace("ADT^A04^ADT_A01", "ADT^A04").replace("|2.4", "|2.3");
    check(
        older.as_bytes(),
        Outcome::refused(Refusal::ProcessingId),
        &expect![[r#"
        MSH|^~\&|CPGW|RR8|PAS|RR8|20260314183206||ACK|G0000000412|P|2.3
        MSA|AR|20260314183205000101|Unsupported processing id
        ERR|MSH^1^11^202&Unsupported processing id&HL70357
    "#]],
    );
}

#[test]
fn the_enhanced_mode_has_two_answers() {
    let both = MESSAGE.replace("|2.4", "|2.4|||AL|AL");
    check(
        both.as_bytes(),
        Outcome::Accepted,
        &expect![[r#"
        MSH|^~\&|CPGW|RR8|PAS|RR8|20260314183206||ACK^A04^ACK|G0000000412|P|2.4
        MSA|CA|20260314183205000101
        --
        MSH|^~\&|CPGW|RR8|PAS|RR8|20260314183206||ACK^A04^ACK|G0000000413|P|2.4
        MSA|AA|20260314183205000101
    "#]],
    );
}

#[test]
fn the_control_id_comes_back_byte_for_byte() {
    let odd = MESSAGE.replace("20260314183205000101", " 7\\T\\1&é^x ").replace("|2.4", "|2.4||||||UNICODE UTF-8");
    check(
        odd.as_bytes(),
        Outcome::Accepted,
        &expect![[r#"
        MSH|^~\&|CPGW|RR8|PAS|RR8|20260314183206||ACK^A04^ACK|G0000000412|P|2.4||||||UNICODE UTF-8
        MSA|AA| 7\T\1&é^x 
    "#]],
    );
    let mut latin = MESSAGE.replace("20260314183205000101", "7e1").into_bytes();
    let place = latin.windows(3).position(|three| three == b"7e1").unwrap();
    latin[place + 1] = 0xE9;
    let profile = Profile::default();
    let header = head(&latin, &profile).unwrap();
    let now = "2026-03-14T18:32:06Z".parse().unwrap();
    let answer = answers(Some(&header), Outcome::Accepted, &profile, now, || "G1".to_owned()).remove(0);
    assert!(answer.ends_with(b"MSA|AA|7\xE91\r"), "in the set in which it came");
}

#[test]
fn other_delimiters_are_answered_with() {
    let other = "MSH*:@%$*PAS*RR8*CPGW*RR8*20260314183205**ADT:A04:ADT_A01*77*P*2.4\r";
    check(
        other.as_bytes(),
        Outcome::Failed(Problem::NOT_STORED),
        &expect![[r#"
        MSH*:@%$*CPGW*RR8*PAS*RR8*20260314183206**ACK:A04:ACK*G0000000412*P*2.4
        MSA*AE*77*Not stored, send again
        ERR*:::207$Application internal error$HL70357
    "#]],
    );
}

#[test]
fn what_has_no_header_is_answered_all_the_same() {
    check(
        b"hello",
        Outcome::refused(Refusal::NoHeader),
        &expect![[r#"
        MSH|^~\&|CPGW||||20260314183206||ACK|G0000000412|P|2.4
        MSA|AR||The message does not begin with MSH
        ERR|^^^100&Segment sequence error&HL70357
    "#]],
    );
    check(
        b"MSH|",
        Outcome::refused(Refusal::Delimiters),
        &expect![[r#"
        MSH|^~\&|CPGW||||20260314183206||ACK|G0000000412|P|2.4
        MSA|AR||The delimiters cannot be used
        ERR|MSH^1^2^102&Data type error&HL70357
    "#]],
    );
}

#[test]
fn acknowledgements_of_others_are_read() {
    for (text, code, id, error) in [
        ("MSH|^~\\&|PAS\rMSA|AA|G1\r", Some(Code::Aa), "G1", None),
        (
            "MSH|^~\\&|PAS\rMSA|ae|G1|text\rERR|^^^207&Application internal error&HL70357\r",
            Some(Code::Ae),
            "G1",
            Some(207),
        ),
        (
            "MSH|^~\\&|PAS\nMSA|AR|G1\nERR||PID^1^3|204^Unknown key identifier^HL70357|E\n",
            Some(Code::Ar),
            "G1",
            Some(204),
        ),
        ("MSH|^~\\&|PAS\rMSA|CA|G1\r", Some(Code::Ca), "G1", None),
        ("MSH|^~\\&|PAS\rMSA|OK|\r", None, "", None),
    ] {
        let expected = Acknowledgement { code, control_id: id.to_owned(), error };
        assert_eq!(read(text.as_bytes()), Ok(expected), "{text}");
    }
    assert_eq!(read(b"MSH|^~\\&|PAS\rPID|1\r"), Err(NoAcknowledgement));
    assert_eq!(read(b"OK"), Err(NoAcknowledgement));
}
