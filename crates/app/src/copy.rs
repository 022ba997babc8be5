//! A whole database copied to another one, table by table, and proven to be the same. Nothing is unsealed, so no key ring is
//! needed. Both stand still meanwhile.
//!
//! A marker is the first row of the target and the last that goes: who opens a database that has it, refuses. Between them a
//! copy can end at any moment and be taken up again: rows are put in the order of their keys, so the last one says how far
//! a table has come.

mod compare;
mod leaves;
mod source;

pub(crate) use compare::tree_of;

use cpis_store::tables::{NUMBERED, Row, TABLES, Table, Value};
use cpis_store::{Database, Store, StoreError};
use source::Source;

/// The setting that says that a database is an unfinished copy, and of what.
pub const MARKER: &str = "copying-from";

/// Tables that a fresh database has rows in, and that are written whole in one step.
const WHOLE: [&str; 3] = ["watermark", "tree", "staging"];
/// Rows of a whole table at most: there is one for each upload under way.
const WHOLE_ROWS_MAX: u32 = 100_000;

/// Why a copy is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    /// The source must not be copied.
    #[error("the source is an unfinished copy itself")]
    SourceUnfinished,
    /// The target holds something.
    #[error("the target is not empty: there are rows in the table {0}")]
    NotEmpty(&'static str),
    /// The target holds an unfinished copy of something else.
    #[error(
        "the target holds an unfinished copy of another database, or the source has changed since the copy began: it was \
         begun from {begun} and the source is {now}"
    )]
    OtherSource {
        /// What the marker says.
        begun: String,
        /// What the source says now.
        now: String,
    },
    /// The source did not stand still.
    #[error("the source has changed while it was copied")]
    SourceChanged,
    /// The copy is not what was copied.
    #[error("the copy differs from its source in the table {table}: {what}")]
    Differs {
        /// Which table.
        table: &'static str,
        /// How.
        what: String,
    },
    /// The source itself is not in order: its own log does not hold together.
    #[error("the source's audit log does not hold together ({0})")]
    SourceDamaged(String),
    /// One of the two databases failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a copy is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rows are being copied.
    Copying,
    /// Rows of both are being compared.
    Comparing,
    /// The audit log's tree is being computed from the leaves of both.
    Proving,
}

/// How far a copy has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub step: Step,
    /// With which table.
    pub table: &'static str,
    /// Rows, or entries, that are done.
    pub done: u64,
    /// How many there are.
    pub all: u64,
}

/// A finished copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Rows of all tables.
    pub rows: u64,
    /// Entries of the audit log.
    pub entries: u64,
    /// The root of the log's tree, computed from the leaves of the copy.
    pub root: cpis_audit::Hash,
}

/// Copies everything, proves that it is the same, and only then lets others use it. `rows_max` limits the rows that are
/// copied at a time.
pub async fn copy(
    from: &dyn Database,
    to: &dyn Database,
    rows_max: Option<u32>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Copied, CopyError> {
    let source = Source::of(from).await?;
    begin(to, &source).await?;
    let mut done = 0;
    for table in TABLES.iter().filter(|table| table.name != "setting") {
        if WHOLE.contains(&table.name) {
            let rows = from.rows_after(table, None, WHOLE_ROWS_MAX).await?;
            done += rows.len() as u64;
            to.replace(table, rows).await?;
        } else {
            let rows_max = rows_max.unwrap_or(table.rows_at_once());
            done = fill(
                from,
                to,
                table,
                rows_max,
                |done| {
                    progress(Progress { step: Step::Copying, table: table.name, done, all: source.rows });
                },
                done,
            )
            .await?;
        }
    }
    for table in TABLES.iter().filter(|table| NUMBERED.contains(&table.name)) {
        to.number_after(table, from.highest(table).await?).await?;
    }
    let (entries, root) = compare::prove(from, to, &source, rows_max, progress).await?;
    if Source::of(from).await? != source {
        return Err(CopyError::SourceChanged);
    }
    let setting = setting_table()?;
    let settings = from.rows_after(setting, None, WHOLE_ROWS_MAX).await?;
    to.replace(setting, settings.clone()).await?;
    if to.rows_after(setting, None, WHOLE_ROWS_MAX).await? != settings {
        return Err(CopyError::Differs { table: "setting", what: "its rows are others".to_owned() });
    }
    Ok(Copied { rows: source.rows, entries, root })
}

/// Marks an empty target; takes a marked one up again if it was begun from this very source.
async fn begin(to: &dyn Database, source: &Source) -> Result<(), CopyError> {
    let now = source.to_string();
    match to.setting(MARKER).await? {
        Some(begun) if begun == now.as_bytes() => return Ok(()),
        Some(begun) => {
            let begun = source::shown(&String::from_utf8_lossy(&begun)).to_owned();
            return Err(CopyError::OtherSource { begun, now: source::shown(&now).to_owned() });
        }
        None => {}
    }
    is_fresh(to).await?;
    to.set_setting(MARKER, now.into_bytes()).await?;
    Ok(())
}

/// Refuses a target that holds anything.
pub(crate) async fn is_fresh(to: &dyn Database) -> Result<(), CopyError> {
    for table in TABLES {
        let zero = |row: &Row| row.iter().all(|value| !matches!(value, Value::Integer(2..)));
        let fresh = match table.name {
            // What a fresh database has: nothing is applied, the tree is empty.
            "watermark" | "tree" => to.rows_after(table, None, 10).await?.iter().all(zero),
            _ => to.last_key(table).await?.is_none(),
        };
        if !fresh {
            return Err(CopyError::NotEmpty(table.name));
        }
    }
    Ok(())
}

/// What stands half filled in a database that nobody may use yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// A copy of another database.
    Copy,
    /// A backup.
    Restore,
}

/// Whether a database was not filled to its end, and from what.
pub async fn unfinished(store: &dyn Store) -> Result<Option<Unfinished>, StoreError> {
    let of = |mark: Vec<u8>| if crate::backup::is_mark(&mark) { Unfinished::Restore } else { Unfinished::Copy };
    Ok(store.setting(MARKER).await?.map(of))
}

/// Copies one table from the target's last row on. Says how many rows of all are done.
async fn fill(
    from: &dyn Database,
    to: &dyn Database,
    table: &'static Table,
    rows_max: u32,
    mut progress: impl FnMut(u64) + Send,
    before: u64,
) -> Result<u64, CopyError> {
    let mut after = to.last_key(table).await?;
    let mut done = before + if after.is_some() { to.count(table).await? } else { 0 };
    loop {
        let rows = from.rows_after(table, after, rows_max).await?;
        let Some(last) = rows.last() else { return Ok(done) };
        after = Some(table.key_of(last));
        done += rows.len() as u64;
        to.put_rows(table, rows).await?;
        progress(done);
    }
}

fn setting_table() -> Result<&'static Table, CopyError> {
    let table = cpis_store::tables::table("setting");
    table.ok_or_else(|| CopyError::Store(StoreError::Unavailable("there is no table setting".to_owned())))
}
