//! What is answered when nothing is done: status and body of every fault in both versions.

use super::{ID, message, text};
use crate::fault::is_retried;
use crate::received::Refusal;
use crate::{BadAccept, ChunkFault, HeaderFault, HeaderFaultKind, MeshFault, QueryFault, TokenFault, Version};

fn coded(status: u16, event: &str, code: &str, text: &str) -> (u16, String, String) {
    (
        status,
        format!(r#"{{"messageID":"{ID}","errorEvent":"{event}","errorCode":"{code}","errorDescription":"{text}"}}"#),
        format!(
            r#"{{"message_id":"{ID}","internal_id":"R1","detail":[{{"event":"{event}","code":"{code}","msg":"{text}"}}]}}"#
        ),
    )
}

fn uncoded(text: &str) -> (u16, String, String) {
    let (status, first, _) = coded(403, "", "", text);
    (status, first, format!(r#"{{"message_id":"{ID}","internal_id":"R1","detail":[{{"msg":"{text}"}}]}}"#))
}

fn plain(status: u16, text: &str) -> (u16, String, String) {
    let body = format!(r#"{{"internal_id":"R1","message":"{text}"}}"#);
    (status, body.clone(), body)
}

fn invalid(details: &str) -> (u16, String, String) {
    let body = format!(r#"{{"detail":[{details}]}}"#);
    (400, body.clone(), body)
}

#[test]
fn each_fault_has_its_status_and_its_body() {
    let header = HeaderFault::new("mex-to", HeaderFaultKind::Missing, "it is missing or empty");
    let other = HeaderFault::new("mex-subject", HeaderFaultKind::TooLong, "it has more than 500 characters");
    let query = QueryFault { parameter: "max_results", msg: "it must be a number from 10 to 5000" };
    for (fault, expected) in [
        (
            MeshFault::BadAccept,
            invalid(r#"{"loc":["header","accept"],"msg":"Accept names no version of MESH","type":"value_error"}"#),
        ),
        (
            MeshFault::Headers(vec![header, other]),
            invalid(
                r#"{"loc":["header","mex-to"],"msg":"it is missing or empty","type":"missing"},{"loc":["header","mex-subject"],"msg":"it has more than 500 characters","type":"string_too_long"}"#,
            ),
        ),
        (
            MeshFault::Query(vec![query]),
            invalid(
                r#"{"loc":["query","max_results"],"msg":"it must be a number from 10 to 5000","type":"value_error"}"#,
            ),
        ),
        (MeshFault::MalformedHeaders, coded(400, "TRANSFER", "06", "Malformed control file")),
        (
            MeshFault::BadChecksum,
            coded(400, "SEND", "Invalid checksum", "Checksum has characters that are not allowed"),
        ),
        (MeshFault::NoToken, uncoded("Error reading from Authorization header")),
        (MeshFault::OtherMailbox, uncoded("Mailbox id does not match token")),
        (MeshFault::UnknownMailbox, coded(403, "SEND", "EPL-151", "No mailbox matched")),
        (MeshFault::BadToken, uncoded("Invalid Authentication Token")),
        (MeshFault::NotYours, uncoded("Message belongs to another mailbox")),
        (MeshFault::NoSuchMessage, coded(404, "RECEIVE", "20", "Message does not exist")),
        (MeshFault::NoSuchChunk, coded(404, "RECEIVE", "20", "Chunk does not exist")),
        (MeshFault::NoSuchPath, plain(404, "Not Found")),
        (MeshFault::LocalIdNotUnique, plain(300, "Several messages have this local id")),
        (MeshFault::ChunkBeyondTotal, plain(406, "Chunk number is beyond the number of chunks")),
        (MeshFault::Gone, coded(410, "SEND", "Message already accepted", "Message no longer available for download")),
        (MeshFault::TimedOut, plain(408, "Body did not come in time")),
        (MeshFault::TooLarge, plain(413, "Body is too large")),
        (MeshFault::NoContent, coded(417, "COLLECT", "02", "Data file is missing or inaccessible.")),
        (MeshFault::FromDiffers, coded(417, "SEND", "07", "Invalid From Address in the control file")),
        (MeshFault::NoRecipient, coded(417, "SEND", "08", "TO_DTS missing")),
        (MeshFault::UnknownRecipient, coded(417, "SEND", "12", "Unregistered to address")),
        (MeshFault::WorkflowNotAllowed, coded(417, "SEND", "17", "Workflow ID not registered for mailbox")),
        (
            MeshFault::InvalidHeaderChunks(ChunkFault::NotFirst),
            coded(417, "SEND", "InvalidHeaderChunks", "the first request must carry chunk 1"),
        ),
        (
            MeshFault::EncodingChanged,
            coded(417, "SEND", "UnsupportedContentEncoding", "cannot change content encoding"),
        ),
        (
            MeshFault::UnsupportedEncoding,
            coded(422, "SEND", "UnsupportedContentEncoding", "Content-Encoding must be gzip or absent"),
        ),
        (MeshFault::Complete, plain(423, "Message is complete and takes no more chunks")),
        (MeshFault::TooManyRequests, plain(429, "Too many requests")),
        (MeshFault::Internal, plain(500, "Internal error")),
        (MeshFault::Unavailable, plain(503, "Service is not available now")),
    ] {
        let body = |version| text(fault.body(version, Some(&message(ID)), "R1"));
        assert_eq!((fault.status(), body(Version::V1), body(Version::V2)), expected, "{fault:?}");
        assert_eq!(fault.is_retried(), matches!(fault.status(), 429 | 503));
        // A client reads what is said, in either version.
        if !matches!(fault, MeshFault::Headers(_) | MeshFault::Query(_)) {
            for version in [Version::V1, Version::V2] {
                let refusal = Refusal::read(&fault.body(version, None, ""));
                assert_eq!((refusal.code.as_str(), refusal.text.as_str()), (fault.code(), &*fault.text()));
            }
        }
    }
}

#[test]
fn ids_that_are_not_known_are_left_out() {
    let fault = MeshFault::UnknownRecipient;
    assert_eq!(
        text(fault.body(Version::V1, None, "")),
        r#"{"errorEvent":"SEND","errorCode":"12","errorDescription":"Unregistered to address"}"#
    );
    assert_eq!(
        text(fault.body(Version::V2, None, "")),
        r#"{"detail":[{"event":"SEND","code":"12","msg":"Unregistered to address"}]}"#
    );
    assert_eq!(text(MeshFault::Internal.body(Version::V2, None, "")), r#"{"message":"Internal error"}"#);
    assert_eq!(fault.to_string(), "417 12: Unregistered to address");
    assert_eq!(MeshFault::Internal.to_string(), "500: Internal error");
    assert_eq!((fault.event(), MeshFault::from(BadAccept)), ("SEND", MeshFault::BadAccept));
    assert_eq!(MeshFault::from(TokenFault::Hash), MeshFault::NoToken);
}

#[test]
fn clients_repeat_their_token_after_some_statuses() {
    let retried: Vec<u16> = (100..600).filter(|status| is_retried(*status)).collect();
    assert_eq!(retried, [425, 429, 502, 503, 504]);
}
