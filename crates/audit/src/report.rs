//! What the offline verifier found, in words: faults with the entry and the group that they name, restores, and how far the
//! tail is proven. Finding them is in `verify` and `judge`.

use std::fmt;

use crate::checkpoint::Epoch;
use crate::expected::CheckpointSource;
use crate::leaf::Hash;

/// Faults that are kept; those beyond are only counted.
pub const FAULTS_MAX: usize = 1000;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The first entry that it touches, from 0.
    pub index: Option<u64>,
    /// The group (journal row) in which it was found, from 1.
    pub seq: Option<u64>,
    /// What is wrong.
    pub what: FaultKind,
}

/// The kinds of fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The groups are not numbered one after another.
    SeqGap {
        /// The number that had to follow.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// The group does not begin where the one before it ended.
    IndexGap {
        /// The entry that had to follow.
        expected: u64,
        /// The entry that came.
        found: u64,
    },
    /// The group has more or fewer entries than it says.
    CountWrong {
        /// What the group says.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// The entry has no stored leaf.
    LeafMissing,
    /// The stored leaf is not the hash of the entry.
    LeafMismatch,
    /// The digest of the group is not that of its leaves.
    DigestMismatch,
    /// The entry cannot be opened, and no erasure explains it.
    EntryUnreadable,
    /// The tree has another root than a checkpoint says.
    RootMismatch {
        /// The size of the checkpoint.
        size: u64,
        /// The size of the last checkpoint before it that holds, or 0.
        after: u64,
        /// Where the checkpoint came from.
        from: CheckpointSource,
    },
    /// A checkpoint that may not be believed.
    CheckpointSignature {
        /// Where it came from.
        from: CheckpointSource,
        /// Where it begins in the file, when it came from one.
        line: Option<usize>,
        /// Why.
        what: String,
    },
    /// A checkpoint speaks of more entries than there are.
    TailCut {
        /// How many entries there are.
        have: u64,
        /// How many the checkpoint has.
        expected: u64,
        /// Where the checkpoint came from.
        from: CheckpointSource,
    },
    /// The caller found that a derived table does not follow from the journal.
    Derived {
        /// The table.
        table: &'static str,
        /// The row, by its id.
        row: String,
        /// What is wrong.
        what: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.index, self.seq) {
            (Some(index), Some(seq)) => write!(f, "entry {index} (group {seq}): {}", self.what),
            (Some(index), None) => write!(f, "entry {index}: {}", self.what),
            (None, Some(seq)) => write!(f, "group {seq}: {}", self.what),
            (None, None) => self.what.fmt(f),
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SeqGap { expected, found } => write!(f, "group {expected} should follow, not group {found}"),
            Self::IndexGap { expected, found } => write!(f, "entry {expected} should follow, not entry {found}"),
            Self::CountWrong { expected, found } => {
                write!(f, "the group says that it has {expected} entries and has {found}")
            }
            Self::LeafMissing => f.write_str("there is no stored leaf"),
            Self::LeafMismatch => f.write_str("the stored leaf does not match the entry"),
            Self::DigestMismatch => f.write_str("the digest of the group does not match its leaves"),
            Self::EntryUnreadable => f.write_str("the entry cannot be opened and no erasure explains it"),
            Self::RootMismatch { size, after, from } if size == after => {
                write!(f, "two signed checkpoints of {size} entries differ, and the one {from} is not of this log")
            }
            Self::RootMismatch { size, after, from } => write!(
                f,
                "the root of the first {size} entries is not that of the checkpoint {from}: \
                 an entry from {after} to {} was altered, removed or moved",
                size.saturating_sub(1)
            ),
            Self::CheckpointSignature { from, line: Some(line), what } => {
                write!(f, "a checkpoint {from}, line {line}, cannot be believed: {what}")
            }
            Self::CheckpointSignature { from, line: None, what } => {
                write!(f, "a checkpoint {from} cannot be believed: {what}")
            }
            Self::TailCut { have, expected, from } => {
                write!(f, "the log ends after {have} entries, but a checkpoint {from} has {expected}: the tail was cut")
            }
            Self::Derived { table, row, what } => write!(f, "table {table}, row {row}: {what}"),
        }
    }
}

/// A signed restore to an earlier point: what was written after that point is declared lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restore {
    /// The log went on from this size.
    pub at: u64,
    /// The epoch that began, and the tip that was lost.
    pub epoch: Epoch,
}

/// What a whole verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many entries were read.
    pub entries: u64,
    /// How many of them were erased by an entry that says so.
    pub erased: u64,
    /// The root of the tree.
    pub root: Hash,
    /// The fault that touches the earliest entry; the first one found, when none touches an entry.
    pub first_fault: Option<Fault>,
    /// The faults in the order in which they were found, at most [`FAULTS_MAX`].
    pub faults: Vec<Fault>,
    /// How many there were in all.
    pub faults_found: u64,
    /// Whether a checkpoint from outside shows that no tail was cut before [`Report::tail_proven_to`].
    pub tail_proven: bool,
    /// The largest size that a checkpoint from outside confirms.
    pub tail_proven_to: Option<u64>,
    /// Checkpoints that hold.
    pub checkpoints_checked: u64,
    /// Checkpoints of entries that a signed restore declares lost.
    pub checkpoints_set_aside: u64,
    /// The signed restores.
    pub restores: Vec<Restore>,
}

impl Report {
    /// Whether nothing was altered, removed or reordered. Says nothing of a cut tail unless [`Report::tail_proven`].
    pub const fn is_clean(&self) -> bool {
        self.faults_found == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} entries, {} of them erased", self.entries, self.erased)?;
        writeln!(f, "{} checkpoints hold", self.checkpoints_checked)?;
        for Restore { at, epoch } in &self.restores {
            let (number, old) = (epoch.number, epoch.old_size);
            writeln!(
                f,
                "the log was restored to {at} entries from {old}: epoch {number} began and later entries were lost"
            )?;
        }
        if self.checkpoints_set_aside > 0 {
            writeln!(f, "{} checkpoints are of entries that a restore lost", self.checkpoints_set_aside)?;
        }
        match self.tail_proven_to {
            Some(size) => writeln!(f, "a checkpoint from outside proves that no tail was cut up to {size} entries")?,
            None => writeln!(f, "without a checkpoint from outside nobody can tell whether a tail was cut")?,
        }
        match &self.first_fault {
            None => writeln!(f, "no faults"),
            Some(first) => {
                writeln!(f, "{} faults, the first one: {first}", self.faults_found)?;
                self.faults.iter().try_for_each(|fault| writeln!(f, "  {fault}"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
