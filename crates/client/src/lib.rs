//! Asks whether a child protection record is held: over SOAP as hospitals' systems do, or over FHIR as a person.
//!
//! There are three answers and no fourth: [`Answer::Record`], [`Answer::NoRecord`], and [`Answer::CannotTell`] for everything
//! that is neither, with its reason. A client of ours never turns a failure into "no record".
//!
//! Both clients have limits of time and length, follow no redirect, and ask again by themselves while the service is away or
//! busy: the same event asked for twice is one look. What they log and what their errors say holds no personal data.
//!
//! Reading order: [`Question`], [`Answer`], [`SoapClient`], [`FhirClient`].

mod answer;
mod error;
mod fhir;
mod fhir_answer;
mod http;
mod question;
mod retry;
mod soap;

pub use answer::{Access, Answer, AuthorityContact, Child, Plan, Record, Why};
pub use error::SettingsError;
pub use fhir::{FhirClient, FhirQuestion, FhirSettings};
pub use http::Now;
pub use question::{Author, Place, Question};
pub use retry::Tries;
pub use soap::{SoapClient, SoapSettings};

pub use cpis_model::caller::{Declared, ResponsiblePerson, Staff};
