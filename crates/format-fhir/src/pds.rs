//! What the Personal Demographics Service (PDS FHIR API) answers to a read and to a search: JSON bytes become people, or a
//! word that says what was not understood. Elements that nobody asks for are passed over. Nothing here repeats what stood
//! in an answer.
//!
//! Source: spec/fhir.md section 5.

mod wire;

use cpis_model::Date;
use cpis_model::demographics::{Demographics, Sex, Trace};
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use wire::{Extension, HumanName, Resource, Security};

/// The answer is not what the interface says; the word says where. Never to be read as "nobody".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer cannot be understood: {0}")]
pub struct NotUnderstood(pub &'static str);

/// A person as an answer draws them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patient {
    /// The number under which the answer knows them. It may be another one than was asked for.
    pub number: NhsNumber,
    /// The record is restricted, or says anything else than that it is not.
    pub restricted: bool,
    /// A death is recorded, formally or informally.
    pub deceased: bool,
    /// The usual name.
    pub name: Option<PersonName>,
    /// The date of birth, where it is a whole date.
    pub birth: Option<Date>,
    /// Sex, where it is known.
    pub sex: Option<Sex>,
}

impl Patient {
    /// The person with all that verifying needs; `None` where something of it is missing.
    pub fn person(self) -> Option<Demographics> {
        let Self { restricted, deceased, sex, name, birth, .. } = self;
        Some(Demographics { name: name?, birth: birth?, restricted, deceased, sex })
    }

    /// What the answer says of the number that was asked for.
    pub fn trace(self, asked: NhsNumber) -> Trace {
        let (number, restricted) = (self.number, self.restricted);
        if number != asked {
            return Trace::Superseded(number);
        }
        self.person().map_or(Trace::Incomplete { restricted }, Trace::Found)
    }
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// These people, best match first; nobody, where it is empty.
    Patients(Vec<Patient>),
    /// More than the service shows.
    TooMany,
}

/// What an `OperationOutcome` says, as far as it makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody has this number.
    NotFound,
    /// The number was withdrawn, and none took its place.
    Invalidated,
    /// The service takes no such number.
    InvalidNumber,
    /// Too many people match.
    TooMany,
    /// Anything else.
    Other,
}

/// Reads the answer to a read.
pub fn patient(body: &[u8]) -> Result<Patient, NotUnderstood> {
    match wire::read(body)? {
        Resource::Patient(patient) => patient_of(*patient),
        _ => Err(NotUnderstood("no-patient")),
    }
}

/// Reads the answer to a search.
pub fn search(body: &[u8]) -> Result<Found, NotUnderstood> {
    match wire::read(body)? {
        Resource::Bundle { kind, total, entry } => {
            if kind.as_deref() != Some("searchset") {
                return Err(NotUnderstood("bundle-type"));
            }
            // An answer that counts people and shows none is cut short; it does not say "nobody".
            if total.unwrap_or(0) > entry.len() as u64 {
                return Err(NotUnderstood("bundle-total"));
            }
            let patients = entry.into_iter().map(|entry| match entry.resource {
                Some(Resource::Patient(patient)) => patient_of(*patient),
                _ => Err(NotUnderstood("bundle-entry")),
            });
            Ok(Found::Patients(patients.collect::<Result<_, _>>()?))
        }
        Resource::OperationOutcome { issue } if outcome_of(&issue) == Outcome::TooMany => Ok(Found::TooMany),
        _ => Err(NotUnderstood("no-search-set")),
    }
}

/// What a refusal says; `None` where the body is no `OperationOutcome`, as when something else than the service answers.
pub fn outcome(body: &[u8]) -> Option<Outcome> {
    match wire::read(body) {
        Ok(Resource::OperationOutcome { issue }) => Some(outcome_of(&issue)),
        _ => None,
    }
}

fn outcome_of(issues: &[wire::Issue]) -> Outcome {
    let codes = issues.iter().filter_map(|issue| issue.details.as_ref()).flat_map(|details| &details.coding);
    let mut known = codes.filter_map(|coding| match coding.code.as_deref()? {
        "RESOURCE_NOT_FOUND" => Some(Outcome::NotFound),
        "INVALIDATED_RESOURCE" => Some(Outcome::Invalidated),
        "INVALID_RESOURCE_ID" => Some(Outcome::InvalidNumber),
        "TOO_MANY_MATCHES" => Some(Outcome::TooMany),
        _ => None,
    });
    known.next().unwrap_or(Outcome::Other)
}

fn patient_of(wire: wire::Patient) -> Result<Patient, NotUnderstood> {
    let number = wire.id.as_deref().and_then(|id| id.parse().ok()).ok_or(NotUnderstood("id"))?;
    Ok(Patient {
        number,
        restricted: restricted(wire.meta.map(|meta| meta.security).unwrap_or_default().as_slice())?,
        deceased: wire.deceased_date_time.is_some_and(|at| !at.is_empty())
            || wire.deceased_boolean == Some(true)
            || wire.extension.iter().any(is_death),
        name: usual_name(wire.name),
        birth: birth(wire.birth_date.as_deref())?,
        sex: wire.gender.as_deref().and_then(sex),
    })
}

/// U is not restricted; R and V are, and so is whatever a later edition of the interface adds. Without a code we cannot tell.
fn restricted(security: &[Security]) -> Result<bool, NotUnderstood> {
    let codes: Vec<&str> = security.iter().filter_map(|security| security.code.as_deref()).collect();
    if codes.is_empty() {
        return Err(NotUnderstood("security"));
    }
    Ok(codes.iter().any(|code| *code != "U"))
}

/// Informal (1) or formal (2) notice of a death; U takes one back.
fn is_death(extension: &Extension) -> bool {
    let is_notice = |part: &Extension| {
        let codes = part.value_codeable_concept.iter().flat_map(|concept| &concept.coding);
        part.url.as_deref() == Some("deathNotificationStatus")
            && codes.filter_map(|coding| coding.code.as_deref()).any(|code| matches!(code, "1" | "2"))
    };
    let url = extension.url.as_deref().unwrap_or_default();
    url.ends_with("Extension-UKCore-DeathNotificationStatus") && extension.parts.iter().any(is_notice)
}

fn usual_name(names: Vec<HumanName>) -> Option<PersonName> {
    let usual = names.into_iter().find(|name| name.usage.as_deref() == Some("usual"))?;
    let given: Vec<String> = usual.given.into_iter().flatten().collect();
    let name = PersonName::new(&given.join(" "), usual.family.as_deref().unwrap_or_default());
    (!name.family.is_empty() || !name.given.is_empty()).then_some(name)
}

/// A FHIR date may be a year or a month only (R4, datatypes.html): known, but not whole.
fn birth(text: Option<&str>) -> Result<Option<Date>, NotUnderstood> {
    let Some(text) = text else { return Ok(None) };
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    match shape.as_str() {
        "0000-00-00" => text.parse().map(Some).map_err(|_| NotUnderstood("birth-date")),
        "0000" | "0000-00" => Ok(None),
        _ => Err(NotUnderstood("birth-date")),
    }
}

fn sex(gender: &str) -> Option<Sex> {
    match gender {
        "female" => Some(Sex::Female),
        "male" => Some(Sex::Male),
        "other" => Some(Sex::Indeterminate),
        _ => None,
    }
}

/// The word of a sex in a search; what is searched for by it.
pub fn gender(sex: Sex) -> &'static str {
    match sex {
        Sex::Female => "female",
        Sex::Male => "male",
        Sex::Indeterminate => "other",
    }
}

#[cfg(test)]
mod tests;
