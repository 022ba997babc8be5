//! The register of organisations for an operator: search, one record with its history, forms, import.

use crate::form::{Choice, EnteredDate, Faults};
use crate::frame::Frame;
use crate::view::Pages;
use askama::Template;
use cpis_model::Timestamp;
use cpis_model::setting::Setting;

/// What the register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sites with their setting.
    Site,
    /// Authorities with children's services.
    Authority,
    /// Systems that ask.
    System,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Site, Self::Authority, Self::System];

    /// What addresses and forms name it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Authority => "authority",
            Self::System => "system",
        }
    }

    /// The kind of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Authority => "new authority",
            Self::System => "system",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Site => "Sites",
            Self::Authority => "Authorities",
            Self::System => "Systems",
        }
    }

    /// What the list says of each beside name and code.
    fn column(self) -> &'static str {
        match self {
            Self::Site => "Setting",
            Self::Authority => "Mailbox",
            Self::System => "Supplier",
        }
    }

    fn choices() -> Vec<Choice> {
        Self::ALL.iter().map(|kind| Choice::new(kind.code(), kind.plural())).collect()
    }
}

/// A row of the list.
#[derive(Clone)]
pub struct Row {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Setting, mailbox or supplier.
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
    pub kind: Kind,
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
    fn kinds() -> Vec<Choice> {
        Kind::choices()
    }
}

/// A change of a record.
#[derive(Clone)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Who: name and role, or the name of an import.
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
    pub kind: Kind,
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

impl RegisterRecord {
    fn title(&self) -> &'static str {
        match self.kind {
            Kind::Site => "Site",
            Kind::Authority => "Authority",
            Kind::System => "System",
        }
    }
}

fn heading(noun: &str, code: Option<&String>) -> String {
    match code {
        Some(code) => format!("Change {noun} {code}"),
        None => format!("Add a {noun}"),
    }
}

/// The form of a site.
#[derive(Template)]
#[template(path = "register_site.html")]
pub struct SiteForm {
    /// The frame.
    pub page: Frame,
    /// The code of the site that is changed; `None` for a new one.
    pub code: Option<String>,
    /// The version that was read, so that a change in between is noticed.
    pub version: u64,
    /// The code of a new site as entered.
    pub entered_code: String,
    /// Name.
    pub name: String,
    /// ODS code of the organisation.
    pub organisation: String,
    /// The code of the chosen setting.
    pub setting: String,
    /// Responsible person.
    pub responsible: String,
    /// Number for call-backs.
    pub call_back: String,
    /// In use from.
    pub from: EnteredDate,
    /// In use until.
    pub until: EnteredDate,
    /// Successor.
    pub successor: String,
    /// Reason for the change.
    pub reason: String,
    /// Fields have the names of the struct's.
    pub faults: Faults,
}

impl SiteForm {
    fn heading(&self) -> String {
        heading("site", self.code.as_ref())
    }

    fn settings() -> Vec<Choice> {
        let text = |setting: Setting| {
            let tells = if setting.notifies() { "authority is told" } else { "authority is not told" };
            Choice::new(setting.code(), format!("{} ({tells})", setting.name()))
        };
        Setting::all().map(text).collect()
    }
}

/// One contact of an authority in its form.
#[derive(Clone, Default)]
pub struct ContactFields {
    /// Its place in the form, from 1; fields are named `contact1-name` and so on.
    pub number: usize,
    /// What it is.
    pub name: String,
    /// Telephone number.
    pub phone: String,
    /// Hours in words.
    pub hours: String,
    /// Valid from.
    pub from: EnteredDate,
    /// Valid until.
    pub until: EnteredDate,
}

impl ContactFields {
    /// The id of one of its fields.
    pub fn id(&self, field: &str) -> String {
        format!("contact{}-{field}", self.number)
    }

    fn is_empty(&self) -> bool {
        self.name.is_empty() && self.phone.is_empty()
    }
}

/// The form of an authority.
#[derive(Template)]
#[template(path = "register_authority.html")]
pub struct AuthorityForm {
    /// The frame.
    pub page: Frame,
    /// The code of the authority that is changed; `None` for a new one.
    pub code: Option<String>,
    /// The version that was read.
    pub version: u64,
    /// The code of a new authority as entered.
    pub entered_code: String,
    /// Name.
    pub name: String,
    /// Mailbox.
    pub mailbox: String,
    /// Contacts, and some empty ones to fill in.
    pub contacts: Vec<ContactFields>,
    /// Successor.
    pub successor: String,
    /// Reason for the change.
    pub reason: String,
    /// Fields have the names of the struct's, and [`ContactFields::id`].
    pub faults: Faults,
}

impl AuthorityForm {
    fn heading(&self) -> String {
        heading("authority", self.code.as_ref()).replace("a authority", "an authority")
    }
}

/// The form of a system.
#[derive(Template)]
#[template(path = "register_system.html")]
pub struct SystemForm {
    /// The frame.
    pub page: Frame,
    /// The code of the system that is changed; `None` for a new one.
    pub code: Option<String>,
    /// The version that was read.
    pub version: u64,
    /// The code of a new system as entered.
    pub entered_code: String,
    /// Name.
    pub name: String,
    /// Supplier.
    pub supplier: String,
    /// ODS code of the organisation.
    pub organisation: String,
    /// ASID.
    pub asid: String,
    /// Fingerprints, one a line.
    pub fingerprints: String,
    /// Whether it sends one id for each visit.
    pub sends_visits: bool,
    /// Reason for the change.
    pub reason: String,
    /// Fields have the names of the struct's.
    pub faults: Faults,
}

impl SystemForm {
    fn heading(&self) -> String {
        heading("system", self.code.as_ref())
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
        Kind::choices()
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

/// What a file would change, did change, or why it cannot.
#[derive(Template)]
#[template(path = "register_imported.html")]
pub struct Imported {
    /// The frame.
    pub page: Frame,
    /// Lines read.
    pub read: usize,
    /// New records.
    pub added: usize,
    /// Changed records.
    pub changed: usize,
    /// Records as before.
    pub same: usize,
    /// Faults; with one, nothing changes.
    pub lines: Vec<LineFault>,
    /// Faults that are not shown.
    pub more: usize,
    /// Stands for the checked file that waits for a yes; `None` once it is imported.
    pub confirm: Option<String>,
}

impl Imported {
    fn heading(&self) -> &'static str {
        match (self.lines.is_empty(), &self.confirm) {
            (false, _) => "The file has faults",
            (true, Some(_)) => "Check before you import",
            (true, None) => "The file was imported",
        }
    }
}
