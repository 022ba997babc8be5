//! What is wrong with what was sent: all of it, each with its place, and the `OperationOutcome` that says so. Texts are
//! ours and places are made of names that we know, so that nothing that was sent comes back.

use crate::json::Json;
use crate::systems;
use std::fmt;

/// Most faults that are told. More are the same again.
const FAULTS_MAX: usize = 50;

/// What kind of fault it is, by what the sender has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Not JSON, or a value of another kind than FHIR has there.
    Structure,
    /// Something is missing.
    Required,
    /// A value that cannot be.
    Value,
    /// A value that FHIR has and this service does not.
    NotSupported,
    /// Longer than is taken.
    TooLong,
}

impl FaultKind {
    /// `issue.code`, and code and display of `issue.details.coding` (spec/fhir.md 1.9).
    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Structure => ("structure", "VALIDATION_ERROR", "Validation error"),
            Self::Required => ("required", "MISSING_VALUE", "Required value is missing"),
            Self::Value => ("value", "INVALID_VALUE", "Provided value is invalid"),
            Self::NotSupported => ("not-supported", "UNSUPPORTED_VALUE", "Unsupported value"),
            Self::TooLong => ("too-long", "VALIDATION_ERROR", "Validation error"),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its kind.
    pub kind: FaultKind,
    /// Where: a `FHIRPath` such as `Subscription.channel.header[1]`, or `http.` and the name of a parameter.
    pub place: String,
    /// What, in one sentence.
    pub what: &'static str,
}

/// Everything that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// One after another, in the order in which they were found.
    pub fn list(&self) -> &[Fault] {
        &self.0
    }

    /// HTTP status: 413 for a body that is too long, 400 otherwise.
    pub fn status(&self) -> u16 {
        if self.0.iter().any(|fault| fault.kind == FaultKind::TooLong) { 413 } else { 400 }
    }

    /// The `OperationOutcome` as JSON: an issue for each fault.
    pub fn body(&self) -> Vec<u8> {
        Json::document(400 * (self.0.len() + 1), |json| {
            json.text("resourceType", "OperationOutcome");
            json.key("issue").array(|json| self.0.iter().for_each(|fault| issue(json, fault)));
        })
    }

    pub(super) fn add(&mut self, kind: FaultKind, place: impl Into<String>, what: &'static str) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(Fault { kind, place: place.into(), what });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Fault { place, what, .. }) in self.0.iter().enumerate() {
            let between = if index == 0 { "" } else { "; " };
            write!(f, "{between}{place}: {what}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

fn issue(json: &mut Json, fault: &Fault) {
    let (issue_code, code, display) = fault.kind.row();
    json.object(|json| {
        json.text("severity", "error");
        json.text("code", issue_code);
        json.key("details").object(|json| {
            json.key("coding").array(|json| crate::bundle::coding(json, systems::ERROR_CODE, code, display));
        });
        json.text("diagnostics", fault.what);
        json.key("expression").array(|json| json.string(&[&fault.place]));
    });
}
