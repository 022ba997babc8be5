//! The shape of a mapping's text, and what stands in the place of a line that is left out.

use super::{Activity, Client, Faults};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Reads the text; the first fault of shape with its line.
pub fn read(text: &str) -> Result<Written, Faults> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        Faults(vec![format!("line {line}: {}", error.message().trim())])
    })
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    pub issuer: String,
    pub audience: Vec<String>,
    pub jwks_uri: Option<String>,
    #[serde(default = "algorithms")]
    pub algorithms: Vec<String>,
    #[serde(default = "leeway_seconds")]
    pub leeway_seconds: i64,
    #[serde(default = "refresh_seconds")]
    pub refresh_seconds: i64,
    #[serde(default = "lifetime_hours_max")]
    pub lifetime_hours_max: i64,
    pub required_scope: Option<String>,
    #[serde(default)]
    pub claims: Claims,
    #[serde(default)]
    pub assurance: Assurance,
    #[serde(default = "activities")]
    pub activities: BTreeMap<String, Activity>,
    #[serde(default)]
    pub system: SystemClaims,
    #[serde(default)]
    pub client: Vec<Client>,
    pub sign_in: Option<SignIn>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Claims {
    pub user_id: String,
    pub roles: String,
    pub selected_role: String,
    pub selected_role_required: bool,
    pub name: Vec<String>,
    pub title: String,
    pub given_name: String,
    pub family_name: String,
    pub organisations: String,
    pub site: String,
    pub scope: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Assurance {
    pub authentication: Level,
    pub identity: Level,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    pub claim: String,
    pub minimum: u64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SystemClaims {
    pub client_id: Vec<String>,
    pub grant: String,
    pub grant_values: Vec<String>,
    pub scope_prefix: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub client_id: String,
    pub key_file: PathBuf,
    pub key_id: String,
    #[serde(default = "sign_in_algorithm")]
    pub algorithm: String,
    #[serde(default = "label")]
    pub label: String,
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    #[serde(default = "acr_values")]
    pub acr_values: Vec<String>,
    pub prompt: Option<String>,
    pub authorization_endpoint: Option<String>,
    pub token_endpoint: Option<String>,
    pub userinfo_endpoint: Option<String>,
    pub end_session_endpoint: Option<String>,
}

impl SignIn {
    /// With what stands in the place of a line that is left out, and a key that lies in no file.
    pub fn of(client_id: &str, key_id: &str, algorithm: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            key_file: PathBuf::new(),
            key_id: key_id.to_owned(),
            algorithm: algorithm.to_owned(),
            label: label(),
            scopes: scopes(),
            acr_values: acr_values(),
            prompt: None,
            authorization_endpoint: None,
            token_endpoint: None,
            userinfo_endpoint: None,
            end_session_endpoint: None,
        }
    }
}

fn sign_in_algorithm() -> String {
    "RS512".to_owned()
}

fn label() -> String {
    "Sign in with NHS CIS2".to_owned()
}

fn scopes() -> Vec<String> {
    texts(&["openid", "profile", "nationalrbacaccess", "selectedrole"])
}

fn acr_values() -> Vec<String> {
    texts(&["AAL2_OR_AAL3_ANY"])
}

fn texts(of: &[&str]) -> Vec<String> {
    of.iter().map(|text| (*text).to_owned()).collect()
}

fn algorithms() -> Vec<String> {
    texts(&["RS256", "RS512", "PS256", "ES256"])
}

fn leeway_seconds() -> i64 {
    30
}

fn refresh_seconds() -> i64 {
    30
}

fn lifetime_hours_max() -> i64 {
    24
}

fn activities() -> BTreeMap<String, Activity> {
    [
        ("B0107", Activity::View),
        ("B0170", Activity::ViewSilently),
        ("CPIS-LA", Activity::Authority),
        ("CPIS-PRIVACY", Activity::Privacy),
        ("CPIS-OPERATOR", Activity::Operator),
    ]
    .into_iter()
    .map(|(code, activity)| (code.to_owned(), activity))
    .collect()
}

impl Default for Claims {
    fn default() -> Self {
        Self {
            user_id: "sub".to_owned(),
            roles: "nhsid_nrbac_roles".to_owned(),
            selected_role: "selected_roleid".to_owned(),
            selected_role_required: false,
            name: texts(&["display_name", "name"]),
            title: "title".to_owned(),
            given_name: "given_name".to_owned(),
            family_name: "family_name".to_owned(),
            organisations: "nhsid_user_orgs".to_owned(),
            site: "site_code".to_owned(),
            scope: texts(&["scope", "scp"]),
        }
    }
}

impl Default for Assurance {
    fn default() -> Self {
        Self {
            authentication: Level { claim: "authentication_assurance_level".to_owned(), minimum: 2 },
            identity: Level { claim: "id_assurance_level".to_owned(), minimum: 3 },
        }
    }
}

impl Default for SystemClaims {
    fn default() -> Self {
        Self {
            client_id: texts(&["client_id", "azp"]),
            grant: "gty".to_owned(),
            grant_values: texts(&["client-credentials", "client_credentials"]),
            scope_prefix: "urn:nhsd:apim:app:level3:".to_owned(),
        }
    }
}
