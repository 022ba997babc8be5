//! From a code to what the issuer says about a person: the token endpoint as a client with a key of its own
//! (RFC 7523, `private_key_jwt`), then user info with the access token.

use crate::endpoints::Endpoints;
use crate::fetch;
use crate::mapping::SignInSettings;
use crate::pending::Pending;
use crate::sign_in_error::SignInError;
use crate::strict;
use crate::token::TOKEN_BYTES_MAX;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cpis_model::Timestamp;
use jsonwebtoken::{AlgorithmFamily, EncodingKey, crypto};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, StatusCode, Url};
use serde_json::{Map, Value, json};

/// Life of an assertion. The platform refuses more than five minutes; ours must outlast a slow clock, nothing else.
const ASSERTION_SECONDS: i64 = 120;

/// The private key in this PEM text, proven to sign as the settings say.
pub(crate) fn key(pem: &[u8], settings: &SignInSettings) -> Option<EncodingKey> {
    let key = match settings.algorithm.family() {
        AlgorithmFamily::Rsa => EncodingKey::from_rsa_pem(pem),
        AlgorithmFamily::Ec => EncodingKey::from_ec_pem(pem),
        AlgorithmFamily::Ed => EncodingKey::from_ed_pem(pem),
        AlgorithmFamily::Hmac => return None,
    };
    key.ok().filter(|key| crypto::sign(b"a trial", key, settings.algorithm).is_ok())
}

/// What the token endpoint gave.
pub(crate) struct Tokens {
    pub id_token: String,
    pub access_token: String,
}

/// Redeems the code, once: whatever goes wrong, it is not sent again.
pub(crate) async fn redeem(
    client: &Client,
    settings: &SignInSettings,
    key: &EncodingKey,
    endpoints: &Endpoints,
    pending: &Pending,
    (code, redirect): (&str, &Url),
    now: Timestamp,
) -> Result<Tokens, SignInError> {
    let id = pending.assertion_id(code, now);
    let assertion = assertion(settings, key, endpoints, &id, now).ok_or(SignInError::Away("assertion"))?;
    let form = form([
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect.as_str()),
        ("code_verifier", pending.verifier()),
        ("client_id", &settings.client_id),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
    ])
    .ok_or(SignInError::Away("assertion"))?;
    let request = client.post(endpoints.token.clone()).header(ACCEPT, "application/json");
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
    let (status, body) = fetch::answer(request).await.map_err(|_| SignInError::Away("token-endpoint"))?;
    let answer = strict::object(&body);
    let text = |name: &str| answer.as_ref().and_then(|answer| answer.get(name)).and_then(Value::as_str);
    if status != StatusCode::OK {
        return Err(match text("error") {
            Some("invalid_grant") => SignInError::Again("code-refused"),
            Some("invalid_client" | "unauthorized_client") => SignInError::Away("client-refused"),
            _ => SignInError::Away("token-endpoint"),
        });
    }
    let token = |name: &str| text(name).filter(|token| (1..=TOKEN_BYTES_MAX).contains(&token.len()));
    match (token("id_token"), token("access_token"), text("token_type")) {
        (Some(id_token), Some(access_token), Some(kind)) if kind.eq_ignore_ascii_case("bearer") => {
            Ok(Tokens { id_token: id_token.to_owned(), access_token: access_token.to_owned() })
        }
        _ => Err(SignInError::Away("token-answer")),
    }
}

/// The assertion that we are this client (RFC 7523, 3; spec/fhir.md 4.2).
fn assertion(
    settings: &SignInSettings,
    key: &EncodingKey,
    endpoints: &Endpoints,
    id: &str,
    now: Timestamp,
) -> Option<String> {
    let header = json!({"alg": settings.algorithm, "typ": "JWT", "kid": settings.key_id});
    let claims = json!({
        "iss": settings.client_id,
        "sub": settings.client_id,
        "aud": endpoints.token.as_str(),
        "jti": id,
        "iat": now.as_second(),
        "exp": now.as_second() + ASSERTION_SECONDS,
    });
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let signature = crypto::sign(signed.as_bytes(), key, settings.algorithm).ok()?;
    Some(format!("{signed}.{signature}"))
}

/// A form has the syntax of a query.
fn form<const N: usize>(pairs: [(&str, &str); N]) -> Option<String> {
    Url::parse_with_params("https://here.invalid/", pairs).ok()?.query().map(str::to_owned)
}

/// What user info says about this subject. It counts only when it names the very subject of the ID token
/// (OpenID Connect Core 1.0, 5.3.2).
pub(crate) async fn userinfo(
    client: &Client,
    endpoints: &Endpoints,
    access_token: &str,
    subject: &str,
) -> Result<Map<String, Value>, SignInError> {
    const AWAY: SignInError = SignInError::Away("userinfo");
    let url = endpoints.userinfo.clone().ok_or(AWAY)?;
    let bearer = HeaderValue::from_str(&format!("Bearer {access_token}")).map_err(|_| AWAY)?;
    let request = client.get(url).header(ACCEPT, "application/json").header("authorization", bearer);
    let (status, body) = fetch::answer(request).await.map_err(|_| AWAY)?;
    let claims = strict::object(&body).filter(|_| status == StatusCode::OK).ok_or(AWAY)?;
    if claims.get("sub").and_then(Value::as_str) == Some(subject) {
        Ok(claims)
    } else {
        Err(SignInError::Forged("userinfo-subject"))
    }
}
