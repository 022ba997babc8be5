//! Envelopes from headers and back, all their faults, and what is stored.

use super::{any_envelope, any_mailbox, full, headers, mailbox, sent, value};
use crate::handshake::Handshake;
use crate::header::{HeaderFaultKind, names};
use crate::{ChunkRange, Envelope, Headers, MeshFault};
use proptest::prelude::*;

const TO: (&str, &str) = ("Mex-To", "cpis0hc001");
const WORKFLOW: (&str, &str) = ("Mex-WorkflowID", "CPIS_UPLOAD");

#[test]
fn everything_that_a_sender_says_is_read() {
    let list = [
        TO,
        WORKFLOW,
        ("MEX-SUBJECT", " CP-IS upload "),
        ("Mex-LocalID", "UPLOAD-000123"),
        ("Mex-PartnerID", "P1"),
        ("Mex-FileName", "upload.xml"),
        ("Mex-Content-Encrypted", "yes"),
        ("Mex-Content-Compressed", "Y"),
        ("Mex-Content-Checksum", "sha256:AB/CD-1 2"),
        ("Mex-Content-Type", "application/xml"),
        ("Content-Type", "application/octet-stream"),
        ("Mex-From", "X26ABC1"),
        ("Mex-MessageType", "DATA"),
        ("Mex-ProcessID", "any"),
        ("Mex-Content-Compress", "maybe"),
        ("Mex-Checksum", "!"),
    ];
    assert_eq!(Envelope::from_headers(&headers(&list)).unwrap(), full());
    let body = Envelope::from_headers(&headers(&[TO, WORKFLOW, ("content-type", "text/csv")])).unwrap();
    assert_eq!(body.content_type.as_deref(), Some("text/csv"));
    let empty = [TO, WORKFLOW, ("mex-subject", " "), ("mex-content-encrypted", ""), ("content-type", "")];
    let plain = Envelope::new(mailbox("CPIS0HC001"), "CPIS_UPLOAD");
    assert_eq!(Envelope::from_headers(&headers(&empty)).unwrap(), plain);
    assert_eq!(format!("{:?}", full()), "Envelope { to: MailboxId(\"CPIS0HC001\"), workflow: \"CPIS_UPLOAD\", .. }");
}

#[test]
fn flags_are_said_in_many_words() {
    for (word, expected) in [
        ("Y", Some(true)),
        ("yes", Some(true)),
        ("TRUE", Some(true)),
        ("t", Some(true)),
        ("On", Some(true)),
        ("1", Some(true)),
        ("", Some(false)),
        ("N", Some(false)),
        ("no", Some(false)),
        ("False", Some(false)),
        ("f", Some(false)),
        ("off", Some(false)),
        ("0", Some(false)),
        ("maybe", None),
        ("2", None),
    ] {
        let read = Envelope::from_headers(&headers(&[TO, WORKFLOW, ("Mex-Content-Encrypted", word)]));
        assert_eq!(read.ok().map(|envelope| envelope.content_encrypted), expected, "{word}");
    }
}

#[test]
fn each_fault_is_told_and_decides_the_answer() {
    use HeaderFaultKind::{Checksum, Malformed, Missing, NoRecipient, Repeated, TooLong, UnknownRecipient, Value};
    let long = |chars: usize| "é".repeat(chars);
    let (l101, l301, l501) = ("1".repeat(101), long(301), long(501));
    let flag = "y".repeat(21);
    let [l101, l301, l501, flag] = [&l101, &l301, &l501, &flag].map(String::as_str);
    for (list, kinds, status, code) in [
        (vec![], &[(names::TO, Missing), (names::WORKFLOW, Missing)][..], 400, ""),
        (vec![WORKFLOW], &[(names::TO, Missing)], 400, ""),
        (vec![TO, ("mex-workflowid", " ")], &[(names::WORKFLOW, Missing)], 400, ""),
        (vec![("mex-to", ""), WORKFLOW], &[(names::TO, NoRecipient)], 417, "08"),
        (vec![("mex-to", "no mailbox"), WORKFLOW], &[(names::TO, UnknownRecipient)], 417, "12"),
        (vec![("mex-to", l101), WORKFLOW], &[(names::TO, TooLong)], 400, ""),
        (vec![TO, ("mex-to", "OTHER"), WORKFLOW], &[(names::TO, Repeated)], 400, ""),
        (vec![TO, TO, WORKFLOW, WORKFLOW], &[], 400, ""),
        (vec![TO, ("mex-workflowid", l301)], &[(names::WORKFLOW, TooLong)], 400, ""),
        (vec![TO, WORKFLOW, ("mex-subject", l501)], &[(names::SUBJECT, TooLong)], 400, ""),
        (vec![TO, WORKFLOW, ("mex-localid", l301)], &[(names::LOCAL_ID, TooLong)], 400, ""),
        (vec![TO, WORKFLOW, ("mex-partnerid", l501)], &[(names::PARTNER_ID, TooLong)], 400, ""),
        (vec![TO, WORKFLOW, ("mex-filename", l301)], &[(names::FILE_NAME, TooLong)], 400, ""),
        (vec![TO, WORKFLOW, ("mex-content-type", l101)], &[(names::CONTENT_TYPE, TooLong)], 400, ""),
        (vec![TO, WORKFLOW, ("content-type", l101)], &[], 400, ""),
        (vec![TO, WORKFLOW, ("mex-content-checksum", l101)], &[(names::CHECKSUM, TooLong)], 400, ""),
        (
            vec![TO, WORKFLOW, ("mex-content-encrypted", flag)],
            &[(names::ENCRYPTED, TooLong), (names::ENCRYPTED, Value)],
            400,
            "",
        ),
        (vec![TO, WORKFLOW, ("mex-content-checksum", "a=b")], &[(names::CHECKSUM, Checksum)], 400, "Invalid checksum"),
        (vec![WORKFLOW, ("mex-content-checksum", "=")], &[(names::TO, Missing), (names::CHECKSUM, Checksum)], 400, ""),
        (vec![TO, WORKFLOW, ("mex-subject", "a\tb")], &[(names::SUBJECT, Malformed)], 400, "06"),
        (vec![TO, WORKFLOW, ("mex-anything", "a\0b")], &[("mex-anything", Malformed)], 400, "06"),
        (vec![TO, WORKFLOW, ("other", "a\0b")], &[], 400, ""),
        (vec![("mex-to", "http://a"), WORKFLOW], &[(names::TO, Malformed)], 400, "06"),
        (vec![TO, ("mex-workflowid", "HTTPS://a")], &[(names::WORKFLOW, Malformed)], 400, "06"),
        (vec![TO, WORKFLOW, ("mex-content-checksum", "http://a")], &[(names::CHECKSUM, Malformed)], 400, "06"),
        (vec![("mex-to", ""), ("mex-subject", "ok")], &[(names::TO, NoRecipient), (names::WORKFLOW, Missing)], 400, ""),
    ] {
        let faults = Envelope::from_headers(&headers(&list)).err().unwrap_or_default();
        let found: Vec<_> = faults.iter().map(|fault| (fault.header.as_str(), fault.kind)).collect();
        assert_eq!(found, kinds);
        if !faults.is_empty() {
            let fault = MeshFault::of_headers(faults);
            assert_eq!((fault.status(), fault.code()), (status, code), "{kinds:?}");
        }
    }
}

#[test]
fn the_sender_is_who_calls_or_is_not_said() {
    let own = mailbox("X26ABC1");
    for (list, expected) in [
        (vec![], true),
        (vec![("mex-from", "")], true),
        (vec![("Mex-From", " x26abc1 ")], true),
        (vec![("Mex-From", "X26ABC2")], false),
        (vec![("Mex-From", "no mailbox")], false),
    ] {
        assert_eq!(headers(&list).are_from(&own), expected, "{list:?}");
    }
}

#[test]
fn a_client_sends_what_a_server_reads() {
    let pairs = full().to_headers(&mailbox("X26ABC1"), ChunkRange::new(1, 3).unwrap());
    assert_eq!(value(&pairs, "mex-from").as_deref(), Some("X26ABC1"));
    assert_eq!(value(&pairs, "mex-chunk-range").as_deref(), Some("1:3"));
    assert_eq!(Envelope::from_headers(&sent(&pairs)), Ok(full()));
    let odd = Envelope { subject: Some("a\r\nMex-To: X".to_owned()), ..full() };
    let pairs = odd.to_headers(&mailbox("X26ABC1"), ChunkRange::WHOLE);
    assert_eq!(value(&pairs, "mex-subject").as_deref(), Some("a  Mex-To: X"));
}

#[test]
fn a_handshake_says_what_the_client_is() {
    let handshake = Handshake {
        client_version: "OpenCPIS 0.1".to_owned(),
        os_name: "Linux".to_owned(),
        os_version: "6".to_owned(),
    };
    assert_eq!(Handshake::from_headers(&sent(&handshake.to_headers())), Ok(handshake));
    let faults = Handshake::from_headers(&headers(&[("Mex-OSName", "x"), ("Mex-OSVersion", " ")])).unwrap_err();
    let found: Vec<&str> = faults.iter().map(|fault| fault.header.as_str()).collect();
    assert_eq!(found, ["mex-clientversion", "mex-osversion"]);
}

#[test]
fn stored_envelopes_have_short_names_and_read_what_later_versions_add() {
    let plain = Envelope::new(mailbox("X26ABC1"), "W1");
    assert_eq!(plain.to_json(), br#"{"to":"X26ABC1","wf":"W1"}"#);
    assert_eq!(Envelope::from_json(br#"{"to":"X26ABC1","wf":"W1","later":1}"#), Ok(plain));
    for bad in [&b""[..], b"{}", b"null", br#"{"to":"a b","wf":"W1"}"#, b"\xff"] {
        assert!(Envelope::from_json(bad).is_err());
    }
}

proptest! {
    #[test]
    fn envelopes_come_back(envelope in any_envelope(), from in any_mailbox()) {
        let pairs = envelope.to_headers(&from, ChunkRange::WHOLE);
        prop_assert_eq!(Envelope::from_headers(&sent(&pairs)), Ok(envelope.clone()));
        prop_assert!(sent(&pairs).are_from(&from));
        prop_assert_eq!(Envelope::from_json(&envelope.to_json()), Ok(envelope));
    }

    #[test]
    fn headers_of_any_bytes_never_panic_and_no_fault_repeats_a_value(
        name in prop::sample::select(vec![names::TO, names::WORKFLOW, names::SUBJECT, names::CHECKSUM, names::ENCRYPTED]),
        bytes in proptest::collection::vec(any::<u8>(), 0..60), secret in "Zq[a-z]{20,600}\u{1}?",
    ) {
        let list = [(name, bytes.as_slice()), (names::LOCAL_ID, secret.as_bytes()), (names::COMPRESSED, secret.as_bytes())];
        let faults = Envelope::from_headers(&Headers::new(list)).unwrap_err();
        prop_assert!(faults.iter().all(|fault| !fault.to_string().contains("Zq")));
    }
}
