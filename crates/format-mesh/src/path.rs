//! The paths of MESH, relative to the host, with each part percent-encoded.

use crate::id::{MailboxId, MessageId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// What all paths begin with.
pub const ROOT: &str = "/messageexchange";
/// Whether the server is alive.
pub const PING: &str = "/messageexchange/_ping";

/// What stays as it is in a part of a path and in a value of a query (RFC 3986, 2.3).
const OTHERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One part of a path, or one value of a query.
pub(crate) fn part(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, OTHERS)
}

/// The handshake.
pub fn handshake(mailbox: &MailboxId) -> String {
    format!("{ROOT}/{}", part(mailbox.as_str()))
}

/// The list of an inbox; its query comes from [`crate::InboxQuery::link`].
pub fn inbox(mailbox: &MailboxId) -> String {
    format!("{ROOT}/{}/inbox", part(mailbox.as_str()))
}

/// A message in an inbox, or its first chunk.
///
/// ```
/// use cpis_format_mesh::path;
/// let (mailbox, id) = ("X26ABC1".parse().unwrap(), "20220228174323222_ABCDEF".parse().unwrap());
/// assert_eq!(path::message(&mailbox, &id), "/messageexchange/X26ABC1/inbox/20220228174323222_ABCDEF");
/// ```
pub fn message(mailbox: &MailboxId, id: &MessageId) -> String {
    format!("{}/{}", inbox(mailbox), part(id.as_str()))
}

/// A chunk of a message in an inbox.
pub fn chunk(mailbox: &MailboxId, id: &MessageId, number: u32) -> String {
    format!("{}/{number}", message(mailbox, id))
}

/// To acknowledge a message.
pub fn acknowledged(mailbox: &MailboxId, id: &MessageId) -> String {
    format!("{}/status/acknowledged", message(mailbox, id))
}

/// To send a message, or its first chunk.
pub fn outbox(mailbox: &MailboxId) -> String {
    format!("{ROOT}/{}/outbox", part(mailbox.as_str()))
}

/// To send another chunk.
pub fn outbox_chunk(mailbox: &MailboxId, id: &MessageId, number: u32) -> String {
    format!("{}/{}/{number}", outbox(mailbox), part(id.as_str()))
}

/// To track a message.
pub fn tracking(mailbox: &MailboxId, id: &MessageId) -> String {
    format!("{}/tracking?messageID={}", outbox(mailbox), part(id.as_str()))
}

/// To track a message by the sender's own reference.
pub fn tracking_by_local_id(mailbox: &MailboxId, local_id: &str) -> String {
    format!("{}/tracking/{}", outbox(mailbox), part(local_id))
}
