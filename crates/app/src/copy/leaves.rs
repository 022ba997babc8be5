//! Leaves in the order of the journal, read in the order in which they are stored: nearly the same, since groups are named
//! by their time. So a distant database is asked for thousands of them at a time.

use super::CopyError;
use cpis_audit::Hash;
use cpis_store::tables::{Row, Table, Value, table};
use cpis_store::{Database, GroupId, JournalRow, StoreError};
use std::collections::HashMap;

/// Leaves that are loaded at a time.
const LEAVES: u32 = 4096;
/// Leaves that wait for their turn at most; beyond it a group's leaves are asked for by themselves.
const WAITING_MAX: usize = 2_000_000;

/// Hands out the leaves of one group after another.
pub(super) struct Leaves<'a> {
    database: &'a dyn Database,
    table: &'static Table,
    /// What was read and not yet asked for.
    waiting: HashMap<i64, Vec<(u32, Hash)>>,
    count: usize,
    /// The key of the last row that was read, and its group.
    after: Option<Vec<Value>>,
    last: i64,
    ended: bool,
}

impl<'a> Leaves<'a> {
    pub(super) fn of(database: &'a dyn Database) -> Result<Self, CopyError> {
        let table = table("leaf").ok_or_else(|| StoreError::Unavailable("there is no table leaf".to_owned()))?;
        Ok(Self { database, table, waiting: HashMap::new(), count: 0, after: None, last: i64::MIN, ended: false })
    }

    /// All leaves of a journal row with their ordinals, in their order.
    pub(super) async fn of_row(&mut self, row: &JournalRow) -> Result<Vec<(u32, Hash)>, CopyError> {
        // A group is whole once a later one was read.
        while !self.ended && self.last <= row.group.0 && self.count < WAITING_MAX {
            self.read_on().await?;
        }
        let whole = self.ended || self.last > row.group.0;
        match self.waiting.remove(&row.group.0) {
            Some(leaves) if whole => {
                self.count -= leaves.len();
                Ok(leaves)
            }
            Some(part) => {
                self.count -= part.len();
                self.asked_for(row.group).await
            }
            None if whole => Ok(Vec::new()),
            None => self.asked_for(row.group).await,
        }
    }

    async fn read_on(&mut self) -> Result<(), CopyError> {
        let rows = self.database.rows_after(self.table, self.after.take(), LEAVES).await?;
        let Some(last) = rows.last() else {
            self.ended = true;
            return Ok(());
        };
        self.after = Some(self.table.key_of(last));
        for row in rows {
            let (group, ordinal, hash) = read(&row)?;
            self.last = group;
            self.waiting.entry(group).or_default().push((ordinal, hash));
            self.count += 1;
        }
        Ok(())
    }

    async fn asked_for(&self, group: GroupId) -> Result<Vec<(u32, Hash)>, CopyError> {
        let mut all: Vec<(u32, Hash)> = Vec::new();
        loop {
            let from = all.last().map_or(0, |(ordinal, _)| ordinal + 1);
            let page = self.database.leaves(group, from, LEAVES).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }
}

fn read(row: &Row) -> Result<(i64, u32, Hash), CopyError> {
    let bad = || CopyError::Differs { table: "leaf", what: "a row is not in the expected form".to_owned() };
    match row.as_slice() {
        [Value::Integer(group), Value::Integer(ordinal), Value::Bytes(hash)] => {
            let ordinal = u32::try_from(*ordinal).map_err(|_| bad())?;
            Ok((*group, ordinal, hash.as_slice().try_into().map_err(|_| bad())?))
        }
        _ => Err(bad()),
    }
}
