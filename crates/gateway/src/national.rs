//! The national service, as far as the gateway needs one: a question, and an answer of which none can be taken for another.

use async_trait::async_trait;
use cpis_model::Date;
use cpis_model::nhs_number::NhsNumber;
use std::time::Duration;
use uuid::Uuid;

/// A question.
#[derive(Clone)]
pub struct Ask {
    /// The event id: the same for the same visit and number.
    pub event: Uuid,
    /// The number.
    pub number: NhsNumber,
    /// The date of birth with which the answer's must agree.
    pub birth: Option<Date>,
    /// ODS code of the site at which the patient is.
    pub site: String,
    /// No authority is told: whether a flag still stands is looked at again, or the visit was loaded from a file.
    pub silent: bool,
}

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ask({})", self.event)
    }
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// There is a record.
    Record,
    /// There is none.
    NoRecord,
    /// There is one, of somebody with another date of birth.
    Mismatch,
    /// It does not answer now: ask again, not before this time has passed if one is given.
    Away(Option<Duration>),
    /// It does not take this question from us: the configuration of the site is wrong, or we were shut out.
    Refused,
    /// It finds a fault in the question itself: asking again changes nothing.
    Invalid,
    /// What it answered cannot be understood.
    Unreadable,
}

/// Whoever is asked.
#[async_trait]
pub trait National: Send + Sync {
    /// Asks once.
    async fn ask(&self, ask: &Ask) -> Told;
}
