//! The schema's version: what this program knows, and which others it can work with.

use crate::told::Stop;
use crate::tx::Tx;
use crate::values::get_small;
use cpis_store::StoreError;

/// The schema that this program knows.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// A change of the schema. Forward only: what it takes away was not used by the program before.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) version: u32,
    /// The oldest program, by the schema that it knows, that still works on the schema afterwards.
    pub(crate) serves: u32,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// All of them, in order.
pub(crate) const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, serves: 1, name: "the first schema", sql: include_str!("001.sql") }];

/// Whether a program that knows `known` can work on what was found: the schema's version, and the oldest program that it serves.
pub(crate) fn judge(found: Option<(u32, u32)>, known: u32) -> Result<(), StoreError> {
    let (version, serves) = found.unwrap_or_default();
    if version == known || (version > known && serves <= known) {
        Ok(())
    } else {
        Err(StoreError::Schema { found: version, needed: known })
    }
}

/// The newest schema that the database has and the oldest program that it serves, if it has one at all.
pub(crate) async fn found(tx: &Tx<'_>) -> Result<Option<(u32, u32)>, Stop> {
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
        |row| Ok((get_small(row, 0)?, get_small(row, 1)?)),
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_schemas_are_refused_and_newer_ones_if_they_say_so() {
        for (found, known, fits) in [
            (None, 1, false),
            (Some((1, 1)), 1, true),
            (Some((1, 1)), 2, false),
            (Some((2, 1)), 1, true),
            (Some((3, 2)), 1, false),
            (Some((3, 2)), 2, true),
            (Some((3, 3)), 2, false),
        ] {
            assert_eq!(judge(found, known).is_ok(), fits, "{found:?}, {known}");
        }
    }

    #[test]
    fn versions_are_numbered_without_gaps() {
        let versions: Vec<u32> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (1..=SCHEMA_VERSION).collect::<Vec<_>>());
    }
}
