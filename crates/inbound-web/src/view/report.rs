//! Messages to an authority from the page of a record, and the sender's list of them.

use crate::form::{Choice, Faults};
use crate::frame::Frame;
use crate::view::find::Person;
use crate::view::{Acknowledged, Pages};
use askama::Template;
use cpis_model::Timestamp;
use cpis_model::notice::ReportKind;
use std::borrow::Borrow;

/// A kind of report in words, as a link and a choice.
pub fn name(kind: impl Borrow<ReportKind>) -> &'static str {
    match kind.borrow() {
        ReportKind::NoAnswer => "This number did not answer",
        ReportKind::WrongPerson => "This is the wrong person",
        ReportKind::NotBrought => "The child was not brought",
        ReportKind::LeftBeforeSeen => "They left before being seen",
        ReportKind::NumberReplaced => "The NHS number was replaced",
        ReportKind::NumberWithdrawn => "The NHS number was withdrawn",
        ReportKind::Restricted => "The person was restricted",
        ReportKind::Deceased => "A death was recorded",
        ReportKind::ShownAgain => "The record is shown again",
        ReportKind::Adult => "The person is 18 or over",
    }
}

/// What a kind of report means.
pub fn meaning(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::NoAnswer => "You called, and nobody answered, or the number is not in use.",
        ReportKind::WrongPerson => "The plan seems to be for somebody else.",
        ReportKind::NotBrought => "An appointment was missed.",
        ReportKind::LeftBeforeSeen => "They left, or were taken away, before they were seen.",
        ReportKind::NumberReplaced => {
            "The Personal Demographics Service has another number for this person. The record is found under both for a year. \
             Check the new number and send it in your next file."
        }
        ReportKind::NumberWithdrawn => {
            "The number is nobody's any more, and no other replaces it. The record is hidden from the NHS. Do not send it under \
             this number again."
        }
        ReportKind::Restricted => {
            "The person's details are restricted. The record is hidden from the NHS and stays stored."
        }
        ReportKind::Deceased => "The record is hidden from the NHS. Nothing is deleted until you send a delete date.",
        ReportKind::ShownAgain => "What hid the record is over. The NHS sees it again.",
        ReportKind::Adult => {
            "By the date of birth that the Personal Demographics Service has. A child's plans are not shown to the NHS any more. If \
             the date is wrong, it is mended there."
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
        ReportKind::BY_PEOPLE.iter().map(|kind| Choice::new(kind.code(), name(kind)).meaning(meaning(*kind))).collect()
    }
}

/// The report was sent.
#[derive(Template)]
#[template(path = "report_sent.html")]
pub struct ReportSent {
    /// The frame.
    pub page: Frame,
    /// What was reported.
    pub kind: ReportKind,
    /// To whom.
    pub authority: String,
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
    pub kind: ReportKind,
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
