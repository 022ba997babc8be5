//! What every request goes through: its place in the table, time limit, panics, headers of the answer, metrics, one event.

use crate::caller::Strangers;
use crate::failure::{self, RETRY_AFTER_SECONDS};
use crate::meter::{Meter, method_word};
use crate::problem::Problem;
use crate::routes::{self, Action, Route};
use crate::soap::{Fault, Soap};
use crate::uploads::Senders;
use crate::{FHIR_BASE, Http, fhir};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use cpis_format_fhir::capability::capability_statement;
use cpis_format_fhir::headers::{Mirrored, mirrored};
use cpis_format_fhir::outcome::Issue;
use cpis_model::Uuid;
use cpis_model::time::london_day;
use futures_util::FutureExt;
use http::header::{ALLOW, CACHE_CONTROL, HeaderName, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const TRACE_ID: HeaderName = HeaderName::from_static("traceid");

/// The headers that come back.
pub const MIRRORED: [(Mirrored, HeaderName); 3] =
    [(Mirrored::RequestId, REQUEST_ID), (Mirrored::CorrelationId, CORRELATION_ID), (Mirrored::TraceId, TRACE_ID)];

/// What all requests share.
pub struct Door {
    pub http: Arc<Http>,
    /// `Http::base_url` with [`FHIR_BASE`].
    pub fhir_base: String,
    pub capability: Bytes,
    pub upload_slots: Arc<Semaphore>,
    pub senders: Arc<Senders>,
    pub strangers: Strangers,
    /// The national query, where it is offered.
    pub soap: Option<Soap>,
}

/// How an error looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// `OperationOutcome`.
    Fhir,
    /// A fault of SOAP.
    Soap,
    /// Problem details.
    Other,
}

/// A path and what may be done there; without any route, where nothing is.
pub struct Place {
    path: &'static str,
    routes: Vec<(Method, Action)>,
    allow: HeaderValue,
    meter: Meter,
}

impl Place {
    pub fn new(path: &'static str, routes: &[&'static Route]) -> Self {
        let allow = routes.iter().map(|route| route.method).collect::<Vec<_>>().join(", ");
        let offered = |route: &&Route| Some((Method::from_bytes(route.method.as_bytes()).ok()?, route.action));
        Self {
            path,
            routes: routes.iter().filter_map(offered).collect(),
            allow: HeaderValue::try_from(allow).unwrap_or(HeaderValue::from_static("")),
            meter: Meter::new(path),
        }
    }
}

impl Door {
    pub fn new(http: Arc<Http>, soap: Option<Soap>) -> Self {
        let fhir_base = [http.base_url.trim_end_matches('/'), FHIR_BASE].concat();
        let day = london_day(http.service.clock.now());
        let capability = capability_statement(&fhir_base, env!("CARGO_PKG_VERSION"), day).into();
        let upload_slots = Arc::new(Semaphore::new(http.limits.upload_slots));
        let (senders, strangers) = (Arc::default(), Strangers::default());
        Self { http, fhir_base, capability, upload_slots, senders, strangers, soap }
    }

    /// A fresh id, of version 4.
    pub fn fresh_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.http.service.keys.entropy.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// Answers a request.
    pub async fn answer(&self, place: &Place, request: Request) -> Response {
        let start = Instant::now();
        let method = request.method().clone();
        let echo = self.echo(request.headers());
        let mut response = match place.routes.iter().find(|(offered, _)| *offered == method) {
            Some(&(_, action)) => self.run(place, action, request).await,
            None if place.routes.is_empty() => not_found(self.face(request.uri().path())),
            None => not_offered(self.face(place.path), place.allow.clone()),
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        for ((_, name), value) in MIRRORED.into_iter().zip(echo) {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
        let took = start.elapsed();
        place.meter.count(&method, response.status(), took);
        if tracing::enabled!(tracing::Level::DEBUG) {
            report(place, &method, &response, took);
        }
        response
    }

    /// What comes back of the request's headers. Every answer has an `X-Request-ID`, a fresh one where the request had
    /// none that is valid.
    fn echo(&self, headers: &HeaderMap) -> [Option<HeaderValue>; 3] {
        MIRRORED.map(|(which, name)| {
            let sent = headers.get(&name).and_then(|value| {
                let text = mirrored(which, value.as_bytes()).ok()?;
                if text.len() == value.len() { Some(value.clone()) } else { HeaderValue::from_str(text).ok() }
            });
            if sent.is_none() && which == Mirrored::RequestId {
                let mut text = Uuid::encode_buffer();
                return HeaderValue::from_str(self.fresh_id().hyphenated().encode_lower(&mut text)).ok();
            }
            sent
        })
    }

    async fn run(&self, place: &Place, action: Action, request: Request) -> Response {
        let limits = self.http.limits;
        let seconds = if action == Action::Upload { limits.upload_seconds } else { limits.request_seconds };
        let run = AssertUnwindSafe(routes::run(self, action, request)).catch_unwind();
        match tokio::time::timeout(Duration::from_secs(seconds), run).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => {
                let message = self.fresh_id();
                tracing::error!(id = %message, route = place.path, "a handler panicked");
                match self.face(place.path) {
                    Face::Fhir => fhir::outcome(&Issue::Internal(message), None),
                    Face::Soap => Fault::cannot_tell(RETRY_AFTER_SECONDS).response(),
                    Face::Other => failure::internal(message).answer(),
                }
            }
            Err(_) => {
                tracing::warn!(route = place.path, seconds, "a request took too long");
                match self.face(place.path) {
                    Face::Fhir => fhir::outcome(&Issue::Unavailable, Some(RETRY_AFTER_SECONDS)),
                    Face::Soap => Fault::cannot_tell(RETRY_AFTER_SECONDS).response(),
                    Face::Other => Problem::busy().answer(),
                }
            }
        }
    }

    /// Errors below the FHIR base are `OperationOutcome`s; where the query is taken all are faults of SOAP.
    fn face(&self, path: &str) -> Face {
        match path.strip_prefix(FHIR_BASE) {
            _ if self.soap.is_some() => Face::Soap,
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Face::Fhir,
            _ => Face::Other,
        }
    }
}

fn not_found(face: Face) -> Response {
    match face {
        Face::Fhir => fhir::outcome(&Issue::NotFound, None),
        Face::Soap => Fault::not_found().response(),
        Face::Other => Problem::not_found().answer(),
    }
}

fn not_offered(face: Face, allow: HeaderValue) -> Response {
    match face {
        Face::Fhir => {
            let mut response = fhir::outcome(&Issue::MethodNotAllowed, None);
            response.headers_mut().insert(ALLOW, allow);
            response
        }
        Face::Soap => {
            let mut response = Fault::not_offered().response();
            response.headers_mut().insert(ALLOW, allow);
            response
        }
        Face::Other => {
            let words = "This method is not offered here.";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", words);
            Problem { allow: Some(allow), ..problem }.answer()
        }
    }
}

/// The one event of a request: never its address, and of its references only those that are UUIDs.
#[cold]
fn report(place: &Place, method: &Method, response: &Response, took: Duration) {
    let id = |name: HeaderName| {
        let text = response.headers().get(name)?.to_str().ok()?;
        Uuid::try_parse(text).ok().map(tracing::field::display)
    };
    tracing::debug!(
        method = method_word(method),
        route = place.path,
        status = response.status().as_u16(),
        ms = took.as_secs_f64() * 1000.0,
        request = id(REQUEST_ID),
        trace = id(TRACE_ID),
        "answered"
    );
}
