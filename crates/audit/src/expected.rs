//! The checkpoints that a verification is to be held against, collected before it begins because the tree's root must be
//! noted at their sizes. Comparing is in `judge`.

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError, parse_signed};
use crate::checkpoint_file::read_file;
use crate::key::VerifyingKey;
use crate::report::{Fault, FaultKind};

/// Where a checkpoint came from, and so what it can prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckpointSource {
    /// The database that is being verified.
    Database,
    /// The file beside the database.
    File,
    /// Somewhere that the operator of the log cannot reach: only this proves that no tail was cut.
    Outside,
}

impl fmt::Display for CheckpointSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "in the database",
            Self::File => "in the file",
            Self::Outside => "from outside",
        })
    }
}

/// One checkpoint to be held against the tree.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) from: CheckpointSource,
    /// The order in which it was added: within a file, the order in which it was written.
    pub(crate) order: usize,
}

/// The checkpoints of a verification; those that may not be believed become faults.
#[derive(Debug, Default)]
pub struct Checkpoints {
    keys: Vec<VerifyingKey>,
    pub(crate) expected: Vec<Expected>,
    pub(crate) faults: Vec<Fault>,
}

impl Checkpoints {
    /// None yet; `keys` are the log's own, old ones included.
    pub fn new(keys: Vec<VerifyingKey>) -> Self {
        Self { keys, ..Self::default() }
    }

    /// A checkpoint whose signature the caller has checked.
    pub fn add(&mut self, checkpoint: Checkpoint, from: CheckpointSource) {
        let order = self.expected.len();
        self.expected.push(Expected { checkpoint, from, order });
    }

    /// A signed note.
    pub fn add_signed(&mut self, note: &str, from: CheckpointSource) {
        match parse_signed(note, &self.keys) {
            Ok(checkpoint) => self.add(checkpoint, from),
            Err(error) => self.distrust(from, None, error),
        }
    }

    /// A file of signed notes in the order in which they were written (`checkpoint_file`).
    pub fn add_file(&mut self, text: &str, from: CheckpointSource) {
        let records: Vec<_> = read_file(text, &self.keys).collect();
        for record in records {
            match record {
                Ok(checkpoint) => self.add(checkpoint, from),
                Err(fault) => self.distrust(from, Some(fault.line), fault.error),
            }
        }
    }

    fn distrust(&mut self, from: CheckpointSource, line: Option<usize>, error: CheckpointError) {
        let what = FaultKind::CheckpointSignature { from, line, what: error.to_string() };
        self.faults.push(Fault { index: None, seq: None, what });
    }
}
