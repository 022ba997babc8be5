//! The address of an endpoint, before anything is looked up or connected to.

use crate::fault::Why;
use crate::reach::may_reach;
use crate::settings::Settings;
use reqwest::Url;
use std::net::IpAddr;

const HTTPS_PORT: u16 = 443;

/// The address, if something may be sent there as far as it says itself. A host that is a name is judged when it is
/// resolved.
pub(crate) fn check(endpoint: &str, settings: &Settings) -> Result<Url, Why> {
    let url = Url::parse(endpoint).map_err(|_| Why::Address)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Why::Address);
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(Why::Address)?;
    // Whatever form an address of IPv4 had in the text, it has its usual one here.
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    match url.scheme() {
        "https" => {}
        "http" if settings.plain_loopback && literal.is_some_and(|address| address.is_loopback()) => return Ok(url),
        _ => return Err(Why::NotHttps),
    }
    let port = url.port_or_known_default().unwrap_or(HTTPS_PORT);
    if port != HTTPS_PORT && !settings.allowed_ports.contains(&port) {
        return Err(Why::Port);
    }
    if literal.is_some_and(|address| !may_reach(address, &settings.allowed_networks)) {
        return Err(Why::Inside);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(endpoint: &str, settings: &Settings) -> Result<(), Why> {
        check(endpoint, settings).map(|_| ())
    }

    #[test]
    fn an_address_is_judged_by_what_it_says() {
        let strict = Settings { allowed_ports: vec![8443], ..Settings::default() };
        for (endpoint, expected) in [
            ("https://la.example.org/notify?x=y", Ok(())),
            ("https://la.example.org:443/", Ok(())),
            ("https://la.example.org:8443/", Ok(())),
            ("https://9.9.9.9/", Ok(())),
            ("https://[2606:4700:4700::1111]/", Ok(())),
            ("https://la.example.org:80/", Err(Why::Port)),
            ("https://la.example.org:22/", Err(Why::Port)),
            ("http://la.example.org/", Err(Why::NotHttps)),
            ("http://127.0.0.1/", Err(Why::NotHttps)),
            ("ftp://la.example.org/", Err(Why::NotHttps)),
            ("file:///etc/passwd", Err(Why::Address)),
            ("data:,x", Err(Why::Address)),
            ("notify", Err(Why::Address)),
            ("https://", Err(Why::Address)),
            ("https://user@la.example.org/", Err(Why::Address)),
            ("https://:word@la.example.org/", Err(Why::Address)),
            ("https://127.0.0.1/", Err(Why::Inside)),
            ("https://127.1/", Err(Why::Inside)),
            ("https://2130706433/", Err(Why::Inside)),
            ("https://0x7f.0.0.1/", Err(Why::Inside)),
            ("https://0177.0.0.1/", Err(Why::Inside)),
            ("https://127.0.0.1./", Err(Why::Inside)),
            ("https://%31%32%37.0.0.1/", Err(Why::Inside)),
            ("https://\u{ff11}27.0.0.1/", Err(Why::Inside)),
            ("https://0/", Err(Why::Inside)),
            ("https://169.254.169.254/latest", Err(Why::Inside)),
            ("https://[::1]/", Err(Why::Inside)),
            ("https://[::ffff:7f00:1]/", Err(Why::Inside)),
            ("https://[64:ff9b::7f00:1]/", Err(Why::Inside)),
            ("https://[fd00::1]:8443/", Err(Why::Inside)),
        ] {
            assert_eq!(judged(endpoint, &strict), expected, "{endpoint}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_where_it_is_allowed() {
        let demo = Settings { plain_loopback: true, ..Settings::default() };
        for (endpoint, expected) in [
            ("http://127.0.0.1:9/x", Ok(())),
            ("http://[::1]:9/x", Ok(())),
            ("http://localhost:9/x", Err(Why::NotHttps)),
            ("http://la.example.org/", Err(Why::NotHttps)),
            ("http://10.0.0.1/", Err(Why::NotHttps)),
            ("http://0.0.0.0/", Err(Why::NotHttps)),
            ("https://127.0.0.1/", Err(Why::Inside)),
        ] {
            assert_eq!(judged(endpoint, &demo), expected, "{endpoint}");
        }
    }
}
