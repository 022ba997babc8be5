//! Who is asking: a bearer token becomes a verified [`cpis_model::caller::Caller`], or the request goes no further.
//!
//! Nothing here decides what a caller may do (`cpis_model::caller::may` does); what a request says about itself only
//! chooses among what the token grants. Tokens, names and user ids never appear in `Debug`, errors, logs or metrics.
//!
//! Two doors lead to one caller. A program brings a token with each request: [`Mapping`] (which claims make a caller),
//! [`KeySource`] (the issuer's published keys), [`Verifier`]. A person signs in with a browser: [`SignIn`] begins and
//! finishes, [`SignedIn`] is kept in a session and makes the caller; [`LocalAccount`] is for the day on which no issuer
//! answers.

mod cache;
mod callback;
mod caller;
mod certificate;
mod endpoints;
mod error;
mod exchange;
mod fetch;
mod id_token;
mod keys;
mod local;
mod logout;
mod mapping;
mod pending;
mod return_path;
mod role;
mod sign_in;
mod sign_in_error;
mod signed_in;
mod source;
mod strict;
mod token;
mod totp;
mod verifier;
mod wire;

pub use callback::{CALLBACK_BYTES_MAX, Callback};
pub use certificate::{NotVouched, Vouched, vouched};
pub use error::IdentityError;
pub use local::{LOCAL_ISSUER, LocalAccount, LocalError, PasswordHash, hash_password, verify_password};
pub use logout::LogoutOf;
pub use mapping::{Activity, Client, DEFAULT_MAPPING, Faults, Mapping};
pub use pending::{Entropy, PENDING_MINUTES_MAX, Pending};
pub use return_path::{RETURN_PATH_BYTES_MAX, ReturnPath, ReturnPathError};
pub use role::RoleChoice;
pub use sign_in::{Begun, SignIn, SignIns};
pub use sign_in_error::SignInError;
pub use signed_in::{ChoiceError, ROLES_MAX, SignedIn};
pub use source::KeySource;
pub use token::TOKEN_BYTES_MAX;
pub use totp::{TOTP_SECRET_BYTES, TotpSecret, TotpSecretError};
pub use verifier::{RequestIdentity, Verifier};

#[cfg(test)]
mod tests;
