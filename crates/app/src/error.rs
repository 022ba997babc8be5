//! Failures of use cases, by what the caller does next.

use cpis_model::caller::Refusal;
use cpis_store::StoreError;

/// A use case's failure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppError {
    /// We cannot tell: try again after so many seconds. Never to be read as "no record".
    #[error("the service cannot tell at the moment")]
    Unavailable {
        /// Seconds after which to try again.
        retry_after: u32,
    },
    /// The policy says no.
    #[error("access is denied")]
    Refused(Refusal),
    /// The date of birth given as a check disagrees with the stored one: cannot tell.
    #[error("the details do not match")]
    BirthMismatch,
    /// Numbers of the test range are refused by this installation.
    #[error("numbers of the test range are refused here")]
    TestNumber,
    /// No such thing, or not for this caller.
    #[error("not found")]
    NotFound,
    /// Somebody else changed it meanwhile: look at it again.
    #[error("somebody else changed this meanwhile")]
    Conflict,
    /// A stored value cannot be opened or read: call the operator. Names the table and the row.
    #[error("a stored value cannot be read: {0}")]
    Damaged(String),
    /// A bug, or a setting that cannot work: call the operator.
    #[error("{0}")]
    Internal(String),
}

/// Seconds after which a caller is asked to try again.
pub const RETRY_AFTER_SECONDS: u32 = 2;

impl AppError {
    /// Busy or away.
    pub fn unavailable() -> Self {
        Self::Unavailable { retry_after: RETRY_AFTER_SECONDS }
    }

    /// A stored value that cannot be opened.
    pub fn damaged(place: impl Into<String>) -> Self {
        Self::Damaged(place.into())
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::OutcomeUnknown | StoreError::Stale => {
                tracing::warn!(%error, "the database did not take part");
                Self::unavailable()
            }
            StoreError::Corrupt(place) => Self::Damaged(place),
            StoreError::SchemaOlder { .. } | StoreError::SchemaNewer { .. } => Self::Internal(error.to_string()),
        }
    }
}
