//! The rows and values that travel between `app` and a backend. Sealed columns are bytes here.

use cpis_model::access::{Access, Accesses, AuthorKey, Owed};
use cpis_model::entry::{HiddenFor, PersonId};
use cpis_model::organisation::{AuthorityCode, Contact};
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::{Date, Timestamp, Uuid};
use std::collections::HashMap;

/// The unique id of a group of entries, made before the commit is tried: milliseconds and random bits, positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub i64);

/// Where a group stands in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Sequence number of the row, from 1 without gaps.
    pub seq: u64,
    /// Index of the group's first entry, from 0 without gaps.
    pub first_index: u64,
    /// How many entries the group has.
    pub count: u32,
}

/// A keyed digest of an NHS number, by which it is found.
pub type NumberKey = [u8; 16];

/// The digests of one number under the key of each of the two look-up columns. During a rotation both are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct NumberKeys {
    /// For column a, if the key ring has a key for it.
    pub a: Option<NumberKey>,
    /// For column b.
    pub b: Option<NumberKey>,
}

/// What [`crate::Store::append`] loaded under the lock.
#[derive(Debug)]
pub struct Loaded {
    /// Where the group will stand.
    pub seq: u64,
    /// Index of its first entry.
    pub first_index: u64,
    /// Who stands behind each number asked for, in order: nobody, one person, or several after a merge.
    pub found: Vec<Vec<Found>>,
    /// How to reach the authorities of the plans found.
    pub contacts: HashMap<AuthorityCode, ContactRow>,
}

/// A person who stands behind a number, with their plans.
#[derive(Clone, Debug)]
pub struct Found {
    /// The person.
    pub person: PersonRow,
    /// Under which of their numbers they were found.
    pub via: Via,
    /// The latest version of each of their plans that is in force, whether visible today or not.
    pub plans: Vec<PlanRow>,
}

/// Under which number a person was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Their own, until a day if it was superseded.
    Own(Option<Date>),
    /// Another one since a merge, until a day if that one was superseded.
    Alias(Option<Date>),
}

/// A person without their number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRow {
    /// Surrogate.
    pub id: PersonId,
    /// The data key, wrapped by the key ring; `None` once erased.
    pub data_key: Option<Vec<u8>>,
    /// Hidden from view.
    pub hidden: Option<HiddenFor>,
}

/// A person to add.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// Surrogate, random.
    pub id: PersonId,
    /// Digests of the number.
    pub keys: NumberKeys,
    /// The number, sealed.
    pub number: Vec<u8>,
    /// The data key, wrapped.
    pub data_key: Vec<u8>,
}

/// A whole row of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPerson {
    /// The person.
    pub row: PersonRow,
    /// Digests of the number; both empty once erased.
    pub keys: NumberKeys,
    /// The number, sealed; `None` once erased.
    pub number: Option<Vec<u8>>,
    /// The last day on which the own number finds the person, once superseded.
    pub own_until: Option<Date>,
}

/// A second number of a person since a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAlias {
    /// Place in the table; 0 for a new one.
    pub id: u64,
    /// Digests of the number.
    pub keys: NumberKeys,
    /// The number, sealed under the person's key.
    pub number: Vec<u8>,
    /// Whom it finds.
    pub person: PersonId,
    /// The last day on which it does, if it was superseded itself.
    pub until: Option<Date>,
}

/// A version of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRow {
    /// The plan.
    pub id: Uuid,
    /// Version, from 1.
    pub version: u32,
    /// Authority.
    pub authority: AuthorityCode,
    /// Kind.
    pub kind: PlanKind,
    /// Dates.
    pub dates: PlanDates,
    /// The person as the authority describes them, sealed under the person's key.
    pub details: Vec<u8>,
    /// The group by which it came.
    pub group: GroupId,
}

/// Key of a plan version in stored order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlanKey {
    /// Person.
    pub person: PersonId,
    /// Plan.
    pub plan: Uuid,
    /// Version.
    pub version: u32,
    /// Group.
    pub group: GroupId,
}

/// A version of an authority's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRow {
    /// Authority.
    pub authority: AuthorityCode,
    /// Version, from 1.
    pub version: u32,
    /// Name as uploaded.
    pub name: String,
    /// Numbers.
    pub contact: Contact,
    /// The group by which they came.
    pub group: GroupId,
}

/// A decided group of entries.
#[derive(Debug, Default)]
pub struct Group {
    /// Framed, sealed entries.
    pub body: Vec<u8>,
    /// One leaf hash an entry.
    pub leaves: Vec<[u8; 32]>,
    /// Digest over the leaves.
    pub digest: [u8; 32],
    /// What else changes with it.
    pub effects: Vec<Effect>,
}

/// A change that an entry stands for, saved in the same transaction.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The person is hidden, or shown again.
    Hide(PersonId, Option<HiddenFor>),
    /// The person's own number ends on a day, since it was superseded.
    EndOwnNumber(PersonId, Date),
    /// The person is found under another number too.
    AddAlias(StoredAlias),
    /// A second number of the person that had no end ends on a day, since it was superseded too.
    EndAlias(PersonId, NumberKeys, Date),
    /// The person's key, number and plan details are destroyed; accesses, notices and second numbers go with them.
    Erase(PersonId),
    /// A sequence number of an authority will not come.
    SkipSequence(AuthorityCode, u64),
    /// A new version of a record of the register of organisations.
    Organisation(NewOrganisation),
}

/// A new version of a record of the register of organisations; the store gives it a number. Unless `version` is the next one,
/// the whole group is refused with [`crate::StoreError::Stale`]: append it by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrganisation {
    /// What kind of record, as the use cases number them.
    pub kind: u8,
    /// The code under which it is known.
    pub code: String,
    /// The version that it becomes, from 1.
    pub version: u32,
    /// The record.
    pub record: Vec<u8>,
}

/// A version of a record of the register of organisations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationRow {
    /// Rising over the whole register, in the order of the journal.
    pub number: u64,
    /// What kind of record.
    pub kind: u8,
    /// The code under which it is known.
    pub code: String,
    /// Version, from 1.
    pub version: u32,
    /// The record.
    pub record: Vec<u8>,
    /// The group by which it came.
    pub group: GroupId,
}

/// A row of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// Where it stands.
    pub place: Place,
    /// Its group.
    pub group: GroupId,
    /// Digest over the leaves.
    pub digest: [u8; 32],
    /// The entries; `None` for an upload, whose entries lie in slices.
    pub body: Option<Vec<u8>>,
}

/// How far the derivations have come: the index of the first entry that is not applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watermarks {
    /// Lists and notices.
    pub looks: u64,
    /// Merkle tree.
    pub tree: u64,
}

/// A listed look as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessRow {
    /// Index of the entry.
    pub index: u64,
    /// Sequence number of its journal row.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub author: AuthorKey,
}

/// A look that a list shows or a window needs, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldAccess {
    /// The look.
    pub access: AccessRow,
    /// Whether lists show it; if not, it only made notices owing.
    pub listed: bool,
    /// Authorities that are owed a notice for it.
    pub owed: Vec<AuthorityCode>,
}

impl HeldAccess {
    /// The authorities as one column holds them: codes, with blanks between them.
    pub fn owed_text(owed: &[AuthorityCode]) -> String {
        let codes: Vec<&str> = owed.iter().map(|authority| authority.0.as_str()).collect();
        codes.join(" ")
    }

    /// The authorities of such a column; `None` where it holds anything else.
    pub fn owed_from(text: &str) -> Option<Vec<AuthorityCode>> {
        text.split_terminator(' ').map(|code| code.parse().ok()).collect()
    }
}

/// What is stored as derived for one person.
#[derive(Clone, Debug, Default)]
pub struct Derived {
    /// Accesses and notices owed, for the 24-hour rule: at least those that can still be in a window.
    pub state: Accesses,
    /// Sequence number of the journal row of each access in `state.listed`.
    pub seqs: Vec<u64>,
}

impl Derived {
    /// Adds the next look, in journal order.
    pub fn push(&mut self, held: HeldAccess) {
        let AccessRow { index, seq, at, author } = held.access;
        let access = Access { index, at, author };
        if held.listed {
            self.state.listed.push(access);
            self.seqs.push(seq);
        }
        self.state.owed.extend(held.owed.into_iter().map(|authority| Owed { access, authority }));
    }
}

/// What the applier needs to know of a person.
#[derive(Clone, Debug, Default)]
pub struct Followed {
    /// The person; `None` where nobody has that id.
    pub person: Option<PersonRow>,
    /// What is derived.
    pub derived: Derived,
}

/// One snapshot of what waits to be applied.
#[derive(Clone, Debug, Default)]
pub struct NotApplied {
    /// How far the derivations have come.
    pub marks: Watermarks,
    /// Entries in the journal.
    pub size: u64,
    /// Journal rows from the first that is not applied to lists and notices on.
    pub rows: Vec<JournalRow>,
}

/// One snapshot of what readers need for a list.
#[derive(Clone, Debug)]
pub struct AccessView {
    /// Derived state, in the order of the people asked for.
    pub derived: Vec<Derived>,
    /// First index that is not in `derived`.
    pub applied: u64,
    /// Journal rows from there on.
    pub tail: Vec<JournalRow>,
    /// Entries in the journal; more than the tail reaches when the list lags.
    pub size: u64,
}

/// A notice as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    /// Cursor, rising in the order in which notices were owed; 0 for a new one.
    pub number: u64,
    /// Stable id.
    pub id: Uuid,
    /// Whom to tell.
    pub authority: AuthorityCode,
    /// Of whom.
    pub person: PersonId,
    /// The look.
    pub access: AccessRow,
    /// When the authority acknowledged it.
    pub acknowledged: Option<Timestamp>,
    /// What it says: 0 for a look, otherwise the number of the kind of report, whose author then stands in `access`.
    pub kind: u8,
    /// Who acknowledged it, sealed.
    pub acknowledged_by: Option<Vec<u8>>,
    /// Of a look by a person: who looked, by a digest that is the same for every child, so that they find their own looks again;
    /// forgotten after some days.
    pub reader: Option<AuthorKey>,
}

/// What some entries mean for lists and notices.
#[derive(Clone, Debug, Default)]
pub struct LookStep {
    /// The watermark that must stand.
    pub from: u64,
    /// The watermark afterwards.
    pub to: u64,
    /// New accesses.
    pub accesses: Vec<(PersonId, HeldAccess)>,
    /// New notices; `number` is given by the store.
    pub notices: Vec<NoticeRow>,
    /// Accesses that no list and no window needs any more.
    pub pruned: Vec<(PersonId, u64)>,
    /// Entries that could not be read: index and why.
    pub quarantined: Vec<(u64, String)>,
}

/// How the Merkle tree grew.
#[derive(Clone, Debug, Default)]
pub struct TreeStep {
    /// The watermark that must stand.
    pub from: u64,
    /// The watermark afterwards: the size of the tree.
    pub to: u64,
    /// The frontier afterwards.
    pub frontier: Vec<u8>,
    /// Tiles that became full: level, index, hashes.
    pub tiles: Vec<(u8, u64, Vec<u8>)>,
    /// A checkpoint signed for the new size.
    pub checkpoint: Option<CheckpointRow>,
}

/// A signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRow {
    /// Number, from 1 without gaps; 0 for a new one.
    pub number: u64,
    /// Size of the tree; unique.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// A row of the local demographics register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterRow {
    /// Place in the table; 0 for a new one.
    pub id: u64,
    /// Digests of the number.
    pub keys: NumberKeys,
    /// Digests of family name, date of birth and sex together; none for a number without a person.
    pub search: NumberKeys,
    /// The person, sealed.
    pub person: Vec<u8>,
}

/// What the doors keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeptKind {
    /// Somebody's session.
    Session,
    /// A local account.
    Account,
    /// Something that may be used once, such as the id of a token.
    Used,
    /// The password of a mailbox.
    Mailbox,
    /// A subscription of an authority.
    Subscription,
    /// Where an e-mail address of an authority stands.
    Email,
}

impl KeptKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Session, Self::Account, Self::Used, Self::Mailbox, Self::Subscription, Self::Email];

    /// The number under which it is stored.
    pub fn number(self) -> u8 {
        match self {
            Self::Session => 1,
            Self::Account => 2,
            Self::Used => 3,
            Self::Mailbox => 4,
            Self::Subscription => 5,
            Self::Email => 6,
        }
    }

    /// The kind of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// Something that a door keeps: found by a digest, sealed, and changed by whoever saw its last revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRow {
    /// What it is.
    pub kind: KeptKind,
    /// A digest of what finds it.
    pub id: [u8; 32],
    /// Revision, from 1.
    pub revision: u64,
    /// Digests of two things that it has in common with others, such as the person whose session it is.
    pub groups: [Option<[u8; 16]>; 2],
    /// When it ends by itself.
    pub ends: Option<Timestamp>,
    /// The rest, sealed.
    pub body: Vec<u8>,
}

/// Which of what is kept is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forget {
    /// One.
    One([u8; 32]),
    /// All that have this digest as their first or second group.
    Group(KeptGroup, [u8; 16]),
    /// All that ended before a moment.
    Ended(Timestamp),
    /// All.
    All,
}

/// One of the two groups of [`KeptRow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptGroup {
    /// The first.
    First,
    /// The second.
    Second,
}

/// How a finding is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// As it should be.
    Good,
    /// Mend it soon.
    Warning,
    /// The service must not run so.
    Fault,
}

/// Something that was looked at in a live installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, such as `synchronous_commit`.
    pub what: String,
    /// What was found.
    pub found: String,
    /// How that is to be taken.
    pub weight: Weight,
    /// What to do; empty where all is well.
    pub mend: String,
}

impl Finding {
    /// Something that is as it should be.
    pub fn good(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), found: found.into(), weight: Weight::Good, mend: String::new() }
    }

    /// Something that is not.
    pub fn bad(weight: Weight, what: impl Into<String>, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { what: what.into(), found: found.into(), weight, mend: mend.into() }
    }
}
