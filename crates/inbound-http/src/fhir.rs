//! The FHIR interface (spec/fhir.md 1): searches for plans and accesses, the capability statement.
//!
//! The order of checks is fixed: `Accept`, token, headers, parameters, and only then the use case.

use crate::body::{self, BodyFault};
use crate::caller::{self, caller};
use crate::door::{Door, MIRRORED};
use crate::failure;
use crate::media;
use axum::body::Body;
use axum::response::Response;
use cpis_app::accesses::{accesses, accesses_of_own_child};
use cpis_app::look::{self, Question};
use cpis_format_fhir::headers::{Mirrored, accepts_json, mirrored, parse_unscheduled, prefer_strict};
use cpis_format_fhir::link::{self_link_get, self_link_post};
use cpis_format_fhir::outcome::Issue;
use cpis_format_fhir::query::{Resource, parse_query};
use cpis_format_fhir::{CONTENT_TYPE, answer};
use http::header::{ACCEPT, CONTENT_ENCODING, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

const FORM: &str = "application/x-www-form-urlencoded";

/// An issue, and the seconds after which to try again.
struct Refusal(Issue, Option<u32>);

impl<T: Into<Issue>> From<T> for Refusal {
    fn from(issue: T) -> Self {
        Self(issue.into(), None)
    }
}

/// Answers a search by GET or by POST `_search`.
pub async fn search(door: &Door, resource: Resource, request: &Parts, body: Body) -> Response {
    match found(door, resource, request, body).await {
        Ok(bundle) => media::reply(StatusCode::OK, CONTENT_TYPE, bundle),
        Err(Refusal(issue, retry_after)) => outcome(&issue, retry_after),
    }
}

/// Nothing is read by id: what an id of an answer stands for can be searched for.
pub async fn read_by_id(door: &Door, request: &Parts) -> Response {
    let headers = &request.headers;
    if let Err(issue) = acceptable(headers) {
        return outcome(&issue, None);
    }
    match caller(door, caller::FHIR, headers).await {
        Ok(_) => outcome(&Issue::NotFound, None),
        Err(error) => {
            let (issue, retry_after) = failure::unknown(error);
            outcome(&issue, retry_after)
        }
    }
}

/// The capability statement, for anybody.
pub fn metadata(door: &Door, request: &Parts) -> Response {
    match acceptable(&request.headers) {
        Ok(()) => media::reply(StatusCode::OK, CONTENT_TYPE, door.capability.clone()),
        Err(issue) => outcome(&issue, None),
    }
}

/// An `OperationOutcome`.
pub fn outcome(issue: &Issue, retry_after: Option<u32>) -> Response {
    let status = StatusCode::from_u16(issue.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = media::reply(status, CONTENT_TYPE, issue.body());
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Whether the client takes what is sent.
pub fn acceptable(headers: &HeaderMap) -> Result<(), Issue> {
    let mut values = headers.get_all(ACCEPT).iter();
    let accepted = match (values.next(), values.next()) {
        (None, _) => true,
        (Some(value), None) => value.to_str().is_ok_and(|text| accepts_json(Some(text))),
        (Some(_), Some(_)) => {
            let texts: Result<Vec<&str>, _> = headers.get_all(ACCEPT).iter().map(HeaderValue::to_str).collect();
            texts.is_ok_and(|texts| accepts_json(Some(&texts.join(","))))
        }
    };
    if accepted { Ok(()) } else { Err(Issue::NotAcceptable) }
}

/// The caller's own reference, once all headers that are mirrored have the form that they must have.
pub fn reference(headers: &HeaderMap) -> Result<Option<String>, Issue> {
    let mut trace = None;
    for (which, name) in MIRRORED {
        for value in headers.get_all(name) {
            let text = mirrored(which, value.as_bytes())?;
            if which == Mirrored::TraceId {
                trace = Some(text.to_owned());
            }
        }
    }
    Ok(trace)
}

async fn found(door: &Door, resource: Resource, request: &Parts, body: Body) -> Result<Vec<u8>, Refusal> {
    let headers = &request.headers;
    acceptable(headers)?;
    let caller = caller(door, caller::FHIR, headers).await.map_err(|error| {
        let (issue, retry_after) = failure::unknown(error);
        Refusal(issue, retry_after)
    })?;
    let declared = parse_unscheduled(headers.get_all("isunscheduledaccessevent").iter().map(HeaderValue::as_bytes))?;
    let trace = reference(headers)?;
    let strict = prefer_strict(headers.get_all("prefer").iter().map(HeaderValue::as_bytes));
    let raw = request.uri.query().unwrap_or_default();
    let base = door.fhir_base.as_str();
    let (query, link) = if request.method == Method::POST {
        let form = form(door, headers, body).await?;
        // FHIR R4, section 3.1.1.1: parameters of the address and of the form count together.
        let both = if raw.is_empty() { form } else { [raw, "&", &form].concat() };
        (parse_query(resource, &both, strict)?, self_link_post(base, resource))
    } else {
        (parse_query(resource, raw, strict)?, self_link_get(base, resource, raw))
    };

    let service = &door.http.service;
    let failed = |error| {
        let (issue, retry_after) = failure::issue(door, error);
        Refusal(issue, retry_after)
    };
    let number = query.number;
    let rights = caller.rights;
    let question = Question { caller, number, birth: query.birth, declared, trace };
    match resource {
        Resource::CareTeam => {
            let flags = look::flags(service, question).await.map_err(failed)?;
            Ok(answer::care_teams(base, &link, door.fresh_id(), flags.at, number, &flags.plans))
        }
        Resource::AuditEvent => {
            let own_child = rights.authority.is_some() && !rights.view && !rights.view_silently;
            let at = service.clock.now();
            let list = if own_child {
                accesses_of_own_child(service, question.caller, number).await
            } else {
                accesses(service, question).await
            };
            let list = list.map_err(failed)?;
            Ok(answer::accesses(base, &link, door.fresh_id(), at, number, &list, query.count))
        }
    }
}

/// The body of a POST `_search`.
async fn form(door: &Door, headers: &HeaderMap, body: Body) -> Result<String, Issue> {
    let coded = headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    if coded || !media::is_content(headers, &[FORM]) {
        return Err(Issue::UnsupportedMediaType);
    }
    let limits = door.http.limits;
    let bytes = body::read(body, limits.body_bytes_max, limits.body_time()).await.map_err(|fault| match fault {
        BodyFault::TooLarge => Issue::BodyTooLarge,
        BodyFault::TooSlow => Issue::Timeout,
        BodyFault::Broken => Issue::InvalidSearch("The body of the search did not arrive whole"),
    })?;
    String::from_utf8(bytes.into()).map_err(|_| Issue::InvalidSearch("The parameters are not UTF-8"))
}
