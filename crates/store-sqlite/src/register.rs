//! Small tables: the local register of demographics, the months' keys, and values of the installation.

use crate::tx::{Bad, Stop, Tx};
use crate::values::{get_keys, get_u64};
use cpis_store::{NumberKeys, RegisterRow};
use rusqlite::{Row, params};

/// Adds rows, or replaces those with the same place or number.
pub(crate) fn put(tx: &Tx<'_>, rows: &[RegisterRow]) -> Result<(), Stop> {
    let mut find = tx.prepare(
        "-- register.place\nSELECT id FROM register WHERE lookup_a = ?1 UNION ALL \
         SELECT id FROM register WHERE lookup_b = ?2 LIMIT 1",
    )?;
    let mut put = tx.prepare(
        "-- register.put\nINSERT INTO register (id, lookup_a, lookup_b, person, search_a, search_b) VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET lookup_a = excluded.lookup_a, lookup_b = excluded.lookup_b, person = excluded.person, \
         search_a = excluded.search_a, search_b = excluded.search_b",
    )?;
    for row in rows {
        let place = match row.id {
            0 => find.first(params![row.keys.a, row.keys.b], |row| get_u64(row, 0))?,
            id => Some(id),
        };
        put.execute(params![
            place.map(|id| id as i64),
            row.keys.a,
            row.keys.b,
            row.person,
            row.search.a,
            row.search.b
        ])?;
    }
    Ok(())
}

fn register_row(row: &Row<'_>) -> Result<RegisterRow, Bad> {
    Ok(RegisterRow {
        id: get_u64(row, 0)?,
        keys: get_keys(row, 1, 2)?,
        person: row.get(3)?,
        search: get_keys(row, 4, 5)?,
    })
}

/// Rows by number, in the order asked.
pub(crate) fn find(tx: &Tx<'_>, asked: &[NumberKeys]) -> Result<Vec<Option<RegisterRow>>, Stop> {
    let mut one = tx.prepare(
        "-- register.find\nSELECT id, lookup_a, lookup_b, person, search_a, search_b FROM register WHERE lookup_a = ?1 UNION ALL \
         SELECT id, lookup_a, lookup_b, person, search_a, search_b FROM register WHERE lookup_b = ?2 LIMIT 1",
    )?;
    asked.iter().map(|keys| one.first(params![keys.a, keys.b], register_row)).collect()
}

/// Rows by name, date of birth and sex.
pub(crate) fn search(tx: &Tx<'_>, search: NumberKeys, rows_max: u32) -> Result<Vec<RegisterRow>, Stop> {
    tx.all(
        "-- register.search\nSELECT id, lookup_a, lookup_b, person, search_a, search_b FROM register WHERE search_a = ?1 UNION \
         SELECT id, lookup_a, lookup_b, person, search_a, search_b FROM register WHERE search_b = ?2 ORDER BY id LIMIT ?3",
        params![search.a, search.b, rows_max],
        register_row,
    )
}

/// Rows in stored order.
pub(crate) fn after(tx: &Tx<'_>, after: u64, rows_max: u32) -> Result<Vec<RegisterRow>, Stop> {
    tx.all(
        "-- register.after\nSELECT id, lookup_a, lookup_b, person, search_a, search_b FROM register WHERE id > ? ORDER BY id LIMIT ?",
        params![after as i64, rows_max],
        register_row,
    )
}

/// The key of a month.
pub(crate) fn month_key(tx: &Tx<'_>, month: u32) -> Result<Option<Vec<u8>>, Stop> {
    tx.first("-- month_key.one\nSELECT month, key FROM month_key WHERE month = ?", [month], |row| Ok(row.get(1)?))
}

/// The key of a month; the first one proposed stands.
pub(crate) fn propose_month_key(tx: &Tx<'_>, month: u32, key: &[u8]) -> Result<Option<Vec<u8>>, Stop> {
    tx.execute(
        "-- month_key.propose\nINSERT OR IGNORE INTO month_key (month, key) VALUES (?, ?)",
        params![month, key],
    )?;
    month_key(tx, month)
}

/// All months' keys.
pub(crate) fn month_keys(tx: &Tx<'_>) -> Result<Vec<(u32, Vec<u8>)>, Stop> {
    tx.all("-- month_key.all\nSELECT month, key FROM month_key ORDER BY month", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// Saves re-sealed months' keys.
pub(crate) fn reseal_month_keys(tx: &Tx<'_>, keys: &[(u32, Vec<u8>)]) -> Result<(), Stop> {
    let mut update = tx.prepare("-- month_key.reseal\nUPDATE month_key SET key = ? WHERE month = ?")?;
    for (month, key) in keys {
        update.execute(params![key, month])?;
    }
    Ok(())
}

/// A value of the installation.
pub(crate) fn setting(tx: &Tx<'_>, name: &str) -> Result<Option<Vec<u8>>, Stop> {
    tx.first("-- setting.one\nSELECT rowid, value FROM setting WHERE name = ?", [name], |row| Ok(row.get(1)?))
}

/// Saves a value of the installation.
pub(crate) fn set_setting(tx: &Tx<'_>, name: &str, value: &[u8]) -> Result<(), Stop> {
    tx.execute("-- setting.save\nINSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", params![name, value])?;
    Ok(())
}
