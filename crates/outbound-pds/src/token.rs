//! The access token: got with an assertion that we sign, kept, renewed before it ends, and got by one while all others wait
//! (client credentials with `private_key_jwt`, RFC 7523, as the NHS platform has it for application-restricted access).

use crate::breaker::Breaker;
use crate::http::{self, Answer};
use crate::judge::PdsError;
use crate::settings::Checked;
use crate::time::Time;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cpis_app::Entropy;
use jsonwebtoken::{Algorithm, crypto};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// Life of an assertion in seconds. The platform refuses more than five minutes; ours must outlast a clock that is slow.
const ASSERTION_SECONDS: i64 = 180;
/// A token is renewed so long before it ends, or at half of its life if that is later.
const AHEAD: Duration = Duration::from_mins(1);
/// Pause before a renewal that failed is tried again, while the old token still serves.
const AGAIN: Duration = Duration::from_secs(10);
/// The longest life that is believed.
const LIFE_MAX: Duration = Duration::from_hours(24);

/// A token as requests carry it.
pub(crate) struct Token {
    pub header: HeaderValue,
    renew: Duration,
    ends: Duration,
}

#[derive(Default)]
struct Kept {
    token: Option<Arc<Token>>,
    /// How often a token was asked for, and why the last time gave none.
    rounds: u64,
    failed: Option<PdsError>,
}

/// The one token of a process.
#[derive(Default)]
pub(crate) struct Tokens {
    kept: Mutex<Kept>,
    asking: tokio::sync::Mutex<()>,
}

/// What asking for a token needs.
pub(crate) struct Means<'a> {
    pub client: &'a Client,
    pub settings: &'a Checked,
    pub time: &'a dyn Time,
    pub entropy: &'a dyn Entropy,
    pub breaker: &'a Breaker,
}

impl Tokens {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token that serves now.
    pub async fn get(&self, means: &Means<'_>) -> Result<Arc<Token>, PdsError> {
        let now = means.time.elapsed();
        let (token, rounds) = {
            let kept = self.kept();
            (kept.token.clone().filter(|token| now < token.ends), kept.rounds)
        };
        let asking = match &token {
            Some(token) if now < token.renew => return Ok(token.clone()),
            // It still serves: one renews it, and nobody waits for that one.
            Some(token) => match self.asking.try_lock() {
                Ok(asking) => asking,
                Err(_) => return Ok(token.clone()),
            },
            None => self.asking.lock().await,
        };
        let (again, told) = {
            let kept = self.kept();
            (kept.token.clone().filter(|token| now < token.renew), kept.failed.filter(|_| kept.rounds != rounds))
        };
        if let Some(token) = again {
            return Ok(token);
        }
        // Somebody asked while we waited, and got none: the answer holds for all who waited.
        if let (Some(fault), None) = (told, &token) {
            return Err(fault);
        }
        let asked = ask(means).await;
        let mut kept = self.kept();
        kept.rounds += 1;
        kept.failed = asked.as_ref().err().copied();
        drop(asking);
        match (asked, token) {
            (Ok(token), _) => {
                let token = Arc::new(token);
                kept.token = Some(token.clone());
                Ok(token)
            }
            (Err(_), Some(old)) => {
                let (header, ends) = (old.header.clone(), old.ends);
                kept.token = Some(Arc::new(Token { header, renew: means.time.elapsed() + AGAIN, ends }));
                Ok(old)
            }
            (Err(fault), None) => Err(fault),
        }
    }

    /// PDS does not take this token: it is not used again.
    pub fn forget(&self, token: &Arc<Token>) {
        let mut kept = self.kept();
        if kept.token.as_ref().is_some_and(|held| held.header == token.header) {
            kept.token = None;
        }
    }
}

async fn ask(means: &Means<'_>) -> Result<Token, PdsError> {
    let begun = means.time.elapsed();
    means.breaker.admit(begun).map_err(|pause| PdsError::Away { pause, word: "open" })?;
    let form = form(means).ok_or(PdsError::Refused("assertion"))?;
    let request = means.client.post(means.settings.token_url.clone()).header(ACCEPT, "application/json");
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_string());
    let answer = http::send(request, means.time.now()).await;
    let judged = judge(answer, begun);
    match &judged {
        Err(PdsError::Away { word: "busy", .. }) | Ok(_) => means.breaker.succeeded(),
        Err(PdsError::Away { .. }) => means.breaker.failed(means.time.elapsed()),
        Err(_) => {}
    }
    let outcome = match &judged {
        Ok(_) => "answered",
        Err(PdsError::Away { word, .. } | PdsError::Refused(word) | PdsError::NotUnderstood(word)) => word,
    };
    metrics::counter!("cpis_pds_requests_total", "operation" => "token", "outcome" => outcome).increment(1);
    let took = means.time.elapsed().saturating_sub(begun);
    metrics::histogram!("cpis_pds_seconds", "operation" => "token").record(took.as_secs_f64());
    if let Err(error) = &judged {
        tracing::warn!(%error, "there is no token for PDS");
    }
    judged
}

fn judge(answer: Result<Answer, &'static str>, begun: Duration) -> Result<Token, PdsError> {
    let away = |word, pause: Option<Duration>| Err(PdsError::Away { pause: pause.unwrap_or_default(), word });
    let answer = match answer {
        Ok(answer) => answer,
        Err(word) => return away(word, None),
    };
    match answer.status {
        StatusCode::OK => read(&answer.body, begun).ok_or(PdsError::NotUnderstood("token")),
        StatusCode::TOO_MANY_REQUESTS => away("busy", answer.retry_after),
        status if status == StatusCode::REQUEST_TIMEOUT || status.is_server_error() => {
            away("status", answer.retry_after)
        }
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(PdsError::Refused("client")),
        _ => Err(PdsError::Refused("token-address")),
    }
}

/// The platform writes the life of a token as a text; RFC 6749 has a number.
fn read(body: &[u8], begun: Duration) -> Option<Token> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let text =
        Zeroizing::new(format!("Bearer {}", answer.get("access_token")?.as_str().filter(|token| !token.is_empty())?));
    if !answer.get("token_type")?.as_str()?.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let life = answer.get("expires_in")?;
    let life = life.as_u64().or_else(|| life.as_str()?.parse().ok())?;
    let life = Duration::from_secs(life).min(LIFE_MAX);
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(Token { header, renew: begun + (life / 2).max(life.saturating_sub(AHEAD)), ends: begun + life })
}

fn form(means: &Means<'_>) -> Option<Zeroizing<String>> {
    let assertion = Zeroizing::new(assertion(means)?);
    // A form has the syntax of a query.
    let pairs = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
    ];
    Some(Zeroizing::new(Url::parse_with_params("https://here.invalid/", pairs).ok()?.query()?.to_owned()))
}

/// The assertion that we are this application.
fn assertion(means: &Means<'_>) -> Option<String> {
    let settings = means.settings;
    let header = json!({"alg": "RS512", "typ": "JWT", "kid": settings.key_id});
    let claims = json!({
        "iss": *settings.api_key,
        "sub": *settings.api_key,
        "aud": settings.token_url.as_str(),
        "jti": crate::ask::id(means.entropy),
        "exp": means.time.now().as_second() + ASSERTION_SECONDS,
    });
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let signature = crypto::sign(signed.as_bytes(), &settings.key, Algorithm::RS512).ok()?;
    Some(format!("{signed}.{signature}"))
}
