//! The parameters of a search, from a query string or a form body, as a typed query.
//!
//! Accepts every spelling that the guides print and known clients send (spec/fhir.md 1.3). What the client sent never
//! gets into an error.

use crate::outcome::Issue;
use crate::systems;
use cpis_model::Date;
use cpis_model::access::ACCESSES_SHOWN_MAX;
use cpis_model::nhs_number::{NhsNumber, NhsNumberError};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::fmt;

/// Longest query string or form body in bytes.
pub const QUERY_BYTES_MAX: usize = 4096;
/// Most parameters in one query.
pub const PARAMETERS_MAX: usize = 32;

/// What is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// The plans.
    CareTeam,
    /// The accesses.
    AuditEvent,
}

impl Resource {
    /// The name of the resource, as paths have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CareTeam => "CareTeam",
            Self::AuditEvent => "AuditEvent",
        }
    }
}

/// A search. `Debug` shows neither number nor date of birth.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Whose records are meant.
    pub number: NhsNumber,
    /// The date of birth to be compared with the stored one (parameter `birthdate`, ours).
    pub birth: Option<Date>,
    /// How many accesses to send at most; `None` for all. A count over [`ACCESSES_SHOWN_MAX`] asks for all. Plans are
    /// never cut short.
    pub count: Option<u32>,
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Query {{ birth given: {}, count: {:?} }}", self.birth.is_some(), self.count)
    }
}

/// What is wrong with the parameters. `Display` is the text for the client; each becomes an [`Issue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Issue::from(*self).row().diagnostics)]
pub enum QueryError {
    /// Over [`QUERY_BYTES_MAX`].
    TooLong,
    /// Over [`PARAMETERS_MAX`].
    TooMany,
    /// Decodes to something other than UTF-8.
    NotUtf8,
    /// No patient, or an empty one.
    MissingPatient,
    /// Not an NHS number.
    InvalidNumber,
    /// A pre-1996 number.
    OldStyleNumber,
    /// An identifier of another kind.
    UnknownSystem,
    /// A reference such as `Patient/1`.
    Reference,
    /// `patient:` with anything but `identifier`. Ignoring a modifier would change the question (R4, search.html).
    Modifier,
    /// Two patients who differ.
    SeveralPatients,
    /// Not `YYYY-MM-DD`, or two that differ.
    BirthDate,
    /// Not a whole number, or two that differ.
    Count,
    /// Something other than JSON is asked for.
    Format,
    /// A parameter that is not known, where the client wants to hear of it.
    UnknownParameter,
}

impl From<QueryError> for Issue {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::MissingPatient => Self::MissingPatient,
            QueryError::InvalidNumber => Self::InvalidNumber,
            QueryError::OldStyleNumber => Self::OldStyleNumber,
            QueryError::Format => Self::NotAcceptable,
            QueryError::TooLong => Self::InvalidSearch("The search is too long"),
            QueryError::TooMany => Self::InvalidSearch("The search has too many parameters"),
            QueryError::NotUtf8 => Self::InvalidSearch("The parameters are not UTF-8"),
            QueryError::UnknownSystem => Self::InvalidSearch("The identifier's system must be that of the NHS number"),
            QueryError::Reference => Self::InvalidSearch("Name the patient by NHS number, not by reference"),
            QueryError::Modifier => Self::InvalidSearch("The only modifier of 'patient' is 'identifier'"),
            QueryError::SeveralPatients => Self::InvalidSearch("A search must name one patient"),
            QueryError::BirthDate => Self::InvalidSearch("'birthdate' must be one date, YYYY-MM-DD"),
            QueryError::Count => Self::InvalidSearch("'_count' must be one whole number"),
            QueryError::UnknownParameter => Self::InvalidSearch("Unknown parameter, and handling=strict was asked for"),
        }
    }
}

/// Reads the raw query string of a GET or the form body of a POST `_search`. With `strict` (`Prefer: handling=strict`) a
/// parameter that is not known is an error; otherwise it is passed over.
///
/// ```
/// use cpis_format_fhir::query::{QueryError, Resource, parse_query};
/// let query = parse_query(Resource::CareTeam, "patient%3Aidentifier=999%20000%200018", false)?;
/// assert_eq!(query.number.digits(), "9990000018");
/// assert_eq!(parse_query(Resource::CareTeam, "_format=json", false), Err(QueryError::MissingPatient));
/// # Ok::<(), QueryError>(())
/// ```
pub fn parse_query(resource: Resource, pairs_raw: &str, strict: bool) -> Result<Query, QueryError> {
    if pairs_raw.len() > QUERY_BYTES_MAX {
        return Err(QueryError::TooLong);
    }
    let mut number = None;
    let mut birth = None;
    let mut count = None;
    for (index, pair) in pairs_raw.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if index == PARAMETERS_MAX {
            return Err(QueryError::TooMany);
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        let (name, value) = (without_stray(&name), without_stray(&value));
        match name {
            "patient:identifier" | "patient" => {
                for patient in value.split(',') {
                    once(&mut number, parse_patient(patient)?, QueryError::SeveralPatients)?;
                }
            }
            "birthdate" => once(&mut birth, parse_birth(value)?, QueryError::BirthDate)?,
            "_count" => once(&mut count, parse_count(value)?, QueryError::Count)?,
            "_format" if is_json(value) => {}
            "_format" => return Err(QueryError::Format),
            "_include" if resource == Resource::AuditEvent && INCLUDES.contains(&value) => {}
            "_pretty" | "" => {}
            _ if name.starts_with("patient:") => return Err(QueryError::Modifier),
            _ if strict => return Err(QueryError::UnknownParameter),
            _ => {}
        }
    }
    let number = number.ok_or(QueryError::MissingPatient)?;
    let count = count.filter(|&count| count as usize <= ACCESSES_SHOWN_MAX);
    Ok(Query { number, birth, count })
}

/// The roles are sent whether they are asked for or not. The last spelling is what the guide prints.
const INCLUDES: [&str; 3] = [
    "AuditEvent:agent",
    "AuditEvent:agent:PractitionerRole",
    "AuditEvent:entity-type=http://terminology.hl7.org/CodeSystem/v3-RoleClass|ASSIGNED",
];

fn decoded(text: &str) -> Result<Cow<'_, str>, QueryError> {
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().map_err(|_| QueryError::NotUtf8);
    }
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Ok(Cow::Owned(decoded.into_owned())),
        Err(_) => Err(QueryError::NotUtf8),
    }
}

/// Without space around it and without the stray `;` that the guide has at the end of a query.
fn without_stray(text: &str) -> &str {
    text.trim().trim_end_matches(|c: char| c == ';' || c.is_whitespace())
}

fn once<T: PartialEq>(slot: &mut Option<T>, value: T, error: QueryError) -> Result<(), QueryError> {
    match slot {
        Some(earlier) if *earlier != value => Err(error),
        _ => {
            *slot = Some(value);
            Ok(())
        }
    }
}

/// `system|number` or the number alone.
fn parse_patient(value: &str) -> Result<NhsNumber, QueryError> {
    let number = match value.split_once('|') {
        Some((system, number)) if is_nhs_number_system(system.trim()) => number,
        Some(_) => return Err(QueryError::UnknownSystem),
        None => value,
    };
    number.parse().map_err(|error| match error {
        NhsNumberError::Empty => QueryError::MissingPatient,
        NhsNumberError::OldStyle => QueryError::OldStyleNumber,
        _ if number.contains('/') => QueryError::Reference,
        NhsNumberError::NotDigits | NhsNumberError::Length | NhsNumberError::CheckDigit | NhsNumberError::AllSame => {
            QueryError::InvalidNumber
        }
    })
}

/// In any case, `http` or `https`, or empty.
fn is_nhs_number_system(system: &str) -> bool {
    let published = systems::NHS_NUMBER;
    system.is_empty()
        || system.eq_ignore_ascii_case(published)
        || system.eq_ignore_ascii_case(&published.replacen("https", "http", 1))
}

/// `YYYY-MM-DD`, with the prefix `eq` or without.
fn parse_birth(value: &str) -> Result<Date, QueryError> {
    let text = value.strip_prefix("eq").unwrap_or(value);
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if shaped { text.parse().map_err(|_| QueryError::BirthDate) } else { Err(QueryError::BirthDate) }
}

/// Digits; more than fit ask for all.
fn parse_count(value: &str) -> Result<u32, QueryError> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(QueryError::Count);
    }
    Ok(value.parse().unwrap_or(u32::MAX))
}

/// The `+` of a media type that was not encoded has become a space.
fn is_json(format: &str) -> bool {
    let media = format.split(';').next().unwrap_or_default().trim().replace(' ', "+").to_ascii_lowercase();
    matches!(media.as_str(), "json" | "application/json" | "application/fhir+json" | "text/json")
}

#[cfg(test)]
mod tests;
