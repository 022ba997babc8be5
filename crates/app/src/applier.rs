//! The applier: follows the journal in order and derives what others read.
//!
//! Two derivations, each saved with its own watermark by compare-and-set: lists and notices, which one fold gives, and the
//! Merkle tree, which needs leaf rows only. An applier that wakes up late changes nothing. An entry that cannot be read is
//! quarantined with an alarm, and the rest goes on. Lag never refuses a look.

use crate::accesses::open_frame;
use crate::error::AppError;
use crate::followed::reader;
use crate::frame::{self, KeyOf};
use crate::look::fact;
use crate::people::millis;
use crate::service::Service;
use cpis_audit::{Checkpoint, CompactRange, SigningKey, Tile, TileEdge};
use cpis_model::Uuid;
use cpis_model::access::{Accesses, AuthorKey, LookFact};
use cpis_model::entry::{Entry, PersonId, What};
use cpis_store::{
    AccessRow, CheckpointRow, Followed, GroupId, HeldAccess, JournalRow, LookStep, NotApplied, NoticeRow, Store,
    StoreError, TreeStep,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::Ordering;

/// Entries of the longest step, which is for when nobody looks: a long one costs less for each entry, up to some hundreds. Beyond that it
/// is no faster, and takes half as much memory again as the service has.
pub const STEP_ENTRIES_MAX: usize = 512;
/// Leaves that one step of the tree takes at most: eight full tiles. Looks wait while it is saved.
const STEP_LEAVES_MAX: u64 = 2_048;
/// People, or entries, that are gone through before whoever else waits for the same thread has a turn: looks do.
const TURN_ENTRIES: usize = 32;
/// Leaves, of which each takes much less.
const TURN_LEAVES: usize = 256;

/// What one step did, and what its snapshot left for the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Entries that it took; 0 when nothing waits.
    pub taken: u64,
    /// Entries behind it, that no list has yet.
    pub behind: u64,
    /// Entries that the tree does not have yet.
    pub tree_behind: u64,
    /// Entries in the journal.
    pub size: u64,
}

/// Applies what waits for lists and notices, one step of so many entries or a few more. At most `saved_max` accesses are saved at
/// once, and at most so many notices.
pub async fn apply_looks(service: &Service, entries: usize, saved_max: usize) -> Result<Applied, AppError> {
    let NotApplied { marks, size, rows } = service.store.not_applied(entries).await?;
    let (from, tree_behind) = (marks.looks, size.saturating_sub(marks.tree));
    let Some(last) = rows.last() else { return Ok(Applied { tree_behind, size, ..Applied::default() }) };
    let to = last.place.first_index + u64::from(last.place.count);
    let applied = Applied { taken: to - from, behind: size.saturating_sub(to), tree_behind, size };
    let derived = derive(service, &rows, from).await?;
    for step in derived.steps(from, to, saved_max) {
        let (from, alarms) = (step.from, step.quarantined.len());
        match service.store.apply_looks(step).await {
            Ok(()) => {}
            // Another applier was quicker.
            Err(StoreError::Stale) => return Ok(applied),
            Err(error) => return Err(error.into()),
        }
        if alarms > 0 {
            metrics::counter!("cpis_quarantined_total").increment(alarms as u64);
            tracing::error!(alarms, from, "entries cannot be read and were set aside: run cpis audit verify");
        }
    }
    Ok(applied)
}

/// Applies all that waits for lists and notices.
pub async fn apply_all(service: &Service) -> Result<(), AppError> {
    while apply_looks(service, STEP_ENTRIES_MAX, usize::MAX).await?.taken > 0 {}
    Ok(())
}

/// A look that waits to be folded.
struct Look {
    seq: u64,
    fact: LookFact,
    reader: Option<AuthorKey>,
    group: GroupId,
    ordinal: u32,
}

/// What entries mean for lists and notices, in their order.
#[derive(Default)]
struct Derived {
    accesses: Vec<(PersonId, HeldAccess)>,
    notices: Vec<NoticeRow>,
    /// Accesses that no list needs any more, each after the index of the look that pushed it out.
    pruned: Vec<(u64, (PersonId, u64))>,
    quarantined: Vec<(u64, String)>,
}

impl Derived {
    /// What is saved at once, one after the other, from a watermark to another.
    fn steps(mut self, mut from: u64, end: u64, saved_max: usize) -> Vec<LookStep> {
        let mut steps = Vec::new();
        while from < end {
            let accesses = self.accesses.get(saved_max).map(|(_, held)| held.access.index);
            let notices = self.notices.get(saved_max).map(|notice| notice.access.index);
            let to = accesses.into_iter().chain(notices).min().filter(|to| *to > from).unwrap_or(end);
            steps.push(LookStep {
                from,
                to,
                accesses: before(&mut self.accesses, to, |(_, held)| held.access.index),
                notices: before(&mut self.notices, to, |notice| notice.access.index),
                pruned: before(&mut self.pruned, to, |(index, _)| *index).into_iter().map(|(_, old)| old).collect(),
                quarantined: before(&mut self.quarantined, to, |(index, _)| *index),
            });
            from = to;
        }
        steps
    }
}

/// Takes what stands before an index.
fn before<T>(all: &mut Vec<T>, to: u64, index: impl Fn(&T) -> u64) -> Vec<T> {
    let rest = all.split_off(all.partition_point(|one| index(one) < to));
    std::mem::replace(all, rest)
}

async fn derive(service: &Service, rows: &[JournalRow], from: u64) -> Result<Derived, AppError> {
    let mut all = Derived::default();
    let ids = people_of(rows);
    let (mut keys, mut states) = (HashMap::new(), HashMap::new());
    let mut turn = Turn::default();
    for (id, Followed { person, derived }) in ids.iter().zip(service.store.followed(ids.clone()).await?) {
        turn.end(TURN_ENTRIES).await;
        states.insert(*id, derived.state);
        match person {
            Some(person) if person.data_key.is_none() => drop(keys.insert(*id, None)),
            Some(person) => keys.extend(service.keys.person(&person).ok().map(|key| (*id, Some(key)))),
            None => {}
        }
    }
    let mut looks: BTreeMap<PersonId, Vec<Look>> = BTreeMap::new();
    for row in rows {
        for frame in frame::frames(row.body.as_deref().unwrap_or_default(), 0) {
            let Ok(frame) = frame else {
                all.quarantined.push((row.place.first_index, "the row is not in the expected form".to_owned()));
                break;
            };
            let index = row.place.first_index + u64::from(frame.ordinal);
            let KeyOf::Person(person) = frame.key else { continue };
            if index < from {
                continue;
            }
            turn.end(TURN_ENTRIES).await;
            match keys.get(&person) {
                // Erased: there is nothing left to list.
                Some(None) => {}
                Some(Some(key)) => match open_frame(key, row.group, &frame) {
                    Ok((entry, _)) => {
                        if let Some(notice) = reported(row, index, person, &entry) {
                            all.notices.push(notice);
                        } else if let Some(fact) = fact(index, &entry) {
                            let reader = reader(&service.keys.ring, &entry);
                            let (seq, group, ordinal) = (row.place.seq, row.group, frame.ordinal);
                            looks.entry(person).or_default().push(Look { seq, fact, reader, group, ordinal });
                        }
                    }
                    Err(why) => all.quarantined.push((index, why.to_owned())),
                },
                None => all.quarantined.push((index, "its person's key is missing or does not open".to_owned())),
            }
        }
    }
    for (person, looks) in looks {
        turn.end(TURN_ENTRIES).await;
        let mut state = states.remove(&person).unwrap_or_default();
        for look in looks {
            fold(person, &look, &mut state, &mut all);
        }
    }
    // Notices are numbered in the order in which they were owed.
    all.notices.sort_by_key(|notice| notice.access.index);
    all.accesses.sort_by_key(|(_, held)| held.access.index);
    all.pruned.sort_by_key(|(index, _)| *index);
    all.quarantined.sort_by_key(|(index, _)| *index);
    Ok(all)
}

/// Counts what was done on a thread that others wait for.
#[derive(Default)]
struct Turn(usize);

impl Turn {
    /// After so many, lets the others go first.
    async fn end(&mut self, after: usize) {
        self.0 += 1;
        if self.0.is_multiple_of(after) {
            tokio::task::yield_now().await;
        }
    }
}

fn fold(person: PersonId, look: &Look, state: &mut Accesses, all: &mut Derived) {
    let fact = &look.fact;
    let folded = state.fold(fact);
    let access = AccessRow { index: fact.index, seq: look.seq, at: fact.at, author: fact.author };
    if folded.clock_went_back {
        metrics::counter!("cpis_clock_went_back_total").increment(1);
        tracing::error!(index = fact.index, "the clock went back: check the time of all nodes");
    }
    if folded.listed || !folded.owed.is_empty() {
        all.accesses.push((person, HeldAccess { access, listed: folded.listed, owed: folded.owed.clone() }));
    }
    for authority in folded.owed {
        metrics::counter!("cpis_notices_owed_total").increment(1);
        let id = notice_id(look.group, look.ordinal, authority.0.as_str());
        all.notices.push(NoticeRow {
            number: 0,
            id,
            authority,
            person,
            access,
            acknowledged: None,
            kind: 0,
            acknowledged_by: None,
            reader: look.reader,
        });
    }
    let before = held(state);
    state.prune();
    // One of this step, too: what was saved before it is what its watermark says.
    all.pruned.extend(before.difference(&held(state)).map(|index| (fact.index, (person, *index))));
}

/// Looks that a state holds, for the list or for a window.
fn held(state: &Accesses) -> BTreeSet<u64> {
    state.listed.iter().chain(state.owed.iter().map(|owed| &owed.access)).map(|access| access.index).collect()
}

/// The notice that a report is.
pub(crate) fn reported(row: &JournalRow, index: u64, person: PersonId, entry: &Entry) -> Option<NoticeRow> {
    let What::Reported { author, authority, report, .. } = &entry.what else { return None };
    let ordinal = (index - row.place.first_index) as u32;
    Some(NoticeRow {
        number: 0,
        id: notice_id(row.group, ordinal, authority.0.as_str()),
        authority: *authority,
        person,
        access: AccessRow { index, seq: row.place.seq, at: entry.at, author: *author },
        acknowledged: None,
        kind: report.kind.number(),
        acknowledged_by: None,
        reader: None,
    })
}

/// A notice's stable id, from its entry and authority: the time of the entry's group, then a digest, so that ids rise with
/// time and their index grows at its end.
pub fn notice_id(group: GroupId, ordinal: u32, authority: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(b"opencpis notice");
    hash.update(group.0.to_be_bytes());
    hash.update(ordinal.to_be_bytes());
    hash.update(authority.as_bytes());
    let mut low = [0; 10];
    low.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    uuid::Builder::from_unix_timestamp_millis(millis(group), &low).into_uuid()
}

/// The people of whom these rows speak, each once, in the order in which they are stored.
fn people_of(rows: &[JournalRow]) -> Vec<PersonId> {
    let frames = rows.iter().flat_map(|row| frame::frames(row.body.as_deref().unwrap_or_default(), 0));
    let mut people: Vec<PersonId> = frames
        .filter_map(|frame| match frame.ok()?.key {
            KeyOf::Person(person) => Some(person),
            KeyOf::Month(_) => None,
        })
        .collect();
    people.sort_unstable();
    people.dedup();
    people
}

/// The tree as the applier carries it from step to step.
#[derive(Default)]
pub struct Tree {
    range: CompactRange,
    edge: TileEdge,
    /// Full tiles that are not saved yet.
    tiles: BTreeMap<(u8, u64), Vec<u8>>,
}

impl Tree {
    /// The tree as it was saved last.
    pub async fn load(store: &dyn Store) -> Result<Self, AppError> {
        let (size, frontier) = store.tree().await?;
        let damaged = |what: &str| AppError::damaged(format!("tree: {what}"));
        let range = if size == 0 {
            CompactRange::new()
        } else {
            CompactRange::from_bytes(&frontier).map_err(|_| damaged("the frontier does not read"))?
        };
        if range.size() != size {
            return Err(damaged("size and frontier disagree"));
        }
        // The partial tiles at the right edge were stored with the last step.
        let mut tiles = HashMap::new();
        for level in 0..7u8 {
            let index = size >> (8 * (u32::from(level) + 1));
            if let Some(bytes) = store.tile(level, index).await? {
                tiles.insert((level, index), hashes(&bytes));
            }
        }
        let read = |tile: Tile| -> Result<Option<Vec<cpis_audit::Hash>>, cpis_audit::ReadError> {
            Ok(tiles
                .get(&(tile.level(), tile.index()))
                .map(|hashes| hashes.iter().copied().take(tile.width() as usize).collect()))
        };
        let edge = TileEdge::load(size, &read).map_err(|_| damaged("the tiles at its edge do not read"))?;
        Ok(Self { range, edge, tiles: BTreeMap::new() })
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: cpis_audit::Hash) {
        self.range.push(leaf);
        let tiles = &mut self.tiles;
        self.edge.push(leaf, &mut |tile, hashes| {
            tiles.insert((tile.level(), tile.index()), hashes.concat());
        });
    }

    /// What has grown from this size on, to be saved, with the note of a checkpoint.
    pub fn step(&mut self, from: u64, note: Option<String>) -> TreeStep {
        let mut tiles = std::mem::take(&mut self.tiles);
        for (tile, hashes) in self.edge.partial() {
            tiles.insert((tile.level(), tile.index()), hashes.concat());
        }
        TreeStep {
            from,
            to: self.range.size(),
            frontier: self.range.to_bytes(),
            tiles: tiles.into_iter().map(|((level, index), bytes)| (level, index, bytes)).collect(),
            checkpoint: note.map(|note| CheckpointRow { number: 0, size: self.range.size(), note }),
        }
    }
}

/// The hashes of a stored tile.
pub(crate) fn hashes(bytes: &[u8]) -> Vec<cpis_audit::Hash> {
    bytes.chunks_exact(32).filter_map(|chunk| chunk.try_into().ok()).collect()
}

/// Grows the Merkle tree to the journal's end, as it is when this begins, and signs a checkpoint there, if asked. Where a size is to
/// be published it ends at that first. Gives the note of the checkpoint; none when nothing waits, or when another applier was quicker.
pub async fn apply_tree(service: &Service, tree: &mut Tree, sign: bool) -> Result<Option<String>, AppError> {
    let mut from = service.store.watermarks().await?.tree;
    let size = service.store.size().await?;
    let publish_at = service.publish_at.load(Ordering::SeqCst);
    let end = if (from + 1..size).contains(&publish_at) { publish_at } else { size };
    if tree.range.size() != from {
        *tree = Tree::load(&*service.store).await?;
    }
    let (mut note, mut turn) = (None, Turn::default());
    while from < end {
        let to = end.min(from + STEP_LEAVES_MAX);
        let leaves = service.store.leaves_from(from, (to - from) as u32).await?;
        if leaves.len() as u64 != to - from {
            return Err(AppError::damaged(format!("leaf rows of entries from {from} on are missing")));
        }
        for leaf in leaves {
            turn.end(TURN_LEAVES).await;
            tree.push(leaf);
        }
        if sign && to == end {
            note = Some(sign_checkpoint(service, &tree.range)?);
        }
        if let Err(error) = service.store.apply_tree(tree.step(from, note.clone())).await {
            *tree = Tree::default();
            return if error == StoreError::Stale { Ok(None) } else { Err(error.into()) };
        }
        from = to;
    }
    Ok(note)
}

/// Signs the tree as it is.
pub(crate) fn sign_checkpoint(service: &Service, range: &CompactRange) -> Result<String, AppError> {
    let ring = &service.keys.ring;
    let key = SigningKey::from_seed(ring.signing_name(), ring.signing_seed())
        .map_err(|_| AppError::Internal("the signing key cannot be used".to_owned()))?;
    Checkpoint::new(ring.signing_name(), range.size(), range.root())
        .sign(&key)
        .map_err(|_| AppError::Internal("the checkpoint cannot be signed".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpis_model::Timestamp;

    fn access(index: u64) -> (PersonId, HeldAccess) {
        let (at, author) = (Timestamp::UNIX_EPOCH, AuthorKey([7; 16]));
        let access = AccessRow { index, seq: 1, at, author };
        (PersonId::new(at, index), HeldAccess { access, listed: true, owed: Vec::new() })
    }

    #[test]
    fn what_is_saved_at_once_is_short_in_order_and_whole() {
        let saved = 32;
        let all = Derived {
            accesses: (10..=10 + 2 * saved).map(access).collect(),
            pruned: [10, 10 + saved].map(|cause| (cause, (access(3).0, 3))).to_vec(),
            quarantined: vec![(9, "before".to_owned()), (10 + 2 * saved, "last".to_owned())],
            ..Derived::default()
        };
        let steps = all.steps(8, 500, 32);
        let marks: Vec<_> = steps.iter().map(|step| (step.from, step.to)).collect();
        assert_eq!(marks, [(8, 10 + saved), (10 + saved, 10 + 2 * saved), (10 + 2 * saved, 500)]);
        let held: Vec<_> =
            steps.iter().map(|step| (step.accesses.len(), step.pruned.len(), step.quarantined.len())).collect();
        assert_eq!(held, [(32, 1, 1), (32, 1, 0), (1, 0, 1)]);
    }

    #[test]
    fn entries_that_mean_nothing_are_one_step() {
        assert_eq!(Derived::default().steps(0, 50_000, 32).len(), 1);
    }
}
