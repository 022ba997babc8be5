//! A stream put into an empty database, proven to be the same, and made ready for a service that goes on from it.
//!
//! As with a copy ([`crate::copy`]) a marker is the first row and the last that goes: until then nobody uses the database, and
//! the same command begins anew.

use super::{BackupError, Head, RestoreError, Summary, encode_row};
use crate::copy::{CopyError, MARKER, Progress, Step, is_fresh, tree_of};
use cpis_audit::Hash;
use cpis_model::Timestamp;
use cpis_store::tables::{Part, Row, TABLES, Table, Value, table};
use cpis_store::{Database, Forget, KeptKind, Store, StoreError};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use tokio::sync::mpsc::Receiver;

/// How the marker of an unfinished restore begins.
const MARK: &str = "a backup of ";
/// The setting that says that the database was restored, when, and whether the log's new epoch has begun.
const RESTORED: &str = "restored";
/// Numbers of notices that are left out after a restore: more than can have been given since the backup. Authorities keep the
/// last number that they read, and ask for what comes after it.
pub const NOTICE_GAP: u64 = 1_000_000_000;

/// A database that was filled from a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What was in the stream.
    pub summary: Summary,
    /// The root of the log's tree, computed from the leaves of the database.
    pub root: Hash,
}

/// Whether an unfinished restore is marked by this.
pub(crate) fn is_mark(marker: &[u8]) -> bool {
    marker.starts_with(MARK.as_bytes())
}

/// A table as it came: its rows and a digest over them.
#[derive(Clone, Default)]
struct Seen {
    rows: u64,
    digest: Sha256,
}

impl Seen {
    fn add(&mut self, row: &Row) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        encode_row(&mut bytes, row).map_err(|_| StoreError::Corrupt("a row that cannot be encoded".to_owned()))?;
        self.rows += 1;
        self.digest.update(bytes);
        Ok(())
    }
}

/// Fills an empty database from a stream, proves that every row stands there and that the audit log holds together, and
/// prepares it: sessions are ended, and notices get numbers that were never given. The marker goes last; from then on
/// [`resume`] says that the log's new epoch is still to begin.
pub async fn restore(
    head: &Head,
    mut parts: Receiver<Result<Part, BackupError>>,
    to: &dyn Database,
    now: Timestamp,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Restored, RestoreError> {
    begin(to, head).await?;
    let mut seen: HashMap<&str, Seen> = HashMap::new();
    let mut settings = Vec::new();
    let mut summary = Summary::default();
    let mut highest = Vec::new();
    while let Some(part) = parts.recv().await {
        match part? {
            Part::Highest(table, number) => highest.push((table, number)),
            Part::Rows(table, rows) => {
                let seen = seen.entry(table.name).or_default();
                for row in &rows {
                    summary.add(table, row);
                    seen.add(row)?;
                }
                if table.name == "setting" {
                    settings.extend(rows);
                } else {
                    to.put_rows(table, rows).await?;
                }
                progress(Progress { step: Step::Copying, table: table.name, done: summary.rows, all: 0 });
            }
        }
    }
    compare(to, &seen, summary.rows, progress).await?;
    let tree = tree_of(to, summary.entries, summary.checkpoint.as_deref(), progress).await?;
    for (table, number) in highest {
        let gap = if table.name == "notice" { NOTICE_GAP } else { 0 };
        to.number_after(table, number.saturating_add(gap)).await?;
    }
    // Whoever signed out since the backup stays signed out.
    to.forget(KeptKind::Session, Forget::All).await?;
    let earlier = settings.iter().find_map(read_resume).map_or(1, |earlier| earlier.epoch);
    let resume = Resume { at: now, size: summary.entries, epoch: earlier, owed: true };
    settings.retain(|row| row.first() != Some(&Value::Text(RESTORED.to_owned())));
    settings.push(vec![Value::Text(RESTORED.to_owned()), Value::Bytes(resume.to_text().into_bytes())]);
    to.replace(named("setting")?, settings).await?;
    Ok(Restored { summary, root: tree.root() })
}

/// Marks an empty target, and empties one in which a restore ended before its time.
async fn begin(to: &dyn Database, head: &Head) -> Result<(), RestoreError> {
    let mark = format!("{MARK}{}", head.made);
    match to.setting(MARKER).await? {
        Some(marker) if is_mark(&marker) => {
            for table in TABLES.iter().filter(|table| table.name != "setting") {
                to.clear(table).await?;
            }
        }
        Some(_) => return Err(CopyError::NotEmpty("setting").into()),
        None => {
            is_fresh(to).await?;
            to.set_setting(MARKER, mark.into_bytes()).await?;
        }
    }
    // What a fresh database has rows in.
    for name in ["watermark", "tree"] {
        to.clear(named(name)?).await?;
    }
    Ok(())
}

/// Reads every row again and holds it against what came.
async fn compare(
    to: &dyn Database,
    seen: &HashMap<&str, Seen>,
    all: u64,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), RestoreError> {
    let mut done = 0;
    for table in TABLES.iter().filter(|table| table.name != "setting") {
        let expected = seen.get(table.name).cloned().unwrap_or_default();
        let (mut found, mut after) = (Seen::default(), None);
        loop {
            let rows = to.rows_after(table, after, table.rows_at_once()).await?;
            let Some(last) = rows.last() else { break };
            after = Some(table.key_of(last));
            rows.iter().try_for_each(|row| found.add(row))?;
            done += rows.len() as u64;
            progress(Progress { step: Step::Comparing, table: table.name, done, all });
        }
        if found.rows != expected.rows || found.digest.finalize() != expected.digest.finalize() {
            let what = format!("the backup has {} rows, and the database has {} or others", expected.rows, found.rows);
            return Err(CopyError::Differs { table: table.name, what }.into());
        }
    }
    Ok(())
}

fn named(name: &str) -> Result<&'static Table, StoreError> {
    table(name).ok_or_else(|| StoreError::Unavailable(format!("there is no table {name}")))
}

/// What a restored database says of its restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume {
    /// When it was restored.
    pub at: Timestamp,
    /// Entries that the log had then.
    pub size: u64,
    /// The highest epoch that is known.
    pub epoch: u64,
    /// The new epoch has not begun yet: nobody may work on the database.
    pub owed: bool,
}

impl Resume {
    fn to_text(self) -> String {
        let state = if self.owed { "owed" } else { "done" };
        format!("{state} {} {} {}", self.at.as_millisecond(), self.size, self.epoch)
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let owed = match words.next()? {
            "owed" => true,
            "done" => false,
            _ => return None,
        };
        let at = Timestamp::from_millisecond(words.next()?.parse().ok()?).ok()?;
        let (size, epoch) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        if words.next().is_some() { None } else { Some(Self { at, size, epoch, owed }) }
    }

    /// Notes it: that the epoch has begun, once it has.
    pub async fn save(self, store: &dyn Store) -> Result<(), StoreError> {
        store.set_setting(RESTORED, self.to_text().into_bytes()).await
    }
}

fn read_resume(row: &Row) -> Option<Resume> {
    match row.as_slice() {
        [Value::Text(name), Value::Bytes(value)] if name == RESTORED => {
            Resume::from_text(std::str::from_utf8(value).ok()?)
        }
        _ => None,
    }
}

/// What the database says of its last restore; nothing if it was never restored.
pub async fn resume(store: &dyn Store) -> Result<Option<Resume>, StoreError> {
    let Some(value) = store.setting(RESTORED).await? else { return Ok(None) };
    let read = std::str::from_utf8(&value).ok().and_then(Resume::from_text);
    read.map(Some).ok_or_else(|| StoreError::Corrupt("setting, row restored".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_database_says_of_its_restore_comes_back() {
        let at = "2026-11-28T02:00:00Z".parse().unwrap();
        for owed in [true, false] {
            let resume = Resume { at, size: 70, epoch: 2, owed };
            assert_eq!(Resume::from_text(&resume.to_text()), Some(resume));
        }
        for text in ["", "owed", "owed 1 2", "later 1 2 3", "done 1 2 3 4", "done x 2 3"] {
            assert_eq!(Resume::from_text(text), None, "{text}");
        }
    }
}
