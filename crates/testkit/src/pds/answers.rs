//! Refusals as PDS writes them. Source: spec/fhir.md section 5.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A refusal: severity, issue, code, what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code(pub &'static str, pub &'static str, pub &'static str, pub &'static str);

pub(super) const NOT_FOUND: Code = Code("information", "not-found", "RESOURCE_NOT_FOUND", "Resource not found");
pub(super) const INVALIDATED: Code =
    Code("error", "processing", "INVALIDATED_RESOURCE", "Resource that has been marked as invalid was requested");
pub(super) const INVALID_ID: Code = Code("error", "value", "INVALID_RESOURCE_ID", "Resource Id is invalid");
pub(super) const MISSING: Code = Code("error", "required", "MISSING_VALUE", "Required value is missing");
pub(super) const INVALID: Code = Code("error", "value", "INVALID_VALUE", "Provided value is invalid");
pub(super) const UNAUTHORISED: Code = Code("error", "forbidden", "ACCESS_DENIED", "Access Denied - Unauthorised");
pub(super) const UNSUPPORTED: Code = Code("error", "processing", "UNSUPPORTED_SERVICE", "Unsupported Service");
pub(super) const TOO_MANY_MATCHES: Code =
    Code("information", "multiple-matches", "TOO_MANY_MATCHES", "Too Many Matches");

impl Code {
    /// The refusal that goes with a status.
    pub fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => INVALID,
            401 | 403 => UNAUTHORISED,
            404 => NOT_FOUND,
            408 => Self("error", "timeout", "UNABLE_TO_CALL_SERVICE", "Unable to call service"),
            429 => Self("error", "value", "TOO_MANY_REQUESTS", "Too many requests"),
            503 => Self("error", "timeout", "SERVICE_UNAVAILABLE", "Service unavailable"),
            _ => Self("fatal", "exception", "FAILURE_TO_PROCESS_MESSAGE", "Failure to process message"),
        }
    }
}

pub(super) fn outcome(status: StatusCode, Code(severity, issue, code, display): Code) -> Response {
    let system = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode";
    let coding = json!([{ "system": system, "version": "1", "code": code, "display": display }]);
    let issue = json!([{ "severity": severity, "code": issue, "details": { "coding": coding } }]);
    fhir(status, &json!({ "resourceType": "OperationOutcome", "issue": issue }))
}

pub(super) fn fhir(status: StatusCode, resource: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/fhir+json")], resource.to_string()).into_response()
}
