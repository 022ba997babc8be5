//! HTTP as both clients speak it: no redirect, no second try by itself, limits of time and length. What went wrong is told by
//! fixed words, since the library's own may hold an address.

use crate::error::SettingsError;
use cpis_model::Timestamp;
use cpis_model::time::pause_asked;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, StatusCode, Url, redirect, retry, tls};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Tells the time.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Longest time until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection is kept this long without use: less than services keep one, so that none is used while it closes.
const KEPT: Duration = Duration::from_secs(15);

/// How a service is reached.
pub(crate) struct Reached<'a> {
    pub authorities: Option<&'a [u8]>,
    pub identity: Option<&'a [u8]>,
    pub proxy: Option<&'a str>,
    pub timeout: Duration,
}

/// A client, and the address to which it sends.
pub(crate) fn client(address: &str, reached: &Reached) -> Result<(Client, Url), SettingsError> {
    let url = Url::parse(address).ok().filter(is_safe).ok_or(SettingsError::Address)?;
    let mut builder = Client::builder()
        .https_only(url.scheme() == "https")
        .tls_version_min(tls::Version::TLS_1_2)
        .connect_timeout(CONNECT_TIMEOUT.min(reached.timeout))
        .pool_idle_timeout(KEPT)
        .timeout(reached.timeout)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .user_agent(concat!("OpenCPIS/", env!("CARGO_PKG_VERSION")));
    builder = match reached.proxy {
        Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy).map_err(|_| SettingsError::Proxy)?),
        None => builder.no_proxy(),
    };
    if let Some(pem) = reached.authorities {
        let all = reqwest::Certificate::from_pem_bundle(pem).ok().filter(|all| !all.is_empty());
        builder = builder.tls_certs_only(all.ok_or(SettingsError::Authorities)?);
    }
    if let Some(pem) = reached.identity {
        let identity = reqwest::Identity::from_pem(pem).map_err(|_| SettingsError::Identity)?;
        builder = builder.identity(identity);
    }
    let client = builder.build().map_err(|_| SettingsError::Client)?;
    Ok((client, url))
}

/// What a request was answered with.
pub(crate) struct Reply {
    pub status: StatusCode,
    /// The time after which to ask again, where the answer says so.
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// Sends; words that say why there is no answer otherwise.
pub(crate) async fn send(request: RequestBuilder, bytes_max: usize, now: &Now) -> Result<Reply, &'static str> {
    let words = |error: reqwest::Error| match (error.is_timeout(), error.is_connect()) {
        (true, _) => "the service did not answer in time",
        (_, true) => "there is no connection to the service",
        _ => "the connection to the service was cut",
    };
    let mut response = request.send().await.map_err(words)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(words)? {
        if body.len() + chunk.len() > bytes_max {
            return Err("the answer is too long");
        }
        body.extend_from_slice(&chunk);
    }
    let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = asked.and_then(|text| pause_asked(text, now()));
    Ok(Reply { status: response.status(), retry_after, body })
}

/// Whether the same request may be answered later, by the answer's status alone.
pub(crate) fn is_busy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 502..=504)
}

/// Whether the address is https, or http on this machine, without a password in it.
fn is_safe(url: &Url) -> bool {
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
    scheme && url.host_str().is_some() && url.username().is_empty() && url.password().is_none()
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_network_needs_tls() {
        let reached = Reached { authorities: None, identity: None, proxy: None, timeout: Duration::from_secs(1) };
        for (address, safe) in [
            ("https://cpis.example.nhs.uk/syncservice", true),
            ("http://127.0.0.1:9", true),
            ("http://[::1]:9", true),
            ("http://cpis.example.nhs.uk/syncservice", false),
            ("https://user:word@cpis.example.nhs.uk", false),
            ("file:///etc/cpis", false),
            ("", false),
        ] {
            assert_eq!(client(address, &reached).is_ok(), safe, "{address}");
        }
        for (reached, error) in [
            (Reached { authorities: Some(b"none"), ..reached }, SettingsError::Authorities),
            (Reached { identity: Some(b"none"), authorities: None, ..reached }, SettingsError::Identity),
        ] {
            assert_eq!(client("https://cpis.example.org", &reached).err(), Some(error));
        }
    }
}
