//! Persons whose visits wait for an NHS number and who may be looked for by name: each once for the same details.

use super::{Ground, Store, StoreError, persons, rows, settle};
use crate::facts::Unchecked;
use crate::finding::Sought;
use crate::vault::Key;
use cpis_model::nhs_number::NhsNumber;
use jiff::Timestamp;

/// Somebody to look for.
pub struct Untraced {
    /// Their row.
    pub person: Key,
    /// What is known of them.
    pub sought: Sought,
}

impl Ground {
    /// The key of what somebody is looked for by.
    fn sought_key(&self, sought: &Sought) -> Key {
        let birth = sought.birth.to_string();
        self.vault.digest("sought", &[&sought.name.family, &sought.name.given, &birth, sought.sex.code()])
    }
}

impl Store {
    /// Persons who were not looked for yet under what is known of them now.
    pub async fn untraced(&self, max: usize) -> Result<Vec<Untraced>, StoreError> {
        self.step(move |connection, ground| {
            let mut found: Vec<Untraced> = Vec::new();
            for visit in rows::visits_unchecked(connection, ground, [Unchecked::NoNumber, Unchecked::NoNumber])? {
                let Some((key, Some(person))) = persons::find(connection, ground, visit.person)? else { continue };
                let Some(sought) = Sought::of(&person) else { continue };
                let is_new = person.sought != Some(ground.sought_key(&sought));
                if is_new && found.iter().all(|other| other.person != key) {
                    found.push(Untraced { person: key, sought });
                }
                if found.len() >= max {
                    break;
                }
            }
            Ok(found)
        })
        .await
    }

    /// Notes what was found of somebody, unless more is known of them by now.
    pub async fn traced(
        &self,
        key: Key,
        sought: Sought,
        number: Option<NhsNumber>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.step(move |connection, ground| {
            let Some((key, Some(mut person))) = persons::find(connection, ground, key)? else { return Ok(()) };
            let sought_key = ground.sought_key(&sought);
            let same = Sought::of(&person).is_some_and(|current| ground.sought_key(&current) == sought_key);
            if !same {
                return Ok(());
            }
            person.sought = Some(sought_key);
            if number.is_some() {
                (person.number, person.trouble) = (number, None);
                (person.traced, person.verified) = (true, Some(true));
            }
            persons::save(connection, ground, key, &person, now)?;
            settle::person(connection, ground, key, now)
        })
        .await
    }
}
