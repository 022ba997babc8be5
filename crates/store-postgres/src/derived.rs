//! What the applier derives from the journal: lists, notices owed, the Merkle tree, checkpoints.

use crate::batch::{Batch, owned};
use crate::journal;
use crate::people;
use crate::pipeline::{Boxed, in_order};
use crate::told::Stop;
use crate::tx::{Bad, Tx};
use crate::values::{get_array, get_person, get_time, get_u64};
use cpis_model::access::AuthorKey;
use cpis_model::entry::PersonId;
use cpis_store::{
    AccessRow, AccessView, CheckpointRow, Derived, Followed, HeldAccess, JournalRow, LookStep, NotApplied, PersonRow,
    StoreError, TreeStep, Watermarks,
};
use std::collections::HashMap;
use tokio_postgres::Row;

/// How far each derivation has come.
pub(crate) async fn watermarks(tx: &Tx<'_>) -> Result<Watermarks, Stop> {
    let found = tx
        .all("-- watermark.all\nSELECT next_index, name FROM watermark", &[], |row| {
            Ok((row.try_get::<_, String>(1)?, get_u64(row, 0)?))
        })
        .await?;
    let one = |name: &str| {
        let stored = found.iter().find(|(known, _)| known == name).map(|(_, next)| *next);
        stored.ok_or_else(|| StoreError::Corrupt(format!("watermark, row {name}")))
    };
    Ok(Watermarks { looks: one("looks")?, tree: one("tree")? })
}

/// Moves a watermark and keeps its lock until the transaction ends: what follows is done by one node at a time.
async fn advance(tx: &Tx<'_>, name: &str, from: u64, to: u64) -> Result<(), Stop> {
    let advanced = tx
        .execute(
            "-- watermark.advance\nUPDATE watermark SET next_index = $1 WHERE name = $2 AND next_index = $3",
            &[&(to as i64), &name, &(from as i64)],
        )
        .await?;
    if advanced == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

const HELD: &str = "-- access.of_people\nSELECT person_id, entry_index, seq, at, author, listed, owed FROM access \
     WHERE person_id = ANY ($1) ORDER BY person_id, entry_index";

/// Derived state of people, in their order.
pub(crate) async fn of_people(tx: &Tx<'_>, people: &[PersonId]) -> Result<Vec<Derived>, Stop> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = people.iter().map(|person| person.value()).collect();
    let mut all: HashMap<i64, Derived> = HashMap::new();
    for (person, held) in tx.all(HELD, &[&ids], |row| Ok((row.try_get::<_, i64>(0)?, access(row)?))).await? {
        all.entry(person).or_default().push(held);
    }
    Ok(ids.iter().map(|id| all.get(id).cloned().unwrap_or_default()).collect())
}

/// People and what is derived for them, in their order: one snapshot, one round trip.
pub(crate) async fn followed(tx: &Tx<'_>, people: &[PersonId]) -> Result<Vec<Followed>, Stop> {
    let (mut rows, mut derived) = (Vec::new(), Vec::new());
    let steps: Vec<Boxed<'_, Result<(), Stop>>> = vec![
        Box::pin(tx.begin_snapshot()),
        Box::pin(async {
            rows = people::by_id(tx, people).await?;
            Ok(())
        }),
        Box::pin(async {
            derived = of_people(tx, people).await?;
            Ok(())
        }),
    ];
    in_order(steps).await.into_iter().collect::<Result<(), Stop>>()?;
    let mut rows: HashMap<PersonId, PersonRow> = rows.into_iter().map(|person| (person.row.id, person.row)).collect();
    Ok(people.iter().zip(derived).map(|(id, derived)| Followed { person: rows.remove(id), derived }).collect())
}

/// What waits to be applied to lists and notices.
pub(crate) async fn not_applied(tx: &Tx<'_>, entries_max: usize) -> Result<NotApplied, Stop> {
    tx.begin_snapshot().await?;
    let marks = watermarks(tx).await?;
    let rows = journal::from(tx, marks.looks, entries_max).await?;
    Ok(NotApplied { marks, size: journal::size(tx).await?, rows })
}

/// What readers need for a list: one snapshot, one round trip.
pub(crate) async fn view(tx: &Tx<'_>, people: &[PersonId], entries_max: usize) -> Result<AccessView, Stop> {
    let (mut derived, mut applied, mut size) = (Vec::new(), 0, 0);
    let mut tail: Vec<JournalRow> = Vec::new();
    let steps: Vec<Boxed<'_, Result<(), Stop>>> = vec![
        Box::pin(tx.begin_snapshot()),
        Box::pin(async {
            applied = watermarks(tx).await?.looks;
            Ok(())
        }),
        Box::pin(async {
            tail = journal::tail(tx, entries_max).await?;
            Ok(())
        }),
        Box::pin(async {
            size = journal::size(tx).await?;
            Ok(())
        }),
        Box::pin(async {
            derived = of_people(tx, people).await?;
            Ok(())
        }),
    ];
    in_order(steps).await.into_iter().collect::<Result<(), Stop>>()?;
    Ok(AccessView { derived, applied, tail, size })
}

/// All accesses in stored order.
pub(crate) async fn accesses_after(
    tx: &Tx<'_>,
    after: Option<(PersonId, u64)>,
    rows_max: u32,
) -> Result<Vec<(PersonId, HeldAccess)>, Stop> {
    let (person, index) = after.map_or((0, 0), |(person, index)| (person.value(), index as i64));
    tx.all(
        "-- access.after\nSELECT person_id, entry_index, seq, at, author, listed, owed FROM access WHERE (person_id, entry_index) > ($1, $2) \
         ORDER BY person_id, entry_index LIMIT $3",
        &[&person, &index, &i64::from(rows_max)],
        |row| Ok((get_person(row, 0)?, access(row)?)),
    )
    .await
}

/// The access in the columns from the second on.
fn access(row: &Row) -> Result<HeldAccess, Bad> {
    let access = AccessRow {
        index: get_u64(row, 1)?,
        seq: get_u64(row, 2)?,
        at: get_time(row, 3)?,
        author: AuthorKey(get_array(row, 4)?),
    };
    let owed = HeldAccess::owed_from(row.try_get(6)?).ok_or(Bad)?;
    Ok(HeldAccess { access, listed: row.try_get::<_, i64>(5)? != 0, owed })
}

/// Saves what entries mean for lists and notices. Nothing is kept of people erased meanwhile; what stands already stays.
///
/// Notices get their numbers under the watermark's lock, so they become visible in the order of their numbers.
pub(crate) async fn apply_looks(tx: &Tx<'_>, step: LookStep) -> Result<Batch, Stop> {
    tx.begin().await?;
    advance(tx, "looks", step.from, step.to).await?;
    let mut batch = Batch::default();
    if !step.accesses.is_empty() {
        let people: Vec<i64> = step.accesses.iter().map(|(person, _)| person.value()).collect();
        let column = |of: fn(&HeldAccess) -> i64| step.accesses.iter().map(|(_, held)| of(held)).collect::<Vec<i64>>();
        batch.add(
            "-- access.insert\nINSERT INTO access (person_id, entry_index, seq, at, author, listed, owed) \
             SELECT new.* FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bigint[], $7::text[]) \
             AS new (person_id, entry_index, seq, at, author, listed, owed) \
             WHERE NOT EXISTS (SELECT FROM person WHERE id = new.person_id AND data_key IS NULL) ON CONFLICT DO NOTHING",
            owned![
                people,
                column(|held| held.access.index as i64),
                column(|held| held.access.seq as i64),
                column(|held| held.access.at.as_millisecond()),
                step.accesses.iter().map(|(_, held)| held.access.author.0.to_vec()).collect::<Vec<_>>(),
                column(|held| i64::from(held.listed)),
                step.accesses.iter().map(|(_, held)| HeldAccess::owed_text(&held.owed)).collect::<Vec<_>>(),
            ],
        );
    }
    if !step.notices.is_empty() {
        let column = |of: fn(&cpis_store::NoticeRow) -> i64| step.notices.iter().map(of).collect::<Vec<i64>>();
        batch.add(
            "-- notice.insert\nWITH taken AS (UPDATE notice_number SET last = last + $1 WHERE id = 1 RETURNING last - $1 AS before) \
             INSERT INTO notice (number, id, authority, person_id, entry_index, seq, at, author, acknowledged, kind, \
             acknowledged_by, reader) SELECT before + place, new.id, new.authority, new.person_id, new.entry_index, new.seq, new.at, \
             new.author, new.acknowledged, new.kind, new.acknowledged_by, new.reader FROM taken, unnest($2::bytea[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], \
             $8::bytea[], $9::bigint[], $10::bigint[], $11::bytea[], $12::bytea[]) WITH ORDINALITY \
             AS new (id, authority, person_id, entry_index, seq, at, author, acknowledged, kind, acknowledged_by, reader, \
             place) \
             WHERE NOT EXISTS (SELECT FROM person WHERE person.id = new.person_id AND data_key IS NULL) \
             ORDER BY place ON CONFLICT DO NOTHING",
            owned![
                step.notices.len() as i64,
                step.notices.iter().map(|row| row.id.as_bytes().to_vec()).collect::<Vec<_>>(),
                step.notices.iter().map(|row| row.authority.to_string()).collect::<Vec<_>>(),
                column(|row| row.person.value()),
                column(|row| row.access.index as i64),
                column(|row| row.access.seq as i64),
                column(|row| row.access.at.as_millisecond()),
                step.notices.iter().map(|row| row.access.author.0.to_vec()).collect::<Vec<_>>(),
                step.notices
                    .iter()
                    .map(|row| row.acknowledged.map(jiff::Timestamp::as_millisecond))
                    .collect::<Vec<_>>(),
                column(|row| i64::from(row.kind)),
                step.notices.iter().map(|row| row.acknowledged_by.clone()).collect::<Vec<_>>(),
                step.notices.iter().map(|row| row.reader.map(|reader| reader.0.to_vec())).collect::<Vec<_>>(),
            ],
        );
    }
    if !step.pruned.is_empty() {
        let (people, indexes): (Vec<i64>, Vec<i64>) =
            step.pruned.iter().map(|(person, index)| (person.value(), *index as i64)).unzip();
        batch.add(
            "-- access.prune\nDELETE FROM access USING unnest($1::bigint[], $2::bigint[]) AS old (person_id, entry_index) \
             WHERE access.person_id = old.person_id AND access.entry_index = old.entry_index",
            owned![people, indexes],
        );
    }
    for (index, why) in step.quarantined {
        batch.add(
            "-- quarantine.insert\nINSERT INTO quarantine (entry_index, why) VALUES ($1, $2) \
             ON CONFLICT (entry_index) DO UPDATE SET why = excluded.why",
            owned![index as i64, why],
        );
    }
    Ok(batch)
}

/// Quarantined entries.
pub(crate) async fn quarantined(tx: &Tx<'_>) -> Result<Vec<(u64, String)>, Stop> {
    tx.all("-- quarantine.all\nSELECT entry_index, why FROM quarantine ORDER BY entry_index", &[], |row| {
        Ok((get_u64(row, 0)?, row.try_get(1)?))
    })
    .await
}

/// Saves the growth of the tree. A checkpoint of a size that has one is left out; numbers are taken under the watermark's lock
/// and have no gaps. A tile at the edge grows; one that is full stays.
pub(crate) async fn apply_tree(tx: &Tx<'_>, step: TreeStep) -> Result<Batch, Stop> {
    tx.begin().await?;
    advance(tx, "tree", step.from, step.to).await?;
    let mut batch = Batch::default();
    batch.add(
        "-- tree.save\nUPDATE tree SET size = $1, frontier = $2 WHERE id = 1",
        owned![step.to as i64, step.frontier],
    );
    for (level, index, hashes) in step.tiles {
        batch.add("-- tile.save\nSELECT save_tile($1, $2, $3)", owned![i64::from(level), index as i64, hashes]);
    }
    if let Some(checkpoint) = step.checkpoint {
        batch.add(
            "-- checkpoint.insert\nINSERT INTO checkpoint (number, size, note) \
             SELECT coalesce(max(number), 0) + 1, $1, $2 FROM checkpoint ON CONFLICT (size) DO NOTHING",
            owned![checkpoint.size as i64, checkpoint.note],
        );
    }
    Ok(batch)
}

/// Size and frontier of the tree.
pub(crate) async fn tree(tx: &Tx<'_>) -> Result<(u64, Vec<u8>), Stop> {
    let tree = tx
        .first("-- tree.one\nSELECT size, frontier FROM tree WHERE id = 1", &[], |row| {
            Ok((get_u64(row, 0)?, row.try_get(1)?))
        })
        .await?;
    tree.ok_or_else(|| StoreError::Corrupt("tree, row 1".into()).into())
}

/// A tile of the tree.
pub(crate) async fn tile(tx: &Tx<'_>, level: u8, index: u64) -> Result<Option<Vec<u8>>, Stop> {
    tx.first(
        "-- tile.one\nSELECT tile_index, hashes FROM tile WHERE level = $1 AND tile_index = $2",
        &[&i64::from(level), &(index as i64)],
        |row| Ok(row.try_get(1)?),
    )
    .await
}

/// Checkpoints from a number on.
pub(crate) async fn checkpoints(tx: &Tx<'_>, number: u64, rows_max: u32) -> Result<Vec<CheckpointRow>, Stop> {
    tx.all(
        "-- checkpoint.from\nSELECT number, size, note FROM checkpoint WHERE number >= $1 ORDER BY number LIMIT $2",
        &[&(number as i64), &i64::from(rows_max)],
        |row| Ok(CheckpointRow { number: get_u64(row, 0)?, size: get_u64(row, 1)?, note: row.try_get(2)? }),
    )
    .await
}
