//! What somebody should look at beside what is not checked; and dead letters: messages that were accepted and could not be applied.

use super::{Store, StoreError, rows};
use crate::vault::Key;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use zeroize::Zeroizing;

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// An arrival names no patient.
    Nobody,
    /// An arrival has no visit number.
    Unnumbered,
    /// A location is on no map.
    UnknownLocation,
    /// Identifiers or accounts of somebody were moved by an event that has no rule.
    Moved,
    /// The hospital's system rejects a flag.
    Rejected,
    /// A message could not be applied.
    DeadLetter,
}

impl NoteKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Nobody, Self::Unnumbered, Self::UnknownLocation, Self::Moved, Self::Rejected, Self::DeadLetter];

    /// A word for metrics and the database. Never changed.
    pub fn code(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Unnumbered => "unnumbered",
            Self::UnknownLocation => "unknown-location",
            Self::Moved => "identifiers-moved",
            Self::Rejected => "flag-rejected",
            Self::DeadLetter => "not-applied",
        }
    }

    /// The kind of a stored word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// What it means and what to do, for the page.
    pub fn words(self) -> &'static str {
        match self {
            Self::Nobody => {
                "A patient arrived and the message names nobody. Find them in the department and check by hand"
            }
            Self::Unnumbered => {
                "The visit has no number. It is checked all the same; repeated messages may be taken for new visits"
            }
            Self::UnknownLocation => {
                "The location is not in this feed's list. The patient is checked all the same; add the location"
            }
            Self::Moved => {
                "Identifiers or accounts were moved in a way that this gateway does not follow. Look at the patient's record"
            }
            Self::Rejected => {
                "The hospital's system rejected a flag. Tell the department by other means, and look at that system"
            }
            Self::DeadLetter => {
                "A message could not be applied. It is kept: after the cause is mended, apply it with cpis gateway replay"
            }
        }
    }
}

/// A message that was accepted and not applied.
pub struct DeadLetter {
    /// Its row.
    pub id: i64,
    /// The feed that it came by.
    pub feed: String,
    /// When it came.
    pub at: Timestamp,
    /// The message.
    pub raw: Zeroizing<Vec<u8>>,
}

pub(super) fn add(
    connection: &Connection,
    kind: NoteKind,
    feed: &str,
    control_id: &str,
    visit: Option<Key>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "-- note.add\nINSERT INTO note (kind, feed, visit_key, control_id, at) VALUES (?1, ?2, ?3, ?4, ?5)";
    let at = now.as_millisecond();
    connection.prepare_cached(sql)?.execute(params![kind.code(), feed, visit, control_id, at])?;
    Ok(())
}

impl Store {
    /// Keeps a message that could not be applied, sealed; `told` as for [`Store::take`].
    pub fn set_aside(
        &self,
        feed: &str,
        control_id: &str,
        reason: &'static str,
        raw: Vec<u8>,
        now: Timestamp,
        told: impl FnOnce(Result<(), StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let ground = std::sync::Arc::clone(&self.ground);
        let (feed, control_id) = (feed.to_owned(), control_id.to_owned());
        let step = move |connection: &Connection| {
            let sealed = ground.vault.seal("dead_letter", feed.as_bytes(), &raw);
            let sql = "-- dead_letter.add\nINSERT INTO dead_letter (feed, reason, control_id, at, sealed) VALUES (?1, ?2, ?3, ?4, ?5)";
            let at = now.as_millisecond();
            connection.prepare_cached(sql)?.execute(params![feed, reason, control_id, at, sealed])?;
            add(connection, NoteKind::DeadLetter, &feed, &control_id, None, now)
        };
        self.writer.push(step, told)
    }

    /// Messages that wait to be applied, in their order.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, StoreError> {
        self.step(|connection, ground| {
            let sql = "-- dead_letter.list\nSELECT id, feed, at, sealed FROM dead_letter WHERE state = 0 ORDER BY id LIMIT 10000";
            let mut statement = connection.prepare_cached(sql)?;
            let mut found = statement.query([])?;
            let mut letters = Vec::new();
            while let Some(row) = found.next()? {
                let (feed, sealed): (String, Vec<u8>) = (row.get(1)?, row.get(3)?);
                let raw = ground.vault.open("dead_letter", feed.as_bytes(), &sealed)?;
                letters.push(DeadLetter { id: row.get(0)?, feed, at: rows::time(row.get(2)?)?, raw });
            }
            Ok(letters)
        })
        .await
    }

    /// Notes that a message was applied after all.
    pub async fn dead_letter_applied(&self, id: i64) -> Result<(), StoreError> {
        self.step(move |connection, _| {
            let control: String = connection
                .prepare_cached(
                    "-- dead_letter.applied\nUPDATE dead_letter SET state = 1 WHERE id = ?1 RETURNING control_id",
                )?
                .query_row([id], |row| row.get(0))?;
            let sql = "-- note.applied\nDELETE FROM note WHERE kind = ?1 AND control_id = ?2";
            connection.prepare_cached(sql)?.execute([NoteKind::DeadLetter.code(), &control])?;
            Ok(())
        })
        .await
    }
}
