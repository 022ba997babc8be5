//! Small tables: the local register of demographics, the months' keys, and values of the installation.

use crate::effects::key;
use crate::told::Stop;
use crate::tx::{Bad, Tx};
use crate::values::{get_keys, get_small, get_u64};
use cpis_store::{NumberKeys, RegisterRow};
use tokio_postgres::Row;

/// Adds rows, or replaces those with the same place or number.
pub(crate) async fn put(tx: &Tx<'_>, rows: &[RegisterRow]) -> Result<(), Stop> {
    tx.begin().await?;
    for row in rows {
        let (a, b) = (key(row.keys.a), key(row.keys.b));
        let (search_a, search_b) = (key(row.search.a), key(row.search.b));
        let replaced = tx
            .execute(
                "-- register.replace\nUPDATE register SET lookup_a = $1, lookup_b = $2, person = $3, search_a = $5, search_b = $6 WHERE id = CASE WHEN $4::bigint > 0 \
                 THEN $4 ELSE (SELECT id FROM register WHERE lookup_a = $1 UNION ALL SELECT id FROM register WHERE lookup_b = $2 \
                 LIMIT 1) END",
                &[&a, &b, &row.person, &(row.id as i64), &search_a, &search_b],
            )
            .await?;
        if replaced == 0 {
            tx.execute(
                "-- register.insert\nINSERT INTO register (lookup_a, lookup_b, person, search_a, search_b) VALUES ($1, $2, $3, $4, $5)",
                &[&a, &b, &row.person, &search_a, &search_b],
            )
            .await?;
        }
    }
    Ok(())
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
