//! What time alone does: visits that may be asked about by now, and rows that were kept long enough.

use super::{Store, StoreError, rows, settle};
use crate::facts::Unchecked;
use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

/// Visits that are purged in one transaction at most.
const PURGED_MAX: i64 = 2000;

/// A visit whose end was never told is kept this many times as long as another.
const LONG_STAY: u32 = 12;

/// How long rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Days after which a visit goes, counted from its last change; one that never ended is kept twelve times as long.
    pub visit_days: u32,
    /// Days for which the messages themselves are kept.
    pub raw_days: u32,
    /// Days for which a message is known again, and for notes.
    pub seen_days: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { visit_days: 30, raw_days: 7, seen_days: 14 }
    }
}

impl Store {
    /// Looks again at visits that wait for their time, and at what became too old to be asked.
    pub async fn look_again(&self, now: Timestamp) -> Result<(), StoreError> {
        self.step(move |connection, ground| {
            for visit in rows::visits_unchecked(connection, ground, [Unchecked::Future, Unchecked::Waiting])? {
                settle::visit(connection, ground, visit, now)?;
            }
            Ok(())
        })
        .await
    }

    /// Removes what was kept long enough. Tells how many visits went.
    pub async fn purge(&self, keep: Keep, now: Timestamp) -> Result<u64, StoreError> {
        self.step(move |connection, _| {
            let before = |days: u32| {
                now.checked_sub(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(Timestamp::MIN).as_millisecond()
            };
            let visits = connection
                .prepare_cached(
                    "-- purge.visits\nDELETE FROM visit WHERE key IN (SELECT key FROM visit WHERE (touched < ?1 AND state != 0) \
                     OR touched < ?2 LIMIT ?3)",
                )?
                .execute(params![before(keep.visit_days), before(keep.visit_days * LONG_STAY), PURGED_MAX])?;
            for (sql, days) in [
                ("-- purge.asks\nDELETE FROM ask WHERE visit_key NOT IN (SELECT key FROM visit) AND made < ?1", keep.visit_days),
                ("-- purge.pushes\nDELETE FROM push WHERE state != 0 AND made < ?1", keep.visit_days),
                (
                    "-- purge.persons\nDELETE FROM person WHERE touched < ?1 AND key NOT IN (SELECT person_key FROM visit) \
                     AND key NOT IN (SELECT into_key FROM person WHERE into_key IS NOT NULL)",
                    keep.visit_days,
                ),
                ("-- purge.moved\nDELETE FROM moved WHERE touched < ?1", keep.visit_days),
                ("-- purge.raw\nDELETE FROM raw WHERE at < ?1", keep.raw_days),
                ("-- purge.dead_letters\nDELETE FROM dead_letter WHERE at < ?1", keep.visit_days),
                ("-- purge.seen\nDELETE FROM seen WHERE at < ?1", keep.seen_days),
                ("-- purge.notes\nDELETE FROM note WHERE at < ?1", keep.seen_days),
            ] {
                connection.prepare_cached(sql)?.execute([before(days)])?;
            }
            Ok(visits as u64)
        })
        .await
    }

    /// Lets the file grow by so many pages at most, as a full disk does; `None` for as it likes.
    pub async fn limit_pages(&self, more: Option<u32>) -> Result<(), StoreError> {
        self.step(move |connection, _| {
            let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            let most = more.map_or(i64::from(u32::MAX) - 2, |more| pages + i64::from(more));
            connection.pragma_update_and_check(None, "max_page_count", most, |_| Ok(()))?;
            Ok(())
        })
        .await
    }

    /// Removes a note that somebody has looked at.
    pub async fn note_done(&self, id: i64) -> Result<bool, StoreError> {
        self.step(move |connection, _| {
            Ok(connection.prepare_cached("-- note.done\nDELETE FROM note WHERE id = ?1")?.execute([id])? > 0)
        })
        .await
    }
}
