//! What it answers on its socket.

use super::answers::{
    INVALID, INVALID_ID, INVALIDATED, MISSING, NOT_FOUND, TOO_MANY_MATCHES, UNAUTHORISED, UNSUPPORTED, fhir, outcome,
};
use super::people::{Entry, Somebody};
use super::{Application, BASE, Trouble, assertion};
use crate::issuer::pairs;
use axum::Router;
use axum::extract::{Path, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use cpis_model::Timestamp;
use cpis_model::nhs_number::NhsNumber;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Life of a token in seconds, as on the real platform.
const TOKEN_SECONDS: u32 = 599;
/// Steps from a number to the one that replaced it.
const SUPERSEDED_MAX: usize = 8;

type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// Troubles that are due.
#[derive(Default)]
pub(super) struct Troubles {
    pub next: Option<(u32, Trouble)>,
    pub always: Option<Trouble>,
    pub tokens: Option<(u32, Trouble)>,
}

pub(super) struct State {
    pub url: String,
    application: Application,
    clock: Clock,
    people: Mutex<HashMap<NhsNumber, Entry>>,
    troubles: Mutex<Troubles>,
    /// Tokens with the second in which they end.
    tokens: Mutex<HashMap<String, i64>>,
    used: Mutex<HashSet<String>>,
    counts: Mutex<HashMap<String, u64>>,
    request_ids: Mutex<Vec<String>>,
    slow: Mutex<Duration>,
    pub token_seconds: AtomicU32,
    given: AtomicU64,
    now_here: AtomicU64,
    pub most: AtomicU64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub fn new(url: String, application: Application, clock: Clock) -> Self {
        Self {
            url,
            application,
            clock,
            people: Mutex::default(),
            troubles: Mutex::default(),
            tokens: Mutex::default(),
            used: Mutex::default(),
            counts: Mutex::default(),
            request_ids: Mutex::default(),
            slow: Mutex::default(),
            token_seconds: AtomicU32::new(TOKEN_SECONDS),
            given: AtomicU64::new(0),
            now_here: AtomicU64::new(0),
            most: AtomicU64::new(0),
        }
    }

    pub fn people(&self) -> MutexGuard<'_, HashMap<NhsNumber, Entry>> {
        locked(&self.people)
    }

    pub fn troubles(&self) -> MutexGuard<'_, Troubles> {
        locked(&self.troubles)
    }

    pub fn tokens(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        locked(&self.tokens)
    }

    pub fn counts(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        locked(&self.counts)
    }

    pub fn request_ids(&self) -> MutexGuard<'_, Vec<String>> {
        locked(&self.request_ids)
    }

    pub fn slow(&self) -> MutexGuard<'_, Duration> {
        locked(&self.slow)
    }

    pub fn token_url(&self) -> String {
        format!("{}/oauth2/token", self.url)
    }

    /// The trouble that a request meets.
    fn meet(&self, is_token: bool) -> Option<Trouble> {
        let mut troubles = self.troubles();
        let Troubles { next, always, tokens } = &mut *troubles;
        let counted = if is_token { tokens } else { next };
        match counted {
            Some((left, trouble)) if *left > 0 => {
                *left -= 1;
                Some(trouble.clone())
            }
            _ => always.clone().filter(|_| !is_token),
        }
    }

    /// Whether a request's token serves.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let ends = token.and_then(|token| self.tokens().get(token).copied());
        ends.is_some_and(|ends| (self.clock)().as_second() < ends)
    }
}

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
        state.request_ids().push(id.to_owned());
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
        let now = state.now_here.fetch_add(1, Ordering::Relaxed) + 1;
        state.most.fetch_max(now, Ordering::Relaxed);
        Self(state.clone())
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.0.now_here.fetch_sub(1, Ordering::Relaxed);
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
    let checked =
        assertion::check(field("client_assertion"), &state.application, &audience, now, &mut locked(&state.used));
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
    let people = state.people();
    for _ in 0..SUPERSEDED_MAX {
        match people.get(&number) {
            None => break,
            Some(Entry::Invalidated) => return outcome(StatusCode::NOT_FOUND, INVALIDATED),
            Some(Entry::Superseded(next)) => number = *next,
            Some(Entry::Person(person)) => {
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
    let people = state.people();
    let found: Vec<(NhsNumber, &Somebody)> = people
        .iter()
        .filter_map(|(number, entry)| match entry {
            Entry::Person(person) if person.matches(family, birth, gender) => Some((*number, person)),
            _ => None,
        })
        .collect();
    if found.len() > 1 {
        return outcome(StatusCode::OK, TOO_MANY_MATCHES);
    }
    let entry: Vec<Value> = found
        .iter()
        .map(|(number, person)| {
            let address = format!("{}{BASE}/Patient/{}", state.url, number.digits());
            json!({ "fullUrl": address, "search": { "score": 1 }, "resource": person.patient(*number) })
        })
        .collect();
    let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset", "total": found.len() });
    if let (false, Some(all)) = (entry.is_empty(), bundle.as_object_mut()) {
        all.insert("entry".to_owned(), entry.into());
    }
    fhir(StatusCode::OK, &bundle)
}
