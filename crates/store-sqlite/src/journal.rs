//! The journal: appending groups, what they change at once, and reading rows.

use crate::tx::{Bad, Stop, Tx};
use crate::values::{date, get_group, get_u64};
use crate::{organisations, people};
use crate::{plans, uploads};
use cpis_model::entry::{HiddenFor, PersonId};
use cpis_store::{Asked, Effect, Group, GroupId, JournalRow, Loaded, Place, StoreError};
use rusqlite::{Row, params};

/// Leaves that one statement saves.
const LEAVES_A_STATEMENT: usize = 8;

/// Sequence number and first index of the next group.
pub(crate) fn next(tx: &Tx<'_>) -> Result<(u64, u64), Stop> {
    let last = tx.first(
        "-- journal.last\nSELECT seq, first_index + count FROM journal ORDER BY seq DESC LIMIT 1",
        [],
        |row| Ok((get_u64(row, 0)?, get_u64(row, 1)?)),
    )?;
    Ok(last.map_or((1, 0), |(seq, end)| (seq + 1, end)))
}

/// How many entries are committed.
pub(crate) fn size(tx: &Tx<'_>) -> Result<u64, Stop> {
    Ok(next(tx)?.1)
}

/// Loads, lets `decide` make the group, and saves it with its leaves and effects.
pub(crate) fn append(tx: &Tx<'_>, asked: Asked) -> Result<Place, Stop> {
    let Asked { group, numbers, decide } = asked;
    let (seq, first_index) = next(tx)?;
    let staging = plans::staging(tx)?;
    if staging.0.contains(&group) {
        return Err(StoreError::Stale.into());
    }
    let found = people::find(tx, &numbers, &staging)?;
    let contacts = plans::contacts_of(tx, &found, &staging)?;
    let loaded = Loaded { seq, first_index, found, contacts };
    let Group { body, leaves, digest, effects } = decide(&loaded);
    let place = Place { seq, first_index, count: leaves.len() as u32 };
    if leaves.is_empty() {
        // Nothing was decided: a row without entries would say nothing.
        return Ok(place);
    }
    insert(tx, place, group, &digest, Some(&body))?;
    save_leaves(tx, group, 0, &leaves)?;
    for effect in &effects {
        apply(tx, group, effect)?;
    }
    Ok(place)
}

/// Adds a row to the journal. A group that stands already is [`StoreError::Stale`].
pub(crate) fn insert(
    tx: &Tx<'_>,
    place: Place,
    group: GroupId,
    digest: &[u8; 32],
    body: Option<&[u8]>,
) -> Result<(), Stop> {
    tx.execute(
        "-- journal.insert\nINSERT INTO journal (seq, group_no, first_index, count, digest, body) VALUES (?, ?, ?, ?, ?, ?)",
        params![place.seq as i64, group.0, place.first_index as i64, place.count, digest, body],
    )?;
    Ok(())
}

/// Saves leaf hashes of a group.
pub(crate) fn save_leaves(tx: &Tx<'_>, group: GroupId, first_ordinal: u32, leaves: &[[u8; 32]]) -> Result<(), Stop> {
    let mut ordinal = i64::from(first_ordinal);
    let (eights, rest) = leaves.as_chunks::<LEAVES_A_STATEMENT>();
    if !eights.is_empty() {
        let mut insert = tx.prepare(
            "-- leaf.insert_eight\nINSERT OR REPLACE INTO leaf (group_no, ordinal, hash) VALUES (?1, ?2, ?3), \
             (?1, ?2 + 1, ?4), (?1, ?2 + 2, ?5), (?1, ?2 + 3, ?6), (?1, ?2 + 4, ?7), (?1, ?2 + 5, ?8), (?1, ?2 + 6, ?9), \
             (?1, ?2 + 7, ?10)",
        )?;
        for [a, b, c, d, e, f, g, h] in eights {
            insert.execute(params![group.0, ordinal, a, b, c, d, e, f, g, h])?;
            ordinal += LEAVES_A_STATEMENT as i64;
        }
    }
    if !rest.is_empty() {
        let mut insert =
            tx.prepare("-- leaf.insert\nINSERT OR REPLACE INTO leaf (group_no, ordinal, hash) VALUES (?, ?, ?)")?;
        for leaf in rest {
            insert.execute(params![group.0, ordinal, leaf])?;
            ordinal += 1;
        }
    }
    Ok(())
}

fn apply(tx: &Tx<'_>, group: GroupId, effect: &Effect) -> Result<(), Stop> {
    match effect {
        Effect::Hide(person, hidden) => {
            tx.execute(
                "-- person.hide\nUPDATE person SET hidden = ? WHERE id = ?",
                params![hidden.map(HiddenFor::number), person.value()],
            )?;
        }
        Effect::EndOwnNumber(person, until) => {
            tx.execute(
                "-- person.end_own_number\nUPDATE person SET own_until = ? WHERE id = ?",
                params![date(*until), person.value()],
            )?;
        }
        Effect::AddAlias(alias) => people::add_alias(tx, alias)?,
        Effect::EndAlias(person, keys, until) => people::end_alias(tx, *person, keys, *until)?,
        Effect::Erase(person) => erase(tx, *person)?,
        Effect::SkipSequence(authority, sequence) => uploads::skip(tx, *authority, *sequence)?,
        Effect::Organisation(new) => organisations::add(tx, group, new)?,
    }
    Ok(())
}

/// The row of the person stays, empty, so that the id is known as erased.
fn erase(tx: &Tx<'_>, person: PersonId) -> Result<(), Stop> {
    for sql in [
        "-- person.erase\nUPDATE person SET lookup_a = NULL, lookup_b = NULL, number = NULL, data_key = NULL, hidden = NULL, \
         own_until = NULL WHERE id = ?",
        "-- alias.erase\nDELETE FROM alias WHERE person_id = ?",
        "-- plan.erase\nDELETE FROM plan WHERE person_id = ?",
        "-- access.erase\nDELETE FROM access WHERE person_id = ?",
        "-- notice.erase\nDELETE FROM notice WHERE person_id = ?",
    ] {
        tx.execute(sql, [person.value()])?;
    }
    Ok(())
}

/// Where a group was committed.
pub(crate) fn find_group(tx: &Tx<'_>, group: GroupId) -> Result<Option<Place>, Stop> {
    tx.first("-- journal.group\nSELECT seq, first_index, count FROM journal WHERE group_no = ?", [group.0], place)
}

fn place(row: &Row<'_>) -> Result<Place, Bad> {
    Ok(Place { seq: get_u64(row, 0)?, first_index: get_u64(row, 1)?, count: row.get(2)? })
}

fn journal_row(row: &Row<'_>) -> Result<JournalRow, Bad> {
    Ok(JournalRow { place: place(row)?, group: get_group(row, 3)?, digest: row.get(4)?, body: row.get(5)? })
}

/// How many entries of a row count against a reader's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// All of them, and the row that crosses the limit is still taken.
    Reached(usize),
    /// Those with a body here, and never more: rows of uploads have nothing to fold.
    NeverPassed(usize),
}

/// Rows that hold entries from `index` on.
pub(crate) fn from(tx: &Tx<'_>, index: u64, limit: Limit) -> Result<Vec<JournalRow>, Stop> {
    let first = tx.first(
        "-- journal.holds\nSELECT seq FROM journal WHERE first_index <= ? ORDER BY first_index DESC, seq LIMIT 1",
        [index as i64],
        |row| get_u64(row, 0),
    )?;
    let mut rows = Vec::new();
    let Some(first) = first else { return Ok(rows) };
    let mut entries = 0;
    tx.prepare(
        "-- journal.from\nSELECT seq, first_index, count, group_no, digest, body FROM journal WHERE seq >= ? ORDER BY seq",
    )?
    .until([first as i64], |row| {
        let row = journal_row(row)?;
        let end = row.place.first_index + u64::from(row.place.count);
        if end <= index {
            return Ok(true);
        }
        let held = (end - row.place.first_index.max(index)) as usize;
        match limit {
            Limit::Reached(max) => {
                entries += held;
                rows.push(row);
                Ok(entries < max)
            }
            Limit::NeverPassed(max) => {
                entries += if row.body.is_some() { held } else { 0 };
                if entries <= max {
                    rows.push(row);
                }
                Ok(entries <= max && rows.len() <= max)
            }
        }
    })?;
    Ok(rows)
}

/// Rows with these sequence numbers, in the order asked.
pub(crate) fn rows(tx: &Tx<'_>, seqs: &[u64]) -> Result<Vec<JournalRow>, Stop> {
    let mut one = tx
        .prepare("-- journal.row\nSELECT seq, first_index, count, group_no, digest, body FROM journal WHERE seq = ?")?;
    let mut rows = Vec::with_capacity(seqs.len());
    for &seq in seqs {
        rows.extend(one.first([seq as i64], journal_row)?);
    }
    Ok(rows)
}

/// Leaves of a group from an ordinal on.
pub(crate) fn leaves(tx: &Tx<'_>, group: GroupId, ordinal: u32, max: u32) -> Result<Vec<(u32, [u8; 32])>, Stop> {
    tx.all(
        "-- leaf.of_group\nSELECT group_no, ordinal, hash FROM leaf WHERE group_no = ? AND ordinal >= ? ORDER BY ordinal LIMIT ?",
        params![group.0, ordinal, max],
        |row| Ok((row.get(1)?, row.get(2)?)),
    )
}

/// Leaves of the entries from an index on.
pub(crate) fn leaves_from(tx: &Tx<'_>, index: u64, max: u32) -> Result<Vec<[u8; 32]>, Stop> {
    let index = index as i64;
    tx.all(
        "-- leaf.from\nSELECT journal.seq, hash FROM journal CROSS JOIN leaf ON leaf.group_no = journal.group_no \
         WHERE first_index >= coalesce((SELECT max(first_index) FROM journal WHERE first_index <= ?1), 0) AND first_index < ?2 \
         AND first_index + ordinal >= ?1 AND first_index + ordinal < ?2 AND ordinal < count ORDER BY first_index, ordinal",
        params![index, index.saturating_add(i64::from(max))],
        |row| Ok(row.get(1)?),
    )
}

/// Stored slices of an upload's group.
pub(crate) fn upload_bodies(tx: &Tx<'_>, group: GroupId, slice: u32, max: u32) -> Result<Vec<Vec<u8>>, Stop> {
    tx.all(
        "-- upload_body.of_group\nSELECT group_no, body FROM upload_body WHERE group_no = ? AND slice >= ? ORDER BY slice LIMIT ?",
        params![group.0, slice, max],
        |row| Ok(row.get(1)?),
    )
}

/// Makes a staged group a row of the journal, if all its leaves stand.
pub(crate) fn append_staged(tx: &Tx<'_>, group: GroupId, count: u32, digest: &[u8; 32]) -> Result<Place, Stop> {
    let staged = tx.first(
        "-- leaf.last\nSELECT group_no, ordinal FROM leaf WHERE group_no = ? ORDER BY ordinal DESC LIMIT 1",
        [group.0],
        |row| Ok(row.get::<_, u32>(1)?),
    )?;
    if staged.map_or(0, |last| last.saturating_add(1)) != count {
        return Err(StoreError::Corrupt(format!("staging, row {}", group.0)).into());
    }
    let (seq, first_index) = next(tx)?;
    let place = Place { seq, first_index, count };
    insert(tx, place, group, digest, None)?;
    Ok(place)
}
