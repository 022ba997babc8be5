//! What `cpis upload`, `cpis query` and `cpis simulate` share as clients: where the service is, the token, and answers that are no answer.

use crate::cli::Server;
use crate::config::read_text;
use crate::fault::{Fault, Kind, OrFault, Result};
use cpis_app::{Clock, SystemClock};
use cpis_client::{FhirClient, FhirSettings};
use cpis_model::nhs_number::NhsNumber;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Largest token file or ready file in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;
/// For a whole question.
pub const ANSWER_SECONDS: u64 = 30;
/// For making a connection.
const CONNECT_SECONDS: u64 = 10;
/// A connection is kept this long without use: less than the service keeps one, so that none is used while it closes.
const KEPT_SECONDS: u64 = 15;

/// Whose token of a ready file is meant.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// A clinician in unscheduled care.
    Clinician,
    /// A clinician in scheduled care.
    ScheduledClinician,
    /// The demo's authority.
    Authority,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Clinician => "clinician",
            Self::ScheduledClinician => "scheduled_clinician",
            Self::Authority => "authority",
        }
    }
}

/// A service and who we are there.
#[derive(Clone)]
pub struct Target {
    base: Url,
    token: Zeroizing<String>,
    client: Client,
}

/// What came back.
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// The body as JSON; null where it is none.
    pub body: Value,
}

impl Target {
    /// The service that the command line names.
    pub fn new(server: &Server, role: Role, timeout: Duration) -> Result<Self> {
        let usage = |what: String| Fault::new(Kind::Usage, what);
        let mut url = server.url.clone();
        let mut token = None;
        if let Some(path) = &server.ready_file {
            let what = |what| usage(format!("The ready file {}: {what}", path.display()));
            let text = Zeroizing::new(read_text(path, FILE_BYTES_MAX).map_err(what)?);
            let ready: Value =
                serde_json::from_str(&text).map_err(|_| what("it is not one of cpis demo".to_owned()))?;
            let found = |pointer: &str| ready.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
            url = url.or_else(|| found("/authority_api"));
            token = found(&format!("/tokens/{}", role.name()));
        }
        if let Some(path) = &server.token_file {
            let what = |what| usage(format!("The token file {}: {what}", path.display()));
            token = Some(read_text(path, FILE_BYTES_MAX).map_err(what)?);
        }
        let url = url.ok_or_else(|| usage("Say which service: --url URL or --ready-file FILE".to_owned()))?;
        let token =
            token.ok_or_else(|| usage("Give an access token: --token-file FILE or --ready-file FILE".to_owned()))?;
        // A file for `curl --header @FILE` holds the whole header.
        let token = token.trim().trim_start_matches("Authorization:").trim().trim_start_matches("Bearer ").to_owned();
        Self::build(&url, token, timeout)
    }

    /// A service with a token at hand.
    pub fn with_token(url: &str, token: String) -> Result<Self> {
        Self::build(url, token, Duration::from_secs(ANSWER_SECONDS))
    }

    /// The same service for somebody else, over the same connections.
    #[must_use]
    pub fn for_another(&self, token: String) -> Self {
        Self { token: Zeroizing::new(token), ..self.clone() }
    }

    /// Where it is: scheme, host and port.
    pub fn origin(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Whether the service is on this machine.
    pub fn is_here(&self) -> bool {
        is_here(&self.base)
    }

    fn build(url: &str, token: String, timeout: Duration) -> Result<Self> {
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
            .pool_idle_timeout(Duration::from_secs(KEPT_SECONDS))
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .or_fault(Kind::Failed, "The client cannot be set up")?;
        Ok(Self { base: base(url)?, token: Zeroizing::new(token), client })
    }

    /// A search by NHS number, which stands in the body and so in no address.
    pub fn search(&self, resource: &str, number: NhsNumber) -> RequestBuilder {
        self.post(&format!("/cpis/FHIR/R4/{resource}/_search"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("patient%3Aidentifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C{}", number.digits()))
    }

    /// A client that asks as a clinician does.
    pub fn clinician(&self) -> Result<FhirClient> {
        let base = format!("{}{}", self.origin(), cpis_inbound_http::FHIR_BASE);
        let settings = FhirSettings::new(&base, self.token.clone(), Arc::new(|| SystemClock.now()));
        FhirClient::new(settings).or_fault(Kind::Usage, "The service cannot be asked")
    }

    /// A request to a path of the service.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.to(Method::POST, path, &[])
    }

    /// A question to a path of the service.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.page(path, &[])
    }

    /// The same with parameters.
    pub fn page(&self, path: &str, parameters: &[(&str, &str)]) -> RequestBuilder {
        self.to(Method::GET, path, parameters)
    }

    fn to(&self, method: Method, path: &str, parameters: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(path);
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        let request = self.client.request(method, url);
        if self.token.is_empty() { request } else { request.bearer_auth(self.token.as_str()) }
    }
}

/// The service's own address, whatever path of it was given. A token never travels in the clear but on this machine.
fn base(text: &str) -> Result<Url> {
    let fault = |what: &str| Fault::new(Kind::Usage, format!("The address {what}"));
    let mut url = Url::parse(text).map_err(|error| fault(&format!("cannot be read: {error}")))?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_here(&url)) {
        return Err(fault("must begin with https, but for one on this machine"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fault("must not hold a password"));
    }
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Why there is no answer. Holds no address, and so no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Away {
    /// It did not come in time.
    TimedOut,
    /// There is no connection.
    Unreachable,
    /// The connection ended before the answer did.
    Cut(String),
    /// It is too long to be read.
    TooLong,
}

impl Away {
    fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_timeout() {
            Self::TimedOut
        } else if error.is_connect() {
            Self::Unreachable
        } else {
            Self::Cut(error.to_string())
        }
    }
}

impl From<Away> for Fault {
    fn from(away: Away) -> Self {
        Self::failed(match away {
            Away::TimedOut => "The service did not answer in time".to_owned(),
            Away::Unreachable => "The service cannot be reached".to_owned(),
            Away::Cut(error) => format!("The service did not answer: {error}"),
            Away::TooLong => "The service's answer is too long".to_owned(),
        })
    }
}

/// Sends, and reads the whole answer: status and body.
pub async fn exchange(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Away> {
    let mut response: Response = request.send().await.map_err(Away::of)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Away::of)? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Away::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((response.status(), bytes))
}

/// The same, with the body as JSON.
pub async fn send(request: RequestBuilder) -> Result<Answer> {
    let (status, bytes) = exchange(request).await?;
    Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() })
}

impl Answer {
    /// What the service says of a refusal, in its own words.
    pub fn words(&self) -> String {
        let text = |pointer: &str| self.body.pointer(pointer).and_then(Value::as_str);
        let words = text("/detail")
            .or_else(|| text("/issue/0/diagnostics"))
            .or_else(|| text("/issue/0/details/coding/0/display"))
            .unwrap_or("it gives no reason");
        format!("{}: {words}", self.status.as_u16())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: Option<&str>) -> Server {
        Server { url: url.map(str::to_owned), token_file: None, ready_file: None }
    }

    #[test]
    fn tokens_do_not_travel_in_the_clear() {
        for (text, good) in [
            ("https://cpis.example/authority/v1", true),
            ("http://127.0.0.1:8650", true),
            ("http://localhost:8650/cpis/FHIR/R4", true),
            ("http://[::1]:8650", true),
            ("http://cpis.example", false),
            ("http://127.0.0.1.example", false),
            ("https://me:secret@cpis.example", false),
            ("cpis.example", false),
        ] {
            assert_eq!(base(text).is_ok(), good, "{text}");
        }
        assert_eq!(base("https://cpis.example:8443/authority/v1?x#y").unwrap().as_str(), "https://cpis.example:8443/");
    }

    #[test]
    fn address_and_token_must_be_given() {
        let told = |server: &Server| Target::new(server, Role::Clinician, Duration::from_secs(1)).err().unwrap();
        assert!(told(&server(None)).what.contains("--url"));
        assert!(told(&server(Some("https://cpis.example"))).what.contains("--token-file"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        let ready = || Server { ready_file: Some(path.clone()), ..server(None) };
        assert!(told(&ready()).what.ends_with("there is no such file"));
        std::fs::write(&path, r#"{"authority_api": "http://127.0.0.1:1/authority/v1", "tokens": {"clinician": "t"}}"#)
            .unwrap();
        let target = Target::new(&ready(), Role::Clinician, Duration::from_secs(1)).unwrap();
        assert_eq!(target.base.as_str(), "http://127.0.0.1:1/");
        assert_eq!(Target::new(&ready(), Role::Authority, Duration::from_secs(1)).err().unwrap().kind, Kind::Usage);
    }

    #[test]
    fn refusals_are_told_in_the_words_of_the_service() {
        let answer = |status: u16, text: &str| Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: serde_json::from_str(text).unwrap_or_default(),
        };
        assert_eq!(answer(403, r#"{"detail": "Not yours."}"#).words(), "403: Not yours.");
        assert_eq!(answer(401, r#"{"issue": [{"diagnostics": "Invalid"}]}"#).words(), "401: Invalid");
        assert_eq!(answer(500, "no json").words(), "500: it gives no reason");
    }
}
