//! Asking an issuer: short time-outs, no redirects, no second try, a limit on the answer's length.

use crate::strict;
use reqwest::{Client, RequestBuilder, StatusCode, Url, redirect, retry};
use serde_json::{Map, Value};
use std::net::IpAddr;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest answer of an issuer: discovery document, key set, tokens, user info.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 256 * 1024;

/// A client for an issuer at this address. An issuer on this machine is never asked through a proxy.
pub(crate) fn client(issuer: &Url) -> Result<Client, String> {
    let builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .user_agent(concat!("opencpis/", env!("CARGO_PKG_VERSION")));
    let builder = if is_loopback(issuer) { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| format!("the HTTP client cannot be made: {error}"))
}

/// What a request is answered with; a word that says why it is not otherwise.
pub(crate) async fn answer(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), &'static str> {
    let mut response = request.send().await.map_err(|_| "no-answer")?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| "cut-off")? {
        if body.len() + chunk.len() > DOCUMENT_BYTES_MAX {
            return Err("too-long");
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status(), body))
}

/// The document at this address; a word that says why not otherwise.
pub(crate) async fn document(client: &Client, url: Url) -> Result<Vec<u8>, &'static str> {
    match answer(client.get(url)).await? {
        (StatusCode::OK, body) => Ok(body),
        _ => Err("status"),
    }
}

/// OpenID Connect Discovery 1.0, 4: the document must name the very issuer that was asked.
pub(crate) async fn discovery(client: &Client, issuer: &str) -> Result<Map<String, Value>, &'static str> {
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let address = Url::parse(&address).map_err(|_| "address")?;
    let document = strict::object(&document(client, address).await?).ok_or("no-discovery")?;
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err("other-issuer");
    }
    Ok(document)
}

/// Whether the address is https, or http on this machine, without a password in it.
pub(crate) fn is_safe(url: &Url) -> bool {
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
    scheme && url.host_str().is_some() && url.username().is_empty() && url.password().is_none()
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
