//! The offline verifier: walks the journal group by group, rebuilds the tree from the leaves and reports what is not as it
//! was written. It keeps the frontier of the tree and one root for each checkpoint, never the leaves. Opening entries and
//! reading the database is the caller's affair.

use std::borrow::Borrow;

use sha2::{Digest, Sha256};

use crate::expected::Checkpoints;
use crate::judge::{Rebuilt, judge};
use crate::leaf::Hash;
use crate::report::{FAULTS_MAX, Fault, FaultKind, Report};
use crate::tree::CompactRange;

/// What the caller knows of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafEvidence {
    /// The leaf in the database, when there is one.
    pub stored: Option<Hash>,
    /// What the entry itself says.
    pub recomputed: Recomputed,
}

/// What became of opening an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recomputed {
    /// It was opened and this is its leaf hash.
    Opened(Hash),
    /// It cannot be opened, and an erasure entry names its person.
    Erased,
    /// It cannot be opened, and nothing says why.
    Unreadable,
}

/// The digest that a journal row bears: SHA-256 over its leaf hashes, one after another.
///
/// ```
/// use cpis_audit::{group_digest, rfc6962_leaf};
/// let leaves = [rfc6962_leaf(b"a"), rfc6962_leaf(b"b")];
/// assert_eq!(group_digest(&leaves), group_digest(leaves.to_vec()));
/// ```
pub fn group_digest(leaves: impl IntoIterator<Item = impl Borrow<Hash>>) -> Hash {
    leaves.into_iter().fold(Sha256::new(), |digest, leaf| digest.chain_update(leaf.borrow())).finalize().into()
}

/// Walks a journal from its first group to its last.
///
/// ```
/// use cpis_audit::{Checkpoints, LeafEvidence, Recomputed, Verifier, group_digest, leaf_hash};
/// let leaf = leaf_hash(&[1; 16], b"entry");
/// let other = leaf_hash(&[1; 16], b"another entry");
/// let mut verifier = Verifier::new(Checkpoints::new(vec![]));
/// let evidence = LeafEvidence { stored: Some(leaf), recomputed: Recomputed::Opened(other) };
/// verifier.group(1, 0, 1, &group_digest([leaf]), [evidence]);
/// let report = verifier.finish();
/// assert_eq!(report.first_fault.unwrap().to_string(), "entry 0 (group 1): the stored leaf does not match the entry");
/// assert!(!report.tail_proven);
/// ```
#[derive(Debug)]
pub struct Verifier {
    checkpoints: Checkpoints,
    /// Sizes at which the root must be noted, largest first.
    sizes: Vec<u64>,
    roots: Vec<(u64, Hash)>,
    tree: CompactRange,
    next_seq: u64,
    next_index: u64,
    open: Option<OpenGroup>,
    erased: u64,
    found: Found,
}

#[derive(Debug)]
struct OpenGroup {
    seq: u64,
    first_index: u64,
    count: u64,
    digest: Hash,
    read: u64,
    hasher: Sha256,
}

/// The faults so far.
#[derive(Debug, Default)]
struct Found {
    kept: Vec<Fault>,
    all: u64,
    first: Option<Fault>,
}

impl Verifier {
    /// Ready for group 1. The checkpoints must all be known now, because the tree is walked once.
    pub fn new(mut checkpoints: Checkpoints) -> Self {
        let mut sizes: Vec<u64> = checkpoints.expected.iter().map(|one| one.checkpoint.size).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes.dedup();
        let mut found = Found::default();
        for fault in std::mem::take(&mut checkpoints.faults) {
            found.add(fault);
        }
        let mut verifier = Self {
            checkpoints,
            sizes,
            roots: Vec::new(),
            tree: CompactRange::new(),
            next_seq: 1,
            next_index: 0,
            open: None,
            erased: 0,
            found,
        };
        verifier.note_root();
        verifier
    }

    /// One group as its journal row states it, and the evidence of its entries in order.
    pub fn group(
        &mut self,
        seq: u64,
        first_index: u64,
        count: u64,
        digest: &Hash,
        leaves: impl IntoIterator<Item = LeafEvidence>,
    ) {
        self.begin_group(seq, first_index, count, digest);
        for leaf in leaves {
            self.leaf(&leaf);
        }
        self.end_group();
    }

    /// The first half of [`Verifier::group`], for callers that read leaves page by page: then [`Verifier::leaf`] for each
    /// entry and [`Verifier::end_group`].
    pub fn begin_group(&mut self, seq: u64, first_index: u64, count: u64, digest: &Hash) {
        self.end_group();
        if seq != self.next_seq {
            let what = FaultKind::SeqGap { expected: self.next_seq, found: seq };
            self.found.add(Fault { index: Some(self.next_index.min(first_index)), seq: Some(seq), what });
        }
        if first_index != self.next_index {
            let what = FaultKind::IndexGap { expected: self.next_index, found: first_index };
            self.found.add(Fault { index: Some(self.next_index.min(first_index)), seq: Some(seq), what });
        }
        // go on from what the group says, so that one gap is not reported again with every group
        self.next_seq = seq.saturating_add(1);
        self.next_index = first_index.saturating_add(count);
        self.open = Some(OpenGroup { seq, first_index, count, digest: *digest, read: 0, hasher: Sha256::new() });
    }

    /// One entry of the open group. Without an open group it belongs to no journal row, and is a fault.
    pub fn leaf(&mut self, leaf: &LeafEvidence) {
        let (index, seq) = match &self.open {
            Some(group) => (group.first_index.saturating_add(group.read), Some(group.seq)),
            None => (self.next_index, None),
        };
        if seq.is_none() {
            let what = FaultKind::CountWrong { expected: 0, found: 1 };
            self.found.add(Fault { index: Some(index), seq, what });
        }
        let fault = |what| Fault { index: Some(index), seq, what };
        match (leaf.stored, leaf.recomputed) {
            (Some(stored), Recomputed::Opened(hash)) if stored != hash => {
                self.found.add(fault(FaultKind::LeafMismatch));
            }
            (None, _) => self.found.add(fault(FaultKind::LeafMissing)),
            (Some(_), _) => {}
        }
        match leaf.recomputed {
            Recomputed::Opened(_) => {}
            Recomputed::Erased => self.erased += 1,
            Recomputed::Unreadable => self.found.add(fault(FaultKind::EntryUnreadable)),
        }
        // The tree is rebuilt from the stored leaves: where they differ from the entries that is a fault already, and the
        // roots then tell which of the two is the original. A missing leaf that cannot be recomputed keeps its place.
        let hash = leaf.stored.unwrap_or(match leaf.recomputed {
            Recomputed::Opened(hash) => hash,
            Recomputed::Erased | Recomputed::Unreadable => [0; 32],
        });
        if let Some(group) = &mut self.open {
            group.read += 1;
            group.hasher.update(hash);
        }
        self.tree.push(hash);
        self.note_root();
    }

    /// The group is complete.
    pub fn end_group(&mut self) {
        let Some(group) = self.open.take() else { return };
        if group.read != group.count {
            let what = FaultKind::CountWrong { expected: group.count, found: group.read };
            let index = group.first_index.saturating_add(group.read.min(group.count));
            self.found.add(Fault { index: Some(index), seq: Some(group.seq), what });
        }
        if group.digest != Hash::from(group.hasher.finalize()) {
            let fault = Fault { index: Some(group.first_index), seq: Some(group.seq), what: FaultKind::DigestMismatch };
            self.found.add_explained(fault, group.first_index.saturating_add(group.read.max(group.count)));
        }
    }

    /// A fault that the caller found in a table that is derived from the journal.
    pub fn derived(&mut self, table: &'static str, row: impl Into<String>, what: impl Into<String>) {
        let what = FaultKind::Derived { table, row: row.into(), what: what.into() };
        self.found.add(Fault { index: None, seq: None, what });
    }

    /// Holds the checkpoints against the tree and sums up.
    pub fn finish(mut self) -> Report {
        self.end_group();
        let earliest = self.found.first.as_ref().and_then(|fault| fault.index);
        let rebuilt = Rebuilt { roots: &self.roots, entries: self.next_index.max(self.tree.size()), earliest };
        let verdict = judge(std::mem::take(&mut self.checkpoints.expected), &rebuilt);
        let cut = verdict.faults.iter().any(|fault| matches!(fault.what, FaultKind::TailCut { .. }));
        for fault in verdict.faults {
            self.found.add(fault);
        }
        Report {
            entries: self.tree.size(),
            erased: self.erased,
            root: self.tree.root(),
            first_fault: self.found.first,
            faults: self.found.kept,
            faults_found: self.found.all,
            tail_proven: verdict.proven_to.is_some() && !cut,
            tail_proven_to: verdict.proven_to,
            checkpoints_checked: verdict.held,
            checkpoints_set_aside: verdict.set_aside,
            restores: verdict.restores,
        }
    }

    fn note_root(&mut self) {
        if self.sizes.last() == Some(&self.tree.size()) {
            self.sizes.pop();
            self.roots.push((self.tree.size(), self.tree.root()));
        }
    }
}

impl Found {
    fn add(&mut self, fault: Fault) {
        self.all += 1;
        let earlier = match (&self.first, fault.index) {
            (None, _) => true,
            (Some(first), Some(index)) => first.index.is_none_or(|known| index < known),
            (Some(_), None) => false,
        };
        if earlier {
            self.first = Some(fault.clone());
        }
        if self.kept.len() < FAULTS_MAX {
            self.kept.push(fault);
        }
    }

    /// A fault of the entries from its index to `end`: when another fault names one of them, that one names it better.
    fn add_explained(&mut self, mut fault: Fault, end: u64) {
        let named = self.first.as_ref().and_then(|first| first.index);
        if named.zip(fault.index).is_some_and(|(named, start)| (start..end).contains(&named)) {
            fault.index = None;
        }
        self.add(fault);
    }
}

#[cfg(test)]
mod tests;
