//! What tells a database from every other one and from itself after a change: for the marker of an unfinished copy.

use super::{CopyError, MARKER};
use cpis_store::Database;
use cpis_store::tables::{TABLES, Value};
use sha2::{Digest, Sha256};
use std::fmt;

/// A database at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// The name of its log in its checkpoints; empty before the first.
    name: String,
    /// Entries of its journal.
    pub(super) size: u64,
    /// Rows of all tables.
    pub(super) rows: u64,
    /// The last checkpoint.
    pub(super) checkpoint: Option<String>,
    /// Digest over counts and last keys of all tables, the journal's ends, watermarks and settings.
    digest: [u8; 32],
}

impl Source {
    pub(super) async fn of(database: &dyn Database) -> Result<Self, CopyError> {
        if database.setting(MARKER).await?.is_some() {
            return Err(CopyError::SourceUnfinished);
        }
        let mut digest = Sha256::new();
        let mut rows = 0;
        for table in TABLES {
            let count = database.count(table).await?;
            rows += count;
            digest.update(table.name.as_bytes());
            digest.update(count.to_be_bytes());
            for value in database.last_key(table).await?.unwrap_or_default() {
                feed(&mut digest, &value);
            }
            if matches!(table.name, "watermark" | "tree" | "setting" | "staging") {
                let rows = database.rows_after(table, None, super::WHOLE_ROWS_MAX).await?;
                rows.iter().flatten().for_each(|value| feed(&mut digest, value));
            }
        }
        let size = database.size().await?;
        for row in database.journal_rows(vec![1]).await? {
            digest.update(row.digest);
        }
        if let Some(last) = size.checked_sub(1) {
            for row in database.journal_from(last, 1).await? {
                digest.update(row.digest);
            }
        }
        let checkpoint = crate::audit::last_checkpoint(database).await.map_err(|error| match error {
            crate::AppError::Damaged(place) => CopyError::SourceDamaged(place),
            other => CopyError::SourceDamaged(other.to_string()),
        })?;
        let checkpoint = checkpoint.map(|row| row.note);
        digest.update(checkpoint.as_deref().unwrap_or_default().as_bytes());
        let name = checkpoint.as_deref().and_then(|note| note.lines().next()).unwrap_or_default().to_owned();
        Ok(Self { name, size, rows, checkpoint, digest: digest.finalize().into() })
    }
}

fn feed(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Null => digest.update([0]),
        Value::Integer(number) => {
            digest.update([1]);
            digest.update(number.to_be_bytes());
        }
        Value::Text(text) => {
            digest.update([2]);
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        }
        Value::Bytes(bytes) => {
            digest.update([3]);
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        }
    }
}

/// As the marker holds it; the part in front of the semicolon is for people.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "a log without a checkpoint" } else { &self.name };
        write!(f, "{name} with {} entries and {} rows; ", self.size, self.rows)?;
        self.digest.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The part for people.
pub(super) fn shown(marker: &str) -> &str {
    marker.split(';').next().unwrap_or_default()
}
