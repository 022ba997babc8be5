//! People: who they are, and the columns that a rotation seals again.

pub(crate) mod find;

use crate::effects::key;
use crate::options::unavailable;
use crate::told::Stop;
use crate::tx::{Bad, Tx};
use crate::values::{get_keys, get_optional_date, get_person, get_u64};
use cpis_model::entry::{HiddenFor, PersonId};
use cpis_store::{NewPerson, PersonRow, StoreError, StoredAlias, StoredPerson};
use tokio_postgres::Row;

/// The person in the first three columns.
fn person(row: &Row) -> Result<PersonRow, Bad> {
    let hidden: Option<i64> = row.try_get(2)?;
    let hidden =
        hidden.map(|number| u8::try_from(number).ok().and_then(HiddenFor::from_number).ok_or(Bad)).transpose()?;
    Ok(PersonRow { id: get_person(row, 0)?, data_key: row.try_get(1)?, hidden })
}

/// Adds people; where somebody has the number already, their row is returned instead. The unique columns decide between nodes
/// that add the same person at once: the second waits for the first and then finds them. All add in the same order, so that
/// none waits for the other in a circle.
pub(crate) async fn create(tx: &Tx<'_>, people: &[NewPerson]) -> Result<Vec<PersonRow>, Stop> {
    tx.begin().await?;
    let (a, b): (Vec<_>, Vec<_>) = people.iter().map(|new| (key(new.keys.a), key(new.keys.b))).unzip();
    let ids: Vec<i64> = people.iter().map(|new| new.id.value()).collect();
    let numbers: Vec<&[u8]> = people.iter().map(|new| &*new.number).collect();
    let data_keys: Vec<&[u8]> = people.iter().map(|new| &*new.data_key).collect();
    tx.execute(
        "-- person.insert\nINSERT INTO person (id, lookup_a, lookup_b, number, data_key) SELECT id, a, b, number, data_key \
         FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[]) WITH ORDINALITY \
         AS new (id, a, b, number, data_key, place) ORDER BY a, b, place ON CONFLICT DO NOTHING",
        &[&ids, &a, &b, &numbers, &data_keys],
    )
    .await?;
    let rows = tx
        .all(
            "-- person.own\nSELECT own.id, own.data_key, own.hidden FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY \
             AS asked (a, b, place) LEFT JOIN LATERAL (SELECT id, data_key, hidden, 0 AS rank FROM person WHERE lookup_a = a \
             UNION ALL SELECT id, data_key, hidden, 1 FROM person WHERE lookup_b = b ORDER BY rank LIMIT 1) AS own ON true \
             ORDER BY place",
            &[&a, &b],
            |row| match row.try_get::<_, Option<i64>>(0)? {
                Some(_) => person(row).map(Some),
                None => Ok(None),
            },
        )
        .await?;
    if rows.len() != people.len() {
        return Err(unavailable("a statement had no answer").into());
    }
    // Nobody: they were erased meanwhile, or two have drawn one id.
    rows.into_iter().map(|row| row.ok_or_else(|| StoreError::Stale.into())).collect()
}

fn stored(row: &Row) -> Result<StoredPerson, Bad> {
    Ok(StoredPerson {
        row: person(row)?,
        keys: get_keys(row, 3, 4)?,
        number: row.try_get(5)?,
        own_until: get_optional_date(row, 6)?,
    })
}

/// People in the order of their ids.
pub(crate) async fn after(tx: &Tx<'_>, after: Option<PersonId>, rows_max: u32) -> Result<Vec<StoredPerson>, Stop> {
    tx.all(
        "-- person.after\nSELECT id, data_key, hidden, lookup_a, lookup_b, number, own_until FROM person WHERE id > $1 \
         ORDER BY id LIMIT $2",
        &[&after.map_or(0, PersonId::value), &i64::from(rows_max)],
        stored,
    )
    .await
}

/// People by id.
pub(crate) async fn by_id(tx: &Tx<'_>, ids: &[PersonId]) -> Result<Vec<StoredPerson>, Stop> {
    let ids: Vec<i64> = ids.iter().map(|id| id.value()).collect();
    tx.all(
        "-- person.by_id\nSELECT person.id, data_key, hidden, lookup_a, lookup_b, number, own_until FROM person \
         JOIN unnest($1::bigint[]) WITH ORDINALITY AS asked (id, place) ON person.id = asked.id ORDER BY place",
        &[&ids],
        stored,
    )
    .await
}

/// Saves re-sealed columns. Hiding and dates are the journal's affair and stay.
pub(crate) async fn reseal(tx: &Tx<'_>, people: &[StoredPerson]) -> Result<(), Stop> {
    tx.begin().await?;
    let people: Vec<&StoredPerson> = people.iter().filter(|person| person.row.data_key.is_some()).collect();
    let ids: Vec<i64> = people.iter().map(|person| person.row.id.value()).collect();
    let (a, b): (Vec<_>, Vec<_>) = people.iter().map(|person| (key(person.keys.a), key(person.keys.b))).unzip();
    let numbers: Vec<Option<&[u8]>> = people.iter().map(|person| person.number.as_deref()).collect();
    let data_keys: Vec<Option<&[u8]>> = people.iter().map(|person| person.row.data_key.as_deref()).collect();
    // In the order in which everybody locks people.
    tx.all("-- person.lock\nSELECT id FROM person WHERE id = ANY ($1) ORDER BY id FOR UPDATE", &[&ids], |_| Ok(()))
        .await?;
    tx.execute(
        "-- person.reseal\nUPDATE person SET lookup_a = new.a, lookup_b = new.b, number = new.number, data_key = new.data_key \
         FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[]) AS new (id, a, b, number, data_key) \
         WHERE person.id = new.id AND person.data_key IS NOT NULL",
        &[&ids, &a, &b, &numbers, &data_keys],
    )
    .await?;
    Ok(())
}

/// Second numbers in stored order.
pub(crate) async fn aliases_after(tx: &Tx<'_>, after: u64, rows_max: u32) -> Result<Vec<StoredAlias>, Stop> {
    tx.all(
        "-- alias.after\nSELECT id, lookup_a, lookup_b, number, person_id, until FROM alias WHERE id > $1 ORDER BY id LIMIT $2",
        &[&(after as i64), &i64::from(rows_max)],
        |row| {
            Ok(StoredAlias {
                id: get_u64(row, 0)?,
                keys: get_keys(row, 1, 2)?,
                number: row.try_get(3)?,
                person: get_person(row, 4)?,
                until: get_optional_date(row, 5)?,
            })
        },
    )
    .await
}

/// Saves re-sealed columns of second numbers.
pub(crate) async fn reseal_aliases(tx: &Tx<'_>, aliases: &[StoredAlias]) -> Result<(), Stop> {
    tx.begin().await?;
    let ids: Vec<i64> = aliases.iter().map(|alias| alias.id as i64).collect();
    let people: Vec<i64> = aliases.iter().map(|alias| alias.person.value()).collect();
    let (a, b): (Vec<_>, Vec<_>) = aliases.iter().map(|alias| (key(alias.keys.a), key(alias.keys.b))).unzip();
    let numbers: Vec<&[u8]> = aliases.iter().map(|alias| &*alias.number).collect();
    tx.execute(
        "-- alias.reseal\nUPDATE alias SET lookup_a = new.a, lookup_b = new.b, number = new.number \
         FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[]) AS new (id, person_id, a, b, number) \
         WHERE alias.id = new.id AND alias.person_id = new.person_id",
        &[&ids, &people, &a, &b, &numbers],
    )
    .await?;
    Ok(())
}
