//! The token endpoint for codes: a client that proves itself with its key gets an ID token and an access token.

use super::super::pages::{State, document, refused};
use super::super::{SigningKey, with};
use super::{BrowserClient, Grant, Session, random_word, timed};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cpis_model::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};
use std::collections::HashMap;

/// Life of an ID token and its access token in seconds.
const TOKEN_SECONDS: i64 = 600;
/// Longest life of an assertion, with its slack. Source: spec/fhir.md 4.2.
const ASSERTION_SECONDS_MAX: i64 = 310;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What of a person's claims stands in the ID token; the rest is user info.
const IN_ID_TOKEN: [&str; 7] =
    ["sub", "acr", "amr", "azp", "selected_roleid", "id_assurance_level", "authentication_assurance_level"];

/// `POST` of a form with `grant_type=authorization_code`.
pub(in super::super) fn redeem(state: &State, form: &HashMap<String, String>) -> Response {
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let now = state.now();
    let Some(client) = client(state, form, now) else { return refused(StatusCode::UNAUTHORIZED, "invalid_client") };
    // Taken away before it is looked at: whatever is wrong with a request, its code is used up.
    let grant = state.sign_ins().grants.remove(get("code"));
    let is_good = |grant: &Grant| {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier")));
        grant.client == client.id
            && grant.redirect == get("redirect_uri")
            && grant.challenge == challenge
            && now.as_second() < grant.expires
    };
    let Some(grant) = grant.filter(is_good) else { return refused(StatusCode::BAD_REQUEST, "invalid_grant") };
    let (access_token, sid) = (random_word(), random_word());
    let claims = id_token_claims(state, &grant, &client, (&access_token, &sid), now);
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut sign_ins = state.sign_ins();
    sign_ins.access.insert(access_token.clone(), (grant.claims, now.as_second() + TOKEN_SECONDS));
    sign_ins.sessions.insert(sid, Session { client: client.id, subject });
    let id_token = match &sign_ins.write_id_token {
        Some(write) => write(&claims),
        None => state.mint(&claims),
    };
    document(&json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "scope": "openid profile nationalrbacaccess selectedrole",
        "id_token": id_token,
    }))
}

fn id_token_claims(
    state: &State,
    grant: &Grant,
    client: &BrowserClient,
    (access_token, sid): (&str, &str),
    now: Timestamp,
) -> Value {
    let mut claims = json!({
        "iss": state.url,
        "aud": client.id,
        "nonce": grant.nonce,
        "sid": sid,
        "auth_time": now.as_second(),
        "at_hash": half_hash(state.keys().last(), access_token),
        "tokenType": "JWTToken",
    });
    for name in IN_ID_TOKEN {
        if let Some(value) = grant.claims.get(name) {
            claims = with(&claims, name, value.clone());
        }
    }
    timed(&with(&claims, "azp", client.id.as_str()), now, TOKEN_SECONDS)
}

fn half_hash(key: Option<&SigningKey>, access_token: &str) -> String {
    let hash = match key.map(SigningKey::algorithm_name).as_deref() {
        Some("RS512" | "PS512" | "EdDSA") => Sha512::digest(access_token).to_vec(),
        _ => Sha256::digest(access_token).to_vec(),
    };
    URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2).unwrap_or_default())
}

/// The client whose assertion this is (RFC 7523; spec/fhir.md 4.2).
fn client(state: &State, form: &HashMap<String, String>, now: Timestamp) -> Option<BrowserClient> {
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if get("client_assertion_type") != ASSERTION_TYPE {
        return None;
    }
    let client = state.sign_ins().clients.get(get("client_id")).cloned()?;
    let key: Jwk = serde_json::from_value(client.key.clone()).ok()?;
    let algorithm: Algorithm = client.key.get("alg").and_then(Value::as_str)?.parse().ok()?;
    let head = jsonwebtoken::decode_header(get("client_assertion")).ok()?;
    if head.kid.as_deref() != client.key.get("kid").and_then(Value::as_str) || head.typ.as_deref() != Some("JWT") {
        return None;
    }
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[format!("{}/oauth2/token", state.url)]);
    validation.set_issuer(&[&client.id]);
    validation.sub = Some(client.id.clone());
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    validation.validate_exp = false; // by the issuer's own clock, below
    let key = DecodingKey::from_jwk(&key).ok()?;
    let claims = jsonwebtoken::decode::<Value>(get("client_assertion"), &key, &validation).ok()?.claims;
    let left = claims.get("exp")?.as_i64()? - now.as_second();
    if !(1..=ASSERTION_SECONDS_MAX).contains(&left) {
        return None;
    }
    let id = claims.get("jti")?.as_str().filter(|id| !id.is_empty())?.to_owned();
    state.sign_ins().assertions.insert(id).then_some(client)
}
