//! What a recipient and a sender are told of a message: headers of data and of reports, tracking.

use super::{
    ID, any_envelope, any_id, any_mailbox, any_second, any_words, at, full, headers, mailbox, message, sent, text,
    value,
};
use crate::header::names;
use crate::{
    ChunkRange, ContentEncoding, Delivered, DeliveredKind, Envelope, HeaderFaultKind, Headers, Party, ReportStatus,
    StatusRecord, Tracked, TrackedStatus, Version,
};
use proptest::prelude::*;
use serde_json::Value;

const REPORT: &str = "20260319160000000000_0A1B2D";

fn data() -> Delivered {
    Delivered {
        id: message(ID),
        from: Some(mailbox("X26ABC1")),
        envelope: full(),
        chunk: ChunkRange::WHOLE,
        accepted_at: at("2026-03-14T15:59:01Z"),
        kind: DeliveredKind::Data,
    }
}

fn shown(delivered: &Delivered, version: Version) -> String {
    let pairs = delivered.to_headers(version);
    pairs.iter().flat_map(|(name, value)| [name, ": ", value.as_str(), "\n"]).collect()
}

#[test]
fn a_message_is_handed_out_with_all_its_headers() {
    let expected = "mex-messageid: 20260314155901123456_0A1B2C\nmex-messagetype: DATA\nmex-from: X26ABC1\n\
        mex-to: CPIS0HC001\nmex-workflowid: CPIS_UPLOAD\nmex-subject: CP-IS upload\nmex-localid: UPLOAD-000123\n\
        mex-partnerid: P1\nmex-content-encrypted: Y\nmex-content-compressed: Y\nmex-content-checksum: sha256:AB/CD-1 2\n\
        mex-content-type: application/xml\nmex-filename: upload.xml\nmex-chunk-range: 1:1\nmex-total-chunks: 1\n\
        mex-addresstype: ALL\nmex-version: 1.0\nmex-statuscode: 00\nmex-statusevent: TRANSFER\n\
        mex-statusdescription: Transferred to recipient mailbox\nmex-statussuccess: SUCCESS\n\
        mex-statustimestamp: 20260314155901\ncontent-type: application/xml\n";
    assert_eq!(shown(&data(), Version::V2), expected);
    let plain = Delivered { envelope: Envelope::new(mailbox("CPIS0HC001"), "W1"), ..data() };
    let expected = "mex-messageid: 20260314155901123456_0A1B2C\nmex-messagetype: DATA\nmex-from: X26ABC1\n\
        mex-to: CPIS0HC001\nmex-workflowid: W1\nmex-filename: 20260314155901123456_0A1B2C.dat\nmex-chunk-range: 1:1\n\
        mex-total-chunks: 1\nmex-addresstype: ALL\nmex-version: 1.0\nmex-statuscode: 00\nmex-statusevent: TRANSFER\n\
        mex-statusdescription: Transferred to recipient mailbox\nmex-statussuccess: SUCCESS\n\
        mex-statustimestamp: 20260314155901\ncontent-type: application/octet-stream\n";
    assert_eq!(shown(&plain, Version::V2), expected);
}

#[test]
fn the_own_content_type_is_that_of_a_whole_body_in_version_2() {
    let part = Delivered { chunk: ChunkRange::new(1, 2).unwrap(), ..data() };
    for (delivered, version, expected) in [
        (&data(), Version::V1, "application/octet-stream"),
        (&data(), Version::V2, "application/xml"),
        (&part, Version::V2, "application/octet-stream"),
    ] {
        assert_eq!(delivered.body_type(version), expected);
    }
}

#[test]
fn a_report_says_what_failed_and_to_whom_it_was_never_handed() {
    let when = at("2026-03-19T16:00:00Z");
    let failed = message(ID);
    for (status, code, words) in [
        (ReportStatus::undelivered(&failed, 5, when), "14", "Message not collected by recipient after 5 days"),
        (ReportStatus::undelivered(&failed, 1, when), "14", "Message not collected by recipient after 1 day"),
        (ReportStatus::deactivated(&failed, when), "14", "Message was not collected as the mailbox is deactivated"),
        (ReportStatus::bad_file(&failed, when), "15", "Bad CP-IS file"),
    ] {
        assert_eq!(ReportStatus::from_json(&status.to_json()), Ok(status.clone()));
        let report = Delivered::report(message(REPORT), mailbox("X26ABC1"), &full(), status);
        let expected = format!(
            "mex-messageid: {REPORT}\nmex-messagetype: REPORT\nmex-to: X26ABC1\nmex-workflowid: CPIS_UPLOAD\n\
             mex-subject: NDR: CP-IS upload\nmex-localid: UPLOAD-000123\nmex-filename: {REPORT}.dat\n\
             mex-chunk-range: 1:1\nmex-total-chunks: 1\nmex-addresstype: ALL\nmex-version: 1.0\nmex-statuscode: {code}\n\
             mex-statusevent: SEND\nmex-statusdescription: {words}\nmex-statussuccess: ERROR\n\
             mex-statustimestamp: 20260319160000\nmex-linkedmsgid: {ID}\ncontent-type: application/octet-stream\n"
        );
        assert_eq!(shown(&report, Version::V1), expected);
    }
    let status = ReportStatus::bad_file(&failed, when);
    let long = Envelope { subject: Some("é".repeat(500)), ..full() };
    let report = Delivered::report(message(REPORT), mailbox("X26ABC1"), &long, status.clone());
    assert_eq!(report.envelope.subject.unwrap().chars().count(), 500);
    let plain = Envelope::new(mailbox("CPIS0HC001"), "W1");
    let report = Delivered::report(message(REPORT), mailbox("X26ABC1"), &plain, status);
    assert_eq!(report.envelope.subject.as_deref(), Some("NDR"));
    assert!(ReportStatus::from_json(b"{}").is_err());
}

#[test]
fn a_client_reads_what_other_servers_hand_out() {
    use HeaderFaultKind::{Missing, Value as Odd};
    let now = at("2026-04-01T00:00:00Z");
    let list = [
        ("Mex-MessageID", "20220228174323222_abcdef"),
        ("Mex-MessageType", "report"),
        ("Mex-To", "x26abc1"),
        ("Mex-Chunk-Range", "1:0"),
        ("Mex-Total-Chunks", "0"),
        ("Mex-StatusCode", "14"),
        ("Mex-StatusEvent", "TRANSFER"),
        ("Mex-StatusSuccess", "ERROR"),
        ("Mex-StatusDescription", "not collected"),
        ("Mex-LinkedMsgID", "a1"),
        ("Mex-FromSMTP", "x@y.example"),
        ("Mex-Content-Compressed", "N"),
    ];
    let report = Delivered::from_headers(&headers(&list), now).unwrap();
    assert_eq!((report.chunk, report.accepted_at), (ChunkRange::WHOLE, now));
    let expected = ReportStatus {
        linked: Some(message("A1")),
        code: "14".to_owned(),
        event: "TRANSFER".to_owned(),
        description: "not collected".to_owned(),
        at: now,
    };
    assert_eq!(report.kind, DeliveredKind::Report(expected));
    assert_eq!(report.envelope, Envelope { workflow: String::new(), ..Envelope::new(mailbox("X26ABC1"), "") });
    let faults = Delivered::from_headers(&Headers::default(), now).unwrap_err();
    let found: Vec<_> = faults.iter().map(|fault| (fault.header.as_str(), fault.kind)).collect();
    assert_eq!(found, [(names::MESSAGE_ID, Missing), (names::TO, Missing), (names::WORKFLOW, Missing)]);
    let odd = [("mex-messageid", "a b"), ("mex-to", "A"), ("mex-from", "a b"), ("mex-chunk-range", "2:1")];
    let faults = Delivered::from_headers(&headers(&odd), now).unwrap_err();
    let found: Vec<_> = faults.iter().map(|fault| (fault.header.as_str(), fault.kind)).collect();
    let expected =
        [(names::MESSAGE_ID, Odd), (names::FROM, Odd), (names::WORKFLOW, Missing), (names::CHUNK_RANGE, Odd)];
    assert_eq!(found, expected);
}

fn party(id: &str) -> Party {
    Party {
        mailbox: mailbox(id),
        name: format!("{id} name"),
        ods_code: "X26".to_owned(),
        org_code: "O1".to_owned(),
        org_name: "Organisation".to_owned(),
    }
}

fn tracked() -> Tracked {
    Tracked {
        id: message(ID),
        linked: None,
        sender: party("X26ABC1"),
        recipient: party("CPIS0HC001"),
        envelope: full(),
        status: TrackedStatus::Accepted,
        uploaded_at: Some(at("2026-03-14T15:59:01.5Z")),
        expires_at: Some(at("2026-03-19T15:59:01.5Z")),
        downloaded_at: None,
        chunk_count: 2,
        encoding: ContentEncoding::Gzip,
        file_size: 12_345,
        outcome: Some(StatusRecord::transferred(at("2026-03-14T15:59:01.5Z"))),
    }
}

fn object(body: Vec<u8>) -> Value {
    serde_json::from_str(&text(body)).unwrap()
}

#[test]
fn tracking_of_version_2_is_short() {
    let expected = format!(
        r#"{{"message_id":"{ID}","local_id":"UPLOAD-000123","workflow_id":"CPIS_UPLOAD","filename":"upload.xml",
        "expiry_time":"2026-03-19T15:59:01.500Z","upload_timestamp":"2026-03-14T15:59:01.500Z",
        "recipient":"CPIS0HC001","recipient_name":"CPIS0HC001 name","recipient_ods_code":"X26",
        "recipient_org_code":"O1","recipient_org_name":"Organisation","status_success":true,"status":"accepted",
        "status_event":"TRANSFER","status_timestamp":"2026-03-14T15:59:01.500Z",
        "status_description":"Transferred to recipient mailbox","status_code":"00"}}"#
    );
    assert_eq!(object(tracked().body(Version::V2)), object(expected.into_bytes()));
    let under_way = Tracked { status: TrackedStatus::Uploading, outcome: None, uploaded_at: None, ..tracked() };
    let body = object(under_way.body(Version::V2));
    assert_eq!(body["status"], "uploading");
    assert_eq!(body["status_success"], true);
    assert!(body["upload_timestamp"].is_null() && body.get("status_code").is_none());
}

#[test]
fn tracking_of_version_1_has_every_field() {
    let expected = format!(
        r#"{{"addressType":"ALL","checksum":"sha256:AB/CD-1 2","chunkCount":2,"compressFlag":"",
        "contentEncoding":"gzip","downloadTimestamp":null,"dtsId":"{ID}","encryptedFlag":"Y",
        "expiryTime":"20260319155901","failureDate":null,"failureDiagnostic":"","fileName":"upload.xml",
        "fileSize":12345,"isCompressed":"Y","linkedMsgId":"","localId":"UPLOAD-000123","meshRecipientOdsCode":"X26",
        "messageId":"{ID}","messageType":"Data","partnerId":"P1","recipient":"CPIS0HC001",
        "recipientName":"CPIS0HC001 name","recipientOrgCode":"O1","recipientOrgName":"Organisation",
        "recipientSmtp":"","sender":"X26ABC1","senderName":"X26ABC1 name","senderOdsCode":"X26",
        "senderOrgCode":"O1","senderOrgName":"Organisation","senderSmtp":"","status":"Accepted","statusCode":"00",
        "statusDescription":"Transferred to recipient mailbox","statusEvent":"TRANSFER","statusSuccess":"SUCCESS",
        "statusTimestamp":"20260314155901","subject":"CP-IS upload","uploadTimestamp":"20260314155901",
        "version":"1.0","workflowId":"CPIS_UPLOAD"}}"#
    );
    assert_eq!(object(tracked().body(Version::V1)), object(expected.into_bytes()));
    let report = Delivered::report(
        message(REPORT),
        mailbox("X26ABC1"),
        &full(),
        ReportStatus::undelivered(&message(ID), 5, at("2026-03-19T16:00:00Z")),
    );
    let failed = Tracked {
        status: TrackedStatus::Undeliverable,
        linked: Some(message(REPORT)),
        outcome: Some(report.status()),
        envelope: Envelope::new(mailbox("CPIS0HC001"), "W1"),
        ..tracked()
    };
    let body = object(failed.body(Version::V1));
    for (name, expected) in [
        ("status", "Undeliverable"),
        ("statusSuccess", "ERROR"),
        ("statusCode", "14"),
        ("failureDate", "20260319160000"),
        ("failureDiagnostic", "Message not collected by recipient after 5 days"),
        ("linkedMsgId", REPORT),
        ("subject", ""),
        ("encryptedFlag", "N"),
        ("fileName", "20260314155901123456_0A1B2C.dat"),
    ] {
        assert_eq!(body[name], expected, "{name}");
    }
    assert_eq!(object(failed.body(Version::V2))["status_success"], false);
    for status in TrackedStatus::ALL {
        assert_eq!(TrackedStatus::from_word(&status.word().to_lowercase()), Some(status));
    }
    assert_eq!(TrackedStatus::from_word("lost"), None);
}

proptest! {
    #[test]
    fn what_is_handed_out_is_read_as_it_was(
        id in any_id(), from in any_mailbox(), envelope in any_envelope(), (number, more) in (1u32..50, 0u32..50),
        accepted_at in any_second(), report in proptest::option::of((any_id(), any_words(), any_words())),
    ) {
        let file_name = Some(envelope.file_name.clone().unwrap_or_else(|| format!("{id}.dat")));
        let envelope = Envelope { file_name, ..envelope };
        let chunk = ChunkRange::new(number, number + more).unwrap();
        let (from, kind) = match report {
            None => (Some(from), DeliveredKind::Data),
            Some((linked, code, description)) => {
                let event = "SEND".to_owned();
                (None, DeliveredKind::Report(ReportStatus { linked: Some(linked), code, event, description, at: accepted_at }))
            }
        };
        let delivered = Delivered { id, from, envelope, chunk, accepted_at, kind };
        for version in [Version::V1, Version::V2] {
            let pairs = delivered.to_headers(version);
            prop_assert_eq!(value(&pairs, "mex-total-chunks"), Some((number + more).to_string()));
            let read = Delivered::from_headers(&sent(&pairs), at("2000-01-01T00:00:00Z"));
            prop_assert_eq!(read, Ok(delivered.clone()));
        }
    }
}
