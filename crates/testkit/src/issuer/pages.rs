//! What the issuer answers on its socket.

use super::sign_in::SignIns;
use super::{AUDIENCE, SigningKey, header, people, sign_in, with};
use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::{StatusCode, header as names};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use cpis_model::Timestamp;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Life of a client's own token, in seconds. Source: spec/fhir.md 4.2.
const SECONDS: i64 = 599;

type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

pub(super) struct State {
    pub url: String,
    keys: Mutex<Vec<SigningKey>>,
    clock: Clock,
    pub clients: Mutex<HashMap<String, String>>,
    sign_ins: Mutex<SignIns>,
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
            sign_ins: Mutex::default(),
            instead: Mutex::default(),
            requests: AtomicU64::new(0),
        }
    }

    pub fn keys(&self) -> MutexGuard<'_, Vec<SigningKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn sign_ins(&self) -> MutexGuard<'_, SignIns> {
        self.sign_ins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now(&self) -> Timestamp {
        (self.clock)()
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
            "authorization_endpoint": format!("{url}/oauth2/authorize"),
            "token_endpoint": format!("{url}/oauth2/token"),
            "userinfo_endpoint": format!("{url}/oauth2/userinfo"),
            "end_session_endpoint": format!("{url}/oauth2/end-session"),
            "scopes_supported": ["openid", "profile", "nationalrbacaccess", "selectedrole"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS512", "PS256", "ES256"],
            "authorization_response_iss_parameter_supported": true,
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
            "response_types_supported": ["code"],
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
        .route("/oauth2/authorize", get(sign_in::ask).post(sign_in::chosen))
        .route("/oauth2/token", post(token))
        .route("/oauth2/userinfo", get(sign_in::userinfo))
        .route("/oauth2/end-session", get(sign_in::end))
        .layer(middleware::from_fn_with_state(state.clone(), counted))
        .with_state(state)
}

/// An OAuth error.
pub(super) fn refused(status: StatusCode, error: &str) -> Response {
    (status, document(&json!({ "error": error }))).into_response()
}

pub(super) fn document(value: &Value) -> Response {
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

async fn token(Shared(state): Shared<Arc<State>>, body: String) -> Response {
    let Some(form) = sign_in::pairs(&body) else { return refused(StatusCode::BAD_REQUEST, "invalid_request") };
    match form.get("grant_type").map(String::as_str) {
        Some("authorization_code") => sign_in::redeem(&state, &form),
        Some("client_credentials") => own_token(&state, &form),
        Some(_) => refused(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
        None => refused(StatusCode::BAD_REQUEST, "invalid_request"),
    }
}

fn own_token(state: &State, form: &HashMap<String, String>) -> Response {
    let (Some(id), Some(secret)) = (form.get("client_id"), form.get("client_secret")) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_request");
    };
    let known = state.clients.lock().unwrap_or_else(PoisonError::into_inner).get(id) == Some(secret);
    if !known {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let now = state.now();
    let claims = with(&people::authority_system(id, now), "exp", now.as_second() + SECONDS);
    document(&json!({
        "access_token": state.mint(&claims),
        "expires_in": SECONDS.to_string(),
        "token_type": "Bearer",
        "issued_at": now.as_millisecond().to_string(),
    }))
}
