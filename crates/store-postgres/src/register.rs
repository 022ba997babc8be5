//! Small tables: the local register of demographics, the months' keys, and values of the installation.

use crate::effects::key;
use crate::told::Stop;
use crate::tx::{Bad, Tx};
use crate::values::{get_keys, get_small, get_u64};
use cpis_store::{NumberKeys, RegisterRow};
use std::collections::HashSet;
use tokio_postgres::Row;

const REPLACE: &str = "-- register.replace\nUPDATE register SET lookup_a = new.a, lookup_b = new.b, person = new.person, \
     search_a = new.near_a, search_b = new.near_b FROM (SELECT a, b, person, near_a, near_b, CASE WHEN asked > 0 THEN asked ELSE coalesce((SELECT id FROM register WHERE lookup_a = a), \
     (SELECT id FROM register WHERE lookup_b = b)) END AS own \
     FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[]) \
     AS one (asked, a, b, person, near_a, near_b)) AS new \
     WHERE register.id = new.own";
const INSERT: &str = "-- register.insert\nINSERT INTO register (lookup_a, lookup_b, person, search_a, search_b) \
     SELECT a, b, one.person, near_a, near_b \
     FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[]) WITH ORDINALITY \
     AS one (asked, a, b, person, near_a, near_b, place) \
     WHERE CASE WHEN asked > 0 THEN NOT EXISTS (SELECT FROM register WHERE id = asked) \
     ELSE NOT EXISTS (SELECT FROM register WHERE lookup_a = a) AND NOT EXISTS (SELECT FROM register WHERE lookup_b = b) END \
     ORDER BY place";

/// Adds rows, or replaces those with the same place or number: of rows that meet, the later one stands.
pub(crate) async fn put(tx: &Tx<'_>, rows: &[RegisterRow]) -> Result<(), Stop> {
    tx.begin().await?;
    for rows in apart(rows) {
        let ids: Vec<i64> = rows.iter().map(|row| row.id as i64).collect();
        let (a, b): (Vec<_>, Vec<_>) = rows.iter().map(|row| (key(row.keys.a), key(row.keys.b))).unzip();
        let (near_a, near_b): (Vec<_>, Vec<_>) = rows.iter().map(|row| (key(row.search.a), key(row.search.b))).unzip();
        let people: Vec<&[u8]> = rows.iter().map(|row| &*row.person).collect();
        let replaced = tx.execute(REPLACE, &[&ids, &a, &b, &people, &near_a, &near_b]).await?;
        if replaced < rows.len() as u64 {
            tx.execute(INSERT, &[&ids, &a, &b, &people, &near_a, &near_b]).await?;
        }
    }
    Ok(())
}

/// Runs of rows of which no two can mean the same stored row: one statement each keeps their order.
fn apart(mut rows: &[RegisterRow]) -> Vec<&[RegisterRow]> {
    let mut runs = Vec::new();
    while !rows.is_empty() {
        let (mut ids, mut a, mut b) = (HashSet::new(), HashSet::new(), HashSet::new());
        let placed = rows.first().is_some_and(|first| first.id > 0);
        let meets = |row: &RegisterRow| {
            // One that names its place may stand for a number that another one has.
            (row.id > 0) != placed
                || (placed && !ids.insert(row.id))
                || row.keys.a.is_some_and(|key| !a.insert(key))
                || row.keys.b.is_some_and(|key| !b.insert(key))
        };
        let (run, rest) = rows.split_at(rows.iter().position(meets).unwrap_or(rows.len()));
        runs.push(run);
        rows = rest;
    }
    runs
}

/// Rows by number, in the order asked.
pub(crate) async fn find(tx: &Tx<'_>, asked: &[NumberKeys]) -> Result<Vec<Option<RegisterRow>>, Stop> {
    let (a, b): (Vec<_>, Vec<_>) = asked.iter().map(|keys| (key(keys.a), key(keys.b))).unzip();
    tx.all(
        "-- register.find\nSELECT found.id, found.lookup_a, found.lookup_b, found.person, found.search_a, found.search_b \
         FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS asked (a, b, place) LEFT JOIN LATERAL \
         (SELECT id, lookup_a, lookup_b, person, search_a, search_b, 0 AS rank FROM register WHERE lookup_a = a UNION ALL \
         SELECT id, lookup_a, lookup_b, person, search_a, search_b, 1 FROM register WHERE lookup_b = b ORDER BY rank LIMIT 1) AS found ON true \
         ORDER BY place",
        &[&a, &b],
        |row| match row.try_get::<_, Option<i64>>(0)? {
            Some(_) => register_row(row).map(Some),
            None => Ok(None),
        },
    )
    .await
}

fn register_row(row: &Row) -> Result<RegisterRow, Bad> {
    Ok(RegisterRow {
        id: get_u64(row, 0)?,
        keys: get_keys(row, 1, 2)?,
        person: row.try_get(3)?,
        search: get_keys(row, 4, 5)?,
    })
}

/// Rows by name, date of birth and sex.
pub(crate) async fn search(tx: &Tx<'_>, search: NumberKeys, rows_max: u32) -> Result<Vec<RegisterRow>, Stop> {
    tx.all(
        "-- register.search\nSELECT id, lookup_a, lookup_b, person, search_a, search_b FROM register \
         WHERE search_a = $1 OR search_b = $2 ORDER BY id LIMIT $3",
        &[&key(search.a), &key(search.b), &i64::from(rows_max)],
        register_row,
    )
    .await
}

/// Rows in stored order.
pub(crate) async fn after(tx: &Tx<'_>, after: u64, rows_max: u32) -> Result<Vec<RegisterRow>, Stop> {
    tx.all(
        "-- register.after\nSELECT id, lookup_a, lookup_b, person, search_a, search_b FROM register WHERE id > $1 ORDER BY id LIMIT $2",
        &[&(after as i64), &i64::from(rows_max)],
        register_row,
    )
    .await
}

/// The key of a month.
pub(crate) async fn month_key(tx: &Tx<'_>, month: u32) -> Result<Option<Vec<u8>>, Stop> {
    tx.first("-- month_key.one\nSELECT month, key FROM month_key WHERE month = $1", &[&i64::from(month)], |row| {
        Ok(row.try_get(1)?)
    })
    .await
}

/// The key of a month; the first one proposed stands.
pub(crate) async fn propose_month_key(tx: &Tx<'_>, month: u32, key: &[u8]) -> Result<Option<Vec<u8>>, Stop> {
    tx.begin().await?;
    tx.execute(
        "-- month_key.propose\nINSERT INTO month_key (month, key) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[&i64::from(month), &key],
    )
    .await?;
    month_key(tx, month).await
}

/// All months' keys.
pub(crate) async fn month_keys(tx: &Tx<'_>) -> Result<Vec<(u32, Vec<u8>)>, Stop> {
    tx.all("-- month_key.all\nSELECT month, key FROM month_key ORDER BY month", &[], |row| {
        Ok((get_small(row, 0)?, row.try_get(1)?))
    })
    .await
}

/// Saves re-sealed months' keys.
pub(crate) async fn reseal_month_keys(tx: &Tx<'_>, keys: &[(u32, Vec<u8>)]) -> Result<(), Stop> {
    tx.begin().await?;
    for (month, key) in keys {
        tx.execute("-- month_key.reseal\nUPDATE month_key SET key = $1 WHERE month = $2", &[key, &i64::from(*month)])
            .await?;
    }
    Ok(())
}

/// A value of the installation.
pub(crate) async fn setting(tx: &Tx<'_>, name: &str) -> Result<Option<Vec<u8>>, Stop> {
    tx.first("-- setting.one\nSELECT name, value FROM setting WHERE name = $1", &[&name], |row| Ok(row.try_get(1)?))
        .await
}

/// Saves a value of the installation.
pub(crate) async fn set_setting(tx: &Tx<'_>, name: &str, value: &[u8]) -> Result<(), Stop> {
    tx.begin().await?;
    tx.execute(
        "-- setting.save\nINSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[&name, &value],
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_can_mean_the_same_are_never_in_one_statement() {
        let row = |id: u64, a: Option<u8>, b: Option<u8>| RegisterRow {
            id,
            keys: NumberKeys { a: a.map(|byte| [byte; 16]), b: b.map(|byte| [byte; 16]) },
            person: vec![id as u8],
            search: NumberKeys::default(),
        };
        for (rows, expected) in [
            (vec![], vec![]),
            (vec![row(0, Some(1), None), row(0, Some(2), None), row(0, None, Some(1))], vec![3]),
            (
                vec![row(0, Some(1), None), row(0, Some(2), None), row(0, Some(1), None), row(0, Some(2), None)],
                vec![2, 2],
            ),
            (vec![row(0, Some(1), Some(3)), row(0, Some(2), Some(3))], vec![1, 1]),
            (vec![row(1, Some(1), None), row(2, Some(2), None), row(1, Some(3), None)], vec![2, 1]),
            (vec![row(1, Some(1), None), row(0, Some(2), None), row(0, Some(3), None)], vec![1, 2]),
        ] {
            let lengths: Vec<usize> = apart(&rows).iter().map(|run| run.len()).collect();
            assert_eq!(lengths, expected);
        }
    }
}
