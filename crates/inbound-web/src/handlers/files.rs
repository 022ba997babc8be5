//! An authority sends a file in the browser: a spreadsheet saved as CSV, or a message of its case system.

use crate::door::{Answer, Visit, rendered};
use crate::form::Faults;
use crate::frame::Section;
use crate::view::files::{FileTaken, Files, Finding, Outcome};
use axum::body::Bytes;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use cpis_app::upload::{Received, Waiting, Wishes, receive, receive_table, sequence};
use cpis_model::codes::{Detail, FileCode};
use cpis_model::upload::{Acknowledgement, Rejection};

/// Faults that are shown.
const SHOWN_MAX: usize = 200;

pub(super) async fn form(visit: &mut Visit<'_>) -> Answer {
    page(visit, StatusCode::OK, Faults::default()).await
}

async fn page(visit: &Visit<'_>, status: StatusCode, faults: Faults) -> Answer {
    let caller = visit.caller()?;
    let state = sequence(&visit.web().service, caller.clone()).await?;
    let missing =
        state.next.filter(|next| state.waiting.iter().any(|number| number > next) && !state.waiting.contains(next));
    let page = Files {
        page: visit.frame(Section::Files),
        authority: caller.organisation.name.to_string(),
        last: state.last_at,
        waiting: state.waiting.len(),
        missing,
        faults,
    };
    rendered(status, &page)
}

/// A spreadsheet with every column, to fill in.
pub(super) fn template() -> Response {
    let mut answer = (StatusCode::OK, cpis_format_csv::template()).into_response();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"plans.csv\""));
    answer
}

pub(super) async fn send(visit: &mut Visit<'_>) -> Answer {
    let file = Bytes::from(std::mem::take(&mut visit.input.body));
    if file.is_empty() {
        let faults = Faults::default().with("file", "Choose a file that is not empty");
        return page(visit, StatusCode::UNPROCESSABLE_ENTITY, faults).await;
    }
    let (service, caller) = (&visit.web().service, visit.caller()?);
    let wishes = Wishes { no_wait: true, ..Wishes::default() };
    let received = if is_message(&file) {
        receive(service, caller, file, wishes).await?
    } else {
        receive_table(service, caller, file, wishes).await?
    };
    match received {
        Received::Answered(ack) | Received::TooLarge(ack) => {
            let page = told(visit, &ack);
            let bad = page.outcome == Outcome::Refused;
            rendered(if bad { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &page)
        }
        Received::Waits(Waiting { sequence, missing }) => {
            let outcome = missing.map_or(Outcome::Waits, Outcome::Gap);
            rendered(StatusCode::ACCEPTED, &FileTaken { number: Some(sequence), ..empty(visit, outcome) })
        }
        Received::Busy => rendered(StatusCode::CONFLICT, &empty(visit, Outcome::Busy)),
    }
}

/// Whether a file is a message in XML: its first sign says so. Everything else is read as a table.
fn is_message(file: &[u8]) -> bool {
    let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    text.trim_ascii_start().first() == Some(&b'<')
}

fn empty(visit: &Visit<'_>, outcome: Outcome) -> FileTaken {
    let page = visit.frame(Section::Files);
    FileTaken { page, outcome, number: None, loaded: 0, failed: 0, findings: Vec::new(), more: 0 }
}

fn told(visit: &Visit<'_>, ack: &Acknowledgement) -> FileTaken {
    let outcome = match ack.code {
        FileCode::AllLoaded => Outcome::All,
        FileCode::SomeLoaded => Outcome::Part,
        FileCode::NoneLoaded => Outcome::Nothing,
        FileCode::DemographicsAway => Outcome::Waits,
        FileCode::FileFault | FileCode::ClientTooOld => Outcome::Refused,
    };
    let of_file = |(place, what): &(String, String)| Finding {
        place: place.clone(),
        what: what.clone(),
        code: ack.code.code().to_owned(),
        mend: String::new(),
        is_warning: false,
    };
    let all = ack.file_faults.iter().map(of_file).chain(ack.rejections.iter().map(finding));
    let count = ack.file_faults.len() + ack.rejections.len();
    FileTaken {
        number: ack.sequence,
        loaded: ack.loaded as usize,
        failed: ack.failed as usize,
        findings: all.take(SHOWN_MAX).collect(),
        more: count.saturating_sub(SHOWN_MAX),
        ..empty(visit, outcome)
    }
}

fn finding(rejection: &Rejection) -> Finding {
    let display = rejection.detail.map_or_else(|| rejection.code.display(), Detail::display);
    Finding {
        place: rejection.location.clone(),
        what: rejection.shape.clone().unwrap_or_else(|| display.to_owned()),
        code: rejection.detail.map_or_else(|| rejection.code.code(), Detail::code).to_owned(),
        mend: rejection.mend().to_owned(),
        is_warning: rejection.is_warning(),
    }
}
