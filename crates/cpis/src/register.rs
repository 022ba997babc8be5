//! `cpis register`: filling the local demographics register from a table, with the service stopped.

use crate::cli::{self, RegisterAction};
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::{open, say};
use cpis_app::demographics::{LocalRegister, RegisterEntry, TRACE_MAX};
use cpis_model::demographics::Demographics;
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

/// Faults that are printed at most.
const FAULTS_SHOWN_MAX: usize = 50;

/// Does what was asked.
pub async fn run(arguments: cli::Register) -> Result<ExitCode> {
    let (places, config) = arguments.place.places()?;
    let RegisterAction::Import { file } = arguments.action;
    let lock = places.lock()?;
    let entries = read(&file)?;
    let opened = open::open(places, lock, config.map_or(2, |config| config.readers), true).await?;
    opened.check_keys().await?;
    let register = LocalRegister::new(opened.store.clone(), opened.keys.clone());
    let mut saved = Ok(());
    for part in entries.chunks(TRACE_MAX) {
        saved = register.put(part).await;
        if saved.is_err() {
            break;
        }
    }
    opened.close().await;
    saved.map_err(|error| open::app(&error))?;
    say::line(format_args!("{} people are in the local register now, or were brought up to date.", entries.len()));
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<Vec<RegisterEntry>> {
    let what = || format!("The table {} cannot be read", path.display());
    let file = std::fs::File::open(path).or_fault(Kind::Failed, what())?;
    let (entries, faults) = parse(file);
    if faults.is_empty() {
        return Ok(entries);
    }
    for fault in faults.iter().take(FAULTS_SHOWN_MAX) {
        say::aside(fault);
    }
    Err(Fault::failed(format!("{} lines have faults. Nothing was imported.", faults.len())))
}

/// All entries of a table, and every fault with its line. No fault repeats what the table says.
fn parse(table: impl Read) -> (Vec<RegisterEntry>, Vec<String>) {
    let (mut entries, mut faults) = (Vec::new(), Vec::new());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(table);
    for (n, row) in reader.records().enumerate() {
        match row {
            Ok(row) => {
                let line = row.position().map_or(0, csv::Position::line);
                match entry(&row) {
                    Ok(entry) => entries.push(entry),
                    Err(what) => faults.push(format!("line {line}: {what}")),
                }
            }
            Err(error) => {
                let line = error.position().map_or(n as u64 + 2, csv::Position::line);
                faults.push(format!(
                    "line {line}: the row has another number of columns than the first line, or is no text"
                ));
            }
        }
    }
    (entries, faults)
}

fn entry(row: &csv::StringRecord) -> std::result::Result<RegisterEntry, String> {
    let column = |n: usize| row.get(n).unwrap_or_default();
    let number: NhsNumber = column(0).parse().map_err(|error| format!("nhs_number: {error}"))?;
    let yes = |n: usize, name: &str| match column(n) {
        "" | "no" => Ok(false),
        "yes" => Ok(true),
        _ => Err(format!("{name}: yes, no or nothing is expected")),
    };
    if !column(6).is_empty() {
        let new = column(6).parse().map_err(|error| format!("superseded_by: {error}"))?;
        return Ok(RegisterEntry { number, person: None, superseded_by: Some(new) });
    }
    let (given, family) = (column(1), column(2));
    if given.is_empty() || family.is_empty() {
        return Err("given and family must both be filled in".to_owned());
    }
    let birth = column(3).parse().map_err(|_| "birth_date: a date such as 2017-04-04 is expected".to_owned())?;
    let (restricted, deceased) = (yes(4, "restricted")?, yes(5, "deceased")?);
    let sex = match column(7) {
        "" => None,
        word => Some(word.parse().map_err(|error| format!("sex: {error}"))?),
    };
    let person = Demographics { name: PersonName::new(given, family), birth, restricted, deceased, sex };
    Ok(RegisterEntry { number, person: Some(person), superseded_by: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_or_every_fault_is_named() {
        let head = "nhs_number,given,family,birth_date,restricted,deceased,superseded_by\n";
        let good = format!(
            "{head}999 000 0018,Robin,Testcase,2017-04-04,,,\n9990000026,Casey,Fixture,1998-06-11,yes,no,\n9990000034,,,,,,9990000042\n"
        );
        let (entries, faults) = parse(good.as_bytes());
        assert_eq!((entries.len(), faults), (3, Vec::new()));
        assert!(entries[1].person.as_ref().is_some_and(|person| person.restricted));
        let bad = format!(
            "{head}9990000019,Robin,Testcase,2017-04-04,,,\n9990000018,,Testcase,2017-04-04,,,\n9990000018,Robin,Testcase,04/04/2017,,,\n9990000018,Robin,Testcase,2017-04-04,maybe,,\n9990000018,Robin\n"
        );
        let (entries, faults) = parse(bad.as_bytes());
        assert!(entries.is_empty());
        let lines: Vec<&str> = faults.iter().filter_map(|fault| fault.split(':').next()).collect();
        assert_eq!(lines, ["line 2", "line 3", "line 4", "line 5", "line 6"]);
        assert!(faults.iter().all(|fault| !fault.contains("Testcase") && !fault.contains("9990000018")));
    }
}
