//! What the sender of a message is told of its way.

use crate::encoding::ContentEncoding;
use crate::envelope::Envelope;
use crate::id::{MailboxId, MessageId};
use crate::json;
use crate::status::{StatusRecord, success_word};
use crate::time::{compact, iso};
use crate::version::Version;
use cpis_model::Timestamp;
use serde::Serialize;

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackedStatus {
    /// Chunks are due.
    Uploading,
    /// In the recipient's inbox.
    Accepted,
    /// Collected and acknowledged.
    Acknowledged,
    /// Not collected within the limit.
    Undeliverable,
    /// Failed.
    Error,
}

impl TrackedStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Uploading, Self::Accepted, Self::Acknowledged, Self::Undeliverable, Self::Error];

    /// As version 1 writes it; version 2 writes it in lower case.
    pub fn word(self) -> &'static str {
        match self {
            Self::Uploading => "Uploading",
            Self::Accepted => "Accepted",
            Self::Acknowledged => "Acknowledged",
            Self::Undeliverable => "Undeliverable",
            Self::Error => "Error",
        }
    }

    /// The status of a word, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word().eq_ignore_ascii_case(word.trim()))
    }

    /// Whether the message has failed.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Undeliverable | Self::Error)
    }
}

/// One end of a message's way. Texts may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Mailbox.
    pub mailbox: MailboxId,
    /// Its name.
    pub name: String,
    /// ODS code of the mailbox.
    pub ods_code: String,
    /// Code of the organisation.
    pub org_code: String,
    /// Name of the organisation.
    pub org_name: String,
}

/// Everything that is told of a message's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// The message.
    pub id: MessageId,
    /// Its report, if it failed.
    pub linked: Option<MessageId>,
    /// Who sent it.
    pub sender: Party,
    /// To whom.
    pub recipient: Party,
    /// What the sender said.
    pub envelope: Envelope,
    /// How far it has come.
    pub status: TrackedStatus,
    /// When it was accepted.
    pub uploaded_at: Option<Timestamp>,
    /// When it leaves the inbox.
    pub expires_at: Option<Timestamp>,
    /// When it was acknowledged.
    pub downloaded_at: Option<Timestamp>,
    /// How many chunks it has.
    pub chunk_count: u32,
    /// How its chunks are encoded.
    pub encoding: ContentEncoding,
    /// Its size in bytes, as it is stored.
    pub file_size: u64,
    /// What became of it.
    pub outcome: Option<StatusRecord>,
}

impl Tracked {
    /// Body of the answer.
    pub fn body(&self, version: Version) -> Vec<u8> {
        match version {
            Version::V1 => self.body_v1(),
            Version::V2 => self.body_v2(),
        }
    }

    /// The name of the file, as sent or by the message's id.
    fn file_name(&self) -> String {
        self.envelope.file_name.clone().unwrap_or_else(|| format!("{}.dat", self.id))
    }

    fn is_success(&self) -> bool {
        self.outcome.as_ref().map_or(!self.status.is_failure(), |outcome| outcome.is_success)
    }

    /// Body of version 1. Times that are not known are null, texts empty.
    pub fn body_v1(&self) -> Vec<u8> {
        let Self { id, sender, recipient, envelope, outcome, .. } = self;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let outcome = outcome.as_ref();
        let is_failure = self.status.is_failure();
        let description = outcome.map_or("", |outcome| outcome.description.as_str());
        let happened = outcome.and_then(|outcome| outcome.at).map(compact);
        json(&Body1 {
            address_type: "ALL",
            checksum: text(&envelope.checksum),
            chunk_count: self.chunk_count,
            compress_flag: "",
            content_encoding: self.encoding.header().unwrap_or_default(),
            download_timestamp: self.downloaded_at.map(compact),
            dts_id: id,
            encrypted_flag: yes_or_no(envelope.content_encrypted),
            expiry_time: self.expires_at.map(compact),
            failure_date: happened.clone().filter(|_| is_failure),
            failure_diagnostic: if is_failure { description } else { "" },
            file_name: self.file_name(),
            file_size: self.file_size,
            is_compressed: yes_or_no(envelope.content_compressed),
            linked_msg_id: self.linked.as_ref().map_or("", MessageId::as_str),
            local_id: text(&envelope.local_id),
            mesh_recipient_ods_code: &recipient.ods_code,
            message_id: id,
            message_type: "Data",
            partner_id: text(&envelope.partner_id),
            recipient: &recipient.mailbox,
            recipient_name: &recipient.name,
            recipient_org_code: &recipient.org_code,
            recipient_org_name: &recipient.org_name,
            recipient_smtp: "",
            sender: &sender.mailbox,
            sender_name: &sender.name,
            sender_ods_code: &sender.ods_code,
            sender_org_code: &sender.org_code,
            sender_org_name: &sender.org_name,
            sender_smtp: "",
            status: self.status.word(),
            status_code: outcome.map_or("", |outcome| outcome.code.as_str()),
            status_description: description,
            status_event: outcome.map_or("", |outcome| outcome.event.as_str()),
            status_success: success_word(self.is_success()),
            status_timestamp: happened,
            subject: text(&envelope.subject),
            upload_timestamp: self.uploaded_at.map(compact),
            version: "1.0",
            workflow_id: &envelope.workflow,
        })
    }

    /// Body of version 2.
    pub fn body_v2(&self) -> Vec<u8> {
        let Self { id, recipient, envelope, outcome, .. } = self;
        let outcome = outcome.as_ref();
        json(&Body2 {
            message_id: id,
            local_id: envelope.local_id.as_deref(),
            workflow_id: &envelope.workflow,
            filename: self.file_name(),
            expiry_time: self.expires_at.map(iso),
            upload_timestamp: self.uploaded_at.map(iso),
            recipient: &recipient.mailbox,
            recipient_name: &recipient.name,
            recipient_ods_code: &recipient.ods_code,
            recipient_org_code: &recipient.org_code,
            recipient_org_name: &recipient.org_name,
            status_success: self.is_success(),
            status: self.status.word().to_ascii_lowercase(),
            status_event: outcome.map(|outcome| outcome.event.as_str()),
            status_timestamp: outcome.and_then(|outcome| outcome.at).map(iso),
            status_description: outcome.map(|outcome| outcome.description.as_str()),
            status_code: outcome.map(|outcome| outcome.code.as_str()),
        })
    }
}

fn yes_or_no(flag: bool) -> &'static str {
    if flag { "Y" } else { "N" }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body1<'t> {
    address_type: &'t str,
    checksum: String,
    chunk_count: u32,
    compress_flag: &'t str,
    content_encoding: &'t str,
    download_timestamp: Option<String>,
    dts_id: &'t MessageId,
    encrypted_flag: &'t str,
    expiry_time: Option<String>,
    failure_date: Option<String>,
    failure_diagnostic: &'t str,
    file_name: String,
    file_size: u64,
    is_compressed: &'t str,
    linked_msg_id: &'t str,
    local_id: String,
    mesh_recipient_ods_code: &'t str,
    message_id: &'t MessageId,
    message_type: &'t str,
    partner_id: String,
    recipient: &'t MailboxId,
    recipient_name: &'t str,
    recipient_org_code: &'t str,
    recipient_org_name: &'t str,
    recipient_smtp: &'t str,
    sender: &'t MailboxId,
    sender_name: &'t str,
    sender_ods_code: &'t str,
    sender_org_code: &'t str,
    sender_org_name: &'t str,
    sender_smtp: &'t str,
    status: &'t str,
    status_code: &'t str,
    status_description: &'t str,
    status_event: &'t str,
    status_success: &'t str,
    status_timestamp: Option<String>,
    subject: String,
    upload_timestamp: Option<String>,
    version: &'t str,
    workflow_id: &'t str,
}

#[derive(Serialize)]
struct Body2<'t> {
    message_id: &'t MessageId,
    local_id: Option<&'t str>,
    workflow_id: &'t str,
    filename: String,
    expiry_time: Option<String>,
    upload_timestamp: Option<String>,
    recipient: &'t MailboxId,
    recipient_name: &'t str,
    recipient_ods_code: &'t str,
    recipient_org_code: &'t str,
    recipient_org_name: &'t str,
    status_success: bool,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_event: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_description: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<&'t str>,
}
