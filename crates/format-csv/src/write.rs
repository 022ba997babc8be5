//! Writes a table that [`read`](crate::read()) reads: for the template, and for made-up files.

use crate::column::Column;
use cpis_model::Date;
use cpis_model::organisation::Contact;
use cpis_model::upload::Record;

/// Writes a table row by row.
pub struct TableWriter {
    out: csv::Writer<Vec<u8>>,
    contact: Option<Contact>,
}

impl TableWriter {
    /// A table with its headings. The numbers stand in its first row.
    pub fn new(contact: Option<&Contact>) -> Self {
        Self::after(Vec::new(), contact)
    }

    /// The same after what is written already.
    pub(crate) fn after(start: Vec<u8>, contact: Option<&Contact>) -> Self {
        let out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(start);
        let mut writer = Self { out, contact: contact.cloned() };
        writer.cells(&Column::ALL.map(Column::name));
        writer
    }

    /// Adds a row for each plan of a record.
    pub fn record(&mut self, record: &Record) {
        let person = &record.person;
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        for plan in &record.plans {
            let contact = self.contact.take();
            let dates = plan.dates;
            self.cells(&[
                person.number.digits(),
                &person.name.given,
                &person.name.family,
                &person.birth.to_string(),
                plan.kind.code(),
                &dates.start.to_string(),
                &day(dates.end),
                &day(dates.delete),
                person.local_id.as_deref().unwrap_or_default(),
                contact.as_ref().map_or("", |own| own.emergency.as_str()),
                contact.as_ref().and_then(|own| own.office.as_ref()).map_or("", |office| office.as_str()),
            ]);
        }
    }

    /// What is written since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        // Writing to memory does not fail.
        let _ = self.out.flush();
        let fresh = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        std::mem::replace(&mut self.out, fresh).into_inner().unwrap_or_default()
    }

    /// Adds a row of cells as they are.
    pub(crate) fn cells(&mut self, cells: &[&str; Column::ALL.len()]) {
        let _ = self.out.write_record(cells);
    }
}
