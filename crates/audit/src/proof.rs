//! Inclusion and consistency proofs (RFC 9162 §2.1.3, §2.1.4): made from tiles, verified from nothing but the proof.
//! The text in which a proof travels is in `proof_text`.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::leaf::{Hash, empty_root, node_hash};
use crate::tile::{ReadError, TILE_HEIGHT, TILE_WIDTH, Tile, TileReader, hashes_at};
use crate::tree::{SIZE_MAX, fold_right, root_of};

/// Why there is no proof, or why a proof does not hold.
#[derive(Debug, Error)]
pub enum ProofError {
    /// The question is about an entry or a size that the log has not.
    #[error("{asked} is not within a log of {size} entries")]
    OutOfRange {
        /// The index or the smaller size.
        asked: u64,
        /// The size of the log.
        size: u64,
    },
    /// The store has no such tile, or fewer hashes than the log's size asks for.
    #[error("{0} is missing or too short")]
    Tile(Tile),
    /// The store could not be read.
    #[error("a tile could not be read")]
    Read(#[source] ReadError),
    /// The proof does not lead from the given hash to the given root.
    #[error("the proof does not hold")]
    DoesNotHold,
}

/// Reads tiles out of a slice of leaves: for tests, small logs and the offline verifier. It hashes a whole tile's leaves
/// for each hash above level 0.
#[derive(Debug, Clone, Copy)]
pub struct LeafReader<'a>(pub &'a [Hash]);

impl TileReader for LeafReader<'_> {
    fn read(&self, tile: Tile) -> Result<Option<Vec<Hash>>, ReadError> {
        let span = 1_usize << (TILE_HEIGHT * u32::from(tile.level()));
        let first = tile.index() as usize * usize::from(TILE_WIDTH);
        let whole = self.0.chunks_exact(span).skip(first).take(usize::from(tile.width()));
        Ok(Some(whole.map(|leaves| root_of(leaves.iter().copied())).collect()))
    }
}

/// The hashes from the leaf's sibling up to the root's child that prove entry `index` in a log of `size` entries.
///
/// ```
/// use cpis_audit::{LeafReader, inclusion_proof, rfc6962_leaf, root_of, verify_inclusion};
/// let leaves = [b"a", b"b", b"c"].map(|entry| rfc6962_leaf(entry));
/// let proof = inclusion_proof(1, 3, &LeafReader(&leaves))?;
/// assert_eq!(proof, [leaves[0], leaves[2]]);
/// verify_inclusion(&leaves[1], 1, 3, &proof, &root_of(leaves))?;
/// # Ok::<(), cpis_audit::ProofError>(())
/// ```
pub fn inclusion_proof(index: u64, size: u64, reader: &impl TileReader) -> Result<Vec<Hash>, ProofError> {
    read_ranges(&inclusion_ranges(index, size)?, size, reader)
}

/// The hashes that prove that a log of `new` entries begins with the log of `old` entries.
///
/// ```
/// use cpis_audit::{LeafReader, consistency_proof, rfc6962_leaf, root_of, verify_consistency};
/// let leaves = [b"a", b"b", b"c"].map(|entry| rfc6962_leaf(entry));
/// let proof = consistency_proof(2, 3, &LeafReader(&leaves))?;
/// verify_consistency(2, &root_of(leaves[..2].iter().copied()), 3, &root_of(leaves), &proof)?;
/// # Ok::<(), cpis_audit::ProofError>(())
/// ```
pub fn consistency_proof(old: u64, new: u64, reader: &impl TileReader) -> Result<Vec<Hash>, ProofError> {
    read_ranges(&consistency_ranges(old, new)?, new, reader)
}

/// The tiles that [`inclusion_proof`] will read.
pub fn inclusion_tiles(index: u64, size: u64) -> Result<Vec<Tile>, ProofError> {
    Ok(tiles_of(&inclusion_ranges(index, size)?, size))
}

/// The tiles that [`consistency_proof`] will read.
pub fn consistency_tiles(old: u64, new: u64) -> Result<Vec<Tile>, ProofError> {
    Ok(tiles_of(&consistency_ranges(old, new)?, new))
}

/// Whether `leaf` is entry `index` of the log with this size and root (RFC 9162 §2.1.3.2).
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange { asked: index, size });
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::DoesNotHold);
        }
        if at % 2 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            (at, last) = skip_missing_right(at, last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        (at, last) = (at / 2, last / 2);
    }
    if last == 0 && hash == *root { Ok(()) } else { Err(ProofError::DoesNotHold) }
}

/// Whether the log `new` begins with the log `old` (RFC 9162 §2.1.4.2). Every log begins with the empty one, and a log with
/// itself; then the proof is empty.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::OutOfRange { asked: old_size, size: new_size });
    }
    if old_size == new_size || old_size == 0 {
        let same = if old_size == 0 { *old_root == empty_root() } else { true };
        let equal = old_size != new_size || old_root == new_root;
        return if same && equal && proof.is_empty() { Ok(()) } else { Err(ProofError::DoesNotHold) };
    }
    // an old log that is one complete subtree is its own first hash
    let (first, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(ProofError::DoesNotHold)?
    };
    let shift = (old_size - 1).trailing_ones();
    let (mut at, mut last) = ((old_size - 1) >> shift, (new_size - 1) >> shift);
    let (mut old, mut new) = (*first, *first);
    for hash in rest {
        if last == 0 {
            return Err(ProofError::DoesNotHold);
        }
        if at % 2 == 1 || at == last {
            old = node_hash(hash, &old);
            new = node_hash(hash, &new);
            (at, last) = skip_missing_right(at, last);
        } else {
            new = node_hash(&new, hash);
        }
        (at, last) = (at / 2, last / 2);
    }
    if last == 0 && old == *old_root && new == *new_root { Ok(()) } else { Err(ProofError::DoesNotHold) }
}

/// The node is the last of its level: climb to where it is a right child.
const fn skip_missing_right(at: u64, last: u64) -> (u64, u64) {
    if at == 0 {
        return (0, 0);
    }
    let shift = at.trailing_zeros();
    (at >> shift, last >> shift)
}

/// Leaves `from..to` whose subtree's root is one hash of a proof. `from` is a multiple of a power of two that is not less
/// than the length.
type Range = (u64, u64);

fn inclusion_ranges(index: u64, size: u64) -> Result<Vec<Range>, ProofError> {
    if index >= size || size > SIZE_MAX {
        return Err(ProofError::OutOfRange { asked: index, size });
    }
    let (mut from, mut to, mut ranges) = (0, size, Vec::new());
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            ranges.push((middle, to));
            to = middle;
        } else {
            ranges.push((from, middle));
            from = middle;
        }
    }
    ranges.reverse();
    Ok(ranges)
}

fn consistency_ranges(old: u64, new: u64) -> Result<Vec<Range>, ProofError> {
    if old > new || new > SIZE_MAX {
        return Err(ProofError::OutOfRange { asked: old, size: new });
    }
    let mut ranges = Vec::new();
    if old == 0 || old == new {
        return Ok(ranges);
    }
    let (mut from, mut to) = (0, new);
    while old < to {
        let middle = from + split(to - from);
        if old <= middle {
            ranges.push((middle, to));
            to = middle;
        } else {
            ranges.push((from, middle));
            from = middle;
        }
    }
    // the old log itself is known to the verifier; a piece of it is not
    if from > 0 {
        ranges.push((from, to));
    }
    ranges.reverse();
    Ok(ranges)
}

/// The largest power of two below `length`, which is at least 2.
const fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

/// The complete subtrees of a range, largest first, each as its tile, the first of its hashes there, and how many.
fn pieces((from, to): Range, size: u64) -> impl Iterator<Item = (Tile, usize, usize)> {
    let mut at = from;
    std::iter::from_fn(move || {
        let height = to.checked_sub(at)?.checked_ilog2()?;
        let (level, within) = ((height / TILE_HEIGHT) as u8, height % TILE_HEIGHT);
        let first = hashes_at(level, at);
        let tile = Tile::in_log(level, first / u64::from(TILE_WIDTH), size)?;
        at += 1 << height;
        Some((tile, (first % u64::from(TILE_WIDTH)) as usize, 1 << within))
    })
}

fn tiles_of(ranges: &[Range], size: u64) -> Vec<Tile> {
    let mut tiles: Vec<Tile> = ranges.iter().flat_map(|range| pieces(*range, size)).map(|(tile, ..)| tile).collect();
    tiles.sort_unstable();
    tiles.dedup();
    tiles
}

fn read_ranges(ranges: &[Range], size: u64, reader: &impl TileReader) -> Result<Vec<Hash>, ProofError> {
    let tiles = tiles_of(ranges, size);
    let stored = tiles.into_iter().map(|tile| Ok((tile, read_tile(tile, reader)?)));
    let stored: BTreeMap<Tile, Vec<Hash>> = stored.collect::<Result<_, ProofError>>()?;
    let mut proof = Vec::with_capacity(ranges.len());
    for range in ranges {
        let mut parts = Vec::new();
        for (tile, first, count) in pieces(*range, size) {
            let hashes = stored.get(&tile).and_then(|hashes| hashes.get(first..first + count));
            parts.push(root_of(hashes.ok_or(ProofError::Tile(tile))?.iter().copied()));
        }
        proof.push(fold_right(&parts));
    }
    Ok(proof)
}

pub(crate) fn read_tile(tile: Tile, reader: &impl TileReader) -> Result<Vec<Hash>, ProofError> {
    let hashes = reader.read(tile).map_err(ProofError::Read)?.unwrap_or_default();
    if hashes.len() < usize::from(tile.width()) { Err(ProofError::Tile(tile)) } else { Ok(hashes) }
}

#[cfg(test)]
mod tests;
