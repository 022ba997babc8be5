//! Against what comes from elsewhere: the headers of every page, where a form came from, its token.

use crate::Web;
use crate::door::Stop;
use crate::view::message::What;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Uri};
use base64::Engine;
use subtle::ConstantTimeEq;

const FETCH_SITE: &str = "sec-fetch-site";

/// Whether a browser looks for a page.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

/// Whether a path is the machine API's.
pub(crate) fn is_api(path: &str) -> bool {
    ["/cpis/", "/authority/", "/health/", "/openapi.json", "/metrics"].iter().any(|prefix| path.starts_with(prefix))
}

/// The headers of every answer. A page has a nonce, without which no script runs; what browsers fetch beside pages has none.
/// Forms may lead to the origins named, since an issuer takes part in signing in and out.
pub(crate) fn protect(headers: &mut HeaderMap, nonce: Option<&str>, origins: &[String], secure: bool) {
    let mut put = |name: HeaderName, value: &'static str| drop(headers.insert(name, HeaderValue::from_static(value)));
    put(X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if secure {
        put(STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
    let Some(nonce) = nonce else { return };
    put(CACHE_CONTROL, "no-store");
    // With `no-referrer` browsers would not say where a form comes from.
    put(REFERRER_POLICY, "same-origin");
    put(X_FRAME_OPTIONS, "DENY");
    put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    put(
        HeaderName::from_static("permissions-policy"),
        "camera=(), clipboard-read=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    let forms = [&["'self'".to_owned()], origins].concat().join(" ");
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'nonce-{nonce}'; img-src 'self'; form-action {forms}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
}

/// Refuses a form that another site sent. A browser says where a form comes from; what says nothing is no browser of today,
/// and is held by the token alone.
pub(crate) fn same_origin(headers: &HeaderMap, uri: &Uri, base_url: &str) -> Result<(), Stop> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site_fits = text(FETCH_SITE).is_none_or(|site| matches!(site, "same-origin" | "none"));
    // HTTP/2 has the name in the address.
    let named = uri.authority().map(axum::http::uri::Authority::as_str);
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()).or(named).unwrap_or_default();
    let origin_fits = match headers.get(ORIGIN).map(HeaderValue::to_str) {
        None => true,
        // Behind a balancer the base address counts, beside it the host that the browser asked for.
        Some(Ok(origin)) => {
            origin == base_url
                || origin.split_once("://").is_some_and(|(_, authority)| authority == host && !host.is_empty())
        }
        Some(Err(_)) => false,
    };
    if site_fits && origin_fits { Ok(()) } else { Err(forged("origin")) }
}

/// Refuses a form without the token of its session.
pub(crate) fn check_csrf(expected: &str, sent: &str) -> Result<(), Stop> {
    if expected.as_bytes().ct_eq(sent.as_bytes()).into() { Ok(()) } else { Err(forged("token")) }
}

/// A request that somebody forged. It leaves its trace.
pub(crate) fn forged(how: &'static str) -> Stop {
    metrics::counter!("cpis_forged_requests_total", "how" => how).increment(1);
    tracing::warn!(how, "a forged request was refused");
    Stop::Say(What::NotAllowed)
}

/// Somebody who signed in asked for what is not theirs.
pub(crate) fn refused(path: &'static str) {
    metrics::counter!("cpis_pages_refused_total", "route" => path).increment(1);
}

/// The class of a status, for the metric.
pub(crate) fn status_class(status: u16) -> &'static str {
    match status / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

/// A nonce for the script of one page.
pub(crate) fn nonce(web: &Web) -> String {
    let mut bytes = [0; 18];
    web.service.keys.entropy.fill(&mut bytes);
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A short reference that stands in the log and on the page.
pub(crate) fn reference(web: &Web) -> String {
    let mut bytes = [0; 8];
    web.service.keys.entropy.fill(&mut bytes);
    format!("{:010X}", u64::from_be_bytes(bytes) >> 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_form_of_another_site_is_refused() {
        let base = "https://cpis.example.nhs.uk";
        for (pairs, good) in [
            (&[][..], true),
            (&[("origin", base), ("sec-fetch-site", "same-origin")], true),
            (&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "null")], false),
            (&[("origin", "https://cpis.example.nhs.uk.evil.example"), ("host", "cpis.example.nhs.uk")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], false),
        ] {
            assert_eq!(same_origin(&headers(pairs), &Uri::from_static("/find"), base).is_ok(), good, "{pairs:?}");
        }
    }

    #[test]
    fn tokens_are_the_same_or_not() {
        assert!(check_csrf("abc", "abc").is_ok());
        assert!(check_csrf("abc", "").is_err() && check_csrf("abc", "abd").is_err());
    }
}
