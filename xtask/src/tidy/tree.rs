//! The repository's files as text, read once. What is built, fetched or found by fuzzing is left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Folders that hold no source. Cargo's target folders are known by their tag, whatever their name.
const SKIPPED: [&str; 4] = [".git", "node_modules", "fuzz/artifacts", "fuzz/coverage"];
const SKIPPED_BELOW: &str = "fuzz/corpus";
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// A text file; `path` is relative to the repository and has `/` between its parts.
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    /// The lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    pub fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

/// Every text file, and the path of every file and folder.
#[derive(Default)]
pub struct Tree {
    files: Vec<File>,
    paths: BTreeSet<String>,
}

impl Tree {
    pub fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        Ok(tree)
    }

    /// A tree out of thin air, for the rules' own tests.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            let parts = path.match_indices('/').map(|(end, _)| &path[..end]);
            tree.paths.extend(parts.chain([*path]).map(str::to_owned));
            tree.files.push(File { path: (*path).to_owned(), text: (*text).to_owned() });
        }
        tree
    }

    pub fn files(&self) -> &[File] {
        &self.files
    }

    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The files whose name ends in `.extension`.
    pub fn with_extension<'tree>(&'tree self, extension: &'tree str) -> impl Iterator<Item = &'tree File> {
        self.files.iter().filter(move |file| file.has_extension(extension))
    }

    /// Whether there is a file or folder of this path; the root is the empty path.
    pub fn has(&self, path: &str) -> bool {
        path.is_empty() || self.paths.contains(path)
    }

    fn read_folder(&mut self, folder: &Path, relative: &str) -> Result<()> {
        let listing = fs::read_dir(folder).with_context(|| format!("cannot list `{relative}`"))?;
        let mut entries =
            listing.collect::<Result<Vec<_>, _>>().with_context(|| format!("cannot list `{relative}`"))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        if entries.iter().any(|entry| entry.file_name() == CACHE_TAG) {
            return Ok(());
        }
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if relative.is_empty() { name.clone() } else { format!("{relative}/{name}") };
            if SKIPPED.iter().any(|skipped| name == *skipped || path == *skipped) {
                continue;
            }
            // A file that another program removes while we read is no fault of the tree.
            let Ok(kind) = entry.file_type() else { continue };
            self.paths.insert(path.clone());
            if kind.is_dir() {
                if relative != SKIPPED_BELOW {
                    self.read_folder(&entry.path(), &path)?;
                }
            } else if kind.is_file()
                && let Ok(bytes) = fs::read(entry.path())
                && !bytes.contains(&0)
                && let Ok(text) = String::from_utf8(bytes)
            {
                self.files.push(File { path, text });
            }
        }
        Ok(())
    }
}
