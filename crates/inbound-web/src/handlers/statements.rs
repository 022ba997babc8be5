//! Pages that are the same for everybody, and what browsers fetch beside pages.

use crate::assets;
use crate::door::{Answer, Stop, Visit, rendered};
use crate::frame::Section;
use crate::view::api::Api;
use crate::view::message::What;
use crate::view::statements::{Accessibility, AnswersHelp, Licence, Privacy};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;

/// An embedded file. Its name holds the digest of its bytes, so it never changes.
pub(super) fn asset(visit: &Visit<'_>) -> Answer {
    let name = visit.places.get("name").map_or("", String::as_str);
    let Some(asset) = assets::find(name) else { return Err(Stop::Say(What::NotFound)) };
    let mut answer = (StatusCode::OK, asset.bytes).into_response();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Ok(answer)
}

pub(super) fn api(visit: &Visit<'_>) -> Answer {
    let page = Api::new(visit.frame(Section::Elsewhere), visit.web().openapi);
    rendered(StatusCode::OK, &page.map_err(|error| Stop::Failed(error.to_string()))?)
}

pub(super) fn accessibility(visit: &Visit<'_>) -> Answer {
    rendered(StatusCode::OK, &Accessibility { page: visit.frame(Section::Elsewhere) })
}

pub(super) fn privacy(visit: &Visit<'_>) -> Answer {
    rendered(StatusCode::OK, &Privacy { page: visit.frame(Section::Elsewhere) })
}

pub(super) fn licence(visit: &Visit<'_>) -> Answer {
    rendered(StatusCode::OK, &Licence { page: visit.frame(Section::Elsewhere), version: env!("CARGO_PKG_VERSION") })
}

pub(super) fn answers(visit: &Visit<'_>) -> Answer {
    rendered(StatusCode::OK, &AnswersHelp { page: visit.frame(Section::Elsewhere) })
}
