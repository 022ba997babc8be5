//! The tables themselves, for what works on a whole database rather than on the domain: moving it to another backend, and
//! comparing the two backends' schemas. Every backend has these tables with these columns, and no others.

use crate::StoreError;
use async_trait::async_trait;
use tokio::sync::mpsc::Sender;

/// Rows that are read at a time.
const ROWS: u32 = 2000;
/// The same, of tables with long rows.
const LONG_ROWS: u32 = 32;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A 64-bit integer: counts, ids, milliseconds, dates as yyyymmdd, booleans as 0 and 1.
    Integer,
    /// UTF-8 text.
    Text,
    /// Bytes.
    Bytes,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may be empty.
    pub nullable: bool,
}

/// A table.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Name.
    pub name: &'static str,
    /// The columns of its primary key, in whose order rows are read.
    pub key: &'static [&'static str],
    /// All columns.
    pub columns: &'static [Column],
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// An integer.
    Integer(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A row: its values in the order of the table's columns.
pub type Row = Vec<Value>;

/// A part of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Rows of a table, in the order of its key. Several parts follow one another for a long table.
    Rows(&'static Table, Vec<Row>),
    /// After the rows of one of [`NUMBERED`]: the highest number that was ever given.
    Highest(&'static Table, u64),
}

/// A database as tables. But for [`Tables::snapshot`] it is used with the service stopped.
#[async_trait]
pub trait Tables: Send + Sync {
    /// Rows in the order of the key (texts and bytes by their bytes), after a row with this key.
    async fn rows_after(
        &self,
        table: &'static Table,
        after: Option<Vec<Value>>,
        rows_max: u32,
    ) -> Result<Vec<Row>, StoreError>;

    /// Adds rows; those that stand already stay as they are.
    async fn put_rows(&self, table: &'static Table, rows: Vec<Row>) -> Result<(), StoreError>;

    /// Removes every row of a table.
    async fn clear(&self, table: &'static Table) -> Result<(), StoreError>;

    /// Puts these rows in place of all rows of a small table, in one transaction.
    async fn replace(&self, table: &'static Table, rows: Vec<Row>) -> Result<(), StoreError>;

    /// The highest number that was ever given to a row of one of [`NUMBERED`], also where that row is gone; 0 before the
    /// first.
    async fn highest(&self, table: &'static Table) -> Result<u64, StoreError>;

    /// Sees to it that new rows of one of [`NUMBERED`] get higher numbers than this, and than every row that stands.
    async fn number_after(&self, table: &'static Table, highest: u64) -> Result<(), StoreError>;

    /// The key of the last row, if there is a row.
    async fn last_key(&self, table: &'static Table) -> Result<Option<Vec<Value>>, StoreError>;

    /// How many rows there are.
    async fn count(&self, table: &'static Table) -> Result<u64, StoreError>;

    /// Hands over all tables as they are at one moment, in the order of [`TABLES`], while others go on writing. Ends with an
    /// error once nobody takes the parts any more.
    async fn snapshot(&self, parts: Sender<Part>) -> Result<(), StoreError>;

    /// The tables as the database itself describes them, each as one line `name (column KIND [NULL], …) KEY (…)`, in the
    /// order of their names: [`describe`] of [`TABLES`] where all is well. What belongs to the backend alone is left out.
    async fn described(&self) -> Result<Vec<String>, StoreError>;
}

macro_rules! column {
    ($name:ident $kind:ident NULL) => {
        Column { name: stringify!($name), kind: Kind::$kind, nullable: true }
    };
    ($name:ident $kind:ident) => {
        Column { name: stringify!($name), kind: Kind::$kind, nullable: false }
    };
}

macro_rules! tables {
    ($($table:ident [$($key:ident),+] { $($name:ident $kind:ident $($null:ident)?),+ $(,)? })+) => {
        &[$(Table {
            name: stringify!($table),
            key: &[$(stringify!($key)),+],
            columns: &[$(column!($name $kind $($null)?)),+],
        }),+]
    };
}

/// All tables, in the order in which a copy fills them.
pub const TABLES: &[Table] = tables! {
    setting [name] { name Text, value Bytes }
    month_key [month] { month Integer, key Bytes }
    person [id] {
        id Integer, lookup_a Bytes NULL, lookup_b Bytes NULL, number Bytes NULL, data_key Bytes NULL, hidden Integer NULL,
        own_until Integer NULL,
    }
    alias [id] { id Integer, lookup_a Bytes NULL, lookup_b Bytes NULL, number Bytes, person_id Integer, until Integer NULL }
    plan [person_id, plan_id, version, group_no] {
        person_id Integer, plan_id Bytes, version Integer, group_no Integer, authority Text, kind Integer, start_on Integer,
        end_on Integer NULL, delete_on Integer NULL, details Bytes,
    }
    contact [authority, version, group_no] {
        authority Text, version Integer, group_no Integer, name Text, emergency Text, office Text NULL,
    }
    organisation [number] {
        number Integer, kind Integer, code Text, version Integer, record Bytes, group_no Integer,
    }
    kept [kind, id] {
        kind Integer, id Bytes, revision Integer, group_a Bytes NULL, group_b Bytes NULL, ends Integer NULL, body Bytes,
    }
    register [id] {
        id Integer, lookup_a Bytes NULL, lookup_b Bytes NULL, person Bytes, search_a Bytes NULL, search_b Bytes NULL,
    }
    upload [authority, sequence] {
        authority Text, sequence Integer, checksum Bytes, status Integer, code Text NULL, received Integer,
        file_key Bytes NULL, acknowledgement Bytes NULL, sender Bytes, group_no Integer NULL, effective Integer NULL,
    }
    upload_file [authority, sequence, part] { authority Text, sequence Integer, part Integer, sealed Bytes }
    staging [group_no] { group_no Integer, at Integer, discarded Integer }
    upload_body [group_no, slice] { group_no Integer, slice Integer, body Bytes }
    leaf [group_no, ordinal] { group_no Integer, ordinal Integer, hash Bytes }
    journal [seq] {
        seq Integer, group_no Integer, first_index Integer, count Integer, digest Bytes, body Bytes NULL,
    }
    access [person_id, entry_index] {
        person_id Integer, entry_index Integer, seq Integer, at Integer, author Bytes, listed Integer, owed Text,
    }
    notice [number] {
        number Integer, id Bytes, authority Text, person_id Integer, entry_index Integer, seq Integer, at Integer,
        author Bytes, acknowledged Integer NULL, kind Integer, acknowledged_by Bytes NULL, reader Bytes NULL,
    }
    mail [id] {
        id Text, sender Text NULL, recipient Text, workflow Text, status Integer, place Integer, at Integer, expires Integer,
        ended Integer NULL, chunks Integer, compressed Integer, bytes Integer, local Bytes NULL, held Integer NULL, key Bytes,
        envelope Bytes,
    }
    mail_part [mail_id, chunk, part] { mail_id Text, chunk Integer, part Integer, sealed Bytes }
    delivery [authority, channel, upto] {
        authority Text, channel Text, upto Integer, at Integer, mail_id Text NULL,
    }
    quarantine [entry_index] { entry_index Integer, why Text }
    watermark [name] { name Text, next_index Integer }
    tree [id] { id Integer, size Integer, frontier Bytes }
    tile [level, tile_index] { level Integer, tile_index Integer, hashes Bytes }
    checkpoint [number] { number Integer, size Integer, note Text }
};

/// The tables whose rows the database numbers by itself. A notice's number is a cursor that authorities keep: the number of
/// one that was erased must never be given again.
pub const NUMBERED: [&str; 3] = ["alias", "register", "notice"];

/// A table by its name.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

impl Table {
    /// How many rows are read at a time: fewer where they are long.
    pub fn rows_at_once(&self) -> u32 {
        if matches!(self.name, "journal" | "upload_body" | "upload_file" | "mail_part") { LONG_ROWS } else { ROWS }
    }

    /// The key of one of its rows.
    pub fn key_of(&self, row: &[Value]) -> Vec<Value> {
        let place = |name: &&str| self.columns.iter().position(|column| column.name == *name);
        self.key.iter().filter_map(place).filter_map(|place| row.get(place)).cloned().collect()
    }
}

/// A table in one line.
pub fn describe(name: &str, key: &[&str], columns: &[(&str, Kind, bool)]) -> String {
    let columns: Vec<String> = columns
        .iter()
        .map(|(name, kind, nullable)| format!("{name} {kind:?}{}", if *nullable { " NULL" } else { "" }))
        .collect();
    format!("{name} ({}) KEY ({})", columns.join(", "), key.join(", "))
}

/// The tables as they must be, in the order of their names.
pub fn described() -> Vec<String> {
    let mut lines: Vec<String> = TABLES
        .iter()
        .map(|table| {
            let columns: Vec<_> =
                table.columns.iter().map(|column| (column.name, column.kind, column.nullable)).collect();
            describe(table.name, table.key, &columns)
        })
        .collect();
    lines.sort();
    lines
}
