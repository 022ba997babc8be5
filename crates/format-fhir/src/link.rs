//! The `self` link of a Bundle, which must be a legal URI (RFC 3986 §3.4) whatever the client sent.

use crate::query::Resource;

/// The address that was asked, for an answer to a GET.
///
/// ```
/// use cpis_format_fhir::{link::self_link_get, query::Resource};
/// let link = self_link_get("https://cpis.example.org/cpis/FHIR/R4", Resource::CareTeam, "patient=a|b");
/// assert_eq!(link, "https://cpis.example.org/cpis/FHIR/R4/CareTeam?patient=a%7Cb");
/// ```
pub fn self_link_get(base_url: &str, resource: Resource, raw_query: &str) -> String {
    let mut link = String::with_capacity(base_url.len() + raw_query.len() + 24);
    link.push_str(trimmed(base_url));
    link.push('/');
    link.push_str(resource.name());
    if !raw_query.is_empty() {
        link.push('?');
        push_legal(&mut link, raw_query);
    }
    link
}

/// The address that was asked, for an answer to POST `_search`: without the query, so that no address holds a number.
pub fn self_link_post(base_url: &str, resource: Resource) -> String {
    [trimmed(base_url), "/", resource.name(), "/_search"].concat()
}

/// The base address as links begin with it.
pub(crate) fn trimmed(base_url: &str) -> &str {
    base_url.trim_end_matches('/')
}

/// Keeps what may stand in a query, escapes that are whole included, and percent-encodes the rest.
fn push_legal(link: &mut String, raw_query: &str) {
    let mut rest = raw_query.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let whole_escape = matches!(tail, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
        if is_legal(byte) || byte == b'%' && whole_escape {
            link.push(char::from(byte));
        } else {
            link.push_str(percent_encoding::percent_encode_byte(byte));
        }
        rest = tail;
    }
}

/// `pchar` without the escape, `/` and `?`.
fn is_legal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASE: &str = "https://cpis.example.org/cpis/FHIR/R4";

    #[test]
    fn what_is_illegal_in_a_query_is_encoded_and_nothing_else() {
        for (raw, expected) in [
            ("", ""),
            (
                "patient:identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018",
                "?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018",
            ),
            ("patient%3Aidentifier=a%7c1;", "?patient%3Aidentifier=a%7c1;"),
            ("a=%zz%4&b=100%", "?a=%25zz%254&b=100%25"),
            ("a=<é\"> \\^`{}[]#", "?a=%3C%C3%A9%22%3E%20%5C%5E%60%7B%7D%5B%5D%23"),
        ] {
            let link = self_link_get(&format!("{BASE}/"), Resource::AuditEvent, raw);
            assert_eq!(link, format!("{BASE}/AuditEvent{expected}"), "{raw}");
        }
        assert_eq!(self_link_post(BASE, Resource::CareTeam), format!("{BASE}/CareTeam/_search"));
    }

    proptest! {
        #[test]
        fn links_are_legal_decode_to_the_same_and_stay_as_they_are(raw in "(?s)a.{0,60}|a[%0-9a-f|&=+ ]{0,30}") {
            let link = self_link_get("", Resource::CareTeam, &raw);
            let query = link.strip_prefix("/CareTeam?").unwrap();
            prop_assert!(query.bytes().all(|byte| is_legal(byte) || byte == b'%'));
            let decode = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
            prop_assert_eq!(decode(query), decode(&raw));
            prop_assert_eq!(&self_link_get("", Resource::CareTeam, query), &link);
        }
    }
}
