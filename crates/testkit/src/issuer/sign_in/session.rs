//! What follows a sign-in: user info, the end of a session by the person, and by the issuer through the back channel.

use super::super::pages::{State, document, refused};
use super::super::with;
use super::authorize::{encoded, page, pairs};
use super::{Session, random_word, timed};
use axum::extract::{RawQuery, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use cpis_model::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// Life of a logout token in seconds.
const LOGOUT_SECONDS: i64 = 120;

/// Claims that are the ID token's alone.
const NOT_IN_USERINFO: [&str; 7] = ["iat", "exp", "auth_time", "acr", "amr", "azp", "authentication_assurance_level"];

/// `GET` of user info with the access token.
pub(in super::super) async fn userinfo(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let sign_ins = state.sign_ins();
    let granted = token.and_then(|token| sign_ins.access.get(token));
    let Some((claims, _)) = granted.filter(|(_, expires)| state.now().as_second() < *expires) else {
        return refused(StatusCode::UNAUTHORIZED, "invalid_token");
    };
    let claims = NOT_IN_USERINFO.iter().fold(claims.clone(), |claims, name| with(&claims, name, Value::Null));
    document(&sign_ins.bend_userinfo.as_ref().map_or(claims.clone(), |bend| bend(&claims)))
}

/// `GET` of the end of a session: forgets it and sends the browser back, when that is a registered address.
pub(in super::super) async fn end(Shared(state): Shared<Arc<State>>, RawQuery(query): RawQuery) -> Response {
    let request = pairs(&query.unwrap_or_default()).unwrap_or_default();
    let get = |name: &str| request.get(name).map(String::as_str);
    let mut sign_ins = state.sign_ins();
    if let Some(sid) = get("logout_hint") {
        sign_ins.sessions.remove(sid);
    }
    let client = get("client_id").and_then(|id| sign_ins.clients.get(id));
    let back = get("post_logout_redirect_uri");
    let back = back.filter(|back| client.is_some_and(|client| client.redirects.iter().any(|known| known == back)));
    match (back, get("state")) {
        (Some(back), None) => (StatusCode::SEE_OTHER, [(header::LOCATION, back.to_owned())]).into_response(),
        (Some(back), Some(state)) => {
            let back = format!("{back}?{}", encoded(&[("state", state)]));
            (StatusCode::SEE_OTHER, [(header::LOCATION, back)]).into_response()
        }
        (None, _) => Html(page("Signed out", "")).into_response(),
    }
}

/// The claims of a logout token for this session (OpenID Connect Back-Channel Logout 1.0, 2.4).
pub(in super::super) fn logout_claims(url: &str, sid: &str, session: &Session, now: Timestamp) -> Value {
    let claims = json!({
        "iss": url,
        "aud": session.client,
        "sub": session.subject,
        "sid": sid,
        "jti": random_word(),
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    timed(&claims, now, LOGOUT_SECONDS)
}
