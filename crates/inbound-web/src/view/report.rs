//! Messages to an authority from the page of a record, and the sender's list of them.

use crate::form::{Choice, Faults};
use crate::frame::Frame;
use crate::view::find::Person;
use crate::view::{Acknowledged, Pages};
use askama::Template;
use cpis_model::Timestamp;

/// Longest text of a report in characters.
pub const TEXT_CHARS_MAX: usize = 500;

/// What is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A telephone number did not answer.
    NumberDidNotAnswer,
    /// The record is another person's.
    WrongPerson,
    /// The child was not brought.
    WasNotBrought,
    /// The person left before being seen.
    LeftBeforeBeingSeen,
    /// Something else.
    Other,
}

impl Kind {
    /// All kinds, in the order of the form.
    pub const ALL: [Self; 5] =
        [Self::NumberDidNotAnswer, Self::WrongPerson, Self::WasNotBrought, Self::LeftBeforeBeingSeen, Self::Other];

    /// What the form sends.
    pub fn code(self) -> &'static str {
        match self {
            Self::NumberDidNotAnswer => "number-did-not-answer",
            Self::WrongPerson => "wrong-person",
            Self::WasNotBrought => "was-not-brought",
            Self::LeftBeforeBeingSeen => "left-before-being-seen",
            Self::Other => "other",
        }
    }

    /// The kind of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The kind in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::NumberDidNotAnswer => "This number did not answer",
            Self::WrongPerson => "This is the wrong person",
            Self::WasNotBrought => "The child was not brought",
            Self::LeftBeforeBeingSeen => "They left before being seen",
            Self::Other => "Another message",
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::NumberDidNotAnswer => "You called, and nobody answered, or the number is not in use.",
            Self::WrongPerson => "The plan seems to be for somebody else.",
            Self::WasNotBrought => "An appointment was missed.",
            Self::LeftBeforeBeingSeen => "They left, or were taken away, before they were seen.",
            Self::Other => "",
        }
    }
}

/// The form of a report.
#[derive(Template)]
#[template(path = "report.html")]
pub struct ReportForm {
    /// The frame.
    pub page: Frame,
    /// The person.
    pub person: Person,
    /// Stands for the person in the form.
    pub handle: String,
    /// The code of the chosen kind; empty for none.
    pub kind: String,
    /// The authorities with plans for the person.
    pub authorities: Vec<Choice>,
    /// The chosen authority's value.
    pub authority: String,
    /// The telephone numbers that were shown, for the kind that is about one; may be empty.
    pub numbers: Vec<Choice>,
    /// The chosen number's value.
    pub number: String,
    /// The text as entered.
    pub text: String,
    /// Fields: `kind`, `authority`, `number`, `text`.
    pub faults: Faults,
}

impl ReportForm {
    fn kinds() -> Vec<Choice> {
        Kind::ALL.iter().map(|kind| Choice::new(kind.code(), kind.name()).meaning(kind.meaning())).collect()
    }
}

/// The report was sent.
#[derive(Template)]
#[template(path = "report_sent.html")]
pub struct ReportSent {
    /// The frame.
    pub page: Frame,
    /// What was reported.
    pub kind: Kind,
    /// To whom.
    pub authority: String,
    /// Its short reference.
    pub reference: String,
    /// When.
    pub at: Timestamp,
}

/// A report in the sender's list. It does not name the person.
#[derive(Clone)]
pub struct SentReport {
    /// Its short reference.
    pub reference: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: Kind,
    /// To whom.
    pub authority: String,
    /// Who acknowledged it.
    pub acknowledged: Option<Acknowledged>,
}

/// The sender's own reports, newest first.
#[derive(Template)]
#[template(path = "reports.html")]
pub struct Reports {
    /// The frame.
    pub page: Frame,
    /// The reports of this page.
    pub reports: Vec<SentReport>,
    /// Where one is.
    pub pages: Pages,
}
