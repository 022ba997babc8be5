//! The register of organisations: one row a version. What adds one is an effect of an entry.

use crate::told::Stop;
use crate::tx::{Bad, Tx};
use crate::values::{get_small, get_u64};
use cpis_store::{GroupId, OrganisationRow};
use tokio_postgres::Row;

fn organisation(row: &Row) -> Result<OrganisationRow, Bad> {
    Ok(OrganisationRow {
        number: get_u64(row, 0)?,
        kind: get_small(row, 1)?,
        code: row.try_get(2)?,
        version: get_small(row, 3)?,
        record: row.try_get(4)?,
        group: GroupId(row.try_get(5)?),
    })
}

/// Versions in the order in which they were made.
pub(crate) async fn after(tx: &Tx<'_>, number: u64, rows_max: u32) -> Result<Vec<OrganisationRow>, Stop> {
    tx.all(
        "-- organisation.after\nSELECT number, kind, code, version, record, group_no FROM organisation WHERE number > $1 \
         ORDER BY number LIMIT $2",
        &[&(number as i64), &i64::from(rows_max)],
        organisation,
    )
    .await
}
