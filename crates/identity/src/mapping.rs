//! Which claims make a caller: the operator's text for one issuer, read once and checked as a whole.

mod sign_in;
mod written;

pub(crate) use sign_in::SignInSettings;
pub(crate) use written::{Level, Written};

use crate::fetch::{is_safe, same_origin};
use cpis_model::organisation::OdsCode;
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use written::read;

/// The mapping for NHS CIS2, with a comment on each line. Issuer and audience are examples.
pub const DEFAULT_MAPPING: &str = include_str!("mapping/default.toml");

/// Longest issuer, audience, client id or claim name in bytes.
const TEXT_BYTES_MAX: usize = 512;

/// The mapping of one issuer's tokens to callers. Only [`Mapping::parse`] and [`Mapping::standard`] make one.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(crate) written: Written,
    pub(crate) issuer_url: Url,
    pub(crate) jwks_url: Option<Url>,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) clients: HashMap<String, System>,
    pub(crate) sign_in: Option<SignInSettings>,
}

/// Everything that is wrong with a configuration, each in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for Faults {}

/// What an activity code gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activity {
    /// View the flag, and the authority is told.
    View,
    /// View the flag without a notice.
    ViewSilently,
    /// Acts for the authority that the role's organisation is.
    Authority,
    /// Privacy officer of the role's organisation.
    Privacy,
    /// Edits the register of organisations.
    Operator,
}

/// A system that may call, as written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The client's id at the issuer.
    pub id: String,
    /// ODS code of the organisation that it acts for.
    pub organisation: String,
    /// Whether it acts for that organisation as an authority.
    #[serde(default)]
    pub authority: bool,
}

/// A system that may call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct System {
    pub organisation: OdsCode,
    pub authority: bool,
}

impl Mapping {
    /// Reads a mapping. A text of the wrong shape has one fault; all others are returned together.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        Self::check(read(text)?)
    }

    /// The default mapping for this issuer, audience and systems.
    pub fn standard(issuer: &str, audience: &str, clients: Vec<Client>) -> Result<Self, Faults> {
        let (issuer, audience) = (issuer.to_owned(), vec![audience.to_owned()]);
        Self::check(Written { issuer, audience, client: clients, ..read(DEFAULT_MAPPING)? })
    }

    /// This mapping for an issuer where people sign in as well: as this client, by the key with this id and algorithm.
    pub fn signing_in(self, client_id: &str, key_id: &str, algorithm: &str) -> Result<Self, Faults> {
        let sign_in = written::SignIn::of(client_id, key_id, algorithm);
        Self::check(Written { sign_in: Some(sign_in), ..self.written })
    }

    /// The file of the private key with which we sign in people, as written; `None` where nobody signs in here.
    pub fn sign_in_key_file(&self) -> Option<&Path> {
        self.sign_in.as_ref().map(|sign_in| sign_in.key_file.as_path())
    }

    /// The issuer, exactly as in its tokens.
    pub fn issuer(&self) -> &str {
        &self.written.issuer
    }

    fn check(written: Written) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let issuer_url = address("issuer", &written.issuer, &mut faults);
        let jwks_url = written.jwks_uri.as_ref().and_then(|uri| address("jwks_uri", uri, &mut faults));
        check_texts(&written, &mut faults);
        check_ranges(&written, &mut faults);
        let algorithms = check_algorithms(&written.algorithms, &mut faults);
        let clients = check_clients(&written.client, &mut faults);
        let sign_in = written.sign_in.as_ref().and_then(|written| sign_in::check(written, &mut faults));
        match issuer_url {
            Some(issuer_url) if faults.is_empty() => {
                Ok(Self { written, issuer_url, jwks_url, algorithms, clients, sign_in })
            }
            _ => Err(Faults(faults)),
        }
    }

    /// Whether keys may be read from here: where the operator said, or beside the issuer.
    pub(crate) fn trusts_keys_at(&self, url: &Url) -> bool {
        self.jwks_url.as_ref().map_or_else(|| same_origin(url, &self.issuer_url), |told| told == url)
    }
}

fn address(name: &str, text: &str, faults: &mut Vec<String>) -> Option<Url> {
    let url = Url::parse(text).ok().filter(is_safe);
    if url.is_none() {
        faults
            .push(format!("`{name}` must be an https address, or an http address of this machine, without a password"));
    }
    url
}

fn check_texts(written: &Written, faults: &mut Vec<String>) {
    let Written { claims, assurance, system, .. } = written;
    if written.audience.is_empty() {
        faults.push("`audience` must hold at least one text".to_owned());
    }
    let single = [
        ("claims.user_id", &claims.user_id),
        ("claims.roles", &claims.roles),
        ("claims.selected_role", &claims.selected_role),
        ("claims.title", &claims.title),
        ("claims.given_name", &claims.given_name),
        ("claims.family_name", &claims.family_name),
        ("claims.organisations", &claims.organisations),
        ("claims.site", &claims.site),
        ("assurance.authentication.claim", &assurance.authentication.claim),
        ("assurance.identity.claim", &assurance.identity.claim),
        ("system.grant", &system.grant),
        ("system.scope_prefix", &system.scope_prefix),
    ];
    let lists = [
        ("audience", &written.audience),
        ("claims.name", &claims.name),
        ("claims.scope", &claims.scope),
        ("system.client_id", &system.client_id),
        ("system.grant_values", &system.grant_values),
    ];
    let optional = written.required_scope.iter().map(|scope| ("required_scope", scope));
    let listed = lists.iter().flat_map(|(name, texts)| texts.iter().map(|text| (*name, text)));
    let codes = written.activities.keys().map(|code| ("activities", code));
    for (name, text) in single.into_iter().chain(listed).chain(optional).chain(codes) {
        if text.trim().is_empty() || text.len() > TEXT_BYTES_MAX {
            faults.push(format!("`{name}` holds a text that is empty or longer than {TEXT_BYTES_MAX} bytes"));
        }
    }
    for (name, claim) in [("user_id", &claims.user_id), ("selected_role", &claims.selected_role)] {
        if *claim == claims.roles {
            faults.push(format!("`claims.{name}` and `claims.roles` name the same claim"));
        }
    }
}

fn check_ranges(written: &Written, faults: &mut Vec<String>) {
    for (name, value, range) in [
        ("leeway_seconds", written.leeway_seconds, 0..=60),
        ("refresh_seconds", written.refresh_seconds, 5..=3600),
        ("lifetime_hours_max", written.lifetime_hours_max, 1..=168),
    ] {
        if !range.contains(&value) {
            faults.push(format!("`{name}` must be {} to {}", range.start(), range.end()));
        }
    }
}

fn check_algorithms(names: &[String], faults: &mut Vec<String>) -> Vec<Algorithm> {
    if names.is_empty() {
        faults.push("`algorithms` must hold at least one name".to_owned());
    }
    names.iter().filter_map(|name| algorithm("algorithms", name, faults)).collect()
}

fn algorithm(setting: &str, name: &str, faults: &mut Vec<String>) -> Option<Algorithm> {
    let fault = match name.parse::<Algorithm>() {
        _ if name.eq_ignore_ascii_case("none") => "`none` is no signature; anybody could be anybody".to_owned(),
        Ok(algorithm) if algorithm.family() == AlgorithmFamily::Hmac => {
            format!("{name} signs with a shared secret; name one with a key pair")
        }
        Ok(algorithm) => return Some(algorithm),
        Err(_) => format!("{name} is not known"),
    };
    faults.push(format!("`{setting}`: {fault}"));
    None
}

fn check_clients(written: &[Client], faults: &mut Vec<String>) -> HashMap<String, System> {
    let mut clients = HashMap::new();
    for client in written {
        let id = &client.id;
        if id.trim().is_empty() || id.len() > TEXT_BYTES_MAX {
            faults.push(format!("a `client` has an `id` that is empty or longer than {TEXT_BYTES_MAX} bytes"));
        }
        match client.organisation.parse() {
            Ok(organisation) => {
                let system = System { organisation, authority: client.authority };
                if clients.insert(id.clone(), system).is_some() {
                    faults.push(format!("the client `{id}` stands twice"));
                }
            }
            Err(error) => faults.push(format!("`organisation` of the client `{id}`: {error}")),
        }
    }
    clients
}

#[cfg(test)]
mod tests;
