//! Whatever stands in the query string and headers of a FHIR request, reading them ends with a value or an issue, never
//! with a panic; the self link asks the same question again; and no issue repeats what was sent.
//! Input: the query in the first line, header values in the others.
#![no_main]

use cpis_format_fhir::headers::{Mirrored, accepts_json, mirrored, parse_unscheduled, prefer_strict};
use cpis_format_fhir::link::self_link_get;
use cpis_format_fhir::outcome::Issue;
use cpis_format_fhir::query::{QUERY_BYTES_MAX, Resource, parse_query};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|&byte| byte == b'\n');
    let query = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let values: Vec<&[u8]> = lines.collect();

    for resource in [Resource::CareTeam, Resource::AuditEvent] {
        for strict in [false, true] {
            let parsed = parse_query(resource, &query, strict);
            if let Err(error) = parsed {
                let body = String::from_utf8(Issue::from(error).body()).expect("JSON is UTF-8");
                assert!(query.len() < 100 || !body.contains(query.as_ref()));
            }
            let link = self_link_get("", resource, &query);
            let again = link.split_once('?').map_or("", |(_, query)| query);
            if again.len() <= QUERY_BYTES_MAX {
                assert_eq!(parse_query(resource, again, strict), parsed);
            }
        }
    }

    let _ = parse_unscheduled(values.iter().copied());
    let _ = prefer_strict(values.iter().copied());
    for value in values {
        let _ = accepts_json(std::str::from_utf8(value).ok());
        for header in Mirrored::ALL {
            if let Ok(text) = mirrored(header, value) {
                assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            }
        }
    }
});
