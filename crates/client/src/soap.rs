//! The national query over SOAP.

use crate::answer::{Answer, Record, Why};
use crate::error::SettingsError;
use crate::http::{self, Now, Reached};
use crate::question::Question;
use crate::retry::Tries;
use cpis_format_hl7v3::soap::{Ask, QUERY, REPLY_BYTES_MAX, Reply, ReplyFault, action, decode_reply, query_xml};
use cpis_model::Uuid;
use cpis_model::time::london_day;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// How a service is reached. `Debug` shows no secret.
#[derive(Clone)]
pub struct SoapSettings {
    /// Its address.
    pub url: String,
    /// Its ASID.
    pub service_asid: String,
    /// Ours, which the service binds to our certificate.
    pub own_asid: String,
    /// Our certificate and its private key, in PEM.
    pub identity: Option<Zeroizing<Vec<u8>>>,
    /// Authorities that may have signed the service's certificate, in PEM; without them those of the system.
    pub authorities: Option<Vec<u8>>,
    /// A proxy.
    pub proxy: Option<String>,
    /// For one try.
    pub timeout: Duration,
    /// How often a question is sent again.
    pub tries: Tries,
    /// Tells the time.
    pub now: Now,
}

impl SoapSettings {
    /// A service with its address and both ASIDs; the rest as usual.
    pub fn new(url: &str, service_asid: &str, own_asid: &str, now: Now) -> Self {
        Self {
            url: url.to_owned(),
            service_asid: service_asid.to_owned(),
            own_asid: own_asid.to_owned(),
            identity: None,
            authorities: None,
            proxy: None,
            timeout: Duration::from_secs(10),
            tries: Tries::default(),
            now,
        }
    }
}

impl fmt::Debug for SoapSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoapSettings").field("url", &self.url).field("own_asid", &self.own_asid).finish_non_exhaustive()
    }
}

/// Asks a service. It keeps connections, so one is enough for all questions.
#[derive(Debug)]
pub struct SoapClient {
    http: reqwest::Client,
    url: reqwest::Url,
    settings: SoapSettings,
}

impl SoapClient {
    /// A client. Nothing is sent yet.
    pub fn new(settings: SoapSettings) -> Result<Self, SettingsError> {
        let reached = Reached {
            authorities: settings.authorities.as_deref(),
            identity: settings.identity.as_ref().map(|identity| identity.as_slice()),
            proxy: settings.proxy.as_deref(),
            timeout: settings.timeout,
        };
        let (http, url) = http::client(&settings.url, &reached)?;
        Ok(Self { http, url, settings })
    }

    /// Asks, again while the service is away or busy.
    pub async fn ask(&self, question: &Question) -> Answer {
        self.settings.tries.ask(|| self.ask_once(question)).await
    }

    /// One try. Each has a message id of its own, and the same event.
    async fn ask_once(&self, question: &Question) -> Answer {
        let settings = &self.settings;
        let (message, made) = (Uuid::new_v4(), (settings.now)());
        let body = query_xml(&Ask {
            message,
            made,
            to: &settings.url,
            from: "http://www.w3.org/2005/08/addressing/anonymous",
            receiver: &settings.service_asid,
            sender: &settings.own_asid,
            event: question.event,
            author: &question.author,
            number: question.number,
            declared: question.declared,
        });
        let request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "text/xml; charset=utf-8")
            .header(ACCEPT, "text/xml")
            .header("soapaction", format!("\"{}\"", action(QUERY)))
            .body(body);
        let reply = match http::send(request, REPLY_BYTES_MAX, &settings.now).await {
            Ok(reply) => reply,
            Err(what) => return Answer::CannotTell(Why::away(what)),
        };
        let decoded = decode_reply(&reply.body, message, question.number);
        judge(question, &reply, decoded, london_day(made))
    }
}

/// What an answer is worth: a record or none only where everything says so.
fn judge(
    question: &Question,
    reply: &http::Reply,
    decoded: Result<Reply, ReplyFault>,
    today: cpis_model::Date,
) -> Answer {
    let is_good = reply.status == StatusCode::OK;
    let retry_after = reply.retry_after;
    let why = match decoded {
        Ok(Reply::Found { plans, accesses }) if is_good => {
            let differs = |birth| question.birth.is_some_and(|known| known != birth);
            if plans.iter().filter_map(|plan| plan.person.birth).any(differs) {
                Why::DetailsDiffer
            } else {
                return Answer::Record(Box::new(Record::of_soap(&plans, accesses, today)));
            }
        }
        Ok(Reply::NotFound) if is_good => return Answer::NoRecord,
        Ok(Reply::Found { .. } | Reply::NotFound) => Why::unreadable(format!("it came with status {}", reply.status)),
        Ok(Reply::Failed(reasons)) => {
            // The service's own trouble, or the question's faults.
            let is_ours = |code: &str| code.starts_with("GE");
            let faults: Vec<String> = reasons.iter().map(|reason| reason.text.to_string()).collect();
            if faults.is_empty() || reasons.iter().any(|reason| is_ours(&reason.code)) {
                Why::Away { what: format!("the service says: {}", faults.join("; ")), retry_after }
            } else {
                Why::Invalid { faults }
            }
        }
        Ok(Reply::Fault { text, is_server: true, .. }) => {
            Why::Away { what: format!("the service says: {text}"), retry_after }
        }
        Ok(Reply::Fault { text, .. }) if http::is_busy(reply.status) => {
            Why::Away { what: format!("the service says: {text}"), retry_after }
        }
        Ok(Reply::Fault { code, text, .. }) => Why::Refused { code, text },
        Err(_) if http::is_busy(reply.status) || reply.status.is_server_error() => {
            Why::Away { what: format!("the service answered with status {}", reply.status), retry_after }
        }
        Err(_) if !is_good => {
            Why::Refused { code: reply.status.as_u16().to_string(), text: format!("status {}", reply.status) }
        }
        Err(ReplyFault::Unreadable(what)) => Why::unreadable(what),
        Err(ReplyFault::OtherQuestion) => Why::unreadable("it belongs to another question"),
        Err(ReplyFault::OtherNumber) => Why::unreadable("it is about another number"),
    };
    Answer::CannotTell(why)
}
