//! Demographics from the Personal Demographics Service (PDS FHIR API), as a client that no person stands behind
//! (application-restricted access with signed JWT).
//!
//! [`Pds`] is one more implementation of the port `cpis_app::demographics::Demographics`. Its failures have the shape of
//! what the caller does next ([`PdsError`]); time and randomness are arguments. No number, name or token stands in a log
//! line, a metric or an error; the address of a request, which the interface makes of them, is never written anywhere.
//!
//! Reading order: [`Pds`] (`pds.rs`), `ask.rs` (one question with all its tries), `judge.rs`, then what they stand on:
//! `token.rs`, `pace.rs`, `breaker.rs`, `http.rs`.

mod ask;
mod backoff;
mod breaker;
mod http;
mod judge;
mod pace;
mod pds;
mod settings;
mod time;
mod token;

pub use http::is_safe;
pub use judge::PdsError;
pub use pds::{Pds, Read};
pub use settings::{Faults, Settings};
pub use time::{MachineTime, Time};
