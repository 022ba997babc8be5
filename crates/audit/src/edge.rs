//! Writes tiles while the log grows: the partial tiles of the right edge are held, a full tile is handed out as soon as its
//! last hash is there. Where tiles are kept is the caller's affair.

use crate::leaf::Hash;
use crate::proof::{ProofError, read_tile};
use crate::tile::{LEVEL_MAX, TILE_HEIGHT, TILE_WIDTH, Tile, TileReader, hashes_at};
use crate::tree::root_of;

/// The right edge of a log in tiles: at most 255 hashes for each level.
///
/// ```
/// use cpis_audit::{TileEdge, rfc6962_leaf};
/// let mut edge = TileEdge::new();
/// let mut written = Vec::new();
/// for n in 0..300_u16 {
///     edge.push(rfc6962_leaf(&n.to_be_bytes()), &mut |tile, _hashes| written.push(tile.path()));
/// }
/// written.extend(edge.partial().map(|(tile, _hashes)| tile.path()));
/// assert_eq!(written, ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TileEdge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl TileEdge {
    /// The edge of the empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of a log of `size` entries whose tiles are stored.
    pub fn load(size: u64, reader: &impl TileReader) -> Result<Self, ProofError> {
        let mut levels = Vec::new();
        for level in 0..=LEVEL_MAX {
            let hashes = hashes_at(level, size);
            if hashes == 0 {
                break;
            }
            let index = hashes / u64::from(TILE_WIDTH);
            let mut partial = match Tile::in_log(level, index, size) {
                Some(tile) => read_tile(tile, reader)?,
                None => Vec::new(),
            };
            partial.truncate((hashes % u64::from(TILE_WIDTH)) as usize);
            levels.push(partial);
        }
        Ok(Self { size, levels })
    }

    /// How many leaves the log has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf and hands each tile that it completes to `full`.
    pub fn push(&mut self, leaf: Hash, full: &mut impl FnMut(Tile, &[Hash])) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0..=LEVEL_MAX {
            let place = usize::from(level);
            if self.levels.len() <= place {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(place) else { return };
            hashes.push(hash);
            if hashes.len() < usize::from(TILE_WIDTH) {
                return;
            }
            let index = (self.size >> (TILE_HEIGHT * (u32::from(level) + 1))) - 1;
            if let Ok(tile) = Tile::new(level, index, TILE_WIDTH) {
                full(tile, hashes);
            }
            hash = root_of(hashes.drain(..));
        }
    }

    /// The partial tiles as they stand, to be written when a batch of leaves is in.
    pub fn partial(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        self.levels.iter().zip(0_u8..).filter_map(|(hashes, level)| {
            let index = hashes_at(level, self.size) / u64::from(TILE_WIDTH);
            // an empty tile is none: `new` refuses width 0
            Tile::new(level, index, hashes.len() as u16).ok().map(|tile| (tile, hashes.as_slice()))
        })
    }
}

#[cfg(test)]
mod tests;
