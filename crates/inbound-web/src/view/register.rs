//! The register of organisations for an operator: search, one record with its history, the form of a record, import.

use crate::form::{Choice, Faults};
use crate::frame::Frame;
use crate::record_form::Part;
use crate::view::Pages;
use askama::Template;
use cpis_model::Timestamp;
use cpis_model::organisation_record::RecordKind;
use cpis_model::organisation_table::TableKind;

/// What people call one of a kind.
pub fn noun(kind: RecordKind) -> &'static str {
    kind.code()
}

fn title(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Authority => "Authority",
        RecordKind::Provider => "Provider",
        RecordKind::Site => "Site",
        RecordKind::Supplier => "Supplier",
        RecordKind::System => "System",
    }
}

fn with_article(kind: RecordKind) -> String {
    let article = if kind == RecordKind::Authority { "an" } else { "a" };
    format!("{article} {}", noun(kind))
}

fn kinds() -> Vec<Choice> {
    let plural = |kind| match kind {
        RecordKind::Authority => "Authorities",
        RecordKind::Provider => "Providers",
        RecordKind::Site => "Sites",
        RecordKind::Supplier => "Suppliers",
        RecordKind::System => "Systems",
    };
    RecordKind::ALL.into_iter().map(|kind| Choice::new(kind.code(), plural(kind))).collect()
}

/// A row of the list.
#[derive(Clone)]
pub struct Row {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// What stands in the list's second column.
    pub detail: String,
    /// Such as `In use`, or `Ended 31 March 2026`.
    pub state: String,
}

/// The search and its results.
#[derive(Template)]
#[template(path = "register.html")]
pub struct RegisterList {
    /// The frame.
    pub page: Frame,
    /// Of which kind.
    pub kind: RecordKind,
    /// What was searched for.
    pub query: String,
    /// How many were found.
    pub found: usize,
    /// The rows of this page.
    pub rows: Vec<Row>,
    /// Where one is.
    pub pages: Pages,
    /// A search has no faults.
    pub forms_without_fault: Faults,
}

impl RegisterList {
    /// What the list says of each beside name and code.
    fn column(&self) -> &'static str {
        match self.kind {
            RecordKind::Authority => "Region",
            RecordKind::Provider => "Type",
            RecordKind::Site => "Setting",
            RecordKind::Supplier => "E-mail",
            RecordKind::System => "Supplier",
        }
    }
}

/// A change of a record.
#[derive(Clone)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Who: name and role, or the name of a command.
    pub who: String,
    /// What, field by field.
    pub parts: Vec<ChangedField>,
    /// Why.
    pub reason: String,
}

/// A field that changed.
#[derive(Clone)]
pub struct ChangedField {
    /// The field's label.
    pub field: String,
    /// Its value before; empty for none.
    pub before: String,
    /// Its value after; empty for none.
    pub after: String,
}

/// One record with its history.
#[derive(Template)]
#[template(path = "register_record.html")]
pub struct RegisterRecord {
    /// The frame.
    pub page: Frame,
    /// Its kind.
    pub kind: RecordKind,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Labels and values in the order of the form.
    pub rows: Vec<(String, String)>,
    /// Changes, newest first.
    pub history: Vec<Change>,
    /// A change was saved just now.
    pub saved: bool,
}

/// The form of a record, to make one or to change it.
#[derive(Template)]
#[template(path = "register_form.html")]
pub struct RecordForm {
    /// The frame.
    pub page: Frame,
    /// Its kind.
    pub kind: RecordKind,
    /// The code of the record that is changed; `None` for a new one.
    pub code: Option<String>,
    /// The version that was read, so that a change in between is noticed.
    pub version: u32,
    /// The fields, with what stands in them.
    pub parts: Vec<Part>,
    /// Reason for the change.
    pub reason: String,
    /// What others changed since that version was read.
    pub meanwhile: Vec<Change>,
    /// At the fields' ids, `reason` and `meanwhile`.
    pub faults: Faults,
}

impl RecordForm {
    fn heading(&self) -> String {
        match &self.code {
            Some(code) => format!("Change {} {code}", noun(self.kind)),
            None => format!("Add {}", with_article(self.kind)),
        }
    }
}

/// The form for a file.
#[derive(Template)]
#[template(path = "register_import.html")]
pub struct ImportForm {
    /// The frame.
    pub page: Frame,
    /// The code of the chosen kind.
    pub kind: String,
    /// Reason.
    pub reason: String,
    /// Fields: `kind`, `file`, `reason`.
    pub faults: Faults,
}

impl ImportForm {
    fn kinds() -> Vec<Choice> {
        let said = |kind| match kind {
            TableKind::Authorities => "Authorities",
            TableKind::Providers => "Providers",
            TableKind::Sites => "Sites",
            TableKind::Systems => "Systems",
            TableKind::Records => "Whole records of any kind, as they are exported",
        };
        TableKind::ALL.into_iter().map(|kind| Choice::new(kind.code(), said(kind))).collect()
    }
}

/// A fault of a line.
#[derive(Clone)]
pub struct LineFault {
    /// Line in the file, from 1.
    pub line: u64,
    /// The column's name.
    pub column: String,
    /// What is wrong.
    pub what: String,
}

/// A record that a file changes.
#[derive(Clone)]
pub struct ChangedRecord {
    /// Its kind and code.
    pub which: String,
    /// Whether it is new.
    pub is_new: bool,
    /// What changes, field by field.
    pub parts: Vec<ChangedField>,
}

/// What became of a file.
#[derive(Clone)]
pub enum Outcome {
    /// It has faults; nothing changes.
    Faulty {
        /// The first of them.
        faults: Vec<LineFault>,
        /// Faults that are not shown.
        more: usize,
    },
    /// It waits for a yes.
    Check {
        /// Stands for the checked file.
        confirm: String,
        /// The register has changed since it was checked for the first time.
        again: bool,
    },
    /// It says what the register holds already.
    Nothing,
    /// It was imported.
    Done,
}

/// What a file would change, did change, or why it cannot.
#[derive(Template)]
#[template(path = "register_imported.html")]
pub struct Imported {
    /// The frame.
    pub page: Frame,
    /// New records.
    pub added: usize,
    /// Changed records.
    pub changed: usize,
    /// Of all of these, those that are given a last day.
    pub closed: usize,
    /// Records as before.
    pub same: usize,
    /// The first of the records that change.
    pub records: Vec<ChangedRecord>,
    /// Records that change and are not shown.
    pub more: usize,
    /// What became of it.
    pub outcome: Outcome,
}

impl Imported {
    fn heading(&self) -> &'static str {
        match self.outcome {
            Outcome::Faulty { .. } => "The file has faults",
            Outcome::Check { .. } => "Check before you import",
            Outcome::Nothing => "The file changes nothing",
            Outcome::Done => "The file was imported",
        }
    }
}
