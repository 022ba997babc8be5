//! Tests of the whole crate: a table for each rule, the examples of the interface's description, round trips, noise.

mod answers;
mod chunks;
mod control_files;
mod corpus;
mod delivered;
mod faults;
mod headers;
mod ids;
mod tokens;

use crate::header::Pair;
use crate::{Envelope, Headers, MailboxId, MessageId};
use cpis_model::Timestamp;
use proptest::option;
use proptest::prelude::*;

/// An id of our own kind.
pub(crate) const ID: &str = "20260314155901123456_0A1B2C";

pub(crate) fn mailbox(id: &str) -> MailboxId {
    id.parse().unwrap()
}

pub(crate) fn message(id: &str) -> MessageId {
    id.parse().unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn headers(list: &[(&str, &str)]) -> Headers {
    Headers::new(list.iter().map(|(name, value)| (*name, value.as_bytes())))
}

pub(crate) fn sent(pairs: &[Pair]) -> Headers {
    Headers::new(pairs.iter().map(|(name, value)| (*name, value.as_bytes())))
}

pub(crate) fn value(pairs: &[Pair], name: &str) -> Option<String> {
    pairs.iter().find(|(own, _)| *own == name).map(|(_, value)| value.clone())
}

pub(crate) fn text(body: Vec<u8>) -> String {
    String::from_utf8(body).unwrap()
}

/// An envelope that says everything.
pub(crate) fn full() -> Envelope {
    Envelope {
        subject: Some("CP-IS upload".to_owned()),
        local_id: Some("UPLOAD-000123".to_owned()),
        partner_id: Some("P1".to_owned()),
        file_name: Some("upload.xml".to_owned()),
        content_encrypted: true,
        content_compressed: true,
        checksum: Some("sha256:AB/CD-1 2".to_owned()),
        content_type: Some("application/xml".to_owned()),
        ..Envelope::new(mailbox("CPIS0HC001"), "CPIS_UPLOAD")
    }
}

pub(crate) fn any_mailbox() -> impl Strategy<Value = MailboxId> {
    "X[A-Z0-9_.-]{0,20}".prop_map(|id| mailbox(&id))
}

pub(crate) fn any_id() -> impl Strategy<Value = MessageId> {
    "[A-Z0-9_-]{1,40}".prop_map(|id| message(&id))
}

pub(crate) fn any_second() -> impl Strategy<Value = Timestamp> {
    (0i64..4_102_444_800).prop_map(|second| Timestamp::from_second(second).unwrap())
}

/// Words with single spaces between.
pub(crate) fn any_words() -> impl Strategy<Value = String> {
    "[!-~é€]{1,8}( [!-~é€]{1,8}){0,3}"
}

pub(crate) fn any_envelope() -> impl Strategy<Value = Envelope> {
    let texts = (
        "W[A-Z0-9_]{0,20}",
        option::of(any_words()),
        option::of(any_words()),
        option::of(any_words()),
        option::of(any_words()),
        option::of("[A-Za-z0-9:/-]{1,20}"),
        option::of("application/[a-z+.]{1,20}"),
    );
    (any_mailbox(), texts, any::<bool>(), any::<bool>()).prop_map(
        |(to, texts, content_encrypted, content_compressed)| {
            let (workflow, subject, local_id, partner_id, file_name, checksum, content_type) = texts;
            Envelope {
                to,
                workflow,
                subject,
                local_id,
                partner_id,
                file_name,
                content_encrypted,
                content_compressed,
                checksum,
                content_type,
            }
        },
    )
}
