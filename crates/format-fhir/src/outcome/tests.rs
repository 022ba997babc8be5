//! Every issue with its body, and what must hold for all of them.

use super::*;
use crate::query::QueryError;
use expect_test::{expect, expect_file};
use serde_json::{Value, json};

const MESSAGE: Uuid = Uuid::from_u128(0x0b1f_7d0e_5f0e_4c55_8a0d_6d8c_0f0d_7f11);

fn all() -> Vec<Issue> {
    let mut all = vec![
        Issue::InvalidNumber,
        Issue::OldStyleNumber,
        Issue::MissingPatient,
        Issue::BadHeader,
        Issue::InvalidHeaderValue("X-Request-ID"),
        Issue::Denied,
        Issue::NotFound,
        Issue::MethodNotAllowed,
        Issue::NotAcceptable,
        Issue::UnsupportedMediaType,
        Issue::NotFhirJson,
        Issue::BodyTooLarge,
        Issue::Timeout,
        Issue::TooMany,
        Issue::BirthMismatch,
        Issue::Changed,
        Issue::Refused("There are too many of them"),
        Issue::Unavailable,
        Issue::Internal(MESSAGE),
    ];
    all.extend(unauthorised::ALL.map(Issue::Unauthorised));
    let faults = [
        QueryError::TooLong,
        QueryError::TooMany,
        QueryError::NotUtf8,
        QueryError::UnknownSystem,
        QueryError::Reference,
        QueryError::Modifier,
        QueryError::SeveralPatients,
        QueryError::BirthDate,
        QueryError::Count,
        QueryError::UnknownParameter,
    ];
    all.extend(faults.map(Issue::from));
    all
}

#[test]
fn the_table() {
    let mut table = String::new();
    for issue in all() {
        let row = issue.row();
        let mut cells = vec![row.details_code, row.details_display, &row.diagnostics, &row.expression];
        cells.retain(|cell| !cell.is_empty());
        table += &[&row.status.to_string(), " ", row.severity, " ", row.code, " | ", &cells.join(" | "), "\n"].concat();
    }
    expect![[r"
        400 error invalid | INVALID_SEARCH_DATA | Invalid search data | Invalid NHS number
        400 error invalid | INVALID_SEARCH_DATA | Invalid search data | Old-style NHS number: search with the ten-digit number
        400 error required | MISSING_VALUE | Required value is missing | Missing value - 'patient:identifier' | http.patient:identifier
        400 error invalid | PRECONDITION_FAILED | Precondition failed | Missing or invalid head parameter | http.IsUnscheduledAccessEvent
        400 error value | INVALID_VALUE | Provided value is invalid | Invalid value in header 'X-Request-ID' | http.X-Request-ID
        403 error forbidden | ACCESS_DENIED | Access has been denied to process this request | Access has been denied to process this request
        404 information not-found | RESOURCE_NOT_FOUND | Resource not found
        405 error not-supported | UNSUPPORTED_SERVICE | Unsupported Service
        406 error not-supported | UNSUPPORTED_VALUE | Unsupported value | Answers are sent as application/fhir+json only
        415 error not-supported | UNSUPPORTED_VALUE | Unsupported value | The body of a search must be application/x-www-form-urlencoded
        415 error not-supported | UNSUPPORTED_VALUE | Unsupported value | The body must be application/fhir+json
        413 error too-long | INVALID_SEARCH_DATA | Invalid search data | The body is too long
        408 error timeout | UNABLE_TO_CALL_SERVICE | Unable to call service | The service could not check in time. This is not an answer about the child.
        429 error throttled | TOO_MANY_REQUESTS | Too many requests | Wait as long as the header Retry-After says
        409 error business-rule | VALIDATION_ERROR | Validation error | Cannot tell: the details do not match
        409 error conflict | VALIDATION_ERROR | Validation error | Somebody else changed this meanwhile: look at it again
        422 error business-rule | VALIDATION_ERROR | Validation error | There are too many of them
        503 error transient | UNABLE_TO_CALL_SERVICE | Unable to call service | The service could not check. This is not an answer about the child.
        500 fatal exception | FAILURE_TO_PROCESS_MESSAGE | Failure to process message | 0b1f7d0e-5f0e-4c55-8a0d-6d8c0f0d7f11
        401 error forbidden | ACCESS_DENIED | Access Denied - Unauthorised | Missing Authorization header
        401 error forbidden | ACCESS_DENIED | Access Denied - Unauthorised | Empty Authorization header
        401 error forbidden | ACCESS_DENIED | Access Denied - Unauthorised | Missing access token
        401 error forbidden | ACCESS_DENIED | Access Denied - Unauthorised | Invalid token type, must be 'Bearer'
        401 error forbidden | ACCESS_DENIED | Access Denied - Unauthorised | Invalid Access Token
        401 error forbidden | ACCESS_DENIED | Access Denied - Unauthorised | multiple roles found in user info, please check NHSD-Session-URID
        401 error forbidden | ACCESS_DENIED | Access Denied - Unauthorised | no userroles available, please check NHSD-Session-URID is valid
        401 error forbidden | ACCESS_DENIED | Access Denied - Unauthorised | selected_roleid is misconfigured/invalid
        401 error forbidden | ACCESS_DENIED | Access Denied - Unauthorised | nhsid_nrbac_roles is misconfigured/invalid
        401 error forbidden | ACCESS_DENIED | Access Denied - Unauthorised | NHSD-Session-URID is invalid
        401 error forbidden | ACCESS_DENIED | Access Denied - Unauthorised | selected_roleid is missing in your token
        400 error invalid | INVALID_SEARCH_DATA | Invalid search data | The search is too long
        400 error invalid | INVALID_SEARCH_DATA | Invalid search data | The search has too many parameters
        400 error invalid | INVALID_SEARCH_DATA | Invalid search data | The parameters are not UTF-8
        400 error invalid | INVALID_SEARCH_DATA | Invalid search data | The identifier's system must be that of the NHS number
        400 error invalid | INVALID_SEARCH_DATA | Invalid search data | Name the patient by NHS number, not by reference
        400 error invalid | INVALID_SEARCH_DATA | Invalid search data | The only modifier of 'patient' is 'identifier'
        400 error invalid | INVALID_SEARCH_DATA | Invalid search data | A search must name one patient
        400 error invalid | INVALID_SEARCH_DATA | Invalid search data | 'birthdate' must be one date, YYYY-MM-DD
        400 error invalid | INVALID_SEARCH_DATA | Invalid search data | '_count' must be one whole number
        400 error invalid | INVALID_SEARCH_DATA | Invalid search data | Unknown parameter, and handling=strict was asked for
    "]].assert_eq(&table);
}

#[test]
fn bodies_are_as_published() {
    let bodies: String = all().iter().map(|issue| String::from_utf8(issue.body()).unwrap() + "\n").collect();
    expect_file![concat!(env!("CARGO_MANIFEST_DIR"), "/golden/outcomes.jsonl")].assert_eq(&bodies);
    // spec/fhir.md 3.4, from the guide.
    let published = json!({
        "resourceType": "OperationOutcome",
        "issue": [{
            "severity": "error",
            "code": "invalid",
            "details": { "coding": [{
                "system": "https://fhir.nhs.uk/CodeSystem/England-SpineErrorOrWarningCode",
                "code": "INVALID_SEARCH_DATA",
                "display": "Invalid search data"
            }] },
            "diagnostics": "Invalid NHS number"
        }]
    });
    assert_eq!(serde_json::from_slice::<Value>(&Issue::InvalidNumber.body()).unwrap(), published);
    assert_eq!(Issue::Unavailable.to_string(), "503 UNABLE_TO_CALL_SERVICE");
}

#[test]
fn every_body_is_an_operation_outcome_of_r4() {
    // https://hl7.org/fhir/R4/valueset-issue-type.html and valueset-issue-severity.html
    let codes = [
        "invalid",
        "required",
        "value",
        "forbidden",
        "not-found",
        "not-supported",
        "too-long",
        "timeout",
        "throttled",
        "business-rule",
        "conflict",
        "transient",
        "exception",
    ];
    for issue in all() {
        let body: Value = serde_json::from_slice(&issue.body()).unwrap();
        assert_eq!(body["resourceType"], "OperationOutcome");
        let issues = body["issue"].as_array().unwrap();
        assert_eq!(issues.len(), 1);
        assert!(codes.contains(&issues[0]["code"].as_str().unwrap()), "{body}");
        assert!(["fatal", "error", "information"].contains(&issues[0]["severity"].as_str().unwrap()), "{body}");
        let coding = &issues[0]["details"]["coding"][0];
        assert!(
            ["system", "code", "display"].iter().all(|field| coding[field].as_str().is_some_and(|s| !s.is_empty()))
        );
        assert!((400..600).contains(&issue.status()));
        assert!(issues[0].get("diagnostics").is_none_or(|text| text.as_str().is_some_and(|text| !text.is_empty())));
    }
}

#[test]
fn no_body_holds_a_number_of_ten_digits() {
    for issue in all() {
        let body = String::from_utf8(issue.body()).unwrap();
        let longest = body.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
        assert!(longest < Some(10), "{body}");
    }
}

#[test]
fn cannot_tell_is_never_a_success_nor_not_found() {
    for issue in [Issue::Unavailable, Issue::Timeout, Issue::BirthMismatch, Issue::TooMany, Issue::Internal(MESSAGE)] {
        assert!(!matches!(issue.status(), 200..=299 | 404 | 410), "{issue}");
    }
    assert_eq!(Issue::Unavailable.row().code, "transient");
}
