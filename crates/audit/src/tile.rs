//! Where the tree's hashes lie: tiles of 256 (C2SP tlog-tiles), their paths, which of them a growth touches, and the seam
//! through which proofs read them. Entry bundles are left out: entries are sealed and never published.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::leaf::Hash;
use crate::text::decimal;

/// Hashes in a full tile.
pub const TILE_WIDTH: u16 = 256;
/// Levels of the tree that one tile spans.
pub const TILE_HEIGHT: u32 = 8;
/// The highest level that a log of [`crate::SIZE_MAX`] entries can have.
pub const LEVEL_MAX: u8 = 7;

/// What a reader of tiles can fail with; it is passed on as the source of [`crate::ProofError::Read`].
pub type ReadError = Box<dyn Error + Send + Sync>;

/// The text or the numbers name no tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a tile of the log")]
pub struct TileError;

/// The place of a tile, and how many of its 256 hashes are meant.
///
/// ```
/// use cpis_audit::Tile;
/// let tile = Tile::new(0, 1_234_067, 256)?;
/// assert_eq!(tile.to_string(), "tile/0/x001/x234/067");
/// assert_eq!("tile/1/000.p/17".parse(), Tile::new(1, 0, 17));
/// # Ok::<(), cpis_audit::TileError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// A tile by its numbers; the width is 1 to 256.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, TileError> {
        let shift = TILE_HEIGHT * (u32::from(level) + 1);
        let last = crate::SIZE_MAX.checked_shr(shift).unwrap_or(0);
        let known = level <= LEVEL_MAX && index <= last && (1..=TILE_WIDTH).contains(&width);
        if known { Ok(Self { level, index, width }) } else { Err(TileError) }
    }

    /// The tile at this place in a log of `size` entries, or `None` when the log has not got that far.
    pub(crate) fn in_log(level: u8, index: u64, size: u64) -> Option<Self> {
        let left = hashes_at(level, size).checked_sub(index.checked_mul(u64::from(TILE_WIDTH))?)?;
        Self::new(level, index, left.min(u64::from(TILE_WIDTH)) as u16).ok()
    }

    /// 0 for leaves; a hash at level *n* + 1 is the root of a full tile at level *n*.
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// The place within the level, from 0.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes, 1 to 256.
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile will never change again.
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The path under which the tile is published, without prefix; the same as `Display`.
    pub fn path(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        let mut unit = 1;
        while self.index / unit >= 1000 {
            unit *= 1000;
        }
        while unit > 1 {
            write!(f, "x{:03}/", self.index / unit % 1000)?;
            unit /= 1000;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for Tile {
    type Err = TileError;

    fn from_str(path: &str) -> Result<Self, TileError> {
        let tile = read_path(path).ok_or(TileError)?;
        // one tile has one path: no leading zeros, no spare x000, no .p/256
        if tile.path() == path { Ok(tile) } else { Err(TileError) }
    }
}

/// Reads the hashes of tiles. A closure will do; a caller that reads asynchronously asks [`crate::inclusion_tiles`] or
/// [`crate::consistency_tiles`] first, fetches, and answers from what it has.
pub trait TileReader {
    /// The hashes of the tile, `None` when there is no such tile. More hashes than the width are welcome (the tile has
    /// grown since), fewer are a fault.
    fn read(&self, tile: Tile) -> Result<Option<Vec<Hash>>, ReadError>;
}

impl<F: Fn(Tile) -> Result<Option<Vec<Hash>>, ReadError>> TileReader for F {
    fn read(&self, tile: Tile) -> Result<Option<Vec<Hash>>, ReadError> {
        self(tile)
    }
}

/// The tiles that are new or wider in a log of `new` entries than they were in one of `old`, lowest level first.
///
/// ```
/// use cpis_audit::grown_tiles;
/// let paths: Vec<String> = grown_tiles(255, 257).map(|tile| tile.path()).collect();
/// assert_eq!(paths, ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]);
/// assert_eq!(grown_tiles(257, 257).count(), 0);
/// ```
pub fn grown_tiles(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    let width = u64::from(TILE_WIDTH);
    (0..=LEVEL_MAX).flat_map(move |level| {
        let (had, has) = (hashes_at(level, old), hashes_at(level, new));
        let tiles = if has > had { had / width..has.div_ceil(width) } else { 0..0 };
        tiles.filter_map(move |index| Tile::in_log(level, index, new))
    })
}

/// How many hashes a level of tiles has in a log of this size.
pub(crate) const fn hashes_at(level: u8, size: u64) -> u64 {
    match size.checked_shr(TILE_HEIGHT * level as u32) {
        Some(hashes) => hashes,
        None => 0,
    }
}

fn read_path(path: &str) -> Option<Tile> {
    let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let (place, width) = match rest.split_once(".p/") {
        Some((place, width)) => (place, decimal(width)?.try_into().ok()?),
        None => (rest, TILE_WIDTH),
    };
    let mut index = 0_u64;
    for part in place.split('/') {
        let digits = part.strip_prefix('x').unwrap_or(part);
        let number =
            if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse::<u64>().ok()? } else { return None };
        index = index.checked_mul(1000)?.checked_add(number)?;
    }
    Tile::new(decimal(level)?.try_into().ok()?, index, width).ok()
}

#[cfg(test)]
mod tests;
