//! One attempt to deliver a body to an endpoint.

use crate::backoff::Backoff;
use crate::fault::{WebhookFault, Why, judge, unanswered};
use crate::guard::{Guard, Resolve, SystemResolver};
use crate::settings::{Settings, Unusable};
use crate::signature::{DELIVERY_HEADER, SIGNATURE_HEADER, signature};
use crate::target;
use bytes::Bytes;
use cpis_model::time::pause_asked;
use cpis_model::{Timestamp, Uuid};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, Request, Response, redirect, retry, tls};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Longest time until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time for an attempt, whatever the delivery says.
pub const TIMEOUT_MAX: Duration = Duration::from_mins(1);
/// Most bytes of an answer that are read before the connection is closed. None of them is kept.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Longest body in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Headers of the connection, of the message or ours: never a subscriber's.
const NOT_THEIRS: [&str; 8] =
    ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "host", "expect"];
const NOT_THEIRS_STARTS: [&str; 3] = ["content-", "proxy-", "cpis-"];

/// What is sent, and where. `Debug` shows neither the address nor headers, body or secret.
#[derive(Clone)]
pub struct Delivery<'a> {
    /// Where.
    pub endpoint: &'a str,
    /// The subscriber's own headers.
    pub headers: &'a [(String, String)],
    /// What.
    pub body: Bytes,
    /// Its media type.
    pub content_type: &'a str,
    /// The secret that the subscriber and we share.
    pub secret: &'a [u8],
    /// The delivery's id: the same for each attempt.
    pub id: Uuid,
    /// Now: it is signed, and dates in the answer are counted from it.
    pub at: Timestamp,
    /// How long the whole attempt may take; at most [`TIMEOUT_MAX`].
    pub timeout: Duration,
}

impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("body_bytes", &self.body.len())
            .field("at", &self.at)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The endpoint took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The status, 200 to 299.
    pub status: u16,
}

/// Sends to endpoints that others chose.
pub struct Webhook {
    client: Client,
    settings: Settings,
}

impl Webhook {
    /// With the operating system's knowledge of names.
    pub fn new(settings: Settings) -> Result<Self, Unusable> {
        Self::with_resolver(settings, Arc::new(SystemResolver))
    }

    /// With another knowledge of names.
    pub fn with_resolver(settings: Settings, resolver: Arc<dyn Resolve>) -> Result<Self, Unusable> {
        let guard = Guard { resolver, allowed: settings.allowed_networks.as_slice().into() };
        let mut builder = Client::builder()
            .https_only(!settings.plain_loopback)
            .tls_version_min(tls::Version::TLS_1_2)
            .dns_resolver(Arc::new(guard))
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .http1_only()
            // A connection that stays open would be used again without its address being judged again.
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("opencpis/", env!("CARGO_PKG_VERSION")));
        if !settings.authorities_pem.is_empty() {
            let certificates = Certificate::from_pem_bundle(&settings.authorities_pem);
            let certificates = certificates.ok().filter(|all| !all.is_empty());
            let fault = || Unusable("the certificates of authorities cannot be read".to_owned());
            builder = builder.tls_certs_merge(certificates.ok_or_else(fault)?);
        }
        let client = builder.build().map_err(|error| Unusable(format!("the HTTP client cannot be made: {error}")))?;
        Ok(Self { client, settings })
    }

    /// When to try again.
    pub fn backoff(&self) -> Backoff {
        self.settings.backoff
    }

    /// Whether something may be sent to this address, as far as it says itself; to judge an endpoint when it is named.
    pub fn takes(&self, endpoint: &str) -> Result<(), Why> {
        target::check(endpoint, &self.settings).map(|_| ())
    }

    /// Makes one attempt. The status decides: whatever comes after it is read for courtesy and dropped.
    pub async fn post(&self, delivery: &Delivery<'_>) -> Result<Delivered, WebhookFault> {
        let request = self.request(delivery).map_err(WebhookFault::GiveUp)?;
        let response = self.client.execute(request).await.map_err(|error| unanswered(&error))?;
        let status = response.status().as_u16();
        let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = asked.and_then(|text| pause_asked(text, delivery.at));
        drain(response).await;
        judge(status, retry_after).map(|()| Delivered { status })
    }

    fn request(&self, delivery: &Delivery<'_>) -> Result<Request, Why> {
        let url = target::check(delivery.endpoint, &self.settings)?;
        if delivery.body.len() > BODY_BYTES_MAX {
            return Err(Why::TooLong);
        }
        let request = self.client.post(url).headers(headers(delivery)?).body(delivery.body.clone());
        request.timeout(delivery.timeout.min(TIMEOUT_MAX)).build().map_err(|_| Why::Address)
    }
}

fn headers(delivery: &Delivery<'_>) -> Result<HeaderMap, Why> {
    let mut headers = HeaderMap::new();
    for (name, value) in delivery.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Why::Header)?;
        let is_theirs = !NOT_THEIRS.contains(&name.as_str())
            && !NOT_THEIRS_STARTS.iter().any(|start| name.as_str().starts_with(start));
        if !is_theirs || headers.contains_key(&name) {
            return Err(Why::Header);
        }
        headers.insert(name, sensitive(value)?);
    }
    let signature = signature(delivery.secret, delivery.id, delivery.at, &delivery.body).ok_or(Why::Secret)?;
    let id = delivery.id.hyphenated().to_string();
    for (name, value) in [
        (CONTENT_TYPE.as_str(), delivery.content_type),
        (SIGNATURE_HEADER, signature.as_str()),
        (DELIVERY_HEADER, id.as_str()),
    ] {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Why::Header)?;
        headers.insert(name, sensitive(value)?);
    }
    Ok(headers)
}

fn sensitive(value: &str) -> Result<HeaderValue, Why> {
    let mut value = HeaderValue::from_str(value).map_err(|_| Why::Header)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads some of the body, so that a well-behaved endpoint is not cut off, and closes the connection. The time-out of
/// the request goes on meanwhile.
async fn drain(mut response: Response) {
    let mut bytes = 0;
    while bytes < ANSWER_BYTES_MAX {
        let Ok(Some(chunk)) = response.chunk().await else { return };
        bytes += chunk.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_delivery_is_shown() {
        let delivery = Delivery {
            endpoint: "https://la.example.org/secret",
            headers: &[("X-Key".to_owned(), "secret".to_owned())],
            body: Bytes::from_static(b"secret"),
            content_type: "text/secret",
            secret: b"secret",
            id: Uuid::nil(),
            at: Timestamp::UNIX_EPOCH,
            timeout: TIMEOUT_MAX,
        };
        let shown = format!("{delivery:?}");
        assert!(!shown.contains("secret") && !shown.contains("example") && shown.contains("body_bytes: 6"), "{shown}");
    }

    #[test]
    fn certificates_that_cannot_be_read_are_a_fault() {
        let settings = Settings { authorities_pem: b"no certificate".to_vec(), ..Settings::default() };
        assert_eq!(
            Webhook::new(settings).err().unwrap().to_string(),
            "webhooks cannot be sent: the certificates of authorities cannot be read"
        );
    }
}
