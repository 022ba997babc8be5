//! An authority's files: the form, and what became of one.

use crate::form::Faults;
use crate::frame::Frame;
use crate::words;
use askama::Template;
use cpis_model::Timestamp;

/// The form, and where the authority's files stand.
#[derive(Template)]
#[template(path = "files.html")]
pub struct Files {
    /// The frame.
    pub page: Frame,
    /// The authority.
    pub authority: String,
    /// When its last file took effect.
    pub last: Option<Timestamp>,
    /// How many files are kept and wait.
    pub waiting: usize,
    /// The number that is missing before those that wait for one.
    pub missing: Option<u64>,
    /// What is wrong with the form.
    pub faults: Faults,
}

impl Files {
    /// How up to date the authority's data is.
    fn standing(&self) -> String {
        match self.last {
            Some(at) => format!("Your last file took effect on {}.", words::moment(at)),
            None => "No file of yours has taken effect yet.".to_owned(),
        }
    }
}

/// What became of a file, as its heading says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it took effect.
    All,
    /// Part of it took effect.
    Part,
    /// Nothing in it could.
    Nothing,
    /// The file as a whole cannot be taken.
    Refused,
    /// Demographics is away.
    Waits,
    /// A file before it is missing.
    Gap(u64),
    /// Another file of the authority is being processed.
    Busy,
}

/// A fault or a warning, in words.
#[derive(Clone)]
pub struct Finding {
    /// Line and column, or where else it stands.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// The code, for whoever is asked for help.
    pub code: String,
    /// What to do.
    pub mend: String,
    /// The record was taken all the same.
    pub is_warning: bool,
}

/// What became of a file.
#[derive(Template)]
#[template(path = "file_taken.html")]
pub struct FileTaken {
    /// The frame.
    pub page: Frame,
    /// What became of it.
    pub outcome: Outcome,
    /// The file's number.
    pub number: Option<u64>,
    /// Records that took effect.
    pub loaded: usize,
    /// Records that were rejected.
    pub failed: usize,
    /// Faults and warnings, in the order of the file.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: usize,
}

impl FileTaken {
    fn heading(&self) -> &'static str {
        match self.outcome {
            Outcome::All => "The file was taken",
            Outcome::Part => "The file was taken in part",
            Outcome::Nothing => "No record of the file was taken",
            Outcome::Refused => "The file cannot be taken",
            Outcome::Waits | Outcome::Gap(_) => "The file is kept and waits",
            Outcome::Busy => "Another file of yours is being processed",
        }
    }
}
