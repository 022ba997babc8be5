//! Who stands behind a number, with their visible plans: one statement, so one snapshot.

use super::person;
use crate::effects::key;
use crate::plans::{contact_at, plan_at};
use crate::told::Stop;
use crate::tx::{Bad, Tx};
use crate::values::{get_optional_date, get_small};
use cpis_model::organisation::AuthorityCode;
use cpis_store::{ContactRow, Found, NumberKeys, Via};
use std::collections::HashMap;
use tokio_postgres::Row;

/// By their own number first, each person once; of each plan the latest version that is not being staged.
macro_rules! find {
    ($name:literal, $columns:literal, $join:literal) => {
        concat!(
            "-- ",
            $name,
            "\nWITH asked AS (SELECT a, b, place FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS one (a, b, place)), \
             hit AS ( \
             SELECT place, 0 AS rank, 0::bigint AS nth, id AS person_id, own_until AS until FROM asked JOIN person ON lookup_a = a \
             UNION ALL \
             SELECT place, 1, 0, id, own_until FROM asked JOIN person ON lookup_b = b \
             UNION ALL \
             SELECT place, 2, alias.id, person_id, until FROM asked JOIN alias ON lookup_a = a \
             UNION ALL \
             SELECT place, 3, alias.id, person_id, until FROM asked JOIN alias ON lookup_b = b), \
             found AS (SELECT DISTINCT ON (place, person_id) * FROM hit ORDER BY place, person_id, rank, nth) \
             SELECT person.id, data_key, hidden, found.until, place, rank, plan.plan_id, plan.version, plan.group_no, \
             plan.authority, kind, start_on, end_on, delete_on, details",
            $columns,
            " FROM found JOIN person ON person.id = found.person_id LEFT JOIN LATERAL \
             (SELECT DISTINCT ON (plan_id) plan_id, version, group_no, authority, kind, start_on, end_on, delete_on, details \
             FROM plan WHERE plan.person_id = found.person_id AND group_no NOT IN (SELECT group_no FROM staging) \
             ORDER BY plan_id DESC, version DESC, group_no DESC) AS plan ON true ",
            $join,
            " ORDER BY place, rank, nth, plan_id DESC",
        )
    };
}

const PLAIN: &str = find!("person.find", "", "");
/// The statement of [`with_contacts`].
pub(crate) const WITH_CONTACTS: &str = find!(
    "person.find_with_contacts",
    ", contact.group_no, contact.authority, contact.version, name, emergency, office",
    "LEFT JOIN LATERAL (SELECT group_no, authority, version, name, emergency, office FROM contact \
     WHERE contact.authority = plan.authority AND group_no NOT IN (SELECT group_no FROM staging) \
     ORDER BY version DESC, group_no DESC LIMIT 1) AS contact ON true"
);
/// Columns of a person, then of a plan, then of a contact.
const PLAN: usize = 6;
const CONTACT: usize = 15;

/// Whom a row is about: the place of the number that was asked for, the person, and their plan if they have one.
fn found(row: &Row) -> Result<(usize, Found), Bad> {
    let until = get_optional_date(row, 3)?;
    let via = if row.try_get::<_, i32>(5)? < 2 { Via::Own(until) } else { Via::Alias(until) };
    let plan = row.try_get::<_, Option<&[u8]>>(PLAN)?.map(|_| plan_at(row, PLAN)).transpose()?;
    let place: usize = get_small(row, 4)?;
    let place = place.checked_sub(1).ok_or(Bad)?;
    Ok((place, Found { person: person(row)?, via, plans: plan.into_iter().collect() }))
}

/// One row a plan, put together again.
fn put_together(rows: Vec<(usize, Found)>, asked: usize) -> Vec<Vec<Found>> {
    let mut all: Vec<Vec<Found>> = (0..asked).map(|_| Vec::new()).collect();
    for (place, one) in rows {
        let Some(people) = all.get_mut(place) else { continue };
        match people.last_mut() {
            Some(last) if last.person.id == one.person.id => last.plans.extend(one.plans),
            _ => people.push(one),
        }
    }
    all
}

/// One of the two columns of digests.
type Column = Vec<Option<Vec<u8>>>;

fn keys(asked: &[NumberKeys]) -> (Column, Column) {
    asked.iter().map(|keys| (key(keys.a), key(keys.b))).unzip()
}

/// Who stands behind each number.
pub(crate) async fn plain(tx: &Tx<'_>, asked: &[NumberKeys]) -> Result<Vec<Vec<Found>>, Stop> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let (a, b) = keys(asked);
    Ok(put_together(tx.all(PLAIN, &[&a, &b], found).await?, asked.len()))
}

/// Who stands behind each number, and the latest visible contact of every authority of their plans.
pub(crate) async fn with_contacts(
    tx: &Tx<'_>,
    asked: &[NumberKeys],
) -> Result<(Vec<Vec<Found>>, HashMap<AuthorityCode, ContactRow>), Stop> {
    let mut contacts = HashMap::new();
    if asked.is_empty() {
        return Ok((Vec::new(), contacts));
    }
    let (a, b) = keys(asked);
    let rows = tx
        .all(WITH_CONTACTS, &[&a, &b], |row| {
            if row.try_get::<_, Option<i64>>(CONTACT)?.is_some() {
                let contact = contact_at(row, CONTACT)?;
                contacts.insert(contact.authority, contact);
            }
            found(row)
        })
        .await?;
    Ok((put_together(rows, asked.len()), contacts))
}
