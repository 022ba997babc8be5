//! What is kept about a message: the sender's headers, or what a report says. `cpis_app` seals it and does not read it.

use cpis_app::AppError;
use cpis_app::mail::{Letter, Message};
use cpis_format_mesh::ChunkRange;
use cpis_format_mesh::{Delivered, DeliveredKind, Envelope, MailboxId, MessageId, ReportStatus};
use serde::{Deserialize, Serialize};

/// What is kept.
#[derive(Serialize, Deserialize)]
pub struct Stored {
    /// What the sender said.
    #[serde(rename = "e")]
    pub envelope: Envelope,
    /// What a report says.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportStatus>,
}

impl Stored {
    /// As it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what is kept.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// A message of the service's own.
    pub fn of_letter(letter: &Letter) -> Option<Self> {
        let report = letter.report.as_ref().map(|report| ReportStatus {
            linked: report.message.parse().ok(),
            code: report.code.to_owned(),
            event: report.event.to_owned(),
            description: report.words.clone(),
            at: report.at,
        });
        let envelope = Envelope {
            subject: letter.subject.clone(),
            local_id: letter.local_id.clone(),
            file_name: letter.file_name.clone(),
            content_compressed: letter.is_packed,
            content_type: report.is_none().then(|| "application/xml".to_owned()),
            ..Envelope::new(letter.to.parse().ok()?, &letter.workflow)
        };
        Some(Self { envelope, report })
    }

    /// What the service needs to know of a message.
    pub fn letter(self) -> Letter {
        Letter {
            to: self.envelope.to.to_string(),
            workflow: self.envelope.workflow,
            subject: self.envelope.subject,
            local_id: self.envelope.local_id,
            file_name: self.envelope.file_name,
            is_packed: self.envelope.content_compressed,
            report: None,
        }
    }
}

/// What is kept of a message that came by another way than this door, for whoever shares the mailboxes with it.
pub fn keep(envelope: &Envelope) -> Vec<u8> {
    Stored { envelope: envelope.clone(), report: None }.to_bytes()
}

/// What its sender said of a message that is kept; none for a report.
pub fn kept(bytes: &[u8]) -> Option<Envelope> {
    Stored::of(bytes).filter(|stored| stored.report.is_none()).map(|stored| stored.envelope)
}

/// A stored message, opened.
pub struct Opened {
    /// As it is stored.
    pub message: Message,
    /// What is kept about it.
    pub stored: Stored,
    /// Its id.
    pub id: MessageId,
}

impl Opened {
    /// Opens what is kept about a message.
    pub fn of(message: Message) -> Result<Self, AppError> {
        let damaged = || AppError::damaged(format!("message {}: what is said about it cannot be read", message.row.id));
        let stored = Stored::of(&message.envelope).ok_or_else(damaged)?;
        let id = message.row.id.parse().map_err(|_| damaged())?;
        Ok(Self { message, stored, id })
    }

    /// Who sent it.
    pub fn sender(&self) -> Option<MailboxId> {
        self.message.row.sender.as_deref().and_then(|sender| sender.parse().ok())
    }

    /// As its recipient collects it.
    pub fn delivered(&self, chunk: ChunkRange) -> Delivered {
        let kind = self.stored.report.clone().map_or(DeliveredKind::Data, DeliveredKind::Report);
        Delivered {
            id: self.id.clone(),
            from: self.sender(),
            envelope: self.stored.envelope.clone(),
            chunk,
            accepted_at: self.message.row.at,
            kind,
        }
    }
}
