//! An authority's files.

use super::people::SCRIPT;
use super::{Hall, at, worker};
use crate::form::Faults;
use crate::frame::{Frame, Section};
use crate::view::files::{FileTaken, Files, Finding, Outcome};

fn page() -> Frame {
    Frame { section: Section::Files, ..worker() }
}

pub fn show(hall: &mut Hall) -> Result<(), askama::Error> {
    let form = |last, waiting, missing, faults| Files {
        page: page(),
        authority: "Ashbourne County Council".to_owned(),
        last,
        waiting,
        missing,
        faults,
    };
    hall.hang("files", &form(Some(at("2026-11-25T02:14:00Z")), 0, None, Faults::default()))?;
    hall.hang("files-first", &form(None, 0, None, Faults::default()))?;
    let faults = Faults::default().with("file", "Choose a file that is not empty");
    hall.hang("files-faults", &form(Some(at("2026-11-25T02:14:00Z")), 2, Some(1043), faults))?;
    let taken = |outcome, loaded, failed, findings: Vec<Finding>| FileTaken {
        page: page(),
        outcome,
        number: Some(1_000_000_000_017),
        loaded,
        failed,
        more: if findings.len() > 2 { 40 } else { 0 },
        findings,
    };
    hall.hang("file-taken", &taken(Outcome::All, 1440, 0, Vec::new()))?;
    let finding = |place: &str, what: &str, code: &str, mend: &str, is_warning| Finding {
        place: place.to_owned(),
        what: what.to_owned(),
        code: code.to_owned(),
        mend: mend.to_owned(),
        is_warning,
    };
    let cell = || {
        finding(
            "line 3, nhs_number",
            "a number in scientific notation",
            "D13",
            "Format the column as text or as a number without decimals, and type the number again: its last digits are lost.",
            false,
        )
    };
    let path = "/File/record[2]/CP-ISRecord/subject/COCT_TP145101GB01.Child/childPerson/birthTime";
    let findings = vec![
        cell(),
        finding("line 17, end_date", "The plan ended more than 365 days ago", "D15", "", true),
        finding(path, "PDS Error - NHS Number not Verified", "CPR03", "Compare name and date of birth.", false),
    ];
    hall.hang("file-taken-part", &taken(Outcome::Part, 1437, 2, findings))?;
    hall.hang("file-taken-nothing", &taken(Outcome::Nothing, 0, 1, vec![cell()]))?;
    let columns = vec![finding("line 1, nhs_number", "the column is missing", "CPF01", "", false)];
    hall.hang("file-refused", &FileTaken { number: None, ..taken(Outcome::Refused, 0, 0, columns) })?;
    hall.hang("file-waits", &taken(Outcome::Waits, 0, 0, Vec::new()))?;
    hall.hang("file-gap", &taken(Outcome::Gap(1043), 0, 0, Vec::new()))?;
    let long = finding(SCRIPT, SCRIPT, "CPF01", SCRIPT, false);
    hall.hang("file-busy", &FileTaken { number: None, ..taken(Outcome::Busy, 0, 0, vec![long]) })
}
