//! An authority's notices: the list by visits, one of them, its acknowledgement.

use crate::form::Faults;
use crate::frame::Frame;
use crate::lines::Line;
use crate::view::{Acknowledged, Pages};
use askama::Template;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::notice::ReportKind;
use cpis_model::organisation::Phone;
use cpis_model::setting::Setting;
use cpis_model::{Timestamp, Uuid};

/// Notices of one visit, which are shown together and never merged.
#[derive(Clone)]
pub struct Visit {
    /// The person.
    pub number: NhsNumber,
    /// The authority's own id for the person.
    pub local_id: Option<String>,
    /// The notices, newest first.
    pub notices: Vec<NoticeRow>,
}

/// A notice in the list.
#[derive(Clone)]
pub struct NoticeRow {
    /// Its id.
    pub id: Uuid,
    /// When the record was opened.
    pub at: Timestamp,
    /// The place.
    pub place: String,
    /// The role of whoever opened it.
    pub role: String,
    /// Who acknowledged it.
    pub acknowledged: Option<Acknowledged>,
}

/// The list of notices.
#[derive(Template)]
#[template(path = "notices.html")]
pub struct Notices {
    /// The frame.
    pub page: Frame,
    /// The authority.
    pub authority: String,
    /// Whether these are the acknowledged ones.
    pub acknowledged: bool,
    /// How many are open.
    pub open_count: Option<usize>,
    /// The notices by visits, newest first.
    pub visits: Vec<Visit>,
    /// Where one is.
    pub pages: Pages,
}

impl Notices {
    fn heading(&self) -> &'static str {
        if self.acknowledged { "Acknowledged notices" } else { "Open notices" }
    }
}

/// What a clinician told the authority.
#[derive(Clone)]
pub struct Told {
    /// What.
    pub kind: ReportKind,
    /// The number that did not answer.
    pub phone: Option<Phone>,
    /// In their words; may be empty.
    pub text: String,
}

/// One notice.
#[derive(Template)]
#[template(path = "notice.html")]
pub struct NoticePage {
    /// The frame.
    pub page: Frame,
    /// Its id.
    pub id: Uuid,
    /// The person.
    pub number: NhsNumber,
    /// The authority's own id for the person.
    pub local_id: Option<String>,
    /// When the record was opened, or the message was sent.
    pub at: Timestamp,
    /// The place.
    pub place: String,
    /// The kind of care.
    pub setting: Option<Setting>,
    /// Who: a name, or a system.
    pub who: String,
    /// Their role.
    pub role: String,
    /// The message, where the notice is one.
    pub report: Option<Told>,
    /// How to call back.
    pub call_back: Vec<Line>,
    /// Who acknowledged it.
    pub acknowledged: Option<Acknowledged>,
    /// Field: `read`.
    pub faults: Faults,
}

impl NoticePage {
    fn heading(&self) -> &'static str {
        if self.report.is_some() { "A message about a person with a plan" } else { "A record was opened" }
    }
}
