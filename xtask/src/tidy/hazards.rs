//! The hazard log names the test that holds each control; a name that is no longer there is a fault, for the control
//! would then be a promise only. References stand in backticks in the column `Test`:
//! `crate::path::test_name`, `file.rs::test_name`, `script.sh::name` or the path of a script.

use super::{Fault, File, Tree};

const LOG: &str = "docs/safety/hazard-log.md";
const COLUMNS: [&str; 2] = ["Test", "Tests"];

pub fn check(tree: &Tree) -> Vec<Fault> {
    tree.file(LOG).map(|log| check_log(log, tree)).unwrap_or_default()
}

fn check_log(log: &File, tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut column = None;
    for (number, line) in log.lines() {
        let cells = cells(line);
        if cells.is_empty() {
            column = None;
        } else if let Some(column) = column {
            let cell: &str = cells.get(column).copied().unwrap_or_default();
            for reference in cell.split('`').skip(1).step_by(2).filter(|reference| !exists(reference, tree)) {
                let what = format!("there is no test `{reference}`");
                faults.push(Fault::new(
                    &log.path,
                    number,
                    what,
                    "write the test, or name the one that holds the control",
                ));
            }
        } else {
            // A header without the column is that of another table; its rows are skipped.
            column = Some(cells.iter().position(|cell| COLUMNS.contains(cell)).unwrap_or(usize::MAX));
        }
    }
    faults
}

/// The cells of a table's row; none for a line that is no row.
fn cells(line: &str) -> Vec<&str> {
    let Some(inner) = line.trim().strip_prefix('|') else { return Vec::new() };
    inner.strip_suffix('|').unwrap_or(inner).split('|').map(str::trim).collect()
}

fn exists(reference: &str, tree: &Tree) -> bool {
    let Some((place, name)) = reference.rsplit_once("::") else {
        let is_path = reference.contains('/') || reference.contains('.');
        return !is_path || tree.has(reference) || tree.files().iter().any(|file| is_at(file, reference));
    };
    let is_file = place.rsplit('/').next().is_some_and(|last| last.contains('.'));
    tree.files().iter().filter(|file| !is_file || is_at(file, place)).any(|file| {
        if file.has_extension("rs") { has_function(&file.text, name) } else { is_file && file.text.contains(name) }
    })
}

fn is_at(file: &File, path: &str) -> bool {
    file.path.strip_suffix(path).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

fn has_function(text: &str, name: &str) -> bool {
    let definition = format!("fn {name}");
    text.match_indices(&definition)
        .any(|(start, found)| text.get(start + found.len()..).is_some_and(|rest| rest.starts_with(['(', '<'])))
}
