//! `cargo xtask tidy`: the house rules as code, so that a review is about meaning.
//! A rule is a function from the [`Tree`] to its faults; each fault says where it is and how to mend it.

mod arrows;
mod documents;
mod hazards;
mod manifests;
mod numbers;
mod sources;
mod tree;
mod words;

use std::fmt;
use std::path::Path;

use anyhow::Result;

pub use tree::{File, Tree};

/// One fault, shown as `path:line: what; mend`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    path: String,
    line: usize,
    what: String,
    mend: String,
}

impl Fault {
    /// `line` counts from 1; a fault of a whole file stands on line 1.
    pub fn new(path: &str, line: usize, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}; {}", self.path, self.line, self.what, self.mend)
    }
}

/// Prints every fault; true when there is none.
pub fn run(root: &Path) -> Result<bool> {
    let tree = Tree::read(root)?;
    let mut faults = arrows::check(&arrows::read(root)?, &tree);
    for rule in [sources::check, manifests::check, words::check, numbers::check, documents::check, hazards::check] {
        faults.extend(rule(&tree));
    }
    faults.sort();
    faults.dedup();
    for fault in &faults {
        println!("{fault}");
    }
    match faults.len() {
        0 => println!("tidy: {} text files, no fault", tree.files().len()),
        1 => println!("tidy: 1 fault"),
        many => println!("tidy: {many} faults"),
    }
    Ok(faults.is_empty())
}

#[cfg(test)]
mod tests;
