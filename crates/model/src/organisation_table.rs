//! Tables of organisations, as CSV, and exported records, as JSON lines: what they would change in the register. All faults
//! are told, each with its line and column, and where there is one, nothing is changed.
//!
//! A row changes the fields for which its table has columns; everything else of a record stays. An empty cell empties its
//! field. What a row says is judged by the one reader of records.

use crate::organisation_json::{Difference, RECORD_BYTES_MAX, RecordError, VERSION, differences};
use crate::organisation_record::{Record, RecordKind};
use crate::register::Register;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// Most rows that are taken together: they take effect in one step.
pub const ROWS_MAX: usize = 5_000;
/// Largest table in bytes.
pub const TABLE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Authorities: `ods_code`, `name`, `dfe_code`, `gss_code`, `region_name`. Without an ODS code a row is known by its code at the Department for Education.
    Authorities,
    /// Providers: `ods_code`, `name`, `type`, `parent_ods_code`, `closed`.
    Providers,
    /// Sites, with their settings.
    Sites,
    /// Systems.
    Systems,
    /// Whole records of any kind, one JSON object a line, as they are exported.
    Records,
}

/// No table has this word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("authorities, providers, sites, systems or records is expected")]
pub struct UnknownTable;

/// How a cell becomes a field.
#[derive(Clone, Copy, PartialEq)]
enum Cell {
    Text,
    /// Also without hyphens, as in tables of the Organisation Data Service.
    Day,
    /// Several, with blanks between them.
    List,
    YesNo,
    /// `CODE DATE; CODE DATE`.
    Successors,
}

/// Column, field, form, and whether the table must have it.
type Column = (&'static str, &'static str, Cell, bool);

struct Shape {
    kind: RecordKind,
    columns: &'static [Column],
    /// Whether other columns are passed over: tables of others have them.
    others: bool,
}

const AUTHORITIES: Shape = Shape {
    kind: RecordKind::Authority,
    columns: &[
        ("ods_code", "code", Cell::Text, true),
        ("name", "name", Cell::Text, true),
        ("dfe_code", "dfe_code", Cell::Text, false),
        ("gss_code", "gss_code", Cell::Text, false),
        ("region_name", "region", Cell::Text, false),
        ("notice_emails", "notice_emails", Cell::List, false),
        ("duty_emails", "duty_emails", Cell::List, false),
        ("successors", "successors", Cell::Successors, false),
    ],
    others: true,
};

const PROVIDERS: Shape = Shape {
    kind: RecordKind::Provider,
    columns: &[
        ("ods_code", "code", Cell::Text, true),
        ("name", "name", Cell::Text, true),
        ("type", "type", Cell::Text, false),
        ("parent_ods_code", "parent", Cell::Text, false),
        ("closed", "until", Cell::Day, false),
        ("successors", "successors", Cell::Successors, false),
    ],
    others: true,
};

const SITES: Shape = Shape {
    kind: RecordKind::Site,
    columns: &[
        ("code", "code", Cell::Text, true),
        ("name", "name", Cell::Text, true),
        ("organisation", "organisation", Cell::Text, true),
        ("setting", "setting", Cell::Text, true),
        ("responsible_name", "responsible.name", Cell::Text, false),
        ("responsible_role", "responsible.role", Cell::Text, false),
        ("responsible_phone", "responsible.phone", Cell::Text, false),
        ("lead_phone", "lead.phone", Cell::Text, false),
        ("lead_email", "lead.email", Cell::Text, false),
        ("from", "from", Cell::Day, false),
        ("until", "until", Cell::Day, false),
        ("successors", "successors", Cell::Successors, false),
    ],
    others: false,
};

const SYSTEMS: Shape = Shape {
    kind: RecordKind::System,
    columns: &[
        ("code", "code", Cell::Text, true),
        ("name", "name", Cell::Text, true),
        ("organisation", "organisation", Cell::Text, true),
        ("supplier", "supplier", Cell::Text, false),
        ("sites", "sites", Cell::List, false),
        ("asids", "asids", Cell::List, false),
        ("client", "client", Cell::Text, false),
        ("certificates", "certificates", Cell::List, false),
        ("mailbox", "mailbox", Cell::Text, false),
        ("one_id_a_visit", "one_id_a_visit", Cell::YesNo, false),
        ("from", "from", Cell::Day, false),
        ("until", "until", Cell::Day, false),
        ("successors", "successors", Cell::Successors, false),
    ],
    others: false,
};

impl TableKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Authorities, Self::Providers, Self::Sites, Self::Systems, Self::Records];

    /// A word for interfaces and forms.
    pub fn code(self) -> &'static str {
        match self {
            Self::Authorities => "authorities",
            Self::Providers => "providers",
            Self::Sites => "sites",
            Self::Systems => "systems",
            Self::Records => "records",
        }
    }

    fn shape(self) -> Option<&'static Shape> {
        match self {
            Self::Authorities => Some(&AUTHORITIES),
            Self::Providers => Some(&PROVIDERS),
            Self::Sites => Some(&SITES),
            Self::Systems => Some(&SYSTEMS),
            Self::Records => None,
        }
    }
}

impl FromStr for TableKind {
    type Err = UnknownTable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.code() == text).ok_or(UnknownTable)
    }
}

/// A table as it was handed over.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// Its name in faults.
    pub name: &'a str,
    /// What it holds.
    pub kind: TableKind,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A fault of a table. It never repeats what the table says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFault {
    /// The table.
    pub table: String,
    /// Line, from 1.
    pub line: u64,
    /// Column, or field of a record; empty where the fault is the row's.
    pub column: String,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for TableFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comma = if self.column.is_empty() { "" } else { ", " };
        write!(f, "{}, line {}{comma}{}: {}", self.table, self.line, self.column, self.what)
    }
}

impl std::error::Error for TableFault {}

/// A record that would change.
#[derive(Clone, Debug)]
pub struct PlannedChange {
    /// The record as it would be.
    pub record: Record,
    /// The version that it replaces; 0 where no operator has kept one.
    pub expected: u32,
    /// Whether the register holds nothing under its code.
    pub is_new: bool,
    /// What would differ.
    pub differences: Vec<Difference>,
}

impl PlannedChange {
    /// Whether the change gives a last day to what had none.
    pub fn closes(&self) -> bool {
        self.differences.iter().any(|one| one.field == "until" && one.before.is_none())
    }
}

/// What tables would change.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In the order of the tables.
    pub changes: Vec<PlannedChange>,
    /// Rows that say what the register holds already.
    pub unchanged: usize,
}

impl Plan {
    /// How many records are new, changed, and given a last day (these are among the others).
    pub fn counts(&self) -> (usize, usize, usize) {
        let new = self.changes.iter().filter(|change| change.is_new).count();
        let closed = self.changes.iter().filter(|change| change.closes()).count();
        (new, self.changes.len() - new, closed)
    }
}

/// What tables would change in a register, or all their faults.
pub fn plan(tables: &[Table<'_>], register: &Register) -> Result<Plan, Vec<TableFault>> {
    let mut planning = Planning { register, faults: Vec::new(), seen: HashMap::new(), plan: Plan::default(), rows: 0 };
    for table in tables {
        planning.table(*table);
    }
    if planning.faults.is_empty() { Ok(planning.plan) } else { Err(planning.faults) }
}

/// Where something stands.
#[derive(Clone, Copy)]
struct At<'a> {
    table: &'a str,
    line: u64,
}

struct Planning<'a> {
    register: &'a Register,
    faults: Vec<TableFault>,
    seen: HashMap<(RecordKind, String), (&'a str, u64)>,
    plan: Plan,
    rows: usize,
}

impl<'a> Planning<'a> {
    fn fault(&mut self, at: At<'_>, column: &str, what: impl Into<String>) {
        let (table, column, what) = (at.table.to_owned(), column.to_owned(), what.into());
        self.faults.push(TableFault { table, line: at.line, column, what });
    }

    fn table(&mut self, table: Table<'a>) {
        let at = At { table: table.name, line: 1 };
        if table.bytes.len() > TABLE_BYTES_MAX {
            return self.fault(at, "", format!("the table has more than {TABLE_BYTES_MAX} bytes"));
        }
        let bytes = table.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(table.bytes);
        match table.kind.shape() {
            Some(shape) => self.csv(at, shape, bytes),
            None => self.lines(at, bytes),
        }
    }

    /// Counts a row; says whether there is room for it.
    fn has_room(&mut self, at: At<'_>) -> bool {
        self.rows += 1;
        if self.rows == ROWS_MAX + 1 {
            self.fault(at, "", format!("there are more than {ROWS_MAX} rows: divide the tables"));
        }
        self.rows <= ROWS_MAX
    }

    fn csv(&mut self, at: At<'a>, shape: &Shape, bytes: &[u8]) {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(bytes);
        let Ok(head) = reader.headers().cloned() else { return self.fault(at, "", "the first line is no text") };
        let places: Vec<_> = shape
            .columns
            .iter()
            .map(|(column, ..)| head.iter().position(|name| name.eq_ignore_ascii_case(column)))
            .collect();
        for ((column, .., needed), place) in shape.columns.iter().zip(&places) {
            if *needed && place.is_none() {
                self.fault(at, column, "the table has no such column");
            }
        }
        for (place, name) in head.iter().enumerate() {
            let known = places.contains(&Some(place));
            if !known && (!shape.others || shape.columns.iter().any(|(column, ..)| name.eq_ignore_ascii_case(column))) {
                self.fault(at, &format!("column {}", place + 1), "this column is not known, or stands twice");
            }
        }
        if !self.faults.is_empty() {
            return;
        }
        for (n, row) in reader.records().enumerate() {
            let row = match row {
                Ok(row) => row,
                Err(error) => {
                    let line = error.position().map_or(n as u64 + 2, csv::Position::line);
                    let at = At { line, ..at };
                    self.fault(at, "", "the row has another number of columns than the first line, or is no text");
                    continue;
                }
            };
            let at = At { line: row.position().map_or(0, csv::Position::line), ..at };
            if !self.has_room(at) {
                return;
            }
            let cells =
                shape.columns.iter().zip(&places).filter_map(|(column, place)| Some((*column, row.get((*place)?)?)));
            self.row(at, shape, cells.collect());
        }
    }

    fn row(&mut self, at: At<'a>, shape: &Shape, cells: Vec<(Column, &str)>) {
        let before = self.faults.len();
        let cell = |field| cells.iter().find(|((_, its, ..), _)| *its == field).map_or("", |(_, text)| *text);
        let code = match (cell("code"), shape.kind) {
            ("", RecordKind::Authority) => match self.code_of_dfe(cell("dfe_code")) {
                Some(code) => code,
                None => {
                    return self.fault(
                        at,
                        "ods_code",
                        "it is missing, and the register holds no authority with this DfE code",
                    );
                }
            },
            (code, RecordKind::System) => code.to_owned(),
            (code, _) => code.to_uppercase(),
        };
        let held = self.register.record(shape.kind, &code).map(|held| held.record.clone());
        let mut object = match held.as_ref().map(|held| held.json()) {
            Some(Value::Object(object)) => object,
            _ => Map::new(),
        };
        object.insert("version".to_owned(), VERSION.into());
        object.insert("kind".to_owned(), shape.kind.code().into());
        for ((column, field, form, _), text) in cells {
            let kept =
                held.as_ref().filter(|held| field == "name" && text.to_lowercase() == held.name().to_lowercase());
            match value(form, if let Some(held) = kept { held.name() } else { text }) {
                Ok(value) => put(&mut object, field, value),
                Err(what) => self.fault(at, column, what),
            }
        }
        object.insert("code".to_owned(), code.into());
        // Judged even after a fault, so that all of them are told.
        match Record::from_json(Value::Object(object).to_string().as_bytes()) {
            Ok(record) if self.faults.len() == before => self.record(at, record),
            Ok(_) => {}
            Err(RecordError::Faults(faults)) => {
                for fault in faults {
                    let root = |field: &str| field.split(['[', '.']).next().map(str::to_owned);
                    let same = |column: &&Column| column.1 == fault.field;
                    let near = |column: &&Column| root(column.1) == root(&fault.field);
                    let column = shape.columns.iter().find(same).or_else(|| shape.columns.iter().find(near));
                    self.fault(at, column.map_or(&fault.field, |column| column.0), fault.what);
                }
            }
            Err(error) => self.fault(at, "", error.to_string()),
        }
    }

    fn code_of_dfe(&self, dfe: &str) -> Option<String> {
        let has_it = |record: &Record| {
            matches!(record, Record::Authority(authority)
                if authority.dfe_code.as_ref().is_some_and(|code| code.as_str() == dfe))
        };
        self.register.records().find(|held| has_it(&held.record)).map(|held| held.record.code().to_owned())
    }

    fn lines(&mut self, at: At<'a>, bytes: &[u8]) {
        for (n, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            let at = At { line: n as u64 + 1, ..at };
            if line.is_empty() {
                continue;
            }
            if !self.has_room(at) {
                return;
            }
            match Record::from_json(line) {
                Ok(record) => self.record(at, record),
                Err(RecordError::Faults(faults)) => {
                    for fault in faults {
                        self.fault(at, &fault.field, fault.what);
                    }
                }
                Err(error) => self.fault(at, "", error.to_string()),
            }
        }
    }

    fn record(&mut self, at: At<'a>, record: Record) {
        let (kind, code) = (record.kind(), record.code().to_owned());
        if let Some((table, line)) = self.seen.insert((kind, code.clone()), (at.table, at.line)) {
            return self.fault(at, "code", format!("this code stands in {table}, line {line}, too"));
        }
        if record.to_json().is_err() {
            return self.fault(at, "", format!("the record would have more than {RECORD_BYTES_MAX} bytes"));
        }
        let held = self.register.record(kind, &code);
        let differences = differences(held.map(|held| &*held.record), &record);
        if held.is_some() && differences.is_empty() {
            self.plan.unchanged += 1;
            return;
        }
        let (expected, is_new) = (held.map_or(0, |held| held.version), held.is_none());
        self.plan.changes.push(PlannedChange { record, expected, is_new, differences });
    }
}

/// A cell as the field's value; null for an empty one.
fn value(form: Cell, text: &str) -> Result<Value, &'static str> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    match form {
        Cell::Text => Ok(text.into()),
        Cell::Day => Ok(day(text).into()),
        Cell::List => Ok(text.split_whitespace().collect()),
        Cell::YesNo => match text {
            "yes" => Ok(true.into()),
            "no" => Ok(false.into()),
            _ => Err("yes, no or nothing is expected"),
        },
        Cell::Successors => {
            let one =
                |part: &str| part.trim().split_once(' ').map(|(code, on)| json!({"code": code, "on": day(on.trim())}));
            let all: Option<Vec<Value>> = text.split(';').map(one).collect();
            all.map(Value::Array).ok_or("successors are written like `RJ122 2026-04-01; RJ123 2026-04-01`")
        }
    }
}

fn day(text: &str) -> String {
    let parts = (text.get(..4), text.get(4..6), text.get(6..));
    match parts {
        (Some(year), Some(month), Some(day)) if text.len() == 8 => format!("{year}-{month}-{day}"),
        _ => text.to_owned(),
    }
}

/// Sets a field, or one of an object in it. An object without fields goes.
fn put(object: &mut Map<String, Value>, field: &str, value: Value) {
    let Some((outer, inner)) = field.split_once('.') else {
        object.insert(field.to_owned(), value);
        return;
    };
    let nested = object.entry(outer).or_insert_with(|| json!({}));
    if let Value::Object(fields) = nested {
        fields.insert(inner.to_owned(), value);
        if fields.values().all(Value::is_null) {
            object.remove(outer);
        }
    }
}

#[cfg(test)]
mod tests;
