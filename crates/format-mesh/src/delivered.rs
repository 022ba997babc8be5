//! A message as its recipient collects it, or a report as its sender does.

use crate::chunk::ChunkRange;
use crate::envelope::{BadStored, Envelope};
use crate::header::{HeaderFault, HeaderFaultKind, Headers, Pair, flag, names, push};
use crate::id::{MailboxId, MessageId};
use crate::status::StatusRecord;
use crate::time;
use crate::version::Version;
use cpis_model::Timestamp;
use serde::{Deserialize, Serialize};

/// Content type of bytes of which no more is known.
pub const BYTES: &str = "application/octet-stream";

/// What a report says of a message that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportStatus {
    /// The message that failed; other servers may leave it out.
    #[serde(rename = "link", default, skip_serializing_if = "Option::is_none")]
    pub linked: Option<MessageId>,
    /// Code.
    pub code: String,
    /// Event.
    #[serde(rename = "ev")]
    pub event: String,
    /// Text.
    #[serde(rename = "txt")]
    pub description: String,
    /// When it failed.
    #[serde(with = "time::millis")]
    pub at: Timestamp,
}

impl ReportStatus {
    /// As it is stored, with short names. Who stores it seals it.
    pub fn to_json(&self) -> Vec<u8> {
        crate::json(self)
    }

    /// Reads what [`ReportStatus::to_json`] wrote.
    pub fn from_json(bytes: &[u8]) -> Result<Self, BadStored> {
        serde_json::from_slice(bytes).map_err(|_| BadStored)
    }
}

/// Content, or a word about content that did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveredKind {
    /// Content.
    Data,
    /// A report: there is no content.
    Report(ReportStatus),
}

/// A message in an inbox, or one chunk of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Its id.
    pub id: MessageId,
    /// Who sent it; a report comes from nobody.
    pub from: Option<MailboxId>,
    /// What the sender said.
    pub envelope: Envelope,
    /// Which chunk of how many.
    pub chunk: ChunkRange,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Data or report.
    pub kind: DeliveredKind,
}

impl Delivered {
    /// The headers with which the message is handed out. `Content-Encoding` and `Content-Length` are the door's.
    pub fn to_headers(&self, version: Version) -> Vec<Pair> {
        let Self { id, from, envelope, chunk, accepted_at, kind } = self;
        let status = self.status();
        let message_type = if matches!(kind, DeliveredKind::Data) { "DATA" } else { "REPORT" };
        let mut pairs = vec![(names::MESSAGE_ID, id.to_string()), (names::MESSAGE_TYPE, message_type.to_owned())];
        push(&mut pairs, names::FROM, from.as_ref().map(MailboxId::as_str));
        push(&mut pairs, names::TO, Some(envelope.to.as_str()));
        push(&mut pairs, names::WORKFLOW, Some(&envelope.workflow));
        envelope.push_rest(&mut pairs);
        push(&mut pairs, names::FILE_NAME, Some(&self.file_name()));
        pairs.push((names::CHUNK_RANGE, chunk.to_string()));
        pairs.push((names::TOTAL_CHUNKS, chunk.total().to_string()));
        pairs.push((names::ADDRESS_TYPE, "ALL".to_owned()));
        pairs.push((names::VERSION, "1.0".to_owned()));
        push(&mut pairs, names::STATUS_CODE, Some(&status.code));
        push(&mut pairs, names::STATUS_EVENT, Some(&status.event));
        push(&mut pairs, names::STATUS_DESCRIPTION, Some(&status.description));
        pairs.push((names::STATUS_SUCCESS, status.success_word().to_owned()));
        pairs.push((names::STATUS_TIMESTAMP, time::compact(status.at.unwrap_or(*accepted_at))));
        if let DeliveredKind::Report(report) = kind {
            push(&mut pairs, names::LINKED, report.linked.as_ref().map(MessageId::as_str));
        }
        push(&mut pairs, names::BODY_TYPE, Some(self.body_type(version)));
        pairs
    }

    /// Reads what a server hands out, leniently: only what a message cannot be without is asked for. `received` stands in
    /// where the server does not tell a time.
    pub fn from_headers(headers: &Headers, received: Timestamp) -> Result<Self, Vec<HeaderFault>> {
        let mut faults = Vec::new();
        let mut refuse = |name: &str, is_there: bool| {
            let (kind, msg) = if is_there {
                (HeaderFaultKind::Value, "it is not in its form")
            } else {
                (HeaderFaultKind::Missing, "it is missing or empty")
            };
            faults.push(HeaderFault::new(name, kind, msg));
        };
        let owned = |name: &str| headers.get(name).map(str::to_owned);
        let is_report = headers.get(names::MESSAGE_TYPE).is_some_and(|kind| kind.eq_ignore_ascii_case("REPORT"));
        let id = headers.get(names::MESSAGE_ID).and_then(|id| id.parse::<MessageId>().ok());
        let to = headers.get(names::TO).and_then(|to| to.parse::<MailboxId>().ok());
        let from = headers.get(names::FROM).map(str::parse::<MailboxId>).transpose();
        let workflow = owned(names::WORKFLOW).or_else(|| is_report.then(String::new));
        let chunk = ChunkRange::of(headers).map_or(Ok(ChunkRange::WHOLE), ChunkRange::parse_received);
        for (name, is_good) in [
            (names::MESSAGE_ID, id.is_some()),
            (names::TO, to.is_some()),
            (names::FROM, from.is_ok()),
            (names::WORKFLOW, workflow.is_some()),
            (names::CHUNK_RANGE, chunk.is_ok()),
        ] {
            if !is_good {
                refuse(name, headers.get(name).is_some());
            }
        }
        let (Some(id), Some(to), Ok(from), Some(workflow), Ok(chunk)) = (id, to, from, workflow, chunk) else {
            return Err(faults);
        };
        let is_set = |name| headers.get(name).and_then(flag).unwrap_or(false);
        let accepted_at = headers.get(names::STATUS_TIMESTAMP).and_then(time::read).unwrap_or(received);
        let envelope = Envelope {
            to,
            workflow,
            subject: owned(names::SUBJECT),
            local_id: owned(names::LOCAL_ID),
            partner_id: owned(names::PARTNER_ID),
            file_name: owned(names::FILE_NAME),
            content_encrypted: is_set(names::ENCRYPTED),
            content_compressed: is_set(names::COMPRESSED),
            checksum: owned(names::CHECKSUM),
            content_type: owned(names::CONTENT_TYPE),
        };
        let kind = if is_report {
            DeliveredKind::Report(ReportStatus {
                linked: headers.get(names::LINKED).and_then(|id| id.parse().ok()),
                code: owned(names::STATUS_CODE).unwrap_or_default(),
                event: owned(names::STATUS_EVENT).unwrap_or_default(),
                description: owned(names::STATUS_DESCRIPTION).unwrap_or_default(),
                at: accepted_at,
            })
        } else {
            DeliveredKind::Data
        };
        Ok(Self { id, from, envelope, chunk, accepted_at, kind })
    }

    /// What became of it: transferred, or as the report says.
    pub fn status(&self) -> StatusRecord {
        match &self.kind {
            DeliveredKind::Data => StatusRecord::transferred(self.accepted_at),
            DeliveredKind::Report(report) => StatusRecord {
                at: Some(report.at),
                event: report.event.clone(),
                is_success: false,
                code: report.code.clone(),
                description: report.description.clone(),
            },
        }
    }

    /// The file's name: as sent, or by the message's id.
    pub fn file_name(&self) -> String {
        self.envelope.file_name.clone().unwrap_or_else(|| format!("{}.dat", self.id))
    }

    /// The body's content type: the message's own only in version 2, and only where the body is the whole message.
    pub fn body_type(&self, version: Version) -> &str {
        match (version, &self.envelope.content_type) {
            (Version::V2, Some(own)) if self.chunk == ChunkRange::WHOLE => own,
            _ => BYTES,
        }
    }
}
