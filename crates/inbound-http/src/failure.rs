//! What a use case's failure is answered with: one exhaustive table for FHIR, one for the authority's API.
//!
//! "Cannot tell" stays apart from "no record" in both: a stored value that cannot be read is answered like an outage.

use crate::door::Door;
use crate::problem::Problem;
use cpis_app::AppError;
use cpis_format_fhir::outcome::Issue;
use cpis_identity::IdentityError;
use cpis_model::Uuid;
use http::StatusCode;

/// Seconds after which a client is asked to try again, where the use case does not say.
pub const RETRY_AFTER_SECONDS: u32 = 2;

const TEST_NUMBER: Issue = Issue::InvalidSearch("Numbers of the test range are refused here");

/// The issue, and the seconds after which to try again.
pub fn issue(door: &Door, error: AppError) -> (Issue, Option<u32>) {
    match error {
        AppError::Unavailable { retry_after } => (Issue::Unavailable, Some(retry_after)),
        AppError::Refused(_) => (Issue::Denied, None),
        AppError::BirthMismatch => (Issue::BirthMismatch, None),
        AppError::TestNumber => (TEST_NUMBER, None),
        AppError::NotFound => (Issue::NotFound, None),
        AppError::Conflict => (Issue::Changed, None),
        AppError::Damaged(place) => {
            log_damaged(&place);
            (Issue::Unavailable, Some(RETRY_AFTER_SECONDS))
        }
        AppError::Internal(what) => (Issue::Internal(log_failed(door, &what)), None),
    }
}

/// The same for the authority's API.
pub fn problem(door: &Door, error: AppError) -> Problem {
    match error {
        AppError::Unavailable { retry_after } => Problem::busy().retry_after(retry_after),
        AppError::Refused(_) => Problem::new(StatusCode::FORBIDDEN, "denied", "Access is denied."),
        AppError::BirthMismatch => Problem::new(StatusCode::CONFLICT, "mismatch", "The details do not match."),
        AppError::TestNumber => {
            Problem::new(StatusCode::BAD_REQUEST, "test-number", "Numbers of the test range are refused here.")
        }
        AppError::NotFound => Problem::not_found(),
        AppError::Conflict => {
            Problem::new(StatusCode::CONFLICT, "changed", "Somebody else changed this meanwhile: look at it again.")
        }
        AppError::Damaged(place) => {
            log_damaged(&place);
            Problem::busy()
        }
        AppError::Internal(what) => internal(log_failed(door, &what)),
    }
}

/// An unexpected failure; the id finds the cause in the log.
pub fn internal(message: Uuid) -> Problem {
    let detail = "Something unexpected happened. Quote the message id to the operator.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).with("message", message.to_string())
}

/// A request without a caller, in FHIR.
pub fn unknown(error: IdentityError) -> (Issue, Option<u32>) {
    match error {
        IdentityError::Unauthorised(why) => (Issue::Unauthorised(why), None),
        IdentityError::Unavailable => (Issue::Unavailable, Some(RETRY_AFTER_SECONDS)),
    }
}

/// A request without a caller, in the authority's API.
pub fn unknown_problem(error: IdentityError) -> Problem {
    match error {
        IdentityError::Unauthorised(why) => Problem::unauthorised(why),
        IdentityError::Unavailable => Problem::busy(),
    }
}

fn log_damaged(place: &str) {
    tracing::error!(place, "a stored value cannot be read");
}

fn log_failed(door: &Door, cause: &str) -> Uuid {
    let message = door.fresh_id();
    tracing::error!(id = %message, cause, "a request failed");
    message
}
