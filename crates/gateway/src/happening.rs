//! What a message says that matters here, whatever its sender's way of saying it: the format and the feed's profile are left behind.

use crate::facts::{Local, Person, Place};
use jiff::Timestamp;

/// One message about a patient.
#[derive(Clone, Debug)]
pub struct Happening {
    /// Name of the feed that it came by.
    pub feed: String,
    /// The sender's control id.
    pub control_id: String,
    /// When it happened; when it was said, where that is not given.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
    /// Whether it is about unscheduled care of somebody who might have a plan: only then anything is kept of an unknown visit.
    pub eligible: bool,
    /// It announces an arrival to be checked.
    pub arrival: bool,
    /// The location is on no map: it is asked about, and somebody should add it.
    pub unknown_location: bool,
    /// The patient; none where the message names nobody.
    pub person: Option<Person>,
    /// The visit; none where the message names none.
    pub visit: Option<Said>,
}

/// What a message says of a visit.
#[derive(Clone, Debug)]
pub struct Said {
    /// ODS code of the site.
    pub site: String,
    /// Number, class, location.
    pub place: Place,
    /// When it started.
    pub started: Timestamp,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Somebody came, was moved, or something was corrected: facts.
    Facts,
    /// They left.
    End,
    /// They were never there: the visit was cancelled or deleted.
    Cancel,
    /// That they left was an error.
    Reopen,
    /// Another local identity was the same person, or was the wrong one: the message's person stands.
    Merge(Local),
    /// The visit had another number before.
    MoveVisit(Place),
    /// The person was deleted.
    Delete,
    /// Something that no rule here decides: somebody must look.
    Unclear,
}
