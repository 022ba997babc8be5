//! E-mail over SMTP, by a relay that the operator names: letters that say that there are notices, with a link, and never of whom.
//!
//! [`Smtp`] makes one attempt for each letter. When to try again, and what was told when, is for the caller to keep
//! (`cpis_app::emails`).

mod judge;
mod letter;
mod settings;
mod smtp;

pub use settings::{Faults, Login, Security, Settings};
pub use smtp::Smtp;
