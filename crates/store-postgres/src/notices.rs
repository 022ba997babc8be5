//! Notices owed to authorities, and their acknowledgements.

use crate::told::Stop;
use crate::tx::{Bad, Tx};
use crate::values::{
    get_array, get_authority, get_optional_array, get_optional_time, get_person, get_small, get_time, get_u64, get_uuid,
};
use cpis_model::access::AuthorKey;
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Timestamp, Uuid};
use cpis_store::{AccessRow, NoticeRow};
use tokio_postgres::Row;

/// Notices whose reader is forgotten at once, at most.
const FORGOTTEN_MAX: i64 = 1000;

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

fn notice(row: &Row) -> Result<NoticeRow, Bad> {
    Ok(NoticeRow {
        number: get_u64(row, 0)?,
        id: get_uuid(row, 1)?,
        authority: get_authority(row, 2)?,
        person: get_person(row, 3)?,
        access: AccessRow {
            index: get_u64(row, 4)?,
            seq: get_u64(row, 5)?,
            at: get_time(row, 6)?,
            author: AuthorKey(get_array(row, 7)?),
        },
        acknowledged: get_optional_time(row, 8)?,
        kind: get_small(row, 9)?,
        acknowledged_by: row.try_get(10)?,
        reader: get_optional_array(row, 11)?.map(AuthorKey),
    })
}

/// An authority's notices after a cursor.
pub(crate) async fn of_authority(
    tx: &Tx<'_>,
    authority: AuthorityCode,
    after: u64,
    rows_max: u32,
) -> Result<Vec<NoticeRow>, Stop> {
    tx.all(
        notices!("notice.of_authority", "WHERE authority = $1 AND number > $2 ORDER BY number LIMIT $3"),
        &[&authority.0.as_str(), &(after as i64), &i64::from(rows_max)],
        notice,
    )
    .await
}

/// An authority's notices before a cursor, newest first.
pub(crate) async fn before(
    tx: &Tx<'_>,
    authority: AuthorityCode,
    acknowledged: bool,
    before: u64,
    rows_max: u32,
) -> Result<Vec<NoticeRow>, Stop> {
    tx.all(
        notices!(
            "notice.before",
            "WHERE authority = $1 AND number < $2 AND (acknowledged IS NOT NULL) = $3 ORDER BY number DESC LIMIT $4"
        ),
        &[&authority.0.as_str(), &i64::try_from(before).unwrap_or(i64::MAX), &acknowledged, &i64::from(rows_max)],
        notice,
    )
    .await
}

/// All notices after a cursor.
pub(crate) async fn after(tx: &Tx<'_>, after: u64, rows_max: u32) -> Result<Vec<NoticeRow>, Stop> {
    tx.all(
        notices!("notice.after", "WHERE number > $1 ORDER BY number LIMIT $2"),
        &[&(after as i64), &i64::from(rows_max)],
        notice,
    )
    .await
}

/// Acknowledges a notice of this authority; the first acknowledgement stands, the second waits for it.
pub(crate) async fn acknowledge(
    tx: &Tx<'_>,
    authority: AuthorityCode,
    id: Uuid,
    at: Timestamp,
    by: &[u8],
) -> Result<Option<NoticeRow>, Stop> {
    tx.begin().await?;
    tx.execute(
        "-- notice.acknowledge\nUPDATE notice SET acknowledged = $1, acknowledged_by = $2 WHERE id = $3 AND authority = $4 \
         AND acknowledged IS NULL",
        &[&at.as_millisecond(), &by, &id.as_bytes().as_slice(), &authority.0.as_str()],
    )
    .await?;
    one(tx, authority, id).await
}

/// One of an authority's notices.
pub(crate) async fn one(tx: &Tx<'_>, authority: AuthorityCode, id: Uuid) -> Result<Option<NoticeRow>, Stop> {
    tx.first(
        notices!("notice.one", "WHERE id = $1 AND authority = $2"),
        &[&id.as_bytes().as_slice(), &authority.0.as_str()],
        notice,
    )
    .await
}

/// Reports by one author before a cursor, newest first.
pub(crate) async fn reports_by(
    tx: &Tx<'_>,
    author: AuthorKey,
    before: u64,
    rows_max: u32,
) -> Result<Vec<NoticeRow>, Stop> {
    tx.all(
        notices!("notice.reports_by", "WHERE author = $1 AND number < $2 AND kind > 0 ORDER BY number DESC LIMIT $3"),
        &[&author.0.as_slice(), &i64::try_from(before).unwrap_or(i64::MAX), &i64::from(rows_max)],
        notice,
    )
    .await
}

/// Notices of one reader's looks before a cursor, newest first.
pub(crate) async fn looks_by(
    tx: &Tx<'_>,
    reader: AuthorKey,
    before: u64,
    rows_max: u32,
) -> Result<Vec<NoticeRow>, Stop> {
    tx.all(
        notices!("notice.looks_by", "WHERE reader = $1 AND number < $2 AND kind = 0 ORDER BY number DESC LIMIT $3"),
        &[&reader.0.as_slice(), &i64::try_from(before).unwrap_or(i64::MAX), &i64::from(rows_max)],
        notice,
    )
    .await
}

/// Forgets of some notices before a moment whose looks they are of.
pub(crate) async fn forget_readers(tx: &Tx<'_>, before: Timestamp) -> Result<u64, Stop> {
    tx.begin().await?;
    tx.execute(
        "-- notice.forget_readers\nUPDATE notice SET reader = NULL WHERE number = ANY (ARRAY (SELECT number FROM notice \
         WHERE kind = 0 AND reader IS NOT NULL AND at < $1 LIMIT $2))",
        &[&before.as_millisecond(), &FORGOTTEN_MAX],
    )
    .await
}

/// Notices of looks before a moment that nobody acknowledged, oldest first.
pub(crate) async fn overdue(
    tx: &Tx<'_>,
    authority: Option<AuthorityCode>,
    before: Timestamp,
    rows_max: u32,
) -> Result<Vec<NoticeRow>, Stop> {
    tx.all(
        notices!(
            "notice.overdue",
            "WHERE acknowledged IS NULL AND at < $1 AND kind = 0 AND ($2::text IS NULL OR authority = $2) \
             ORDER BY at, number LIMIT $3"
        ),
        &[&before.as_millisecond(), &authority.as_ref().map(|authority| authority.0.as_str()), &i64::from(rows_max)],
        notice,
    )
    .await
}

/// How many notices nobody acknowledged, and the age of the oldest.
pub(crate) async fn unacknowledged(tx: &Tx<'_>) -> Result<(u64, Option<Timestamp>), Stop> {
    let open = tx
        .first("-- notice.open\nSELECT count(*), min(at) FROM notice WHERE acknowledged IS NULL", &[], |row| {
            Ok((get_u64(row, 0)?, get_optional_time(row, 1)?))
        })
        .await?;
    Ok(open.unwrap_or_default())
}
