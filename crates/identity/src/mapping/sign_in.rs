//! The table `[sign_in]` of a mapping: as which client people are sent to the issuer.

use super::{TEXT_BYTES_MAX, address, algorithm, written};
use jsonwebtoken::Algorithm;
use reqwest::Url;
use std::path::PathBuf;

/// Longest button text in characters.
const LABEL_CHARS_MAX: usize = 80;

/// The table, checked. Addresses are there only where the operator wrote them.
#[derive(Clone, Debug)]
pub(crate) struct SignInSettings {
    pub client_id: String,
    pub key_file: PathBuf,
    pub key_id: String,
    pub algorithm: Algorithm,
    pub label: String,
    pub scope: String,
    pub acr_values: String,
    pub prompt: Option<String>,
    pub authorization_endpoint: Option<Url>,
    pub token_endpoint: Option<Url>,
    pub userinfo_endpoint: Option<Url>,
    pub end_session_endpoint: Option<Url>,
}

/// Reads the table; each fault is added to the others.
pub fn check(written: &written::SignIn, faults: &mut Vec<String>) -> Option<SignInSettings> {
    for (name, text) in [("client_id", &written.client_id), ("key_id", &written.key_id)] {
        if text.trim().is_empty() || text.len() > TEXT_BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            faults.push(format!("`sign_in.{name}` must be 1 to {TEXT_BYTES_MAX} visible ASCII characters"));
        }
    }
    if written.label.trim().is_empty() || written.label.chars().count() > LABEL_CHARS_MAX {
        faults.push(format!("`sign_in.label` must have 1 to {LABEL_CHARS_MAX} characters"));
    }
    let lists = [("scopes", &written.scopes), ("acr_values", &written.acr_values)];
    let listed = lists.iter().flat_map(|(name, words)| words.iter().map(|word| (*name, word)));
    for (name, word) in listed.chain(written.prompt.iter().map(|prompt| ("prompt", prompt))) {
        if word.is_empty() || word.len() > TEXT_BYTES_MAX || !word.bytes().all(|byte| byte.is_ascii_graphic()) {
            faults.push(format!("`sign_in.{name}` must hold words of visible ASCII characters"));
        }
    }
    if !written.scopes.iter().any(|scope| scope == "openid") {
        faults.push("`sign_in.scopes` must hold `openid`".to_owned());
    }
    let mut endpoint = |name: &str, text: &Option<String>| {
        text.as_ref().and_then(|text| address(&format!("sign_in.{name}"), text, faults))
    };
    let authorization_endpoint = endpoint("authorization_endpoint", &written.authorization_endpoint);
    let token_endpoint = endpoint("token_endpoint", &written.token_endpoint);
    let userinfo_endpoint = endpoint("userinfo_endpoint", &written.userinfo_endpoint);
    let end_session_endpoint = endpoint("end_session_endpoint", &written.end_session_endpoint);
    Some(SignInSettings {
        client_id: written.client_id.clone(),
        key_file: written.key_file.clone(),
        key_id: written.key_id.clone(),
        algorithm: algorithm("sign_in.algorithm", &written.algorithm, faults)?,
        label: written.label.trim().to_owned(),
        scope: written.scopes.join(" "),
        acr_values: written.acr_values.join(" "),
        prompt: written.prompt.clone(),
        authorization_endpoint,
        token_endpoint,
        userinfo_endpoint,
        end_session_endpoint,
    })
}
