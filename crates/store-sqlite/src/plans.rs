//! Plans and contacts. A row is visible unless its group is being staged.

use crate::tx::{Bad, Prepared, Stop, Tx};
use crate::values::{date, get_authority, get_date, get_group, get_optional_date, get_person, get_uuid};
use cpis_model::entry::PersonId;
use cpis_model::organisation::{AuthorityCode, Contact, Phone};
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_store::{ContactRow, Found, GroupId, PlanKey, PlanRow};
use rusqlite::{Row, params};
use std::collections::HashMap;

/// The groups that are being staged: few or none.
pub(crate) struct Staging(pub(crate) Vec<GroupId>);

impl Staging {
    fn holds(&self, group: GroupId) -> bool {
        self.0.contains(&group)
    }
}

/// Which groups are being staged at this moment.
pub(crate) fn staging(tx: &Tx<'_>) -> Result<Staging, Stop> {
    Ok(Staging(tx.all("-- staging.groups\nSELECT group_no FROM staging", [], |row| get_group(row, 0))?))
}

/// Finds the latest visible version of each plan of a person.
pub(crate) struct Latest<'a>(Prepared<'a>);

impl<'a> Latest<'a> {
    pub(crate) fn prepare(tx: &Tx<'a>) -> Result<Self, Stop> {
        Ok(Self(tx.prepare(
            "-- plan.latest\nSELECT person_id, plan_id, version, group_no, authority, kind, start_on, end_on, delete_on, \
             details FROM plan WHERE person_id = ? ORDER BY plan_id DESC, version DESC, group_no DESC",
        )?))
    }

    pub(crate) fn of(&mut self, person: PersonId, staging: &Staging) -> Result<Vec<PlanRow>, Stop> {
        let mut latest: Vec<PlanRow> = Vec::new();
        self.0.until([person.value()], |row| {
            let id = get_uuid(row, 1)?;
            if latest.last().is_none_or(|plan| plan.id != id) && !staging.holds(get_group(row, 3)?) {
                latest.push(plan(row)?);
            }
            Ok(true)
        })?;
        Ok(latest)
    }
}

fn plan(row: &Row<'_>) -> Result<PlanRow, Bad> {
    Ok(PlanRow {
        id: get_uuid(row, 1)?,
        version: row.get(2)?,
        group: get_group(row, 3)?,
        authority: get_authority(row, 4)?,
        kind: PlanKind::from_number(row.get(5)?).ok_or(Bad)?,
        dates: PlanDates {
            start: get_date(row, 6)?,
            end: get_optional_date(row, 7)?,
            delete: get_optional_date(row, 8)?,
        },
        details: row.get(9)?,
    })
}

fn contact(row: &Row<'_>) -> Result<ContactRow, Bad> {
    let office = row.get_ref(5)?.as_str_or_null().map_err(|_| Bad)?;
    Ok(ContactRow {
        group: get_group(row, 0)?,
        authority: get_authority(row, 1)?,
        version: row.get(2)?,
        name: row.get(3)?,
        contact: Contact {
            emergency: row.get_ref(4)?.as_str().map_err(|_| Bad)?.parse().map_err(|_| Bad)?,
            office: office.map(|office| office.parse().map_err(|_| Bad)).transpose()?,
        },
    })
}

/// The latest visible contact of every authority of the plans found.
pub(crate) fn contacts_of(
    tx: &Tx<'_>,
    found: &[Vec<Found>],
    staging: &Staging,
) -> Result<HashMap<AuthorityCode, ContactRow>, Stop> {
    let mut contacts = HashMap::new();
    let mut statement = None;
    for plan in found.iter().flatten().flat_map(|found| &found.plans) {
        if contacts.contains_key(&plan.authority) {
            continue;
        }
        let latest = match &mut statement {
            Some(latest) => latest,
            none => none.insert(tx.prepare(
                "-- contact.latest\nSELECT group_no, authority, version, name, emergency, office FROM contact \
                 WHERE authority = ? ORDER BY version DESC, group_no DESC",
            )?),
        };
        let mut visible = None;
        latest.until([plan.authority.0.as_str()], |row| {
            if staging.holds(get_group(row, 0)?) {
                return Ok(true);
            }
            visible = Some(contact(row)?);
            Ok(false)
        })?;
        if let Some(visible) = visible {
            contacts.insert(plan.authority, visible);
        }
    }
    Ok(contacts)
}

/// All visible versions of all contacts.
pub(crate) fn contacts(tx: &Tx<'_>) -> Result<Vec<ContactRow>, Stop> {
    tx.all(
        "-- contact.all\nSELECT group_no, authority, version, name, emergency, office FROM contact \
         WHERE group_no NOT IN (SELECT group_no FROM staging) ORDER BY authority, version, group_no",
        [],
        contact,
    )
}

/// All visible plan versions in stored order.
pub(crate) fn after(tx: &Tx<'_>, after: Option<PlanKey>, rows_max: u32) -> Result<Vec<(PersonId, PlanRow)>, Stop> {
    let decode = |row: &Row<'_>| Ok((get_person(row, 0)?, plan(row)?));
    match after {
        None => tx.all(
            "-- plan.first\nSELECT person_id, plan_id, version, group_no, authority, kind, start_on, end_on, delete_on, details \
             FROM plan WHERE group_no NOT IN (SELECT group_no FROM staging) \
             ORDER BY person_id, plan_id, version, group_no LIMIT ?",
            params![rows_max],
            decode,
        ),
        Some(key) => tx.all(
            "-- plan.after\nSELECT person_id, plan_id, version, group_no, authority, kind, start_on, end_on, delete_on, details \
             FROM plan WHERE (person_id, plan_id, version, group_no) > (?, ?, ?, ?) \
             AND group_no NOT IN (SELECT group_no FROM staging) \
             ORDER BY person_id, plan_id, version, group_no LIMIT ?",
            params![key.person.value(), key.plan.as_bytes(), key.version, key.group.0, rows_max],
            decode,
        ),
    }
}

/// Stages new plan versions. Nothing is kept of people erased meanwhile.
pub(crate) fn stage_plans(tx: &Tx<'_>, plans: &[(PersonId, PlanRow)]) -> Result<(), Stop> {
    let mut insert = tx.prepare(
        "-- plan.stage\nINSERT OR REPLACE INTO plan (person_id, plan_id, version, group_no, authority, kind, start_on, end_on, \
         delete_on, details) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 \
         WHERE NOT EXISTS (SELECT 1 FROM person WHERE id = ?1 AND data_key IS NULL)",
    )?;
    for (person, plan) in plans {
        insert.execute(params![
            person.value(),
            plan.id.as_bytes(),
            plan.version,
            plan.group.0,
            plan.authority.0.as_str(),
            plan.kind.number(),
            date(plan.dates.start),
            plan.dates.end.map(date),
            plan.dates.delete.map(date),
            plan.details,
        ])?;
    }
    Ok(())
}

/// Stages new numbers of an authority.
pub(crate) fn stage_contact(tx: &Tx<'_>, row: &ContactRow) -> Result<(), Stop> {
    tx.execute(
        "-- contact.stage\nINSERT OR REPLACE INTO contact (authority, version, group_no, name, emergency, office) \
         VALUES (?, ?, ?, ?, ?, ?)",
        params![
            row.authority.0.as_str(),
            row.version,
            row.group.0,
            row.name,
            row.contact.emergency.as_str(),
            row.contact.office.as_ref().map(Phone::as_str),
        ],
    )?;
    Ok(())
}
