//! What a look is answered with, whatever format it travels in.

use crate::caller::Caller;
use crate::organisation::Contact;
use crate::plan::Plan;
use crate::upload::Person;
use crate::{Timestamp, Uuid};
use std::sync::Arc;

/// A plan as it is shown.
#[derive(Clone, Debug)]
pub struct ShownPlan {
    /// The plan.
    pub plan: Plan,
    /// It is over, and still shown.
    pub ended: bool,
    /// The person as this authority describes them.
    pub person: Person,
    /// The authority's name.
    pub authority_name: Arc<str>,
    /// Whom to call; `None` only where the authority's numbers cannot be read.
    pub contact: Option<Contact>,
}

/// An access as it is shown.
#[derive(Clone, Debug)]
pub struct ShownAccess {
    /// Stays the same over all answers.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who, and where.
    pub caller: Arc<Caller>,
}

/// The accesses, newest first, at most 25.
#[derive(Clone, Debug)]
pub struct AccessList {
    /// The accesses.
    pub accesses: Vec<ShownAccess>,
    /// Set where the list lags behind: it is complete up to this moment, and later accesses may be missing.
    pub complete_to: Option<Timestamp>,
}
