//! The address to which notifications are sent: a strict part of what RFC 3986 allows, so that every reader of
//! addresses reads the same host in it. Whether the host may be reached is judged when something is sent.

use super::ENDPOINT_BYTES_MAX;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest host name in bytes (RFC 1035).
const HOST_BYTES_MAX: usize = 253;
/// Longest label of a host name in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// What is wrong with the address, in one sentence. With `plain_loopback`, http is taken on this machine.
pub fn check(endpoint: &str, plain_loopback: bool) -> Result<(), &'static str> {
    if endpoint.len() > ENDPOINT_BYTES_MAX {
        return Err("Must not be longer than 2048 bytes");
    }
    if !endpoint.bytes().all(|byte| byte.is_ascii_graphic() && !b"|<>\"{}\\^`#".contains(&byte)) {
        return Err("Must be an address without spaces, fragment or characters that must be encoded");
    }
    let (scheme, rest) = endpoint.split_once("://").ok_or(NOT_HTTPS)?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("Must not hold a name or a password; send them as a header");
    }
    let (host, port) = host_and_port(authority)?;
    if port.is_some_and(|port| !is_digits(port) || !port.parse::<u16>().is_ok_and(|port| port != 0)) {
        return Err("The port must be 1 to 65535");
    }
    let literal = literal(host)?;
    if scheme.eq_ignore_ascii_case("https") {
        return Ok(());
    }
    let here = literal.is_some_and(|address| address.is_loopback());
    if scheme.eq_ignore_ascii_case("http") && plain_loopback && here { Ok(()) } else { Err(NOT_HTTPS) }
}

const NOT_HTTPS: &str = "Must be an https address";
const BAD_HOST: &str = "Must name a host, by name or by address";

fn host_and_port(authority: &str) -> Result<(&str, Option<&str>), &'static str> {
    let end = if authority.starts_with('[') { authority.find(']').ok_or(BAD_HOST)? + 1 } else { 0 };
    let colon = authority.get(end..).and_then(|rest| rest.find(':')).map(|place| end + place);
    let host = authority.get(..colon.unwrap_or(authority.len())).unwrap_or_default();
    Ok((host, colon.and_then(|colon| authority.get(colon + 1..))))
}

/// The address that a host is, where it is one and not a name.
fn literal(host: &str) -> Result<Option<IpAddr>, &'static str> {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().map(|address| Some(address.into())).map_err(|_| BAD_HOST);
    }
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if host.len() > HOST_BYTES_MAX || !host.split('.').all(is_label) {
        return Err(BAD_HOST);
    }
    // Readers take a host whose last label is a number for an address, in forms of which RFC 3986 knows one.
    let last = host.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    if is_digits(&last) || last.starts_with("0x") {
        return host.parse::<Ipv4Addr>().map(|address| Some(address.into())).map_err(|_| BAD_HOST);
    }
    Ok(None)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
