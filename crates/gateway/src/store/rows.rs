//! Rows of visits, to and from the database.

use super::{Ground, StoreError};
use crate::facts::{Place, State, Unchecked, Visit};
use crate::vault::Key;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// Visits of one person that are looked at, at most.
const VISITS_MAX: usize = 200;

const COLUMNS: &str = "key, person_key, feed, site, state, state_at, arrived, started, place_at, with_key, shown, unchecked, \
                       unchecked_at, sealed";

/// A time of a row.
pub(super) fn time(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| StoreError::Row("a time"))
}

fn read(ground: &Ground, row: &Row<'_>) -> Result<Visit, StoreError> {
    let key: Key = row.get(0)?;
    let sealed: Vec<u8> = row.get(13)?;
    let place: Place = ground.vault.open_value("visit", &key, &sealed)?;
    let unchecked: Option<String> = row.get(11)?;
    let optional = |at: usize| row.get::<_, Option<i64>>(at)?.map(time).transpose();
    Ok(Visit {
        key,
        person: row.get(1)?,
        feed: row.get(2)?,
        site: row.get(3)?,
        state: State::from_number(row.get(4)?).ok_or(StoreError::Row("a state"))?,
        state_at: time(row.get(5)?)?,
        arrived: optional(6)?,
        started: time(row.get(7)?)?,
        place,
        place_at: time(row.get(8)?)?,
        with: row.get(9)?,
        shown: row.get(10)?,
        unchecked: unchecked.map(|code| Unchecked::from_code(&code).ok_or(StoreError::Row("a reason"))).transpose()?,
        unchecked_at: optional(12)?,
    })
}

/// The visit of a key; a key that was moved leads to where it is now.
pub(super) fn visit(connection: &Connection, ground: &Ground, key: Key) -> Result<Option<Visit>, StoreError> {
    let sql = "-- visit.moved\nSELECT to_key FROM moved WHERE key = ?1";
    let moved: Option<Key> = connection.prepare_cached(sql)?.query_row([key], |row| row.get(0)).optional()?;
    let sql = format!("-- visit.read\nSELECT {COLUMNS} FROM visit WHERE key = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([moved.unwrap_or(key)])?;
    rows.next()?.map(|row| read(ground, row)).transpose()
}

/// Visits of a person that something may be owed for.
pub(super) fn visits_of(connection: &Connection, ground: &Ground, person: Key) -> Result<Vec<Visit>, StoreError> {
    let sql = format!(
        "-- visit.of_person\nSELECT {COLUMNS} FROM visit WHERE person_key = ?1 \
         AND (state = 0 OR shown IS NOT NULL OR unchecked IS NOT NULL) ORDER BY arrived LIMIT {VISITS_MAX}"
    );
    list(connection, ground, &sql, [person])
}

/// Visits that were announced after this one for the same attendance.
pub(super) fn visits_with(connection: &Connection, ground: &Ground, key: Key) -> Result<Vec<Visit>, StoreError> {
    let sql = format!("-- visit.with\nSELECT {COLUMNS} FROM visit WHERE with_key = ?1 LIMIT {VISITS_MAX}");
    list(connection, ground, &sql, [key])
}

/// Visits of everybody with this number at a site that were announced in scope, started within a time, and stand for
/// themselves.
pub(super) fn same_attendance(
    connection: &Connection,
    ground: &Ground,
    site: &str,
    number: Key,
    between: (Timestamp, Timestamp),
) -> Result<Vec<Visit>, StoreError> {
    let sql = format!(
        "-- visit.same\nSELECT {COLUMNS} FROM visit WHERE person_key IN (SELECT key FROM person WHERE number_key = ?1) \
         AND site = ?2 AND started BETWEEN ?3 AND ?4 AND arrived IS NOT NULL AND state != 2 AND with_key IS NULL \
         ORDER BY arrived, key LIMIT {VISITS_MAX}"
    );
    let (from, to) = (between.0.as_millisecond(), between.1.as_millisecond());
    list(connection, ground, &sql, rusqlite::params![number, site, from, to])
}

/// Visits that are not checked for a reason that time alone may mend.
pub(super) fn visits_unchecked(
    connection: &Connection,
    ground: &Ground,
    reasons: [Unchecked; 2],
) -> Result<Vec<Visit>, StoreError> {
    let sql = format!(
        "-- visit.unchecked\nSELECT {COLUMNS} FROM visit WHERE unchecked IN (?1, ?2) ORDER BY unchecked_at DESC LIMIT {VISITS_MAX}"
    );
    list(connection, ground, &sql, reasons.map(Unchecked::code))
}

fn list(
    connection: &Connection,
    ground: &Ground,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<Visit>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut visits = Vec::new();
    while let Some(row) = rows.next()? {
        visits.push(read(ground, row)?);
    }
    Ok(visits)
}

/// Writes a visit.
pub(super) fn save(connection: &Connection, ground: &Ground, visit: &Visit, now: Timestamp) -> Result<(), StoreError> {
    let sql = format!(
        "-- visit.save\nINSERT OR REPLACE INTO visit ({COLUMNS}, touched) VALUES (:key, :person, :feed, :site, :state, :state_at, \
         :arrived, :started, :place_at, :with, :shown, :unchecked, :unchecked_at, :sealed, :touched)"
    );
    connection.prepare_cached(&sql)?.execute(named_params! {
        ":key": visit.key,
        ":person": visit.person,
        ":feed": visit.feed,
        ":site": visit.site,
        ":state": visit.state.number(),
        ":state_at": visit.state_at.as_millisecond(),
        ":arrived": visit.arrived.map(Timestamp::as_millisecond),
        ":started": visit.started.as_millisecond(),
        ":place_at": visit.place_at.as_millisecond(),
        ":with": visit.with,
        ":shown": visit.shown,
        ":unchecked": visit.unchecked.map(Unchecked::code),
        ":unchecked_at": visit.unchecked_at.map(Timestamp::as_millisecond),
        ":sealed": ground.vault.seal_value("visit", &visit.key, &visit.place),
        ":touched": now.as_millisecond(),
    })?;
    Ok(())
}

/// Gives a visit another key: its number was changed.
pub(super) fn rename(connection: &Connection, from: Key, to: Key, now: Timestamp) -> Result<(), StoreError> {
    for sql in [
        "-- visit.rename_ask\nUPDATE ask SET visit_key = ?2 WHERE visit_key = ?1",
        "-- visit.rename_push\nUPDATE push SET visit_key = ?2 WHERE visit_key = ?1",
        "-- visit.rename_note\nUPDATE note SET visit_key = ?2 WHERE visit_key = ?1",
        "-- visit.rename_with\nUPDATE visit SET with_key = ?2 WHERE with_key = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([from, to])?;
    }
    connection.prepare_cached("-- visit.remove\nDELETE FROM visit WHERE key = ?1")?.execute([from])?;
    moved(connection, from, to, now)
}

/// Notes that a key leads to another one.
pub(super) fn moved(connection: &Connection, from: Key, to: Key, now: Timestamp) -> Result<(), StoreError> {
    connection.prepare_cached("-- moved.forget\nDELETE FROM moved WHERE key = ?1")?.execute([to])?;
    connection
        .prepare_cached("-- moved.follow\nUPDATE moved SET to_key = ?2 WHERE to_key = ?1")?
        .execute([from, to])?;
    let sql = "-- moved.save\nINSERT OR REPLACE INTO moved (key, to_key, touched) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(rusqlite::params![from, to, now.as_millisecond()])?;
    Ok(())
}
