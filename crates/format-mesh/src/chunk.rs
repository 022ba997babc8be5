//! Which chunk of how many.

use crate::header::{Headers, names};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Most chunks of a message.
pub const CHUNKS_MAX: u32 = 10_000;
/// Longest range in characters.
const RANGE_CHARS_MAX: usize = 20;

/// Why a chunk is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ChunkFault {
    /// The range is absent, or no range.
    #[error("Mex-Chunk-Range must be a:b in digits, with 0 < a <= b")]
    Range,
    /// Too many chunks.
    #[error("a message has at most 10000 chunks")]
    TooMany,
    /// The first request is not about the first chunk.
    #[error("the first request must carry chunk 1")]
    NotFirst,
    /// The range says another number than the path.
    #[error("Mex-Chunk-Range names another chunk than the path")]
    Number,
    /// The range says another total than that of chunk 1.
    #[error("Mex-Chunk-Range names another number of chunks than that of chunk 1")]
    Total,
    /// The last chunk came while an earlier one is missing.
    #[error("the last chunk came before chunk {0}: send that first")]
    Missing(u32),
}

/// The number of a chunk and how many there are, written `1:3`. The number is at least 1 and at most the total.
///
/// ```
/// use cpis_format_mesh::ChunkRange;
/// let range: ChunkRange = "2:3".parse().unwrap();
/// assert_eq!((range.number(), range.total(), range.is_last()), (2, 3, false));
/// assert!("1:0".parse::<ChunkRange>().is_err());
/// assert_eq!(ChunkRange::parse_received("1:0"), Ok(ChunkRange::WHOLE));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChunkRange {
    number: u32,
    total: u32,
}

impl ChunkRange {
    /// A message in one piece.
    pub const WHOLE: Self = Self { number: 1, total: 1 };

    /// A range.
    pub fn new(number: u32, total: u32) -> Result<Self, ChunkFault> {
        match (number, total) {
            (1.., ..=CHUNKS_MAX) if number <= total => Ok(Self { number, total }),
            (_, ..=CHUNKS_MAX) => Err(ChunkFault::Range),
            _ => Err(ChunkFault::TooMany),
        }
    }

    /// Reads what a server says of a message that is collected: some say `1:0` of a report.
    pub fn parse_received(text: &str) -> Result<Self, ChunkFault> {
        if text.trim() == "1:0" { Ok(Self::WHOLE) } else { text.parse() }
    }

    /// What a request's or an answer's `Mex-Chunk-Range` says; nothing where it is absent.
    pub fn of(headers: &Headers) -> Option<&str> {
        headers.get(names::CHUNK_RANGE)
    }

    /// The number of the chunk, from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many chunks there are.
    pub fn total(self) -> u32 {
        self.total
    }

    /// Whether it is the last chunk.
    pub fn is_last(self) -> bool {
        self.number == self.total
    }
}

impl FromStr for ChunkRange {
    type Err = ChunkFault;

    fn from_str(text: &str) -> Result<Self, ChunkFault> {
        let text = text.trim();
        let number = |part: &str| {
            let is_number = !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
            // What has more digits than fit is too large in any case.
            is_number.then(|| part.parse().unwrap_or(u32::MAX))
        };
        let (a, b) = text.split_once(':').filter(|_| text.len() <= RANGE_CHARS_MAX).ok_or(ChunkFault::Range)?;
        let (Some(a), Some(b)) = (number(a), number(b)) else { return Err(ChunkFault::Range) };
        Self::new(a, b)
    }
}

impl fmt::Display for ChunkRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.total)
    }
}
