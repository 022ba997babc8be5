//! What the applier derives from the journal: lists, notices owed, the Merkle tree, checkpoints.

use crate::journal::{self, Limit};
use crate::people;
use crate::tx::{Bad, Stop, Tx};
use crate::values::{get_person, get_time, get_u64};
use cpis_model::access::AuthorKey;
use cpis_model::entry::PersonId;
use cpis_store::{
    AccessRow, AccessView, CheckpointRow, Derived, Followed, HeldAccess, LookStep, NotApplied, PersonRow, StoreError,
    TreeStep, Watermarks,
};
use rusqlite::{Row, params};
use std::collections::HashMap;

/// How far each derivation has come.
pub(crate) fn watermarks(tx: &Tx<'_>) -> Result<Watermarks, Stop> {
    let looks = watermark(tx, "looks")?;
    Ok(Watermarks { looks, tree: watermark(tx, "tree")? })
}

fn watermark(tx: &Tx<'_>, name: &str) -> Result<u64, Stop> {
    let stored =
        tx.first("-- watermark.one\nSELECT next_index FROM watermark WHERE name = ?", [name], |row| get_u64(row, 0))?;
    stored.ok_or_else(|| StoreError::Corrupt(format!("watermark, row {name}")).into())
}

fn advance(tx: &Tx<'_>, name: &str, from: u64, to: u64) -> Result<(), Stop> {
    let advanced = tx.execute(
        "-- watermark.advance\nUPDATE watermark SET next_index = ? WHERE name = ? AND next_index = ?",
        params![to as i64, name, from as i64],
    )?;
    if advanced == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

/// Derived state of people, in their order.
pub(crate) fn of_people(tx: &Tx<'_>, people: &[PersonId]) -> Result<Vec<Derived>, Stop> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let mut held = tx.prepare(
        "-- access.of_person\nSELECT person_id, entry_index, seq, at, author, listed, owed FROM access WHERE person_id = ? \
         ORDER BY entry_index",
    )?;
    let mut all = Vec::with_capacity(people.len());
    for person in people {
        let mut derived = Derived::default();
        held.until([person.value()], |row| {
            derived.push(access(row)?);
            Ok(true)
        })?;
        all.push(derived);
    }
    Ok(all)
}

/// People and what is derived for them, in their order.
pub(crate) fn followed(tx: &Tx<'_>, people: &[PersonId]) -> Result<Vec<Followed>, Stop> {
    let mut rows: HashMap<PersonId, PersonRow> =
        people::by_id(tx, people)?.into_iter().map(|person| (person.row.id, person.row)).collect();
    let derived = of_people(tx, people)?.into_iter();
    Ok(people.iter().zip(derived).map(|(id, derived)| Followed { person: rows.remove(id), derived }).collect())
}

/// What waits to be applied to lists and notices.
pub(crate) fn not_applied(tx: &Tx<'_>, entries_max: usize) -> Result<NotApplied, Stop> {
    let marks = watermarks(tx)?;
    let rows = journal::from(tx, marks.looks, Limit::Reached(entries_max))?;
    Ok(NotApplied { marks, size: journal::size(tx)?, rows })
}

/// What readers need for a list.
pub(crate) fn view(tx: &Tx<'_>, people: &[PersonId], entries_max: usize) -> Result<AccessView, Stop> {
    let applied = watermark(tx, "looks")?;
    Ok(AccessView {
        derived: of_people(tx, people)?,
        applied,
        tail: journal::from(tx, applied, Limit::NeverPassed(entries_max))?,
        size: journal::size(tx)?,
    })
}

/// All accesses in stored order.
pub(crate) fn accesses_after(
    tx: &Tx<'_>,
    after: Option<(PersonId, u64)>,
    rows_max: u32,
) -> Result<Vec<(PersonId, HeldAccess)>, Stop> {
    let (person, index) = after.map_or((0, 0), |(person, index)| (person.value(), index as i64));
    tx.all(
        "-- access.after\nSELECT person_id, entry_index, seq, at, author, listed, owed FROM access WHERE (person_id, entry_index) > (?, ?) \
         ORDER BY person_id, entry_index LIMIT ?",
        params![person, index, rows_max],
        |row| Ok((get_person(row, 0)?, access(row)?)),
    )
}

/// The access in the columns from the second on.
fn access(row: &Row<'_>) -> Result<HeldAccess, Bad> {
    let access = AccessRow {
        index: get_u64(row, 1)?,
        seq: get_u64(row, 2)?,
        at: get_time(row, 3)?,
        author: AuthorKey(row.get(4)?),
    };
    let owed = HeldAccess::owed_from(row.get_ref(6)?.as_str().map_err(|_| Bad)?).ok_or(Bad)?;
    Ok(HeldAccess { access, listed: row.get(5)?, owed })
}

/// Saves what entries mean for lists and notices. Nothing is kept of people erased meanwhile; what stands already stays.
pub(crate) fn apply_looks(tx: &Tx<'_>, step: &LookStep) -> Result<(), Stop> {
    advance(tx, "looks", step.from, step.to)?;
    let erased = erased(tx, step)?;
    if !step.accesses.is_empty() {
        let mut insert = tx.prepare(
            "-- access.insert\nINSERT OR IGNORE INTO access (person_id, entry_index, seq, at, author, listed, owed) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?;
        for (person, held) in step.accesses.iter().filter(|(person, _)| !erased.contains(person)) {
            let AccessRow { index, seq, at, author } = held.access;
            insert.execute(params![
                person.value(),
                index as i64,
                seq as i64,
                at.as_millisecond(),
                author.0,
                held.listed,
                HeldAccess::owed_text(&held.owed),
            ])?;
        }
    }
    if !step.notices.is_empty() {
        let mut insert = tx.prepare(
            "-- notice.insert\nINSERT OR IGNORE INTO notice (id, authority, person_id, entry_index, seq, at, author, acknowledged, \
             kind, acknowledged_by, reader) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        for notice in step.notices.iter().filter(|notice| !erased.contains(&notice.person)) {
            insert.execute(params![
                notice.id.as_bytes(),
                notice.authority.0.as_str(),
                notice.person.value(),
                notice.access.index as i64,
                notice.access.seq as i64,
                notice.access.at.as_millisecond(),
                notice.access.author.0,
                notice.acknowledged.map(jiff::Timestamp::as_millisecond),
                notice.kind,
                notice.acknowledged_by,
                notice.reader.map(|reader| reader.0),
            ])?;
        }
    }
    if !step.pruned.is_empty() {
        let mut prune = tx.prepare("-- access.prune\nDELETE FROM access WHERE person_id = ? AND entry_index = ?")?;
        for (person, index) in &step.pruned {
            prune.execute(params![person.value(), *index as i64])?;
        }
    }
    for (index, why) in &step.quarantined {
        tx.execute(
            "-- quarantine.insert\nINSERT OR REPLACE INTO quarantine (entry_index, why) VALUES (?, ?)",
            params![*index as i64, why],
        )?;
    }
    Ok(())
}

/// Who of a step's people was erased meanwhile.
fn erased(tx: &Tx<'_>, step: &LookStep) -> Result<Vec<PersonId>, Stop> {
    let mut people: Vec<PersonId> = step.accesses.iter().map(|(person, _)| *person).collect();
    people.extend(step.notices.iter().map(|notice| notice.person));
    people.sort_unstable();
    people.dedup();
    let mut one = tx.prepare(
        "-- person.erased\nSELECT id FROM person INDEXED BY person_erased WHERE id = ? AND data_key IS NULL",
    )?;
    let mut erased = Vec::new();
    for person in people {
        erased.extend(one.first([person.value()], |row| get_person(row, 0))?);
    }
    Ok(erased)
}

/// Quarantined entries.
pub(crate) fn quarantined(tx: &Tx<'_>) -> Result<Vec<(u64, String)>, Stop> {
    tx.all("-- quarantine.all\nSELECT entry_index, why FROM quarantine ORDER BY entry_index", [], |row| {
        Ok((get_u64(row, 0)?, row.get(1)?))
    })
}

/// Saves the growth of the tree. A checkpoint of a size that has one is left out.
pub(crate) fn apply_tree(tx: &Tx<'_>, step: &TreeStep) -> Result<(), Stop> {
    advance(tx, "tree", step.from, step.to)?;
    tx.execute(
        "-- tree.save\nUPDATE tree SET size = ?, frontier = ? WHERE id = 1",
        params![step.to as i64, step.frontier],
    )?;
    if !step.tiles.is_empty() {
        let mut insert =
            tx.prepare("-- tile.insert\nINSERT OR REPLACE INTO tile (level, tile_index, hashes) VALUES (?, ?, ?)")?;
        for (level, index, hashes) in &step.tiles {
            insert.execute(params![level, *index as i64, hashes])?;
        }
    }
    if let Some(checkpoint) = &step.checkpoint {
        tx.execute(
            "-- checkpoint.insert\nINSERT OR IGNORE INTO checkpoint (number, size, note) \
             SELECT coalesce(max(number), 0) + 1, ?, ? FROM checkpoint",
            params![checkpoint.size as i64, checkpoint.note],
        )?;
    }
    Ok(())
}

/// Size and frontier of the tree.
pub(crate) fn tree(tx: &Tx<'_>) -> Result<(u64, Vec<u8>), Stop> {
    let tree = tx.first("-- tree.one\nSELECT size, frontier FROM tree WHERE id = 1", [], |row| {
        Ok((get_u64(row, 0)?, row.get(1)?))
    })?;
    tree.ok_or_else(|| StoreError::Corrupt("tree, row 1".into()).into())
}

/// A tile of the tree.
pub(crate) fn tile(tx: &Tx<'_>, level: u8, index: u64) -> Result<Option<Vec<u8>>, Stop> {
    tx.first(
        "-- tile.one\nSELECT tile_index, hashes FROM tile WHERE level = ? AND tile_index = ?",
        params![level, index as i64],
        |row| Ok(row.get(1)?),
    )
}

/// Checkpoints from a number on.
pub(crate) fn checkpoints(tx: &Tx<'_>, number: u64, rows_max: u32) -> Result<Vec<CheckpointRow>, Stop> {
    tx.all(
        "-- checkpoint.from\nSELECT number, size, note FROM checkpoint WHERE number >= ? ORDER BY number LIMIT ?",
        params![number as i64, rows_max],
        |row| Ok(CheckpointRow { number: get_u64(row, 0)?, size: get_u64(row, 1)?, note: row.get(2)? }),
    )
}
