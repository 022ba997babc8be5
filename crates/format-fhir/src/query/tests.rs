//! Query strings as tables, and properties.

use super::*;
use QueryError::{
    BirthDate, Count, Format, InvalidNumber, MissingPatient, Modifier, NotUtf8, OldStyleNumber, Reference,
    SeveralPatients, TooLong, TooMany, UnknownParameter, UnknownSystem,
};
use Resource::{AuditEvent, CareTeam};
use proptest::prelude::*;

const DIGITS: &str = "9990000018";

fn parse(resource: Resource, raw: &str, strict: bool) -> Result<(String, Option<String>, Option<u32>), QueryError> {
    let query = parse_query(resource, raw, strict)?;
    Ok((query.number.digits().to_owned(), query.birth.map(|birth| birth.to_string()), query.count))
}

#[test]
fn every_spelling_of_the_guides_and_of_known_clients_is_understood() {
    // Source: spec/fhir.md 1.3 (guides; fhirpy, fhirclient and fhir-kit-client as they were seen).
    for raw in [
        "patient:identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018",
        "patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018",
        "patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7c9990000018",
        "patient:identifier=https:%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C9990000018",
        "patient:identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C9990000018",
        "patient%3Aidentifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C9990000018",
        "%70atient%3aidentifier=9990000018",
        "patient=9990000018",
        "patient:identifier=9990000018",
        "patient=https://fhir.nhs.uk/Id/nhs-number|9990000018",
        "patient:identifier=http://fhir.nhs.uk/id/nhs-number|9990000018",
        "patient:identifier=HTTPS://FHIR.NHS.UK/ID/NHS-NUMBER|9990000018",
        "patient:identifier=|9990000018",
        "patient:identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018;",
        "patient:identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018%3B",
        "patient:identifier=9990000018&;",
        "patient:identifier=9990000018 ; ",
        "patient=999%20000%200018",
        "patient=999+000+0018",
        "patient=999-000-0018",
        "patient=+9990000018+",
        "&&patient=9990000018&",
        "patient=9990000018&patient=9990000018",
        "patient=9990000018&patient:identifier=https://fhir.nhs.uk/Id/nhs-number|999%20000%200018",
        "patient=9990000018,9990000018",
        "_format=json&patient=9990000018",
        "patient=9990000018&_format=application/fhir+json",
        "patient=9990000018&_format=application%2Ffhir%2Bjson;fhirVersion=4.0",
        "patient=9990000018&_pretty=true",
    ] {
        for resource in [CareTeam, AuditEvent] {
            assert_eq!(parse(resource, raw, true), Ok((DIGITS.to_owned(), None, None)), "{raw}");
        }
    }
}

#[test]
fn parameters_are_read_or_refused_with_their_reason() {
    let ok = |birth: Option<&str>, count| Ok((DIGITS.to_owned(), birth.map(str::to_owned), count));
    for (raw, expected) in [
        ("", Err(MissingPatient)),
        ("&", Err(MissingPatient)),
        ("_format=json", Err(MissingPatient)),
        ("Patient=9990000018", Err(MissingPatient)),
        ("patient", Err(MissingPatient)),
        ("patient=", Err(MissingPatient)),
        ("patient:identifier=%20;", Err(MissingPatient)),
        ("patient:identifier=https://fhir.nhs.uk/Id/nhs-number|", Err(MissingPatient)),
        ("patient=9990000018,", Err(MissingPatient)),
        ("patient=9990000019", Err(InvalidNumber)),
        ("patient=999000001", Err(InvalidNumber)),
        ("patient=99900000180", Err(InvalidNumber)),
        ("patient=9999999999", Err(InvalidNumber)),
        ("patient=999000001X", Err(InvalidNumber)),
        ("patient=%EF%BC%99990000018", Err(InvalidNumber)),
        ("patient=9990000018%00", Err(InvalidNumber)),
        ("patient=9990000018\\,9990000018", Err(InvalidNumber)),
        ("patient=https://fhir.nhs.uk/Id/nhs-number|9990000018|9990000018", Err(InvalidNumber)),
        ("patient=LNAGP%2018/3", Err(OldStyleNumber)),
        ("patient:identifier=https://fhir.nhs.uk/Id/nhs-number|ABCD+123", Err(OldStyleNumber)),
        ("patient=Patient/9990000018", Err(Reference)),
        ("patient=https://fhir.nhs.uk/Patient/9990000018", Err(Reference)),
        ("patient:identifier=https://fhir.nhs.uk/Id/nhs-number/9990000018", Err(Reference)),
        ("patient=urn:oid:2.16.840.1.113883.2.1.4.1|9990000018", Err(UnknownSystem)),
        ("patient=https://fhir.nhs.uk/Id/nhs-number-old|9990000018", Err(UnknownSystem)),
        ("patient=ftp://fhir.nhs.uk/Id/nhs-number|9990000018", Err(UnknownSystem)),
        ("patient=fhir.nhs.uk/Id/nhs-number|9990000018", Err(UnknownSystem)),
        ("patient=https://fhir.nhs.uk/Id/local|", Err(UnknownSystem)),
        ("patient=%ff", Err(NotUtf8)),
        ("other=%c3%28&patient=9990000018", Err(NotUtf8)),
        ("%ff=1&patient=9990000018", Err(NotUtf8)),
        ("a=+%ff&patient=9990000018", Err(NotUtf8)),
        ("patient=9990000018&patient=9990000026", Err(SeveralPatients)),
        ("patient=9990000018,9990000026", Err(SeveralPatients)),
        ("patient=9990000018&patient:identifier=9990000026", Err(SeveralPatients)),
        ("patient=9990000018&patient=9990000019", Err(InvalidNumber)),
        ("patient:Patient=9990000018", Err(Modifier)),
        ("patient:missing=false&patient=9990000018", Err(Modifier)),
        ("patient=9990000018&birthdate=2017-04-04", ok(Some("2017-04-04"), None)),
        ("birthdate=eq2017-04-04&patient=9990000018", ok(Some("2017-04-04"), None)),
        ("birthdate=eq2017-04-04&birthdate=2017-04-04&patient=9990000018", ok(Some("2017-04-04"), None)),
        ("birthdate=2017-04-05&birthdate=2017-04-04&patient=9990000018", Err(BirthDate)),
        ("birthdate=lt2017-04-04&patient=9990000018", Err(BirthDate)),
        ("birthdate=2017-02-29&patient=9990000018", Err(BirthDate)),
        ("birthdate=2017-04&patient=9990000018", Err(BirthDate)),
        ("birthdate=04/04/2017&patient=9990000018", Err(BirthDate)),
        ("birthdate=2017-04-04T00:00&patient=9990000018", Err(BirthDate)),
        ("birthdate=20170404&patient=9990000018", Err(BirthDate)),
        ("birthdate=&patient=9990000018", Err(BirthDate)),
        ("patient=9990000018&_count=0", ok(None, Some(0))),
        ("patient=9990000018&_count=5", ok(None, Some(5))),
        ("patient=9990000018&_count=25", ok(None, Some(25))),
        ("patient=9990000018&_count=26", ok(None, None)),
        ("patient=9990000018&_count=99999999999999999999", ok(None, None)),
        ("patient=9990000018&_count=-1", Err(Count)),
        ("patient=9990000018&_count=many", Err(Count)),
        ("patient=9990000018&_count=", Err(Count)),
        ("patient=9990000018&_count=1&_count=2", Err(Count)),
        ("patient=9990000018&_format=xml", Err(Format)),
        ("patient=9990000018&_format=", Err(Format)),
    ] {
        for strict in [true, false] {
            let expected = if raw.starts_with("Patient=") && strict { Err(UnknownParameter) } else { expected.clone() };
            assert_eq!(parse(AuditEvent, raw, strict), expected, "{raw} strict: {strict}");
        }
    }
}

#[test]
fn what_is_not_known_is_passed_over_or_refused_as_the_client_wishes() {
    let printed = "_include=AuditEvent:entity-type=http://terminology.hl7.org/CodeSystem/v3-RoleClass|ASSIGNED";
    for (resource, extra, known) in [
        (AuditEvent, printed, true),
        (AuditEvent, &format!("{};", printed.replace('|', "%7C")), true),
        (AuditEvent, "_include=AuditEvent:agent", true),
        (AuditEvent, "_include=AuditEvent%3Aagent", true),
        (AuditEvent, "_include=AuditEvent:patient", false),
        (CareTeam, "_include=AuditEvent:agent", false),
        (CareTeam, "_include=CareTeam:participant", false),
        (AuditEvent, "_sort=-date", false),
        (CareTeam, "_summary=count", false),
        (CareTeam, "status=active", false),
        (CareTeam, "patient.identifier=9990000026", false),
        (CareTeam, "nothing", false),
    ] {
        let raw = format!("{extra}&patient=9990000018");
        assert_eq!(parse(resource, &raw, false), Ok((DIGITS.to_owned(), None, None)), "{raw}");
        assert_eq!(parse(resource, &raw, true).err(), (!known).then_some(UnknownParameter), "{raw}");
    }
}

#[test]
fn limits_have_an_answer() {
    let patient = "patient=9990000018";
    let padded = |bytes: usize| format!("{patient}&a={}", "x".repeat(bytes - patient.len() - 3));
    assert!(parse(CareTeam, &padded(QUERY_BYTES_MAX), false).is_ok());
    assert_eq!(parse(CareTeam, &padded(QUERY_BYTES_MAX + 1), false), Err(TooLong));
    let several = |parameters: usize| format!("{}{patient}", "a=1&".repeat(parameters - 1));
    assert!(parse(CareTeam, &several(PARAMETERS_MAX), false).is_ok());
    assert_eq!(parse(CareTeam, &several(PARAMETERS_MAX + 1), false), Err(TooMany));
}

#[test]
fn nothing_personal_is_shown_by_debug_or_by_an_error() {
    let query = parse_query(CareTeam, "patient=9990000018&birthdate=2017-04-04&_count=3", false).unwrap();
    assert_eq!(format!("{query:?}"), "Query { birth given: true, count: Some(3) }");
    assert_eq!(format!("{InvalidNumber} {MissingPatient:?}"), "Invalid NHS number MissingPatient");
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics_nor_gets_into_an_issue(raw in "[ -~]{0,80}|(?s).{0,40}", strict: bool) {
        for raw in [raw.clone(), format!("patient={raw}"), format!("patient=99900000190{raw}")] {
            if let Err(error) = parse_query(AuditEvent, &raw, strict) {
                let body = String::from_utf8(Issue::from(error).body()).unwrap();
                prop_assert!(!body.contains("9990000019") && !body.contains(&error_marker(&raw)), "{}", body);
            }
        }
    }

    #[test]
    fn a_query_that_is_written_out_reads_the_same(
        nine in 999_000_000u64..=999_999_999, birth in prop::option::of((1900i16..2030, 1i8..=12, 1i8..=28)), count in prop::option::of(0u32..=25)
    ) {
        let Some(number) = NhsNumber::from_first_nine(nine) else { return Ok(()) };
        let birth = birth.map(|(year, month, day)| Date::new(year, month, day).unwrap());
        let mut raw = format!("patient%3Aidentifier={}|{}", systems::NHS_NUMBER, number.spaced().replace(' ', "+"));
        if let Some(birth) = birth {
            raw += &["&birthdate=", &birth.to_string()].concat();
        }
        if let Some(count) = count {
            raw += &["&_count=", &count.to_string()].concat();
        }
        prop_assert_eq!(parse_query(CareTeam, &raw, true), Ok(Query { number, birth, count }));
        let link = crate::link::self_link_get("", CareTeam, &raw);
        prop_assert_eq!(parse_query(CareTeam, link.strip_prefix("/CareTeam?").unwrap(), true), Ok(Query { number, birth, count }));
    }
}

/// What of the input must not be found again; short inputs may stand in any sentence.
fn error_marker(raw: &str) -> String {
    if raw.chars().count() < 30 { "\u{0}".to_owned() } else { raw.to_owned() }
}
