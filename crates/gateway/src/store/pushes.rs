//! Messages owed to the hospital's systems: that a flag is there, that it is withdrawn. Written when they are owed, so that a repeated
//! one is the same message with the same control id.

use super::notes::{self, NoteKind};
use super::{Ground, Store, StoreError, rows};
use crate::facts::{Person, Visit};
use crate::outbound::{self, Says};
use crate::vault::Key;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use zeroize::Zeroizing;

/// A message that waits to be delivered.
pub struct Waiting {
    /// Its row.
    pub id: i64,
    /// Its control id.
    pub control_id: String,
    /// The message.
    pub message: Zeroizing<Vec<u8>>,
    /// When it was owed.
    pub made: Timestamp,
    /// It shows a flag; otherwise it withdraws one.
    pub shows: bool,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Waiting({})", self.control_id)
    }
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Accepted.
    Accepted,
    /// Rejected for good: somebody must look.
    Rejected,
}

/// Makes a message, where the visit's feed has a target.
pub(super) fn make(
    connection: &Connection,
    ground: &Ground,
    visit: &Visit,
    person: &Person,
    says: Says,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(target) = ground.rules.feeds.get(&visit.feed).and_then(|feed| feed.target.as_ref()) else {
        return Ok(());
    };
    let sql = "-- push.make\nINSERT INTO push (target, visit_key, shows, control_id, state, made, sealed) \
               VALUES (?1, ?2, ?3, '', 0, ?4, x'') RETURNING id";
    let made = now.as_millisecond();
    let id: i64 = connection
        .prepare_cached(sql)?
        .query_row(params![target.name, visit.key, says != Says::Withdrawn, made], |row| row.get(0))?;
    let control_id = outbound::control_id(id);
    let message = outbound::write(target, visit, person, says, &control_id, now);
    let sealed = ground.vault.seal("push", &id.to_be_bytes(), &message);
    let sql = "-- push.write\nUPDATE push SET control_id = ?2, sealed = ?3 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id, control_id, sealed])?;
    Ok(())
}

impl Store {
    /// The oldest messages that wait for a target, in their order.
    pub async fn pushes_waiting(&self, target: &str, max: usize) -> Result<Vec<Waiting>, StoreError> {
        let target = target.to_owned();
        self.step(move |connection, ground| {
            let sql = "-- push.waiting\nSELECT id, control_id, sealed, made, shows FROM push WHERE target = ?1 AND state = 0 \
                       ORDER BY id LIMIT ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let mut found = statement.query(params![target, max as i64])?;
            let mut waiting = Vec::new();
            while let Some(row) = found.next()? {
                let (id, sealed): (i64, Vec<u8>) = (row.get(0)?, row.get(2)?);
                let message = ground.vault.open("push", &id.to_be_bytes(), &sealed)?;
                let made = rows::time(row.get(3)?)?;
                waiting.push(Waiting { id, control_id: row.get(1)?, message, made, shows: row.get(4)? });
            }
            Ok(waiting)
        })
        .await
    }

    /// Notes how deliveries ended. What was sent is no longer kept.
    pub async fn pushed(&self, ended: Vec<(i64, Delivered)>, now: Timestamp) -> Result<(), StoreError> {
        self.step(move |connection, _| {
            for (id, delivered) in ended {
                let state = if delivered == Delivered::Accepted { 1 } else { 2 };
                let sql = "-- push.done\nUPDATE push SET state = ?2, done = ?3, sealed = x'' WHERE id = ?1 AND state = 0 \
                           RETURNING visit_key, control_id, target";
                let done: Option<(Key, String, String)> = connection
                    .prepare_cached(sql)?
                    .query_row(params![id, state, now.as_millisecond()], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                    })
                    .optional()?;
                if let Some((visit, control_id, target)) = done.filter(|_| delivered == Delivered::Rejected) {
                    notes::add(connection, NoteKind::Rejected, &target, &control_id, Some(visit), now)?;
                }
            }
            Ok(())
        })
        .await
    }
}
