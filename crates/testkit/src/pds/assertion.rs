//! Whether an assertion is the application's: every rule of the platform, and each broken one is told apart in tests.

use super::Application;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cpis_model::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::Value;
use std::collections::HashSet;

/// The longest time from now to the end of an assertion, in seconds.
const LIFE_MAX: i64 = 300;

/// What is wrong with it, as the platform says; used `jti`s are remembered.
pub(super) fn check(
    assertion: &str,
    application: &Application,
    audience: &str,
    now: Timestamp,
    used: &mut HashSet<String>,
) -> Result<(), &'static str> {
    const MALFORMED: &str = "Malformed JWT in client_assertion";
    let (signed, signature) = assertion.rsplit_once('.').ok_or(MALFORMED)?;
    let (header, claims) = signed.split_once('.').ok_or(MALFORMED)?;
    let part = |text: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok() };
    let (header, claims) = (part(header).ok_or(MALFORMED)?, part(claims).ok_or(MALFORMED)?);
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    if text(&header, "alg").as_deref() != Some("RS512") {
        return Err("Invalid 'alg' header in client_assertion JWT - unsupported JWT algorithm - must be 'RS512'");
    }
    if text(&header, "kid").is_none() || text(&header, "kid") != text(&application.key, "kid") {
        return Err("Invalid 'kid' header in client_assertion JWT - no matching public key");
    }
    let (n, e) = (text(&application.key, "n"), text(&application.key, "e"));
    let (Some(n), Some(e)) = (n, e) else { return Err("JWT signature verification failed") };
    let key = DecodingKey::from_rsa_components(&n, &e).map_err(|_| "JWT signature verification failed")?;
    if !crypto::verify(signature, signed.as_bytes(), &key, Algorithm::RS512).unwrap_or(false) {
        return Err("JWT signature verification failed");
    }
    let issuer = text(&claims, "iss");
    if issuer.as_deref() != Some(&application.api_key) || issuer != text(&claims, "sub") {
        return Err("Missing or non-matching 'iss'/'sub' claims in client_assertion JWT");
    }
    if text(&claims, "aud").as_deref() != Some(audience) {
        return Err("Missing or invalid 'aud' claim in client_assertion JWT");
    }
    let exp = claims.get("exp").and_then(Value::as_i64).ok_or("Missing 'exp' claim in client_assertion JWT")?;
    let left = exp - now.as_second();
    if left <= 0 {
        return Err("Invalid 'exp' claim in client_assertion JWT - JWT has expired");
    }
    if left > LIFE_MAX {
        return Err("Invalid 'exp' claim in client_assertion JWT - more than 5 minutes in future");
    }
    let id = text(&claims, "jti").filter(|id| !id.is_empty()).ok_or("Missing 'jti' claim in client_assertion JWT")?;
    if used.insert(id) { Ok(()) } else { Err("Non-unique 'jti' claim in client_assertion JWT") }
}
