//! An authority's notices: the list by visits, one of them, its acknowledgement.

use crate::form::Faults;
use crate::frame::Frame;
use crate::lines::Line;
use crate::view::{Acknowledged, Pages};
use askama::Template;
use cpis_app::followed::Overdue;
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
    /// Minutes for which nobody has read it, where that is too long.
    pub overdue: Option<i64>,
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
    /// How many of them nobody has read for too long.
    pub overdue: Overdue,
    /// The notices by visits, newest first.
    pub visits: Vec<Visit>,
    /// Where one is.
    pub pages: Pages,
}

impl Notices {
    fn heading(&self) -> &'static str {
        if self.acknowledged { "Acknowledged notices" } else { "Open notices" }
    }

    /// How many have waited for too long, as a sentence.
    fn overdue_sentence(&self) -> Option<String> {
        let Overdue { count, may_be_more } = self.overdue;
        let most = if may_be_more { "At least " } else { "" };
        match count {
            0 => None,
            1 => Some(format!("{most}1 notice from urgent care has been unread for too long")),
            _ => Some(format!("{most}{count} notices from urgent care have been unread for too long")),
        }
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
    /// The number that replaced the person's.
    pub replaced_by: Option<NhsNumber>,
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
        match &self.report {
            Some(_) if self.is_of_demographics() => "A change in demographics",
            Some(_) => "A message about a person with a plan",
            None => "A record was opened",
        }
    }

    fn is_of_demographics(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.kind.is_of_demographics())
    }
}
