//! Who is asking, and what they may do: the whole policy in one table.

use crate::Uuid;
use crate::organisation::{AuthorityCode, OdsCode, Organisation, Site};
use std::fmt;
use std::sync::Arc;

/// A verified caller. Made by `identity` from a token, certificate or sign-in; nothing else makes one up.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The person or system.
    pub who: Who,
    /// The organisation that they act for.
    pub organisation: Organisation,
    /// The registered site where they act; `None` where the register holds no site for the organisation.
    pub site: Option<Site>,
    /// What their activities give them.
    pub rights: Rights,
}

/// A person or a system.
#[derive(Clone, PartialEq, Eq)]
pub enum Who {
    /// A member of staff who is present.
    Person(Staff),
    /// A system without a person at it, that showed a token or is known from inside.
    System {
        /// The client's id at the issuer.
        client: Arc<str>,
    },
    /// A system without a person at it, that asks by the national query about a visit.
    Device(Device),
}

/// A system that asks about a visit. It showed the certificate which the register binds to its number.
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    /// Its number on the Spine, the ASID.
    pub asid: Arc<str>,
    /// The id that it gave the event.
    pub event: Uuid,
    /// Whether the register says that it sends one id for a whole visit: then another id is another visit.
    pub one_id_a_visit: bool,
    /// Who answers for what it asks, as it says.
    pub responsible: Vec<ResponsiblePerson>,
    /// What it calls the place, where that is not the registered name: services such as 111 say there where the patient is.
    pub place_name: Option<Arc<str>>,
}

/// Who answers for a look of a system. `Debug` shows no name.
#[derive(Clone, PartialEq, Eq)]
pub struct ResponsiblePerson {
    /// Job role code, such as `R0050`.
    pub role_code: Arc<str>,
    /// Job role name.
    pub role_name: Arc<str>,
    /// Title, given names and family name for display.
    pub name: Arc<str>,
}

/// A member of staff. `Debug` shows no name.
#[derive(Clone, PartialEq, Eq)]
pub struct Staff {
    /// SDS user id, or the issuer's subject.
    pub user_id: Arc<str>,
    /// SDS role profile id, where known.
    pub role_profile_id: Option<Arc<str>>,
    /// Job role code, such as `R8001`.
    pub role_code: Arc<str>,
    /// Job role name.
    pub role_name: Arc<str>,
    /// Title, given names and family name for display.
    pub name: Arc<str>,
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(staff) => write!(f, "Person(role {})", staff.role_code),
            Self::System { client } => write!(f, "System({client})"),
            Self::Device(device) => device.fmt(f),
        }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({})", self.asid)
    }
}

impl fmt::Debug for ResponsiblePerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponsiblePerson(role {})", self.role_code)
    }
}

impl fmt::Debug for Staff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Staff(role {})", self.role_code)
    }
}

/// What activities give a caller. Several may be held at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each activity is held or not, whatever the others are")]
pub struct Rights {
    /// B0107, view the flag and notify the authority.
    pub view: bool,
    /// B0170, view the flag without a notification.
    pub view_silently: bool,
    /// Acts for an authority's children's services: uploads, notices, own children's accesses.
    pub authority: Option<AuthorityCode>,
    /// Privacy officer of the organisation.
    pub privacy: bool,
    /// Edits the register of organisations.
    pub operator: bool,
}

impl Caller {
    /// The code that stands for the place in answers: the site's, or the organisation's.
    pub fn place(&self) -> OdsCode {
        self.site.as_ref().map_or(self.organisation.code, |site| site.code)
    }
}

/// What the request says about the care (FHIR header `IsUnscheduledAccessEvent`, HL7v3 `accessEventType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// Nothing.
    Nothing,
    /// Unscheduled care.
    Unscheduled,
    /// Scheduled care.
    Scheduled,
}

/// What a caller wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read a child's flags or accesses as a clinician.
    View(Declared),
    /// Read the accesses to a child as the authority that holds a plan.
    ReadOwnChild,
    /// Send an upload, release a gap, or ask about uploads.
    Upload,
    /// Read or acknowledge notices.
    Notices,
    /// Tell an authority something about a child whose flag was seen.
    Report,
    /// Edit the register of organisations, or read its history.
    EditRegister,
}

/// Whose records are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Any child: every clinician with the right may ask for every child. Also where no child is meant.
    AnyChild,
    /// Records of one authority.
    Of(AuthorityCode),
}

/// Whether an allowed look is listed and the authority is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Unscheduled care: an access, and a notice to each authority with a visible plan.
    Notifying,
    /// Scheduled care: audited only.
    Silent,
}

/// What the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes; a look has this mode.
    Allowed(Mode),
    /// No.
    Refused(Refusal),
}

/// Why a known caller is refused. The caller is told no more than that access is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// A system asks where a person must be present.
    PersonNeeded,
    /// No activity that allows it.
    NoActivity,
    /// Another authority's records, or a child without a plan of this authority.
    NotOwn,
}

impl Refusal {
    /// A word for logs, metrics and the journal.
    pub fn code(self) -> &'static str {
        match self {
            Self::PersonNeeded => "person-needed",
            Self::NoActivity => "no-activity",
            Self::NotOwn => "not-own",
        }
    }
}

/// The whole policy. Every door asks here and nowhere else.
///
/// | action | needs | mode |
/// |---|---|---|
/// | view | a person with B0107 or a device, care declared unscheduled | notifying |
/// | view | a person with B0107 or a device, nothing declared | as the site's setting says; notifying when no setting is known |
/// | view | a person with B0107 or a device, care declared scheduled | silent |
/// | view | a person with B0170 only | silent, whatever is declared |
/// | report | a person with B0107 or B0170 | silent |
/// | edit register | an operator of the installation | silent |
/// | read own child, upload, notices | acts for that very authority | silent |
///
/// Sources: spec/fhir.md 1.4, 4.4; spec/decisions.md 5, 6; what a request says may narrow, never widen.
pub fn may(caller: &Caller, action: Action, subject: Subject) -> Decision {
    match action {
        Action::View(declared) => {
            if matches!(caller.who, Who::System { .. }) {
                return Decision::Refused(Refusal::PersonNeeded);
            }
            let setting_notifies = caller.site.as_ref().is_none_or(|site| site.setting.notifies());
            match (caller.rights.view, caller.rights.view_silently, declared) {
                (false, false, _) => Decision::Refused(Refusal::NoActivity),
                (true, _, Declared::Unscheduled) => Decision::Allowed(Mode::Notifying),
                (true, _, Declared::Nothing) if setting_notifies => Decision::Allowed(Mode::Notifying),
                _ => Decision::Allowed(Mode::Silent),
            }
        }
        Action::Report => match (&caller.who, caller.rights.view || caller.rights.view_silently) {
            (Who::System { .. } | Who::Device(_), _) => Decision::Refused(Refusal::PersonNeeded),
            (Who::Person(_), true) => Decision::Allowed(Mode::Silent),
            (Who::Person(_), false) => Decision::Refused(Refusal::NoActivity),
        },
        Action::EditRegister if caller.rights.operator => Decision::Allowed(Mode::Silent),
        Action::EditRegister => Decision::Refused(Refusal::NoActivity),
        Action::ReadOwnChild | Action::Upload | Action::Notices => match (caller.rights.authority, subject) {
            (Some(own), Subject::Of(asked)) if own == asked => Decision::Allowed(Mode::Silent),
            (Some(_), _) => Decision::Refused(Refusal::NotOwn),
            (None, _) => Decision::Refused(Refusal::NoActivity),
        },
    }
}

#[cfg(test)]
mod tests;
