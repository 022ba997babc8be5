//! Bodies of the smaller answers. An empty one is an empty body.

use crate::id::{MailboxId, MessageId};
use crate::json;
use crate::version::Version;
use serde::Serialize;
use serde_json::json as object;

/// That the server is alive.
pub fn ping() -> Vec<u8> {
    json(&object!({ "status": "running", "outcome": "Yes" }))
}

/// How many messages wait. Its content type is [`crate::version::JSON`] in both versions.
pub fn count(version: Version, count: u64, internal_id: &str) -> Vec<u8> {
    match version {
        Version::V1 => json(&object!({ "count": count, "internalID": internal_id, "allResultsIncluded": true })),
        Version::V2 => json(&object!({ "count": count })),
    }
}

/// A message was taken, or its first chunk.
pub fn sent(version: Version, id: &MessageId) -> Vec<u8> {
    match version {
        Version::V1 => json(&object!({ "messageID": id })),
        Version::V2 => json(&object!({ "message_id": id })),
    }
}

/// A further chunk was taken. In version 2 there is no value; the body is still JSON, since clients read it as such.
pub fn chunk_sent(version: Version, id: &MessageId, number: u32) -> Vec<u8> {
    match version {
        Version::V1 => json(&object!({ "messageID": id, "blockID": number })),
        Version::V2 => b"null".to_vec(),
    }
}

/// A message was acknowledged.
pub fn acknowledged(version: Version, id: &MessageId) -> Vec<u8> {
    match version {
        Version::V1 => json(&object!({ "messageId": id })),
        Version::V2 => Vec::new(),
    }
}

/// A mailbox that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundMailbox {
    /// Its id.
    pub mailbox: MailboxId,
    /// Its name.
    pub name: String,
}

/// The mailboxes of an organisation that receive a workflow. Its content type is [`crate::version::JSON`] in both
/// versions.
pub fn lookup(version: Version, query_id: &str, found: &[FoundMailbox]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Found<'f> {
        address: &'f MailboxId,
        description: &'f str,
        endpoint_type: &'static str,
    }
    match version {
        Version::V1 => {
            let results = found.iter().map(|FoundMailbox { mailbox, name }| Found {
                address: mailbox,
                description: name,
                endpoint_type: "MESH",
            });
            json(&object!({ "query_id": query_id, "results": results.collect::<Vec<_>>() }))
        }
        Version::V2 => workflow_search(found),
    }
}

/// The mailboxes that receive a workflow, in either version.
pub fn workflow_search(found: &[FoundMailbox]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Found<'f> {
        mailbox_id: &'f MailboxId,
        mailbox_name: &'f str,
    }
    let results = found.iter().map(|FoundMailbox { mailbox, name }| Found { mailbox_id: mailbox, mailbox_name: name });
    json(&object!({ "results": results.collect::<Vec<_>>() }))
}
