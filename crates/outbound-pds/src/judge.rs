//! What a status means for whoever asked. Source: spec/fhir.md section 5.1, and the published rows of PDS for 403 and 503.

use cpis_app::demographics::DemographicsFault;
use cpis_format_fhir::pds::{self, NotUnderstood, Outcome};
use reqwest::StatusCode;
use std::time::Duration;

/// Why PDS did not say who somebody is, by what the caller does next. The word is fixed and holds nothing of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PdsError {
    /// Try again, not before this time has passed.
    #[error("PDS is away ({word})")]
    Away {
        /// The time.
        pause: Duration,
        /// What was seen last.
        word: &'static str,
    },
    /// The configuration is wrong, or the application was shut out.
    #[error("PDS does not admit this installation ({0})")]
    Refused(&'static str),
    /// An answer that is not what the interface says.
    #[error("PDS gave an answer that cannot be understood ({0})")]
    NotUnderstood(&'static str),
}

impl From<PdsError> for DemographicsFault {
    fn from(error: PdsError) -> Self {
        match error {
            PdsError::Away { pause, .. } => Self::Away(pause),
            PdsError::Refused(_) => Self::Refused,
            PdsError::NotUnderstood(_) => Self::NotUnderstood,
        }
    }
}

/// What to do about one answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judged<T> {
    /// It is an answer.
    Answered(T),
    /// Nobody has this number. The word says how PDS put it.
    Nobody(&'static str),
    /// The token is not taken: get a fresh one, once.
    Renew,
    /// Everybody waits, then it is sent again.
    Busy,
    /// It is sent again.
    Away(&'static str),
    /// It is sent again, and then it was not understood.
    Garbled(&'static str),
    /// It is not sent again.
    Refused(&'static str),
}

/// Judges the answer to a read or a search.
pub(crate) fn judge<T>(status: StatusCode, body: &[u8], read: impl Fn(&[u8]) -> Result<T, NotUnderstood>) -> Judged<T> {
    match status.as_u16() {
        200 => read(body).map_or_else(|fault| Judged::Garbled(fault.0), Judged::Answered),
        400 | 404 => match pds::outcome(body) {
            Some(Outcome::NotFound) => Judged::Nobody("not-found"),
            Some(Outcome::Invalidated) => Judged::Nobody("invalidated"),
            Some(Outcome::InvalidNumber) => Judged::Nobody("invalid-number"),
            // A page that is no outcome comes from something else than PDS: never "nobody".
            Some(Outcome::TooMany | Outcome::Other) if status == StatusCode::BAD_REQUEST => Judged::Refused("request"),
            _ => Judged::Refused("address"),
        },
        401 => Judged::Renew,
        403 => Judged::Refused("forbidden"),
        408 => Judged::Away("slow"),
        429 => Judged::Busy,
        300..=399 => Judged::Refused("redirect"),
        405..=499 => Judged::Refused("request"),
        500..=599 => Judged::Away("status"),
        _ => Judged::Garbled("status"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(code: &str) -> String {
        format!(r#"{{"resourceType":"OperationOutcome","issue":[{{"details":{{"coding":[{{"code":"{code}"}}]}}}}]}}"#)
    }

    #[test]
    fn each_status_says_what_to_do_next() {
        let page = "<html>not here</html>".to_owned();
        let none = String::new;
        for (status, body, expected) in [
            (200, none(), Judged::Answered(())),
            (200, page.clone(), Judged::Garbled("json")),
            (404, outcome("RESOURCE_NOT_FOUND"), Judged::Nobody("not-found")),
            (404, outcome("INVALIDATED_RESOURCE"), Judged::Nobody("invalidated")),
            (400, outcome("INVALID_RESOURCE_ID"), Judged::Nobody("invalid-number")),
            (400, outcome("MISSING_VALUE"), Judged::Refused("request")),
            (400, page.clone(), Judged::Refused("address")),
            (404, page.clone(), Judged::Refused("address")),
            (404, none(), Judged::Refused("address")),
            (404, outcome("ACCESS_DENIED"), Judged::Refused("address")),
            (401, outcome("ACCESS_DENIED"), Judged::Renew),
            (403, outcome("ACCESS_DENIED"), Judged::Refused("forbidden")),
            (408, outcome("UNABLE_TO_CALL_SERVICE"), Judged::Away("slow")),
            (429, outcome("TOO_MANY_REQUESTS"), Judged::Busy),
            (500, none(), Judged::Away("status")),
            (502, page.clone(), Judged::Away("status")),
            (503, none(), Judged::Away("status")),
            (504, none(), Judged::Away("status")),
            (302, none(), Judged::Refused("redirect")),
            (405, none(), Judged::Refused("request")),
            (204, none(), Judged::Garbled("status")),
        ] {
            let read = |body: &[u8]| if body.is_empty() { Ok(()) } else { Err(NotUnderstood("json")) };
            assert_eq!(
                judge(StatusCode::from_u16(status).unwrap(), body.as_bytes(), read),
                expected,
                "{status} {body}"
            );
        }
    }
}
