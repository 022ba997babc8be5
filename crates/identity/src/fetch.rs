//! Reading a small document from an issuer: short time-outs, no redirects, a limit on its length.

use reqwest::{Client, Url, redirect};
use std::net::IpAddr;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest discovery document or key set.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 256 * 1024;

/// A client for an issuer at this address. An issuer on this machine is never asked through a proxy.
pub(crate) fn client(issuer: &Url) -> Result<Client, String> {
    let builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("opencpis/", env!("CARGO_PKG_VERSION")));
    let builder = if is_loopback(issuer) { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| format!("the HTTP client cannot be made: {error}"))
}

/// The document at this address; a word that says why not otherwise.
pub(crate) async fn document(client: &Client, url: Url) -> Result<Vec<u8>, &'static str> {
    let mut response = client.get(url).send().await.map_err(|_| "no-answer")?;
    if response.status() != reqwest::StatusCode::OK {
        return Err("status");
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| "cut-off")? {
        if body.len() + chunk.len() > DOCUMENT_BYTES_MAX {
            return Err("too-long");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Whether the address is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Whether two addresses have the same scheme, host and port.
pub(crate) fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}
