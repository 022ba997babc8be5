//! What can go wrong between the service and PDS.

use super::answers::{Code, outcome};
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

/// A trouble that a request meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// This status with the `OperationOutcome` that PDS has for it, and a `Retry-After` if one is given.
    Status(u16, Option<String>),
    /// This status with a page of something else than PDS.
    Page(u16),
    /// No answer at all, until who asked gives up.
    Silence,
    /// The connection is cut in the middle of the body.
    Cut,
    /// 200 with something that is no JSON.
    Garbage,
    /// 200 with JSON that is no answer.
    OtherJson,
    /// 200 with a body without end.
    Huge,
}

impl Trouble {
    /// The answer to a request that meets it.
    pub(super) async fn answer(self) -> Response {
        let fhir = [(header::CONTENT_TYPE, "application/fhir+json")];
        match self {
            Self::Status(status, retry_after) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = outcome(status, Code::of(status));
                if let Some(value) = retry_after.and_then(|text| text.parse().ok()) {
                    response.headers_mut().insert(header::RETRY_AFTER, value);
                }
                response
            }
            Self::Page(status) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let page = "<!doctype html><title>Gateway</title><p>This is not the service that you asked for.";
                (status, [(header::CONTENT_TYPE, "text/html")], page).into_response()
            }
            Self::Silence => std::future::pending().await,
            Self::Cut => {
                let half = Bytes::from_static(b"{\"resourceType\":\"Patient\",\"id\":\"");
                let parts = stream::iter([Ok(half), Err(std::io::Error::other("cut"))]);
                (fhir, Body::from_stream(parts)).into_response()
            }
            Self::Garbage => (fhir, "\u{0}\u{1}no JSON").into_response(),
            Self::OtherJson => (fhir, "{\"resourceType\":\"Observation\"}").into_response(),
            Self::Huge => {
                let part = Bytes::from(vec![b' '; 64 * 1024]);
                let parts = stream::repeat_with(move || Ok::<_, std::io::Error>(part.clone()));
                (fhir, Body::from_stream(parts)).into_response()
            }
        }
    }
}
