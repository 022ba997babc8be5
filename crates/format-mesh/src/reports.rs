//! Reports: what a sender is told of a message that did not arrive or was refused after it had been accepted.

use crate::chunk::ChunkRange;
use crate::delivered::{Delivered, DeliveredKind, ReportStatus};
use crate::envelope::{Envelope, SUBJECT_CHARS_MAX};
use crate::id::{MailboxId, MessageId};
use crate::status::{CODE_BAD_FILE, CODE_UNDELIVERED};
use cpis_model::Timestamp;

const EVENT: &str = "SEND";

impl ReportStatus {
    /// Nobody collected the message within so many days.
    pub fn undelivered(linked: &MessageId, days: u32, at: Timestamp) -> Self {
        let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        Self::coded(linked, CODE_UNDELIVERED, format!("Message not collected by recipient after {days}"), at)
    }

    /// The recipient's mailbox is no longer active.
    pub fn deactivated(linked: &MessageId, at: Timestamp) -> Self {
        let text = "Message was not collected as the mailbox is deactivated";
        Self::coded(linked, CODE_UNDELIVERED, text.to_owned(), at)
    }

    /// The content is not even readable as a CP-IS file. Everything finer is said in the acknowledgement.
    pub fn bad_file(linked: &MessageId, at: Timestamp) -> Self {
        Self::coded(linked, CODE_BAD_FILE, "Bad CP-IS file".to_owned(), at)
    }

    fn coded(linked: &MessageId, code: &str, description: String, at: Timestamp) -> Self {
        let (code, event) = (code.to_owned(), EVENT.to_owned());
        Self { linked: Some(linked.clone()), code, event, description, at }
    }
}

impl Delivered {
    /// A report in the inbox of who sent the message that failed. It repeats the workflow and the local id, so that the
    /// sender finds what it is about.
    ///
    /// ```
    /// use cpis_format_mesh::{Delivered, Envelope, ReportStatus};
    /// let at = "2026-03-19T16:00:00Z".parse().unwrap();
    /// let status = ReportStatus::undelivered(&"20260314155901123456_0A1B2C".parse().unwrap(), 5, at);
    /// let failed = Envelope::new("CPIS0HC001".parse().unwrap(), "CPIS_UPLOAD");
    /// let id = "20260319160000000000_0A1B2D".parse().unwrap();
    /// let report = Delivered::report(id, "X26ABC1".parse().unwrap(), &failed, status);
    /// assert_eq!(report.envelope.subject.as_deref(), Some("NDR"));
    /// ```
    pub fn report(id: MessageId, holder: MailboxId, failed: &Envelope, status: ReportStatus) -> Self {
        let subject = failed
            .subject
            .as_deref()
            .map_or("NDR".to_owned(), |subject| format!("NDR: {subject}").chars().take(SUBJECT_CHARS_MAX).collect());
        let envelope = Envelope {
            subject: Some(subject),
            local_id: failed.local_id.clone(),
            ..Envelope::new(holder, &failed.workflow)
        };
        let accepted_at = status.at;
        let kind = DeliveredKind::Report(status);
        Self { id, from: None, envelope, chunk: ChunkRange::WHOLE, accepted_at, kind }
    }
}
