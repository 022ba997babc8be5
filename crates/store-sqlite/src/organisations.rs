//! The register of organisations: one row a version.

use crate::tx::{Bad, Stop, Tx};
use crate::values::{get_group, get_small, get_u64};
use cpis_store::{GroupId, NewOrganisation, OrganisationRow};
use rusqlite::{Row, params};

/// Adds a version of a record, if it is the next one: otherwise it would have none, which the table refuses.
pub(crate) fn add(tx: &Tx<'_>, group: GroupId, new: &NewOrganisation) -> Result<(), Stop> {
    tx.execute(
        "-- organisation.insert\nINSERT INTO organisation (number, kind, code, version, record, group_no) \
         SELECT (SELECT coalesce(max(number), 0) FROM organisation) + 1, ?1, ?2, \
         (SELECT CASE WHEN coalesce(max(version), 0) + 1 = ?5 THEN ?5 END FROM organisation WHERE kind = ?1 AND code = ?2), \
         ?3, ?4",
        params![new.kind, new.code, new.record, group.0, new.version],
    )?;
    Ok(())
}

fn organisation(row: &Row<'_>) -> Result<OrganisationRow, Bad> {
    Ok(OrganisationRow {
        number: get_u64(row, 0)?,
        kind: get_small(row, 1)?,
        code: row.get(2)?,
        version: row.get(3)?,
        record: row.get(4)?,
        group: get_group(row, 5)?,
    })
}

/// Versions in the order in which they were made.
pub(crate) fn after(tx: &Tx<'_>, number: u64, rows_max: u32) -> Result<Vec<OrganisationRow>, Stop> {
    tx.all(
        "-- organisation.after\nSELECT number, kind, code, version, record, group_no FROM organisation WHERE number > ? \
         ORDER BY number LIMIT ?",
        params![number as i64, rows_max],
        organisation,
    )
}
