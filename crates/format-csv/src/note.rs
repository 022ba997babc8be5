//! What is worth knowing of a file that is no fault.

use crate::text::Encoding;
use std::fmt;

/// A remark about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A column that is not read.
    Ignored {
        /// Its letters in a spreadsheet.
        letters: String,
        /// Its heading, where it is plain words.
        heading: Option<String>,
    },
    /// Lines after the headings that begin with `# ` and were passed over.
    Remarks(u32),
    /// The encoding was guessed.
    Guessed(Encoding),
    /// No row gives an emergency number: the authority's registered one is used.
    RegisteredNumber,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignored { letters, heading: Some(heading) } => write!(f, "column {letters} ({heading}) is not read"),
            Self::Ignored { letters, heading: None } => {
                write!(f, "column {letters} is not read: its heading is not known")
            }
            Self::Remarks(1) => f.write_str("1 line begins with # and was passed over"),
            Self::Remarks(count) => write!(f, "{count} lines begin with # and were passed over"),
            Self::Guessed(encoding) => {
                write!(
                    f,
                    "the file is not UTF-8 and was read as {encoding}: check names with accents, or save in UTF-8"
                )
            }
            Self::RegisteredNumber => {
                f.write_str("no row has an emergency_phone: the number that is registered for the authority is used")
            }
        }
    }
}
