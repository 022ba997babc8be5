//! The schema: its migrations, and what a database says of itself.

use crate::told::Stop;
use crate::tx::Tx;
use crate::values::get_small;
use cpis_store::migrations::{Migration, Stamp};

/// All migrations, in order.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, serves: 1, name: "the first schema", sql: include_str!("001.sql") },
    // A node of schema 1 writes what this one adds columns to by naming its own columns, so it may go on beside.
    Migration { version: 2, serves: 1, name: "organisations, sessions, reports", sql: include_str!("002.sql") },
    Migration { version: 3, serves: 1, name: "mailboxes", sql: include_str!("003.sql") },
    // An older program would not say which authorities a look owed a notice, and the next look would tell them again.
    Migration { version: 4, serves: 4, name: "looks with what they owe", sql: include_str!("004.sql") },
];

/// The newest schema that the database has and the oldest program that it serves, if it has one at all.
pub(crate) async fn found(tx: &Tx<'_>) -> Result<Option<Stamp>, Stop> {
    let there = tx
        .first("-- schema.there\nSELECT to_regclass('schema_version') IS NOT NULL", &[], |row| {
            Ok(row.try_get::<_, bool>(0)?)
        })
        .await?;
    if there != Some(true) {
        return Ok(None);
    }
    tx.first(
        "-- schema.version\nSELECT version, serves FROM schema_version ORDER BY version DESC LIMIT 1",
        &[],
        |row| Ok(Stamp { version: get_small(row, 0)?, serves: get_small(row, 1)? }),
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpis_store::migrations::newest;

    #[test]
    fn versions_are_numbered_without_gaps() {
        let versions: Vec<u32> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (1..=newest(MIGRATIONS)).collect::<Vec<_>>());
    }
}
