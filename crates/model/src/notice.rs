//! Notices: messages owed to an authority because a child with a plan of its came to unscheduled care, or because somebody who
//! saw the flag reports something about it.

use crate::caller::{Caller, Who};
use crate::nhs_number::NhsNumber;
use crate::organisation::{AuthorityCode, Organisation, Phone, Site};
use crate::{Timestamp, Uuid};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A notice as its authority reads it. It says that a record was opened, not that the child was there, nor why.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Stable id: the same however often the notice is read or sent.
    pub id: Uuid,
    /// Place in the authority's list; the cursor of paging.
    pub number: u64,
    /// Who is told.
    pub authority: AuthorityCode,
    /// The person: the child, or the mother of an unborn child.
    pub number_of_person: NhsNumber,
    /// The authority's own id for the person, where it sent one.
    pub local_id: Option<String>,
    /// When the record was opened.
    pub at: Timestamp,
    /// Who opened it.
    pub who: Who,
    /// Their organisation.
    pub organisation: Organisation,
    /// Their site and setting.
    pub site: Option<Site>,
    /// What is reported; `None`: the notice says that a record was opened.
    pub report: Option<Report>,
    /// When the authority acknowledged it.
    pub acknowledged: Option<Timestamp>,
    /// Who did.
    pub acknowledged_by: Option<Arc<Caller>>,
}

/// What somebody tells an authority about a child whose flag they saw, or the service about what demographics says of a person
/// with a plan.
#[derive(Clone, PartialEq, Eq)]
pub struct Report {
    /// What happened.
    pub kind: ReportKind,
    /// The number that did not answer.
    pub phone: Option<Phone>,
    /// A few words.
    pub text: Option<ReportText>,
    /// The number that replaced the person's, to be confirmed by the authority. Never given after an adoption: demographics
    /// withdraws a number then, and nobody links it to another.
    pub replaced_by: Option<NhsNumber>,
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Report({:?})", self.kind)
    }
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReportKind {
    /// A telephone number of the authority did not answer.
    NoAnswer,
    /// The record is not that of the person who came.
    WrongPerson,
    /// The child was not brought to an appointment.
    NotBrought,
    /// The child left, or was taken away, before being seen.
    LeftBeforeSeen,
    /// Demographics replaced the person's number by another.
    NumberReplaced,
    /// Demographics withdrew the person's number; the record is hidden.
    NumberWithdrawn,
    /// Demographics restricted the person; the record is hidden.
    Restricted,
    /// Demographics recorded the person's death; the record is hidden.
    Deceased,
    /// What hid the record is over; it is shown again.
    ShownAgain,
    /// Demographics says that the person is 18 or over; a child's plans are hidden.
    Adult,
}

impl ReportKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::NoAnswer,
        Self::WrongPerson,
        Self::NotBrought,
        Self::LeftBeforeSeen,
        Self::NumberReplaced,
        Self::NumberWithdrawn,
        Self::Restricted,
        Self::Deceased,
        Self::ShownAgain,
        Self::Adult,
    ];

    /// Those that somebody who saw a flag may send, in the order in which a page offers them. The others come from demographics.
    pub const BY_PEOPLE: [Self; 4] = [Self::NoAnswer, Self::WrongPerson, Self::NotBrought, Self::LeftBeforeSeen];

    /// Whether demographics is where it comes from, and no person.
    pub fn is_of_demographics(self) -> bool {
        !Self::BY_PEOPLE.contains(&self)
    }

    /// The number under which it is stored; 0 is a notice of a look.
    pub fn number(self) -> u8 {
        match self {
            Self::NoAnswer => 1,
            Self::WrongPerson => 2,
            Self::NotBrought => 3,
            Self::LeftBeforeSeen => 4,
            Self::NumberReplaced => 5,
            Self::NumberWithdrawn => 6,
            Self::Restricted => 7,
            Self::Deceased => 8,
            Self::ShownAgain => 9,
            Self::Adult => 10,
        }
    }

    /// The kind of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// A word for interfaces and forms.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoAnswer => "no-answer",
            Self::WrongPerson => "wrong-person",
            Self::NotBrought => "not-brought",
            Self::LeftBeforeSeen => "left-before-seen",
            Self::NumberReplaced => "number-replaced",
            Self::NumberWithdrawn => "number-withdrawn",
            Self::Restricted => "restricted",
            Self::Deceased => "deceased",
            Self::ShownAgain => "shown-again",
            Self::Adult => "adult",
        }
    }
}

/// No kind of report has this word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a kind of report")]
pub struct UnknownReport;

impl FromStr for ReportKind {
    type Err = UnknownReport;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.code() == text).ok_or(UnknownReport)
    }
}

/// Longest text of a report in characters.
pub const REPORT_CHARS_MAX: usize = 500;

/// The words of a report: trimmed, not empty, without control characters but line ends.
#[derive(Clone, PartialEq, Eq)]
pub struct ReportText(Box<str>);

/// Too long, or with characters that are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportTextError {
    /// Nothing but blanks.
    #[error("the text is empty")]
    Empty,
    /// More than [`REPORT_CHARS_MAX`] characters.
    #[error("the text has more than {REPORT_CHARS_MAX} characters")]
    TooLong,
    /// A control character.
    #[error("the text holds a character that cannot be shown")]
    Control,
}

impl ReportText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReportText {
    type Err = ReportTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().replace("\r\n", "\n");
        if text.is_empty() {
            return Err(ReportTextError::Empty);
        }
        if text.chars().count() > REPORT_CHARS_MAX {
            return Err(ReportTextError::TooLong);
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(ReportTextError::Control);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Debug for ReportText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReportText({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_report_has_its_number_and_word() {
        for kind in ReportKind::ALL {
            assert_eq!(ReportKind::from_number(kind.number()), Some(kind));
            assert_eq!(kind.code().parse(), Ok(kind));
        }
        assert_eq!(ReportKind::from_number(0), None, "0 is a notice of a look");
        assert_eq!("other".parse::<ReportKind>(), Err(UnknownReport));
    }

    #[test]
    fn a_text_is_short_and_can_be_shown() {
        let long = "x".repeat(REPORT_CHARS_MAX);
        for (text, expected) in [
            (" Rang twice.\r\nNobody answered. ", Ok("Rang twice.\nNobody answered.")),
            (&*long, Ok(&*long)),
            (&*(long.clone() + "y"), Err(ReportTextError::TooLong)),
            (&*("é".repeat(REPORT_CHARS_MAX)), Ok(&*"é".repeat(REPORT_CHARS_MAX))),
            (" \n ", Err(ReportTextError::Empty)),
            ("a\u{8}b", Err(ReportTextError::Control)),
        ] {
            let parsed: Result<ReportText, _> = text.parse();
            assert_eq!(parsed.as_ref().map(ReportText::as_str), expected.as_ref().map(|text| *text), "{text}");
        }
        assert_eq!(format!("{:?}", "a name".parse::<ReportText>().unwrap()), "ReportText(6 bytes)");
    }
}
