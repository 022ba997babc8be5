//! Who is known, and how PDS draws them in an answer.

use async_trait::async_trait;
use cpis_model::Date;
use cpis_model::nhs_number::NhsNumber;
use serde_json::{Value, json};

/// What is known of a number.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A person.
    Person(Somebody),
    /// The number was replaced by this one: a read answers with the other one's record.
    Superseded(NhsNumber),
    /// The number was withdrawn, and none took its place.
    Invalidated,
}

/// People who are kept elsewhere, such as in the demo's sealed register.
#[async_trait]
pub trait People: Send + Sync {
    /// What is known of a number.
    async fn of(&self, number: NhsNumber) -> Result<Option<Entry>, Away>;

    /// Whom a search for these finds: nobody, one, or more, of whom two stand for all. An application is shown one at most.
    async fn named(&self, family: &str, birth: Date, gender: Option<&str>) -> Result<Named, Away>;
}

/// Whom a search finds.
#[derive(Clone, Debug)]
pub enum Named {
    /// Nobody.
    Nobody,
    /// One person.
    One(NhsNumber, Somebody),
    /// More than one.
    Many,
}

/// Where people are kept does not answer: nor does PDS then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// How the record is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all (U).
    Unrestricted,
    /// Restricted (R): no address, telephone or practice is shown.
    Restricted,
    /// Very restricted (V).
    VeryRestricted,
    /// Withdrawn (REDACTED). The interface says that it is never sent.
    Redacted,
}

impl Security {
    fn coding(self) -> Value {
        let (code, display) = match self {
            Self::Unrestricted => ("U", "unrestricted"),
            Self::Restricted => ("R", "restricted"),
            Self::VeryRestricted => ("V", "very restricted"),
            Self::Redacted => ("REDACTED", "redacted"),
        };
        let system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
        json!([{ "system": system, "code": code, "display": display }])
    }
}

/// A person.
#[derive(Clone, Debug)]
pub struct Somebody {
    /// All given names, with spaces between.
    pub given: String,
    /// Family name. Empty with an empty given name: a record without a name.
    pub family: String,
    /// Date of birth as FHIR writes it; it may be a year only. Empty: not known.
    pub birth: String,
    /// `female`, `male`, `other` or `unknown`.
    pub gender: &'static str,
    /// How the record is protected.
    pub security: Security,
    /// Day of death.
    pub died: Option<Date>,
}

impl Somebody {
    /// A living person whose record is not restricted and whose sex is not known.
    pub fn new(given: &str, family: &str, birth: Date) -> Self {
        Self {
            given: given.to_owned(),
            family: family.to_owned(),
            birth: birth.to_string(),
            gender: "unknown",
            security: Security::Unrestricted,
            died: None,
        }
    }

    /// The record under a number.
    pub(super) fn patient(&self, number: NhsNumber) -> Value {
        let mut patient = json!({
            "resourceType": "Patient",
            "id": number.digits(),
            "identifier": [{
                "system": "https://fhir.nhs.uk/Id/nhs-number",
                "value": number.digits(),
                "extension": [{
                    "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
                    "valueCodeableConcept": { "coding": [{
                        "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus",
                        "version": "1.0.0",
                        "code": "01",
                        "display": "Number present and verified",
                    }] },
                }],
            }],
            "meta": { "versionId": "2", "security": self.security.coding() },
        });
        let mut add =
            |name: &str, value: Value| drop(patient.as_object_mut().map(|all| all.insert(name.to_owned(), value)));
        if !self.given.is_empty() || !self.family.is_empty() {
            let given: Vec<&str> = self.given.split_whitespace().collect();
            let nickname = json!({ "id": "n1", "use": "nickname", "given": ["Sample"], "family": self.family });
            let usual = json!({ "id": "n2", "use": "usual", "period": { "start": "2024-01-01" },
                "given": given, "family": self.family });
            add("name", json!([nickname, usual]));
        }
        if self.gender != "unknown" {
            add("gender", self.gender.into());
        }
        if !self.birth.is_empty() {
            add("birthDate", self.birth.as_str().into());
        }
        if let Some(day) = self.died {
            let at = format!("{day}T00:00:00+00:00");
            add("deceasedDateTime", at.as_str().into());
            add("extension", death(&at));
        }
        if self.security == Security::Unrestricted {
            add(
                "generalPractitioner",
                json!([{ "id": "gp1", "type": "Organization", "identifier": {
                "system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "Y12345" } }]),
            );
        }
        patient
    }

    /// Whether a search for these finds them. Letters are compared without case.
    pub(super) fn matches(&self, family: &str, birth: &str, gender: Option<&str>) -> bool {
        self.family.to_lowercase() == family.to_lowercase()
            && self.birth == birth
            && gender.is_none_or(|gender| gender == self.gender)
    }
}

fn death(at: &str) -> Value {
    json!([{
        "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus",
        "extension": [
            { "url": "deathNotificationStatus", "valueCodeableConcept": { "coding": [{
                "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus",
                "version": "1.0.0",
                "code": "2",
                "display": "Formal - death notice received from Registrar of Deaths",
            }] } },
            { "url": "systemEffectiveDate", "valueDateTime": at },
        ],
    }])
}
