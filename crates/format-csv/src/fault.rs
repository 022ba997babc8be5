//! A fault of a cell or a row: where, what shape, what to do.

use crate::column::{Column, place};
use crate::shape::Shape;
use cpis_model::codes::{Detail, RecordCode};
use cpis_model::name::NAME_CHARS_MAX;
use cpis_model::upload::{LOCAL_ID_CHARS_MAX, Rejection};
use std::fmt;

/// A fault of one cell, or of a row where there is no column. It keeps its row from being loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellFault {
    /// Line in the file, from 1.
    pub line: u32,
    /// Column.
    pub column: Option<Column>,
    /// What stands there.
    pub shape: Shape,
}

impl CellFault {
    /// Code of the record.
    pub fn code(&self) -> RecordCode {
        if self.shape == Shape::OldStyle { RecordCode::OldStyle } else { RecordCode::Rejected }
    }

    /// Detail of CPR07.
    pub fn detail(&self) -> Option<Detail> {
        Some(match (self.shape, self.column) {
            (Shape::OldStyle, _) => return None,
            (Shape::NoDueDate, _) => Detail::NoDueDate,
            (Shape::Empty, _) => Detail::Missing,
            (_, Some(Column::Number)) => Detail::BadNumber,
            (_, Some(Column::Birth | Column::Start | Column::End | Column::Delete)) => Detail::BadDate,
            (_, Some(Column::EmergencyPhone | Column::OfficePhone)) => Detail::BadPhone,
            _ => Detail::BadValue,
        })
    }

    /// Where: a line, and a column if there is one.
    pub fn location(&self) -> String {
        place(self.line, self.column)
    }

    /// What to do.
    pub fn mend(&self) -> String {
        match (self.shape, self.column) {
            (Shape::Empty, _) => "Fill in the cell.".to_owned(),
            (Shape::Scientific, _) => {
                "Format the column as text or as a number without decimals, and type the number again: its last digits are lost."
                    .to_owned()
            }
            (Shape::Decimal, _) => "Format the column as text, and take away the decimal point and what follows.".to_owned(),
            (Shape::Formula, Some(Column::End | Column::Delete)) => {
                "Replace the formula by its value; leave the cell empty where there is no date.".to_owned()
            }
            (Shape::Formula, _) => "Replace the formula by its value (copy, then paste values), or take the sign away.".to_owned(),
            (Shape::SpreadsheetError, _) => "Mend the formula and replace it by its value.".to_owned(),
            (Shape::Digits(0..=9), Some(Column::Number)) => {
                "An NHS number has 10 digits. A spreadsheet takes away leading zeros: format the column as text and compare with your records.".to_owned()
            }
            (Shape::Digits(_), Some(Column::EmergencyPhone | Column::OfficePhone)) => {
                "A telephone number begins with 0 or +. A spreadsheet takes away leading zeros: format the column as text.".to_owned()
            }
            (_, Some(Column::Number)) => {
                let (code, detail) = (self.code(), self.detail());
                detail.map_or(code.mend(), Detail::mend).to_owned()
            }
            (Shape::Serial, _) => "Format the column as a date, such as 4/4/2017, before you save.".to_owned(),
            (Shape::TwoDigitYear, _) => "Write the year with four digits.".to_owned(),
            (Shape::MonthFirst, _) => "Write the day before the month, in all dates of the column.".to_owned(),
            (Shape::MaybeMonthFirst(line), _) => {
                format!("Correct line {line}. If the whole column has the month first, change its format.")
            }
            (Shape::TimeOfDay, _) => "Write the day alone.".to_owned(),
            (Shape::NoDueDate, _) => Detail::NoDueDate.mend().to_owned(),
            (_, Some(Column::Birth | Column::Start | Column::End | Column::Delete)) => {
                "Write a date such as 4/4/2017, 4 Apr 2017 or 2017-04-04.".to_owned()
            }
            (Shape::Differs(_), _) => "A file has one number of a kind: give it in one row and leave the others empty.".to_owned(),
            (_, Some(Column::EmergencyPhone | Column::OfficePhone)) => {
                "Write one telephone number, 3 to 20 digits.".to_owned()
            }
            (_, Some(Column::Plan)) => "Write CPP, LAC or UCPP, and a row for each plan.".to_owned(),
            (Shape::TooLong(_), Some(Column::LocalId)) => format!("Shorten it to {LOCAL_ID_CHARS_MAX} characters."),
            (Shape::TooLong(_), _) => format!("Shorten it to {NAME_CHARS_MAX} characters."),
            (Shape::Lost, _) => "Type the name again, and save as CSV in UTF-8.".to_owned(),
            (Shape::Garbled, _) => "Save from the source again as CSV in UTF-8, or type the name again.".to_owned(),
            (Shape::TooManyCells(_), _) => "A value with a separator in it must stand in quotation marks; or a cell has slipped.".to_owned(),
            (Shape::NoLetter, _) => "Write the name; perhaps two columns are exchanged.".to_owned(),
            (Shape::LineEnd, _) => "Take the line end away. Perhaps a quotation mark has no partner.".to_owned(),
            _ => "Correct the value.".to_owned(),
        }
    }

    /// The same as a rejection of the model.
    pub fn rejection(&self) -> Rejection {
        Rejection {
            shape: Some(self.shape.to_string()),
            advice: Some(self.mend()),
            ..Rejection::coded(self.line, self.code(), self.detail(), self.location())
        }
    }
}

impl fmt::Display for CellFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.location(), self.shape, self.mend())
    }
}

/// What to do about a fault found after reading, in the words of a table: the model's own speak of messages.
pub fn mend(detail: Detail) -> &'static str {
    match detail {
        Detail::BadDate => "Check the date: only a due date or a delete date can be in the future.",
        Detail::WrongSubject => "Write CPP or LAC for a child, UCPP for an unborn child's mother.",
        Detail::BadPhone => "Give the emergency duty team's number in emergency_phone.",
        other => other.mend(),
    }
}
