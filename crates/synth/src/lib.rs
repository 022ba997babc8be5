//! A synthetic population: people and plans made up from public tables and a seed, the same for the same seed.
//!
//! Every number is of the range 999, which is never given to a patient, and no two people of a seed share one. A birth date
//! depends on the day that is taken for today. There are two ways to it: [`people`] hands out children and plans without a place
//! in the country, for small worlds; [`England`] has authorities, siblings, a demographics register and attendances, and agrees
//! with what is published.
//!
//! Reading order: [`England`], `stories` (who stands where), `cases` (one person), `demographics`, `arrivals`, `changes`.

mod arrivals;
mod cases;
mod catchments;
mod changes;
mod charts;
mod children;
mod contact;
mod demographics;
mod england;
mod households;
mod names;
mod number;
mod others;
mod person;
mod plans;
mod published;
mod report;
mod spelling;
mod statistics;
mod stories;

pub use arrivals::{Arrival, Way};
pub use cases::Case;
pub use changes::DAYS_MAX;
pub use children::Child;
pub use contact::authority_contact;
pub use demographics::{Rates, RegisterRow, State};
pub use england::{England, SPECIAL_MAX, SpecialPerson, SynthPlan};
pub use number::{PEOPLE_MAX, number};
pub use person::{Population, SynthPerson, people, person, population};
pub use plans::{plan_source, plans_for, record};
pub use published::{AuthorityFigures, authorities};
pub use statistics::{Basis, Comparison, Line};
pub use stories::{PLANS_MAX, PLANS_MIN, PLANS_OF_ENGLAND, Scale, Story};
