//! The proof that a copy is the same: every row of every table, and the root of the audit log's tree from the leaves of both.

use super::leaves::Leaves;
use super::source::Source;
use super::{CopyError, Progress, Step};
use cpis_audit::{Checkpoint, CompactRange, Hash};
use cpis_store::Database;
use cpis_store::tables::{TABLES, Table, Value};

/// Journal entries whose rows are loaded at a time.
const ENTRIES: usize = 2000;

/// Compares everything but the settings. Says how many entries there are and the root of their tree.
pub(super) async fn prove(
    from: &dyn Database,
    to: &dyn Database,
    source: &Source,
    rows_max: Option<u32>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(u64, Hash), CopyError> {
    let mut done = 0;
    for table in TABLES.iter().filter(|table| table.name != "setting") {
        let (left, right) = (from.count(table).await?, to.count(table).await?);
        if left != right {
            let what = format!("the source has {left} rows and the copy has {right}");
            return Err(CopyError::Differs { table: table.name, what });
        }
        let mut after = None;
        loop {
            let rows_max = rows_max.unwrap_or(table.rows_at_once());
            let left = from.rows_after(table, after.clone(), rows_max).await?;
            let right = to.rows_after(table, after, rows_max).await?;
            if left != right {
                let equal = left.iter().zip(&right).take_while(|(left, right)| left == right).count();
                return Err(CopyError::Differs { table: table.name, what: place(table, left.get(equal)) });
            }
            let Some(last) = left.last() else { break };
            after = Some(table.key_of(last));
            done += left.len() as u64;
            progress(Progress { step: Step::Comparing, table: table.name, done, all: source.rows });
        }
    }
    let original =
        tree_of(from, source.size, source.checkpoint.as_deref(), progress).await.map_err(|error| match error {
            CopyError::Differs { table, what } => CopyError::SourceDamaged(format!("{table}: {what}")),
            other => other,
        })?;
    let copy = tree_of(to, source.size, source.checkpoint.as_deref(), progress).await?;
    if original != copy {
        return Err(CopyError::Differs { table: "leaf", what: "the tree of its leaves has another root".to_owned() });
    }
    Ok((copy.size(), copy.root()))
}

/// Where two tables begin to differ: a count or a surrogate, nothing that names a person.
fn place(table: &Table, row: Option<&Vec<Value>>) -> String {
    match row.map(|row| table.key_of(row)).as_deref() {
        Some([Value::Integer(number), ..]) => format!("the row {} {number} is another one", table.key.join(", ")),
        _ => "a row is another one".to_owned(),
    }
}

/// The tree of the leaves in the order of the journal, held against the stored tree and the last checkpoint on the way.
pub(crate) async fn tree_of(
    database: &dyn Database,
    size: u64,
    checkpoint: Option<&str>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<CompactRange, CopyError> {
    let (stored_size, frontier) = database.tree().await?;
    let mut tree = CompactRange::new();
    let held = Held::new(stored_size, frontier, checkpoint)?;
    held.against(&tree)?;
    let mut leaves = Leaves::of(database)?;
    loop {
        let rows = database.journal_from(tree.size(), ENTRIES).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let number = row.place.seq;
            if row.place.first_index != tree.size() {
                return Err(differs("journal", format!("row {number} does not follow the one before it")));
            }
            let found = leaves.of_row(&row).await?;
            if found.len() != row.place.count as usize {
                return Err(differs(
                    "leaf",
                    format!("leaves of journal row {number} are missing, or there are too many"),
                ));
            }
            for (ordinal, (found, leaf)) in (0_u32..).zip(found) {
                if found != ordinal {
                    return Err(differs("leaf", format!("a leaf of journal row {number} is missing")));
                }
                tree.push(leaf);
                held.against(&tree)?;
            }
        }
        progress(Progress { step: Step::Proving, table: "leaf", done: tree.size(), all: size });
    }
    if tree.size() != size || stored_size > tree.size() {
        return Err(differs("journal", format!("it holds {} entries and should hold {}", tree.size(), size)));
    }
    if held.signed.is_some_and(|(size, ..)| size > tree.size()) {
        return Err(differs("checkpoint", "the last one was signed for more entries"));
    }
    Ok(tree)
}

/// What was stored of the tree at earlier sizes.
struct Held<'a> {
    size: u64,
    frontier: Vec<u8>,
    /// Size, name and text of the last checkpoint.
    signed: Option<(u64, &'a str, &'a str)>,
}

impl<'a> Held<'a> {
    fn new(size: u64, frontier: Vec<u8>, note: Option<&'a str>) -> Result<Self, CopyError> {
        let signed = note.map(|note| {
            let mut lines = note.lines();
            let (name, size) = (lines.next()?, lines.next()?.parse().ok()?);
            Some((size, name, note))
        });
        match signed {
            Some(None) => Err(differs("checkpoint", "the last one cannot be read")),
            signed => Ok(Self { size, frontier, signed: signed.flatten() }),
        }
    }

    fn against(&self, tree: &CompactRange) -> Result<(), CopyError> {
        if self.size == tree.size() && self.size > 0 && self.frontier != tree.to_bytes() {
            return Err(differs("tree", "it is not the tree of the leaves"));
        }
        match self.signed {
            Some((size, name, note)) if size == tree.size() => {
                let signed = Checkpoint::new(name, size, tree.root()).to_string();
                if note.starts_with(&signed) {
                    Ok(())
                } else {
                    Err(differs("checkpoint", "the last one was signed for other leaves"))
                }
            }
            _ => Ok(()),
        }
    }
}

fn differs(table: &'static str, what: impl Into<String>) -> CopyError {
    CopyError::Differs { table, what: what.into() }
}
