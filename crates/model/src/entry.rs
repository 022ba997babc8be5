//! Entries of the journal: what happened, frozen. Everything that others read is derived from them.

use crate::access::{AuthorKey, Purpose};
use crate::caller::{Caller, Mode, Refusal};
use crate::codes::FileCode;
use crate::nhs_number::NhsNumber;
use crate::notice::Report;
use crate::organisation::{AuthorityCode, Contact};
use crate::plan::{Plan, PlanKind};
use crate::upload::Person;
use crate::{Timestamp, Uuid};
use std::fmt;
use std::sync::Arc;

/// The surrogate that stands for a person everywhere but in the table of numbers. Positive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(i64);

impl PersonId {
    /// Bits that are random; above them stands the time in units of 64 milliseconds, up to the year 2109.
    const RANDOM_BITS: u32 = 27;

    /// A new surrogate. They rise with time, so that what is stored in their order is written in few places.
    pub fn new(at: Timestamp, random: u64) -> Self {
        let unit = (at.as_millisecond().max(0) as u64 >> 6) & 0xf_ffff_ffff;
        let low = random & ((1 << Self::RANDOM_BITS) - 1);
        Self((((unit << Self::RANDOM_BITS) | low) as i64).max(1))
    }

    /// The surrogate so many places after this one: people who are made together stand side by side.
    #[must_use]
    pub fn after(self, places: u32) -> Self {
        Self(self.0.checked_add(i64::from(places)).unwrap_or(1))
    }

    /// A stored value; `None` unless positive.
    pub fn from_stored(value: i64) -> Option<Self> {
        (value > 0).then_some(Self(value))
    }

    /// The value to store.
    pub fn value(self) -> i64 {
        self.0
    }
}

impl fmt::Debug for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "person {:016x}", self.0)
    }
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When it happened.
    pub at: Timestamp,
    /// The person concerned, if any: the entry is sealed under their key, otherwise under the month's.
    pub person: Option<PersonId>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// A child's record was read, or looked for.
    Look(Look),
    /// A known caller was refused.
    Refused {
        /// Who asked.
        caller: Arc<Caller>,
        /// What was asked for, in one word of the policy.
        action: String,
        /// Why not.
        refusal: RefusedFor,
        /// The number, where a child was asked for that no person stands for.
        number: Option<NhsNumber>,
    },
    /// An authority made or changed a plan.
    PlanChanged {
        /// The new version.
        plan: Plan,
        /// The person as this authority describes them.
        person: Person,
    },
    /// An authority's numbers changed.
    ContactChanged {
        /// Whose.
        authority: AuthorityCode,
        /// The name as uploaded.
        name: String,
        /// The new numbers.
        contact: Contact,
    },
    /// An authority's file took effect, or was found to have nothing that could.
    Uploaded {
        /// Who sent it.
        caller: Arc<Caller>,
        /// The authority.
        authority: AuthorityCode,
        /// Its sequence number.
        sequence: u64,
        /// SHA-256 of the file.
        checksum: [u8; 32],
        /// What became of it.
        code: FileCode,
        /// Records loaded and rejected.
        counts: (u32, u32),
    },
    /// A missing sequence number was given up.
    SequenceSkipped {
        /// Who said so.
        caller: Arc<Caller>,
        /// The authority.
        authority: AuthorityCode,
        /// The number that will not come.
        sequence: u64,
    },
    /// Demographics replaced the person's number by another.
    NumberSuperseded {
        /// The number that was stored.
        old: NhsNumber,
        /// The surviving one.
        new: NhsNumber,
    },
    /// The person was hidden from view, or shown again.
    Hidden(Option<HiddenFor>),
    /// The person's key was destroyed. Sealed under the month's key, since the person's is gone.
    Erased {
        /// The surrogate that cannot be opened any more.
        erased: PersonId,
        /// Who asked for it.
        by: String,
        /// Why.
        why: String,
    },
    /// An authority read its notices or the accesses to a child of its own.
    AuthorityRead {
        /// Who read.
        caller: Arc<Caller>,
        /// For which authority.
        authority: AuthorityCode,
        /// What: `notices` or `accesses`.
        what: String,
        /// How many.
        count: u32,
    },
    /// Refusals of callers nobody knows, counted for one minute.
    RefusedUnknown {
        /// Kind of refusal and how often.
        counts: Vec<(String, u64)>,
    },
    /// A restore to an earlier point: a new epoch of the log begins after this tip.
    EpochBegun {
        /// The last signed checkpoint of the old epoch.
        tip: String,
    },
    /// Somebody reported something about a child to an authority.
    Reported {
        /// Who.
        caller: Arc<Caller>,
        /// Their key for the list of their own reports.
        author: AuthorKey,
        /// To whom.
        authority: AuthorityCode,
        /// What.
        report: Report,
    },
    /// A record of the register of organisations was made or changed.
    OrganisationChanged {
        /// Who changed it.
        caller: Arc<Caller>,
        /// What kind of record, by its number.
        kind: u8,
        /// The code under which it is known.
        code: String,
        /// The new record.
        record: Vec<u8>,
        /// Why.
        why: String,
    },
    /// Somebody signed in by a local account, past the identity service.
    BreakGlass {
        /// Who.
        caller: Arc<Caller>,
        /// Why, in their words.
        why: String,
    },
    /// Nothing: hides how many looks a small site made between two published checkpoints.
    Padding,
}

/// A look.
#[derive(Clone, Debug)]
pub struct Look {
    /// Who looked.
    pub caller: Arc<Caller>,
    /// Their key for the 24-hour rule; `None` for a miss of a number without a person.
    pub author: Option<AuthorKey>,
    /// What was read.
    pub purpose: Purpose,
    /// Listed and notified, or silent.
    pub mode: Mode,
    /// The care was declared scheduled although the caller's only activity notifies.
    pub declared_against_activity: bool,
    /// What was visible and shown.
    pub outcome: Outcome,
    /// The number asked for, where no person stands for it.
    pub number: Option<NhsNumber>,
    /// The caller's own reference.
    pub trace: Option<String>,
}

/// What a look showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These plans, in these versions.
    Shown(Vec<Seen>),
    /// Nothing is held, or nothing is visible today.
    Nothing,
    /// The person is hidden; answered as nothing.
    Hidden,
}

/// A plan version that a look showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The plan.
    pub plan: Uuid,
    /// Its version.
    pub version: u32,
    /// Its authority.
    pub authority: AuthorityCode,
}

/// Why a known caller was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedFor {
    /// The policy.
    Policy(Refusal),
    /// The date of birth given as a check disagrees with the stored one.
    BirthMismatch,
}

/// Why a person is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HiddenFor {
    /// Restricted or sensitive in demographics.
    Restricted,
    /// Demographics records a date of death.
    Deceased,
    /// The number was withdrawn without a successor.
    Invalidated,
    /// Demographics says that they are 18 or over. An unborn child's plan is shown all the same: its mother has no age limit.
    Adult,
}

impl HiddenFor {
    /// All reasons.
    pub const ALL: [Self; 4] = [Self::Restricted, Self::Deceased, Self::Invalidated, Self::Adult];

    /// The number under which it is stored.
    pub fn number(self) -> u8 {
        match self {
            Self::Restricted => 1,
            Self::Deceased => 2,
            Self::Invalidated => 3,
            Self::Adult => 4,
        }
    }

    /// Whether it hides a plan of this kind.
    pub fn hides(self, kind: PlanKind) -> bool {
        self != Self::Adult || kind != PlanKind::Unborn
    }

    /// The reason of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.number() == number)
    }
}
