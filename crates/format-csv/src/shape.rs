//! The shape of what stands in a cell, in words. It has no room for the value itself.

use std::fmt;

/// Why a cell cannot be read, told by its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Nothing where something must stand.
    Empty,
    /// Another number of digits than is expected.
    Digits(u32),
    /// Ten digits that do not agree with each other.
    CheckDigit,
    /// One digit over and over.
    AllSame,
    /// A pre-1996 number.
    OldStyle,
    /// Letters where digits are expected.
    Letters,
    /// Other characters where digits are expected.
    NotDigits,
    /// A number that a spreadsheet has shortened.
    Scientific,
    /// A number with a decimal point.
    Decimal,
    /// What begins as a formula.
    Formula,
    /// The mark that a spreadsheet leaves where a formula failed.
    SpreadsheetError,
    /// A date as the count of days that a spreadsheet keeps.
    Serial,
    /// A year of two digits.
    TwoDigitYear,
    /// A date whose month stands first.
    MonthFirst,
    /// A date that could be read both ways, in a column where this line has the month first.
    MaybeMonthFirst(u32),
    /// A day that the calendar does not have.
    NoSuchDay,
    /// A year before 1900 or after 2099.
    FarYear,
    /// A date with a time of day.
    TimeOfDay,
    /// Something else than a date.
    NotADate,
    /// An unborn child's plan without a due date.
    NoDueDate,
    /// A word that is no kind of plan.
    UnknownKind,
    /// More characters than are taken.
    TooLong(u32),
    /// A line end in a cell.
    LineEnd,
    /// A character that is none of writing.
    Control,
    /// A mark in place of a character that was lost.
    Lost,
    /// Accented letters that were read in the wrong encoding.
    Garbled,
    /// A name without a letter.
    NoLetter,
    /// A telephone number that differs from the one on this line.
    Differs(u32),
    /// More cells than the table has headings.
    TooManyCells(u32),
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Digits(1) => "1 digit",
            Self::Digits(count) => return write!(f, "{count} digits"),
            Self::MaybeMonthFirst(line) => {
                return write!(f, "a date that may have its month first, as line {line} has it in this column");
            }
            Self::TooLong(count) => return write!(f, "{count} characters"),
            Self::Differs(line) => return write!(f, "another number than on line {line}"),
            Self::TooManyCells(count) => return write!(f, "{count} cells more than there are headings"),
            Self::Empty => "nothing",
            Self::CheckDigit => "10 digits that do not agree with each other",
            Self::AllSame => "one digit ten times",
            Self::OldStyle => "an old-style NHS number",
            Self::Letters => "letters where digits are expected",
            Self::NotDigits => "signs where digits are expected",
            Self::Scientific => "a number in scientific notation",
            Self::Decimal => "a number with a decimal point",
            Self::Formula => "a formula, or something that begins like one (= + - @)",
            Self::SpreadsheetError => "the mark of a formula that failed",
            Self::Serial => "a date as a spreadsheet's count of days",
            Self::TwoDigitYear => "a date whose year has two digits",
            Self::MonthFirst => "a date with its month first",
            Self::NoSuchDay => "a day that is not in the calendar",
            Self::FarYear => "a year before 1900 or after 2099",
            Self::TimeOfDay => "a date with a time of day",
            Self::NotADate => "something else than a date",
            Self::NoDueDate => "no due date for an unborn child",
            Self::UnknownKind => "a word that is no kind of plan",
            Self::LineEnd => "a line end in the cell",
            Self::Control => "a control character",
            Self::Lost => "a question mark or a mark for a lost character in a name",
            Self::Garbled => "accented letters read in the wrong encoding",
            Self::NoLetter => "a name without a letter",
        };
        f.write_str(text)
    }
}
