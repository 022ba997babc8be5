//! Everything that a MESH server answers when it does not do what was asked: status, code and body in both versions.

use crate::chunk::ChunkFault;
use crate::header::{HeaderFault, HeaderFaultKind};
use crate::id::MessageId;
use crate::inbox::QueryFault;
use crate::json;
use crate::token::TokenFault;
use crate::version::{BadAccept, Version};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeshFault {
    /// `Accept` names no version of MESH.
    BadAccept,
    /// Headers are missing or not in their form: all of them are told.
    Headers(Vec<HeaderFault>),
    /// Parameters of the query are not in their form: all of them are told.
    Query(Vec<QueryFault>),
    /// A control character or an address of the web where none belongs.
    MalformedHeaders,
    /// A checksum with other characters than it may have.
    BadChecksum,
    /// `Authorization` is absent or no token.
    NoToken,
    /// The token is of another mailbox than the path.
    OtherMailbox,
    /// There is no such mailbox, or it is not active.
    UnknownMailbox,
    /// The hash is wrong, the time is too far off, or the token was used before.
    BadToken,
    /// The message belongs to others.
    NotYours,
    /// There is no such message.
    NoSuchMessage,
    /// The message has no such chunk.
    NoSuchChunk,
    /// There is no such path.
    NoSuchPath,
    /// Several messages have this local id.
    LocalIdNotUnique,
    /// The message has fewer chunks than that.
    ChunkBeyondTotal,
    /// The message was acknowledged, has expired or failed.
    Gone,
    /// The body did not come in time.
    TimedOut,
    /// The body is larger than is taken.
    TooLarge,
    /// The body is empty, or what is stored of it cannot be read.
    NoContent,
    /// `Mex-From` is another mailbox than the token.
    FromDiffers,
    /// `Mex-To` is empty.
    NoRecipient,
    /// `Mex-To` is no mailbox that is known.
    UnknownRecipient,
    /// The sender or the recipient may not have this workflow.
    WorkflowNotAllowed,
    /// A chunk is not the one that is due, or does not say which it is.
    InvalidHeaderChunks(ChunkFault),
    /// A chunk is encoded in another way than chunk 1.
    EncodingChanged,
    /// An encoding other than gzip.
    UnsupportedEncoding,
    /// All chunks are there already.
    Complete,
    /// More is asked than is answered now.
    TooManyRequests,
    /// A failure of the server.
    Internal,
    /// The server cannot do it now.
    Unavailable,
}

/// The row of a fault: status, event, code, text.
type Row = (u16, &'static str, &'static str, Cow<'static, str>);

impl MeshFault {
    /// The answer to faults of headers. What is not in its form comes first, then the recipient.
    pub fn of_headers(faults: Vec<HeaderFault>) -> Self {
        let has = |kind| faults.iter().any(|fault| fault.kind == kind);
        let others = |kinds: &[HeaderFaultKind]| faults.iter().any(|fault| !kinds.contains(&fault.kind));
        let recipient = [HeaderFaultKind::NoRecipient, HeaderFaultKind::UnknownRecipient];
        if has(HeaderFaultKind::Malformed) {
            Self::MalformedHeaders
        } else if has(HeaderFaultKind::Checksum) && !others(&[HeaderFaultKind::Checksum]) {
            Self::BadChecksum
        } else if faults.is_empty() || others(&recipient) {
            Self::Headers(faults)
        } else if has(HeaderFaultKind::NoRecipient) {
            Self::NoRecipient
        } else {
            Self::UnknownRecipient
        }
    }

    /// Status of the answer.
    pub fn status(&self) -> u16 {
        self.row().0
    }

    /// Event; empty where there is no code.
    pub fn event(&self) -> &'static str {
        self.row().1
    }

    /// Code; empty where there is none.
    pub fn code(&self) -> &'static str {
        self.row().2
    }

    /// Text on the wire.
    pub fn text(&self) -> Cow<'static, str> {
        self.row().3
    }

    /// Whether clients try again with the same token, so that its nonce must not be kept as used.
    pub fn is_retried(&self) -> bool {
        is_retried(self.status())
    }

    /// Body of the answer, as JSON. The ids are left out where they are not known or empty.
    pub fn body(&self, version: Version, message_id: Option<&MessageId>, internal_id: &str) -> Vec<u8> {
        let (status, event, code, text) = self.row();
        let internal_id = Some(internal_id).filter(|id| !id.is_empty());
        match self {
            Self::BadAccept => {
                json(&Invalid { detail: vec![Field { loc: ["header", "accept"], msg: &text, kind: "value_error" }] })
            }
            Self::Headers(faults) => {
                let fields = faults.iter().map(|fault| {
                    let HeaderFault { header, msg, kind } = fault;
                    Field { loc: ["header", header], msg, kind: kind.code() }
                });
                json(&Invalid { detail: fields.collect() })
            }
            Self::Query(faults) => {
                let fields = faults.iter().map(|fault| {
                    let QueryFault { parameter, msg } = *fault;
                    Field { loc: ["query", parameter], msg, kind: "value_error" }
                });
                json(&Invalid { detail: fields.collect() })
            }
            _ if code.is_empty() && status != 403 => json(&Plain { internal_id, message: &text }),
            _ => match version {
                Version::V1 => json(&Coded1 { message_id, event, code, text: &text }),
                Version::V2 => json(&Coded2 { message_id, internal_id, detail: [Detail { event, code, msg: &text }] }),
            },
        }
    }

    fn row(&self) -> Row {
        let (status, event, code, text) = match self {
            Self::BadAccept => (400, "", "", "Accept names no version of MESH"),
            Self::Headers(_) => (400, "", "", "Headers are missing or malformed"),
            Self::Query(_) => (400, "", "", "Parameters of the query are malformed"),
            Self::MalformedHeaders => (400, "TRANSFER", "06", "Malformed control file"),
            Self::BadChecksum => (400, "SEND", "Invalid checksum", "Checksum has characters that are not allowed"),
            Self::NoToken => (403, "", "", "Error reading from Authorization header"),
            Self::OtherMailbox => (403, "", "", "Mailbox id does not match token"),
            Self::UnknownMailbox => (403, "SEND", "EPL-151", "No mailbox matched"),
            Self::BadToken => (403, "", "", "Invalid Authentication Token"),
            Self::NotYours => (403, "", "", "Message belongs to another mailbox"),
            Self::NoSuchMessage => (404, "RECEIVE", "20", "Message does not exist"),
            Self::NoSuchChunk => (404, "RECEIVE", "20", "Chunk does not exist"),
            Self::NoSuchPath => (404, "", "", "Not Found"),
            Self::LocalIdNotUnique => (300, "", "", "Several messages have this local id"),
            Self::ChunkBeyondTotal => (406, "", "", "Chunk number is beyond the number of chunks"),
            Self::Gone => (410, "SEND", "Message already accepted", "Message no longer available for download"),
            Self::TimedOut => (408, "", "", "Body did not come in time"),
            Self::TooLarge => (413, "", "", "Body is too large"),
            Self::NoContent => (417, "COLLECT", "02", "Data file is missing or inaccessible."),
            Self::FromDiffers => (417, "SEND", "07", "Invalid From Address in the control file"),
            Self::NoRecipient => (417, "SEND", "08", "TO_DTS missing"),
            Self::UnknownRecipient => (417, "SEND", "12", "Unregistered to address"),
            Self::WorkflowNotAllowed => (417, "SEND", "17", "Workflow ID not registered for mailbox"),
            Self::InvalidHeaderChunks(fault) => {
                return (417, "SEND", "InvalidHeaderChunks", Cow::Owned(fault.to_string()));
            }
            Self::EncodingChanged => (417, "SEND", "UnsupportedContentEncoding", "cannot change content encoding"),
            Self::UnsupportedEncoding => {
                (422, "SEND", "UnsupportedContentEncoding", "Content-Encoding must be gzip or absent")
            }
            Self::Complete => (423, "", "", "Message is complete and takes no more chunks"),
            Self::TooManyRequests => (429, "", "", "Too many requests"),
            Self::Internal => (500, "", "", "Internal error"),
            Self::Unavailable => (503, "", "", "Service is not available now"),
        };
        (status, event, code, Cow::Borrowed(text))
    }
}

/// Whether clients try a request again after this status.
pub fn is_retried(status: u16) -> bool {
    matches!(status, 425 | 429 | 502 | 503 | 504)
}

impl fmt::Display for MeshFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, _, code, text) = self.row();
        match code {
            "" => write!(f, "{status}: {text}"),
            code => write!(f, "{status} {code}: {text}"),
        }
    }
}

impl std::error::Error for MeshFault {}

impl From<BadAccept> for MeshFault {
    fn from(_: BadAccept) -> Self {
        Self::BadAccept
    }
}

impl From<TokenFault> for MeshFault {
    fn from(_: TokenFault) -> Self {
        Self::NoToken
    }
}

#[derive(Serialize)]
struct Plain<'t> {
    #[serde(skip_serializing_if = "Option::is_none")]
    internal_id: Option<&'t str>,
    message: &'t str,
}

#[derive(Serialize)]
struct Coded1<'t> {
    #[serde(rename = "messageID", skip_serializing_if = "Option::is_none")]
    message_id: Option<&'t MessageId>,
    #[serde(rename = "errorEvent")]
    event: &'t str,
    #[serde(rename = "errorCode")]
    code: &'t str,
    #[serde(rename = "errorDescription")]
    text: &'t str,
}

#[derive(Serialize)]
struct Coded2<'t> {
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'t MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    internal_id: Option<&'t str>,
    detail: [Detail<'t>; 1],
}

#[derive(Serialize)]
struct Detail<'t> {
    #[serde(skip_serializing_if = "str::is_empty")]
    event: &'t str,
    #[serde(skip_serializing_if = "str::is_empty")]
    code: &'t str,
    msg: &'t str,
}

#[derive(Serialize)]
struct Invalid<'t> {
    detail: Vec<Field<'t>>,
}

#[derive(Serialize)]
struct Field<'t> {
    loc: [&'t str; 2],
    msg: &'t str,
    #[serde(rename = "type")]
    kind: &'t str,
}
