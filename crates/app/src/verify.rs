//! The offline verifier: opens every entry, recomputes every leaf, folds the journal anew and holds everything that is derived
//! from it against what is stored. The tree and the checkpoints are judged by `audit`, the rest here.

mod derived;
mod people;

use crate::accesses::open_frame;
use crate::audit::verifying_key;
use crate::error::AppError;
use crate::frame::{self, Frame, KeyOf};
use crate::people::Keys;
use crate::seal::SealKey;
use crate::service::open_month;
use cpis_audit::{
    CheckpointSource, Checkpoints, CompactRange, Hash, LeafEvidence, Recomputed, Report, Verifier, parse_signed,
};
use cpis_model::entry::Entry;
use cpis_store::{JournalRow, Store};
use derived::Expected;
use people::People;
use std::collections::{HashMap, HashSet};

/// Journal entries that are loaded at a time.
const ENTRIES: usize = 2000;
/// Leaves that are loaded at a time.
const LEAVES: u32 = 4096;
/// Rows of other tables that are loaded at a time.
pub(crate) const ROWS: u32 = 2000;

/// What to hold the log against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Witnesses<'a> {
    /// Text of the installation's own file of checkpoints.
    pub file: Option<&'a str>,
    /// Text of a checkpoint, or a file of them, that was kept elsewhere.
    pub outside: Option<&'a str>,
}

/// Verifies everything. `progress` is told how many entries are done and how many there are.
pub async fn verify(
    store: &dyn Store,
    keys: &Keys,
    witnesses: Witnesses<'_>,
    progress: impl FnMut(u64, u64),
) -> Result<Report, AppError> {
    match walk(store, keys, witnesses, progress).await {
        Err(AppError::Damaged(place)) => {
            // A row that does not even read: that is a fault, and it is named.
            let mut verifier = Verifier::new(Checkpoints::new(vec![verifying_key(&keys.ring)?]));
            verifier.derived("database", place, "it cannot be read, and nothing after it was looked at");
            Ok(verifier.finish())
        }
        other => other,
    }
}

async fn walk(
    store: &dyn Store,
    keys: &Keys,
    witnesses: Witnesses<'_>,
    mut progress: impl FnMut(u64, u64),
) -> Result<Report, AppError> {
    let mut faults: Vec<(&'static str, String, String)> = Vec::new();
    let checkpoints = checkpoints(store, keys, witnesses, &mut faults).await?;
    let people = People::load(store, keys, &mut faults).await?;
    let mut months = HashMap::new();
    for (month, wrapped) in store.month_keys().await? {
        match open_month(keys, month, &wrapped) {
            Ok(key) => drop(months.insert(month, key)),
            Err(_) => faults.push(("month_key", month.to_string(), "the key does not open".to_owned())),
        }
    }
    let marks = store.watermarks().await?;
    let size = store.size().await?;
    let mut walk = Walk {
        store,
        people: &people,
        months: &months,
        verifier: Verifier::new(checkpoints),
        expected: Expected::new(marks.looks, keys.ring.clone()),
        tree: CompactRange::new(),
        tree_until: marks.tree,
    };
    let mut index = 0;
    loop {
        let rows = store.journal_from(index, ENTRIES).await?;
        let Some(last) = rows.last() else { break };
        let next = last.place.first_index + u64::from(last.place.count);
        for row in &rows {
            walk.row(row).await?;
        }
        if next <= index {
            break;
        }
        index = next;
        progress(index, size);
    }
    let Walk { mut verifier, mut expected, tree, .. } = walk;
    tree_faults(store, &tree, marks.tree, &mut faults).await?;
    people.compare(store, &expected, &mut faults).await?;
    expected.compare(store, &people, &mut faults).await?;
    for (table, group) in store.orphans().await? {
        faults.push((table, format!("group {group}"), "no journal row belongs to it".to_owned()));
    }
    for (table, row, what) in faults {
        verifier.derived(table, row, what);
    }
    Ok(verifier.finish())
}

type Faults = Vec<(&'static str, String, String)>;

async fn checkpoints(
    store: &dyn Store,
    keys: &Keys,
    witnesses: Witnesses<'_>,
    faults: &mut Faults,
) -> Result<Checkpoints, AppError> {
    let key = verifying_key(&keys.ring)?;
    let mut checkpoints = Checkpoints::new(vec![key.clone()]);
    let (mut expected, mut size) = (1, 0);
    let mut sizes = HashSet::new();
    loop {
        let rows = store.checkpoints(expected, 1000).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let mut fault = |what: &str| faults.push(("checkpoint", row.number.to_string(), what.to_owned()));
            if row.number != expected {
                fault("checkpoints before it are missing");
            }
            match parse_signed(&row.note, std::slice::from_ref(&key)) {
                Ok(checkpoint) if checkpoint.size != row.size => fault("its size is not the one that was signed"),
                Ok(checkpoint) if checkpoint.size <= size => fault("it is not larger than the one before"),
                Ok(_) => {}
                Err(_) => fault("its signature does not hold"),
            }
            sizes.insert(row.size);
            size = row.size;
            checkpoints.add_signed(&row.note, CheckpointSource::Database);
            expected = row.number + 1;
        }
    }
    let restores = restores(witnesses.file.unwrap_or_default(), &key);
    for (text, source) in [(witnesses.file, CheckpointSource::File), (witnesses.outside, CheckpointSource::Outside)] {
        let Some(text) = text else { continue };
        checkpoints.add_file(text, source);
        // What was kept elsewhere before a restore speaks of entries that the restore declared lost: the tree is held against
        // that. The installation's own file knows of the restore.
        let restored = |size: &u64| restores.iter().any(|(at, old)| (at + 1..=*old).contains(size));
        let declared = |size: &u64| source == CheckpointSource::Outside && restored(size);
        let missing = of_this_epoch(text, &key).into_iter().filter(|size| !sizes.contains(size) && !declared(size));
        for lost in missing {
            faults.push(("checkpoint", format!("size {lost}"), "it stands outside and is missing here".to_owned()));
        }
    }
    Ok(checkpoints)
}

/// Sizes of the checkpoints that a text holds since the last restore to an earlier point.
fn of_this_epoch(text: &str, key: &cpis_audit::VerifyingKey) -> Vec<u64> {
    let mut sizes = Vec::new();
    for checkpoint in cpis_audit::read_file(text, std::slice::from_ref(key)).filter_map(Result::ok) {
        if checkpoint.begins_epoch().is_some() {
            sizes.clear();
        } else {
            sizes.push(checkpoint.size);
        }
    }
    sizes
}

/// The restores that the installation's file tells of: the restored size, and that of the tip that was lost.
fn restores(text: &str, key: &cpis_audit::VerifyingKey) -> Vec<(u64, u64)> {
    let all = cpis_audit::read_file(text, std::slice::from_ref(key)).filter_map(Result::ok);
    all.filter_map(|checkpoint| Some((checkpoint.size, checkpoint.begins_epoch()?.old_size))).collect()
}

async fn tree_faults(store: &dyn Store, tree: &CompactRange, until: u64, faults: &mut Faults) -> Result<(), AppError> {
    let (size, frontier) = store.tree().await?;
    let empty = size == 0 && tree.size() == 0;
    if size != until || (!empty && frontier != tree.to_bytes()) {
        faults.push(("tree", size.to_string(), "the stored frontier is not the tree of the leaves".to_owned()));
    }
    Ok(())
}

struct Walk<'a> {
    store: &'a dyn Store,
    people: &'a People,
    months: &'a HashMap<u32, SealKey>,
    verifier: Verifier,
    expected: Expected,
    tree: CompactRange,
    tree_until: u64,
}

impl Walk<'_> {
    async fn row(&mut self, row: &JournalRow) -> Result<(), AppError> {
        let place = row.place;
        self.verifier.begin_group(place.seq, place.first_index, u64::from(place.count), &row.digest);
        let mut leaves = Leaves { store: self.store, row, next: 0, page: Vec::new() };
        let mut ordinal = 0;
        let mut slice = 0;
        loop {
            let bodies = match &row.body {
                Some(body) if slice == 0 => vec![body.clone()],
                Some(_) => Vec::new(),
                None => self.store.upload_bodies(row.group, slice, 8).await?,
            };
            if bodies.is_empty() {
                break;
            }
            slice += bodies.len() as u32;
            for body in bodies {
                for frame in frame::frames(&body, ordinal) {
                    ordinal += 1;
                    let (recomputed, entry) = match &frame {
                        Ok(frame) => self.open(row, frame),
                        Err(_) => (Recomputed::Unreadable, None),
                    };
                    self.leaf(&mut leaves, recomputed).await?;
                    if let (Ok(frame), Some(entry)) = (frame, entry) {
                        let index = place.first_index + u64::from(frame.ordinal);
                        self.expected.entry(index, row, &frame, &entry);
                    }
                }
            }
        }
        // Leaves without an entry, and entries that the row says it has but the body has not.
        while ordinal < place.count || leaves.peek().await?.is_some() {
            ordinal += 1;
            self.leaf(&mut leaves, Recomputed::Unreadable).await?;
        }
        self.verifier.end_group();
        Ok(())
    }

    fn open(&self, row: &JournalRow, frame: &Frame<'_>) -> (Recomputed, Option<Entry>) {
        let key = match frame.key {
            KeyOf::Person(person) if self.people.is_erased(person) => return (Recomputed::Erased, None),
            KeyOf::Person(person) => self.people.key(person),
            KeyOf::Month(month) => self.months.get(&month),
        };
        match key.map(|key| open_frame(key, row.group, frame)) {
            Some(Ok((entry, leaf))) => (Recomputed::Opened(leaf), Some(entry)),
            _ => (Recomputed::Unreadable, None),
        }
    }

    async fn leaf(&mut self, leaves: &mut Leaves<'_>, recomputed: Recomputed) -> Result<(), AppError> {
        let stored = leaves.take().await?;
        if self.tree.size() < self.tree_until {
            let opened = if let Recomputed::Opened(leaf) = &recomputed { Some(*leaf) } else { None };
            if let Some(leaf) = stored.or(opened) {
                self.tree.push(leaf);
            }
        }
        self.verifier.leaf(&LeafEvidence { stored, recomputed });
        Ok(())
    }
}

/// A group's stored leaves, page by page, in the order of their ordinals; a gap reads as a missing one.
struct Leaves<'a> {
    store: &'a dyn Store,
    row: &'a JournalRow,
    next: u32,
    page: Vec<(u32, Hash)>,
}

impl Leaves<'_> {
    async fn peek(&mut self) -> Result<Option<u32>, AppError> {
        if self.page.is_empty() {
            self.page = self.store.leaves(self.row.group, self.next, LEAVES).await?;
            self.page.reverse();
        }
        Ok(self.page.last().map(|(ordinal, _)| *ordinal))
    }

    async fn take(&mut self) -> Result<Option<Hash>, AppError> {
        let at = self.peek().await?;
        let wanted = self.next;
        self.next += 1;
        if at == Some(wanted) { Ok(self.page.pop().map(|(_, leaf)| leaf)) } else { Ok(None) }
    }
}
