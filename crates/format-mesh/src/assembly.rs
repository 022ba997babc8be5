//! How a message comes together from its chunks: each chunk is judged, and nothing is complete while one is missing.

use crate::chunk::{ChunkFault, ChunkRange};
use crate::encoding::ContentEncoding;
use crate::fault::MeshFault;
use std::collections::BTreeSet;

/// What a chunk that is taken does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is kept; more are due. One that was there before is replaced.
    Stored,
    /// It was the last: the message is complete.
    Complete,
}

/// A message under way. The last chunk is taken only when all others are there, since a message with a gap must never be
/// delivered; it completes the message, and after that nothing is taken.
///
/// ```
/// use cpis_format_mesh::{Assembly, ContentEncoding, MeshFault, Progress};
/// let mut assembly = Assembly::begin(Some("1:3"), Some("gzip")).unwrap();
/// assert!(assembly.accept(3, Some("3:3"), None).is_err());
/// assert_eq!(assembly.accept(2, Some("2:3"), None), Ok(Progress::Stored));
/// assert_eq!(assembly.accept(3, Some("3:3"), None), Ok(Progress::Complete));
/// assert_eq!(assembly.accept(3, Some("3:3"), None), Err(MeshFault::Complete));
/// assert_eq!(assembly.encoding(), ContentEncoding::Gzip);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembly {
    total: u32,
    encoding: ContentEncoding,
    have: BTreeSet<u32>,
}

impl Assembly {
    /// Begins with the first request, by its `Mex-Chunk-Range` and its `Content-Encoding`. Without a range it is the whole.
    pub fn begin(range: Option<&str>, encoding: Option<&str>) -> Result<Self, MeshFault> {
        let encoding = ContentEncoding::parse(encoding)?.unwrap_or(ContentEncoding::Identity);
        let range =
            range.map_or(Ok(ChunkRange::WHOLE), str::parse::<ChunkRange>).map_err(MeshFault::InvalidHeaderChunks)?;
        if range.number() != 1 {
            return Err(MeshFault::InvalidHeaderChunks(ChunkFault::NotFirst));
        }
        Ok(Self { total: range.total(), encoding, have: BTreeSet::from([1]) })
    }

    /// As it was stored.
    pub fn restore(total: u32, encoding: ContentEncoding, have: impl IntoIterator<Item = u32>) -> Self {
        let have = have.into_iter().filter(|number| (1..=total).contains(number)).collect();
        Self { total, encoding, have }
    }

    /// How many chunks the message has.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// How the chunks are encoded.
    pub fn encoding(&self) -> ContentEncoding {
        self.encoding
    }

    /// Whether all chunks are there.
    pub fn is_complete(&self) -> bool {
        self.have.len() == self.total as usize
    }

    /// The first chunk that is missing.
    pub fn first_missing(&self) -> Option<u32> {
        self.missing_before(self.total.saturating_add(1))
    }

    /// What a chunk would do, before its body is read: by the number in the path, `Mex-Chunk-Range` and `Content-Encoding`.
    pub fn judge(&self, path_number: u32, range: Option<&str>, encoding: Option<&str>) -> Result<Progress, MeshFault> {
        let refused = |fault| Err(MeshFault::InvalidHeaderChunks(fault));
        let encoding = ContentEncoding::parse(encoding)?;
        let range = match range.map(str::parse::<ChunkRange>) {
            Some(Ok(range)) => range,
            Some(Err(fault)) => return refused(fault),
            None => return refused(ChunkFault::Range),
        };
        if range.number() != path_number {
            return refused(ChunkFault::Number);
        }
        if self.is_complete() {
            return Err(MeshFault::Complete);
        }
        if path_number > self.total {
            return Err(MeshFault::ChunkBeyondTotal);
        }
        if range.total() != self.total {
            return refused(ChunkFault::Total);
        }
        if encoding.is_some_and(|encoding| encoding != self.encoding) {
            return Err(MeshFault::EncodingChanged);
        }
        if range.is_last()
            && let Some(missing) = self.missing_before(path_number)
        {
            return refused(ChunkFault::Missing(missing));
        }
        let have = self.have.len() + usize::from(!self.have.contains(&path_number));
        Ok(if have == self.total as usize { Progress::Complete } else { Progress::Stored })
    }

    /// Judges a chunk and takes it.
    pub fn accept(
        &mut self,
        path_number: u32,
        range: Option<&str>,
        encoding: Option<&str>,
    ) -> Result<Progress, MeshFault> {
        let progress = self.judge(path_number, range, encoding)?;
        self.have.insert(path_number);
        Ok(progress)
    }

    /// The first chunk before this one that is missing.
    fn missing_before(&self, end: u32) -> Option<u32> {
        let gap = (1..end).zip(&self.have).find(|(due, own)| due != *own).map(|(due, _)| due);
        let after = self.have.len() as u32 + 1;
        gap.or_else(|| Some(after).filter(|after| *after < end))
    }
}
