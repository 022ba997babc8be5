//! Uploads: files that wait, staging, and the short transaction that makes an upload visible.

use crate::tx::{Bad, Stop, Tx};
use crate::values::{get_authority, get_group, get_optional_time, get_time, get_u64};
use crate::{journal, plans};
use cpis_model::Timestamp;
use cpis_model::codes::FileCode;
use cpis_model::organisation::AuthorityCode;
use cpis_model::upload::Series;
use cpis_store::{Flip, GroupId, Place, Slice, StoreError, UploadRow, UploadState, UploadStatus};
use rusqlite::{Row, params};

/// Raw files that one transaction destroys, so that looks wait for none.
const FILES_DESTROYED_AT_ONCE: u32 = 16;
/// Staged rows of each kind that one transaction removes.
const STAGED_REMOVED_AT_ONCE: u32 = 500;

/// The last sequence number of an authority that took effect or was given up, in one of the two series of numbers.
fn last(tx: &Tx<'_>, authority: AuthorityCode, series: Series) -> Result<Option<u64>, Stop> {
    let (first, last) = series.bounds();
    tx.first(
        "-- upload.last\nSELECT sequence FROM upload WHERE authority = ? AND status >= 4 AND sequence BETWEEN ? AND ? \
         ORDER BY sequence DESC LIMIT 1",
        params![authority.0.as_str(), first as i64, last as i64],
        |row| get_u64(row, 0),
    )
}

/// What an authority has sent so far.
pub(crate) fn state(tx: &Tx<'_>, authority: AuthorityCode) -> Result<UploadState, Stop> {
    let waiting = tx.all(
        "-- upload.waiting_of\nSELECT sequence FROM upload WHERE authority = ? AND status < 4 ORDER BY sequence",
        [authority.0.as_str()],
        |row| get_u64(row, 0),
    )?;
    let mut last_at = None;
    for (first, last) in [Series::Sent, Series::Assigned].map(Series::bounds) {
        let effective = tx.first(
            "-- upload.last_at\nSELECT rowid, effective FROM upload WHERE authority = ? AND status = 4 \
             AND sequence BETWEEN ? AND ? ORDER BY sequence DESC LIMIT 1",
            params![authority.0.as_str(), first as i64, last as i64],
            |row| get_optional_time(row, 1),
        )?;
        last_at = last_at.max(effective.flatten());
    }
    Ok(UploadState {
        last: last(tx, authority, Series::Sent)?,
        last_assigned: last(tx, authority, Series::Assigned)?,
        waiting,
        last_at,
    })
}

fn upload(row: &Row<'_>) -> Result<UploadRow, Bad> {
    let code = row.get_ref(5)?.as_str_or_null().map_err(|_| Bad)?;
    Ok(UploadRow {
        authority: get_authority(row, 1)?,
        sequence: get_u64(row, 2)?,
        checksum: row.get(3)?,
        status: UploadStatus::from_number(row.get(4)?).ok_or(Bad)?,
        code: code.map(|code| FileCode::from_code(code).ok_or(Bad)).transpose()?,
        received: get_time(row, 6)?,
        file_key: row.get(7)?,
        acknowledgement: row.get(8)?,
        sender: row.get(9)?,
    })
}

/// One upload.
pub(crate) fn one(tx: &Tx<'_>, authority: AuthorityCode, sequence: u64) -> Result<Option<UploadRow>, Stop> {
    tx.first(
        "-- upload.one\nSELECT rowid, authority, sequence, checksum, status, code, received, file_key, acknowledgement, sender \
         FROM upload WHERE authority = ? AND sequence = ?",
        params![authority.0.as_str(), sequence as i64],
        upload,
    )
}

/// Waiting uploads of all authorities, oldest first.
pub(crate) fn waiting(tx: &Tx<'_>) -> Result<Vec<UploadRow>, Stop> {
    tx.all(
        "-- upload.waiting\nSELECT rowid, authority, sequence, checksum, status, code, received, file_key, acknowledgement, \
         sender FROM upload WHERE status < 4 ORDER BY received, authority, sequence",
        [],
        upload,
    )
}

/// Uploads of every status, in the order of authority and number.
pub(crate) fn after(tx: &Tx<'_>, after: Option<(AuthorityCode, u64)>, max: u32) -> Result<Vec<UploadRow>, Stop> {
    let (authority, sequence) =
        after.map_or((String::new(), 0), |(code, sequence)| (code.to_string(), sequence as i64));
    tx.all(
        "-- upload.after\nSELECT rowid, authority, sequence, checksum, status, code, received, file_key, acknowledgement, \
         sender FROM upload WHERE (authority, sequence) > (?, ?) ORDER BY authority, sequence LIMIT ?",
        params![authority, sequence, max],
        upload,
    )
}

/// Saves the sealed columns of uploads. A key destroyed meanwhile stays destroyed, and an upload that went on meanwhile was
/// sealed anew when it did.
pub(crate) fn reseal(tx: &Tx<'_>, rows: &[UploadRow]) -> Result<(), Stop> {
    let mut save = tx.prepare(
        "-- upload.reseal\nUPDATE upload SET file_key = CASE WHEN file_key IS NULL THEN NULL ELSE ? END, \
         acknowledgement = ?, sender = ? WHERE authority = ? AND sequence = ? AND checksum = ? \
         AND status = ? AND received = ?",
    )?;
    for row in rows {
        save.execute(params![
            row.file_key,
            row.acknowledgement,
            row.sender,
            row.authority.0.as_str(),
            row.sequence as i64,
            row.checksum,
            row.status.number(),
            row.received.as_millisecond(),
        ])?;
    }
    Ok(())
}

/// Groups that have leaves or bodies but neither a journal row nor a staging.
pub(crate) fn orphans(tx: &Tx<'_>) -> Result<Vec<(&'static str, i64)>, Stop> {
    let mut found = Vec::new();
    for (table, sql) in [
        (
            "leaf",
            "-- leaf.orphans\nSELECT DISTINCT group_no FROM leaf WHERE group_no NOT IN (SELECT group_no FROM journal) \
          AND group_no NOT IN (SELECT group_no FROM staging)",
        ),
        (
            "upload_body",
            "-- upload_body.orphans\nSELECT DISTINCT group_no FROM upload_body WHERE group_no NOT IN \
          (SELECT group_no FROM journal WHERE body IS NULL) AND group_no NOT IN (SELECT group_no FROM staging)",
        ),
    ] {
        found.extend(tx.all(sql, [], |row| Ok((table, row.get(0)?)))?);
    }
    Ok(found)
}

/// Saves an upload in place of one that waits; an accepted one stands.
fn save(tx: &Tx<'_>, row: &UploadRow, flipped: Option<(GroupId, Timestamp)>) -> Result<(), Stop> {
    let changed = tx.execute(
        "-- upload.save\nINSERT INTO upload (authority, sequence, checksum, status, code, received, file_key, acknowledgement, \
         sender, group_no, effective) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (authority, sequence) DO UPDATE SET \
         checksum = excluded.checksum, status = excluded.status, code = excluded.code, received = excluded.received, \
         file_key = excluded.file_key, acknowledgement = excluded.acknowledgement, sender = excluded.sender, \
         group_no = excluded.group_no, effective = excluded.effective WHERE upload.status < 4",
        params![
            row.authority.0.as_str(),
            row.sequence as i64,
            row.checksum,
            row.status.number(),
            row.code.map(FileCode::code),
            row.received.as_millisecond(),
            row.file_key,
            row.acknowledgement,
            row.sender,
            flipped.map(|(group, _)| group.0),
            flipped.map(|(_, at)| at.as_millisecond()),
        ],
    )?;
    if changed == 0 { Err(StoreError::Stale.into()) } else { Ok(()) }
}

/// Keeps a file that waits.
pub(crate) fn keep_file(tx: &Tx<'_>, row: &UploadRow, parts: &[Vec<u8>]) -> Result<(), Stop> {
    save(tx, row, None)?;
    tx.execute(
        "-- upload_file.replace\nDELETE FROM upload_file WHERE authority = ? AND sequence = ?",
        params![row.authority.0.as_str(), row.sequence as i64],
    )?;
    let mut insert = tx.prepare(
        "-- upload_file.insert\nINSERT INTO upload_file (authority, sequence, part, sealed) VALUES (?, ?, ?, ?)",
    )?;
    for (part, sealed) in (0_u32..).zip(parts) {
        insert.execute(params![row.authority.0.as_str(), row.sequence as i64, part, sealed])?;
    }
    Ok(())
}

/// The sealed parts of a kept file.
pub(crate) fn file_parts(tx: &Tx<'_>, authority: AuthorityCode, sequence: u64) -> Result<Vec<Vec<u8>>, Stop> {
    tx.all(
        "-- upload_file.parts\nSELECT rowid, sealed FROM upload_file WHERE authority = ? AND sequence = ? ORDER BY part",
        params![authority.0.as_str(), sequence as i64],
        |row| Ok(row.get(1)?),
    )
}

/// Gives a sequence number up. One that took effect stands.
pub(crate) fn skip(tx: &Tx<'_>, authority: AuthorityCode, sequence: u64) -> Result<(), Stop> {
    tx.execute(
        "-- upload.skip\nINSERT INTO upload (authority, sequence, checksum, status, received, sender) \
         VALUES (?, ?, zeroblob(32), 5, 0, x'') ON CONFLICT (authority, sequence) DO UPDATE SET status = 5 \
         WHERE upload.status < 4",
        params![authority.0.as_str(), sequence as i64],
    )?;
    Ok(())
}

/// Marks a group as being staged. Twice is once; a group in the journal is [`StoreError::Stale`].
pub(crate) fn begin_staging(tx: &Tx<'_>, group: GroupId, at: Timestamp) -> Result<(), Stop> {
    if journal::find_group(tx, group)?.is_some() {
        return Err(StoreError::Stale.into());
    }
    tx.execute(
        "-- staging.begin\nINSERT INTO staging (group_no, at) VALUES (?, ?) ON CONFLICT (group_no) DO NOTHING",
        params![group.0, at.as_millisecond()],
    )?;
    Ok(())
}

fn is_staged(tx: &Tx<'_>, group: GroupId) -> Result<bool, Stop> {
    let staged = tx.first(
        "-- staging.stands\nSELECT group_no FROM staging WHERE group_no = ? AND discarded = 0",
        [group.0],
        |_| Ok(()),
    )?;
    Ok(staged.is_some())
}

/// Stages a slice. The same slice twice is once.
pub(crate) fn stage(tx: &Tx<'_>, group: GroupId, slice: &Slice) -> Result<(), Stop> {
    let of_group = slice.plans.iter().all(|(_, plan)| plan.group == group)
        && slice.contact.iter().all(|contact| contact.group == group);
    if !of_group || !is_staged(tx, group)? {
        return Err(StoreError::Stale.into());
    }
    tx.execute(
        "-- upload_body.stage\nINSERT OR REPLACE INTO upload_body (group_no, slice, body) VALUES (?, ?, ?)",
        params![group.0, slice.number, slice.body],
    )?;
    journal::save_leaves(tx, group, slice.first_ordinal, &slice.leaves)?;
    plans::stage_plans(tx, &slice.plans)?;
    if let Some(contact) = &slice.contact {
        plans::stage_contact(tx, contact)?;
    }
    Ok(())
}

/// Makes a staged upload visible.
pub(crate) fn flip(tx: &Tx<'_>, flip: &Flip) -> Result<Place, Stop> {
    if !is_staged(tx, flip.group)?
        || last(tx, flip.upload.authority, Series::of(flip.upload.sequence))? != flip.expected_last
    {
        return Err(StoreError::Stale.into());
    }
    let place = journal::append_staged(tx, flip.group, flip.count, &flip.digest)?;
    save(tx, &flip.upload, Some((flip.group, flip.at)))?;
    tx.execute("-- staging.end\nDELETE FROM staging WHERE group_no = ?", [flip.group.0])?;
    Ok(place)
}

/// Removes some of what is staged under a group; says whether there may be more. From the first call on the group cannot be
/// flipped any more. A group that is not staged is left alone.
pub(crate) fn discard_some(tx: &Tx<'_>, group: GroupId) -> Result<bool, Stop> {
    let staged = tx.execute("-- staging.discard\nUPDATE staging SET discarded = 1 WHERE group_no = ?", [group.0])?;
    if staged == 0 {
        return Ok(false);
    }
    let mut removed = 0;
    for sql in [
        "-- plan.discard\nDELETE FROM plan WHERE (person_id, plan_id, version, group_no) IN \
         (SELECT person_id, plan_id, version, group_no FROM plan INDEXED BY plan_group WHERE group_no = ?1 LIMIT ?2)",
        "-- contact.discard\nDELETE FROM contact WHERE (authority, version, group_no) IN \
         (SELECT authority, version, group_no FROM contact INDEXED BY contact_group WHERE group_no = ?1 LIMIT ?2)",
        "-- leaf.discard\nDELETE FROM leaf WHERE (group_no, ordinal) IN \
         (SELECT group_no, ordinal FROM leaf WHERE group_no = ?1 LIMIT ?2)",
        "-- upload_body.discard\nDELETE FROM upload_body WHERE rowid IN \
         (SELECT rowid FROM upload_body WHERE group_no = ?1 LIMIT ?2 / 100)",
    ] {
        removed += tx.execute(sql, params![group.0, STAGED_REMOVED_AT_ONCE])?;
    }
    if removed == 0 {
        tx.execute("-- staging.discarded\nDELETE FROM staging WHERE group_no = ?", [group.0])?;
    }
    Ok(removed > 0)
}

/// Groups whose staging began before a moment.
pub(crate) fn stale_staging(tx: &Tx<'_>, before: Timestamp) -> Result<Vec<GroupId>, Stop> {
    tx.all(
        "-- staging.stale\nSELECT group_no FROM staging WHERE at < ? ORDER BY group_no",
        [before.as_millisecond()],
        |row| get_group(row, 0),
    )
}

/// Destroys some raw files received before a moment, and says how many.
pub(crate) fn destroy_some_files(tx: &Tx<'_>, before: Timestamp) -> Result<u64, Stop> {
    let files = tx.all(
        "-- upload.old_files\nSELECT rowid, authority, sequence FROM upload WHERE file_key IS NOT NULL AND status >= 4 AND received < ? \
         ORDER BY received LIMIT ?",
        params![before.as_millisecond(), FILES_DESTROYED_AT_ONCE],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?)),
    )?;
    let mut forget = tx.prepare("-- upload.forget_key\nUPDATE upload SET file_key = NULL WHERE rowid = ?")?;
    let mut remove =
        tx.prepare("-- upload_file.destroy\nDELETE FROM upload_file WHERE authority = ? AND sequence = ?")?;
    for (id, authority, sequence) in &files {
        forget.execute([id])?;
        remove.execute(params![authority, sequence])?;
    }
    Ok(files.len() as u64)
}
