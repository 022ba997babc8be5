//! Mailboxes: messages that lie sealed until their recipient collects them, in the order in which they became complete.
//!
//! The doors of MESH (`inbound-mesh` for mailboxes of our own, `outbound-mesh` for ours on somebody else's server) put messages
//! in and take them out; what the service itself gets and sends goes by the same mailboxes: [`intake`] reads uploads and
//! answers them, [`tell`] writes notices, [`gaps`] tells of uploads that stay missing, [`expiry`] ends what nobody collected.

pub mod expiry;
pub mod gaps;
pub mod intake;
mod messages;
pub mod passwords;
pub mod tell;

pub(crate) use messages::reseal;
pub use messages::{MailState, Message, New, Sent};

use crate::error::AppError;
use crate::service::{Service, own_caller};
use cpis_model::Uuid;
use cpis_model::caller::{Caller, Rights, Who};
use cpis_model::notice::Notice;
use cpis_model::organisation::{AuthorityCode, OdsCode, Organisation};
use cpis_model::organisation_record::Record;
use cpis_model::register::Register;
use cpis_model::time::london_day;
use cpis_model::upload::Acknowledgement;
use cpis_model::{Date, Timestamp};
use std::sync::Arc;
use tokio::sync::Notify;

/// Choices for the mailboxes.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The service's own mailbox, to which authorities send their uploads.
    pub service_mailbox: String,
    /// Kinds of messages in which uploads come.
    pub upload: Vec<String>,
    /// The kind of message in which they are answered.
    pub acknowledgement: String,
    /// The kind of message that tells of accesses.
    pub access: String,
    /// The kind of message that tells of numbers that are no more.
    pub inactive: String,
    /// Days for which a message waits for its recipient.
    pub expiry_days: i64,
    /// Days for which it is kept after its end.
    pub keep_days: i64,
    /// Largest message in bytes, as it comes.
    pub message_bytes_max: u64,
    /// Messages that may wait in one mailbox.
    pub inbox_messages_max: u64,
    /// Bytes that may wait in one mailbox.
    pub inbox_bytes_max: u64,
    /// Seconds between two messages with notices to the same authority.
    pub tell_seconds: u64,
    /// Authorities that want such a message even when there is nothing to tell.
    pub empty_cycles: Vec<AuthorityCode>,
}

impl Default for MailSettings {
    /// The names of the kinds of messages and of the mailbox are assumed (spec/mesh.md section 14): no public list has them.
    fn default() -> Self {
        Self {
            service_mailbox: "CPIS0HC001".to_owned(),
            upload: vec!["CPIS_UPLOAD".to_owned()],
            acknowledgement: "CPIS_UPLOAD_ACK".to_owned(),
            access: "CPIS_ACCESS_NOTIFICATION".to_owned(),
            inactive: "CPIS_INACTIVE_NHS_NUMBER".to_owned(),
            expiry_days: 5,
            keep_days: 30,
            message_bytes_max: 256 * 1024 * 1024,
            inbox_messages_max: 20_000,
            inbox_bytes_max: 4 * 1024 * 1024 * 1024,
            tell_seconds: 30,
            empty_cycles: Vec::new(),
        }
    }
}

/// What the service says about a message of its own, and what it needs to know of one that it gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// The recipient's mailbox.
    pub to: String,
    /// What kind of message it is.
    pub workflow: String,
    /// A few words.
    pub subject: Option<String>,
    /// The sender's own name for it.
    pub local_id: Option<String>,
    /// A name for the file.
    pub file_name: Option<String>,
    /// Whether the sender compressed the content itself.
    pub is_packed: bool,
    /// What it reports of another message; then it has no content.
    pub report: Option<MailReport>,
}

/// What became of a message that could not be delivered or taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailReport {
    /// The message.
    pub message: String,
    /// A code of MESH.
    pub code: &'static str,
    /// What was going on.
    pub event: &'static str,
    /// Words.
    pub words: String,
    /// When.
    pub at: Timestamp,
}

/// A message with notices for an authority: accesses to its records, or numbers that are no more.
#[derive(Debug)]
pub struct AccessLetter<'a> {
    /// Its id.
    pub id: Uuid,
    /// When it is made.
    pub made: Timestamp,
    /// Whom it tells.
    pub authority: AuthorityCode,
    /// Their name.
    pub authority_name: &'a str,
    /// The notices, oldest first, each with the number of the upload that holds the record.
    pub accesses: Vec<(Notice, Option<u64>)>,
}

/// A compressed content that cannot be unpacked, or is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the content cannot be unpacked")]
pub struct UnpackError;

/// The bytes of messages; given by the binary, since `app` knows no format.
#[derive(Clone, Copy)]
pub struct Wire {
    /// Whether a content is an upload at all, whatever its faults.
    pub is_upload: fn(&[u8]) -> bool,
    /// The answer to an upload.
    pub acknowledgement: fn(&Acknowledgement) -> Vec<u8>,
    /// The message that tells of accesses.
    pub accesses: fn(&AccessLetter<'_>) -> Vec<u8>,
    /// The message that tells of numbers that were replaced or withdrawn.
    pub inactive: fn(&AccessLetter<'_>) -> Vec<u8>,
    /// What is kept about a message of the service's own.
    pub envelope: fn(&Letter) -> Vec<u8>,
    /// What the service needs to know of what is kept about a message.
    pub letter: fn(&[u8]) -> Option<Letter>,
    /// Unpacks a compressed content of at most so many bytes.
    pub unpack: fn(&[u8], usize) -> Result<Vec<u8>, UnpackError>,
}

/// The mailboxes of an installation.
pub struct Post {
    /// The service.
    pub service: Arc<Service>,
    /// How messages are written.
    pub wire: Wire,
    /// Choices.
    pub settings: MailSettings,
    /// Told when something came for the service.
    pub(crate) arrived: Notify,
}

/// A mailbox that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Its id, in upper case.
    pub id: String,
    /// Whose it is.
    pub name: Arc<str>,
    /// Their code.
    pub organisation: OdsCode,
    /// The authority whose it is, if it is one's.
    pub authority: Option<AuthorityCode>,
    /// Whether it is the service's own.
    pub is_service: bool,
}

/// All mailboxes that are in force on a day: the service's, authorities', systems'.
pub fn mailboxes(register: &Register, settings: &MailSettings, day: Date) -> Vec<Mailbox> {
    let own = own_caller().organisation;
    let (id, organisation, name) = (settings.service_mailbox.to_uppercase(), own.code, own.name);
    let mut all = vec![Mailbox { id, name, organisation, authority: None, is_service: true }];
    for held in register.records().filter(|held| held.record.about().period.holds(day)) {
        match &*held.record {
            Record::Authority(authority) => all.extend(authority.mailboxes.iter().map(|id| Mailbox {
                id: id.as_str().to_uppercase(),
                name: held.record.name().clone(),
                organisation: authority.code.0,
                authority: Some(authority.code),
                is_service: false,
            })),
            Record::System(system) => all.extend(system.mailbox.iter().map(|id| Mailbox {
                id: id.as_str().to_uppercase(),
                name: held.record.name().clone(),
                organisation: system.organisation,
                authority: None,
                is_service: false,
            })),
            _ => {}
        }
    }
    all
}

impl Post {
    /// The mailboxes of an installation.
    pub fn new(service: Arc<Service>, wire: Wire, settings: MailSettings) -> Arc<Self> {
        Arc::new(Self { service, wire, settings, arrived: Notify::new() })
    }

    /// All mailboxes that are in force today: the service's, authorities', systems'.
    pub fn mailboxes(&self) -> Vec<Mailbox> {
        mailboxes(&self.service.register.get(), &self.settings, london_day(self.service.clock.now()))
    }

    /// A mailbox that is in force, by its id.
    pub fn mailbox(&self, id: &str) -> Option<Mailbox> {
        self.mailboxes().into_iter().find(|mailbox| mailbox.id.eq_ignore_ascii_case(id))
    }

    /// The mailbox to which messages for an authority go.
    pub fn mailbox_of(&self, authority: AuthorityCode) -> Option<Mailbox> {
        self.mailboxes().into_iter().find(|mailbox| mailbox.authority == Some(authority))
    }

    /// Whether messages of a kind may lie in a mailbox. Any may, but for the service's own, which takes uploads only.
    pub fn takes(&self, mailbox: &Mailbox, workflow: &str) -> bool {
        !mailbox.is_service || self.settings.upload.iter().any(|upload| upload == workflow)
    }

    /// A mailbox as a caller: its authority's system.
    pub(crate) fn caller(mailbox: &Mailbox) -> Caller {
        Caller {
            who: Who::System { client: format!("mesh:{}", mailbox.id).into() },
            organisation: Organisation { code: mailbox.organisation, name: mailbox.name.clone() },
            site: None,
            rights: Rights { authority: mailbox.authority, ..Rights::default() },
        }
    }

    /// Refuses what would fill a mailbox beyond its limits.
    pub(crate) async fn check_room(&self, mailbox: &str) -> Result<bool, AppError> {
        let (count, bytes) = self.service.store.inbox_size(mailbox.to_owned()).await?;
        Ok(count < self.settings.inbox_messages_max && bytes < self.settings.inbox_bytes_max)
    }
}
