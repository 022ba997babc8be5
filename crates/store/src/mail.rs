//! Mailboxes: messages from one to another, in parts, and how far each authority was told of its notices.

use crate::StoreError;
use crate::rows::GroupId;
use async_trait::async_trait;
use cpis_model::Timestamp;
use cpis_model::organisation::AuthorityCode;

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailStatus {
    /// Chunks of it are missing.
    Uploading,
    /// It lies in the recipient's inbox.
    Accepted,
    /// The service took it, and owes an answer once the upload in it took effect.
    Held,
    /// The recipient has it.
    Acknowledged,
    /// The recipient did not collect it in time.
    Undeliverable,
    /// It could not be taken.
    Failed,
}

impl MailStatus {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Uploading, Self::Accepted, Self::Held, Self::Acknowledged, Self::Undeliverable, Self::Failed];

    /// The number under which it is stored.
    pub fn number(self) -> u8 {
        match self {
            Self::Uploading => 1,
            Self::Accepted => 2,
            Self::Held => 3,
            Self::Acknowledged => 4,
            Self::Undeliverable => 5,
            Self::Failed => 6,
        }
    }

    /// The status of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.number() == number)
    }

    /// Whether nothing more happens to the message.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Acknowledged | Self::Undeliverable | Self::Failed)
    }
}

/// A message. What it says is sealed under a key of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRow {
    /// Id.
    pub id: String,
    /// The sender's mailbox; none for a report of the service.
    pub sender: Option<String>,
    /// The recipient's mailbox.
    pub recipient: String,
    /// What kind of message it is.
    pub workflow: String,
    /// Where it stands.
    pub status: MailStatus,
    /// Its place in the order in which messages became complete; given by the store, 0 before.
    pub place: u64,
    /// When its first chunk came.
    pub at: Timestamp,
    /// When it goes if nobody collects it.
    pub expires: Timestamp,
    /// When it reached its end.
    pub ended: Option<Timestamp>,
    /// How many chunks it has.
    pub chunks: u32,
    /// Whether each chunk is compressed.
    pub compressed: bool,
    /// Bytes of its chunks as they came.
    pub bytes: u64,
    /// A digest of the sender and its own name for the message.
    pub local: Option<[u8; 16]>,
    /// The upload whose effect the answer waits for.
    pub held: Option<u64>,
    /// The message's key, wrapped.
    pub key: Vec<u8>,
    /// What the sender says about it, sealed under the key.
    pub envelope: Vec<u8>,
}

/// A message with the sealed parts of its first chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMail {
    /// The message: [`MailStatus::Uploading`] where more chunks follow, otherwise [`MailStatus::Accepted`].
    pub row: MailRow,
    /// Parts of the first chunk, in their order.
    pub parts: Vec<Vec<u8>>,
}

/// A message that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailMove {
    /// The message.
    pub id: String,
    /// Where it must stand.
    pub from: MailStatus,
    /// Where it stands afterwards.
    pub to: MailStatus,
    /// When.
    pub at: Timestamp,
    /// The upload for which it is held afterwards.
    pub held: Option<u64>,
}

/// An authority was told of its notices up to one of them, in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Whom.
    pub authority: AuthorityCode,
    /// In which way, such as `mesh`.
    pub channel: String,
    /// The number of the last notice that was told.
    pub upto: u64,
    /// When.
    pub at: Timestamp,
    /// The message in which it was told; none where there was nothing to tell.
    pub mail: Option<String>,
}

/// What happens to messages together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailStep {
    /// Messages that go on.
    pub moved: Vec<MailMove>,
    /// New messages.
    pub put: Vec<NewMail>,
    /// What an authority was told, and the last number that it was told before.
    pub delivered: Option<(Delivery, u64)>,
}

/// Mailboxes and deliveries; each operation is atomic.
#[async_trait]
pub trait Mail: Send + Sync {
    /// Does all of a step or nothing of it. [`StoreError::Stale`] where a message does not stand where it must, an id is used
    /// already, or another one told the authority meanwhile.
    async fn mail_step(&self, step: MailStep) -> Result<(), StoreError>;

    /// Adds a chunk in place of the same one, and completes the message when all are there: says whether it did.
    /// [`StoreError::Stale`] unless the message is [`MailStatus::Uploading`].
    async fn mail_chunk(&self, id: String, chunk: u32, bytes: u64, parts: Vec<Vec<u8>>) -> Result<bool, StoreError>;

    /// One message.
    async fn mail(&self, id: String) -> Result<Option<MailRow>, StoreError>;

    /// The numbers of a message's chunks that have come, rising.
    async fn mail_chunks(&self, id: String) -> Result<Vec<u32>, StoreError>;

    /// The sealed parts of a chunk.
    async fn mail_parts(&self, id: String, chunk: u32) -> Result<Vec<Vec<u8>>, StoreError>;

    /// A mailbox's messages with a status, in the order in which they became complete, after a place.
    async fn inbox(
        &self,
        recipient: String,
        status: MailStatus,
        after: u64,
        rows_max: u32,
    ) -> Result<Vec<MailRow>, StoreError>;

    /// How many messages wait in a mailbox, and how many bytes they have.
    async fn inbox_size(&self, recipient: String) -> Result<(u64, u64), StoreError>;

    /// Messages with a digest of sender and local id, oldest first.
    async fn mail_by_local(&self, local: [u8; 16], rows_max: u32) -> Result<Vec<MailRow>, StoreError>;

    /// Messages that are uploading or accepted and whose time is over, oldest first.
    async fn mail_due(&self, now: Timestamp, rows_max: u32) -> Result<Vec<MailRow>, StoreError>;

    /// Removes some messages that ended before a moment, with their parts, and says how many.
    async fn remove_mail(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Messages in the order of their ids, after one of them.
    async fn mail_after(&self, id: String, rows_max: u32) -> Result<Vec<MailRow>, StoreError>;

    /// Saves the wrapped keys of messages during a rotation.
    async fn reseal_mail(&self, keys: Vec<(String, Vec<u8>)>) -> Result<(), StoreError>;

    /// What an authority was last told in one way.
    async fn delivered(&self, authority: AuthorityCode, channel: String) -> Result<Option<Delivery>, StoreError>;

    /// How an authority was told of one notice: of each way the delivery that holds it.
    async fn deliveries_of(&self, authority: AuthorityCode, number: u64) -> Result<Vec<Delivery>, StoreError>;

    /// The number of the upload that a group made visible.
    async fn upload_of(&self, group: GroupId) -> Result<Option<u64>, StoreError>;
}
