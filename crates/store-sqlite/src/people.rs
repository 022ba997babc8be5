//! People: who stands behind a number, and the columns that a rotation seals again.

use crate::plans::{self, Staging};
use crate::tx::{Bad, Prepared, Stop, Tx};
use crate::values::{date, get_keys, get_optional_date, get_person, get_u64};
use cpis_model::Date;
use cpis_model::entry::{HiddenFor, PersonId};
use cpis_store::{Found, NewPerson, NumberKey, NumberKeys, PersonRow, StoredAlias, StoredPerson, Via};
use rusqlite::{Row, params};

struct Lookups<'a> {
    own_a: Prepared<'a>,
    own_b: Prepared<'a>,
    alias_a: Prepared<'a>,
    alias_b: Prepared<'a>,
}

impl<'a> Lookups<'a> {
    fn prepare(tx: &Tx<'a>) -> Result<Self, Stop> {
        Ok(Self {
            own_a: tx
                .prepare("-- person.own_a\nSELECT id, data_key, hidden, own_until FROM person WHERE lookup_a = ?")?,
            own_b: tx
                .prepare("-- person.own_b\nSELECT id, data_key, hidden, own_until FROM person WHERE lookup_b = ?")?,
            alias_a: tx.prepare(
                "-- person.alias_a\nSELECT person.id, data_key, hidden, until FROM alias JOIN person \
                 ON person.id = person_id WHERE alias.lookup_a = ? ORDER BY alias.id",
            )?,
            alias_b: tx.prepare(
                "-- person.alias_b\nSELECT person.id, data_key, hidden, until FROM alias JOIN person \
                 ON person.id = person_id WHERE alias.lookup_b = ? ORDER BY alias.id",
            )?,
        })
    }

    /// Who stands behind one number: by their own first, each person once.
    fn find(&mut self, keys: &NumberKeys) -> Result<Vec<(PersonRow, Via)>, Stop> {
        let mut found: Vec<(PersonRow, Via)> = Vec::new();
        let mut look = |statement: &mut Prepared<'_>, key: Option<&NumberKey>, via: fn(_) -> Via| {
            let Some(key) = key else { return Ok(()) };
            statement.until([key], |row| {
                let person = person(row)?;
                if !found.iter().any(|(known, _)| known.id == person.id) {
                    found.push((person, via(get_optional_date(row, 3)?)));
                }
                Ok(true)
            })
        };
        look(&mut self.own_a, keys.a.as_ref(), Via::Own)?;
        look(&mut self.own_b, keys.b.as_ref(), Via::Own)?;
        look(&mut self.alias_a, keys.a.as_ref(), Via::Alias)?;
        look(&mut self.alias_b, keys.b.as_ref(), Via::Alias)?;
        Ok(found)
    }
}

fn person(row: &Row<'_>) -> Result<PersonRow, Bad> {
    let hidden: Option<u8> = row.get(2)?;
    let hidden = hidden.map(|number| HiddenFor::from_number(number).ok_or(Bad)).transpose()?;
    Ok(PersonRow { id: get_person(row, 0)?, data_key: row.get(1)?, hidden })
}

/// Who stands behind each number, with the visible plans.
pub(crate) fn find(tx: &Tx<'_>, asked: &[NumberKeys], staging: &Staging) -> Result<Vec<Vec<Found>>, Stop> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let mut lookups = Lookups::prepare(tx)?;
    let mut plans = plans::Latest::prepare(tx)?;
    asked
        .iter()
        .map(|keys| {
            let people = lookups.find(keys)?;
            people
                .into_iter()
                .map(|(person, via)| Ok(Found { plans: plans.of(person.id, staging)?, person, via }))
                .collect()
        })
        .collect()
}

/// Adds people; where somebody has the number already, their row is returned instead.
pub(crate) fn create(tx: &Tx<'_>, people: &[NewPerson]) -> Result<Vec<PersonRow>, Stop> {
    let mut own = tx.prepare(
        "-- person.own\nSELECT id, data_key, hidden FROM person WHERE lookup_a = ?1 UNION ALL \
         SELECT id, data_key, hidden FROM person WHERE lookup_b = ?2 LIMIT 1",
    )?;
    let mut insert = tx.prepare(
        "-- person.insert\nINSERT INTO person (id, lookup_a, lookup_b, number, data_key) VALUES (?, ?, ?, ?, ?)",
    )?;
    people
        .iter()
        .map(|new| {
            if let Some(there) = own.first(params![new.keys.a, new.keys.b], person)? {
                return Ok(there);
            }
            insert.execute(params![new.id.value(), new.keys.a, new.keys.b, new.number, new.data_key])?;
            Ok(PersonRow { id: new.id, data_key: Some(new.data_key.clone()), hidden: None })
        })
        .collect()
}

fn stored(row: &Row<'_>) -> Result<StoredPerson, Bad> {
    Ok(StoredPerson {
        row: person(row)?,
        keys: get_keys(row, 3, 4)?,
        number: row.get(5)?,
        own_until: get_optional_date(row, 6)?,
    })
}

/// People in the order of their ids.
pub(crate) fn after(tx: &Tx<'_>, after: Option<PersonId>, rows_max: u32) -> Result<Vec<StoredPerson>, Stop> {
    tx.all(
        "-- person.after\nSELECT id, data_key, hidden, lookup_a, lookup_b, number, own_until FROM person WHERE id > ? \
         ORDER BY id LIMIT ?",
        params![after.map_or(0, PersonId::value), rows_max],
        stored,
    )
}

/// People by id.
pub(crate) fn by_id(tx: &Tx<'_>, ids: &[PersonId]) -> Result<Vec<StoredPerson>, Stop> {
    let mut one = tx.prepare(
        "-- person.by_id\nSELECT id, data_key, hidden, lookup_a, lookup_b, number, own_until FROM person WHERE id = ?",
    )?;
    let mut people = Vec::with_capacity(ids.len());
    for id in ids {
        people.extend(one.first([id.value()], stored)?);
    }
    Ok(people)
}

/// Saves re-sealed columns. Hiding and dates are the journal's affair and stay.
pub(crate) fn reseal(tx: &Tx<'_>, people: &[StoredPerson]) -> Result<(), Stop> {
    let mut update = tx.prepare(
        "-- person.reseal\nUPDATE person SET lookup_a = ?, lookup_b = ?, number = ?, data_key = ? \
         WHERE id = ? AND data_key IS NOT NULL",
    )?;
    for person in people {
        if person.row.data_key.is_some() {
            update.execute(params![
                person.keys.a,
                person.keys.b,
                person.number,
                person.row.data_key,
                person.row.id.value()
            ])?;
        }
    }
    Ok(())
}

/// Adds a second number.
pub(crate) fn add_alias(tx: &Tx<'_>, alias: &StoredAlias) -> Result<(), Stop> {
    tx.execute(
        "-- alias.insert\nINSERT INTO alias (lookup_a, lookup_b, number, person_id, until) VALUES (?, ?, ?, ?, ?)",
        params![alias.keys.a, alias.keys.b, alias.number, alias.person.value(), alias.until.map(date)],
    )?;
    Ok(())
}

/// Second numbers in stored order.
pub(crate) fn end_alias(tx: &Tx<'_>, person: PersonId, keys: &NumberKeys, until: Date) -> Result<(), Stop> {
    tx.execute(
        "-- alias.end\nUPDATE alias SET until = ? WHERE person_id = ? AND (lookup_a = ? OR lookup_b = ?) AND until IS NULL",
        params![date(until), person.value(), keys.a, keys.b],
    )?;
    Ok(())
}

pub(crate) fn aliases_after(tx: &Tx<'_>, after: u64, rows_max: u32) -> Result<Vec<StoredAlias>, Stop> {
    tx.all(
        "-- alias.after\nSELECT id, lookup_a, lookup_b, number, person_id, until FROM alias WHERE id > ? ORDER BY id LIMIT ?",
        params![after as i64, rows_max],
        |row| {
            Ok(StoredAlias {
                id: get_u64(row, 0)?,
                keys: get_keys(row, 1, 2)?,
                number: row.get(3)?,
                person: get_person(row, 4)?,
                until: get_optional_date(row, 5)?,
            })
        },
    )
}

/// Saves re-sealed columns of second numbers.
pub(crate) fn reseal_aliases(tx: &Tx<'_>, aliases: &[StoredAlias]) -> Result<(), Stop> {
    let mut update = tx.prepare(
        "-- alias.reseal\nUPDATE alias SET lookup_a = ?, lookup_b = ?, number = ? WHERE id = ? AND person_id = ?",
    )?;
    for alias in aliases {
        update.execute(params![alias.keys.a, alias.keys.b, alias.number, alias.id as i64, alias.person.value()])?;
    }
    Ok(())
}
