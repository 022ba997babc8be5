//! People and their numbers: every key opens, every number is found by its own digest, and what the journal says of them holds.

use super::derived::Expected;
use super::{Faults, ROWS};
use crate::error::AppError;
use crate::people::Keys;
use crate::seal::SealKey;
use cpis_model::entry::PersonId;
use cpis_model::nhs_number::NhsNumber;
use cpis_store::{NumberKeys, Store, StoredPerson};
use std::collections::HashMap;

struct Loaded {
    key: Option<SealKey>,
    number: Option<NhsNumber>,
    stored: StoredPerson,
}

/// All people, opened.
pub(super) struct People {
    people: HashMap<PersonId, Loaded>,
    find: Box<dyn Fn(NhsNumber) -> NumberKeys + Send + Sync>,
}

fn row(person: PersonId) -> String {
    person.value().to_string()
}

impl People {
    pub async fn load(store: &dyn Store, keys: &Keys, faults: &mut Faults) -> Result<Self, AppError> {
        let mut people = HashMap::new();
        let mut after = None;
        loop {
            let rows = store.people_after(after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.row.id);
            for stored in rows {
                let id = stored.row.id;
                let mut fault = |what: &str| faults.push(("person", row(id), what.to_owned()));
                let (mut key, mut number) = (None, None);
                if stored.row.data_key.is_some() {
                    key = keys.person(&stored.row).ok();
                    number = keys.number(id, stored.number.as_deref().unwrap_or_default()).ok();
                    if key.is_none() {
                        fault("the key does not open");
                    }
                    match number {
                        None => fault("the number does not open"),
                        Some(number) if !agrees(keys.ring.find(number), stored.keys) => {
                            fault("it is not found by its own number");
                        }
                        Some(_) => {}
                    }
                } else if stored.number.is_some() || stored.keys != NumberKeys::default() {
                    fault("the key is gone but the number is not");
                }
                people.insert(id, Loaded { key, number, stored });
            }
        }
        let ring = keys.ring.clone();
        Ok(Self { people, find: Box::new(move |number| ring.find(number)) })
    }

    pub fn key(&self, person: PersonId) -> Option<&SealKey> {
        self.people.get(&person)?.key.as_ref()
    }

    pub fn is_erased(&self, person: PersonId) -> bool {
        self.people.get(&person).is_some_and(|loaded| loaded.stored.row.data_key.is_none())
    }

    /// Holds people and second numbers against what the journal says.
    pub async fn compare(&self, store: &dyn Store, expected: &Expected, faults: &mut Faults) -> Result<(), AppError> {
        for (id, loaded) in &self.people {
            let mut fault = |what: &str| faults.push(("person", row(*id), what.to_owned()));
            let erased = expected.erased.contains(id);
            if self.is_erased(*id) {
                if !erased {
                    fault("it has no key, and no entry says that it was erased");
                }
                if loaded.stored.row.hidden.is_some() || loaded.stored.own_until.is_some() {
                    fault("nothing but its id may be left of an erased person");
                }
                continue;
            }
            if erased {
                fault("an entry says that it was erased, but it has a key");
            }
            if loaded.stored.row.hidden != expected.hidden.get(id).copied().flatten() {
                fault("whether it is hidden is not what the journal says");
            }
            let until = loaded.number.and_then(|number| expected.own_until.get(&(*id, number)).copied());
            if loaded.stored.own_until != until {
                fault("the end of its number is not what the journal says");
            }
        }
        for id in expected.erased.iter().filter(|id| !self.people.contains_key(id)) {
            faults.push(("person", row(*id), "the row of an erased person is missing".to_owned()));
        }
        self.compare_aliases(store, expected, faults).await
    }

    async fn compare_aliases(
        &self,
        store: &dyn Store,
        expected: &Expected,
        faults: &mut Faults,
    ) -> Result<(), AppError> {
        let mut wanted: Vec<(PersonId, NhsNumber, Option<cpis_model::Date>)> = Vec::new();
        for (id, old, new, until) in &expected.superseded {
            let Some(loaded) = self.people.get(id).filter(|loaded| loaded.key.is_some()) else { continue };
            // The one who was stored under the old number is found under the new one; the survivor also under the old one.
            let own = loaded.number == Some(*old);
            // Somebody may have had the old number since it replaced another: it ends now.
            let second = wanted.iter_mut().find(|(of, number, end)| of == id && number == old && end.is_none());
            let alias = match second {
                Some((.., end)) => {
                    *end = Some(*until);
                    (*new, None)
                }
                None if own => (*new, None),
                None => (*old, Some(*until)),
            };
            wanted.push((*id, alias.0, alias.1));
        }
        let mut after = 0;
        loop {
            let rows = store.aliases_after(after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            for alias in rows {
                let key = self.key(alias.person);
                let opened = key.and_then(|key| Keys::open_alias(alias.person, key, &alias.number).ok());
                let place = wanted.iter().position(|(id, number, until)| {
                    *id == alias.person
                        && opened == Some(*number)
                        && agrees((self.find)(*number), alias.keys)
                        && *until == alias.until
                });
                match place {
                    Some(place) => drop(wanted.swap_remove(place)),
                    None => faults.push(("alias", alias.id.to_string(), "the journal does not know it".to_owned())),
                }
            }
        }
        for (id, ..) in wanted {
            faults.push(("alias", row(id), "a second number of this person is missing".to_owned()));
        }
        Ok(())
    }
}

/// Whether stored digests are those of a number: each column that has a key must agree, and one at least must be there.
fn agrees(computed: NumberKeys, stored: NumberKeys) -> bool {
    let column = |computed: Option<[u8; 16]>, stored: Option<[u8; 16]>| match (computed, stored) {
        (Some(computed), Some(stored)) => Some(computed == stored),
        // No key of the ring made it: a retired key's digests are emptied with the key.
        (None, Some(_)) => Some(false),
        _ => None,
    };
    let columns = [column(computed.a, stored.a), column(computed.b, stored.b)];
    columns.contains(&Some(true)) && !columns.contains(&Some(false))
}
