//! A token taken apart (RFC 7515, 7519, 8725), and what does not depend on whose it is: form, times, audience.
//! Nothing in here is believed before its signature is checked; until then it can only lead to a refusal.

use crate::error::Fault;
use crate::keys::KEY_ID_BYTES_MAX;
use crate::mapping::Mapping;
use crate::strict;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cpis_model::Timestamp;
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use serde_json::{Map, Value};

/// Longest token in bytes.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Members of a header that ask to be obeyed, or carry or name a key. Ours come from the issuer alone (RFC 8725, 3.10);
/// `crit` names extensions that must be understood, and none is; the others change what is signed.
const REFUSED_MEMBERS: [&str; 8] = ["crit", "jwk", "jku", "x5u", "x5c", "b64", "zip", "enc"];

/// A token in its parts.
pub(crate) struct Token<'a> {
    pub algorithm: Algorithm,
    pub key_id: Option<String>,
    pub claims: Map<String, Value>,
    pub signed: &'a [u8],
    pub signature: &'a str,
}

/// The token of `Authorization: Bearer TOKEN`, from all values of that header.
pub(crate) fn bearer<'a>(values: &[&'a [u8]]) -> Result<&'a [u8], Fault> {
    let value = match values {
        [] => return Err(Fault::HeaderMissing),
        [value] => value.trim_ascii(),
        _ => return Err(Fault::HeaderRepeated),
    };
    if value.is_empty() {
        return Err(Fault::HeaderEmpty);
    }
    let end = value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len());
    let (scheme, rest) = value.split_at_checked(end).ok_or(Fault::Scheme)?;
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(Fault::Scheme);
    }
    match rest.trim_ascii() {
        [] => Err(Fault::TokenMissing),
        token if token.len() > TOKEN_BYTES_MAX => Err(Fault::Size),
        token => Ok(token),
    }
}

impl<'a> Token<'a> {
    /// Takes a compact serialisation apart. Its `typ` must be one of these; an empty one stands for none.
    pub(crate) fn parse(token: &'a [u8], kinds: &[&str]) -> Result<Self, Fault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Fault::Size);
        }
        let text = std::str::from_utf8(token).map_err(|_| Fault::Form)?;
        let (signed, signature) = text.rsplit_once('.').ok_or(Fault::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(Fault::Form)?;
        if signature.is_empty() {
            return Err(Fault::Signature);
        }
        let object = |part: &str| strict::object(&URL_SAFE_NO_PAD.decode(part).ok()?);
        let header = object(header).ok_or(Fault::Header)?;
        let claims = object(payload).ok_or(Fault::Form)?;
        let (algorithm, key_id) = read_header(&header, kinds)?;
        Ok(Self { algorithm, key_id, claims, signed: signed.as_bytes(), signature })
    }

    /// The issuer that it names.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// Algorithm and audience.
    pub(crate) fn check_use(&self, mapping: &Mapping, audience: &[String]) -> Result<(), Fault> {
        if !mapping.algorithms.contains(&self.algorithm) {
            return Err(Fault::Algorithm);
        }
        if !is_for(self.claims.get("aud"), audience) {
            return Err(Fault::Audience);
        }
        Ok(())
    }

    /// Times. Returns the second from which it is not good any more.
    pub(crate) fn check_times(&self, mapping: &Mapping, now: Timestamp) -> Result<i64, Fault> {
        let (now, leeway) = (now.as_second(), mapping.written.leeway_seconds);
        let expires = self.second("exp")?.ok_or(Fault::Times)?;
        let not_before = self.second("nbf")?;
        let issued = self.second("iat")?;
        let latest_start = not_before.max(issued);
        if now >= expires.saturating_add(leeway) {
            return Err(Fault::Expired);
        }
        if latest_start.is_some_and(|start| start > now.saturating_add(leeway)) {
            return Err(Fault::Early);
        }
        let longest = mapping.written.lifetime_hours_max * 3600;
        if latest_start.is_some_and(|start| start > expires) || expires > now.saturating_add(longest + leeway) {
            return Err(Fault::Times);
        }
        Ok(expires)
    }

    /// A text among its claims.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// A claim that is a moment in whole seconds.
    pub(crate) fn second(&self, claim: &str) -> Result<Option<i64>, Fault> {
        self.claims.get(claim).map(|value| value.as_i64().ok_or(Fault::Times)).transpose()
    }
}

fn read_header(header: &Map<String, Value>, kinds: &[&str]) -> Result<(Algorithm, Option<String>), Fault> {
    if REFUSED_MEMBERS.iter().any(|member| header.contains_key(*member)) {
        return Err(Fault::Header);
    }
    let algorithm: Algorithm =
        header.get("alg").and_then(Value::as_str).and_then(|name| name.parse().ok()).ok_or(Fault::Algorithm)?;
    if algorithm.family() == AlgorithmFamily::Hmac {
        return Err(Fault::Algorithm);
    }
    let kind = header.get("typ").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    if !kinds.contains(&kind.strip_prefix("application/").unwrap_or(&kind)) {
        return Err(Fault::Type);
    }
    let key_id = match header.get("kid") {
        None => None,
        Some(Value::String(id)) if !id.is_empty() && id.len() <= KEY_ID_BYTES_MAX => Some(id.clone()),
        Some(_) => return Err(Fault::Key),
    };
    Ok((algorithm, key_id))
}

fn is_for(audience: Option<&Value>, ours: &[String]) -> bool {
    let is_ours = |text: &str| ours.iter().any(|our| our == text);
    match audience {
        Some(Value::String(one)) => is_ours(one),
        Some(Value::Array(many)) => {
            many.iter().all(Value::is_string) && many.iter().filter_map(Value::as_str).any(is_ours)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_as_the_platform_does() {
        let check = |values: &[&str], expected: Result<&str, Fault>| {
            let bytes: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
            assert_eq!(bearer(&bytes), expected.map(str::as_bytes), "{values:?}");
        };
        check(&[], Err(Fault::HeaderMissing));
        check(&[""], Err(Fault::HeaderEmpty));
        check(&[" \t"], Err(Fault::HeaderEmpty));
        check(&["Bearer"], Err(Fault::TokenMissing));
        check(&["Bearer  "], Err(Fault::TokenMissing));
        check(&["Basic YTpi"], Err(Fault::Scheme));
        check(&["abc"], Err(Fault::Scheme));
        check(&["Bearerabc"], Err(Fault::Scheme));
        check(&["Bearer a", "Bearer a"], Err(Fault::HeaderRepeated));
        check(&["Bearer a.b.c"], Ok("a.b.c"));
        check(&[" bEARER\t a.b.c "], Ok("a.b.c"));
        let long = format!("Bearer {}", "a".repeat(TOKEN_BYTES_MAX + 1));
        check(&[&long], Err(Fault::Size));
        check(&[&long[..long.len() - 1]], Ok(&long[7..long.len() - 1]));
    }
}
