//! An authority's upload, and the list of what is wrong in it.

use super::faults::{Made, make_faults};
use super::{new_file, printed, written};
use crate::cli::{SynthFile, SynthFormat};
use crate::fault::{Fault, Kind, Result};
use crate::say;
use cpis_format_csv::TableWriter;
use cpis_format_hl7v3::FileWriter;
use cpis_model::Date;
use cpis_model::codes::{Detail, RecordCode};
use cpis_model::organisation::{AuthorityCode, Contact};
use cpis_model::register::Register;
use cpis_model::time::days_after;
use cpis_model::upload::{self, Header, check};
use cpis_synth::{England, authority_contact};
use std::io::{BufWriter, Write};
use std::process::ExitCode;

/// Writes the file, and the list if one was asked for.
pub fn run(england: &England, arguments: &SynthFile) -> Result<ExitCode> {
    let register = Register::built_in();
    let Some(name) = register.authority_name(arguments.authority) else {
        let what = format!("No authority has the code {}", arguments.authority);
        let mend = "`cpis organisations list --kind authority` of an installation shows the codes; 702 is Camden.";
        return Err(Fault::new(Kind::Usage, what).mend(mend));
    };
    let day = days_after(england.today(), arguments.day as i32);
    let records = made(england, arguments, day);
    let sequence = arguments.sequence.unwrap_or(u64::from(arguments.day) + 1);
    let upload = Upload { authority: arguments.authority, name, sequence, day, format: arguments.format, records };
    if let Some(path) = &arguments.faults_list {
        let mut file = new_file(path)?;
        written(upload.list(&mut file), path)?;
    }
    let Some(path) = &arguments.out else {
        return printed(upload.write(&mut BufWriter::new(std::io::stdout().lock())));
    };
    let mut file = new_file(path)?;
    written(upload.write(&mut file), path)?;
    let count = upload.records.len();
    say::line(format_args!("{count} records of {name} ({}) are in {}.", arguments.authority, path.display()));
    Ok(ExitCode::SUCCESS)
}

/// The records of the file in order, good and bad.
pub fn made(england: &England, arguments: &SynthFile, day: Date) -> Vec<Made> {
    let good = england.authority_file(arguments.authority, arguments.day);
    let mut records: Vec<Made> = good.map(|(record, fault)| Made::natural(record, fault, day)).collect();
    let count = (records.len() as u64 * u64::from(arguments.faults.0)).div_ceil(10_000);
    make_faults(england, &mut records, count as usize, day, arguments);
    records
}

/// A file to be written.
pub struct Upload<'own> {
    pub authority: AuthorityCode,
    pub name: &'own str,
    pub sequence: u64,
    pub day: Date,
    pub format: SynthFormat,
    pub records: Vec<Made>,
}

impl Upload<'_> {
    /// Writes all records.
    pub fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        let contact = authority_contact(self.authority);
        match self.format {
            SynthFormat::Hl7v3 => self.write_hl7v3(contact, out),
            SynthFormat::Csv => self.write_csv(&contact, out),
        }
    }

    fn write_hl7v3(&self, contact: Contact, out: &mut impl Write) -> std::io::Result<()> {
        let header = Header {
            // Files are made at night, when the day is over.
            created: format!("{}235500+0000", self.day.strftime("%Y%m%d")),
            sequence: self.sequence,
            declared_records: self.records.len() as u64,
            authority: self.authority,
            name: self.name.to_uppercase(),
            contact,
        };
        let mut writer = FileWriter::new(&header);
        for made in &self.records {
            out.write_all(&writer.take())?;
            writer.push(std::slice::from_ref(&made.record));
            let text = writer.take();
            out.write_all(&made.edit.map_or_else(|| text.clone(), |edit| edit.in_xml(&text, &made.record)))?;
        }
        out.write_all(&writer.finish())?;
        out.flush()
    }

    fn write_csv(&self, contact: &Contact, out: &mut impl Write) -> std::io::Result<()> {
        let mut writer = TableWriter::new(Some(contact));
        for made in &self.records {
            out.write_all(&writer.take())?;
            writer.record(&made.record);
            let rows = writer.take();
            out.write_all(&made.edit.map_or_else(|| rows.clone(), |edit| edit.in_rows(&rows)))?;
        }
        out.write_all(&writer.take())?;
        out.flush()
    }

    /// Writes which record is wrong, where and why: nothing of a person.
    pub fn list(&self, out: &mut impl Write) -> std::io::Result<()> {
        let mut table = csv::Writer::from_writer(out);
        table.write_record(["record", "place", "code", "detail", "meaning", "made"])?;
        for (position, made) in self.positions() {
            for fault in &made.faults {
                let place = match self.format {
                    SynthFormat::Hl7v3 => cpis_format_hl7v3::location(position, made.record.subject, fault.field),
                    SynthFormat::Csv => cpis_format_csv::location(position, fault.field),
                };
                let detail = fault.detail.map_or("", Detail::code);
                let meaning = fault.detail.map_or(fault.code.display(), Detail::display);
                let on_purpose = if made.is_on_purpose { "on purpose" } else { "by the country" };
                table.write_record([&position.to_string(), &place, fault.code.code(), detail, meaning, on_purpose])?;
            }
        }
        table.flush()
    }

    /// The records with their places in the file: in a spreadsheet the line of the first plan.
    pub fn positions(&self) -> impl Iterator<Item = (u32, &Made)> {
        let mut next = if self.format == SynthFormat::Csv { 2 } else { 1 };
        self.records.iter().map(move |made| {
            let position = next;
            next += if self.format == SynthFormat::Csv { made.record.plans.len() as u32 } else { 1 };
            (position, made)
        })
    }
}

impl Made {
    /// A record as the country has it, with what is wrong by demographics and by the calendar.
    fn natural(record: upload::Record, fault: Option<upload::Fault>, day: Date) -> Self {
        let mut faults = check(&record, day);
        // Demographics is asked only about what is good so far.
        if faults.iter().all(|fault| fault.code == RecordCode::Loaded) {
            faults.extend(fault);
        }
        Self { record, faults, edit: None, is_on_purpose: false }
    }
}

#[cfg(test)]
mod tests;
