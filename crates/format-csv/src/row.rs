//! One row: a person with one plan, or all its faults.

use crate::cell;
use crate::column::Column;
use crate::date;
use crate::fault::CellFault;
use crate::heading::Headings;
use crate::rows::Row;
use crate::shape::Shape;
use cpis_model::Date;
use cpis_model::name::PersonName;
use cpis_model::organisation::Phone;
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::upload::{LOCAL_ID_CHARS_MAX, Person, Record, SubjectKind, UploadedPlan};

/// The columns of dates.
const DATES: [Column; 4] = [Column::Birth, Column::Start, Column::End, Column::Delete];

/// For each column of dates the first line that has the month first, if any: then no date of the column that could be read
/// both ways is taken. A wrong day of birth would be found by demographics, a wrong day of a plan by nobody.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MonthFirst([Option<u32>; DATES.len()]);

impl MonthFirst {
    /// Looks at a row's dates.
    pub fn look(&mut self, headings: &Headings, row: &Row) {
        for (column, line) in DATES.into_iter().zip(&mut self.0) {
            let text = cell::unmarked(headings.cell(row, column));
            if line.is_none() && date::day(text) == Err(Shape::MonthFirst) {
                *line = Some(row.line);
            }
        }
    }

    fn line(self, column: Column) -> Option<u32> {
        DATES.into_iter().zip(self.0).find_map(|(own, line)| line.filter(|_| own == column))
    }
}

/// A telephone number of the file, and the line that gives it.
pub(crate) type Given = Option<(Phone, u32)>;

/// Reads rows.
pub(crate) struct Reader {
    /// Which column stands where.
    pub headings: Headings,
    /// Columns with dates that have the month first.
    pub month_first: MonthFirst,
    /// The emergency number of the rows so far.
    pub emergency: Given,
    /// The office number of the rows so far.
    pub office: Given,
}

impl Reader {
    /// Reads a row: its record, or all its faults.
    pub fn read(&mut self, row: &Row) -> Result<Record, Vec<CellFault>> {
        let mut cells = Cells { headings: &self.headings, row, faults: Vec::new() };
        let beyond = row.cells.iter().skip(self.headings.width).filter(|cell| !cell::clean(cell).is_empty()).count();
        if beyond > 0 {
            cells.fault(None, Shape::TooManyCells(beyond as u32));
        }
        let number = cells.must(Column::Number, cell::number);
        let given = cells.must(Column::Given, |text| cell::name(text).map(str::to_owned));
        let family = cells.must(Column::Family, |text| cell::name(text).map(str::to_owned));
        let birth = cells.day(Column::Birth, self.month_first);
        if birth == Ok(None) {
            cells.fault(Some(Column::Birth), Shape::Empty);
        }
        let kind = cells.must(Column::Plan, cell::kind);
        let start = cells.day(Column::Start, self.month_first);
        if start == Ok(None) {
            cells.fault(Some(Column::Start), Shape::Empty);
        }
        let end = cells.day(Column::End, self.month_first);
        if end == Ok(None) && kind == Some(PlanKind::Unborn) {
            cells.fault(Some(Column::End), Shape::NoDueDate);
        }
        let delete = cells.day(Column::Delete, self.month_first);
        let local_id = cells
            .may(Column::LocalId, |text| cell::local_id(text, LOCAL_ID_CHARS_MAX).map(str::to_owned))
            .ok()
            .flatten();
        cells.phone(Column::EmergencyPhone, &mut self.emergency);
        cells.phone(Column::OfficePhone, &mut self.office);
        let faults = cells.faults;
        let record = || {
            let kind = kind?;
            let name = PersonName::new(&given?, &family?);
            let person = Person { number: number?, local_id, name, birth: birth.ok()?? };
            let dates = PlanDates { start: start.ok()??, end: end.ok()?, delete: delete.ok()? };
            let subject = if kind == PlanKind::Unborn { SubjectKind::Unborn } else { SubjectKind::Child };
            Some(Record { position: row.line, subject, person, plans: vec![UploadedPlan { kind, dates }] })
        };
        if faults.is_empty() { record().ok_or(faults) } else { Err(faults) }
    }
}

/// A cell whose fault is noted already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unread;

struct Cells<'r> {
    headings: &'r Headings,
    row: &'r Row<'r>,
    faults: Vec<CellFault>,
}

impl Cells<'_> {
    fn fault(&mut self, column: Option<Column>, shape: Shape) {
        self.faults.push(CellFault { line: self.row.line, column, shape });
    }

    /// What a cell holds, if it holds anything.
    fn may<T>(&mut self, column: Column, read: impl FnOnce(&str) -> Result<T, Shape>) -> Result<Option<T>, Unread> {
        let text = self.headings.cell(self.row, column);
        if text.is_empty() {
            return Ok(None);
        }
        let is_phone = matches!(column, Column::EmergencyPhone | Column::OfficePhone);
        let plain = match text.strip_prefix('+') {
            Some(rest) if is_phone => cell::plain(rest.trim_start()).map(|_| text),
            _ => cell::plain(text),
        };
        plain.and_then(read).map(Some).map_err(|shape| {
            self.fault(Some(column), shape);
            Unread
        })
    }

    /// What a cell holds that must hold something.
    fn must<T>(&mut self, column: Column, read: impl FnOnce(&str) -> Result<T, Shape>) -> Option<T> {
        let found = self.may(column, read);
        if matches!(found, Ok(None)) {
            self.fault(Some(column), Shape::Empty);
        }
        found.ok().flatten()
    }

    fn day(&mut self, column: Column, month_first: MonthFirst) -> Result<Option<Date>, Unread> {
        self.may(column, |text| {
            let day = date::day(cell::unmarked(text))?;
            match month_first.line(column) {
                Some(line) if day.either_way => Err(Shape::MaybeMonthFirst(line)),
                _ => Ok(day.date),
            }
        })
    }

    /// A file has one number of a kind: the first that is given.
    fn phone(&mut self, column: Column, given: &mut Given) {
        let Ok(Some(phone)) = self.may(column, cell::phone) else { return };
        match given {
            None => *given = Some((phone, self.row.line)),
            Some((first, line)) if *first != phone => {
                let line = *line;
                self.fault(Some(column), Shape::Differs(line));
            }
            Some(_) => {}
        }
    }
}
