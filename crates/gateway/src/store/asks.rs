//! Questions to the national service: made, due in order, answered.

use super::{Ground, Store, StoreError, persons, rows, settle};
use crate::facts::{Person, Unchecked, Visit};
use crate::owed::{Asked, Question, outside};
use crate::vault::Key;
use cpis_model::Date;
use cpis_model::nhs_number::NhsNumber;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

/// The name space of our event ids: a visit and a number always have the same one.
const EVENTS: Uuid = Uuid::from_u128(0x6f1d_2c57_0b4e_5a3d_9c1e_7a42_c0de_0007);

/// A question that is due.
#[derive(Clone)]
pub struct Due {
    /// Its row.
    pub id: i64,
    /// The event id: the same for the same visit and number, however often it is asked.
    pub event: Uuid,
    /// The number.
    pub number: NhsNumber,
    /// The date of birth to compare with.
    pub birth: Option<Date>,
    /// ODS code of the site.
    pub site: String,
    /// The feed that announced the visit.
    pub feed: String,
    /// When it was made.
    pub made: Timestamp,
    /// It was answered before: whether the flag still stands is looked at again.
    pub again: bool,
    /// No authority is told.
    pub silent: bool,
}

impl std::fmt::Debug for Due {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Due({})", self.id)
    }
}

/// What the national service said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// There is a record.
    Record,
    /// There is none.
    NoRecord,
    /// The date of birth disagrees.
    Mismatch,
    /// The question has a fault.
    Invalid,
}

fn state_of(answered: Answered) -> i64 {
    match answered {
        Answered::Record => 1,
        Answered::NoRecord => 2,
        Answered::Mismatch => 3,
        Answered::Invalid => 4,
    }
}

/// The questions of a visit.
pub(super) fn of(connection: &Connection, visit: Key) -> Result<Vec<Question>, StoreError> {
    let sql = "-- ask.of\nSELECT number_key, identity_key, state, trouble FROM ask WHERE visit_key = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([visit])?;
    let mut questions = Vec::new();
    while let Some(row) = rows.next()? {
        let trouble: Option<String> = row.get(3)?;
        let asked = match row.get(2)? {
            0 => Asked::Waiting(trouble.as_deref().and_then(Unchecked::from_code)),
            1 => Asked::Record,
            2 => Asked::NoRecord,
            3 => Asked::Mismatch,
            4 => Asked::Invalid,
            _ => return Err(StoreError::Row("a question's state")),
        };
        questions.push(Question { number: row.get(0)?, identity: row.get(1)?, asked });
    }
    Ok(questions)
}

/// When the national service last said that it holds a record of a number and details, if that is the last thing that it said of
/// them and not before a time.
pub(super) fn record_since(
    connection: &Connection,
    number: Key,
    identity: Key,
    since: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let sql = "-- ask.last\nSELECT state, answered FROM ask WHERE number_key = ?1 AND identity_key = ?2 AND answered IS NOT NULL \
               ORDER BY answered DESC, id DESC LIMIT 1";
    let last: Option<(i64, i64)> = connection
        .prepare_cached(sql)?
        .query_row(params![number, identity], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let record =
        last.filter(|(state, _)| *state == state_of(Answered::Record)).map(|(_, at)| rows::time(at)).transpose()?;
    Ok(record.filter(|at| *at >= since))
}

pub(super) fn any_answered(connection: &Connection, visit: Key) -> Result<bool, StoreError> {
    Ok(of(connection, visit)?.iter().any(|question| !matches!(question.asked, Asked::Waiting(_))))
}

/// Whether the answer about a number came late.
pub(super) fn is_late(connection: &Connection, visit: &Visit, number: Option<Key>) -> Result<bool, StoreError> {
    let sql =
        "-- ask.is_late\nSELECT 1 FROM ask WHERE visit_key IN (?1, ?2) AND number_key = ?3 AND state = 1 AND late = 1";
    Ok(connection.prepare_cached(sql)?.exists(params![visit.key, visit.with, number])?)
}

/// Drops what waits of a visit.
pub(super) fn forget(connection: &Connection, visit: Key) -> Result<(), StoreError> {
    connection.prepare_cached("-- ask.forget\nDELETE FROM ask WHERE visit_key = ?1 AND state = 0")?.execute([visit])?;
    Ok(())
}

/// Drops what waits of a visit and is about another number, or about details that were corrected since.
pub(super) fn forget_others(connection: &Connection, visit: Key, number: Key, identity: Key) -> Result<(), StoreError> {
    let sql = "-- ask.forget_others\nDELETE FROM ask WHERE visit_key = ?1 AND state = 0 \
               AND NOT (number_key = ?2 AND identity_key = ?3)";
    connection.prepare_cached(sql)?.execute([visit, number, identity])?;
    Ok(())
}

/// Makes a question. Its event id follows from the attendance and the number, so that nobody is told twice.
pub(super) fn make(
    connection: &Connection,
    ground: &Ground,
    visit: &Visit,
    number: NhsNumber,
    identity: Key,
    now: Timestamp,
) -> Result<(), StoreError> {
    let number_key = ground.number_key(number);
    let known =
        "-- ask.event\nSELECT event_id FROM ask WHERE visit_key IN (?1, ?2) AND number_key = ?3 ORDER BY id LIMIT 1";
    let same: Option<[u8; 16]> = connection
        .prepare_cached(known)?
        .query_row(params![visit.key, visit.with, number_key], |row| row.get(0))
        .optional()?;
    let event = same.map_or_else(|| event_id(visit, number), Uuid::from_bytes);
    let sql = "-- ask.make\nINSERT OR IGNORE INTO ask (visit_key, number_key, identity_key, event_id, state, made) \
               VALUES (?1, ?2, ?3, ?4, 0, ?5)";
    let made = now.as_millisecond();
    connection.prepare_cached(sql)?.execute(params![visit.key, number_key, identity, event.as_bytes(), made])?;
    Ok(())
}

/// The event id of a visit and a number.
pub fn event_id(visit: &Visit, number: NhsNumber) -> Uuid {
    let parts = [visit.site.as_str(), &visit.place.authority, &visit.place.number, number.digits()];
    Uuid::new_v5(&EVENTS, parts.join("\0").as_bytes())
}

impl Store {
    /// The oldest questions that wait, in their order, but for some that are being asked. Those that became too old meanwhile
    /// are given up.
    pub async fn asks_due(&self, max: usize, not: Vec<i64>, now: Timestamp) -> Result<Vec<Due>, StoreError> {
        self.step(move |connection, ground| {
            let sql = "-- ask.due\nSELECT id, visit_key, number_key, event_id, made, silent FROM ask WHERE state = 0 \
                       ORDER BY id LIMIT ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let mut listed: Vec<(i64, Key, Key, [u8; 16], i64, bool)> = Vec::new();
            let mut rows = statement.query([(max + not.len()) as i64])?;
            while let Some(row) = rows.next()? {
                let id: i64 = row.get(0)?;
                if !not.contains(&id) {
                    listed.push((id, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?));
                }
            }
            let mut due = Vec::new();
            for (id, visit, number_key, event, made, silent) in listed.into_iter().take(max) {
                let Some(visit) = rows::visit(connection, ground, visit)? else {
                    remove(connection, id)?;
                    continue;
                };
                let person = persons::find(connection, ground, visit.person)?.and_then(|(_, person)| person);
                let Some((person, number)) = current(ground, person, number_key) else {
                    remove(connection, id)?;
                    settle::visit(connection, ground, visit, now)?;
                    continue;
                };
                if outside(&visit, ground.rules.window(&visit.feed), now).is_some() {
                    remove(connection, id)?;
                    settle::visit(connection, ground, visit, now)?;
                    continue;
                }
                let (birth, site, feed) = (person.birth, visit.site, visit.feed);
                let (event, made) = (Uuid::from_bytes(event), rows::time(made)?);
                due.push(Due { id, event, number, birth, site, feed, made, again: false, silent });
            }
            Ok(due)
        })
        .await
    }

    /// Answers behind flags that are shown now and that are old enough to be looked at again, the oldest first.
    pub async fn flags_due(&self, max: usize, not: Vec<i64>, now: Timestamp) -> Result<Vec<Due>, StoreError> {
        self.step(move |connection, ground| {
            let Some(before) = ground.rules.look_again.and_then(|age| now.checked_sub(age).ok()) else {
                return Ok(Vec::new());
            };
            let sql = "-- ask.flags_due\nSELECT id, visit_key, number_key, event_id, answered FROM ask \
                       WHERE state = 1 AND answered < ?1 AND EXISTS (SELECT 1 FROM visit \
                       WHERE (key = ask.visit_key OR with_key = ask.visit_key) AND state = 0 AND shown = ask.number_key) \
                       ORDER BY answered, id";
            let mut statement = connection.prepare_cached(sql)?;
            // As many as are shown now; some of them may not be asked about.
            let mut found = statement.query([before.as_millisecond()])?;
            let mut due = Vec::new();
            while let Some(row) = found.next()? {
                let (id, answered): (i64, i64) = (row.get(0)?, row.get(4)?);
                let Some(visit) = rows::visit(connection, ground, row.get(1)?)?.filter(|_| !not.contains(&id)) else {
                    continue;
                };
                let person = persons::find(connection, ground, visit.person)?.and_then(|(_, person)| person);
                let Some((person, number)) = current(ground, person, row.get(2)?) else { continue };
                // An event of its own, and the same one when it is tried again.
                let first = Uuid::from_bytes(row.get(3)?);
                let event = Uuid::new_v5(&first, &answered.to_be_bytes());
                let (birth, site, feed) = (person.birth, visit.site, visit.feed);
                let made = rows::time(answered)?;
                due.push(Due { id, event, number, birth, site, feed, made, again: true, silent: true });
                if due.len() == max {
                    break;
                }
            }
            Ok(due)
        })
        .await
    }

    /// Notes an answer, the first or a later one. A question that was dropped meanwhile is answered to nobody. Tells whether it was
    /// there.
    pub async fn answered(&self, id: i64, answered: Answered, late: bool, now: Timestamp) -> Result<bool, StoreError> {
        self.step(move |connection, ground| {
            let sql = "-- ask.answered\nUPDATE ask SET late = iif(state = 0, ?4, late), state = ?2, answered = ?3, trouble = NULL \
                       WHERE id = ?1 AND state IN (0, 1) RETURNING visit_key";
            let visit: Option<Key> = connection
                .prepare_cached(sql)?
                .query_row(params![id, state_of(answered), now.as_millisecond(), late], |row| row.get(0))
                .optional()?;
            let Some(visit) = visit else { return Ok(false) };
            if let Some(visit) = rows::visit(connection, ground, visit)? {
                settle::visit(connection, ground, visit, now)?;
            }
            Ok(true)
        })
        .await
    }

    /// Notes why one question is not answered while others are.
    pub async fn ask_hindered(&self, id: i64, trouble: Unchecked, now: Timestamp) -> Result<(), StoreError> {
        self.step(move |connection, ground| {
            let sql = "-- ask.hindered_one\nUPDATE ask SET trouble = ?2 WHERE id = ?1 AND state = 0 AND trouble IS NOT ?2 \
                       RETURNING visit_key";
            let visit: Option<Key> =
                connection.prepare_cached(sql)?.query_row(params![id, trouble.code()], |row| row.get(0)).optional()?;
            match visit.map(|key| rows::visit(connection, ground, key)).transpose()?.flatten() {
                Some(visit) => settle::visit(connection, ground, visit, now),
                None => Ok(()),
            }
        })
        .await
    }

    /// Notes why nothing that waits is answered; `None` once somebody answers again.
    pub async fn asks_hindered(&self, trouble: Option<Unchecked>) -> Result<(), StoreError> {
        let code = trouble.map(Unchecked::code);
        self.step(move |connection, _| {
            let sql = "-- ask.hindered\nUPDATE ask SET trouble = ?1 WHERE state = 0 AND trouble IS NOT ?1";
            connection.prepare_cached(sql)?.execute([code])?;
            let sql = "-- visit.hindered\nUPDATE visit SET unchecked = ?1 WHERE unchecked IN ('waiting', 'away', 'refused') \
                       AND unchecked IS NOT ?1";
            connection.prepare_cached(sql)?.execute([code.unwrap_or(Unchecked::Waiting.code())])?;
            Ok(())
        })
        .await
    }
}

/// The person, where a question's number is still theirs.
fn current(ground: &Ground, person: Option<Person>, number_key: Key) -> Option<(Person, NhsNumber)> {
    let person = person?;
    let number = person.number.filter(|number| ground.number_key(*number) == number_key)?;
    Some((person, number))
}

fn remove(connection: &Connection, id: i64) -> Result<(), StoreError> {
    connection.prepare_cached("-- ask.remove\nDELETE FROM ask WHERE id = ?1")?.execute([id])?;
    Ok(())
}
