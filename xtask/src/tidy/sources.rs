//! Rules for Rust files: each says first what it is for, and none is long.

use super::{Fault, File, Tree};

/// Past this a file hides its idea; about half of it is the aim.
const LINES_MAX: usize = 600;

pub fn check(tree: &Tree) -> Vec<Fault> {
    tree.with_extension("rs").flat_map(|file| [header(file), length(file)]).flatten().collect()
}

fn header(file: &File) -> Option<Fault> {
    let opens = file.text.lines().next().is_some_and(|line| line.starts_with("//!"));
    (!opens).then(|| {
        Fault::new(&file.path, 1, "the file does not say what it is for", "open it with one to five lines of `//!`")
    })
}

fn length(file: &File) -> Option<Fault> {
    let lines = file.text.lines().count();
    (lines > LINES_MAX && !is_generated(file)).then(|| {
        let what = format!("{lines} lines, more than {LINES_MAX}");
        Fault::new(&file.path, LINES_MAX + 1, what, "split it where its subject changes")
    })
}

/// Generated files carry the usual mark in their first lines.
fn is_generated(file: &File) -> bool {
    file.text.lines().take(5).any(|line| line.contains("@generated"))
}
