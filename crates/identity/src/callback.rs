//! What the browser brings back from the issuer (RFC 6749, 4.1.2; RFC 9207), read strictly.

use crate::pending::{Pending, same};
use crate::sign_in_error::SignInError;
use reqwest::Url;
use std::fmt;

/// Longest query in bytes.
pub const CALLBACK_BYTES_MAX: usize = 8 * 1024;

/// The parameters of the return.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Callback {
    code: Option<String>,
    state: Option<String>,
    issuer: Option<String>,
    error: Option<String>,
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Callback({})", if self.code.is_some() { "code" } else { "no code" })
    }
}

impl Callback {
    /// Reads the query of the request, without its question mark. No parameter may stand twice (RFC 6749, 3.1).
    pub fn parse(query: &str) -> Result<Self, SignInError> {
        const ODD: SignInError = SignInError::Forged("callback");
        if query.len() > CALLBACK_BYTES_MAX {
            return Err(ODD);
        }
        // Any address will do: only its query is read.
        let mut url = Url::parse("https://here.invalid/").map_err(|_| ODD)?;
        url.set_query(Some(query));
        let mut callback = Self::default();
        for (name, value) in url.query_pairs() {
            let place = match name.as_ref() {
                "code" => &mut callback.code,
                "state" => &mut callback.state,
                "iss" => &mut callback.issuer,
                "error" => &mut callback.error,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(ODD);
            }
        }
        Ok(callback)
    }

    /// The code, when this is the answer to that very request. `names_itself`: whether the issuer said that it always
    /// puts its name into the answer; then an answer without one is another's.
    pub(crate) fn code(&self, pending: &Pending, names_itself: bool) -> Result<&str, SignInError> {
        let is_named = self.issuer.as_ref().map_or(!names_itself, |issuer| issuer == pending.issuer());
        if !is_named {
            return Err(SignInError::Forged("mixed-up"));
        }
        if !self.state.as_ref().is_some_and(|state| same(state, pending.state())) {
            return Err(SignInError::Forged("state"));
        }
        match (self.error.as_deref(), self.code.as_deref()) {
            (None, Some(code)) if !code.is_empty() => Ok(code),
            (Some("access_denied" | "interaction_required" | "login_required"), None) => {
                Err(SignInError::Again("cancelled"))
            }
            (Some("server_error" | "temporarily_unavailable"), None) => Err(SignInError::Away("issuer-error")),
            (Some(_), None) => Err(SignInError::Away("request-refused")),
            _ => Err(SignInError::Forged("callback")),
        }
    }
}

#[cfg(test)]
mod tests;
