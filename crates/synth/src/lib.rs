//! A synthetic population: people and plans made up from public tables and a seed, the same for the same seed.
//!
//! Every number is of the range 999, which is never given to a patient, and no two people of a seed share one. A birth date
//! depends on the day that is taken for today. It leaves out attendances, addresses and how plans spread over authorities.

mod contact;
mod names;
mod number;
mod person;
mod plans;

pub use contact::authority_contact;
pub use number::{PEOPLE_MAX, number};
pub use person::{Population, SynthPerson, people, person, population};
pub use plans::{plan_source, plans_for, record};
