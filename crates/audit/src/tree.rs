//! The growing tree without its leaves: the frontier of complete subtrees, enough to append and to tell the root.
//! Proofs need inner hashes as well; those are in tiles (`tile`, `edge`).

use thiserror::Error;

use crate::leaf::{Hash, empty_root, node_hash};

/// The largest log this crate speaks of: what a signed 64-bit column can hold.
pub const SIZE_MAX: u64 = i64::MAX as u64;

/// What is wrong with a stored frontier: it was damaged, so the operator rebuilds it from the leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TreeError {
    /// The size is beyond [`SIZE_MAX`].
    #[error("a log of {0} entries is too large")]
    TooLarge(u64),
    /// The number of hashes does not follow from the size.
    #[error("a log of {size} entries has {expected} complete subtrees, not {found}")]
    Hashes {
        /// The size that was given.
        size: u64,
        /// How many hashes the size asks for.
        expected: u32,
        /// How many there were.
        found: usize,
    },
    /// The bytes are not a size and whole hashes.
    #[error("the bytes of the frontier are cut or padded")]
    Shape,
}

/// The complete subtrees of a log, largest first: one hash for each set bit of the size.
///
/// ```
/// use cpis_audit::{CompactRange, rfc6962_leaf, root_of};
/// let leaves = [b"a", b"b", b"c"].map(|entry| rfc6962_leaf(entry));
/// let mut range = CompactRange::new();
/// range.extend(leaves);
/// assert_eq!((range.size(), range.parts().len()), (3, 2));
/// assert_eq!(range.root(), root_of(leaves));
/// assert_eq!(CompactRange::from_bytes(&range.to_bytes()), Ok(range));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    nodes: Vec<Hash>,
}

impl CompactRange {
    /// The frontier of the empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// A frontier that was stored as size and hashes, largest subtree first.
    pub fn from_parts(size: u64, nodes: Vec<Hash>) -> Result<Self, TreeError> {
        if size > SIZE_MAX {
            return Err(TreeError::TooLarge(size));
        }
        let expected = size.count_ones();
        if nodes.len() != expected as usize {
            return Err(TreeError::Hashes { size, expected, found: nodes.len() });
        }
        Ok(Self { size, nodes })
    }

    /// Appends one leaf: at most one hash for each level of the tree, two hashes a leaf on average.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            // one node for each set bit, so there is one to pop for each trailing one
            if let Some(left) = self.nodes.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.nodes.push(node);
        self.size += 1;
    }

    /// How many leaves were appended.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The complete subtrees, largest first.
    pub fn parts(&self) -> &[Hash] {
        &self.nodes
    }

    /// The root of the log at this size.
    pub fn root(&self) -> Hash {
        fold_right(&self.nodes)
    }

    /// Size (eight bytes, big end first), then the hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + 32 * self.nodes.len());
        bytes.extend_from_slice(&self.size.to_be_bytes());
        bytes.extend(self.nodes.iter().flatten());
        bytes
    }

    /// The strict reverse of [`CompactRange::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TreeError> {
        let (size, hashes) = bytes.split_first_chunk::<8>().ok_or(TreeError::Shape)?;
        let (hashes, rest) = hashes.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(TreeError::Shape);
        }
        Self::from_parts(u64::from_be_bytes(*size), hashes.to_vec())
    }
}

impl Extend<Hash> for CompactRange {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, leaves: I) {
        for leaf in leaves {
            self.push(leaf);
        }
    }
}

impl FromIterator<Hash> for CompactRange {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut range = Self::new();
        range.extend(leaves);
        range
    }
}

/// The root of a log with these leaves.
///
/// ```
/// use cpis_audit::{empty_root, root_of};
/// assert_eq!(root_of([]), empty_root());
/// assert_eq!(root_of([[9; 32]]), [9; 32]);
/// ```
pub fn root_of(leaves: impl IntoIterator<Item = Hash>) -> Hash {
    leaves.into_iter().collect::<CompactRange>().root()
}

/// Joins neighbouring subtrees, largest first, to their root.
pub(crate) fn fold_right(nodes: &[Hash]) -> Hash {
    let mut nodes = nodes.iter().rev();
    nodes.next().map_or_else(empty_root, |last| nodes.fold(*last, |right, left| node_hash(left, &right)))
}

#[cfg(test)]
mod tests;
