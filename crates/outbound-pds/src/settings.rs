//! What an installation says about its access to PDS, checked as a whole.

use crate::http::is_safe;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use reqwest::Url;
use reqwest::header::HeaderValue;
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest API key, key id and organisation code in bytes.
const WORD_BYTES_MAX: usize = 256;

/// Access to PDS, as it is configured.
#[derive(Clone)]
pub struct Settings {
    /// Address of the interface, as far as `/FHIR/R4`.
    pub base_url: String,
    /// Address of the token endpoint. The assertion names it as its audience, letter by letter.
    pub token_url: String,
    /// The application's API key: issuer and subject of the assertion.
    pub api_key: Zeroizing<String>,
    /// Id of the key that signs (`kid`).
    pub key_id: String,
    /// The private RSA key in PEM.
    pub key: Zeroizing<String>,
    /// The organisation for which we ask (`NHSD-End-User-Organisation-ODS`).
    pub organisation: Option<String>,
    /// Requests a second at most.
    pub per_second: u32,
    /// Requests at the same time at most.
    pub concurrent: u32,
    /// Longest time for one answer.
    pub timeout: Duration,
}

/// Everything that is wrong, each in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

/// Settings that can work.
pub(crate) struct Checked {
    pub base_url: Url,
    pub token_url: Url,
    pub api_key: Zeroizing<String>,
    pub key_id: String,
    pub key: EncodingKey,
    pub organisation: Option<HeaderValue>,
}

impl Settings {
    pub(crate) fn check(&self) -> Result<Checked, Faults> {
        let mut faults = Vec::new();
        let mut note = |fault: &str| faults.push(fault.to_owned());
        let address = |text: &str| Url::parse(text).ok().filter(is_safe).filter(|url| url.query().is_none());
        let (base_url, token_url) = (address(&self.base_url), address(&self.token_url));
        if base_url.is_none() {
            note("`base_url` must be an https address");
        }
        if token_url.is_none() {
            note("`token_url` must be an https address");
        }
        let word =
            |text: &str| (1..=WORD_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !word(&self.api_key) {
            note("the API key must be one word");
        }
        if !word(&self.key_id) {
            note("`key_id` must be one word");
        }
        let organisation =
            self.organisation.as_deref().map(|code| HeaderValue::from_str(code).ok().filter(|_| word(code)));
        if organisation == Some(None) {
            note("`organisation` must be an ODS code");
        }
        let key = EncodingKey::from_rsa_pem(self.key.as_bytes()).ok();
        let key = key.filter(|key| crypto::sign(b"a trial", key, Algorithm::RS512).is_ok());
        if key.is_none() {
            note("the key must be a private RSA key in PEM");
        }
        if !(1..=10_000).contains(&self.per_second) {
            note("`requests_per_second` must be 1 to 10000");
        }
        if !(2..=1_000).contains(&self.concurrent) {
            note("`concurrent` must be 2 to 1000");
        }
        match (base_url, token_url, key, faults.is_empty()) {
            (Some(base_url), Some(token_url), Some(key), true) => Ok(Checked {
                base_url,
                token_url,
                api_key: self.api_key.clone(),
                key_id: self.key_id.clone(),
                key,
                organisation: organisation.flatten(),
            }),
            _ => Err(Faults(faults)),
        }
    }
}
