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
use crate::seal::SealKey;
use crate::service::Service;
use cpis_audit::{Checkpoint, CompactRange, SigningKey, Tile, TileEdge};
use cpis_model::Uuid;
use cpis_model::access::{AuthorKey, LookFact};
use cpis_model::entry::{Entry, PersonId, What};
use cpis_store::{AccessRow, CheckpointRow, GroupId, JournalRow, LookStep, NoticeRow, Store, StoreError, TreeStep};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;

/// Entries of the longest step: a long one costs less for each entry, but looks wait while it is saved.
pub const STEP_ENTRIES_MAX: usize = 256;
/// Leaves that one step of the tree takes at most.
const STEP_LEAVES_MAX: u32 = 16_384;

/// Applies what waits for lists and notices, one step of so many entries or a few more. Says how many it took; 0 when nothing waits.
pub async fn apply_looks(service: &Service, entries: usize) -> Result<u64, AppError> {
    let from = service.store.watermarks().await?.looks;
    let rows = service.store.journal_from(from, entries).await?;
    let Some(last) = rows.last() else { return Ok(0) };
    let mut step = LookStep { from, to: last.place.first_index + u64::from(last.place.count), ..LookStep::default() };
    derive(service, &rows, &mut step).await?;
    let (taken, alarms) = (step.to - from, step.quarantined.len());
    match service.store.apply_looks(step).await {
        Ok(()) => {}
        Err(StoreError::Stale) => return Ok(taken),
        Err(error) => return Err(error.into()),
    }
    if alarms > 0 {
        metrics::counter!("cpis_quarantined_total").increment(alarms as u64);
        tracing::error!(alarms, from, "entries cannot be read and were set aside: run cpis audit verify");
    }
    Ok(taken)
}

struct Waiting {
    seq: u64,
    fact: LookFact,
    reader: Option<AuthorKey>,
    group: GroupId,
    ordinal: u32,
}

async fn derive(service: &Service, rows: &[JournalRow], step: &mut LookStep) -> Result<(), AppError> {
    let keys = keys_of(service, rows).await?;
    let mut looks: BTreeMap<PersonId, Vec<Waiting>> = BTreeMap::new();
    for row in rows {
        for frame in frame::frames(row.body.as_deref().unwrap_or_default(), 0) {
            let Ok(frame) = frame else {
                step.quarantined.push((row.place.first_index, "the row is not in the expected form".to_owned()));
                break;
            };
            let index = row.place.first_index + u64::from(frame.ordinal);
            let KeyOf::Person(person) = frame.key else { continue };
            if index < step.from {
                continue;
            }
            match keys.get(&person) {
                // Erased: there is nothing left to list.
                Some(None) => {}
                Some(Some(key)) => match open_frame(key, row.group, &frame) {
                    Ok((entry, _)) => {
                        if let Some(notice) = reported(row, index, person, &entry) {
                            step.notices.push(notice);
                        } else if let Some(fact) = fact(index, &entry) {
                            let reader = reader(&service.keys.ring, &entry);
                            let (seq, group, ordinal) = (row.place.seq, row.group, frame.ordinal);
                            looks.entry(person).or_default().push(Waiting { seq, fact, reader, group, ordinal });
                        }
                    }
                    Err(why) => step.quarantined.push((index, why.to_owned())),
                },
                None => step.quarantined.push((index, "its person's key is missing or does not open".to_owned())),
            }
        }
    }
    let people: Vec<PersonId> = looks.keys().copied().collect();
    let derived = service.store.derived(people).await?;
    for ((person, looks), derived) in looks.into_iter().zip(derived) {
        let mut state = derived.state;
        for waiting in looks {
            fold(person, &waiting, &mut state, step);
        }
    }
    // Notices are numbered in the order in which they were owed.
    step.notices.sort_by_key(|notice| notice.access.index);
    step.accesses.sort_by_key(|(_, access)| access.index);
    Ok(())
}

fn fold(person: PersonId, waiting: &Waiting, state: &mut cpis_model::access::Accesses, step: &mut LookStep) {
    let fact = &waiting.fact;
    let folded = state.fold(fact);
    let access = AccessRow { index: fact.index, seq: waiting.seq, at: fact.at, author: fact.author };
    if folded.clock_went_back {
        metrics::counter!("cpis_clock_went_back_total").increment(1);
        tracing::error!(index = fact.index, "the clock went back: check the time of all nodes");
    }
    if folded.listed {
        step.accesses.push((person, access));
    }
    for authority in folded.owed {
        metrics::counter!("cpis_notices_owed_total").increment(1);
        let id = notice_id(waiting.group, waiting.ordinal, authority.0.as_str());
        step.notices.push(NoticeRow {
            number: 0,
            id,
            authority,
            person,
            access,
            acknowledged: None,
            kind: 0,
            acknowledged_by: None,
            reader: waiting.reader,
        });
    }
    let before: Vec<u64> = state.listed.iter().map(|access| access.index).collect();
    state.prune();
    let mut kept = state.listed.iter().map(|access| access.index).peekable();
    for index in before {
        if kept.next_if_eq(&index).is_none() {
            let fresh = step.accesses.iter().position(|(own, access)| *own == person && access.index == index);
            match fresh {
                Some(place) => drop(step.accesses.swap_remove(place)),
                None => step.pruned.push((person, index)),
            }
        }
    }
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

/// Keys of the people whom these rows speak of: `None` for an erased one; who has no key that opens is left out.
async fn keys_of(service: &Service, rows: &[JournalRow]) -> Result<HashMap<PersonId, Option<SealKey>>, AppError> {
    let mut people: Vec<PersonId> = rows
        .iter()
        .flat_map(|row| frame::frames(row.body.as_deref().unwrap_or_default(), 0))
        .filter_map(|frame| match frame.ok()?.key {
            KeyOf::Person(person) => Some(person),
            KeyOf::Month(_) => None,
        })
        .collect();
    people.sort_unstable();
    people.dedup();
    let stored = service.store.people(people).await?;
    Ok(stored
        .into_iter()
        .filter_map(|person| match person.row.data_key {
            None => Some((person.row.id, None)),
            Some(_) => service.keys.person(&person.row).ok().map(|key| (person.row.id, Some(key))),
        })
        .collect())
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

/// Grows the Merkle tree by what waits, one step, and signs a checkpoint if asked. A step ends at the size to be published.
/// Says how many leaves it took and the note.
pub async fn apply_tree(service: &Service, tree: &mut Tree, sign: bool) -> Result<(u64, Option<String>), AppError> {
    let from = service.store.watermarks().await?.tree;
    let publish_at = service.publish_at.load(Ordering::SeqCst);
    let leaves_max = match publish_at.checked_sub(from) {
        Some(left) if left > 0 => u64::from(STEP_LEAVES_MAX).min(left) as u32,
        _ => STEP_LEAVES_MAX,
    };
    if tree.range.size() != from {
        *tree = Tree::load(&*service.store).await?;
    }
    let mut taken = 0u32;
    while taken < leaves_max {
        let Some(row) = service.store.journal_from(from + u64::from(taken), 1).await?.into_iter().next() else {
            break;
        };
        let skip = (from + u64::from(taken) - row.place.first_index) as u32;
        let wanted = (row.place.count - skip).min(leaves_max - taken);
        let leaves = service.store.leaves(row.group, skip, wanted).await?;
        if leaves.len() != wanted as usize {
            return Err(AppError::damaged(format!("leaf rows of journal row {} are missing", row.place.seq)));
        }
        for (_, leaf) in leaves {
            tree.push(leaf);
        }
        taken += wanted;
    }
    if taken == 0 {
        return Ok((0, None));
    }
    let note = if sign { Some(sign_checkpoint(service, &tree.range)?) } else { None };
    match service.store.apply_tree(tree.step(from, note.clone())).await {
        Ok(()) => Ok((u64::from(taken), note)),
        Err(error) => {
            *tree = Tree::default();
            if error == StoreError::Stale { Ok((u64::from(taken), None)) } else { Err(error.into()) }
        }
    }
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
