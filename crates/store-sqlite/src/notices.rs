//! Notices owed to authorities, and their acknowledgements.

use crate::tx::{Bad, Stop, Tx};
use crate::values::{get_authority, get_optional_time, get_person, get_small, get_time, get_u64, get_uuid};
use cpis_model::access::AuthorKey;
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Timestamp, Uuid};
use cpis_store::{AccessRow, NoticeRow};
use rusqlite::{Row, params};

/// Notices whose reader is forgotten at once, at most.
const FORGOTTEN_MAX: u32 = 1000;

/// A query for whole notices, as [`notice`] reads them: its name in statistics, and what follows the table's name.
macro_rules! notices {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- ",
            $name,
            "\nSELECT number, id, authority, person_id, entry_index, seq, at, author, acknowledged, kind, acknowledged_by, \
             reader FROM notice ",
            $rest
        )
    };
}

fn notice(row: &Row<'_>) -> Result<NoticeRow, Bad> {
    Ok(NoticeRow {
        number: get_u64(row, 0)?,
        id: get_uuid(row, 1)?,
        authority: get_authority(row, 2)?,
        person: get_person(row, 3)?,
        access: AccessRow {
            index: get_u64(row, 4)?,
            seq: get_u64(row, 5)?,
            at: get_time(row, 6)?,
            author: AuthorKey(row.get(7)?),
        },
        acknowledged: get_optional_time(row, 8)?,
        kind: get_small(row, 9)?,
        acknowledged_by: row.get(10)?,
        reader: row.get::<_, Option<[u8; 16]>>(11)?.map(AuthorKey),
    })
}

/// An authority's notices after a cursor.
pub(crate) fn of_authority(
    tx: &Tx<'_>,
    authority: AuthorityCode,
    after: u64,
    rows_max: u32,
) -> Result<Vec<NoticeRow>, Stop> {
    tx.all(
        notices!("notice.of_authority", "WHERE authority = ? AND number > ? ORDER BY number LIMIT ?"),
        params![authority.0.as_str(), after as i64, rows_max],
        notice,
    )
}

/// An authority's notices before a cursor, newest first.
pub(crate) fn before(
    tx: &Tx<'_>,
    authority: AuthorityCode,
    acknowledged: bool,
    before: u64,
    rows_max: u32,
) -> Result<Vec<NoticeRow>, Stop> {
    tx.all(
        notices!("notice.before", "INDEXED BY notice_authority WHERE authority = ? AND number < ? AND (acknowledged IS NOT NULL) = ? ORDER BY number DESC LIMIT ?"),
        params![authority.0.as_str(), i64::try_from(before).unwrap_or(i64::MAX), acknowledged, rows_max],
        notice,
    )
}

/// All notices after a cursor.
pub(crate) fn after(tx: &Tx<'_>, after: u64, rows_max: u32) -> Result<Vec<NoticeRow>, Stop> {
    tx.all(
        notices!("notice.after", "WHERE number > ? ORDER BY number LIMIT ?"),
        params![after as i64, rows_max],
        notice,
    )
}

/// Acknowledges a notice of this authority; the first acknowledgement stands.
pub(crate) fn acknowledge(
    tx: &Tx<'_>,
    authority: AuthorityCode,
    id: Uuid,
    at: Timestamp,
    by: &[u8],
) -> Result<Option<NoticeRow>, Stop> {
    tx.execute(
        "-- notice.acknowledge\nUPDATE notice SET acknowledged = ?, acknowledged_by = ? WHERE id = ? AND authority = ? \
         AND acknowledged IS NULL",
        params![at.as_millisecond(), by, id.as_bytes(), authority.0.as_str()],
    )?;
    one(tx, authority, id)
}

/// One of an authority's notices.
pub(crate) fn one(tx: &Tx<'_>, authority: AuthorityCode, id: Uuid) -> Result<Option<NoticeRow>, Stop> {
    tx.first(
        notices!("notice.one", "WHERE id = ? AND authority = ?"),
        params![id.as_bytes(), authority.0.as_str()],
        notice,
    )
}

/// Reports by one author before a cursor, newest first.
pub(crate) fn reports_by(tx: &Tx<'_>, author: AuthorKey, before: u64, rows_max: u32) -> Result<Vec<NoticeRow>, Stop> {
    tx.all(
        notices!(
            "notice.reports_by",
            "INDEXED BY notice_report WHERE author = ? AND number < ? AND kind > 0 ORDER BY number DESC LIMIT ?"
        ),
        params![author.0, i64::try_from(before).unwrap_or(i64::MAX), rows_max],
        notice,
    )
}

/// Notices of one reader's looks before a cursor, newest first.
pub(crate) fn looks_by(tx: &Tx<'_>, reader: AuthorKey, before: u64, rows_max: u32) -> Result<Vec<NoticeRow>, Stop> {
    tx.all(
        notices!(
            "notice.looks_by",
            "INDEXED BY notice_reader WHERE reader = ? AND number < ? AND kind = 0 ORDER BY number DESC LIMIT ?"
        ),
        params![reader.0, i64::try_from(before).unwrap_or(i64::MAX), rows_max],
        notice,
    )
}

/// Forgets of some notices before a moment whose looks they are of.
pub(crate) fn forget_readers(tx: &Tx<'_>, before: Timestamp) -> Result<u64, Stop> {
    let forgotten = tx.execute(
        "-- notice.forget_readers\nUPDATE notice SET reader = NULL WHERE number IN (SELECT number FROM notice \
         INDEXED BY notice_reader WHERE kind = 0 AND reader IS NOT NULL AND at < ? LIMIT ?)",
        params![before.as_millisecond(), FORGOTTEN_MAX],
    )?;
    Ok(forgotten as u64)
}

/// Notices of looks before a moment that nobody acknowledged, oldest first.
pub(crate) fn overdue(
    tx: &Tx<'_>,
    authority: Option<AuthorityCode>,
    before: Timestamp,
    rows_max: u32,
) -> Result<Vec<NoticeRow>, Stop> {
    tx.all(
        notices!(
            "notice.overdue",
            "INDEXED BY notice_open WHERE acknowledged IS NULL AND at < ?1 AND kind = 0 AND (?2 IS NULL OR authority = ?2) \
             ORDER BY at, number LIMIT ?3"
        ),
        params![before.as_millisecond(), authority.as_ref().map(|authority| authority.0.as_str()), rows_max],
        notice,
    )
}

/// How many notices nobody acknowledged, and the age of the oldest.
pub(crate) fn unacknowledged(tx: &Tx<'_>) -> Result<(u64, Option<Timestamp>), Stop> {
    let open = tx.first(
        "-- notice.open\nSELECT count(*), min(at) FROM notice INDEXED BY notice_open WHERE acknowledged IS NULL",
        [],
        |row| Ok((get_u64(row, 0)?, get_optional_time(row, 1)?)),
    )?;
    Ok(open.unwrap_or_default())
}
