//! Uploads: files that wait, where each stands, and raw files that go after their days.

use crate::copy::Copy;
use crate::options::unavailable;
use crate::told::Stop;
use crate::tx::{Bad, Tx};
use crate::values::{get_array, get_authority, get_optional_time, get_small, get_time, get_u64};
use cpis_model::Timestamp;
use cpis_model::codes::FileCode;
use cpis_model::organisation::AuthorityCode;
use cpis_model::upload::Series;
use cpis_store::{GroupId, StoreError, UploadRow, UploadState, UploadStatus};
use std::time::Duration;
use tokio_postgres::Row;

/// Raw files that one transaction destroys.
const FILES_DESTROYED_AT_ONCE: i64 = 16;
/// How long a look through all leaves may take.
const ORPHANS_WITHIN: Duration = Duration::from_mins(30);

/// The last sequence number of an authority that took effect or was given up, in one of the two series of numbers.
pub(crate) async fn last(tx: &Tx<'_>, authority: AuthorityCode, series: Series) -> Result<Option<u64>, Stop> {
    let (first, last) = series.bounds();
    tx.first(
        "-- upload.last\nSELECT sequence FROM upload WHERE authority = $1 AND status >= 4 AND sequence BETWEEN $2 AND $3 \
         ORDER BY sequence DESC LIMIT 1",
        &[&authority.0.as_str(), &(first as i64), &(last as i64)],
        |row| get_u64(row, 0),
    )
    .await
}

/// What an authority has sent so far, of one snapshot.
pub(crate) async fn state(tx: &Tx<'_>, authority: AuthorityCode) -> Result<UploadState, Stop> {
    tx.begin_snapshot().await?;
    let waiting = tx
        .all(
            "-- upload.waiting_of\nSELECT sequence FROM upload WHERE authority = $1 AND status < 4 ORDER BY sequence",
            &[&authority.0.as_str()],
            |row| get_u64(row, 0),
        )
        .await?;
    let mut last_at = None;
    for (first, last) in [Series::Sent, Series::Assigned].map(Series::bounds) {
        let effective = tx
            .first(
                "-- upload.last_at\nSELECT sequence, effective FROM upload WHERE authority = $1 AND status = 4 \
                 AND sequence BETWEEN $2 AND $3 ORDER BY sequence DESC LIMIT 1",
                &[&authority.0.as_str(), &(first as i64), &(last as i64)],
                |row| get_optional_time(row, 1),
            )
            .await?;
        last_at = last_at.max(effective.flatten());
    }
    Ok(UploadState {
        last: last(tx, authority, Series::Sent).await?,
        last_assigned: last(tx, authority, Series::Assigned).await?,
        waiting,
        last_at,
    })
}

fn upload(row: &Row) -> Result<UploadRow, Bad> {
    let code: Option<&str> = row.try_get(4)?;
    Ok(UploadRow {
        sequence: get_u64(row, 0)?,
        authority: get_authority(row, 1)?,
        checksum: get_array(row, 2)?,
        status: UploadStatus::from_number(get_small(row, 3)?).ok_or(Bad)?,
        code: code.map(|code| FileCode::from_code(code).ok_or(Bad)).transpose()?,
        received: get_time(row, 5)?,
        file_key: row.try_get(6)?,
        acknowledgement: row.try_get(7)?,
        sender: row.try_get(8)?,
    })
}

/// One upload.
pub(crate) async fn one(tx: &Tx<'_>, authority: AuthorityCode, sequence: u64) -> Result<Option<UploadRow>, Stop> {
    tx.first(
        "-- upload.one\nSELECT sequence, authority, checksum, status, code, received, file_key, acknowledgement, sender \
         FROM upload WHERE authority = $1 AND sequence = $2",
        &[&authority.0.as_str(), &(sequence as i64)],
        upload,
    )
    .await
}

/// Waiting uploads of all authorities, oldest first.
pub(crate) async fn waiting(tx: &Tx<'_>) -> Result<Vec<UploadRow>, Stop> {
    tx.all(
        "-- upload.waiting\nSELECT sequence, authority, checksum, status, code, received, file_key, acknowledgement, sender \
         FROM upload WHERE status < 4 ORDER BY received, authority, sequence",
        &[],
        upload,
    )
    .await
}

/// Uploads of every status, in the order of authority and number.
pub(crate) async fn after(tx: &Tx<'_>, after: Option<(AuthorityCode, u64)>, max: u32) -> Result<Vec<UploadRow>, Stop> {
    let (authority, sequence) =
        after.map_or((String::new(), 0), |(code, sequence)| (code.to_string(), sequence as i64));
    tx.all(
        "-- upload.after\nSELECT sequence, authority, checksum, status, code, received, file_key, acknowledgement, sender \
         FROM upload WHERE (authority, sequence) > ($1, $2) ORDER BY authority, sequence LIMIT $3",
        &[&authority, &sequence, &i64::from(max)],
        upload,
    )
    .await
}

/// Saves the sealed columns of uploads. A key destroyed meanwhile stays destroyed, and an upload that went on meanwhile was
/// sealed anew when it did.
pub(crate) async fn reseal(tx: &Tx<'_>, rows: &[UploadRow]) -> Result<(), Stop> {
    tx.begin().await?;
    for row in rows {
        tx.execute(
            "-- upload.reseal\nUPDATE upload SET file_key = CASE WHEN file_key IS NULL THEN NULL ELSE $1::bytea END, \
             acknowledgement = $2, sender = $3 WHERE authority = $4 AND sequence = $5 AND checksum = $6 \
             AND status = $7 AND received = $8",
            &[
                &row.file_key,
                &row.acknowledgement,
                &row.sender,
                &row.authority.0.as_str(),
                &(row.sequence as i64),
                &row.checksum.as_slice(),
                &i64::from(row.status.number()),
                &row.received.as_millisecond(),
            ],
        )
        .await?;
    }
    Ok(())
}

/// Groups that have leaves or bodies but neither a journal row nor a staging.
pub(crate) async fn orphans(tx: &mut Tx<'_>) -> Result<Vec<(&'static str, i64)>, Stop> {
    tx.begin_long(ORPHANS_WITHIN).await?;
    let mut found = Vec::new();
    for (table, sql) in [
        (
            "leaf",
            "-- leaf.orphans\nSELECT DISTINCT group_no FROM leaf WHERE NOT EXISTS \
             (SELECT FROM group_id WHERE group_id.group_no = leaf.group_no) AND group_no NOT IN (SELECT group_no FROM staging)",
        ),
        (
            "upload_body",
            "-- upload_body.orphans\nSELECT DISTINCT group_no FROM upload_body WHERE NOT EXISTS (SELECT FROM group_id \
             JOIN journal USING (seq) WHERE group_id.group_no = upload_body.group_no AND journal.body IS NULL) \
             AND group_no NOT IN (SELECT group_no FROM staging)",
        ),
    ] {
        found.extend(tx.all(sql, &[], |row| Ok((table, row.try_get(0)?))).await?);
    }
    Ok(found)
}

/// Saves an upload in place of one that waits; an accepted one stands.
pub(crate) async fn save(tx: &Tx<'_>, row: &UploadRow, flipped: Option<(GroupId, Timestamp)>) -> Result<(), Stop> {
    let changed = tx
        .execute(
            "-- upload.save\nINSERT INTO upload (authority, sequence, checksum, status, code, received, file_key, acknowledgement, \
             sender, group_no, effective) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (authority, sequence) DO UPDATE SET \
             checksum = excluded.checksum, status = excluded.status, code = excluded.code, received = excluded.received, \
             file_key = excluded.file_key, acknowledgement = excluded.acknowledgement, sender = excluded.sender, \
             group_no = excluded.group_no, effective = excluded.effective WHERE upload.status < 4",
            &[
                &row.authority.0.as_str(),
                &(row.sequence as i64),
                &row.checksum.as_slice(),
                &i64::from(row.status.number()),
                &row.code.map(FileCode::code),
                &row.received.as_millisecond(),
                &row.file_key,
                &row.acknowledgement,
                &row.sender,
                &flipped.map(|(group, _)| group.0),
                &flipped.map(|(_, at)| at.as_millisecond()),
            ],
        )
        .await?;
    if changed == 0 { Err(StoreError::Stale.into()) } else { Ok(()) }
}

/// Keeps a file that waits.
pub(crate) async fn keep_file(tx: &Tx<'_>, row: &UploadRow, parts: &[Vec<u8>]) -> Result<(), Stop> {
    tx.begin().await?;
    save(tx, row, None).await?;
    let (authority, sequence) = (row.authority.0.as_str(), row.sequence as i64);
    tx.execute(
        "-- upload_file.replace\nDELETE FROM upload_file WHERE authority = $1 AND sequence = $2",
        &[&authority, &sequence],
    )
    .await?;
    if parts.is_empty() {
        return Ok(());
    }
    let mut rows = Copy::new(4);
    for (part, sealed) in (0_i64..).zip(parts) {
        rows.row().bytes(authority.as_bytes()).integer(sequence).integer(part).bytes(sealed);
    }
    let sql = "-- upload_file.insert\nCOPY upload_file (authority, sequence, part, sealed) FROM STDIN BINARY";
    tx.copy(sql, rows.finish()).await.map(drop)
}

/// The sealed parts of a kept file.
pub(crate) async fn file_parts(tx: &Tx<'_>, authority: AuthorityCode, sequence: u64) -> Result<Vec<Vec<u8>>, Stop> {
    tx.all(
        "-- upload_file.parts\nSELECT part, sealed FROM upload_file WHERE authority = $1 AND sequence = $2 ORDER BY part",
        &[&authority.0.as_str(), &(sequence as i64)],
        |row| Ok(row.try_get(1)?),
    )
    .await
}

/// Destroys some raw files received before a moment, and says how many.
pub(crate) async fn destroy_some_files(tx: &Tx<'_>, before: Timestamp) -> Result<u64, Stop> {
    tx.begin().await?;
    let destroyed = tx
        .first(
            "-- upload.destroy\nWITH old AS (SELECT authority, sequence FROM upload WHERE file_key IS NOT NULL AND status >= 4 \
             AND received < $1 ORDER BY received LIMIT $2 FOR UPDATE), \
             forgotten AS (UPDATE upload SET file_key = NULL FROM old \
             WHERE upload.authority = old.authority AND upload.sequence = old.sequence), \
             removed AS (DELETE FROM upload_file USING old \
             WHERE upload_file.authority = old.authority AND upload_file.sequence = old.sequence) \
             SELECT count(*) FROM old",
            &[&before.as_millisecond(), &FILES_DESTROYED_AT_ONCE],
            |row| get_u64(row, 0),
        )
        .await?;
    destroyed.ok_or_else(|| unavailable("a statement had no answer").into())
}
