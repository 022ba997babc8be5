//! Notices owed to authorities, and their acknowledgements.

use crate::tx::{Bad, Stop, Tx};
use crate::values::{get_authority, get_optional_time, get_person, get_time, get_u64, get_uuid};
use cpis_model::access::AuthorKey;
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Timestamp, Uuid};
use cpis_store::{AccessRow, NoticeRow};
use rusqlite::{Row, params};

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
        "-- notice.of_authority\nSELECT number, id, authority, person_id, entry_index, seq, at, author, acknowledged FROM notice \
         WHERE authority = ? AND number > ? ORDER BY number LIMIT ?",
        params![authority.0.as_str(), after as i64, rows_max],
        notice,
    )
}

/// All notices after a cursor.
pub(crate) fn after(tx: &Tx<'_>, after: u64, rows_max: u32) -> Result<Vec<NoticeRow>, Stop> {
    tx.all(
        "-- notice.after\nSELECT number, id, authority, person_id, entry_index, seq, at, author, acknowledged FROM notice \
         WHERE number > ? ORDER BY number LIMIT ?",
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
) -> Result<Option<NoticeRow>, Stop> {
    tx.execute(
        "-- notice.acknowledge\nUPDATE notice SET acknowledged = ? WHERE id = ? AND authority = ? AND acknowledged IS NULL",
        params![at.as_millisecond(), id.as_bytes(), authority.0.as_str()],
    )?;
    tx.first(
        "-- notice.one\nSELECT number, id, authority, person_id, entry_index, seq, at, author, acknowledged FROM notice \
         WHERE id = ? AND authority = ?",
        params![id.as_bytes(), authority.0.as_str()],
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
