//! What a sender says about a message.

use crate::chunk::ChunkRange;
use crate::header::{HeaderFault, HeaderFaultKind, Headers, Pair, Reader, names, push};
use crate::id::{ID_CHARS_MAX, MailboxId};
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Longest workflow id, local id and file name in characters.
pub const REFERENCE_CHARS_MAX: usize = 300;
/// Longest subject and partner id in characters.
pub const SUBJECT_CHARS_MAX: usize = 500;
/// Longest checksum and content type in characters.
pub const CONTENT_CHARS_MAX: usize = 100;

/// Everything that a sender says about a message. Texts are never empty. `Debug` shows none that is free.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Recipient.
    pub to: MailboxId,
    /// Type of content.
    #[serde(rename = "wf")]
    pub workflow: String,
    /// Free text.
    #[serde(rename = "sub", default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The sender's own reference.
    #[serde(rename = "lid", default, skip_serializing_if = "Option::is_none")]
    pub local_id: Option<String>,
    /// Obsolete, passed through.
    #[serde(rename = "pid", default, skip_serializing_if = "Option::is_none")]
    pub partner_id: Option<String>,
    /// Name of the file.
    #[serde(rename = "fn", default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Whether the application encrypted the content.
    #[serde(rename = "enc", default, skip_serializing_if = "std::ops::Not::not")]
    pub content_encrypted: bool,
    /// Whether the content itself is compressed.
    #[serde(rename = "cmp", default, skip_serializing_if = "std::ops::Not::not")]
    pub content_compressed: bool,
    /// Checksum, passed through and not verified.
    #[serde(rename = "sum", default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
    /// Content type of the whole message.
    #[serde(rename = "ct", default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

/// A stored envelope, or a part of it, cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("what is stored of a message cannot be read")]
pub struct BadStored;

impl Envelope {
    /// An envelope that says nothing but where to and what.
    pub fn new(to: MailboxId, workflow: &str) -> Self {
        Self {
            to,
            workflow: workflow.to_owned(),
            subject: None,
            local_id: None,
            partner_id: None,
            file_name: None,
            content_encrypted: false,
            content_compressed: false,
            checksum: None,
            content_type: None,
        }
    }

    /// Reads the headers of a request to send, or tells all their faults; [`crate::MeshFault::of_headers`] makes the answer.
    ///
    /// ```
    /// use cpis_format_mesh::{Envelope, Headers};
    /// let headers = Headers::new([("Mex-To", b"cpis0hc001".as_slice()), ("Mex-WorkflowID", b"CPIS_UPLOAD")]);
    /// let envelope = Envelope::from_headers(&headers).unwrap();
    /// assert_eq!(envelope, Envelope::new("CPIS0HC001".parse().unwrap(), "CPIS_UPLOAD"));
    /// ```
    pub fn from_headers(headers: &Headers) -> Result<Self, Vec<HeaderFault>> {
        let mut reader = Reader::new(headers);
        let to = reader.required(names::TO, ID_CHARS_MAX);
        let workflow = reader.required(names::WORKFLOW, REFERENCE_CHARS_MAX);
        let subject = reader.text(names::SUBJECT, SUBJECT_CHARS_MAX);
        let local_id = reader.text(names::LOCAL_ID, REFERENCE_CHARS_MAX);
        let partner_id = reader.text(names::PARTNER_ID, SUBJECT_CHARS_MAX);
        let file_name = reader.text(names::FILE_NAME, REFERENCE_CHARS_MAX);
        let content_encrypted = reader.flag(names::ENCRYPTED);
        let content_compressed = reader.flag(names::COMPRESSED);
        let checksum = reader.text(names::CHECKSUM, CONTENT_CHARS_MAX);
        let own_type = reader.text(names::CONTENT_TYPE, CONTENT_CHARS_MAX);
        let content_type = own_type.or_else(|| body_type(headers));
        for (name, value) in [(names::TO, &to), (names::WORKFLOW, &workflow), (names::CHECKSUM, &checksum)] {
            if value.as_deref().is_some_and(is_web_address) {
                reader.refuse(name, HeaderFaultKind::Malformed, "it is an address of the web");
            } else if name == names::CHECKSUM && value.as_deref().is_some_and(|value| !value.chars().all(is_checksum)) {
                let msg = "it has other characters than letters, digits, spaces, colons, hyphens and slashes";
                reader.refuse(name, HeaderFaultKind::Checksum, msg);
            }
        }
        let mailbox = to.as_deref().and_then(|to| to.parse::<MailboxId>().ok());
        if to.is_some() && mailbox.is_none() && !reader.faults.iter().any(|fault| fault.header == names::TO) {
            reader.refuse(names::TO, HeaderFaultKind::UnknownRecipient, "it is no mailbox id");
        }
        match (mailbox, workflow) {
            (Some(to), Some(workflow)) if reader.faults.is_empty() => Ok(Self {
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
            }),
            _ => Err(reader.faults),
        }
    }

    /// The headers with which a client sends the message, or its first chunk.
    pub fn to_headers(&self, from: &MailboxId, range: ChunkRange) -> Vec<Pair> {
        let mut pairs = vec![(names::FROM, from.to_string()), (names::TO, self.to.to_string())];
        push(&mut pairs, names::WORKFLOW, Some(&self.workflow));
        pairs.push((names::CHUNK_RANGE, range.to_string()));
        pairs.push((names::MESSAGE_TYPE, "DATA".to_owned()));
        self.push_rest(&mut pairs);
        push(&mut pairs, names::FILE_NAME, self.file_name.as_deref());
        pairs
    }

    /// What is written alike by who sends and who hands out.
    pub(crate) fn push_rest(&self, pairs: &mut Vec<Pair>) {
        push(pairs, names::SUBJECT, self.subject.as_deref());
        push(pairs, names::LOCAL_ID, self.local_id.as_deref());
        push(pairs, names::PARTNER_ID, self.partner_id.as_deref());
        push(pairs, names::ENCRYPTED, self.content_encrypted.then_some("Y"));
        push(pairs, names::COMPRESSED, self.content_compressed.then_some("Y"));
        push(pairs, names::CHECKSUM, self.checksum.as_deref());
        push(pairs, names::CONTENT_TYPE, self.content_type.as_deref());
    }

    /// As it is stored, with short names. Who stores it seals it.
    pub fn to_json(&self) -> Vec<u8> {
        crate::json(self)
    }

    /// Reads what [`Envelope::to_json`] wrote.
    pub fn from_json(bytes: &[u8]) -> Result<Self, BadStored> {
        serde_json::from_slice(bytes).map_err(|_| BadStored)
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("to", &self.to).field("workflow", &self.workflow).finish_non_exhaustive()
    }
}

/// `Content-Type` where it says anything. It is no header of MESH: one that cannot be kept is passed over.
fn body_type(headers: &Headers) -> Option<String> {
    let value = headers.get(names::BODY_TYPE)?;
    let holds = value.chars().count() <= CONTENT_CHARS_MAX && !value.contains(crate::header::is_control);
    holds.then(|| value.to_owned())
}

fn is_web_address(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    value.starts_with("http://") || value.starts_with("https://")
}

fn is_checksum(c: char) -> bool {
    c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || matches!(c, ':' | '-' | '/')
}
