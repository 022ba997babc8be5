//! The doors that are asked, and what an answer is worth.

use super::schedule::Look;
use crate::client::{Away, Target, exchange};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};

/// A door of the service. What is told of one stands apart from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Door {
    /// FHIR: the record.
    CareTeam,
    /// FHIR: who looked before. Asked by whoever found a record.
    AuditEvent,
}

impl Door {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::CareTeam, Self::AuditEvent];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::CareTeam => "CareTeam",
            Self::AuditEvent => "AuditEvent",
        }
    }
}

/// What came of a question: one of the three answers, or a list of accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A record is held.
    Record,
    /// None is held.
    NoRecord,
    /// The accesses, perhaps none.
    Accesses,
    /// No answer, or a wrong one.
    Failed(Failure),
}

/// Kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The service said that it could not tell, or failed (5xx).
    CannotTell,
    /// It refused the question (4xx).
    Refused,
    /// Its answer could not be read.
    Unreadable,
    /// It did not answer in time.
    TimedOut,
    /// There was no connection.
    Unreachable,
    /// The connection ended before the answer did.
    Cut,
    /// It was not sent: too many were under way.
    NotSent,
    /// Wrong: no record, and the child has a plan.
    MissedRecord,
    /// Wrong: a record, and the child has no plan.
    FalseRecord,
    /// Wrong: a record of somebody else.
    OtherPerson,
}

impl Failure {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::CannotTell,
        Self::Refused,
        Self::Unreadable,
        Self::TimedOut,
        Self::Unreachable,
        Self::Cut,
        Self::NotSent,
        Self::MissedRecord,
        Self::FalseRecord,
        Self::OtherPerson,
    ];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::CannotTell => "the service could not tell",
            Self::Refused => "refused by the service",
            Self::Unreadable => "answer not readable",
            Self::TimedOut => "no answer in time",
            Self::Unreachable => "no connection",
            Self::Cut => "connection cut",
            Self::NotSent => "not sent: too many in flight",
            Self::MissedRecord => "wrong: no record, and there is a plan",
            Self::FalseRecord => "wrong: a record, and there is no plan",
            Self::OtherPerson => "wrong: a record of somebody else",
        }
    }

    /// Whether it misled somebody, which is worse than no answer.
    pub fn is_wrong(self) -> bool {
        matches!(self, Self::MissedRecord | Self::FalseRecord | Self::OtherPerson)
    }
}

/// Asks for one child.
pub async fn ask(target: &Target, door: Door, look: &Look) -> Outcome {
    let unscheduled = if look.scheduled { "false" } else { "true" };
    let request = target.search(door.name(), look.number.get()).header("IsUnscheduledAccessEvent", unscheduled);
    match exchange(request).await {
        Ok((status, body)) => judged(door, status, &body, look),
        Err(Away::TimedOut) => Outcome::Failed(Failure::TimedOut),
        Err(Away::Unreachable) => Outcome::Failed(Failure::Unreachable),
        Err(Away::Cut(_)) => Outcome::Failed(Failure::Cut),
        Err(Away::TooLong) => Outcome::Failed(Failure::Unreadable),
    }
}

#[derive(Deserialize)]
struct Bundle {
    #[serde(rename = "resourceType")]
    kind: String,
    total: u64,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    resource: Resource,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "resourceType")]
    kind: String,
    subject: Option<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    identifier: Identifier,
}

#[derive(Deserialize)]
struct Identifier {
    value: String,
}

fn judged(door: Door, status: StatusCode, body: &[u8], look: &Look) -> Outcome {
    if status.is_server_error() {
        return Outcome::Failed(Failure::CannotTell);
    }
    if status.is_client_error() {
        return Outcome::Failed(Failure::Refused);
    }
    let bundle = serde_json::from_slice::<Bundle>(body).ok().filter(|bundle| bundle.kind == "Bundle");
    let (StatusCode::OK, Some(bundle)) = (status, bundle) else { return Outcome::Failed(Failure::Unreadable) };
    let own = || bundle.entry.iter().map(|entry| &entry.resource).filter(|resource| resource.kind == door.name());
    if own().count() as u64 != bundle.total {
        return Outcome::Failed(Failure::Unreadable);
    }
    match (door, bundle.total, look.has_plan) {
        (Door::AuditEvent, ..) => Outcome::Accesses,
        (Door::CareTeam, 0, Some(true)) => Outcome::Failed(Failure::MissedRecord),
        (Door::CareTeam, 0, _) => Outcome::NoRecord,
        (Door::CareTeam, _, has_plan) => {
            let number = look.number.get();
            let theirs = |team: &Resource| {
                team.subject.as_ref().is_some_and(|subject| subject.identifier.value == number.digits())
            };
            if !own().all(theirs) {
                Outcome::Failed(Failure::OtherPerson)
            } else if has_plan == Some(false) {
                Outcome::Failed(Failure::FalseRecord)
            } else {
                Outcome::Record
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_answers_and_every_failure_are_told_apart() {
        let team = r#"{"resource": {"resourceType": "CareTeam", "subject": {"identifier": {"value": "9990000018"}}}}"#;
        let event =
            r#"{"resource": {"resourceType": "AuditEvent"}}, {"resource": {"resourceType": "PractitionerRole"}}"#;
        let bundle = |total: u64, entry: &str| {
            format!(r#"{{"resourceType": "Bundle", "type": "searchset", "total": {total}, "entry": [{entry}]}}"#)
        };
        let none = r#"{"resourceType": "Bundle", "total": 0}"#.to_owned();
        let other = team.replace("0018", "0026");
        let failed = Outcome::Failed;
        for (door, status, body, has_plan, expected) in [
            (Door::CareTeam, 200, bundle(1, team), None, Outcome::Record),
            (Door::CareTeam, 200, bundle(1, team), Some(true), Outcome::Record),
            (Door::CareTeam, 200, bundle(1, team), Some(false), failed(Failure::FalseRecord)),
            (Door::CareTeam, 200, bundle(1, &other), Some(true), failed(Failure::OtherPerson)),
            (Door::CareTeam, 200, bundle(2, team), None, failed(Failure::Unreadable)),
            (Door::CareTeam, 200, none.clone(), None, Outcome::NoRecord),
            (Door::CareTeam, 200, none.clone(), Some(false), Outcome::NoRecord),
            (Door::CareTeam, 200, none.clone(), Some(true), failed(Failure::MissedRecord)),
            (Door::CareTeam, 200, "hello".to_owned(), None, failed(Failure::Unreadable)),
            (Door::CareTeam, 204, none.clone(), None, failed(Failure::Unreadable)),
            (Door::CareTeam, 401, none.clone(), None, failed(Failure::Refused)),
            (Door::CareTeam, 503, none.clone(), None, failed(Failure::CannotTell)),
            (Door::CareTeam, 302, none.clone(), None, failed(Failure::Unreadable)),
            (Door::AuditEvent, 200, bundle(1, event), Some(true), Outcome::Accesses),
            (Door::AuditEvent, 200, bundle(3, event), None, failed(Failure::Unreadable)),
            (Door::AuditEvent, 200, none, None, Outcome::Accesses),
        ] {
            let look = Look { has_plan, ..Look::of_test("9990000018") };
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(judged(door, status, body.as_bytes(), &look), expected, "{door:?} {status} {body} {has_plan:?}");
        }
    }

    #[test]
    fn numbers_of_doors_and_failures_are_their_places() {
        assert!(Door::ALL.iter().enumerate().all(|(place, door)| *door as usize == place));
        assert!(Failure::ALL.iter().enumerate().all(|(place, failure)| *failure as usize == place));
    }
}
