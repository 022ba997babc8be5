//! What the issuer answers on its socket.

use super::{AUDIENCE, SigningKey, header, people, with};
use axum::Router;
use axum::extract::{Query, Request, State as Shared};
use axum::http::{StatusCode, Uri, header as names};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use cpis_model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Life of a token of the token endpoint, in seconds. Source: spec/fhir.md 4.2.
const SECONDS: i64 = 599;

type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

pub(super) struct State {
    pub url: String,
    keys: Mutex<Vec<SigningKey>>,
    clock: Clock,
    pub clients: Mutex<HashMap<String, String>>,
    pub instead: Mutex<HashMap<String, (u16, String)>>,
    pub requests: AtomicU64,
}

impl State {
    pub fn new(url: String, keys: Vec<SigningKey>, clock: Clock) -> Self {
        Self {
            url,
            keys: Mutex::new(keys),
            clock,
            clients: Mutex::default(),
            instead: Mutex::default(),
            requests: AtomicU64::new(0),
        }
    }

    pub fn keys(&self) -> MutexGuard<'_, Vec<SigningKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn complete(&self, claims: &Value) -> Value {
        let absent = |name: &str| claims.get(name).is_none();
        let claims = if absent("iss") { with(claims, "iss", self.url.as_str()) } else { claims.clone() };
        if absent("aud") { with(&claims, "aud", AUDIENCE) } else { claims }
    }

    pub fn mint(&self, claims: &Value) -> String {
        let claims = self.complete(claims);
        self.keys().last().map(|key| key.sign(&header(key), &claims)).unwrap_or_default()
    }

    pub fn jwks(&self) -> Value {
        json!({ "keys": self.keys().iter().map(SigningKey::public).collect::<Vec<_>>() })
    }

    pub fn discovery(&self) -> Value {
        let url = &self.url;
        json!({
            "issuer": url,
            "jwks_uri": format!("{url}/jwks"),
            "token_endpoint": format!("{url}/oauth2/token"),
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        })
    }
}

pub(super) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(|Shared(state): Shared<Arc<State>>| async move { document(&state.discovery()) }),
        )
        .route("/jwks", get(|Shared(state): Shared<Arc<State>>| async move { document(&state.jwks()) }))
        .route("/oauth2/token", post(token))
        .layer(middleware::from_fn_with_state(state.clone(), counted))
        .with_state(state)
}

fn document(value: &Value) -> Response {
    ([(names::CONTENT_TYPE, "application/json"), (names::CACHE_CONTROL, "no-store")], value.to_string()).into_response()
}

async fn counted(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    state.requests.fetch_add(1, Ordering::Relaxed);
    let instead = state.instead.lock().unwrap_or_else(PoisonError::into_inner).get(request.uri().path()).cloned();
    match instead {
        Some((status, body)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(names::LOCATION, state.url.clone())], body).into_response()
        }
        None => next.run(request).await,
    }
}

#[derive(Deserialize)]
struct Form {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

async fn token(Shared(state): Shared<Arc<State>>, body: String) -> Response {
    let refused = |status: StatusCode, error: &str| (status, document(&json!({ "error": error }))).into_response();
    // A form has the syntax of a query.
    let form = format!("/?{body}").parse::<Uri>().ok().and_then(|uri| Query::<Form>::try_from_uri(&uri).ok());
    let Some(Query(Form { grant_type: Some(grant), client_id: Some(id), client_secret: Some(secret) })) = form else {
        return refused(StatusCode::BAD_REQUEST, "invalid_request");
    };
    if grant != "client_credentials" {
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let known = state.clients.lock().unwrap_or_else(PoisonError::into_inner).get(&id) == Some(&secret);
    if !known {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let now = (state.clock)();
    let claims = with(&people::authority_system(&id, now), "exp", now.as_second() + SECONDS);
    document(&json!({
        "access_token": state.mint(&claims),
        "expires_in": SECONDS.to_string(),
        "token_type": "Bearer",
        "issued_at": now.as_millisecond().to_string(),
    }))
}
