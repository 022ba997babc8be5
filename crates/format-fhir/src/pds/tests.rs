//! Answers in the shape that PDS publishes, with people of the test range.

use super::*;
use serde_json::{Value, json};

const ASKED: &str = "9990000018";
const OTHER: &str = "9990000026";

fn number(digits: &str) -> NhsNumber {
    digits.parse().unwrap()
}

/// A whole answer to a read.
fn robin() -> Value {
    json!({
        "resourceType": "Patient",
        "id": ASKED,
        "identifier": [{ "system": "https://fhir.nhs.uk/Id/nhs-number", "value": ASKED, "extension": [{
            "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
            "valueCodeableConcept": { "coding": [{ "code": "01" }] }
        }] }],
        "meta": { "versionId": "2", "security": [{
            "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "U", "display": "unrestricted"
        }] },
        "name": [
            { "id": "1", "use": "nickname", "given": ["Bobby"], "family": "Testcase" },
            { "id": "2", "use": "usual", "given": ["Robin", "Alex"], "family": "Testcase", "prefix": ["Mx"] }
        ],
        "gender": "female",
        "birthDate": "2017-04-04",
        "extension": [{ "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NominatedPharmacy",
            "valueReference": { "identifier": { "value": "Y12345" } } }]
    })
}

fn with(path: &str, value: Value) -> Value {
    let mut answer = robin();
    match answer.pointer_mut(path) {
        Some(place) => *place = value,
        None => {
            answer.as_object_mut().unwrap().insert(path.trim_start_matches('/').to_owned(), value);
        }
    }
    answer
}

fn read(answer: &Value) -> Result<Patient, NotUnderstood> {
    patient(answer.to_string().as_bytes())
}

fn death(code: &str) -> Value {
    json!([{ "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus",
        "extension": [
            { "url": "deathNotificationStatus", "valueCodeableConcept": { "coding": [{ "code": code }] } },
            { "url": "systemEffectiveDate", "valueDateTime": "2026-10-22T00:00:00+00:00" }
        ] }])
}

#[test]
fn a_person_is_read() {
    let person = Demographics {
        name: PersonName::new("Robin Alex", "Testcase"),
        birth: "2017-04-04".parse().unwrap(),
        restricted: false,
        deceased: false,
        sex: Some(Sex::Female),
    };
    assert_eq!(read(&robin()).unwrap().trace(number(ASKED)), Trace::Found(person));
}

#[test]
fn another_number_in_the_answer_replaced_the_one_that_was_asked_for() {
    let answer = with("/id", OTHER.into());
    assert_eq!(read(&answer).unwrap().trace(number(ASKED)), Trace::Superseded(number(OTHER)));
}

#[test]
fn whatever_is_not_said_to_be_unrestricted_is_restricted() {
    for (code, expected) in
        [("U", Ok(false)), ("R", Ok(true)), ("V", Ok(true)), ("REDACTED", Ok(true)), ("X9", Ok(true))]
    {
        let answer = with("/meta/security/0/code", code.into());
        assert_eq!(read(&answer).map(|patient| patient.restricted), expected, "{code}");
    }
    let both = with("/meta/security", json!([{ "code": "U" }, { "code": "R" }]));
    assert!(read(&both).unwrap().restricted);
    for security in [json!([]), json!([{}]), Value::Null] {
        assert!(read(&with("/meta/security", security)).is_err());
    }
    assert_eq!(read(&with("/meta", Value::Null)), Err(NotUnderstood("security")));
}

#[test]
fn a_death_is_known_by_its_date_or_by_its_notice() {
    for (answer, dead) in [
        (robin(), false),
        (with("/deceasedDateTime", "2026-10-22T00:00:00+00:00".into()), true),
        (with("/deceasedBoolean", true.into()), true),
        (with("/deceasedBoolean", false.into()), false),
        (with("/extension", death("1")), true),
        (with("/extension", death("2")), true),
        (with("/extension", death("U")), false),
    ] {
        assert_eq!(read(&answer).unwrap().deceased, dead, "{answer}");
    }
}

#[test]
fn who_cannot_be_recognised_is_neither_found_nor_unknown() {
    for (path, value) in [
        ("/name", json!([])),
        ("/name", json!([{ "use": "old", "family": "Before" }])),
        ("/name/1", json!({ "use": "usual" })),
        ("/birthDate", Value::Null),
        ("/birthDate", "2017".into()),
        ("/birthDate", "2017-04".into()),
    ] {
        let answer = with(path, value);
        assert_eq!(read(&answer).unwrap().trace(number(ASKED)), Trace::Incomplete { restricted: false }, "{answer}");
    }
    let mut minimal = with("/name", json!([]));
    minimal["meta"]["security"][0]["code"] = "R".into();
    assert_eq!(read(&minimal).unwrap().trace(number(ASKED)), Trace::Incomplete { restricted: true });
}

#[test]
fn a_name_may_be_one_word_and_a_given_name_may_be_missing() {
    for (value, given, family) in [
        (json!({ "use": "usual", "given": ["Robin", null, " Alex "], "family": "Testcase" }), "Robin Alex", "Testcase"),
        (json!({ "use": "usual", "family": "Testcase" }), "", "Testcase"),
        (json!({ "use": "usual", "given": ["Robin"] }), "Robin", ""),
    ] {
        let name = read(&with("/name/1", value)).unwrap().name.unwrap();
        assert_eq!((name.given.as_str(), name.family.as_str()), (given, family));
    }
}

#[test]
fn sexes_are_read_and_asked_for_by_the_same_words() {
    for (word, expected) in [
        ("female", Some(Sex::Female)),
        ("male", Some(Sex::Male)),
        ("other", Some(Sex::Indeterminate)),
        ("unknown", None),
        ("later", None),
    ] {
        assert_eq!(read(&with("/gender", word.into())).unwrap().sex, expected);
        assert!(expected.is_none_or(|sex| gender(sex) == word));
    }
}

#[test]
fn what_is_no_answer_is_named_by_a_word_and_not_repeated() {
    for (body, word) in [
        (String::new(), "json"),
        ("<html>Testcase</html>".to_owned(), "json"),
        ("[]".to_owned(), "elements"),
        ("{}".to_owned(), "elements"),
        (robin().to_string().replace('}', ""), "json"),
        (robin().to_string()[..200].to_owned(), "json"),
        (with("/resourceType", "Person".into()).to_string(), "elements"),
        (with("/resourceType", "Bundle".into()).to_string(), "no-patient"),
        (with("/id", "Testcase".into()).to_string(), "id"),
        (with("/id", Value::Null).to_string(), "id"),
        (with("/birthDate", "4 April".into()).to_string(), "birth-date"),
        (with("/birthDate", "2017-02-30".into()).to_string(), "birth-date"),
        (with("/birthDate", "+017-04-04".into()).to_string(), "birth-date"),
        (with("/name", json!({ "family": "Testcase" })).to_string(), "elements"),
        (robin().to_string().replacen("\"id\"", "\"id\":\"9990000026\",\"id\"", 1), "elements"),
        ("[".repeat(100_000), "elements"),
    ] {
        let fault = patient(body.as_bytes()).unwrap_err();
        assert_eq!(fault.0, word, "{}", body.get(..100).unwrap_or(&body));
        assert!(!fault.to_string().contains("Testcase"));
    }
}

fn searchset(total: u64, entries: &[Value]) -> Value {
    let entry: Vec<Value> =
        entries.iter().map(|resource| json!({ "search": { "score": 1 }, "resource": resource })).collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "total": total, "entry": entry })
}

fn issue(code: &str) -> Value {
    json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "information", "code": "x",
        "details": { "coding": [{ "system": "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode", "code": code }] } }] })
}

#[test]
fn a_search_finds_somebody_nobody_or_too_many() {
    let find = |answer: &Value| search(answer.to_string().as_bytes());
    let one = Found::Patients(vec![read(&robin()).unwrap()]);
    assert_eq!(find(&searchset(1, &[robin()])), Ok(one));
    assert_eq!(find(&searchset(0, &[])), Ok(Found::Patients(Vec::new())));
    assert_eq!(
        find(&json!({ "resourceType": "Bundle", "type": "searchset", "total": 0 })),
        Ok(Found::Patients(Vec::new()))
    );
    assert_eq!(find(&issue("TOO_MANY_MATCHES")), Ok(Found::TooMany));
    for (answer, word) in [
        (searchset(1, &[]), "bundle-total"),
        (searchset(1, &[issue("TOO_MANY_MATCHES")]), "bundle-entry"),
        (searchset(1, &[with("/id", "x".into())]), "id"),
        (json!({ "resourceType": "Bundle", "type": "collection" }), "bundle-type"),
        (issue("RESOURCE_NOT_FOUND"), "no-search-set"),
        (robin(), "no-search-set"),
    ] {
        assert_eq!(find(&answer), Err(NotUnderstood(word)));
    }
}

#[test]
fn a_refusal_is_known_by_its_code_and_a_page_of_something_else_is_none() {
    for (code, expected) in [
        ("RESOURCE_NOT_FOUND", Outcome::NotFound),
        ("INVALIDATED_RESOURCE", Outcome::Invalidated),
        ("INVALID_RESOURCE_ID", Outcome::InvalidNumber),
        ("TOO_MANY_MATCHES", Outcome::TooMany),
        ("ACCESS_DENIED", Outcome::Other),
    ] {
        assert_eq!(outcome(issue(code).to_string().as_bytes()), Some(expected), "{code}");
    }
    assert_eq!(outcome(br#"{"resourceType":"OperationOutcome"}"#), Some(Outcome::Other));
    assert_eq!(outcome(b"<html>404</html>"), None);
    assert_eq!(outcome(robin().to_string().as_bytes()), None);
}
