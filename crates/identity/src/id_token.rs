//! The ID token of a sign-in (OpenID Connect Core 1.0, 3.1.3.7): from the issuer, for us, for this very sign-in.

use crate::error::Fault;
use crate::exchange::Tokens;
use crate::mapping::{Mapping, SignInSettings};
use crate::pending::{Pending, same};
use crate::sign_in_error::SignInError;
use crate::source::KeySource;
use crate::token::Token;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cpis_model::Timestamp;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// Its claims, once all of them may be believed.
pub(crate) async fn claims(
    tokens: &Tokens,
    pending: &Pending,
    mapping: &Mapping,
    settings: &SignInSettings,
    source: &KeySource,
    now: Timestamp,
) -> Result<Map<String, Value>, SignInError> {
    let token = Token::parse(tokens.id_token.as_bytes(), &["jwt", ""])?;
    if token.issuer() != Some(mapping.issuer()) {
        return Err(Fault::Issuer.into());
    }
    token.check_use(mapping, std::slice::from_ref(&settings.client_id))?;
    verify(&token, source, now).await?;
    if !is_authorised_party(&token, &settings.client_id) {
        return Err(Fault::Audience.into());
    }
    token.check_times(mapping, now)?;
    token.second("iat")?.ok_or(Fault::Times)?;
    if !token.text("nonce").is_some_and(|nonce| same(nonce, pending.nonce())) {
        return Err(SignInError::Forged("nonce"));
    }
    let is_bound = |hash: &Value| hash.as_str() == Some(&half_hash(token.algorithm, &tokens.access_token));
    if !token.claims.get("at_hash").is_none_or(is_bound) {
        return Err(SignInError::Forged("access-token"));
    }
    if token.claims.get("acr").is_some_and(|acr| !acr_reaches(acr, mapping.written.assurance.authentication.minimum)) {
        return Err(Fault::Assurance.into());
    }
    Ok(token.claims)
}

/// The issuer's signature.
pub(crate) async fn verify(token: &Token<'_>, source: &KeySource, now: Timestamp) -> Result<(), Fault> {
    let key = source.key(token.key_id.as_deref(), token.algorithm, now).await?;
    if key.verifies(token.algorithm, token.signed, token.signature) { Ok(()) } else { Err(Fault::Signature) }
}

/// With several audiences the token must say that it was made for us; when it says for whom, then for us.
fn is_authorised_party(token: &Token<'_>, client_id: &str) -> bool {
    let several = token.claims.get("aud").and_then(Value::as_array).is_some_and(|audience| audience.len() > 1);
    match token.claims.get("azp") {
        None => !several,
        Some(party) => party.as_str() == Some(client_id),
    }
}

/// OpenID Connect Core 1.0, 3.1.3.6: the left half of the hash that belongs to the signature.
fn half_hash(algorithm: Algorithm, access_token: &str) -> String {
    let hash = match algorithm {
        Algorithm::RS512 | Algorithm::PS512 | Algorithm::EdDSA => Sha512::digest(access_token).to_vec(),
        Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 => Sha384::digest(access_token).to_vec(),
        _ => Sha256::digest(access_token).to_vec(),
    };
    URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2).unwrap_or_default())
}

/// Whether a class such as `AAL2_OR_AAL3_ANY` promises at least this level; other classes promise nothing that we
/// could compare, and the claim under `[assurance]` alone decides.
fn acr_reaches(acr: &Value, minimum: u64) -> bool {
    let level = acr.as_str().and_then(|acr| acr.strip_prefix("AAL")?.chars().next()?.to_digit(10));
    level.is_none_or(|level| u64::from(level) >= minimum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_hash_of_the_access_token_is_that_of_the_specification() {
        // OpenID Connect Core 1.0, appendix A.3.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(Algorithm::RS256, token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(half_hash(Algorithm::ES384, token).len(), 32);
        assert_eq!(half_hash(Algorithm::RS512, token).len(), 43);
    }

    #[test]
    fn a_class_that_names_a_level_is_held_to_it() {
        for (acr, reaches) in [
            (json!("AAL2_OR_AAL3_ANY"), true),
            (json!("AAL3_N3_SMARTCARD"), true),
            (json!("AAL2_ANY"), true),
            (json!("AAL1_USERPASS"), false),
            (json!("AAL0"), false),
            (json!("urn:mace:incommon:iap:silver"), true),
            (json!("AAL"), true),
            (json!(1), true),
        ] {
            assert_eq!(acr_reaches(&acr, 2), reaches, "{acr}");
        }
    }
}
