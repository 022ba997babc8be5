//! What it answers on its socket.

use super::answers::{
    INVALID, INVALID_ID, INVALIDATED, MISSING, NOT_FOUND, TOO_MANY_MATCHES, UNAUTHORISED, UNSUPPORTED, fhir, outcome,
};
use super::people::{Away, Entry, Named};
use super::state::State;
use super::{BASE, Trouble, assertion};
use crate::issuer::pairs;
use axum::Router;
use axum::extract::{Path, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use cpis_model::nhs_number::NhsNumber;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Steps from a number to the one that replaced it.
const SUPERSEDED_MAX: usize = 8;

pub(super) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/oauth2/token", post(token))
        .route(&format!("{BASE}/Patient"), get(search))
        .route(&format!("{BASE}/Patient/{{id}}"), get(read))
        .fallback(|| async { Trouble::Page(404).answer().await })
        .layer(middleware::from_fn_with_state(state.clone(), watched))
        .with_state(state)
}

/// Counts, takes its time, and lets requests meet their trouble.
async fn watched(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let operation = match path.strip_prefix(BASE) {
        None if path == "/oauth2/token" => "token",
        None => "elsewhere",
        Some("/Patient") => "search",
        Some(_) => "read",
    };
    if operation != "token" {
        let id = request.headers().get("x-request-id").and_then(|value| value.to_str().ok()).unwrap_or_default();
        state.note(id);
    }
    let mirrored = ["x-request-id", "x-correlation-id"].map(|name| (name, request.headers().get(name).cloned()));
    let here = Here::enter(&state);
    let slow = *state.slow();
    if !slow.is_zero() {
        tokio::time::sleep(slow).await;
    }
    let mut response = match state.meet(operation == "token") {
        Some(trouble) => trouble.answer().await,
        None => next.run(request).await,
    };
    drop(here);
    for (name, value) in mirrored {
        if let Some(value) = value {
            response.headers_mut().insert(name, value);
        }
    }
    *state.counts().entry(format!("{operation} {}", response.status().as_u16())).or_default() += 1;
    response
}

/// A request that is here.
struct Here(Arc<State>);

impl Here {
    fn enter(state: &Arc<State>) -> Self {
        let now = state.here.fetch_add(1, Ordering::Relaxed) + 1;
        state.most.fetch_max(now, Ordering::Relaxed);
        Self(state.clone())
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.0.here.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn token(Shared(state): Shared<Arc<State>>, body: String) -> Response {
    let refused = |status: StatusCode, error: &str, words: &str| {
        let body = json!({ "error": error, "error_description": words }).to_string();
        (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    let form = pairs(&body).unwrap_or_default();
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("grant_type") != "client_credentials" {
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", "grant_type is invalid");
    }
    if field("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
        let words = "Missing or invalid client_assertion_type - must be 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'";
        return refused(StatusCode::BAD_REQUEST, "invalid_request", words);
    }
    let now = (state.clock)();
    let audience = state.token_url();
    let checked = assertion::check(field("client_assertion"), &state.application, &audience, now, &mut state.used());
    if let Err(words) = checked {
        return refused(StatusCode::UNAUTHORIZED, "invalid_request", words);
    }
    let seconds = state.token_seconds.load(Ordering::Relaxed);
    let token = format!("token-{}", state.given.fetch_add(1, Ordering::Relaxed) + 1);
    state.tokens().insert(token.clone(), now.as_second() + i64::from(seconds));
    let body = json!({
        "access_token": token,
        "expires_in": seconds.to_string(),
        "token_type": "Bearer",
        "issued_at": now.as_millisecond().to_string(),
    });
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// What every request must have.
fn refusal(state: &State, headers: &HeaderMap) -> Option<Response> {
    if !state.admits(headers) {
        return Some(outcome(StatusCode::UNAUTHORIZED, UNAUTHORISED));
    }
    match headers.get("x-request-id").map(|id| id.to_str().is_ok_and(is_uuid)) {
        None => Some(outcome(StatusCode::BAD_REQUEST, MISSING)),
        Some(false) => Some(outcome(StatusCode::BAD_REQUEST, INVALID)),
        Some(true) => None,
    }
}

fn is_uuid(text: &str) -> bool {
    text.parse::<cpis_model::Uuid>().is_ok()
}

async fn read(Shared(state): Shared<Arc<State>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if let Some(refusal) = refusal(&state, &headers) {
        return refusal;
    }
    let Ok(mut number) = id.parse::<NhsNumber>() else { return outcome(StatusCode::BAD_REQUEST, INVALID_ID) };
    for _ in 0..SUPERSEDED_MAX {
        match state.known(number).await {
            Err(Away) => return Trouble::Status(503, None).answer().await,
            Ok(None) => break,
            Ok(Some(Entry::Invalidated)) => return outcome(StatusCode::NOT_FOUND, INVALIDATED),
            Ok(Some(Entry::Superseded(next))) => number = next,
            Ok(Some(Entry::Person(person))) => {
                let mut response = fhir(StatusCode::OK, &person.patient(number));
                response.headers_mut().insert(header::ETAG, header::HeaderValue::from_static("W/\"2\""));
                return response;
            }
        }
    }
    outcome(StatusCode::NOT_FOUND, NOT_FOUND)
}

/// Finds by family name, day of birth and, if it is given, gender. An application is shown one person, and only if there is
/// one.
async fn search(Shared(state): Shared<Arc<State>>, uri: Uri, headers: HeaderMap) -> Response {
    if let Some(refusal) = refusal(&state, &headers) {
        return refusal;
    }
    let query = uri.query().unwrap_or_default();
    let Some(asked) = pairs(query).filter(|asked| !asked.is_empty()) else {
        return outcome(StatusCode::BAD_REQUEST, UNSUPPORTED);
    };
    if asked.get("_max-results").is_some_and(|max| max != "1") {
        return outcome(StatusCode::FORBIDDEN, INVALID);
    }
    let (Some(family), Some(birth)) = (asked.get("family"), asked.get("birthdate")) else {
        return outcome(StatusCode::BAD_REQUEST, MISSING);
    };
    let birth = birth.strip_prefix("eq").unwrap_or(birth);
    let gender = asked.get("gender").map(String::as_str);
    let found = match state.named(family, birth, gender).await {
        Err(Away) => return Trouble::Status(503, None).answer().await,
        Ok(Named::Many) => return outcome(StatusCode::OK, TOO_MANY_MATCHES),
        Ok(Named::One(number, person)) => Some((number, person)),
        Ok(Named::Nobody) => None,
    };
    let entry = found.map(|(number, person)| {
        let address = format!("{}{BASE}/Patient/{}", state.url, number.digits());
        json!({ "fullUrl": address, "search": { "score": 1 }, "resource": person.patient(number) })
    });
    let total = usize::from(entry.is_some());
    let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset", "total": total });
    if let (Some(entry), Some(all)) = (entry, bundle.as_object_mut()) {
        all.insert("entry".to_owned(), json!([entry]));
    }
    fhir(StatusCode::OK, &bundle)
}
