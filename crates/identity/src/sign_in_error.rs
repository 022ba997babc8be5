//! Why a sign-in or a sign-out message is not accepted, in the shape of what the door does next. A fixed word for each
//! cause goes to the metrics; nothing of what was sent is repeated.

use crate::error::Fault;

/// What the door does next. The word inside says what it was, for metrics and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Offer to sign in again: it took too long, was cancelled, or the code was used before.
    #[error("the sign-in must be begun again: {0}")]
    Again(&'static str),
    /// Say that the person may not come in; trying again changes nothing.
    #[error("the person may not come in: {0}")]
    NotAllowed(&'static str),
    /// Say that signing in does not work at present. The issuer or our registration with it is at fault.
    #[error("the issuer cannot be used: {0}")]
    Away(&'static str),
    /// Somebody tampers, or the issuer breaks the protocol: refuse, and record a security event.
    #[error("the sign-in is forged: {0}")]
    Forged(&'static str),
}

impl SignInError {
    /// What it was, in a fixed word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Again(word) | Self::NotAllowed(word) | Self::Away(word) | Self::Forged(word) => word,
        }
    }
}

impl From<Fault> for SignInError {
    fn from(fault: Fault) -> Self {
        let word = fault.word();
        match fault {
            Fault::Expired | Fault::Early => Self::Again(word),
            Fault::Assurance
            | Fault::Client
            | Fault::RolesMultiple
            | Fault::RolesNone
            | Fault::RolesInvalid
            | Fault::SelectedInvalid
            | Fault::SelectedMissing => Self::NotAllowed(word),
            Fault::KeysAway => Self::Away(word),
            Fault::HeaderMissing
            | Fault::HeaderEmpty
            | Fault::HeaderRepeated
            | Fault::Scheme
            | Fault::TokenMissing
            | Fault::Size
            | Fault::Form
            | Fault::Header
            | Fault::Algorithm
            | Fault::Type
            | Fault::Issuer
            | Fault::Audience
            | Fault::Times
            | Fault::Key
            | Fault::Signature
            | Fault::Claims
            | Fault::SessionRole
            | Fault::Place => Self::Forged(word),
        }
    }
}

/// Counts how a sign-in ended, or that it could not begin.
pub(crate) fn counted<T>(outcome: Result<T, SignInError>) -> Result<T, SignInError> {
    let word = outcome.as_ref().map_or_else(|error| error.word(), |_| "signed-in");
    metrics::counter!("cpis_sign_ins_total", "outcome" => word).increment(1);
    match &outcome {
        Err(SignInError::Forged(reason)) => tracing::warn!(reason, "a sign-in was forged"),
        Err(SignInError::Away(reason)) => tracing::warn!(reason, "nobody can sign in with an issuer"),
        Err(SignInError::Again(reason) | SignInError::NotAllowed(reason)) => {
            tracing::debug!(reason, "a sign-in was refused");
        }
        Ok(_) => {}
    }
    outcome
}
