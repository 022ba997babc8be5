//! What we ask of a database, in the words of the domain. Each operation is atomic; the rules stay in `model` and `app`.
//!
//! A backend loads, lets a pure function decide, and saves. It sees sealed bytes only: no key, no name, no NHS number.
//! [`contract`] is the suite that every backend passes.

pub mod contract;
mod error;
pub mod fault;
mod mail;
pub mod migrations;
mod rows;
pub mod tables;
mod upload_rows;

pub use error::StoreError;
pub use mail::*;
pub use rows::*;
pub use upload_rows::*;

use async_trait::async_trait;
use cpis_model::access::AuthorKey;
use cpis_model::entry::PersonId;
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Timestamp, Uuid};

/// Decides, inside the one transaction that holds the sequence lock, what a group of entries is. Pure and quick: it unseals,
/// seals and hashes, and does no I/O.
pub type Decide = Box<dyn FnOnce(&Loaded) -> Group + Send>;

/// What is appended as one group.
pub struct Asked {
    /// The group's id.
    pub group: GroupId,
    /// Whom `decide` must know.
    pub numbers: Vec<NumberKeys>,
    /// Makes the group.
    pub decide: Decide,
}

/// Gathers what is appended when its turn at the database has come, so that a group holds whatever waits by then. `None`: nothing
/// waits any more. Quick, and without I/O.
pub type Gather = Box<dyn FnOnce() -> Option<Asked> + Send>;

/// The database.
#[async_trait]
pub trait Store: Mail + Send + Sync {
    // --- journal -------------------------------------------------------------------------------------------------

    /// Takes its turn and the sequence lock, loads who stands behind each number that was gathered, lets `decide` make the group,
    /// appends one journal row with its leaves and effects, and commits. Returns when the commit is on disk; `None` when nothing was
    /// gathered. A group without entries leaves no row.
    ///
    /// [`StoreError::OutcomeUnknown`]: ask [`Store::find_group`] before answering or repeating. After another error nothing may have
    /// been gathered yet.
    async fn append_gathered(&self, gather: Gather) -> Result<Option<Place>, StoreError>;

    /// How many appends may be on their way at once, so that the next one is at hand when the database has finished one.
    fn appends_max(&self) -> usize;

    /// How many accesses the applier saves at once while looks come: where they wait for it, few.
    fn saved_max(&self) -> usize;

    /// [`Store::append_gathered`] of what is known already.
    async fn append(&self, group: GroupId, numbers: Vec<NumberKeys>, decide: Decide) -> Result<Place, StoreError> {
        let place = self.append_gathered(Box::new(move || Some(Asked { group, numbers, decide }))).await?;
        place.ok_or_else(|| StoreError::Unavailable("nothing was gathered".into()))
    }

    /// Where a group was committed, if it was.
    async fn find_group(&self, group: GroupId) -> Result<Option<Place>, StoreError>;

    /// How many entries are committed.
    async fn size(&self) -> Result<u64, StoreError>;

    /// Rows that hold entries from `index` on, in order, until they hold `entries_max` (at least one row if there is any).
    /// Bodies of uploads are not loaded.
    async fn journal_from(&self, index: u64, entries_max: usize) -> Result<Vec<JournalRow>, StoreError>;

    /// The rows with these sequence numbers; one that is not there is left out.
    async fn journal_rows(&self, seqs: Vec<u64>) -> Result<Vec<JournalRow>, StoreError>;

    /// The stored body of an upload's group, slice by slice from `slice` on, at most `slices_max`.
    async fn upload_bodies(&self, group: GroupId, slice: u32, slices_max: u32) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Leaf hashes of a group from an ordinal on, at most `leaves_max`, with their ordinals.
    async fn leaves(&self, group: GroupId, ordinal: u32, leaves_max: u32) -> Result<Vec<(u32, [u8; 32])>, StoreError>;

    /// Leaf hashes of the entries from an index on, in order, at most `leaves_max`. One that is missing is left out.
    async fn leaves_from(&self, index: u64, leaves_max: u32) -> Result<Vec<[u8; 32]>, StoreError>;

    // --- derived ---------------------------------------------------------------------------------------------------

    /// What is derived for these people and the journal's tail that is not applied yet, from one snapshot. The tail holds at
    /// most `entries_max` entries.
    async fn accesses(&self, people: Vec<PersonId>, entries_max: usize) -> Result<AccessView, StoreError>;

    /// How far each derivation has come.
    async fn watermarks(&self) -> Result<Watermarks, StoreError>;

    /// What is not applied to lists and notices yet, from one snapshot: rows as [`Store::journal_from`] gives them.
    async fn not_applied(&self, entries_max: usize) -> Result<NotApplied, StoreError>;

    /// These people and what is derived for them, in their order, from one snapshot.
    async fn followed(&self, people: Vec<PersonId>) -> Result<Vec<Followed>, StoreError>;

    /// Saves what the entries `step.from..step.to` mean for lists and notices, if the watermark still is `step.from`
    /// ([`StoreError::Stale`] otherwise).
    async fn apply_looks(&self, step: LookStep) -> Result<(), StoreError>;

    /// Saves the growth of the Merkle tree, if its watermark still is `step.from` ([`StoreError::Stale`] otherwise).
    async fn apply_tree(&self, step: TreeStep) -> Result<(), StoreError>;

    /// The frontier of the tree as last saved: size and bytes.
    async fn tree(&self) -> Result<(u64, Vec<u8>), StoreError>;

    /// A tile of the tree.
    async fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// Signed checkpoints from a number on, at most `rows_max`.
    async fn checkpoints(&self, number: u64, rows_max: u32) -> Result<Vec<CheckpointRow>, StoreError>;

    // --- people ----------------------------------------------------------------------------------------------------

    /// Who stands behind each of `asked`, with their plans: for uploads, which decide before they take the lock.
    async fn find(&self, asked: Vec<NumberKeys>) -> Result<Vec<Vec<Found>>, StoreError>;

    /// Adds people; where somebody has the number already, they stay and their row is returned instead.
    async fn create_people(&self, people: Vec<NewPerson>) -> Result<Vec<PersonRow>, StoreError>;

    /// People in the order of their ids, after one of them.
    async fn people_after(&self, after: Option<PersonId>, rows_max: u32) -> Result<Vec<StoredPerson>, StoreError>;

    /// People by id; who is not there is left out.
    async fn people(&self, ids: Vec<PersonId>) -> Result<Vec<StoredPerson>, StoreError>;

    /// Saves re-sealed columns of people during a rotation. People erased meanwhile stay erased.
    async fn reseal_people(&self, people: Vec<StoredPerson>) -> Result<(), StoreError>;

    /// Second numbers of people, in stored order, after one of them.
    async fn aliases_after(&self, after: u64, rows_max: u32) -> Result<Vec<StoredAlias>, StoreError>;

    /// Saves re-sealed columns of second numbers.
    async fn reseal_aliases(&self, aliases: Vec<StoredAlias>) -> Result<(), StoreError>;

    /// All plan versions, staged ones left out, in stored order after one of them.
    async fn plans_after(&self, after: Option<PlanKey>, rows_max: u32) -> Result<Vec<(PersonId, PlanRow)>, StoreError>;

    /// All stored accesses in stored order, after one of them.
    async fn accesses_after(
        &self,
        after: Option<(PersonId, u64)>,
        rows_max: u32,
    ) -> Result<Vec<(PersonId, HeldAccess)>, StoreError>;

    /// The numbers of authorities that are in force, all versions of them.
    async fn contacts(&self) -> Result<Vec<ContactRow>, StoreError>;

    /// The sealed key of a month: the stored one, or `proposed` if there is none yet.
    async fn month_key(&self, month: u32, proposed: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, StoreError>;

    /// All months' keys.
    async fn month_keys(&self) -> Result<Vec<(u32, Vec<u8>)>, StoreError>;

    /// Saves re-sealed month keys.
    async fn reseal_month_keys(&self, keys: Vec<(u32, Vec<u8>)>) -> Result<(), StoreError>;

    // --- uploads ---------------------------------------------------------------------------------------------------

    /// What an authority has sent so far.
    async fn upload_state(&self, authority: AuthorityCode) -> Result<UploadState, StoreError>;

    /// One upload.
    async fn upload(&self, authority: AuthorityCode, sequence: u64) -> Result<Option<UploadRow>, StoreError>;

    /// Keeps a file that waits (for a missing one, for demographics, or to be processed); a waiting one with the same number
    /// is replaced. An accepted one is not: [`StoreError::Stale`].
    async fn keep_file(&self, upload: UploadRow, parts: Vec<Vec<u8>>) -> Result<(), StoreError>;

    /// The sealed parts of a kept file.
    async fn file_parts(&self, authority: AuthorityCode, sequence: u64) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Waiting uploads of all authorities, oldest first.
    async fn waiting(&self) -> Result<Vec<UploadRow>, StoreError>;

    /// Marks a group as being staged: nothing of it is visible until [`Store::flip`].
    async fn begin_staging(&self, group: GroupId, at: Timestamp) -> Result<(), StoreError>;

    /// Stages a slice of an upload.
    async fn stage(&self, group: GroupId, slice: Slice) -> Result<(), StoreError>;

    /// Makes a staged upload visible in one short transaction: takes the sequence lock, appends the journal row, saves the
    /// upload with its acknowledgement. [`StoreError::Stale`] if the authority's last sequence number is not
    /// `flip.expected_last` any more, or nothing is staged under the group.
    async fn flip(&self, flip: Flip) -> Result<Place, StoreError>;

    /// Removes what is staged under a group that was not flipped.
    async fn discard(&self, group: GroupId) -> Result<(), StoreError>;

    /// Groups whose staging began before a moment and that were not flipped.
    async fn stale_staging(&self, before: Timestamp) -> Result<Vec<GroupId>, StoreError>;

    /// Uploads of every status in the order of authority and number, after one of them.
    async fn uploads_after(
        &self,
        after: Option<(AuthorityCode, u64)>,
        rows_max: u32,
    ) -> Result<Vec<UploadRow>, StoreError>;

    /// Saves re-sealed columns of uploads during a rotation.
    async fn reseal_uploads(&self, uploads: Vec<UploadRow>) -> Result<(), StoreError>;

    /// Destroys the keys and parts of raw files received before a moment, of uploads that wait for nothing; says how many.
    async fn destroy_files(&self, before: Timestamp) -> Result<u64, StoreError>;

    // --- notices ---------------------------------------------------------------------------------------------------

    /// An authority's notices after a cursor, oldest first.
    async fn notices(&self, authority: AuthorityCode, after: u64, rows_max: u32) -> Result<Vec<NoticeRow>, StoreError>;

    /// An authority's notices before a cursor, newest first: those that are acknowledged, or those that are not.
    async fn notices_before(
        &self,
        authority: AuthorityCode,
        acknowledged: bool,
        before: u64,
        rows_max: u32,
    ) -> Result<Vec<NoticeRow>, StoreError>;

    /// All notices after a cursor.
    async fn notices_after(&self, after: u64, rows_max: u32) -> Result<Vec<NoticeRow>, StoreError>;

    /// Acknowledges an authority's notice, with who did it, sealed: the row as it is now, the first acknowledgement stands.
    /// `None`: no such notice of this authority.
    async fn acknowledge(
        &self,
        authority: AuthorityCode,
        id: Uuid,
        at: Timestamp,
        by: Vec<u8>,
    ) -> Result<Option<NoticeRow>, StoreError>;

    /// One of an authority's notices.
    async fn notice(&self, authority: AuthorityCode, id: Uuid) -> Result<Option<NoticeRow>, StoreError>;

    /// Reports by one author, newest first, before a cursor.
    async fn reports_by(&self, author: AuthorKey, before: u64, rows_max: u32) -> Result<Vec<NoticeRow>, StoreError>;

    /// Notices of looks by one reader, newest first, before a cursor.
    async fn looks_by(&self, reader: AuthorKey, before: u64, rows_max: u32) -> Result<Vec<NoticeRow>, StoreError>;

    /// Forgets of some notices before a moment whose looks they are of, and says of how many.
    async fn forget_readers(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Notices of looks before a moment that nobody acknowledged, of one authority or of all, oldest first.
    async fn overdue(
        &self,
        authority: Option<AuthorityCode>,
        before: Timestamp,
        rows_max: u32,
    ) -> Result<Vec<NoticeRow>, StoreError>;

    /// Age of the oldest notice that was not acknowledged, and how many there are.
    async fn unacknowledged(&self) -> Result<(u64, Option<Timestamp>), StoreError>;

    // --- local demographics ----------------------------------------------------------------------------------------

    /// Adds or replaces sealed rows of the local register.
    async fn register_put(&self, rows: Vec<RegisterRow>) -> Result<(), StoreError>;

    /// Sealed rows of the local register, in the order asked.
    async fn register_find(&self, asked: Vec<NumberKeys>) -> Result<Vec<Option<RegisterRow>>, StoreError>;

    /// Sealed rows of the local register with these digests of name, date of birth and sex, in stored order.
    async fn register_search(&self, search: NumberKeys, rows_max: u32) -> Result<Vec<RegisterRow>, StoreError>;

    /// Rows of the local register in stored order, after one of them.
    async fn register_after(&self, after: u64, rows_max: u32) -> Result<Vec<RegisterRow>, StoreError>;

    // --- organisations and doors ---------------------------------------------------------------------------------

    /// Versions of records of the register of organisations after one of them, in the order in which they were made.
    async fn organisations_after(&self, number: u64, rows_max: u32) -> Result<Vec<OrganisationRow>, StoreError>;

    /// Keeps something if its revision is one above the stored one's, or 1 where there is none or the stored one has ended by
    /// `now`. Says whether it did.
    async fn keep(&self, row: KeptRow, now: Timestamp) -> Result<bool, StoreError>;

    /// Something kept, also if it has ended and was not forgotten yet.
    async fn kept(&self, kind: KeptKind, id: [u8; 32]) -> Result<Option<KeptRow>, StoreError>;

    /// All that is kept of a kind, in the order of ids, after one of them.
    async fn kept_after(
        &self,
        kind: KeptKind,
        after: Option<[u8; 32]>,
        rows_max: u32,
    ) -> Result<Vec<KeptRow>, StoreError>;

    /// Forgets some of what is kept of a kind, and says how many.
    async fn forget(&self, kind: KeptKind, which: Forget) -> Result<u64, StoreError>;

    // --- the database itself ---------------------------------------------------------------------------------------

    /// Quarantined entries: index and why.
    async fn quarantined(&self) -> Result<Vec<(u64, String)>, StoreError>;

    /// Groups that have leaf rows or bodies of uploads but neither a journal row nor a staging: table and group.
    async fn orphans(&self) -> Result<Vec<(&'static str, i64)>, StoreError>;

    /// A small value of the installation, such as its name in checkpoints.
    async fn setting(&self, name: &'static str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Saves a small value of the installation.
    async fn set_setting(&self, name: &'static str, value: Vec<u8>) -> Result<(), StoreError>;

    /// Takes a lease or renews it: whether `holder` has it from now on for so many milliseconds of the database's clock. What
    /// only one node should do is done under one; what must not happen twice is held by the operation itself.
    async fn lease(&self, name: String, holder: u64, ms: u32) -> Result<bool, StoreError>;

    /// Gives a lease back. Another holder's stands.
    async fn end_lease(&self, name: String, holder: u64) -> Result<(), StoreError>;

    /// Returns when another node may have committed something, or after a while without. Never where there is no other node.
    async fn wake(&self);

    /// Makes room for what comes; to be called from time to time.
    async fn maintain(&self) -> Result<(), StoreError>;

    /// What an operator should know of the database: its version, its settings, its room.
    async fn examine(&self) -> Result<Vec<Finding>, StoreError>;

    /// Reads something cheap, so that readiness can say whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Finishes what is under way and closes files.
    async fn close(&self);
}

/// A backend as a whole: its operations, and its tables for what works on a whole database.
pub trait Database: Store + tables::Tables {}

impl<T: Store + tables::Tables> Database for T {}
