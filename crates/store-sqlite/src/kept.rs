//! What the doors keep: sessions, local accounts, what may be used once.

use crate::tx::{Bad, Stop, Tx};
use crate::values::{get_optional_time, get_small, get_u64};
use cpis_model::Timestamp;
use cpis_store::{Forget, KeptGroup, KeptKind, KeptRow};
use rusqlite::{Row, params};

fn kept(row: &Row<'_>) -> Result<KeptRow, Bad> {
    Ok(KeptRow {
        revision: get_u64(row, 0)?,
        kind: KeptKind::from_number(get_small(row, 1)?).ok_or(Bad)?,
        id: row.get(2)?,
        groups: [row.get(3)?, row.get(4)?],
        ends: get_optional_time(row, 5)?,
        body: row.get(6)?,
    })
}

/// Keeps something, if nobody changed it meanwhile.
pub(crate) fn keep(tx: &Tx<'_>, row: &KeptRow, now: Timestamp) -> Result<bool, Stop> {
    let changed = tx.execute(
        "-- kept.keep\nINSERT INTO kept (kind, id, revision, group_a, group_b, ends, body) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 \
         WHERE ?3 = 1 OR EXISTS (SELECT 1 FROM kept WHERE kind = ?1 AND id = ?2) \
         ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, group_a = excluded.group_a, \
         group_b = excluded.group_b, ends = excluded.ends, body = excluded.body \
         WHERE kept.revision = excluded.revision - 1 OR (excluded.revision = 1 AND kept.ends <= ?8)",
        params![
            row.kind.number(),
            row.id,
            row.revision as i64,
            row.groups[0],
            row.groups[1],
            row.ends.map(Timestamp::as_millisecond),
            row.body,
            now.as_millisecond()
        ],
    )?;
    Ok(changed == 1)
}

/// Something kept.
pub(crate) fn one(tx: &Tx<'_>, kind: KeptKind, id: &[u8; 32]) -> Result<Option<KeptRow>, Stop> {
    tx.first(
        "-- kept.one\nSELECT revision, kind, id, group_a, group_b, ends, body FROM kept WHERE kind = ? AND id = ?",
        params![kind.number(), id],
        kept,
    )
}

/// All of a kind, in the order of their ids.
pub(crate) fn after(tx: &Tx<'_>, kind: KeptKind, after: Option<[u8; 32]>, rows_max: u32) -> Result<Vec<KeptRow>, Stop> {
    let after = after.as_ref().map_or(&[][..], |id| &id[..]);
    tx.all(
        "-- kept.after\nSELECT revision, kind, id, group_a, group_b, ends, body FROM kept WHERE kind = ? AND id > ? \
         ORDER BY id LIMIT ?",
        params![kind.number(), after, rows_max],
        kept,
    )
}

/// Forgets some.
pub(crate) fn forget(tx: &Tx<'_>, kind: KeptKind, which: Forget) -> Result<u64, Stop> {
    let kind = kind.number();
    let gone = match which {
        Forget::One(id) => tx.execute("-- kept.forget\nDELETE FROM kept WHERE kind = ? AND id = ?", params![kind, id]),
        Forget::Group(KeptGroup::First, group) => {
            tx.execute("-- kept.forget_first\nDELETE FROM kept WHERE kind = ? AND group_a = ?", params![kind, group])
        }
        Forget::Group(KeptGroup::Second, group) => {
            tx.execute("-- kept.forget_second\nDELETE FROM kept WHERE kind = ? AND group_b = ?", params![kind, group])
        }
        Forget::Ended(at) => tx.execute(
            "-- kept.forget_ended\nDELETE FROM kept WHERE kind = ? AND ends <= ?",
            params![kind, at.as_millisecond()],
        ),
        Forget::All => tx.execute("-- kept.forget_all\nDELETE FROM kept WHERE kind = ?", [kind]),
    };
    Ok(gone? as u64)
}
