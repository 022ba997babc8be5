//! Who is asking: a bearer token becomes a verified [`cpis_model::caller::Caller`], or the request goes no further.
//!
//! Nothing here decides what a caller may do (`cpis_model::caller::may` does); what a request says about itself only
//! chooses among what the token grants. Tokens, names and user ids never appear in `Debug`, errors, logs or metrics.
//!
//! Reading order: [`Mapping`] (which claims make a caller), [`KeySource`] (the issuer's published keys), [`Verifier`].

mod cache;
mod caller;
mod error;
mod fetch;
mod keys;
mod mapping;
mod role;
mod source;
mod strict;
mod token;
mod verifier;

pub use error::IdentityError;
pub use mapping::{Activity, Client, DEFAULT_MAPPING, Faults, Mapping};
pub use source::KeySource;
pub use token::TOKEN_BYTES_MAX;
pub use verifier::{RequestIdentity, Verifier};

#[cfg(test)]
mod tests;
