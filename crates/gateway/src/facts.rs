//! What the gateway holds of a person and of a visit: facts, each with the time at which it was true. An older message never
//! overwrites what a newer one said.

use crate::stored;
use crate::vault::Key;
use cpis_model::Date;
use cpis_model::nhs_number::NhsNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Earlier numbers that are kept of a person.
const EARLIER_NUMBERS_MAX: usize = 20;

/// A local identity: number and who assigned it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Local {
    /// The number, as the sender writes it.
    pub number: String,
    /// Who assigned it; empty where the sender does not say.
    pub authority: String,
    /// The feed's name where the sender does not say: numbers of different systems are not confused.
    pub feed: String,
}

/// What is wrong with the NHS number of a message, so that it is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NumberTrouble {
    /// There is none that is labelled as one.
    Missing,
    /// The sender deleted it.
    Deleted,
    /// Two different ones.
    Two,
    /// It is no NHS number: its check digit, its length, one digit repeated.
    Wrong,
    /// It is of the range for tests, and this feed is live.
    Test,
}

/// What a message says of a person, or what is held of one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The local identity by which the hospital knows them.
    pub local: Local,
    /// The NHS number.
    #[serde(with = "stored::number")]
    pub number: Option<NhsNumber>,
    /// Why there is none.
    pub trouble: Option<NumberTrouble>,
    /// Whether the number is marked as present and verified (status 01), or a trace of ours found it; `None` where nothing was said.
    pub verified: Option<bool>,
    /// The number was found by the gateway's own trace.
    pub traced: bool,
    /// Digest of what they were looked for by, so that nobody is looked for twice under the same details.
    #[serde(default)]
    pub sought: Option<Key>,
    /// The date of birth, where it is a whole one.
    #[serde(with = "stored::date")]
    pub birth: Option<Date>,
    /// The date of birth is marked as estimated.
    pub estimated_birth: bool,
    /// Family name.
    pub family: String,
    /// Given name.
    pub given: String,
    /// Sex as the sender writes it.
    pub sex: String,
    /// It is not known who this is: nothing is matched by name.
    pub unknown: bool,
    /// When this was true.
    #[serde(with = "stored::time")]
    pub at: Timestamp,
    /// Numbers that they had before.
    #[serde(with = "stored::numbers")]
    pub earlier: Vec<NhsNumber>,
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Local(…)")
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(…)")
    }
}

impl Person {
    /// Whether the number is known to be right.
    pub fn is_verified(&self) -> bool {
        self.verified == Some(true)
    }

    /// Takes what a newer message says; what the message leaves empty stays. Tells whether anything changed.
    pub fn learn(&mut self, said: &Self) -> bool {
        let before = self.clone();
        let newer = said.at >= self.at;
        // An older message fills a gap, but not one that was made: a number that was deleted, or that two were given for.
        let is_gap = self.number.is_none() && matches!(self.trouble, None | Some(NumberTrouble::Missing));
        match (said.number, said.trouble) {
            (Some(number), _) if newer || is_gap => {
                if let Some(old) = self.number.filter(|old| *old != number) {
                    self.earlier.retain(|earlier| *earlier != old);
                    self.earlier.push(old);
                    let surplus = self.earlier.len().saturating_sub(EARLIER_NUMBERS_MAX);
                    self.earlier.drain(..surplus);
                }
                // A trace of ours stands until the hospital says the same or something else; and what is not said of the same
                // number stays as it was.
                let is_same = self.number == Some(number);
                self.traced = self.traced && is_same;
                self.verified =
                    if self.traced { Some(true) } else { said.verified.or(self.verified.filter(|_| is_same)) };
                self.number = Some(number);
                self.trouble = None;
            }
            // Two numbers, or a wrong one, where there was a good one: somebody must look, nothing is guessed.
            (None, Some(trouble)) if newer && trouble != NumberTrouble::Missing && !self.traced => {
                if let Some(old) = self.number.take() {
                    self.earlier.push(old);
                }
                self.trouble = Some(trouble);
            }
            _ => {}
        }
        let is_said = |text: &str| !text.is_empty();
        if said.birth.is_some() && (newer || self.birth.is_none()) {
            self.birth = said.birth;
            self.estimated_birth = said.estimated_birth;
        }
        for (held, said) in
            [(&mut self.family, &said.family), (&mut self.given, &said.given), (&mut self.sex, &said.sex)]
        {
            if is_said(said) && (newer || held.is_empty()) {
                held.clone_from(said);
            }
        }
        if newer {
            self.unknown = said.unknown;
            self.at = said.at;
        }
        *self != before
    }
}

/// Where a visit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The patient is there.
    Open,
    /// They left.
    Ended,
    /// They were never there, or the visit was deleted.
    Cancelled,
}

impl State {
    /// The number under which it is stored.
    pub fn number(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Ended => 1,
            Self::Cancelled => 2,
        }
    }

    /// The state of a stored number.
    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Open, Self::Ended, Self::Cancelled].into_iter().find(|state| state.number() == number)
    }
}

/// What is written of a visit on messages that go back.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The visit's number, as the sender writes it.
    pub number: String,
    /// Who assigned it; empty where the sender does not say.
    pub authority: String,
    /// The feed's name where the sender does not say.
    pub feed: String,
    /// The number is the gateway's own, for a visit without one.
    pub unnumbered: bool,
    /// Patient class.
    pub class: String,
    /// Where the patient is, as the sender writes it.
    pub location: String,
}

impl Place {
    /// Whether the sender gave the visit a number.
    pub fn is_numbered(&self) -> bool {
        !self.unnumbered
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Place(…)")
    }
}

/// A visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Digest of site, assigning authority and number.
    pub key: Key,
    /// Digest of the local identity that the visit was announced for.
    pub person: Key,
    /// Name of the feed that announced it.
    pub feed: String,
    /// ODS code of the site.
    pub site: String,
    /// Where it stands.
    pub state: State,
    /// When that was said.
    pub state_at: Timestamp,
    /// An arrival in scope was announced, and when it was received; none for a visit of which only the end is known.
    pub arrived: Option<Timestamp>,
    /// When the visit started.
    pub started: Timestamp,
    /// What is written on messages.
    pub place: Place,
    /// When that was true.
    pub place_at: Timestamp,
    /// The visit that was announced before, for the same attendance.
    pub with: Option<Key>,
    /// Under which number a flag stands in the hospital's system.
    pub shown: Option<Key>,
    /// Why it is not checked.
    pub unchecked: Option<Unchecked>,
    /// Since when.
    pub unchecked_at: Option<Timestamp>,
}

impl Visit {
    /// Takes a state that was said for a time; an older one changes nothing.
    pub fn become_state(&mut self, state: State, at: Timestamp) {
        if at >= self.state_at {
            self.state = state;
            self.state_at = at;
        }
    }

    /// Takes what a message says of the place.
    pub fn learn(&mut self, place: &Place, at: Timestamp) {
        if at >= self.place_at {
            if !place.class.is_empty() {
                self.place.class.clone_from(&place.class);
            }
            if !place.location.is_empty() {
                self.place.location.clone_from(&place.location);
            }
            self.place_at = at;
        }
    }
}

/// Why a visit that should be checked is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unchecked {
    /// It is about to be asked.
    Waiting,
    /// The national service does not answer.
    Away,
    /// The national service does not take our questions.
    Refused,
    /// The national service finds a fault in the question.
    Invalid,
    /// There is no NHS number.
    NoNumber,
    /// There are two different ones.
    TwoNumbers,
    /// The number is no NHS number.
    WrongNumber,
    /// The number is of the range for tests.
    TestNumber,
    /// There is a record, the number is not verified, and there is no date of birth with which to compare.
    NoBirth,
    /// The date of birth is not the one that the national service has.
    Mismatch,
    /// The visit started too long ago to tell anybody.
    TooOld,
    /// The visit is said to start in the future.
    Future,
}

impl Unchecked {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Waiting,
        Self::Away,
        Self::Refused,
        Self::Invalid,
        Self::NoNumber,
        Self::TwoNumbers,
        Self::WrongNumber,
        Self::TestNumber,
        Self::NoBirth,
        Self::Mismatch,
        Self::TooOld,
        Self::Future,
    ];

    /// A word for metrics and the database. Never changed.
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Away => "away",
            Self::Refused => "refused",
            Self::Invalid => "invalid",
            Self::NoNumber => "no-number",
            Self::TwoNumbers => "two-numbers",
            Self::WrongNumber => "wrong-number",
            Self::TestNumber => "test-number",
            Self::NoBirth => "no-birth-date",
            Self::Mismatch => "mismatch",
            Self::TooOld => "too-old",
            Self::Future => "future",
        }
    }

    /// The reason of a stored word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// What it means and what to do, for the page.
    pub fn words(self) -> &'static str {
        match self {
            Self::Waiting => "Being checked now",
            Self::Away => "The national service does not answer. It is asked again by itself",
            Self::Refused => "The national service does not accept our question. Call whoever runs this gateway",
            Self::Invalid => {
                "The national service finds a fault in the question. Check by hand, and call whoever runs this gateway"
            }
            Self::NoNumber => "No NHS number yet. Trace the patient; it is then asked by itself",
            Self::TwoNumbers => "Two different NHS numbers in one message. Correct the patient's record",
            Self::WrongNumber => "The NHS number is not valid. Correct the patient's record",
            Self::TestNumber => "The NHS number is one for tests. Correct the patient's record",
            Self::NoBirth => {
                "The NHS number is not verified and there is no date of birth to compare. Information may be held: check by hand"
            }
            Self::Mismatch => "The date of birth is not the one held nationally. Check who the patient is",
            Self::TooOld => {
                "The visit started more than 72 hours before we heard of it. Check by hand if the patient is still here"
            }
            Self::Future => "The visit is said to start in the future. Check the time in the patient's record",
        }
    }
}

#[cfg(test)]
mod tests;
