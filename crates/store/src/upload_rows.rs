//! The rows of uploads: where each stands, and what is staged and made visible.

use crate::rows::{ContactRow, GroupId, PlanRow};
use cpis_model::Timestamp;
use cpis_model::codes::FileCode;
use cpis_model::entry::PersonId;
use cpis_model::organisation::AuthorityCode;
use cpis_model::upload::Series;

/// What an authority has sent so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UploadState {
    /// The last of the authority's own sequence numbers that took effect or was given up.
    pub last: Option<u64>,
    /// The last of the numbers that the service gave whose file took effect.
    pub last_assigned: Option<u64>,
    /// Numbers that wait, rising.
    pub waiting: Vec<u64>,
    /// When the last file took effect.
    pub last_at: Option<Timestamp>,
}

impl UploadState {
    /// The last number of a series that took effect or was given up.
    pub fn last_of(&self, series: Series) -> Option<u64> {
        match series {
            Series::Sent => self.last,
            Series::Assigned => self.last_assigned,
        }
    }

    /// Whether nothing but the file itself holds up a number that waits, or it is one that the service gave.
    pub fn is_due(&self, sequence: u64) -> bool {
        Series::of(sequence) == Series::Assigned || self.is_next(sequence)
    }

    /// The number that the service gives the next file.
    pub fn next_assigned(&self) -> u64 {
        let waiting = self.waiting.iter().copied().filter(|&number| Series::of(number) == Series::Assigned);
        waiting.chain(self.last_assigned).max().map_or(Series::Assigned.bounds().0, |last| last + 1)
    }

    /// Whether a number that waits is the next of its series, so that nothing of its series is missing before it. An authority's
    /// first file may have any number: of several that wait it is the lowest.
    pub fn is_next(&self, sequence: u64) -> bool {
        let series = Series::of(sequence);
        let lower = |number: &u64| Series::of(*number) == series && *number < sequence;
        match self.last_of(series) {
            Some(last) => sequence == last + 1,
            None if series == Series::Sent => !self.waiting.iter().any(lower),
            None => sequence == series.bounds().0,
        }
    }

    /// The first number of the authority's own that neither took effect nor waits, before one of them. Before the first file
    /// nothing is missing.
    pub fn missing_before(&self, sequence: u64) -> Option<u64> {
        (self.last? + 1..sequence).find(|number| !self.waiting.contains(number))
    }
}

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadStatus {
    /// A file before it is missing.
    WaitsForGap,
    /// Demographics was away.
    WaitsForDemographics,
    /// It is being processed, or will be after a restart.
    Processing,
    /// It took effect, or nothing in it could.
    Done,
    /// Its number was given up.
    Skipped,
}

impl UploadStatus {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::WaitsForGap, Self::WaitsForDemographics, Self::Processing, Self::Done, Self::Skipped];

    /// The number under which it is stored.
    pub fn number(self) -> u8 {
        match self {
            Self::WaitsForGap => 1,
            Self::WaitsForDemographics => 2,
            Self::Processing => 3,
            Self::Done => 4,
            Self::Skipped => 5,
        }
    }

    /// The status of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.number() == number)
    }
}

/// An upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRow {
    /// Authority.
    pub authority: AuthorityCode,
    /// Sequence number.
    pub sequence: u64,
    /// SHA-256 of the file.
    pub checksum: [u8; 32],
    /// Where it stands.
    pub status: UploadStatus,
    /// What became of it.
    pub code: Option<FileCode>,
    /// When it was received.
    pub received: Timestamp,
    /// The key of the raw file, wrapped; `None` once destroyed.
    pub file_key: Option<Vec<u8>>,
    /// The acknowledgement, sealed under the file's key, since it returns rejected records.
    pub acknowledgement: Option<Vec<u8>>,
    /// Sealed: who sent it.
    pub sender: Vec<u8>,
}

/// A slice of an upload to stage.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// Number of the slice, from 0.
    pub number: u32,
    /// Ordinal of its first entry in the group.
    pub first_ordinal: u32,
    /// Framed, sealed entries.
    pub body: Vec<u8>,
    /// One leaf hash an entry.
    pub leaves: Vec<[u8; 32]>,
    /// New plan versions.
    pub plans: Vec<(PersonId, PlanRow)>,
    /// New numbers of the authority.
    pub contact: Option<ContactRow>,
}

/// Makes a staged upload visible.
#[derive(Clone, Debug)]
pub struct Flip {
    /// The staged group.
    pub group: GroupId,
    /// The authority's last sequence number that must stand.
    pub expected_last: Option<u64>,
    /// The upload as it is to be saved, with its acknowledgement.
    pub upload: UploadRow,
    /// How many entries are staged.
    pub count: u32,
    /// Digest over their leaves.
    pub digest: [u8; 32],
    /// When.
    pub at: Timestamp,
}
