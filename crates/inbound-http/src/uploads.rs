//! The authority's uploads (spec/decisions.md 3): send a file, ask where it stands, give up a missing number.

mod file;
mod turns;

pub use turns::Senders;

use crate::caller::{self, caller};
use crate::door::Door;
use crate::failure;
use crate::media::{self, Form};
use crate::problem::Problem;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use cpis_app::upload::{self as app, Received, Skipped, UploadStatus, Wishes};
use cpis_format_hl7v3::{acknowledgement_json, acknowledgement_xml};
use cpis_model::caller::Caller;
use cpis_model::codes::FileCode;
use cpis_model::time::london_instant;
use cpis_model::upload::Acknowledgement;
use http::header::{CONTENT_ENCODING, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;

/// `POST /authority/v1/uploads`
pub async fn upload(door: &Door, request: &Parts, body: Body) -> Result<Response, Problem> {
    let headers = &request.headers;
    let caller = known(door, headers).await?;
    let service = &door.http.service;
    let failed = |error| failure::problem(door, error);
    let Some(authority) = caller.rights.authority else {
        // The use case refuses and records it; nobody else's body is read.
        return match app::receive(service, caller, Bytes::new(), Wishes::default()).await {
            Err(error) => Err(failed(error)),
            Ok(_) => Err(failure::internal(door.fresh_id())),
        };
    };
    let kind = kind(headers)?;
    let offered = match kind {
        Kind::Message => [Form::Xml, Form::Json],
        Kind::Table => [Form::Json, Form::Xml],
    };
    let form = media::choose(headers, offered).ok_or_else(not_acceptable)?;
    let wishes = wishes(headers);
    let _turn = turns::take(door, authority).await?;
    let file = file::read(door, headers, body).await?;
    let received = match kind {
        Kind::Message => app::receive(service, caller, file, wishes).await,
        Kind::Table => app::receive_table(service, caller, file, wishes).await,
    };
    match received.map_err(failed)? {
        Received::Answered(acknowledgement) => Ok(acknowledged(&acknowledgement, form, None)),
        Received::TooLarge(acknowledgement) => {
            Ok(acknowledged(&acknowledgement, form, Some(StatusCode::PAYLOAD_TOO_LARGE)))
        }
        Received::Waits(waiting) => Ok(waits(waiting.sequence, waiting.missing)),
        Received::Busy => {
            let words = "Another file of this authority is being processed. Send this one again later, \
                or without the preference wait=0.";
            Err(Problem::new(StatusCode::CONFLICT, "busy", words).retry_after(failure::RETRY_AFTER_SECONDS))
        }
    }
}

/// `GET /authority/v1/uploads`
pub async fn sequence(door: &Door, request: &Parts) -> Result<Response, Problem> {
    let caller = known(door, &request.headers).await?;
    let state = app::sequence(&door.http.service, caller).await.map_err(|error| failure::problem(door, error))?;
    let answer = json!({
        "next": state.next,
        "waiting": state.waiting,
        "last_at": state.last_at.map(london_instant),
    });
    Ok(reply(StatusCode::OK, &answer))
}

/// `GET /authority/v1/uploads/{sequence}`
pub async fn status(door: &Door, request: &Parts) -> Result<Response, Problem> {
    let caller = known(door, &request.headers).await?;
    let form = media::choose(&request.headers, [Form::Json, Form::Xml]).ok_or_else(not_acceptable)?;
    let status = app::status(&door.http.service, caller, number(request)).await;
    let status = status.map_err(|error| failure::problem(door, error))?;
    if let (Form::Xml, Some(acknowledgement)) = (form, &status.acknowledgement) {
        return Ok(media::reply(StatusCode::OK, form.content_type(), acknowledgement_xml(acknowledgement)));
    }
    let (word, text) = standing(status.status);
    let head = json!({
        "sequence": status.sequence,
        "status": word,
        "received": london_instant(status.received),
        "missing": status.missing,
        "text": text,
    });
    let acknowledgement = status.acknowledgement.as_ref().map(acknowledgement_json);
    Ok(media::reply(StatusCode::OK, Form::Json.content_type(), with_acknowledgement(&head, acknowledgement.as_deref())))
}

/// `POST /authority/v1/uploads/{sequence}/skip`
pub async fn skip(door: &Door, request: &Parts) -> Result<Response, Problem> {
    let caller = known(door, &request.headers).await?;
    let sequence = number(request);
    match app::skip(&door.http.service, caller, sequence).await.map_err(|error| failure::problem(door, error))? {
        Skipped::Yes => Ok(reply(
            StatusCode::OK,
            &json!({
                "sequence": sequence,
                "status": "skipped",
                "text": "The number is given up. What waited for it is being processed.",
            }),
        )),
        Skipped::NotMissing { next } => {
            let words = match next {
                Some(next) => format!("Only the number that is expected next can be given up: {next}."),
                None => "No number is expected yet: the first file may have any.".to_owned(),
            };
            Err(Problem::new(StatusCode::CONFLICT, "not-missing", words).with("next", next))
        }
    }
}

async fn known(door: &Door, headers: &HeaderMap) -> Result<Arc<Caller>, Problem> {
    caller(door, caller::AUTHORITY, headers).await.map_err(failure::unknown_problem)
}

/// The sequence number of the address. One that is none is asked for as 0, so that the policy answers first.
fn number(request: &Parts) -> u64 {
    let text = media::segment(request.uri.path(), 3).unwrap_or_default();
    text.parse().ok().filter(|&number: &u64| i64::try_from(number).is_ok()).unwrap_or(0)
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An HL7v3 file.
    Message,
    /// A spreadsheet, saved as text.
    Table,
}

fn kind(headers: &HeaderMap) -> Result<Kind, Problem> {
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        let words = "Send the file as it is, without a content coding.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-coding", words));
    }
    if media::is_named(headers, media::TABLE) {
        return Ok(Kind::Table);
    }
    if media::is_content(headers, media::XML) {
        return Ok(Kind::Message);
    }
    let words = "A file is sent as application/xml, text/xml or application/hl7-v3+xml, in UTF-8; a spreadsheet is saved \
        as CSV and sent as text/csv.";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", words))
}

fn not_acceptable() -> Problem {
    let words = "Answers are application/xml or application/json.";
    Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", words)
}

/// `Prefer` (RFC 7240); what is not known there is passed over.
fn wishes(headers: &HeaderMap) -> Wishes {
    let mut wishes = Wishes::default();
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    for preference in values.flat_map(|value| value.split(',')) {
        let preference = preference.split(';').next().unwrap_or_default().trim();
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        match name.trim() {
            name if name.eq_ignore_ascii_case("respond-async") => wishes.in_background = true,
            name if name.eq_ignore_ascii_case("wait") => wishes.no_wait |= value.trim().trim_matches('"') == "0",
            _ => {}
        }
    }
    wishes
}

fn acknowledged(acknowledgement: &Acknowledgement, form: Form, limit: Option<StatusCode>) -> Response {
    let status = limit.unwrap_or(match acknowledgement.code {
        FileCode::AllLoaded | FileCode::SomeLoaded | FileCode::NoneLoaded | FileCode::DemographicsAway => {
            StatusCode::OK
        }
        FileCode::FileFault | FileCode::ClientTooOld => StatusCode::BAD_REQUEST,
    });
    let body = match form {
        Form::Xml => acknowledgement_xml(acknowledgement),
        Form::Json => acknowledgement_json(acknowledgement),
    };
    media::reply(status, form.content_type(), body)
}

fn waits(sequence: u64, missing: Option<u64>) -> Response {
    let (word, text) = match missing {
        Some(_) => standing(UploadStatus::WaitsForGap),
        None => standing(UploadStatus::Processing),
    };
    let answer = json!({ "sequence": sequence, "status": word, "missing": missing, "text": text });
    let mut response = reply(StatusCode::ACCEPTED, &answer);
    if let Ok(location) = HeaderValue::try_from(format!("/authority/v1/uploads/{sequence}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// A word for programs and a sentence for people.
fn standing(status: UploadStatus) -> (&'static str, &'static str) {
    match status {
        UploadStatus::WaitsForGap => {
            ("waits-for-gap", "The file is kept. It takes effect when the missing number was sent or given up.")
        }
        UploadStatus::WaitsForDemographics => {
            ("waits-for-demographics", "The file is kept and tried again by itself: numbers cannot be verified now.")
        }
        UploadStatus::Processing => ("processing", "The file is kept and is being processed."),
        UploadStatus::Done => ("done", "The file was processed; the acknowledgement says what became of it."),
        UploadStatus::Skipped => ("skipped", "The number was given up."),
    }
}

fn reply(status: StatusCode, value: &Value) -> Response {
    media::reply(status, Form::Json.content_type(), value.to_string())
}

/// The object with the acknowledgement, which is JSON already, as its last member.
fn with_acknowledgement(head: &Value, acknowledgement: Option<&[u8]>) -> Vec<u8> {
    let mut body = head.to_string().into_bytes();
    body.pop();
    body.extend_from_slice(b",\"acknowledgement\":");
    body.extend_from_slice(acknowledgement.unwrap_or(b"null"));
    body.push(b'}');
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_word() {
        let words = UploadStatus::ALL.map(|status| standing(status).0);
        assert_eq!(words, ["waits-for-gap", "waits-for-demographics", "processing", "done", "skipped"]);
    }

    #[test]
    fn preferences_are_read_in_any_writing() {
        for (prefer, in_background, no_wait) in [
            ("respond-async", true, false),
            ("Respond-Async, wait=0", true, true),
            ("return=minimal, wait=\"0\"; x=y", false, true),
            ("wait=10", false, false),
            ("", false, false),
        ] {
            let headers =
                HeaderMap::from_iter([(http::header::HeaderName::from_static("prefer"), prefer.parse().unwrap())]);
            assert_eq!(wishes(&headers), Wishes { in_background, no_wait }, "{prefer}");
        }
    }
}
