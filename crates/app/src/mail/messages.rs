//! One message: sealed under a key of its own in parts, listed, read and ended.

use super::Post;
use crate::error::AppError;
use crate::people::Keys;
use crate::seal::{SealKey, place};
use bytes::{Bytes, BytesMut};
use cpis_model::Timestamp;
use cpis_store::{MailMove, MailRow, MailStatus, MailStep, NewMail, StoreError};

/// Bytes of a chunk in one sealed part.
const PART_BYTES: usize = 256 * 1024;
/// Messages of one local id that are told apart.
const SAME_LOCAL_MAX: u32 = 10;

/// A message as it comes in, with its first chunk.
#[derive(Debug)]
pub struct New {
    /// Its id; of one that the service makes, a fresh one.
    pub id: String,
    /// The sender's mailbox; none for a report.
    pub sender: Option<String>,
    /// The recipient's mailbox.
    pub recipient: String,
    /// What kind of message it is.
    pub workflow: String,
    /// How many chunks it has.
    pub chunks: u32,
    /// Whether each of them is compressed.
    pub compressed: bool,
    /// The sender's own name for it.
    pub local_id: Option<String>,
    /// What else is said about it, as the door keeps it.
    pub envelope: Vec<u8>,
    /// The first chunk.
    pub content: Bytes,
}

/// What became of a message that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is durable and complete.
    Complete,
    /// It is durable as far as it came.
    Uploading,
    /// The recipient's mailbox is full.
    Full,
    /// There is a message with this id already.
    Known,
}

/// A stored message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its row.
    pub row: MailRow,
    /// What is said about it, as the door keeps it.
    pub envelope: Vec<u8>,
}

/// Where a message stands, as its sender is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// Chunks of it are missing.
    Uploading,
    /// It lies in the recipient's inbox.
    Accepted,
    /// The recipient has it.
    Acknowledged,
    /// Nobody collected it in time.
    Undeliverable,
    /// It could not be taken.
    Failed,
}

impl Message {
    /// Where it stands.
    pub fn state(&self) -> MailState {
        match self.row.status {
            MailStatus::Uploading => MailState::Uploading,
            MailStatus::Accepted => MailState::Accepted,
            // What the service holds it has.
            MailStatus::Held | MailStatus::Acknowledged => MailState::Acknowledged,
            MailStatus::Undeliverable => MailState::Undeliverable,
            MailStatus::Failed => MailState::Failed,
        }
    }

    /// Whether chunks of it are missing.
    pub fn is_uploading(&self) -> bool {
        self.row.status == MailStatus::Uploading
    }

    /// Whether it can no more be collected.
    pub fn is_over(&self) -> bool {
        self.row.status.is_end()
    }
}

fn key_place(id: &str) -> Vec<u8> {
    place("mail.key", &[id.as_bytes()])
}

fn envelope_place(id: &str) -> Vec<u8> {
    place("mail.envelope", &[id.as_bytes()])
}

fn part_place(id: &str, chunk: u32, part: usize) -> Vec<u8> {
    place("mail_part.sealed", &[id.as_bytes(), &chunk.to_be_bytes(), &(part as u64).to_be_bytes()])
}

/// A message's key, wrapped again under the ring's active key; `None` where it is already.
pub(crate) fn reseal(keys: &Keys, row: &MailRow) -> Result<Option<(String, Vec<u8>)>, AppError> {
    if keys.ring.is_current(&row.key) {
        return Ok(None);
    }
    let key = key_of(keys, row)?;
    Ok(Some((row.id.clone(), keys.ring.seal(&*keys.entropy, &key_place(&row.id), key.raw()))))
}

fn key_of(keys: &Keys, row: &MailRow) -> Result<SealKey, AppError> {
    let raw = keys.ring.open(&key_place(&row.id), &row.key);
    raw.and_then(|raw| SealKey::from_slice(&raw)).map_err(|_| damaged(&row.id, "its key does not open"))
}

fn damaged(id: &str, what: &str) -> AppError {
    AppError::damaged(format!("message {id}: {what}"))
}

/// Seals a chunk in parts, on a thread of its own.
async fn seal(keys: &Keys, key: SealKey, id: &str, chunk: u32, content: Bytes) -> Result<Vec<Vec<u8>>, AppError> {
    let (keys, id) = (keys.clone(), id.to_owned());
    let parts = tokio::task::spawn_blocking(move || {
        let parts = content.chunks(PART_BYTES).enumerate();
        parts.map(|(n, part)| key.seal(&*keys.entropy, &part_place(&id, chunk, n), part)).collect()
    });
    parts.await.map_err(|_| AppError::Internal("a message was not sealed".to_owned()))
}

impl Post {
    fn local(&self, sender: &str, local_id: &str) -> [u8; 16] {
        self.service.keys.ring.group(&["mail", sender, local_id])
    }

    /// A message ready to be stored.
    pub(crate) async fn new_mail(&self, new: New) -> Result<NewMail, AppError> {
        let (keys, at) = (&self.service.keys, self.service.clock.now());
        let key = SealKey::random(&*keys.entropy);
        let local = new.sender.as_deref().zip(new.local_id.as_deref());
        let row = MailRow {
            sender: new.sender.clone(),
            recipient: new.recipient,
            workflow: new.workflow,
            status: if new.chunks > 1 { MailStatus::Uploading } else { MailStatus::Accepted },
            place: 0,
            at,
            expires: later(at, self.settings.expiry_days),
            ended: None,
            chunks: new.chunks,
            compressed: new.compressed,
            bytes: new.content.len() as u64,
            local: local.map(|(sender, id)| self.local(sender, id)),
            held: None,
            key: keys.ring.seal(&*keys.entropy, &key_place(&new.id), key.raw()),
            envelope: key.seal(&*keys.entropy, &envelope_place(&new.id), &new.envelope),
            id: new.id,
        };
        let parts = seal(keys, key, &row.id, 1, new.content).await?;
        Ok(NewMail { row, parts })
    }

    /// Takes a message, or its first chunk. It is durable when this returns.
    pub async fn put(&self, new: New) -> Result<Sent, AppError> {
        if !self.check_room(&new.recipient).await? {
            return Ok(Sent::Full);
        }
        let mail = self.new_mail(new).await?;
        let (id, complete) = (mail.row.id.clone(), mail.row.status == MailStatus::Accepted);
        let for_service = self.is_service(&mail.row.recipient);
        match self.service.store.mail_step(MailStep { put: vec![mail], ..MailStep::default() }).await {
            Ok(()) => {}
            // Nobody else uses the id: what is there is this message.
            Err(StoreError::OutcomeUnknown) if self.service.store.mail(id).await?.is_some() => {}
            Err(StoreError::Stale) => return Ok(Sent::Known),
            Err(error) => return Err(error.into()),
        }
        metrics::counter!("cpis_mail_messages_total", "way" => "in").increment(1);
        if complete && for_service {
            self.arrived.notify_one();
        }
        Ok(if complete { Sent::Complete } else { Sent::Uploading })
    }

    /// Takes a further chunk of a message that its caller looked at. Durable when this returns; `false`: it is complete already.
    pub async fn chunk(&self, message: &Message, chunk: u32, content: Bytes) -> Result<bool, AppError> {
        let (id, bytes) = (message.row.id.clone(), content.len() as u64);
        let key = key_of(&self.service.keys, &message.row)?;
        let parts = seal(&self.service.keys, key, &id, chunk, content).await?;
        match self.service.store.mail_chunk(id, chunk, bytes, parts).await {
            Ok(complete) => {
                if complete && self.is_service(&message.row.recipient) {
                    self.arrived.notify_one();
                }
                Ok(true)
            }
            Err(StoreError::Stale) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn is_service(&self, mailbox: &str) -> bool {
        mailbox.eq_ignore_ascii_case(&self.settings.service_mailbox)
    }

    /// Opens what is said about a message whose row was read.
    pub fn open(&self, row: MailRow) -> Result<Message, AppError> {
        let opened = key_of(&self.service.keys, &row)?.open(&envelope_place(&row.id), &row.envelope);
        let envelope = opened.map_err(|_| damaged(&row.id, "what is said about it does not open"))?.to_vec();
        Ok(Message { row, envelope })
    }

    /// A message by its id, whoever has to do with it.
    pub async fn message(&self, id: &str) -> Result<Option<Message>, AppError> {
        self.service.store.mail(id.to_owned()).await?.map(|row| self.open(row)).transpose()
    }

    /// The numbers of the chunks of a message that came so far.
    pub async fn chunks(&self, message: &Message) -> Result<Vec<u32>, AppError> {
        Ok(self.service.store.mail_chunks(message.row.id.clone()).await?)
    }

    /// A chunk of a message, as it came.
    pub async fn content(&self, message: &Message, chunk: u32) -> Result<Bytes, AppError> {
        let id = message.row.id.clone();
        let parts = self.service.store.mail_parts(id.clone(), chunk).await?;
        let key = key_of(&self.service.keys, &message.row)?;
        let opened = tokio::task::spawn_blocking(move || {
            let mut content = BytesMut::with_capacity(parts.len() * PART_BYTES);
            for (n, part) in parts.iter().enumerate() {
                content.extend_from_slice(&key.open(&part_place(&id, chunk, n), part)?);
            }
            Ok(content.freeze())
        });
        let opened = opened.await.map_err(|_| AppError::Internal("a message was not opened".to_owned()))?;
        opened.map_err(|_: crate::seal::SealError| damaged(&message.row.id, "a part does not open"))
    }

    /// A mailbox's messages, oldest first, after one of them, at most so many; and whether there are more.
    /// `NotFound`: the one after which to go on is unknown.
    pub async fn inbox(&self, mailbox: &str, after: Option<&str>, max: u32) -> Result<(Vec<MailRow>, bool), AppError> {
        let place = match after {
            Some(id) => self.service.store.mail(id.to_owned()).await?.ok_or(AppError::NotFound)?.place,
            None => 0,
        };
        let mut rows = self.service.store.inbox(mailbox.to_owned(), MailStatus::Accepted, place, max + 1).await?;
        let more = rows.len() > max as usize;
        rows.truncate(max as usize);
        Ok((rows, more))
    }

    /// How many messages wait in a mailbox.
    pub async fn waiting(&self, mailbox: &str) -> Result<u64, AppError> {
        Ok(self.service.store.inbox_size(mailbox.to_owned()).await?.0)
    }

    /// The recipient has the message. Again is once; one that ran out stays so.
    pub async fn acknowledge(&self, message: &Message) -> Result<(), AppError> {
        let moved = MailMove {
            id: message.row.id.clone(),
            from: MailStatus::Accepted,
            to: MailStatus::Acknowledged,
            at: self.service.clock.now(),
            held: None,
        };
        match self.service.store.mail_step(MailStep { moved: vec![moved], ..MailStep::default() }).await {
            Ok(()) => {
                metrics::counter!("cpis_mail_messages_total", "way" => "out").increment(1);
                Ok(())
            }
            Err(StoreError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What a mailbox sent under a name of its own.
    pub async fn by_local_id(&self, sender: &str, local_id: &str) -> Result<Vec<Message>, AppError> {
        let rows = self.service.store.mail_by_local(self.local(sender, local_id), SAME_LOCAL_MAX).await?;
        rows.into_iter().map(|row| self.open(row)).collect()
    }
}

/// So many days later.
pub(super) fn later(at: Timestamp, days: i64) -> Timestamp {
    Timestamp::from_second(at.as_second() + days * 86_400).unwrap_or(at)
}
