//! Everything that is answered instead of a Bundle: status and `OperationOutcome`, as one table ([`Issue::row`]).
//!
//! No variant can carry what the client sent, so no body can hold personal data. `Retry-After`, `Allow` and
//! `WWW-Authenticate` are headers and belong to the door.

use crate::json::Json;
use crate::systems;
use cpis_model::Uuid;
use std::borrow::Cow;

/// Why a request is not answered with a Bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {}", self.status(), self.row().details_code)]
pub enum Issue {
    /// The check digit is wrong, or there are not ten digits.
    InvalidNumber,
    /// A number of letters and digits from before 1996.
    OldStyleNumber,
    /// Another fault of the parameters, in words.
    InvalidSearch(&'static str),
    /// No patient is named.
    MissingPatient,
    /// `IsUnscheduledAccessEvent` is neither true nor false, or both.
    BadHeader,
    /// A header that is mirrored, by name, has a form that it must not have.
    InvalidHeaderValue(&'static str),
    /// No token, or none that is believed; the texts are in [`unauthorised`].
    Unauthorised(&'static str),
    /// A known caller may not do this. Nobody is told why.
    Denied,
    /// No such address or id.
    NotFound,
    /// The method is not offered here.
    MethodNotAllowed,
    /// The client takes no JSON.
    NotAcceptable,
    /// The body of a search is not a form.
    UnsupportedMediaType,
    /// The body is not FHIR as JSON.
    NotFhirJson,
    /// The body is too long.
    BodyTooLarge,
    /// Something behind the service was too slow.
    Timeout,
    /// The caller asks too often.
    TooMany,
    /// The date of birth that was given is not the stored one: "cannot tell".
    BirthMismatch,
    /// Somebody else changed the same thing.
    Changed,
    /// What was sent is well-formed and cannot be done, in words.
    Refused(&'static str),
    /// The service could not check: "cannot tell".
    Unavailable,
    /// Something unexpected; the id finds the cause in the log.
    Internal(Uuid),
}

/// Diagnostics of [`Issue::Unauthorised`] (spec/fhir.md 1.9 and 4.3).
pub mod unauthorised {
    /// No `Authorization` header.
    pub const MISSING_HEADER: &str = "Missing Authorization header";
    /// An empty `Authorization` header.
    pub const EMPTY_HEADER: &str = "Empty Authorization header";
    /// `Bearer` without a token.
    pub const MISSING_TOKEN: &str = "Missing access token";
    /// Another scheme. The published text repeats the scheme; we repeat nothing.
    pub const INVALID_TYPE: &str = "Invalid token type, must be 'Bearer'";
    /// A token that is malformed, expired, not signed by a known key or not for us.
    pub const INVALID_TOKEN: &str = "Invalid Access Token";
    /// Several roles and none chosen.
    pub const SEVERAL_ROLES: &str = "multiple roles found in user info, please check NHSD-Session-URID";
    /// The user has no role.
    pub const NO_ROLE: &str = "no userroles available, please check NHSD-Session-URID is valid";
    /// The chosen role of the token is not one of the user's.
    pub const SELECTED_ROLE_INVALID: &str = "selected_roleid is misconfigured/invalid";
    /// The roles cannot be read.
    pub const ROLES_INVALID: &str = "nhsid_nrbac_roles is misconfigured/invalid";
    /// The role of the header is not one of the user's.
    pub const SESSION_ROLE_INVALID: &str = "NHSD-Session-URID is invalid";
    /// The token chooses no role.
    pub const SELECTED_ROLE_MISSING: &str = "selected_roleid is missing in your token";
    /// All of them.
    pub const ALL: [&str; 11] = [
        MISSING_HEADER,
        EMPTY_HEADER,
        MISSING_TOKEN,
        INVALID_TYPE,
        INVALID_TOKEN,
        SEVERAL_ROLES,
        NO_ROLE,
        SELECTED_ROLE_INVALID,
        ROLES_INVALID,
        SESSION_ROLE_INVALID,
        SELECTED_ROLE_MISSING,
    ];
}

/// What an [`Issue`] is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// HTTP status.
    pub status: u16,
    /// `issue.severity`.
    pub severity: &'static str,
    /// `issue.code`.
    pub code: &'static str,
    /// `issue.details.coding.code`.
    pub details_code: &'static str,
    /// `issue.details.coding.display`.
    pub details_display: &'static str,
    /// `issue.diagnostics`; empty where there is nothing to add.
    pub diagnostics: Cow<'static, str>,
    /// `issue.expression`: the header or parameter at fault; empty where none can be named.
    pub expression: Cow<'static, str>,
}

const SEARCH: (&str, &str) = ("INVALID_SEARCH_DATA", "Invalid search data");
const MISSING: (&str, &str) = ("MISSING_VALUE", "Required value is missing");
const PRECONDITION: (&str, &str) = ("PRECONDITION_FAILED", "Precondition failed");
const VALUE: (&str, &str) = ("INVALID_VALUE", "Provided value is invalid");
const UNAUTHORISED: (&str, &str) = ("ACCESS_DENIED", "Access Denied - Unauthorised");
const DENIED: (&str, &str) = ("ACCESS_DENIED", "Access has been denied to process this request");
const NOT_FOUND: (&str, &str) = ("RESOURCE_NOT_FOUND", "Resource not found");
const SERVICE: (&str, &str) = ("UNSUPPORTED_SERVICE", "Unsupported Service");
const UNSUPPORTED: (&str, &str) = ("UNSUPPORTED_VALUE", "Unsupported value");
const CALL: (&str, &str) = ("UNABLE_TO_CALL_SERVICE", "Unable to call service");
const TOO_MANY: (&str, &str) = ("TOO_MANY_REQUESTS", "Too many requests");
const VALIDATION: (&str, &str) = ("VALIDATION_ERROR", "Validation error");
const FAILURE: (&str, &str) = ("FAILURE_TO_PROCESS_MESSAGE", "Failure to process message");

const BAD_HEADER: &str = "Missing or invalid head parameter"; // as published
const OLD_STYLE: &str = "Old-style NHS number: search with the ten-digit number";
const ONLY_JSON: &str = "Answers are sent as application/fhir+json only";
const ONLY_FORM: &str = "The body of a search must be application/x-www-form-urlencoded";
const FHIR_JSON: &str = "The body must be application/fhir+json";
const CHANGED: &str = "Somebody else changed this meanwhile: look at it again";
const BODY_LONG: &str = "The body is too long";
const SLOW: &str = "The service could not check in time. This is not an answer about the child.";
const AWAY: &str = "The service could not check. This is not an answer about the child.";
const BIRTH: &str = "Cannot tell: the details do not match";
const WAIT: &str = "Wait as long as the header Retry-After says";
const NO_PATIENT: &str = "Missing value - 'patient:identifier'";
const UNSCHEDULED: &str = "http.IsUnscheduledAccessEvent";
const PATIENT: &str = "http.patient:identifier";

impl Issue {
    /// The whole table (spec/fhir.md 1.9; the last three rows: spec/decisions.md 1 and architecture, invariant 6).
    #[rustfmt::skip]
    pub fn row(&self) -> Row {
        match *self {
            // issue                      status severity  issue.code       details       diagnostics    expression
            Self::InvalidNumber        => row(400, "error", "invalid",       SEARCH,       "Invalid NHS number", ""),
            Self::OldStyleNumber       => row(400, "error", "invalid",       SEARCH,       OLD_STYLE,     ""),
            Self::InvalidSearch(fault) => row(400, "error", "invalid",       SEARCH,       fault,         ""),
            Self::MissingPatient       => row(400, "error", "required",      MISSING,      NO_PATIENT,    PATIENT),
            Self::BadHeader            => row(400, "error", "invalid",       PRECONDITION, BAD_HEADER,    UNSCHEDULED),
            Self::InvalidHeaderValue(name) => Row {
                diagnostics: format!("Invalid value in header '{name}'").into(),
                expression: format!("http.{name}").into(),
                ..row(400, "error", "value", VALUE, "", "")
            },
            Self::Unauthorised(why)    => row(401, "error", "forbidden",     UNAUTHORISED, why,           ""),
            Self::Denied               => row(403, "error", "forbidden",     DENIED,       DENIED.1,      ""),
            Self::NotFound             => row(404, "information", "not-found", NOT_FOUND,  "",            ""),
            Self::MethodNotAllowed     => row(405, "error", "not-supported", SERVICE,      "",            ""),
            Self::NotAcceptable        => row(406, "error", "not-supported", UNSUPPORTED,  ONLY_JSON,     ""),
            Self::UnsupportedMediaType => row(415, "error", "not-supported", UNSUPPORTED,  ONLY_FORM,     ""),
            Self::NotFhirJson          => row(415, "error", "not-supported", UNSUPPORTED,  FHIR_JSON,     ""),
            Self::BodyTooLarge         => row(413, "error", "too-long",      SEARCH,       BODY_LONG,     ""),
            Self::Timeout              => row(408, "error", "timeout",       CALL,         SLOW,          ""),
            Self::TooMany              => row(429, "error", "throttled",     TOO_MANY,     WAIT,          ""),
            Self::BirthMismatch        => row(409, "error", "business-rule", VALIDATION,   BIRTH,         ""),
            Self::Changed              => row(409, "error", "conflict",      VALIDATION,   CHANGED,       ""),
            Self::Refused(why)         => row(422, "error", "business-rule", VALIDATION,   why,           ""),
            Self::Unavailable          => row(503, "error", "transient",     CALL,         AWAY,          ""),
            Self::Internal(message)    => Row {
                diagnostics: message.to_string().into(),
                ..row(500, "fatal", "exception", FAILURE, "", "")
            },
        }
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.row().status
    }

    /// The `OperationOutcome` as JSON.
    pub fn body(&self) -> Vec<u8> {
        let row = self.row();
        Json::document(512, |json| {
            json.text("resourceType", "OperationOutcome");
            json.key("issue").array_of_one(|json| {
                json.text("severity", row.severity);
                json.text("code", row.code);
                json.key("details").object(|json| {
                    json.key("coding").array_of_one(|json| {
                        json.text("system", systems::ERROR_CODE);
                        json.text("code", row.details_code);
                        json.text("display", row.details_display);
                    });
                });
                json.text("diagnostics", &row.diagnostics);
                if !row.expression.is_empty() {
                    json.key("expression").array(|json| json.string(&[&row.expression]));
                }
            });
        })
    }
}

fn row(
    status: u16,
    severity: &'static str,
    code: &'static str,
    (details_code, details_display): (&'static str, &'static str),
    diagnostics: &'static str,
    expression: &'static str,
) -> Row {
    Row {
        status,
        severity,
        code,
        details_code,
        details_display,
        diagnostics: diagnostics.into(),
        expression: expression.into(),
    }
}

#[cfg(test)]
mod tests;
