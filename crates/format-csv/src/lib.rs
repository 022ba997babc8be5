//! An authority's spreadsheet, saved as text, as an upload: rows become the same values of the model as records of HL7v3.
//!
//! Pure code: bytes in, values out. Every fault of every row is told at once, with its line, its column, the *shape* of what
//! stands there and what to do. Nothing that a cell holds is ever said back: a [`Shape`] has no room for it.
//!
//! One row is one plan of one person, and its position is its line in the file, so that a place found after reading can be
//! told without the file. Rows are parted by a strict reader of our own: the `csv` crate reads past a stray quotation mark,
//! and each row that it swallowed would be a child of whom nobody is told.
//!
//! Reading order: [`read`], [`Table`], [`CellFault`], [`TableWriter`], [`template`].

mod cell;
mod column;
mod date;
mod decode;
mod fault;
mod heading;
mod note;
mod read;
mod row;
mod rows;
mod shape;
mod table;
mod template;
mod text;
mod write;

pub use column::{Column, location};
pub use decode::READER;
pub use fault::{CellFault, mend};
pub use note::Note;
pub use read::{Progress, read};
pub use shape::Shape;
pub use table::Table;
pub use template::template;
pub use text::Encoding;
pub use write::TableWriter;

/// Most columns of a table.
pub const COLUMNS_MAX: usize = 100;
/// Most lines of a file, empty ones and comments included: what a sheet can have, and as much again.
pub const LINES_MAX: u32 = 2 * 1_048_576;

#[cfg(test)]
mod tests;
