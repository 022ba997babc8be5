//! Plans and contacts. A row is visible unless its group is being staged.

use crate::told::Stop;
use crate::tx::{Bad, Tx};
use crate::values::{get_authority, get_date, get_group, get_optional_date, get_person, get_small, get_uuid};
use cpis_model::entry::PersonId;
use cpis_model::organisation::Contact;
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_store::{ContactRow, PlanKey, PlanRow};
use tokio_postgres::Row;

/// The plan in the columns from `at` on.
pub(crate) fn plan_at(row: &Row, at: usize) -> Result<PlanRow, Bad> {
    Ok(PlanRow {
        id: get_uuid(row, at)?,
        version: get_small(row, at + 1)?,
        group: get_group(row, at + 2)?,
        authority: get_authority(row, at + 3)?,
        kind: PlanKind::from_number(get_small(row, at + 4)?).ok_or(Bad)?,
        dates: PlanDates {
            start: get_date(row, at + 5)?,
            end: get_optional_date(row, at + 6)?,
            delete: get_optional_date(row, at + 7)?,
        },
        details: row.try_get(at + 8)?,
    })
}

/// The contact in the columns from `at` on.
pub(crate) fn contact_at(row: &Row, at: usize) -> Result<ContactRow, Bad> {
    let office: Option<&str> = row.try_get(at + 5)?;
    Ok(ContactRow {
        group: get_group(row, at)?,
        authority: get_authority(row, at + 1)?,
        version: get_small(row, at + 2)?,
        name: row.try_get(at + 3)?,
        contact: Contact {
            emergency: row.try_get::<_, &str>(at + 4)?.parse().map_err(|_| Bad)?,
            office: office.map(|office| office.parse().map_err(|_| Bad)).transpose()?,
        },
    })
}

/// All visible versions of all contacts.
pub(crate) async fn contacts(tx: &Tx<'_>) -> Result<Vec<ContactRow>, Stop> {
    tx.all(
        "-- contact.all\nSELECT group_no, authority, version, name, emergency, office FROM contact \
         WHERE group_no NOT IN (SELECT group_no FROM staging) ORDER BY authority, version, group_no",
        &[],
        |row| contact_at(row, 0),
    )
    .await
}

/// All visible plan versions in stored order.
pub(crate) async fn after(
    tx: &Tx<'_>,
    after: Option<PlanKey>,
    rows_max: u32,
) -> Result<Vec<(PersonId, PlanRow)>, Stop> {
    // Nobody has the id 0.
    let (person, plan, version, group) = after.map_or((0, Vec::new(), 0, 0), |key| {
        (key.person.value(), key.plan.as_bytes().to_vec(), i64::from(key.version), key.group.0)
    });
    tx.all(
        "-- plan.after\nSELECT person_id, plan_id, version, group_no, authority, kind, start_on, end_on, delete_on, details \
         FROM plan WHERE (person_id, plan_id, version, group_no) > ($1, $2, $3, $4) \
         AND group_no NOT IN (SELECT group_no FROM staging) ORDER BY person_id, plan_id, version, group_no LIMIT $5",
        &[&person, &plan, &version, &group, &i64::from(rows_max)],
        |row| Ok((get_person(row, 0)?, plan_at(row, 1)?)),
    )
    .await
}
