//! A whole database as one stream of bytes, and back. Nothing is unsealed, so no key is needed and none is in it; whoever
//! keeps the stream encrypts it.
//!
//! A stream is a row of frames: length (4 bytes, big endian), then an item in CBOR. The first says what the stream is, the
//! last how many rows there were and the digest of all before it, so that a part is never taken for the whole.

mod read;
mod restore;
mod write;

pub use read::Reader;
pub(crate) use restore::is_mark;
pub use restore::{NOTICE_GAP, Restored, Resume, restore, resume};
pub use write::Writer;

use crate::copy::CopyError;
use cpis_model::Timestamp;
use cpis_store::StoreError;
use cpis_store::tables::{Row, Value, described};
use minicbor::Encoder;
use sha2::{Digest, Sha256};
use std::convert::Infallible;

/// The first word of a stream.
const NAME: &str = "OpenCPIS backup";
/// The form of the frames.
const FORM: u8 = 1;
/// Bytes of a frame from which on rows go into the next one.
const FRAME_BYTES: usize = 1024 * 1024;
/// The same in rows.
const FRAME_ROWS: u64 = 2000;
/// Longest frame that is read: one row may be long.
const FRAME_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Kinds of items after the first.
const ROWS: u8 = 1;
const HIGHEST: u8 = 2;
const END: u8 = 3;

/// What a stream says of itself at its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The moment of the backup: what was answered before it is in the stream.
    pub made: Timestamp,
    /// The program that wrote it.
    pub program: String,
    /// Digest over the description of all tables.
    schema: [u8; 32],
}

impl Head {
    /// Of a stream that this program writes.
    pub fn new(made: Timestamp, program: &str) -> Self {
        Self { made, program: program.to_owned(), schema: Sha256::digest(described().join("\n")).into() }
    }
}

/// What was in a stream, once it was read or written to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows of all tables.
    pub rows: u64,
    /// Entries of the audit log.
    pub entries: u64,
    /// People whose key was destroyed, by their surrogates.
    pub erased: Vec<i64>,
    /// The last signed checkpoint.
    pub checkpoint: Option<String>,
}

/// Why a stream cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something else.
    #[error("it is not a backup of this program")]
    Other,
    /// Frames of a form that this program does not know.
    #[error("it was written in form {0} by the newer program {1}")]
    Newer(u8, String),
    /// Its tables are not those of this program.
    #[error("its tables are those of the program {0}, and this one has others")]
    OtherTables(String),
    /// It ends too early, or a frame is not what it should be.
    #[error("it is damaged or not whole: {0}")]
    Damaged(&'static str),
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Why a database was not restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup.
    #[error("the backup cannot be used: {0}")]
    Backup(#[from] BackupError),
    /// The target, or what was put into it.
    #[error(transparent)]
    Target(#[from] CopyError),
}

impl From<StoreError> for RestoreError {
    fn from(error: StoreError) -> Self {
        Self::Target(CopyError::Store(error))
    }
}

/// Adds a row in CBOR.
fn encode_row(out: &mut Vec<u8>, row: &Row) -> Result<(), minicbor::encode::Error<Infallible>> {
    let mut encoder = Encoder::new(out);
    encoder.array(row.len() as u64)?;
    for value in row {
        match value {
            Value::Null => encoder.null()?,
            Value::Integer(number) => encoder.i64(*number)?,
            Value::Text(text) => encoder.str(text)?,
            Value::Bytes(bytes) => encoder.bytes(bytes)?,
        };
    }
    Ok(())
}

/// A column's integer; nothing where it is empty.
fn integer(table: &cpis_store::tables::Table, row: &Row, name: &str) -> Option<i64> {
    match row.get(place(table, name)?) {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    }
}

fn place(table: &cpis_store::tables::Table, name: &str) -> Option<usize> {
    table.columns.iter().position(|column| column.name == name)
}

impl Summary {
    /// Takes a row into account.
    fn add(&mut self, table: &cpis_store::tables::Table, row: &Row) {
        self.rows += 1;
        match table.name {
            "journal" => {
                let part = |name| integer(table, row, name).and_then(|number| u64::try_from(number).ok());
                if let (Some(first), Some(count)) = (part("first_index"), part("count")) {
                    self.entries = self.entries.max(first.saturating_add(count));
                }
            }
            "person" if place(table, "data_key").and_then(|at| row.get(at)) == Some(&Value::Null) => {
                self.erased.extend(integer(table, row, "id"));
            }
            "checkpoint" => {
                if let Some(Value::Text(note)) = place(table, "note").and_then(|at| row.get(at)) {
                    self.checkpoint = Some(note.clone());
                }
            }
            _ => {}
        }
    }
}
