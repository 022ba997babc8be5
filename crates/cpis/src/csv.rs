//! `cpis csv`: prints the template of a spreadsheet, and checks one without sending it anywhere. What it prints holds places and
//! shapes, never what a cell says.

use crate::cli::{Csv, CsvAction, CsvCheck};
use crate::fault::{Kind, OrFault, Result};
use crate::{progress, say};
use cpis_app::{Clock, SystemClock};
use cpis_format_csv::{CellFault, Table, location, mend, read, template};
use cpis_model::Date;
use cpis_model::codes::{Detail, RecordCode};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::AuthorityCode;
use cpis_model::plan::PlanKind;
use cpis_model::register::Register;
use cpis_model::time::london_day;
use cpis_model::upload::{self, Field, FileFault, Record, Sender, UPLOAD_BYTES_MAX};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;

/// Faults that are shown unless all are asked for.
const SHOWN_MAX: usize = 50;

/// Runs one of the commands.
pub fn run(arguments: Csv) -> Result<ExitCode> {
    match arguments.action {
        CsvAction::Template { out: None } => say::text(template()),
        CsvAction::Template { out: Some(path) } => {
            let shown = path.display();
            let file = File::create_new(&path).or_fault(Kind::Usage, format_args!("The file {shown} cannot be made"));
            let written = file?.write_all(template().as_bytes());
            written.or_fault(Kind::Failed, format_args!("The file {shown} cannot be written"))?;
            say::line(format_args!("The template is in {shown}."));
        }
        CsvAction::Check(arguments) => return check(&arguments),
    }
    Ok(ExitCode::SUCCESS)
}

fn check(arguments: &CsvCheck) -> Result<ExitCode> {
    let register = Register::built_in();
    let registered = register.authority_name(arguments.authority).map(ToString::to_string);
    let is_known = registered.is_some();
    let name = registered.unwrap_or_else(|| arguments.authority.to_string());
    let sender = Sender { authority: arguments.authority, name, emergency: None, office: None };
    let bytes = contents(&arguments.file)?;
    let bar = progress::bar("checking", bytes.len() as u64, progress::BYTES);
    let table = read(&bytes, &sender, &mut |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let mut report = match table {
        Ok(table) => Report::of(&table, &sender, london_day(SystemClock.now())),
        Err(fault) => Report::refused(fault, &sender),
    };
    if !is_known {
        report.notes.push("no authority of this code is built in: is it right?".to_owned());
    }
    if arguments.json {
        say::line(report.json());
    } else {
        let limit = if arguments.all { usize::MAX } else { SHOWN_MAX };
        say::text(report.words(limit));
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The file, or one byte more than is taken.
fn contents(path: &Path) -> Result<Vec<u8>> {
    let what = format!("The file {} cannot be read", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).or_fault(Kind::Usage, &what)?;
    file.take(UPLOAD_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).or_fault(Kind::Usage, &what)?;
    Ok(bytes)
}

/// A fault or a warning of a row, or a fault of the file, in words.
struct Finding {
    line: Option<u32>,
    place: String,
    code: Option<RecordCode>,
    detail: Option<Detail>,
    what: String,
    mend: String,
}

impl Finding {
    fn of_cell(fault: &CellFault) -> Self {
        Self {
            line: Some(fault.line),
            place: fault.location(),
            code: Some(fault.code()),
            detail: fault.detail(),
            what: fault.shape.to_string(),
            mend: fault.mend(),
        }
    }

    /// Of a fault that the calendar or the rest of the file tells.
    fn of_record(line: u32, fault: upload::Fault) -> Self {
        let (what, mend) =
            fault.detail.map_or((fault.code.display(), fault.code.mend()), |own| (own.display(), mend(own)));
        let what = if fault.detail == Some(Detail::BadDate) { "a date in the future" } else { what };
        let (code, detail) = (Some(fault.code), fault.detail);
        Self {
            line: Some(line),
            place: location(line, fault.field),
            code,
            detail,
            what: what.to_owned(),
            mend: mend.to_owned(),
        }
    }

    fn is_warning(&self) -> bool {
        self.code == Some(RecordCode::Loaded)
    }
}

/// What is to be said of a file.
struct Report {
    authority: AuthorityCode,
    name: String,
    /// Rows in all, and rows without a fault; `None` for a file that cannot be taken as a whole.
    rows: Option<(u32, u32)>,
    findings: Vec<Finding>,
    notes: Vec<String>,
}

impl Report {
    fn of(table: &Table, sender: &Sender, today: Date) -> Self {
        let mut findings: Vec<Finding> = table.faults.iter().map(Finding::of_cell).collect();
        let mut seen = HashSet::new();
        for record in &table.records {
            findings.extend(later(record, today, &mut seen).map(|fault| Finding::of_record(record.position, fault)));
        }
        findings.sort_by_key(|finding| finding.line);
        let mut bad: Vec<_> = findings.iter().filter(|one| !one.is_warning()).map(|one| one.line).collect();
        bad.dedup();
        let rows = Some((table.count, table.count.saturating_sub(bad.len() as u32)));
        let notes = table.notes.iter().map(ToString::to_string).collect();
        Self { authority: sender.authority, name: sender.name.clone(), rows, findings, notes }
    }

    fn refused(fault: FileFault, sender: &Sender) -> Self {
        let finding = |(place, what)| {
            let mend = "Correct the file: `cpis csv template` prints one with every column.".to_owned();
            Finding { line: None, place, code: None, detail: None, what, mend }
        };
        let findings = fault.faults.into_iter().map(finding).collect();
        Self { authority: sender.authority, name: sender.name.clone(), rows: None, findings, notes: Vec::new() }
    }

    fn is_good(&self) -> bool {
        self.rows.is_some_and(|(all, good)| all == good)
    }

    fn words(&self, limit: usize) -> String {
        let whose = format!("{} ({})", self.name, self.authority);
        let mut lines = vec![match self.rows {
            None => format!("{whose}: the file cannot be taken."),
            Some((1, 1)) => format!("{whose}: 1 row, without a fault."),
            Some((all, good)) if all == good => format!("{whose}: {all} rows, all without a fault."),
            Some((all, good)) => {
                format!("{whose}: {all} rows, {good} without a fault, {} to be mended.", all - good)
            }
        }];
        lines.extend(self.notes.iter().map(|note| format!("Note: {note}.")));
        for finding in self.findings.iter().take(limit) {
            let warning = if finding.is_warning() { "warning: " } else { "" };
            let code = finding.detail.map(Detail::code).or(finding.code.map(RecordCode::code));
            let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
            lines.push(format!("{}: {warning}{}{code}. {}", finding.place, finding.what, finding.mend));
        }
        if let Some(more) = self.findings.len().checked_sub(limit).filter(|more| *more > 0) {
            lines.push(format!("{more} more; --all shows them."));
        }
        if self.rows.is_some() {
            lines.push("Whether demographics agrees is found only when the rows are sent.".to_owned());
        }
        lines.join("\n") + "\n"
    }

    fn json(&self) -> Value {
        let finding = |one: &Finding| {
            json!({
                "line": one.line,
                "place": one.place,
                "code": one.code.map(RecordCode::code),
                "detail": one.detail.map(Detail::code),
                "warning": one.is_warning(),
                "what": one.what,
                "mend": one.mend,
            })
        };
        json!({
            "authority": self.authority.to_string(),
            "name": self.name,
            "taken": self.rows.is_some(),
            "rows": self.rows.map(|(all, _)| all),
            "good": self.rows.map(|(_, good)| good),
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }
}

/// Plans of the rows before: person, kind and start.
type Seen = HashSet<(NhsNumber, PlanKind, Date)>;

/// What the service would find in a row by the calendar, and by the rows before it.
fn later(record: &Record, today: Date, seen: &mut Seen) -> impl Iterator<Item = upload::Fault> {
    let mut faults = upload::check(record, today);
    for plan in &record.plans {
        if !seen.insert((record.person.number, plan.kind, plan.dates.start)) {
            faults.push(upload::Fault::rejected(Detail::Duplicate, Field::Plan(plan.kind)));
        }
    }
    faults.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn report(text: &str) -> Report {
        let sender = Sender {
            authority: "714".parse().unwrap(),
            name: "City of London".to_owned(),
            emergency: None,
            office: None,
        };
        match read(text.as_bytes(), &sender, &mut |_, _| {}) {
            Ok(table) => Report::of(&table, &sender, "2026-11-22".parse().unwrap()),
            Err(fault) => Report::refused(fault, &sender),
        }
    }

    const HEAD: &str = "nhs_number,given,family,birth_date,plan_type,start_date,end_date,edt phone\n";

    #[test]
    fn faults_of_cells_and_of_the_calendar_are_told_together() {
        let text = format!(
            "{HEAD}9990000018,Robin,Testcase,4/4/2017,CPP,12/1/2026,,101\n9990000018,Robin,Testcase,4/4/2017,CPP,12/1/2026\n\
             9.99E+09,Sam,Sample,4/4/2007,CPP,1/1/2027\n9990000026,Sam,Sample,4/4/2007,CPP,1/1/2027,1/1/2020\n\
             9990000034,Mary,Sample,4/4/2016,LAC,1/1/2020,1/1/2022\n"
        );
        let report = report(&text);
        expect![[r"
            City of London (714): 5 rows, 2 without a fault, 3 to be mended.
            line 3, plan_type: The same plan stands in this file more than once (D08). Send each plan once.
            line 4, nhs_number: a number in scientific notation (D13). Format the column as text or as a number without decimals, and type the number again: its last digits are lost.
            line 5, birth_date: The person is 18 or over (D16). Check the date of birth. Plans of adults cannot be loaded.
            3 more; --all shows them.
            Whether demographics agrees is found only when the rows are sent.
        "]]
        .assert_eq(&report.words(3));
        let all = report.words(usize::MAX);
        assert!(all.contains("line 5, end_date: The plan ends before it starts (D03)"), "{all}");
        assert!(all.contains("line 6, end_date: warning: "), "{all}");
        let json = report.json();
        assert_eq!((&json["rows"], &json["good"]), (&json!(5), &json!(2)));
        assert_eq!(json["findings"].as_array().map(Vec::len), Some(report.findings.len()));
    }

    #[test]
    fn a_file_that_cannot_be_taken_says_so_with_every_fault() {
        let report = report("dob,given\n1,2\n");
        assert!(!report.is_good() && report.findings.len() == 4);
        assert!(
            report
                .words(SHOWN_MAX)
                .starts_with("City of London (714): the file cannot be taken.\nline 1, nhs_number: ")
        );
    }

    #[test]
    fn a_good_file_has_nothing_to_be_mended() {
        let report = report(&format!("{HEAD}9990000018,Robin,Testcase,4/4/2017,CPP,12/1/2026,,101\n"));
        assert!(report.is_good() && report.findings.is_empty());
        assert!(report.words(SHOWN_MAX).starts_with("City of London (714): 1 row, without a fault.\nWhether"));
    }
}
