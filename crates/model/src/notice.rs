//! Notices: messages owed to an authority because a child with a plan of its came to unscheduled care.

use crate::caller::Who;
use crate::nhs_number::NhsNumber;
use crate::organisation::{AuthorityCode, Organisation, Site};
use crate::{Timestamp, Uuid};

/// A notice as its authority reads it. It says that a record was opened, not that the child was there, nor why.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Stable id: the same however often the notice is read or sent.
    pub id: Uuid,
    /// Place in the authority's list; the cursor of paging.
    pub number: u64,
    /// Who is told.
    pub authority: AuthorityCode,
    /// The person: the child, or the mother of an unborn child.
    pub number_of_person: NhsNumber,
    /// The authority's own id for the person, where it sent one.
    pub local_id: Option<String>,
    /// When the record was opened.
    pub at: Timestamp,
    /// Who opened it.
    pub who: Who,
    /// Their organisation.
    pub organisation: Organisation,
    /// Their site and setting.
    pub site: Option<Site>,
    /// When the authority acknowledged it.
    pub acknowledged: Option<Timestamp>,
}
