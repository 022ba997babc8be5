//! The FHIR interface, with a person's token.

use crate::answer::{Answer, Why};
use crate::error::SettingsError;
use crate::fhir_answer;
use crate::http::{self, Now, Reached};
use crate::retry::Tries;
use cpis_model::Date;
use cpis_model::caller::Declared;
use cpis_model::nhs_number::NhsNumber;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use std::fmt::{self, Write};
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How a service is reached. `Debug` shows no secret.
#[derive(Clone)]
pub struct FhirSettings {
    /// The base of its FHIR interface, such as `https://cpis.example.org/cpis/FHIR/R4`.
    pub base: String,
    /// The person's access token.
    pub token: Zeroizing<String>,
    /// Authorities that may have signed the service's certificate, in PEM; without them those of the system.
    pub authorities: Option<Vec<u8>>,
    /// For one try.
    pub timeout: Duration,
    /// How often a question is sent again.
    pub tries: Tries,
    /// Tells the time.
    pub now: Now,
}

impl FhirSettings {
    /// A service with its address and a token; the rest as usual.
    pub fn new(base: &str, token: Zeroizing<String>, now: Now) -> Self {
        let (timeout, tries) = (Duration::from_secs(10), Tries::default());
        Self { base: base.trim_end_matches('/').to_owned(), token, authorities: None, timeout, tries, now }
    }
}

impl fmt::Debug for FhirSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FhirSettings").field("base", &self.base).finish_non_exhaustive()
    }
}

/// A question about one child. Who asks is in the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FhirQuestion {
    /// About whom.
    pub number: NhsNumber,
    /// A date of birth as a check.
    pub birth: Option<Date>,
    /// What is said about the care.
    pub declared: Declared,
}

/// Asks a service.
#[derive(Debug)]
pub struct FhirClient {
    http: reqwest::Client,
    url: reqwest::Url,
    settings: FhirSettings,
}

impl FhirClient {
    /// A client. Nothing is sent yet.
    pub fn new(settings: FhirSettings) -> Result<Self, SettingsError> {
        let reached = Reached {
            authorities: settings.authorities.as_deref(),
            identity: None,
            proxy: None,
            timeout: settings.timeout,
        };
        let (http, url) = http::client(&format!("{}/CareTeam/_search", settings.base), &reached)?;
        Ok(Self { http, url, settings })
    }

    /// Asks, again while the service is away or busy.
    pub async fn ask(&self, question: &FhirQuestion) -> Answer {
        self.settings.tries.ask(|| self.ask_once(question)).await
    }

    /// One try. The number stands in the body, and so in no address.
    async fn ask_once(&self, question: &FhirQuestion) -> Answer {
        let settings = &self.settings;
        let number = question.number.digits();
        let mut form = format!("patient%3Aidentifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C{number}");
        if let Some(birth) = question.birth {
            let _ = write!(form, "&birthdate={birth}");
        }
        let mut request = self
            .http
            .post(self.url.clone())
            .bearer_auth(settings.token.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/fhir+json");
        request = match question.declared {
            Declared::Nothing => request,
            Declared::Unscheduled => request.header("isunscheduledaccessevent", "true"),
            Declared::Scheduled => request.header("isunscheduledaccessevent", "false"),
        };
        match http::send(request.body(form), ANSWER_BYTES_MAX, &settings.now).await {
            Ok(reply) => fhir_answer::judge(&reply),
            Err(what) => Answer::CannotTell(Why::away(what)),
        }
    }
}
