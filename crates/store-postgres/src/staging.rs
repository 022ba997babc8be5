//! Staging an upload in slices, and the short transaction that makes it visible.

use crate::batch::Batch;
use crate::copy::Copy;
use crate::pipeline::{Boxed, in_order};
use crate::told::Stop;
use crate::tx::Tx;
use crate::values::{date, get_group, get_small};
use crate::{journal, uploads};
use cpis_model::Timestamp;
use cpis_model::entry::PersonId;
use cpis_model::organisation::Phone;
use cpis_model::upload::Series;
use cpis_store::{ContactRow, Flip, GroupId, Place, PlanRow, Slice, StoreError};
use std::collections::{HashMap, HashSet};

/// Staged rows of each kind that one transaction removes.
const STAGED_REMOVED_AT_ONCE: i64 = 5000;

/// Marks a group as being staged. Twice is once; a group in the journal is [`StoreError::Stale`].
pub(crate) async fn begin(tx: &Tx<'_>, group: GroupId, at: Timestamp) -> Result<(), Stop> {
    tx.begin().await?;
    if journal::find_group(tx, group).await?.is_some() {
        return Err(StoreError::Stale.into());
    }
    tx.execute(
        "-- staging.begin\nINSERT INTO staging (group_no, at) VALUES ($1, $2) ON CONFLICT (group_no) DO NOTHING",
        &[&group.0, &at.as_millisecond()],
    )
    .await?;
    Ok(())
}

/// Whether a group is being staged; if so it is neither flipped nor discarded until the transaction ends.
async fn is_staged(tx: &Tx<'_>, group: GroupId) -> Result<bool, Stop> {
    let staged = tx
        .first(
            "-- staging.stands\nSELECT group_no FROM staging WHERE group_no = $1 AND discarded = 0 FOR UPDATE",
            &[&group.0],
            |_| Ok(()),
        )
        .await?;
    Ok(staged.is_some())
}

/// Stages a slice. The same slice twice is once: it is all there if its body is.
pub(crate) async fn stage(tx: &Tx<'_>, group: GroupId, slice: &Slice) -> Result<(), Stop> {
    let of_group = slice.plans.iter().all(|(_, plan)| plan.group == group)
        && slice.contact.iter().all(|contact| contact.group == group);
    if !of_group {
        return Err(StoreError::Stale.into());
    }
    tx.begin().await?;
    if !is_staged(tx, group).await? {
        return Err(StoreError::Stale.into());
    }
    let added = tx
        .execute(
            "-- upload_body.stage\nINSERT INTO upload_body (group_no, slice, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            &[&group.0, &i64::from(slice.number), &slice.body],
        )
        .await?;
    if added == 0 {
        return Ok(());
    }
    stage_leaves(tx, group, slice).await?;
    stage_plans(tx, &slice.plans).await?;
    if let Some(contact) = &slice.contact {
        stage_contact(tx, contact).await?;
    }
    Ok(())
}

async fn stage_leaves(tx: &Tx<'_>, group: GroupId, slice: &Slice) -> Result<(), Stop> {
    if slice.leaves.is_empty() {
        return Ok(());
    }
    let mut rows = Copy::new(3);
    for (ordinal, leaf) in (i64::from(slice.first_ordinal)..).zip(&slice.leaves) {
        rows.row().integer(group.0).integer(ordinal).bytes(leaf);
    }
    tx.copy("-- leaf.stage\nCOPY leaf (group_no, ordinal, hash) FROM STDIN BINARY", rows.finish()).await?;
    Ok(())
}

/// Nothing is kept of people erased meanwhile: while this lasts nobody erases them.
async fn stage_plans(tx: &Tx<'_>, plans: &[(PersonId, PlanRow)]) -> Result<(), Stop> {
    if plans.is_empty() {
        return Ok(());
    }
    let ids: HashSet<i64> = plans.iter().map(|(person, _)| person.value()).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    let erased: HashSet<i64> = tx
        .all(
            "-- person.erased\nSELECT id, data_key IS NULL FROM person WHERE id = ANY ($1) ORDER BY id FOR SHARE",
            &[&ids],
            |row| Ok((row.try_get::<_, i64>(0)?, row.try_get::<_, bool>(1)?)),
        )
        .await?
        .into_iter()
        .filter_map(|(id, erased)| erased.then_some(id))
        .collect();
    // A version that a slice brings twice counts as it comes last.
    let mut kept: HashMap<(i64, u128, u32), &PlanRow> = HashMap::with_capacity(plans.len());
    for (person, plan) in plans.iter().filter(|(person, _)| !erased.contains(&person.value())) {
        kept.insert((person.value(), plan.id.as_u128(), plan.version), plan);
    }
    let mut rows = Copy::new(10);
    for ((person, _, _), plan) in kept {
        rows.row()
            .integer(person)
            .bytes(plan.id.as_bytes())
            .integer(i64::from(plan.version))
            .integer(plan.group.0)
            .bytes(plan.authority.0.as_str().as_bytes())
            .integer(i64::from(plan.kind.number()))
            .integer(date(plan.dates.start))
            .optional_integer(plan.dates.end.map(date))
            .optional_integer(plan.dates.delete.map(date))
            .bytes(&plan.details);
    }
    tx.copy(
        "-- plan.stage\nCOPY plan (person_id, plan_id, version, group_no, authority, kind, start_on, end_on, delete_on, details) \
         FROM STDIN BINARY",
        rows.finish(),
    )
    .await?;
    Ok(())
}

async fn stage_contact(tx: &Tx<'_>, row: &ContactRow) -> Result<(), Stop> {
    tx.execute(
        "-- contact.stage\nINSERT INTO contact (authority, version, group_no, name, emergency, office) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        &[
            &row.authority.0.as_str(),
            &i64::from(row.version),
            &row.group.0,
            &row.name,
            &row.contact.emergency.as_str(),
            &row.contact.office.as_ref().map(Phone::as_str),
        ],
    )
    .await?;
    Ok(())
}

/// Makes a staged upload visible, if all its leaves stand: what is to be committed with the transaction.
pub(crate) async fn flip(tx: &Tx<'_>, flip: &Flip) -> Result<(Place, Batch), Stop> {
    let (mut next, mut staged) = (None, false);
    let steps: Vec<Boxed<'_, Result<(), Stop>>> = vec![
        Box::pin(tx.begin()),
        Box::pin(async {
            next = Some(journal::lock(tx).await?);
            Ok(())
        }),
    ];
    in_order(steps).await.into_iter().collect::<Result<(), Stop>>()?;
    staged |= is_staged(tx, flip.group).await?;
    let Some((seq, first_index)) = next.filter(|_| staged) else { return Err(StoreError::Stale.into()) };
    if uploads::last(tx, flip.upload.authority, Series::of(flip.upload.sequence)).await? != flip.expected_last {
        return Err(StoreError::Stale.into());
    }
    let last = tx
        .first(
            "-- leaf.last\nSELECT group_no, ordinal FROM leaf WHERE group_no = $1 ORDER BY ordinal DESC LIMIT 1",
            &[&flip.group.0],
            |row| get_small::<u32>(row, 1),
        )
        .await?;
    if last.map_or(0, |last| last.saturating_add(1)) != flip.count {
        return Err(StoreError::Corrupt(format!("staging, row {}", flip.group.0)).into());
    }
    uploads::save(tx, &flip.upload, Some((flip.group, flip.at))).await?;
    let place = Place { seq, first_index, count: flip.count };
    let mut batch = Batch::default();
    journal::add(&mut batch, place, flip.group, &flip.digest, None);
    batch.add("-- staging.end\nDELETE FROM staging WHERE group_no = $1", crate::batch::owned![flip.group.0]);
    Ok((place, batch))
}

/// Removes some of what is staged under a group; says whether there may be more. From the first call on the group cannot be
/// flipped any more. A group that is not staged is left alone.
pub(crate) async fn discard_some(tx: &Tx<'_>, group: GroupId) -> Result<bool, Stop> {
    tx.begin().await?;
    let removed = tx
        .first("-- staging.discard\nSELECT discard_staged($1, $2)", &[&group.0, &STAGED_REMOVED_AT_ONCE], |row| {
            Ok(row.try_get::<_, i64>(0)?)
        })
        .await?;
    Ok(removed.is_some_and(|removed| removed > 0))
}

/// Groups whose staging began before a moment.
pub(crate) async fn stale(tx: &Tx<'_>, before: Timestamp) -> Result<Vec<GroupId>, Stop> {
    tx.all(
        "-- staging.stale\nSELECT group_no FROM staging WHERE at < $1 ORDER BY group_no",
        &[&before.as_millisecond()],
        |row| get_group(row, 0),
    )
    .await
}
