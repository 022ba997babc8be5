//! What tests of backups share: who opens them, what lies in a folder, and that a command was good.

use crate::child::{Done, cpis};
use std::path::{Path, PathBuf};

/// Somebody who opens backups: where the identity lies, and the recipient.
pub struct Keeper {
    pub identity: String,
    pub recipient: String,
}

pub fn keeper(folder: &Path, name: &str) -> Keeper {
    let identity = folder.join(name).to_str().unwrap().to_owned();
    let made = cpis(&["keys", "identity", "--out", &identity], "");
    assert!(made.code == 0 && made.out.starts_with("age1"), "{} {}", made.out, made.err);
    Keeper { identity, recipient: made.out.trim().to_owned() }
}

pub fn backups(folder: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|end| end == "age")).collect();
    all.sort();
    all
}

pub fn names(folder: &Path) -> Vec<String> {
    let mut all: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    all.sort();
    all
}

pub fn good(done: &Done) -> &str {
    assert_eq!(done.code, 0, "{} {}", done.out, done.err);
    &done.out
}
