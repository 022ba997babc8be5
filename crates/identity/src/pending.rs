//! A sign-in between its beginning and the browser's return: the browser keeps it, sealed by the door.

use crate::return_path::ReturnPath;
use crate::wire;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cpis_model::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// Longest time between beginning and return.
pub const PENDING_MINUTES_MAX: i64 = 10;

/// Longest sealed form in bytes.
const BYTES_MAX: usize = 4096;

/// Randomness for one sign-in: state, nonce and code verifier.
pub type Entropy = [[u8; 32]; 3];

/// What must be known again when the browser comes back. The door seals its bytes into a cookie of that browser, bound
/// to nothing else; whoever could read or write it could bring somebody into a session of another.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    issuer: String,
    state: String,
    nonce: String,
    verifier: String,
    #[serde(with = "wire::text")]
    begun: Timestamp,
    #[serde(with = "wire::text")]
    return_path: ReturnPath,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pending({})", self.issuer)
    }
}

impl Pending {
    pub(crate) fn new(issuer: &str, entropy: &Entropy, return_path: ReturnPath, begun: Timestamp) -> Self {
        let [state, nonce, verifier] = entropy.map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        Self { issuer: issuer.to_owned(), state, nonce, verifier, begun, return_path }
    }

    /// Its bytes, to be sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What was sealed; nothing where it is not such a thing.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > BYTES_MAX {
            return None;
        }
        serde_json::from_slice(bytes).ok()
    }

    /// The issuer that the person was sent to.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where they go next.
    pub fn return_path(&self) -> &ReturnPath {
        &self.return_path
    }

    /// Whether it began a moment ago, and not in the future of a clock that was put back.
    pub(crate) fn is_recent(&self, now: Timestamp) -> bool {
        let age = now.as_second() - self.begun.as_second();
        (0..=PENDING_MINUTES_MAX * 60).contains(&age)
    }

    pub(crate) fn state(&self) -> &str {
        &self.state
    }

    pub(crate) fn nonce(&self) -> &str {
        &self.nonce
    }

    pub(crate) fn verifier(&self) -> &str {
        &self.verifier
    }

    /// RFC 7636, 4.2.
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }

    /// The id of the client assertion with which this code is redeemed now: nobody can guess it, and a page that is
    /// loaded again makes another, so that the issuer judges the code and not the assertion.
    pub(crate) fn assertion_id(&self, code: &str, now: Timestamp) -> String {
        let hash = Sha256::new().chain_update(&self.verifier).chain_update(now.as_nanosecond().to_be_bytes());
        URL_SAFE_NO_PAD.encode(hash.chain_update(code).finalize())
    }
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_comes_back_and_nothing_else_does() {
        let begun = "2026-06-01T09:00:00Z".parse().unwrap();
        let pending = Pending::new("https://issuer.example", &[[1; 32], [2; 32], [3; 32]], ReturnPath::home(), begun);
        let bytes = pending.to_bytes();
        assert_eq!(Pending::from_bytes(&bytes), Some(pending.clone()));
        let text = String::from_utf8(bytes.clone()).unwrap();
        for other in [
            text.replace("\"/\"", "\"//evil.example\""),
            text.replace("\"nonce\"", "\"once\""),
            text.replace("2026-06-01", "2026-06-41"),
            text.replace('}', ",\"more\":1}"),
            format!("{text}{}", " ".repeat(BYTES_MAX)),
            String::new(),
        ] {
            assert_ne!(other, text);
            assert_eq!(Pending::from_bytes(other.as_bytes()), None, "{other}");
        }
        let shown = format!("{pending:?}");
        assert!(!shown.contains(pending.state()) && !shown.contains(pending.verifier()), "{shown}");
    }

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        // RFC 7636, appendix B.
        let verifier = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191,
            240, 91, 88, 5, 88, 83, 132, 141, 121,
        ];
        let begun = "2026-06-01T09:00:00Z".parse().unwrap();
        let pending = Pending::new("https://issuer.example", &[[0; 32], [0; 32], verifier], ReturnPath::home(), begun);
        assert_eq!(pending.verifier(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(pending.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
