//! Where an issuer takes people in: the addresses of its discovery document, unless the operator wrote others.

use crate::fetch;
use crate::mapping::{Mapping, SignInSettings};
use crate::sign_in_error::SignInError;
use cpis_model::Timestamp;
use reqwest::{Client, Url};
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::sync::Mutex;

/// How long a document is used before it is read again.
const FRESH_SECONDS: i64 = 3600;
/// How long it is not asked for again after a failure.
const RETRY_SECONDS: i64 = 5;

/// The addresses. That of the authorization and the end of session are for the browser and may be elsewhere; the two
/// that we ask ourselves get a code or a token and stand beside the issuer, or are the operator's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub authorization: Url,
    pub token: Url,
    pub userinfo: Option<Url>,
    pub end_session: Option<Url>,
    /// RFC 9207: the issuer puts its name into every answer that it sends through the browser.
    pub names_itself: bool,
}

/// The addresses as last read.
#[derive(Default)]
pub(crate) struct Discovered(Mutex<Reading>);

#[derive(Default)]
struct Reading {
    held: Option<(Arc<Endpoints>, Timestamp)>,
    failed: Option<Timestamp>,
}

impl Discovered {
    /// The addresses, read again when they are old; old ones go on while the issuer is away.
    pub(crate) async fn get(
        &self,
        client: &Client,
        mapping: &Mapping,
        settings: &SignInSettings,
        now: Timestamp,
    ) -> Result<Arc<Endpoints>, SignInError> {
        let within = |at: Timestamp, seconds: i64| (0..seconds).contains(&(now.as_second() - at.as_second()));
        let mut reading = self.0.lock().await;
        let held = reading.held.clone();
        if let Some((endpoints, _)) = held.as_ref().filter(|(_, at)| within(*at, FRESH_SECONDS)) {
            return Ok(endpoints.clone());
        }
        let away = |word| held.map(|(endpoints, _)| endpoints).ok_or(SignInError::Away(word));
        if reading.failed.is_some_and(|failed| within(failed, RETRY_SECONDS)) {
            return away("discovery");
        }
        let document = fetch::discovery(client, mapping.issuer()).await;
        let read = document.and_then(|document| endpoints(&document, mapping, settings).ok_or("endpoint-elsewhere"));
        match read {
            Ok(endpoints) => {
                let endpoints = Arc::new(endpoints);
                reading.held = Some((endpoints.clone(), now));
                Ok(endpoints)
            }
            Err(reason) => {
                reading.failed = Some(now);
                tracing::warn!(issuer = mapping.issuer(), reason, "an issuer's discovery document could not be used");
                away("discovery")
            }
        }
    }
}

fn endpoints(document: &Map<String, Value>, mapping: &Mapping, settings: &SignInSettings) -> Option<Endpoints> {
    let named = |name: &str| document.get(name).and_then(Value::as_str).and_then(|text| Url::parse(text).ok());
    let for_browser = |told: &Option<Url>, name: &str| told.clone().or_else(|| named(name).filter(fetch::is_safe));
    let for_us = |told: &Option<Url>, name: &str| {
        let beside = |url: &Url| fetch::is_safe(url) && fetch::same_origin(url, &mapping.issuer_url);
        told.clone().or_else(|| named(name).filter(beside))
    };
    Some(Endpoints {
        authorization: for_browser(&settings.authorization_endpoint, "authorization_endpoint")?,
        token: for_us(&settings.token_endpoint, "token_endpoint")?,
        userinfo: for_us(&settings.userinfo_endpoint, "userinfo_endpoint"),
        end_session: for_browser(&settings.end_session_endpoint, "end_session_endpoint"),
        names_itself: document.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(document: &Value, more: &str) -> Option<Endpoints> {
        let text = format!(
            "issuer = \"https://issuer.example/oidc\"\naudience = [\"cpis\"]\n[sign_in]\nclient_id = \"us\"\n\
             key_file = \"k.pem\"\nkey_id = \"k\"\n{more}"
        );
        let mapping = Mapping::parse(&text).unwrap();
        endpoints(document.as_object().unwrap(), &mapping, mapping.sign_in.as_ref().unwrap())
    }

    #[test]
    fn what_gets_a_code_or_a_token_stands_beside_the_issuer_or_is_the_operators() {
        let good = json!({
            "authorization_endpoint": "https://login.example/authorize",
            "token_endpoint": "https://issuer.example/token",
            "userinfo_endpoint": "https://issuer.example/userinfo",
            "authorization_response_iss_parameter_supported": true,
        });
        let endpoints = read(&good, "").unwrap();
        assert!(endpoints.names_itself && endpoints.userinfo.is_some() && endpoints.end_session.is_none());
        for (name, value) in [
            ("token_endpoint", json!("https://evil.example/token")),
            ("token_endpoint", json!("http://issuer.example/token")),
            ("token_endpoint", json!("https://issuer.example:8443/token")),
            ("token_endpoint", json!("https://user@issuer.example/token")),
            ("token_endpoint", json!(null)),
            ("authorization_endpoint", json!("http://login.example/authorize")),
            ("authorization_endpoint", json!("javascript:alert(1)")),
            ("authorization_endpoint", json!(1)),
        ] {
            let mut bent = good.clone();
            bent[name] = value.clone();
            assert_eq!(read(&bent, ""), None, "{name} {value}");
        }
        let mut bent = good.clone();
        bent["userinfo_endpoint"] = json!("https://evil.example/userinfo");
        assert_eq!(read(&bent, "").unwrap().userinfo, None);
        let told = "token_endpoint = \"https://tokens.example/t\"\nuserinfo_endpoint = \"https://tokens.example/u\"\n";
        let endpoints = read(&bent, told).unwrap();
        assert_eq!(endpoints.token.as_str(), "https://tokens.example/t");
        assert_eq!(endpoints.userinfo.unwrap().as_str(), "https://tokens.example/u");
    }
}
