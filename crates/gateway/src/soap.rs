//! The national service over SOAP, asked as a system: with the responsible person of the place at which the patient is.

use crate::national::{Ask, National, Told};
use async_trait::async_trait;
use cpis_client::{Answer, Author, Declared, Place, Question, ResponsiblePerson, SoapClient, Why};
use std::collections::BTreeMap;

/// A place from which is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedFrom {
    /// Code and name.
    pub place: Place,
    /// Who answers for it: shown to authorities.
    pub responsible: Vec<ResponsiblePerson>,
}

/// Asks over SOAP.
#[derive(Debug)]
pub struct Soap {
    client: SoapClient,
    asid: String,
    places: BTreeMap<String, AskedFrom>,
    other: AskedFrom,
}

impl Soap {
    /// With the places by the ODS code of the site; `other` stands for sites that are not listed.
    pub fn new(client: SoapClient, asid: &str, places: BTreeMap<String, AskedFrom>, other: AskedFrom) -> Self {
        Self { client, asid: asid.to_owned(), places, other }
    }

    fn question(&self, ask: &Ask) -> Question {
        let AskedFrom { place, responsible } = self.places.get(&ask.site).unwrap_or(&self.other).clone();
        Question {
            number: ask.number,
            birth: ask.birth,
            event: ask.event,
            author: Author::Device { asid: self.asid.clone(), responsible, place },
            declared: if ask.silent { Declared::Scheduled } else { Declared::Unscheduled },
        }
    }
}

#[async_trait]
impl National for Soap {
    async fn ask(&self, ask: &Ask) -> Told {
        match self.client.ask(&self.question(ask)).await {
            Answer::Record(record) => {
                // The record's date of birth is compared, and one that does not say is no disagreement: an unborn child's plan is
                // found through the mother.
                let held = record.child.and_then(|child| child.birth);
                if ask.birth.zip(held).is_some_and(|(said, held)| said != held) { Told::Mismatch } else { Told::Record }
            }
            Answer::NoRecord => Told::NoRecord,
            Answer::CannotTell(why) => match why {
                Why::Away { retry_after, .. } => Told::Away(retry_after),
                Why::Refused { .. } => Told::Refused,
                Why::Invalid { .. } => Told::Invalid,
                Why::DetailsDiffer => Told::Mismatch,
                Why::Unreadable { .. } => Told::Unreadable,
            },
        }
    }
}
