//! The three answers.

use cpis_format_hl7v3::soap::{FoundAccess, FoundPlan};
use cpis_model::Date;
use cpis_model::name::PersonName;
use cpis_model::organisation::Phone;
use cpis_model::plan::PlanKind;
use std::fmt;
use std::time::Duration;

pub use cpis_format_hl7v3::soap::FoundAccess as Access;

/// What a question was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A record is held.
    Record(Box<Record>),
    /// No record is held. It does not mean that the child is not at risk.
    NoRecord,
    /// Nothing is known about whether a record is held.
    CannotTell(Why),
}

/// A record: the plans of one child, or of the mother of an unborn child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose it is, as the first authority describes them; FHIR does not say.
    pub child: Option<Child>,
    /// The plans; there is one at least.
    pub plans: Vec<Plan>,
    /// How to reach the authorities, one each.
    pub contacts: Vec<AuthorityContact>,
    /// Who looked before, oldest first. FHIR tells of them in another answer.
    pub accesses: Vec<Access>,
}

/// A person as an authority describes them. `Debug` shows nothing of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Child {
    /// Name.
    pub name: PersonName,
    /// Date of birth, where it can be read.
    pub birth: Option<Date>,
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Child(…)")
    }
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its kind; `None` where the answer names one that is not known here.
    pub kind: Option<PlanKind>,
    /// Its first day, where it can be read.
    pub start: Option<Date>,
    /// Its last day, or the day on which an unborn child is due.
    pub end: Option<Date>,
    /// Whether it is over, and still shown.
    pub ended: bool,
    /// ODS code of the authority; empty where a FHIR answer gives its name alone.
    pub authority: String,
    /// The authority's name.
    pub authority_name: String,
}

/// How to reach an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityContact {
    /// ODS code of the authority; empty where a FHIR answer gives its name alone.
    pub authority: String,
    /// Its name.
    pub name: String,
    /// The emergency duty team.
    pub emergency: Option<Phone>,
    /// The office, in hours.
    pub office: Option<Phone>,
}

/// Why nothing can be told. The words hold nothing personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The service is away or busy: try again.
    Away {
        /// In a few words.
        what: String,
        /// The time after which to try again, where the service said so.
        retry_after: Option<Duration>,
    },
    /// The service does not take the question from this system: its certificate, its number, its token or its place is not
    /// right. Trying again changes nothing.
    Refused {
        /// The service's code, where it gave one.
        code: String,
        /// In the service's words.
        text: String,
    },
    /// The service found faults in the question itself. Trying again changes nothing.
    Invalid {
        /// In the service's words, each fault.
        faults: Vec<String>,
    },
    /// The date of birth in the answer, or held by the service, is another: it may be another child.
    DetailsDiffer,
    /// The answer cannot be read, or belongs to another question.
    Unreadable {
        /// In a few words.
        what: String,
    },
}

impl Why {
    pub(crate) fn away(what: impl Into<String>) -> Self {
        Self::Away { what: what.into(), retry_after: None }
    }

    pub(crate) fn unreadable(what: impl Into<String>) -> Self {
        Self::Unreadable { what: what.into() }
    }

    /// Whether the same question may be answered later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Away { .. })
    }

    /// A word for metrics and work lists.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Away { .. } => "away",
            Self::Refused { .. } => "refused",
            Self::Invalid { .. } => "invalid",
            Self::DetailsDiffer => "details-differ",
            Self::Unreadable { .. } => "unreadable",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away { what, .. } => f.write_str(what),
            Self::Refused { text, .. } => write!(f, "the service refused the question: {text}"),
            Self::Invalid { faults } => write!(f, "the service found faults in the question: {}", faults.join("; ")),
            Self::DetailsDiffer => f.write_str("the details do not match: the date of birth is another"),
            Self::Unreadable { what } => write!(f, "the answer cannot be read: {what}"),
        }
    }
}

impl Record {
    /// What SOAP found, on a day.
    pub(crate) fn of_soap(plans: &[FoundPlan], accesses: Vec<FoundAccess>, today: Date) -> Self {
        let child = plans.first().map(|plan| Child { name: plan.person.name.clone(), birth: plan.person.birth });
        let mut contacts: Vec<AuthorityContact> = Vec::new();
        for plan in plans {
            let contact = AuthorityContact {
                authority: plan.authority.clone(),
                name: plan.authority_name.clone(),
                emergency: plan.emergency.clone(),
                office: plan.office.clone(),
            };
            if !contacts.contains(&contact) {
                contacts.push(contact);
            }
        }
        let plans = plans.iter().map(|plan| Plan {
            kind: Some(plan.kind),
            start: plan.start,
            end: plan.end,
            ended: plan.end.is_some_and(|end| end < today),
            authority: plan.authority.clone(),
            authority_name: plan.authority_name.clone(),
        });
        Self { child, plans: plans.collect(), contacts, accesses }
    }
}
