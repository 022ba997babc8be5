//! The columns of a table, and the place of a fault.

use cpis_model::upload::Field;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// NHS number; of the mother for an unborn child's plan.
    Number,
    /// Given names.
    Given,
    /// Family name.
    Family,
    /// Date of birth; of the mother for an unborn child's plan.
    Birth,
    /// Kind of plan.
    Plan,
    /// The day the plan began.
    Start,
    /// The day it ended, or the due date.
    End,
    /// The day from which it is to leave view.
    Delete,
    /// The authority's own id of the person.
    LocalId,
    /// The authority's emergency telephone number.
    EmergencyPhone,
    /// The authority's office telephone number.
    OfficePhone,
}

impl Column {
    /// All columns, in the order of the template.
    pub const ALL: [Self; 11] = [
        Self::Number,
        Self::Given,
        Self::Family,
        Self::Birth,
        Self::Plan,
        Self::Start,
        Self::End,
        Self::Delete,
        Self::LocalId,
        Self::EmergencyPhone,
        Self::OfficePhone,
    ];

    /// Its name in the template and in faults, whatever heading it has in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "nhs_number",
            Self::Given => "given",
            Self::Family => "family",
            Self::Birth => "birth_date",
            Self::Plan => "plan_type",
            Self::Start => "start_date",
            Self::End => "end_date",
            Self::Delete => "delete_date",
            Self::LocalId => "local_id",
            Self::EmergencyPhone => "emergency_phone",
            Self::OfficePhone => "office_phone",
        }
    }

    /// What stands in it, for people.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Number => {
                "ten digits, with or without blanks; for an unborn child the mother's. Format the column as text"
            }
            Self::Given => "all given names; for an unborn child the mother's",
            Self::Family => "family name; for an unborn child the mother's",
            Self::Birth => "such as 4/4/2017 (day first), 4 Apr 2017 or 2017-04-04; for an unborn child the mother's",
            Self::Plan => "CPP (child protection), LAC (looked after) or UCPP (unborn child); a row for each plan",
            Self::Start => "the day the plan began",
            Self::End => "the day it ended, empty while it is open; for an unborn child the due date, always",
            Self::Delete => "only for a plan that was entered in error: the day from which it is not shown",
            Self::LocalId => "your own id of the person, if you want it in notices",
            Self::EmergencyPhone => {
                "your emergency duty team's number; it is enough in one row. Format the column as text"
            }
            Self::OfficePhone => "your number in office hours, likewise",
        }
    }

    /// Whether a table must have it.
    pub fn is_mandatory(self) -> bool {
        matches!(self, Self::Number | Self::Given | Self::Family | Self::Birth | Self::Plan | Self::Start)
    }

    /// The column of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// The column that a fault found after reading is about.
    fn of(field: Field) -> Option<Self> {
        match field {
            Field::Record => None,
            Field::Number => Some(Self::Number),
            Field::LocalId => Some(Self::LocalId),
            Field::Family => Some(Self::Family),
            Field::Given => Some(Self::Given),
            Field::Birth => Some(Self::Birth),
            Field::Plan(_) => Some(Self::Plan),
            Field::Start(_) => Some(Self::Start),
            Field::End(_) => Some(Self::End),
            Field::Delete(_) => Some(Self::Delete),
        }
    }
}

/// Line and column of what a fault is about, for faults found after reading. A record's position is its line.
///
/// ```
/// use cpis_format_csv::location;
/// use cpis_model::upload::Field;
/// assert_eq!(location(5, Field::Birth), "line 5, birth_date");
/// ```
pub fn location(position: u32, field: Field) -> String {
    place(position, Column::of(field))
}

/// A line, and perhaps a column, as they are written.
pub(crate) fn place(line: u32, column: Option<Column>) -> String {
    match column {
        Some(column) => format!("line {line}, {}", column.name()),
        None => format!("line {line}"),
    }
}

/// The letters by which a spreadsheet knows the column at this place, from 0.
pub(crate) fn letters(place: usize) -> String {
    let mut text = String::new();
    let mut rest = place + 1;
    while rest > 0 {
        text.insert(0, char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_letters_of_a_spreadsheet() {
        for (place, expected) in [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (99, "CV")] {
            assert_eq!(letters(place), expected);
        }
    }

    #[test]
    fn names_name_their_column() {
        assert!(Column::ALL.into_iter().all(|column| Column::named(column.name()) == Some(column)));
    }
}
