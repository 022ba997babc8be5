//! Rows of persons: a local identity each, and what it was merged into.

use super::{Ground, StoreError};
use crate::facts::{Local, Person};
use crate::vault::Key;
use cpis_model::nhs_number::NhsNumber;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

/// Merges that are followed at most. A merge always ends at an identity that stands for itself, so this is a second belt.
const CHAIN_MAX: usize = 64;

impl Ground {
    /// The key of a local identity.
    pub fn local_key(&self, local: &Local) -> Key {
        self.vault.digest("local", &[&local.authority, &local.feed, &local.number])
    }

    /// The key of an NHS number.
    pub fn number_key(&self, number: NhsNumber) -> Key {
        self.vault.digest("number", &[number.digits()])
    }

    /// The key of what an answer depends on beside the number.
    pub fn identity_key(&self, person: &Person) -> Key {
        let birth = person.birth.map(|birth| birth.to_string()).unwrap_or_default();
        self.vault.digest("identity", &[&birth, if person.is_verified() { "1" } else { "0" }])
    }
}

/// Where a local identity leads to, and what is held there. `None` for one that is not known.
pub(super) fn find(
    connection: &Connection,
    ground: &Ground,
    local: Key,
) -> Result<Option<(Key, Option<Person>)>, StoreError> {
    let mut at = local;
    let sql = "-- person.read\nSELECT into_key, sealed FROM person WHERE key = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    for _ in 0..CHAIN_MAX {
        let row: Option<(Option<Key>, Option<Vec<u8>>)> =
            statement.query_row([at], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        match row {
            // The end of a chain whose last row was purged stands for itself.
            None => return Ok((at != local).then_some((at, None))),
            Some((Some(into), _)) => at = into,
            Some((None, sealed)) => {
                let person = sealed.map(|sealed| ground.vault.open_value("person", &at, &sealed)).transpose()?;
                return Ok(Some((at, person)));
            }
        }
    }
    Err(StoreError::Row("a chain of merges has no end"))
}

/// Writes a person who stands for themselves.
pub(super) fn save(
    connection: &Connection,
    ground: &Ground,
    key: Key,
    person: &Person,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "-- person.save\nINSERT INTO person (key, into_key, number_key, sealed, touched) VALUES (?1, NULL, ?2, ?3, ?4) \
               ON CONFLICT (key) DO UPDATE SET number_key = ?2, sealed = ?3, touched = ?4";
    let number = person.number.map(|number| ground.number_key(number));
    let sealed = ground.vault.seal_value("person", &key, person);
    connection.prepare_cached(sql)?.execute(params![key, number, sealed, now.as_millisecond()])?;
    Ok(())
}

/// Joins an identity into another, which stands for itself from now on; visits go with it. What was held of the first is given up,
/// but for the pointer.
pub(super) fn merge(connection: &Connection, from: Key, into: Key, now: Timestamp) -> Result<(), StoreError> {
    let touched = now.as_millisecond();
    let sql = "-- person.survive\nINSERT INTO person (key, touched) VALUES (?1, ?2) \
               ON CONFLICT (key) DO UPDATE SET into_key = NULL, touched = ?2";
    connection.prepare_cached(sql)?.execute(params![into, touched])?;
    let sql = "-- person.merge\nINSERT INTO person (key, into_key, touched) VALUES (?1, ?2, ?3) \
               ON CONFLICT (key) DO UPDATE SET into_key = ?2, number_key = NULL, sealed = NULL, touched = ?3";
    connection.prepare_cached(sql)?.execute(params![from, into, touched])?;
    let sql = "-- person.merge_visits\nUPDATE visit SET person_key = ?2 WHERE person_key = ?1";
    connection.prepare_cached(sql)?.execute([from, into])?;
    Ok(())
}
