//! What the page and the metrics tell of the store: counts, ages, lists.

use super::notes::NoteKind;
use super::{Ground, Store, StoreError, asks, persons, rows};
use crate::facts::{State, Unchecked};
use crate::vault::Key;
use jiff::Timestamp;
use rusqlite::Connection;

/// Rows of a list that are shown at most.
const ROWS_MAX: usize = 500;

/// A visit that is not checked.
#[derive(Clone, PartialEq, Eq)]
pub struct UncheckedRow {
    /// Local number of the patient.
    pub local: String,
    /// The visit's number.
    pub visit: String,
    /// Where the patient is.
    pub location: String,
    /// The feed.
    pub feed: String,
    /// Why.
    pub reason: Unchecked,
    /// Since when.
    pub since: Timestamp,
    /// Whether the patient is still there.
    pub is_open: bool,
    /// When the national service last said that it holds information, if that is remembered and no other answer came since.
    pub record_at: Option<Timestamp>,
}

/// Something that somebody should look at.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteRow {
    /// Its number, for whoever closes it.
    pub id: i64,
    /// What it is.
    pub kind: NoteKind,
    /// The feed, or the target.
    pub feed: String,
    /// The control id of the message.
    pub control_id: String,
    /// Local number of the patient, where it is about a visit.
    pub local: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Flags of visits that go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Shown now.
    pub shown: u64,
    /// Of them, found late.
    pub late: u64,
}

/// How the store stands.
#[derive(Clone, Default)]
pub struct Status {
    /// Questions that wait, and the oldest.
    pub asks: (u64, Option<Timestamp>),
    /// Messages that wait for each target, and the oldest.
    pub pushes: Vec<(String, u64, Option<Timestamp>)>,
    /// Visits that are not checked, by reason; one is not counted that is just being asked.
    pub unchecked: Vec<(Unchecked, u64)>,
    /// Visits that go on and were announced in scope.
    pub open: u64,
    /// Flags.
    pub flags: Flags,
    /// Notes by kind.
    pub notes: Vec<(NoteKind, u64)>,
}

impl Store {
    /// Counts and ages.
    pub async fn status(&self) -> Result<Status, StoreError> {
        self.step(|connection, _| {
            let optional = |at: Option<i64>| at.map(rows::time).transpose();
            let (asks, oldest): (i64, Option<i64>) = connection
                .prepare_cached("-- status.asks\nSELECT count(*), min(made) FROM ask WHERE state = 0")?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let mut status = Status { asks: (asks as u64, optional(oldest)?), ..Status::default() };
            for (target, count, oldest) in grouped::<(String, i64, Option<i64>)>(
                connection,
                "-- status.pushes\nSELECT target, count(*), min(made) FROM push WHERE state = 0 GROUP BY target ORDER BY target",
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )? {
                status.pushes.push((target, count as u64, optional(oldest)?));
            }
            for (code, count) in counted(
                connection,
                "-- status.unchecked\nSELECT unchecked, count(*) FROM visit WHERE unchecked IS NOT NULL GROUP BY unchecked",
            )? {
                let reason = Unchecked::from_code(&code).ok_or(StoreError::Row("a reason"))?;
                status.unchecked.push((reason, count));
            }
            for (code, count) in counted(connection, "-- status.notes\nSELECT kind, count(*) FROM note GROUP BY kind")? {
                let kind = NoteKind::from_code(&code).ok_or(StoreError::Row("a note's kind"))?;
                status.notes.push((kind, count));
            }
            let sql = "-- status.visits\nSELECT count(*), count(shown) FROM visit WHERE state = 0 AND arrived IS NOT NULL";
            let (open, shown): (i64, i64) =
                connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let sql = "-- status.late\nSELECT count(*) FROM visit WHERE shown IS NOT NULL AND EXISTS \
                       (SELECT 1 FROM ask WHERE visit_key IN (visit.key, visit.with_key) AND late = 1 AND state = 1)";
            let late: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            status.open = open as u64;
            status.flags = Flags { shown: shown as u64, late: late as u64 };
            Ok(status)
        })
        .await
    }

    /// Rows of all tables that hold something of patients: how much is kept.
    pub async fn rows(&self) -> Result<u64, StoreError> {
        self.step(|connection, _| {
            let sql = "-- status.rows\nSELECT (SELECT count(*) FROM person) + (SELECT count(*) FROM visit) + (SELECT count(*) FROM raw) \
                       + (SELECT count(*) FROM seen) + (SELECT count(*) FROM note) + (SELECT count(*) FROM dead_letter)";
            let rows: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            Ok(rows as u64)
        })
        .await
    }

    /// Visits that are not checked, those who wait longest first.
    pub async fn unchecked(&self, now: Timestamp) -> Result<Vec<UncheckedRow>, StoreError> {
        self.step(move |connection, ground| {
            let remembered = ground.rules.remember.and_then(|age| now.checked_sub(age).ok());
            let sql = format!(
                "-- unchecked.list\nSELECT key FROM visit WHERE unchecked IS NOT NULL ORDER BY state, unchecked_at, key LIMIT {ROWS_MAX}"
            );
            let keys = grouped::<Key>(connection, &sql, |row| row.get(0))?;
            let mut list = Vec::new();
            for key in keys {
                let Some(visit) = rows::visit(connection, ground, key)? else { continue };
                let (Some(reason), Some(at)) = (visit.unchecked, visit.unchecked_at) else { continue };
                let person = persons::find(connection, ground, visit.person)?.and_then(|(_, person)| person);
                let numbered = person.as_ref().and_then(|person| Some((person, person.number?)));
                let record_at = match (remembered, numbered) {
                    (Some(since), Some((person, number))) => {
                        asks::record_since(connection, ground.number_key(number), ground.identity_key(person), since)?
                    }
                    _ => None,
                };
                list.push(UncheckedRow {
                    local: person.map(|person| person.local.number).unwrap_or_default(),
                    visit: visit.place.number,
                    location: visit.place.location.split('^').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
                    feed: visit.feed,
                    reason,
                    since: at,
                    is_open: visit.state == State::Open,
                    record_at,
                });
            }
            Ok(list)
        })
        .await
    }

    /// What somebody should look at, the oldest first.
    pub async fn notes(&self) -> Result<Vec<NoteRow>, StoreError> {
        self.step(|connection, ground| {
            type Row = (i64, String, String, String, Option<Key>, i64);
            let sql = format!(
                "-- note.list\nSELECT id, kind, feed, control_id, visit_key, at FROM note ORDER BY id LIMIT {ROWS_MAX}"
            );
            let found = grouped::<Row>(connection, &sql, |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
            })?;
            let mut list = Vec::new();
            for (id, kind, feed, control_id, visit, at) in found {
                let visit = visit.map(|key| rows::visit(connection, ground, key)).transpose()?.flatten();
                let local = visit.map(|visit| local_number(connection, ground, visit.person)).transpose()?.flatten();
                let kind = NoteKind::from_code(&kind).ok_or(StoreError::Row("a note's kind"))?;
                list.push(NoteRow { id, kind, feed, control_id, local, at: rows::time(at)? });
            }
            Ok(list)
        })
        .await
    }
}

fn local_number(connection: &Connection, ground: &Ground, person: Key) -> Result<Option<String>, StoreError> {
    let found = persons::find(connection, ground, person)?;
    Ok(found.and_then(|(_, person)| person).map(|person| person.local.number))
}

fn counted(connection: &Connection, sql: &str) -> Result<Vec<(String, u64)>, StoreError> {
    let found = grouped::<(String, i64)>(connection, sql, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.into_iter().map(|(word, count)| (word, count as u64)).collect())
}

fn grouped<T>(
    connection: &Connection,
    sql: &str,
    read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| read(row))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
