//! Control files and the messages that they are about.

use super::{AddressType, ControlFault, ControlFile};
use crate::chunk::ChunkRange;
use crate::delivered::{Delivered, DeliveredKind, ReportStatus};
use crate::envelope::Envelope;
use crate::header::{Headers, names};
use crate::id::{MailboxId, MessageId};
use crate::status::StatusRecord;
use cpis_model::Timestamp;

/// Which element says what a header says.
const ELEMENTS: [(&str, &str); 6] = [
    (names::TO, "To_DTS"),
    (names::WORKFLOW, "WorkflowId"),
    (names::SUBJECT, "Subject"),
    (names::LOCAL_ID, "LocalId"),
    (names::PARTNER_ID, "PartnerId"),
    (names::CHECKSUM, "DataChecksum"),
];

impl ControlFile {
    /// What the file says of a message to be sent, by the same rules as headers; or why it cannot be sent. The name of the
    /// file of content is not part of it.
    pub fn envelope(&self) -> Result<Envelope, Vec<ControlFault>> {
        let flag = |flag: bool| if flag { "Y" } else { "N" };
        let said = [
            (names::TO, self.to.as_ref().map(MailboxId::as_str)),
            (names::WORKFLOW, self.workflow.as_deref()),
            (names::SUBJECT, self.subject.as_deref()),
            (names::LOCAL_ID, self.local_id.as_deref()),
            (names::PARTNER_ID, self.partner_id.as_deref()),
            (names::CHECKSUM, self.checksum.as_deref()),
            (names::ENCRYPTED, Some(flag(self.encrypted))),
            (names::COMPRESSED, self.is_compressed.map(flag)),
        ];
        let headers =
            Headers::new(said.iter().filter_map(|(name, value)| value.map(|value| (*name, value.as_bytes()))));
        Envelope::from_headers(&headers).map_err(|faults| {
            let element = |header: &str| ELEMENTS.iter().find(|(name, _)| *name == header).map(|(_, element)| *element);
            let place = |header: &str| element(header).unwrap_or("DTSControl").to_owned();
            faults.into_iter().map(|fault| ControlFault::new(place(&fault.header), fault.msg)).collect()
        })
    }

    /// An outgoing file for a message.
    pub fn outgoing(from: &MailboxId, envelope: &Envelope) -> Self {
        Self {
            from: Some(from.clone()),
            compress: Some(true),
            allow_chunking: Some(true),
            is_compressed: envelope.content_compressed.then_some(true),
            ..Self::of(envelope)
        }
    }

    /// The file of a message that was received. In a report the id is that of the message that failed, where it is known:
    /// that of the report stands in the name of the file.
    pub fn received(delivered: &Delivered) -> Self {
        let (is_report, linked) = match &delivered.kind {
            DeliveredKind::Data => (false, None),
            DeliveredKind::Report(report) => (true, report.linked.as_ref()),
        };
        Self {
            address_type: AddressType::All,
            is_report,
            from: delivered.from.clone(),
            id: Some(linked.unwrap_or(&delivered.id).clone()),
            is_compressed: Some(delivered.envelope.content_compressed),
            status: Some(delivered.status()),
            ..Self::of(&delivered.envelope)
        }
    }

    /// The same file after the client has sent the message, or has failed to.
    #[must_use]
    pub fn sent(self, id: Option<MessageId>, status: StatusRecord) -> Self {
        Self { id, status: Some(status), ..self }
    }

    /// The message of a received file. `file_id` is what the file is named by, and `received` stands in where it tells no
    /// time.
    pub fn delivered(&self, file_id: &MessageId, received: Timestamp) -> Result<Delivered, Vec<ControlFault>> {
        let envelope = self.envelope()?;
        let accepted_at = self.status.as_ref().and_then(|status| status.at).unwrap_or(received);
        let (id, kind) = if self.is_report {
            let status = self.status.clone();
            let (event, code, description) =
                status.map(|status| (status.event, status.code, status.description)).unwrap_or_default();
            let report = ReportStatus { linked: self.id.clone(), code, event, description, at: accepted_at };
            (file_id, DeliveredKind::Report(report))
        } else {
            (self.id.as_ref().unwrap_or(file_id), DeliveredKind::Data)
        };
        let (id, from) = (id.clone(), self.from.clone());
        Ok(Delivered { id, from, envelope, chunk: ChunkRange::WHOLE, accepted_at, kind })
    }

    fn of(envelope: &Envelope) -> Self {
        Self {
            workflow: Some(envelope.workflow.clone()).filter(|workflow| !workflow.is_empty()),
            to: Some(envelope.to.clone()),
            subject: envelope.subject.clone(),
            local_id: envelope.local_id.clone(),
            partner_id: envelope.partner_id.clone(),
            encrypted: envelope.content_encrypted,
            checksum: envelope.checksum.clone(),
            ..Self::default()
        }
    }
}
