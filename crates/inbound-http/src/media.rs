//! Media types of requests and answers (RFC 9110, section 12.5.1).

use axum::body::Body;
use axum::response::Response;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};

/// Names under which HL7v3 files travel.
pub const XML: &[&str] = &["application/xml", "text/xml", "application/hl7-v3+xml"];
/// Tables. What is not UTF-8 is found out by its bytes, so a charset is not asked for.
pub const TABLE: &[&str] = &["text/csv", "text/tab-separated-values", "application/csv"];
/// JSON.
pub const JSON: &[&str] = &["application/json"];

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As JSON.
    Json,
    /// As XML.
    Xml,
}

impl Form {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Json => JSON,
            Self::Xml => XML,
        }
    }

    /// What it is sent as.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml; charset=utf-8",
        }
    }
}

/// An answer with a body.
pub fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Whether the request's body is one of these types, in whatever charset. No type at all is none of them.
pub fn is_named(headers: &HeaderMap, names: &[&str]) -> bool {
    content(headers).is_some_and(|value| {
        let media = value.split(';').next().unwrap_or_default().trim();
        names.iter().any(|name| media.eq_ignore_ascii_case(name))
    })
}

/// Whether the request's body is one of these types, in UTF-8.
pub fn is_content(headers: &HeaderMap, names: &[&str]) -> bool {
    let parts = content(headers).unwrap_or_default().split(';').skip(1).map(str::trim);
    is_named(headers, names)
        && parts.filter_map(|part| part.split_once('=')).all(|(name, value)| {
            let charset = value.trim().trim_matches('"');
            !name.trim().eq_ignore_ascii_case("charset")
                || ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
        })
}

/// The one content type of a request.
fn content(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    value.to_str().ok()
}

/// The form that the client likes best; of two that it likes as much, the one that stands first.
pub fn choose(headers: &HeaderMap, offered: [Form; 2]) -> Option<Form> {
    let texts: Result<Vec<&str>, _> = headers.get_all(ACCEPT).iter().map(HeaderValue::to_str).collect();
    let accept = texts.ok()?.join(",");
    if accept.trim().is_empty() {
        return offered.first().copied();
    }
    let mut best: Option<(u16, Form)> = None;
    for form in offered {
        let weight = form.names().iter().map(|name| weight(&accept, name)).max().unwrap_or(0);
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, form));
        }
    }
    best.map(|(_, form)| form)
}

/// How much a type is wanted, in thousandths: as the most specific range about it says.
fn weight(accept: &str, name: &str) -> u16 {
    let ranges = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next()?;
        let group = name.split('/').next()?;
        let specificity = match media.split_once('/')? {
            ("*", "*") => 0,
            (own, "*") if own.eq_ignore_ascii_case(group) => 1,
            _ if media.eq_ignore_ascii_case(name) => 2,
            _ => return None,
        };
        let quality =
            parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        let weight = quality.map_or(1.0, |(_, value)| value.trim().parse::<f32>().unwrap_or(1.0).clamp(0.0, 1.0));
        Some((specificity, (weight * 1000.0) as u16))
    });
    ranges.max().map_or(0, |(_, weight)| weight)
}

/// A segment of a path, from 0.
pub fn segment(path: &str, place: usize) -> Option<&str> {
    path.strip_prefix('/')?.split('/').nth(place)
}
