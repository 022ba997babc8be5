//! What the doors keep: sessions, local accounts, what may be used once.

use crate::told::Stop;
use crate::tx::{Bad, Tx};
use crate::values::{get_array, get_optional_array, get_optional_time, get_small, get_u64};
use cpis_model::Timestamp;
use cpis_store::{Forget, KeptGroup, KeptKind, KeptRow};
use tokio_postgres::Row;

fn kept(row: &Row) -> Result<KeptRow, Bad> {
    Ok(KeptRow {
        revision: get_u64(row, 0)?,
        kind: KeptKind::from_number(get_small(row, 1)?).ok_or(Bad)?,
        id: get_array(row, 2)?,
        groups: [get_optional_array(row, 3)?, get_optional_array(row, 4)?],
        ends: get_optional_time(row, 5)?,
        body: row.try_get(6)?,
    })
}

/// Keeps something, if nobody changed it meanwhile.
pub(crate) async fn keep(tx: &Tx<'_>, row: &KeptRow, now: Timestamp) -> Result<bool, Stop> {
    tx.begin().await?;
    let [first, second] = row.groups.map(|group| group.map(|group| group.to_vec()));
    let changed = tx
        .execute(
            "-- kept.keep\nINSERT INTO kept (kind, id, revision, group_a, group_b, ends, body) \
             SELECT $1::bigint, $2::bytea, $3::bigint, $4::bytea, $5::bytea, $6::bigint, $7::bytea \
             WHERE $3 = 1 OR EXISTS (SELECT FROM kept WHERE kind = $1 AND id = $2) \
             ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, group_a = excluded.group_a, \
             group_b = excluded.group_b, ends = excluded.ends, body = excluded.body \
             WHERE kept.revision = excluded.revision - 1 OR (excluded.revision = 1 AND kept.ends <= $8)",
            &[
                &i64::from(row.kind.number()),
                &row.id.as_slice(),
                &(row.revision as i64),
                &first,
                &second,
                &row.ends.map(Timestamp::as_millisecond),
                &row.body,
                &now.as_millisecond(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Something kept.
pub(crate) async fn one(tx: &Tx<'_>, kind: KeptKind, id: &[u8; 32]) -> Result<Option<KeptRow>, Stop> {
    tx.first(
        "-- kept.one\nSELECT revision, kind, id, group_a, group_b, ends, body FROM kept WHERE kind = $1 AND id = $2",
        &[&i64::from(kind.number()), &id.as_slice()],
        kept,
    )
    .await
}

/// All of a kind, in the order of their ids.
pub(crate) async fn after(
    tx: &Tx<'_>,
    kind: KeptKind,
    after: Option<[u8; 32]>,
    rows_max: u32,
) -> Result<Vec<KeptRow>, Stop> {
    let after = after.as_ref().map_or(&[][..], |id| &id[..]);
    tx.all(
        "-- kept.after\nSELECT revision, kind, id, group_a, group_b, ends, body FROM kept WHERE kind = $1 AND id > $2 \
         ORDER BY id LIMIT $3",
        &[&i64::from(kind.number()), &after, &i64::from(rows_max)],
        kept,
    )
    .await
}

/// Forgets some.
pub(crate) async fn forget(tx: &Tx<'_>, kind: KeptKind, which: Forget) -> Result<u64, Stop> {
    tx.begin().await?;
    let kind = i64::from(kind.number());
    match which {
        Forget::One(id) => {
            let sql = "-- kept.forget\nDELETE FROM kept WHERE kind = $1 AND id = $2";
            tx.execute(sql, &[&kind, &id.as_slice()]).await
        }
        Forget::Group(KeptGroup::First, group) => {
            let sql = "-- kept.forget_first\nDELETE FROM kept WHERE kind = $1 AND group_a = $2";
            tx.execute(sql, &[&kind, &group.as_slice()]).await
        }
        Forget::Group(KeptGroup::Second, group) => {
            let sql = "-- kept.forget_second\nDELETE FROM kept WHERE kind = $1 AND group_b = $2";
            tx.execute(sql, &[&kind, &group.as_slice()]).await
        }
        Forget::Ended(at) => {
            let sql = "-- kept.forget_ended\nDELETE FROM kept WHERE kind = $1 AND ends <= $2";
            tx.execute(sql, &[&kind, &at.as_millisecond()]).await
        }
        Forget::All => tx.execute("-- kept.forget_all\nDELETE FROM kept WHERE kind = $1", &[&kind]).await,
    }
}
