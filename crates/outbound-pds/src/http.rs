//! HTTP to PDS: TLS of the system's authorities only, no redirects, no second try by itself, and limits of time and length.
//! What went wrong is told by fixed words, since the library's own words may hold an address.

use cpis_model::Timestamp;
use cpis_model::time::pause_asked;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, StatusCode, Url, redirect, retry, tls};
use std::net::IpAddr;
use std::time::Duration;

/// Longest time until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest answer in bytes. A person takes some thousand.
pub(crate) const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// A client for these addresses. What is on this machine is never asked through a proxy.
pub(crate) fn client(addresses: [&Url; 2], timeout: Duration, connections: usize) -> Result<Client, String> {
    let here = addresses.into_iter().any(is_loopback);
    let builder = Client::builder()
        .https_only(!here)
        .tls_version_min(tls::Version::TLS_1_2)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .timeout(timeout)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .pool_max_idle_per_host(connections)
        .user_agent(concat!("opencpis/", env!("CARGO_PKG_VERSION")));
    let builder = if here { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| format!("the HTTP client cannot be made: {error}"))
}

/// What a request was answered with.
pub(crate) struct Answer {
    pub status: StatusCode,
    /// The time after which to ask again, where the answer says so.
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// Sends; a word that says why there is no answer otherwise.
pub(crate) async fn send(request: RequestBuilder, now: Timestamp) -> Result<Answer, &'static str> {
    let word = |error: reqwest::Error| match (error.is_timeout(), error.is_connect()) {
        (true, _) => "too-slow",
        (_, true) => "no-connection",
        _ => "cut-off",
    };
    let mut response = request.send().await.map_err(word)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(word)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err("too-long");
        }
        body.extend_from_slice(&chunk);
    }
    let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = asked.and_then(|text| pause_asked(text, now));
    Ok(Answer { status: response.status(), retry_after, body })
}

/// Whether the address is https, or http on this machine, without a password in it.
pub fn is_safe(url: &Url) -> bool {
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
        for (address, safe) in [
            ("https://api.example.nhs.uk/x", true),
            ("http://127.0.0.1:9", true),
            ("http://[::1]:9", true),
            ("http://api.example.nhs.uk/x", false),
            ("https://user:word@api.example.nhs.uk/x", false),
            ("file:///etc/cpis", false),
        ] {
            assert_eq!(is_safe(&Url::parse(address).unwrap()), safe, "{address}");
        }
    }
}
