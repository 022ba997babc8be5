//! The events of chapter 3 that a hospital's systems send, and what each does to what a gateway knows.

use std::fmt;

macro_rules! events {
    ($($name:ident $effect:ident $text:literal,)+) => {
        /// An event of ADT, by the code that MSH-9.2 or EVN-1 has.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Event {
            $(#[doc = $text] $name,)+
            /// Any other.
            Other(String),
        }

        impl Event {
            /// The event of a code, in any case.
            pub fn from_code(code: &str) -> Self {
                let code = code.trim().to_ascii_uppercase();
                match code.as_str() {
                    $(stringify!($name) => Self::$name,)+
                    _ => Self::Other(code.chars().filter(char::is_ascii_alphanumeric).take(8).collect()),
                }
            }

            /// Its code.
            pub fn code(&self) -> &str {
                match self {
                    $(Self::$name => stringify!($name),)+
                    Self::Other(code) => code,
                }
            }

            /// What it does.
            pub fn effect(&self) -> Effect {
                match self {
                    $(Self::$name => Effect::$effect,)+
                    Self::Other(_) => Effect::Nothing,
                }
            }
        }
    };
}

events! {
    A01 Admission "Admission.",
    A02 Transfer "Transfer to another ward.",
    A03 End "Discharge, or end of the attendance.",
    A04 Arrival "Registration: arrival at the department.",
    A05 Planned "Pre-admission.",
    A06 Admission "Outpatient becomes inpatient.",
    A07 Update "Inpatient becomes outpatient.",
    A08 Update "Update of a patient.",
    A09 Leaving "Departing, within an episode.",
    A10 Arriving "Arriving, within an episode.",
    A11 CancelVisit "Admission or registration cancelled.",
    A12 CancelTransfer "Transfer cancelled.",
    A13 Reopen "Discharge cancelled.",
    A14 Planned "Pending admission.",
    A15 Planned "Pending transfer.",
    A16 Planned "Pending discharge.",
    A18 Merge "Merge of patients, old form.",
    A21 Leave "Leave of absence begins.",
    A22 Leave "Leave of absence ends.",
    A23 CancelVisit "Visit deleted.",
    A24 Link "Persons linked.",
    A28 Person "New person.",
    A29 DeletePerson "Person deleted.",
    A31 Person "Update of a person.",
    A34 Merge "Merge of identifiers, old form.",
    A35 Review "Merge of account numbers.",
    A36 Review "Merge of identifier and account number.",
    A37 Unlink "Persons unlinked.",
    A38 Planned "Pre-admission cancelled.",
    A39 Merge "Merge of persons.",
    A40 Merge "Merge of patients.",
    A42 MoveVisit "Merge of visits.",
    A43 Review "Identifiers moved.",
    A44 Review "Account moved.",
    A45 MoveVisit "Visits moved.",
    A47 Correct "Identifier corrected.",
    A52 Leave "Leave of absence cancelled.",
    A53 Leave "Return from leave cancelled.",
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What an event does to visits and persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Somebody arrives: a visit begins.
    Arrival,
    /// Somebody is admitted: a visit begins, unscheduled or not.
    Admission,
    /// Another ward in the same visit.
    Transfer,
    /// Arrives somewhere within an episode.
    Arriving,
    /// Leaves for somewhere within an episode.
    Leaving,
    /// Planned care: never a reason to ask.
    Planned,
    /// The visit ends.
    End,
    /// The patient's details or the visit's change.
    Update,
    /// The visit never was: what was shown is withdrawn.
    CancelVisit,
    /// The transfer never was.
    CancelTransfer,
    /// The visit goes on after all.
    Reopen,
    /// Leave of absence and return: nothing for a gateway.
    Leave,
    /// A person, without a visit.
    Person,
    /// The person is gone from the sender: what was shown is withdrawn, the record stays.
    DeletePerson,
    /// Two identities are one: the survivor in PID, the other in MRG.
    Merge,
    /// A visit gets another number, or goes to another person.
    MoveVisit,
    /// A wrong identifier is replaced.
    Correct,
    /// Two persons belong together.
    Link,
    /// Or do not.
    Unlink,
    /// Somebody should look at it.
    Review,
    /// Not about arrivals.
    Nothing,
}

impl Effect {
    /// Whether a message of it may begin a visit that is asked about.
    pub fn may_begin(self) -> bool {
        matches!(self, Self::Arrival | Self::Admission | Self::Transfer | Self::Arriving | Self::Leaving)
    }
}
