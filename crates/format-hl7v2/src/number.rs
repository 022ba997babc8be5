//! The NHS number of a message: where it stood, under which label, with which status; or why there is none to use.
//!
//! A valid check digit is no proof of an English NHS number: Scotland's and Northern Ireland's have the same. Without a label,
//! or with two different numbers, none is used.

use crate::er7::{Part, Segment};
use crate::hidden::Hidden;
use crate::oddity::{Oddity, OddityKind, Place};
use crate::profile::Profile;
use cpis_model::Date;
use cpis_model::nhs_number::{NhsNumber, NhsNumberError, Range};

/// How a number was known as an NHS number: the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// CX-4 `NHS` and CX-5 `NH`, as the UK standard has it.
    Standard,
    /// CX-5 `NH` with another authority.
    Type,
    /// CX-4 of an authority that the profile names.
    Authority,
    /// CX-5 of a type that the profile names.
    OtherType,
    /// None: the profile says that this field holds it.
    Field,
}

/// The status of an NHS number (NHS Data Dictionary, NHS NUMBER STATUS INDICATOR).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// 01: present and verified.
    Verified,
    /// 02: present, not traced.
    NotTraced,
    /// 03: trace required.
    TraceRequired,
    /// 04: trace attempted, none or several found.
    NoMatch,
    /// 05: to be resolved.
    ToBeResolved,
    /// 06: trace in progress.
    InProgress,
    /// 07: not present and not required.
    NotRequired,
    /// 08: postponed, for a baby under six weeks.
    Postponed,
}

impl Status {
    /// All of them in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Verified,
        Self::NotTraced,
        Self::TraceRequired,
        Self::NoMatch,
        Self::ToBeResolved,
        Self::InProgress,
        Self::NotRequired,
        Self::Postponed,
    ];

    /// The status of a code of two digits.
    pub fn from_code(code: &str) -> Option<Self> {
        let number = code.trim().strip_prefix('0').filter(|rest| rest.len() == 1)?.parse::<usize>().ok()?;
        Self::ALL.get(number.checked_sub(1)?).copied()
    }

    /// Its code.
    pub fn code(self) -> &'static str {
        ["01", "02", "03", "04", "05", "06", "07", "08"].get(self as usize).copied().unwrap_or_default()
    }
}

/// A number that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The number.
    pub number: NhsNumber,
    /// Where it stood.
    pub place: Place,
    /// How it was known.
    pub label: Label,
}

/// Why there is no number to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoNumber {
    /// None is given.
    Absent,
    /// `""`: the sender has deleted it.
    Deleted,
    /// What is labelled so is not ten digits.
    NotDigits,
    /// Its check digit is wrong.
    CheckDigit,
    /// A placeholder: one digit ten times.
    Placeholder,
    /// Two different ones: somebody must look.
    TwoDifferent,
    /// One of Scotland or Northern Ireland.
    Foreign,
    /// Ten digits without a label.
    Unlabelled,
    /// One of the range for tests, on a live feed.
    TestNumber,
}

impl NoNumber {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Absent,
        Self::Deleted,
        Self::NotDigits,
        Self::CheckDigit,
        Self::Placeholder,
        Self::TwoDifferent,
        Self::Foreign,
        Self::Unlabelled,
        Self::TestNumber,
    ];

    /// A short word for counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::Absent => "no-number",
            Self::Deleted => "number-deleted",
            Self::NotDigits => "number-not-digits",
            Self::CheckDigit => "number-check-digit",
            Self::Placeholder => "number-placeholder",
            Self::TwoDifferent => "two-numbers",
            Self::Foreign => "number-not-english",
            Self::Unlabelled => "number-unlabelled",
            Self::TestNumber => "test-number",
        }
    }

    /// What it is, in words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Absent => "no NHS number is given",
            Self::Deleted => "the NHS number was deleted",
            Self::NotDigits => "the NHS number is not ten digits",
            Self::CheckDigit => "the check digit of the NHS number is wrong",
            Self::Placeholder => "the NHS number is a placeholder",
            Self::TwoDifferent => "two different NHS numbers are given",
            Self::Foreign => "the number is of Scotland or Northern Ireland",
            Self::Unlabelled => "a number is given, and nothing says that it is an NHS number",
            Self::TestNumber => "the number is one for tests",
        }
    }
}

/// The number, or why there is none to use.
pub type Number = Result<Found, NoNumber>;

/// An identifier of the sender's own, such as a hospital number. `Debug` never shows its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId {
    /// CX-1.
    pub value: Hidden,
    /// CX-4, the namespace.
    pub authority: Option<String>,
    /// CX-5.
    pub kind: Option<String>,
}

/// All identifiers of one person in one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifiers {
    /// The sender's own, in order.
    pub local: Vec<LocalId>,
    /// The NHS number.
    pub number: Number,
    /// The status of the NHS number, where it stood beside it.
    pub status: Option<(Status, Place)>,
}

/// Reads identifiers from fields.
pub(crate) struct Collector<'p> {
    profile: &'p Profile,
    today: Option<Date>,
    local: Vec<LocalId>,
    found: Vec<Found>,
    wrong: Option<NoNumber>,
    unlabelled: bool,
    foreign: bool,
    status: Option<(Status, Place)>,
}

impl<'p> Collector<'p> {
    /// `today` is the day of the message, by which identifiers expire.
    pub(crate) fn new(profile: &'p Profile, today: Option<Date>) -> Self {
        Self {
            profile,
            today,
            local: Vec::new(),
            found: Vec::new(),
            wrong: None,
            unlabelled: false,
            foreign: false,
            status: None,
        }
    }

    /// All repetitions of a field of identifiers.
    pub(crate) fn field(&mut self, segment: &Segment<'_>, field: u16, place: Place, odd: &mut Vec<Oddity>) {
        let part = segment.field(usize::from(field));
        if part.is_deleted() && is_usual(place) {
            self.wrong = self.wrong.or(Some(NoNumber::Deleted));
        }
        for repetition in part.repetitions() {
            self.identifier(repetition, field, place, odd);
        }
    }

    fn identifier(&mut self, cx: Part<'_>, field: u16, place: Place, odd: &mut Vec<Oddity>) {
        let mut note = |kind| odd.push(Oddity { place, kind });
        let authority = cx.component(4).component(1).subcomponent(1).value().map(|text| text.to_uppercase());
        // An ampersand of "H&C" is often not escaped.
        let whole = cx.component(4).value().map(|text| text.to_uppercase());
        let (kind, braces) = split_kind(cx.component(5));
        let foreign = |label: &Option<String>| label.as_ref().is_some_and(|l| self.profile.number.foreign.contains(l));
        let value = cx.component(1).value();
        if foreign(&authority) || foreign(&whole) || foreign(&kind) {
            self.foreign |= value.is_some();
            note(OddityKind::NumberForeign);
            return;
        }
        let label = self.label(authority.as_deref(), kind.as_deref(), field);
        let Some(label) = label else {
            if let Some(value) = value {
                self.local_id(value, cx, kind, place, &mut note);
            }
            return;
        };
        self.read_status(cx, braces.as_deref(), place, &mut note);
        if is_expired(cx, self.today) {
            note(OddityKind::NumberExpired);
            return;
        }
        let Some(value) = value else {
            if cx.component(1).is_deleted() {
                self.wrong = self.wrong.or(Some(NoNumber::Deleted));
            }
            return;
        };
        let number = value.parse::<NhsNumber>();
        match number {
            Err(error) => {
                note(OddityKind::NumberInvalid);
                self.wrong = Some(match error {
                    NhsNumberError::CheckDigit => NoNumber::CheckDigit,
                    NhsNumberError::AllSame => NoNumber::Placeholder,
                    NhsNumberError::Empty => NoNumber::Absent,
                    _ => NoNumber::NotDigits,
                });
            }
            Ok(number) if matches!(number.range(), Range::Scotland | Range::NorthernIreland) => {
                note(OddityKind::NumberForeign);
                self.foreign = true;
            }
            Ok(number) => {
                if value.len() != number.digits().len() {
                    note(OddityKind::NumberSpaced);
                }
                if label != Label::Standard {
                    note(OddityKind::NumberLabel);
                }
                if !is_usual(place) {
                    note(OddityKind::NumberPlace);
                }
                self.found.push(Found { number, place, label });
            }
        }
    }

    fn label(&self, authority: Option<&str>, kind: Option<&str>, field: u16) -> Option<Label> {
        let places = &self.profile.number;
        if kind == Some("NH") {
            return Some(if authority == Some("NHS") { Label::Standard } else { Label::Type });
        }
        if authority.is_some_and(|own| places.authorities.contains(own)) {
            return Some(Label::Authority);
        }
        if kind.is_some_and(|own| places.types.contains(own)) {
            return Some(Label::OtherType);
        }
        let bare = authority.is_none() && kind.is_none();
        (bare && places.unlabelled_fields.contains(&field)).then_some(Label::Field)
    }

    fn local_id(
        &mut self,
        value: String,
        cx: Part<'_>,
        kind: Option<String>,
        place: Place,
        note: &mut impl FnMut(OddityKind),
    ) {
        // A hospital's own number passes the check now and then: where it is labelled as one, nothing is odd.
        let is_own = matches!(kind.as_deref(), Some("MR" | "PI" | "PT" | "VN" | "AN" | "EI"));
        if value.parse::<NhsNumber>().is_ok() && !is_own {
            note(OddityKind::NumberUnlabelled);
            self.unlabelled = true;
        }
        // Only these fields hold identifiers of the patient that others refer to.
        if is_usual(place) {
            let authority = cx.component(4).subcomponent(1).value();
            self.local.push(LocalId { value: value.into(), authority, kind });
        }
    }

    /// `{status:01}` in CX-5, or a code of two digits in CX-2 or CX-6.
    fn read_status(&mut self, cx: Part<'_>, braces: Option<&str>, place: Place, note: &mut impl FnMut(OddityKind)) {
        let code = |n: usize| cx.component(n).value();
        let found = braces.map(str::to_owned).into_iter().chain(code(2)).chain(code(6));
        if let Some(status) = found.into_iter().find_map(|code| Status::from_code(&code)) {
            note(OddityKind::StatusPlace);
            self.status = self.status.or(Some((status, place)));
        }
    }

    /// What was found.
    pub(crate) fn finish(mut self, odd: &mut Vec<Oddity>) -> Identifiers {
        self.found.sort_by_key(|found| found.label);
        let first = self.found.first().copied();
        let differs = first.is_some_and(|first| self.found.iter().any(|other| other.number != first.number));
        let number = match first {
            Some(found) if differs => {
                odd.push(Oddity { kind: OddityKind::NumberConflict, place: found.place });
                Err(NoNumber::TwoDifferent)
            }
            Some(found) if found.number.range() == Range::Test && !self.profile.test_numbers => {
                Err(NoNumber::TestNumber)
            }
            Some(found) => Ok(found),
            None => Err(self.wrong.unwrap_or(match (self.foreign, self.unlabelled) {
                (true, _) => NoNumber::Foreign,
                (_, true) => NoNumber::Unlabelled,
                _ => NoNumber::Absent,
            })),
        };
        Identifiers { local: self.local, number, status: self.status }
    }
}

/// PID-3 and MRG-1, where identifiers belong, and the mother's PID-21.
fn is_usual(place: Place) -> bool {
    matches!((place.segment(), place.field()), ("PID", 3 | 21) | ("MRG", 1))
}

/// CX-5 and what stands in braces behind it, such as `NH{status:01}`.
fn split_kind(part: Part<'_>) -> (Option<String>, Option<String>) {
    let Some(text) = part.value() else { return (None, None) };
    match text.split_once('{') {
        Some((kind, rest)) => {
            let inner = rest.trim_end_matches('}');
            let status = inner.split([',', ';']).find_map(|pair| pair.trim().strip_prefix("status:"));
            let kind = Some(kind.trim().to_uppercase()).filter(|kind| !kind.is_empty());
            (kind, status.map(|code| code.trim().to_owned()))
        }
        None => (Some(text.to_uppercase()), None),
    }
}

/// CX-8, the day on which an identifier ends.
fn is_expired(cx: Part<'_>, today: Option<Date>) -> bool {
    let text = cx.component(8).value();
    let day = text.and_then(|text| Date::strptime("%Y%m%d", text.get(..8)?).ok());
    day.zip(today).is_some_and(|(end, today)| end < today)
}
