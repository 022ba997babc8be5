//! What is owed for a visit, from the facts alone: a question to the national service, a flag to be shown or withdrawn, a reason
//! why it is not checked. Whatever happened in whatever order, the same facts owe the same; doing it twice changes nothing.

use crate::facts::{NumberTrouble, Person, State, Unchecked, Visit};
use crate::vault::Key;
use jiff::{SignedDuration, Timestamp};

/// Which starts of a visit are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Not longer ago than this: authorities are not told of old attendances.
    pub past: SignedDuration,
    /// Not further in the future than this, for clocks that differ.
    pub ahead: SignedDuration,
}

impl Default for Window {
    fn default() -> Self {
        Self { past: SignedDuration::from_hours(72), ahead: SignedDuration::from_hours(1) }
    }
}

/// Two unscheduled visits of one person to one site that start within this are one attendance.
pub const ONE_ATTENDANCE: SignedDuration = SignedDuration::from_hours(4);

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Not answered yet; what is in the way, if something is.
    Waiting(Option<Unchecked>),
    /// There is a record.
    Record,
    /// There is none.
    NoRecord,
    /// The date of birth disagrees: nothing is shown.
    Mismatch,
    /// The question has a fault; it is asked again only once something about it changes.
    Invalid,
}

/// A question, own or of the visit that was announced before for the same attendance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Digest of the NHS number.
    pub number: Key,
    /// Digest of what else the answer depends on: date of birth and whether the number is verified.
    pub identity: Key,
    /// What became of it.
    pub asked: Asked,
}

/// The facts about one visit.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The visit.
    pub visit: &'a Visit,
    /// The person, after merges.
    pub person: &'a Person,
    /// Digest of their NHS number.
    pub number: Option<Key>,
    /// Digest as in [`Question::identity`].
    pub identity: Key,
    /// Questions, the visit's own and those of the one before.
    pub questions: &'a [Question],
    /// Which starts are asked about.
    pub window: Window,
    /// Now.
    pub now: Timestamp,
}

/// What is owed.
#[expect(clippy::struct_excessive_bools, reason = "each of the four may be owed beside the others")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owed {
    /// A question must be asked that is not there yet.
    pub ask: bool,
    /// Questions that wait and that nobody needs any more are dropped.
    pub forget: bool,
    /// What stands in the hospital's system must go; before anything is shown.
    pub withdraw: bool,
    /// A flag must be shown.
    pub show: bool,
    /// Why the visit is not checked.
    pub unchecked: Option<Unchecked>,
}

/// What is owed for a visit.
pub fn owed(known: &Known<'_>) -> Owed {
    let visit = known.visit;
    if visit.arrived.is_none() || visit.state == State::Cancelled {
        return Owed { forget: true, withdraw: visit.shown.is_some(), ..Owed::default() };
    }
    let is_open = visit.state == State::Open;
    let number = match usable(known) {
        Ok(number) => number,
        Err(reason) => {
            return Owed { forget: true, withdraw: visit.shown.is_some(), unchecked: Some(reason), ..Owed::default() };
        }
    };
    let is_current = |question: &&Question| question.number == number && question.identity == known.identity;
    let current = known.questions.iter().find(is_current).map(|question| question.asked);
    let is_other = visit.shown.is_some_and(|shown| shown != number);
    let withdraw = visit.shown.is_some() && (!is_open || is_other);
    match current {
        None => match outside(visit, known.window, known.now) {
            Some(reason) => Owed { withdraw, unchecked: Some(reason), ..Owed::default() },
            None => Owed { ask: true, withdraw, unchecked: Some(Unchecked::Waiting), ..Owed::default() },
        },
        Some(Asked::Waiting(trouble)) => {
            Owed { withdraw, unchecked: Some(trouble.unwrap_or(Unchecked::Waiting)), ..Owed::default() }
        }
        // Nothing says that the record is this patient's: it is not shown, and somebody must look.
        Some(Asked::Record) if !known.person.is_verified() && known.person.birth.is_none() => {
            Owed { withdraw: visit.shown.is_some(), unchecked: Some(Unchecked::NoBirth), ..Owed::default() }
        }
        Some(Asked::Record) => {
            let show = is_open && visit.shown != Some(number);
            Owed { withdraw, show, ..Owed::default() }
        }
        Some(Asked::NoRecord) => Owed { withdraw: visit.shown.is_some(), ..Owed::default() },
        Some(Asked::Mismatch) => {
            Owed { withdraw: visit.shown.is_some(), unchecked: Some(Unchecked::Mismatch), ..Owed::default() }
        }
        // What was shown before for the same number stands: nothing says that it is not so any more.
        Some(Asked::Invalid) => Owed { withdraw, unchecked: Some(Unchecked::Invalid), ..Owed::default() },
    }
}

/// The digest of a number that may be asked with, or why there is none.
fn usable(known: &Known<'_>) -> Result<Key, Unchecked> {
    let person = known.person;
    let Some(number) = known.number else {
        return Err(match person.trouble {
            None | Some(NumberTrouble::Missing | NumberTrouble::Deleted) => Unchecked::NoNumber,
            Some(NumberTrouble::Two) => Unchecked::TwoNumbers,
            Some(NumberTrouble::Wrong) => Unchecked::WrongNumber,
            Some(NumberTrouble::Test) => Unchecked::TestNumber,
        });
    };
    Ok(number)
}

/// Why a visit may not be asked about at this time.
pub fn outside(visit: &Visit, window: Window, now: Timestamp) -> Option<Unchecked> {
    let age = now.duration_since(visit.started);
    if age > window.past {
        Some(Unchecked::TooOld)
    } else if age < -window.ahead {
        Some(Unchecked::Future)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
