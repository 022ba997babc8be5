//! The journal: appending groups, and reading rows.

use crate::batch::{Batch, owned};
use crate::people::find;
use crate::pipeline::{Boxed, in_order};
use crate::pool::Pool;
use crate::told::Stop;
use crate::tx::{Bad, Tx};
use crate::values::{get_array, get_group, get_small, get_u64};
use crate::{effects, options};
use cpis_store::{Asked, Decide, Gather, Group, GroupId, JournalRow, Loaded, NumberKeys, Place, StoreError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio_postgres::Row;

const LOCK: &str = "-- sequence.lock\nSELECT next_seq, next_index FROM sequence WHERE id = 1 FOR UPDATE";
const STAGED: &str = "-- staging.group\nSELECT group_no FROM staging WHERE group_no = $1";
const INSERT: &str = "-- journal.insert\nINSERT INTO journal (seq, group_no, first_index, count, digest, body) VALUES ($1, $2, $3, $4, $5, $6)";
const INSERT_GROUP: &str =
    "-- group_id.insert\nINSERT INTO group_id (group_no, seq, first_index, count) VALUES ($1, $2, $3, $4)";
const INSERT_LEAVES: &str = "-- leaf.insert\nINSERT INTO leaf (group_no, ordinal, hash) \
     SELECT $1, ordinal - 1, hash FROM unnest($2::bytea[]) WITH ORDINALITY AS one (hash, ordinal)";
const ADVANCE: &str = "-- sequence.advance\nUPDATE sequence SET next_seq = $1, next_index = $2 WHERE id = 1";

/// Takes the journal's lock until the transaction ends: sequence number and first index of the next group.
pub(crate) async fn lock(tx: &Tx<'_>) -> Result<(u64, u64), Stop> {
    let next = tx.first(LOCK, &[], |row| Ok((get_u64(row, 0)?, get_u64(row, 1)?))).await?;
    next.ok_or_else(|| StoreError::Corrupt("sequence, row 1".into()).into())
}

/// How many entries are committed.
pub(crate) async fn size(tx: &Tx<'_>) -> Result<u64, Stop> {
    let size =
        tx.first("-- sequence.size\nSELECT next_index FROM sequence WHERE id = 1", &[], |row| get_u64(row, 0)).await?;
    size.ok_or_else(|| StoreError::Corrupt("sequence, row 1".into()).into())
}

/// Gathers and loads, lets `decide` make the group, and saves it with its leaves and effects: two round trips.
pub(crate) async fn append(pool: &Pool, gather: Gather) -> Result<Option<Place>, StoreError> {
    let tx = Tx::new(pool.take().await?);
    let Some(Asked { group, numbers, decide }) = gather() else { return tx.end_read(Ok(None)).await };
    let loaded = match load(&tx, group, &numbers).await {
        Ok(loaded) => loaded,
        Err(stop) => return tx.end(Err(stop)).await,
    };
    let Some(decided) = decided(&loaded, decide) else {
        let panicked = options::unavailable("a decision panicked; nothing was saved");
        return tx.end(Err(panicked.into())).await;
    };
    let place = Place { seq: loaded.seq, first_index: loaded.first_index, count: decided.leaves.len() as u32 };
    if decided.leaves.is_empty() {
        // Nothing was decided: a row without entries would say nothing.
        return tx.end_read(Ok(Some(place))).await;
    }
    let Group { body, leaves, digest, effects } = decided;
    let mut batch = Batch::default();
    add(&mut batch, place, group, &digest, Some(body));
    let leaves: Vec<Vec<u8>> = leaves.iter().map(|leaf| leaf.to_vec()).collect();
    batch.add(INSERT_LEAVES, owned![group.0, leaves]);
    for effect in effects {
        effects::add(&mut batch, group, effect);
    }
    tx.commit(batch).await.map(|()| Some(place))
}

/// The lock first, then every read: each sees all that was committed before the lock was ours.
async fn load(tx: &Tx<'_>, group: GroupId, asked: &[NumberKeys]) -> Result<Loaded, Stop> {
    tx.warm(&[LOCK, STAGED, find::WITH_CONTACTS]).await?;
    let (mut next, mut staged, mut found) = (None, None, None);
    let steps: Vec<Boxed<'_, Result<(), Stop>>> = vec![
        Box::pin(tx.begin()),
        Box::pin(async {
            next = Some(lock(tx).await?);
            Ok(())
        }),
        Box::pin(async {
            staged = tx.first(STAGED, &[&group.0], |row| get_group(row, 0)).await?;
            Ok(())
        }),
        Box::pin(async {
            found = Some(find::with_contacts(tx, asked).await?);
            Ok(())
        }),
    ];
    in_order(steps).await.into_iter().collect::<Result<(), Stop>>()?;
    let (Some((seq, first_index)), Some((found, contacts))) = (next, found) else {
        return Err(options::unavailable("a statement had no answer").into());
    };
    if staged.is_some() {
        return Err(StoreError::Stale.into());
    }
    Ok(Loaded { seq, first_index, found, contacts })
}

/// What was decided, or nothing after a panic. Work of milliseconds must not hold up other tasks.
fn decided(loaded: &Loaded, decide: Decide) -> Option<Group> {
    let run = || catch_unwind(AssertUnwindSafe(|| decide(loaded))).ok();
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(run),
        _ => run(),
    }
}

/// Adds a row to the journal. A group that stands already is [`StoreError::Stale`].
pub(crate) fn add(batch: &mut Batch, place: Place, group: GroupId, digest: &[u8; 32], body: Option<Vec<u8>>) {
    let Place { seq, first_index, count } = place;
    let (seq, first, count) = (seq as i64, first_index as i64, i64::from(count));
    batch.add(INSERT_GROUP, owned![group.0, seq, first, count]);
    batch.add(INSERT, owned![seq, group.0, first, count, digest.to_vec(), body]);
    batch.add(ADVANCE, owned![seq + 1, first + count]);
}

/// Where a group was committed.
pub(crate) async fn find_group(tx: &Tx<'_>, group: GroupId) -> Result<Option<Place>, Stop> {
    tx.first("-- group_id.one\nSELECT seq, first_index, count FROM group_id WHERE group_no = $1", &[&group.0], place)
        .await
}

fn place(row: &Row) -> Result<Place, Bad> {
    Ok(Place { seq: get_u64(row, 0)?, first_index: get_u64(row, 1)?, count: get_small(row, 2)? })
}

fn journal_row(row: &Row) -> Result<JournalRow, Bad> {
    Ok(JournalRow { place: place(row)?, group: get_group(row, 3)?, digest: get_array(row, 4)?, body: row.try_get(5)? })
}

/// A limit as the server takes it.
fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

/// Rows that hold entries from `index` on, until they hold `entries_max`; at least one row if there is any. Indexes have no
/// gaps, so the rows are those that begin before the last entry wanted.
pub(crate) async fn from(tx: &Tx<'_>, index: u64, entries_max: usize) -> Result<Vec<JournalRow>, Stop> {
    let index = index as i64;
    let before = index.saturating_add(limit(entries_max.max(1)));
    tx.all(
        "-- journal.from\nSELECT seq, first_index, count, group_no, digest, body FROM journal \
         WHERE first_index >= coalesce((SELECT max(first_index) FROM journal WHERE first_index <= $1), 0) \
         AND first_index < $2 AND first_index + count > $1 ORDER BY first_index, seq",
        &[&index, &before],
        journal_row,
    )
    .await
}

/// The rows that are not applied, never more entries than `entries_max`: rows of uploads have nothing to fold and count for
/// nothing.
pub(crate) async fn tail(tx: &Tx<'_>, entries_max: usize) -> Result<Vec<JournalRow>, Stop> {
    let max = limit(entries_max);
    tx.all(
        "-- journal.tail\nWITH applied AS (SELECT next_index FROM watermark WHERE name = 'looks'), \
         tail AS (SELECT seq, first_index, count, group_no, digest, body FROM journal \
         WHERE first_index >= coalesce((SELECT max(first_index) FROM journal \
         WHERE first_index <= (SELECT next_index FROM applied)), 0) \
         AND first_index + count > (SELECT next_index FROM applied) ORDER BY first_index, seq LIMIT $2::bigint), \
         counted AS (SELECT *, sum(CASE WHEN body IS NULL THEN 0 ELSE first_index + count \
         - greatest(first_index, (SELECT next_index FROM applied)) END) OVER (ORDER BY first_index, seq) AS held FROM tail) \
         SELECT seq, first_index, count, group_no, digest, body FROM counted WHERE held <= $1::bigint ORDER BY first_index, seq",
        &[&max, &max.saturating_add(1)],
        journal_row,
    )
    .await
}

/// Rows with these sequence numbers, in the order asked.
pub(crate) async fn rows(tx: &Tx<'_>, seqs: &[u64]) -> Result<Vec<JournalRow>, Stop> {
    let seqs: Vec<i64> = seqs.iter().map(|seq| *seq as i64).collect();
    tx.all(
        "-- journal.rows\nSELECT seq, first_index, count, group_no, digest, body FROM journal \
         JOIN unnest($1::bigint[]) WITH ORDINALITY AS asked (seq, place) USING (seq) ORDER BY place",
        &[&seqs],
        journal_row,
    )
    .await
}

/// Leaves of a group from an ordinal on.
pub(crate) async fn leaves(tx: &Tx<'_>, group: GroupId, ordinal: u32, max: u32) -> Result<Vec<(u32, [u8; 32])>, Stop> {
    tx.all(
        "-- leaf.of_group\nSELECT group_no, ordinal, hash FROM leaf WHERE group_no = $1 AND ordinal >= $2 ORDER BY ordinal LIMIT $3",
        &[&group.0, &i64::from(ordinal), &i64::from(max)],
        |row| Ok((get_small(row, 1)?, get_array(row, 2)?)),
    )
    .await
}

/// Leaves of the entries from an index on.
pub(crate) async fn leaves_from(tx: &Tx<'_>, index: u64, max: u32) -> Result<Vec<[u8; 32]>, Stop> {
    let index = index as i64;
    tx.all(
        "-- leaf.from\nSELECT hash FROM journal JOIN leaf ON leaf.group_no = journal.group_no \
         WHERE first_index >= coalesce((SELECT max(first_index) FROM journal WHERE first_index <= $1), 0) AND first_index < $2 \
         AND first_index + ordinal >= $1 AND first_index + ordinal < $2 AND ordinal < count ORDER BY first_index, ordinal",
        &[&index, &index.saturating_add(i64::from(max))],
        |row| get_array(row, 0),
    )
    .await
}

/// Stored slices of an upload's group.
pub(crate) async fn upload_bodies(tx: &Tx<'_>, group: GroupId, slice: u32, max: u32) -> Result<Vec<Vec<u8>>, Stop> {
    tx.all(
        "-- upload_body.of_group\nSELECT group_no, body FROM upload_body WHERE group_no = $1 AND slice >= $2 ORDER BY slice LIMIT $3",
        &[&group.0, &i64::from(slice), &i64::from(max)],
        |row| Ok(row.try_get(1)?),
    )
    .await
}
