//! Headers as tables.

use super::*;
use proptest::prelude::*;

#[test]
fn unscheduled_is_true_false_or_not_said() {
    use Declared::{Nothing, Scheduled, Unscheduled};
    for (values, expected) in [
        (&[][..], Ok(Nothing)),
        (&["true"], Ok(Unscheduled)),
        (&["false"], Ok(Scheduled)),
        (&[" TRUE\t"], Ok(Unscheduled)),
        (&["False"], Ok(Scheduled)),
        (&["true", "True "], Ok(Unscheduled)),
        (&["false", "false", "FALSE"], Ok(Scheduled)),
        (&["true", "false"], Err(Issue::BadHeader)),
        (&["true", ""], Err(Issue::BadHeader)),
        (&["", "true"], Err(Issue::BadHeader)),
        (&[""], Err(Issue::BadHeader)),
        (&["  "], Err(Issue::BadHeader)),
        (&["maybe"], Err(Issue::BadHeader)),
        (&["1"], Err(Issue::BadHeader)),
        (&["0"], Err(Issue::BadHeader)),
        (&["yes"], Err(Issue::BadHeader)),
        (&["true,true"], Err(Issue::BadHeader)),
        (&["\"true\""], Err(Issue::BadHeader)),
        (&["tru\u{e9}"], Err(Issue::BadHeader)),
    ] {
        assert_eq!(parse_unscheduled(values.iter().map(|value| value.as_bytes())), expected, "{values:?}");
    }
}

#[test]
fn json_is_acceptable_unless_the_client_says_otherwise() {
    for (accept, expected) in [
        (None, true),
        (Some(""), true),
        (Some("application/fhir+json"), true),
        (Some("Application/FHIR+JSON"), true),
        (Some("application/fhir+json; fhirVersion=4.0"), true),
        (Some("application/fhir+json;fhirVersion=\"4.0\";charset=utf-8"), true),
        (Some("application/fhir+json; fhirversion=4.0.1"), true),
        (Some("application/fhir+json; fhirVersion=3.0"), false),
        (Some("application/fhir+json; fhirVersion=3.0, application/fhir+json; fhirVersion=4.0"), true),
        (Some("application/json"), true),
        (Some("*/*"), true),
        (Some("application/*"), true),
        (Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), true),
        (Some("text/html , application/json;q=0.1"), true),
        (Some("text/html"), false),
        (Some("application/fhir+xml"), false),
        (Some("application/xml, text/plain"), false),
        (Some("text/*"), false),
        (Some("json"), false),
        (Some("application/fhir+json;q=0"), false),
        (Some("application/fhir+json; q=0.000"), false),
        (Some("*/*;q=0"), false),
        (Some("application/json, */*;q=0"), true),
        (Some("*/*, application/fhir+json;q=0"), true),
        (Some("*/*, application/fhir+json;q=0, application/json;q=0"), false),
        (Some("*/*, application/*;q=0"), false),
        (Some("application/json;q=high"), true),
        (Some(",,;,="), false),
    ] {
        assert_eq!(accepts_json(accept), expected, "{accept:?}");
    }
}

#[test]
fn mirrored_values_have_a_form() {
    let long = "x".repeat(REFERENCE_CHARS_MAX);
    let too_long = "x".repeat(REFERENCE_CHARS_MAX + 1);
    let uuid = "0b1f7d0e-5f0e-4c55-8a0d-6d8c0f0d7f11";
    let upper = uuid.to_ascii_uppercase();
    for (header, value, expected) in [
        (Mirrored::RequestId, uuid, Some(uuid)),
        (Mirrored::RequestId, &upper, Some(&*upper)),
        (Mirrored::RequestId, &format!(" {uuid} "), Some(uuid)),
        (Mirrored::RequestId, &format!("{{{uuid}}}"), None),
        (Mirrored::RequestId, &format!("urn:uuid:{uuid}"), None),
        (Mirrored::RequestId, &uuid.replace('-', ""), None),
        (Mirrored::RequestId, "9990000018", None),
        (Mirrored::RequestId, "", None),
        (Mirrored::CorrelationId, uuid, Some(uuid)),
        (Mirrored::CorrelationId, "ward 4 / look #17 {a}", Some("ward 4 / look #17 {a}")),
        (Mirrored::CorrelationId, "", None),
        (Mirrored::CorrelationId, "a\u{7f}", None),
        (Mirrored::TraceId, &long, Some(&*long)),
        (Mirrored::TraceId, &too_long, None),
        (Mirrored::TraceId, "a\r\nSet-Cookie: b", None),
        (Mirrored::TraceId, "tracé", None),
    ] {
        let expected = expected.ok_or(Issue::InvalidHeaderValue(header.name()));
        assert_eq!(mirrored(header, value.as_bytes()), expected, "{header:?} {value}");
    }
    assert_eq!(mirrored(Mirrored::TraceId, b"\xff"), Err(Issue::InvalidHeaderValue("TraceID")));
}

#[test]
fn strict_handling_must_be_asked_for() {
    for (values, expected) in [
        (&[][..], false),
        (&["handling=strict"], true),
        (&["Handling = \"STRICT\""], true),
        (&["return=minimal, handling=strict; a=b"], true),
        (&["respond-async", "handling=strict"], true),
        (&["handling=lenient"], false),
        (&["handling=lenient, handling=strict"], false),
        (&["handling"], false),
        (&["handling="], false),
        (&["strict"], false),
        (&["x-handling=strict"], false),
    ] {
        assert_eq!(prefer_strict(values.iter().map(|value| value.as_bytes())), expected, "{values:?}");
    }
}

proptest! {
    #[test]
    fn arbitrary_values_never_panic_and_what_is_mirrored_is_safe_in_a_header(value: Vec<u8>) {
        let _ = parse_unscheduled([value.as_slice()].into_iter());
        let _ = prefer_strict([value.as_slice()].into_iter());
        let _ = accepts_json(std::str::from_utf8(&value).ok());
        for header in Mirrored::ALL {
            if let Ok(text) = mirrored(header, &value) {
                prop_assert!(!text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            }
        }
    }
}
