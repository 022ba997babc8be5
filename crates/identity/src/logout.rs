//! The issuer says that a session of its own has ended (OpenID Connect Back-Channel Logout 1.0).

use crate::error::Fault;
use crate::id_token;
use crate::mapping::{Mapping, SignInSettings};
use crate::sign_in_error::SignInError;
use crate::signed_in::subject;
use crate::source::KeySource;
use crate::token::Token;
use cpis_model::Timestamp;
use serde_json::Value;
use std::fmt;

/// How old a message may be. Without `exp` this is also its end.
const AGE_SECONDS_MAX: i64 = 600;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Whose sessions end: the one of this id, or all of this subject. At least one of the two is there.
#[derive(Clone, PartialEq, Eq)]
pub struct LogoutOf {
    /// The issuer.
    pub issuer: String,
    /// The session at the issuer.
    pub sid: Option<String>,
    /// The person at the issuer.
    pub subject: Option<String>,
    /// The message's id. A second message with it must be refused until it has expired.
    pub jti: String,
    /// From then on the message would be refused anyway.
    pub expires: Timestamp,
}

impl fmt::Debug for LogoutOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogoutOf({})", self.issuer)
    }
}

pub(crate) async fn read(
    token: &[u8],
    mapping: &Mapping,
    settings: &SignInSettings,
    source: &KeySource,
    now: Timestamp,
) -> Result<LogoutOf, SignInError> {
    let token = Token::parse(token, &["logout+jwt", "jwt", ""])?;
    if token.issuer() != Some(mapping.issuer()) {
        return Err(Fault::Issuer.into());
    }
    token.check_use(mapping, std::slice::from_ref(&settings.client_id))?;
    id_token::verify(&token, source, now).await?;
    let is_logout = token.claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object);
    // An ID token has a nonce; with this one word missing it could be taken for a message.
    if !is_logout || token.claims.contains_key("nonce") {
        return Err(SignInError::Forged("event"));
    }
    let expires = end(&token, mapping.written.leeway_seconds, now)?;
    let claim = |name: &str| token.claims.get(name).map(|value| subject(value).ok_or(Fault::Claims)).transpose();
    let (sid, person) = (claim("sid")?, claim("sub")?);
    let (Some(jti), true) = (claim("jti")?, sid.is_some() || person.is_some()) else {
        return Err(Fault::Claims.into());
    };
    Ok(LogoutOf {
        issuer: mapping.issuer().to_owned(),
        sid: sid.map(str::to_owned),
        subject: person.map(str::to_owned),
        jti: jti.to_owned(),
        expires,
    })
}

/// From when the message is not good any more. Drafts had no `exp`, and issuers still leave it out.
fn end(token: &Token<'_>, leeway: i64, now: Timestamp) -> Result<Timestamp, Fault> {
    let issued = token.second("iat")?.ok_or(Fault::Times)?;
    if issued > now.as_second().saturating_add(leeway) {
        return Err(Fault::Early);
    }
    let oldest = issued.saturating_add(AGE_SECONDS_MAX);
    let end = token.second("exp")?.map_or(oldest, |expires| expires.min(oldest)).saturating_add(leeway);
    if now.as_second() >= end {
        return Err(Fault::Expired);
    }
    Timestamp::from_second(end).map_err(|_| Fault::Times)
}
