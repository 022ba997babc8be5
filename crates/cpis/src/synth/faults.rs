//! Faults that are put into an upload on purpose: one of each kind that a record can be rejected for, in turn.

use crate::cli::{SynthFile, SynthFormat};
use cpis_model::Date;
use cpis_model::codes::{Detail, RecordCode};
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::time::{birthday, days_after};
use cpis_model::upload::{Fault, Field, LOCAL_ID_CHARS_MAX, Record, UploadedPlan};
use cpis_synth::{England, SpecialPerson};

/// A record of the file.
#[derive(Debug)]
pub struct Made {
    /// The record, before the edit.
    pub record: Record,
    /// What it is rejected for, or warned of.
    pub faults: Vec<Fault>,
    /// What is changed in its text: values that no record can hold.
    pub edit: Option<Edit>,
    /// Whether somebody asked for the fault.
    pub is_on_purpose: bool,
}

/// A change of a record's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A number as before 1996.
    OldNumber,
    /// A number with another check digit.
    CheckDigit,
    /// No given name.
    NoGiven,
    /// A date of birth with a thirteenth month.
    BadBirth,
}

/// An old-style number.
const OLD_NUMBER: &str = "NXKT123";

impl Edit {
    /// The record with the change, in XML.
    pub fn in_xml(self, text: &[u8], record: &Record) -> Vec<u8> {
        let text = String::from_utf8_lossy(text);
        let number = record.person.number.digits();
        let changed = match self {
            Self::OldNumber => text.replace(number, OLD_NUMBER),
            Self::CheckDigit => text.replace(number, &with_wrong_check_digit(number)),
            Self::NoGiven => without(&text, "<given>", "</given>"),
            Self::BadBirth => {
                let birth = record.person.birth;
                let right = format!("<birthTime value=\"{}\"", birth.strftime("%Y%m%d"));
                text.replace(&right, &format!("<birthTime value=\"{:04}1399\"", birth.year()))
            }
        };
        changed.into_bytes()
    }

    /// The rows with the change, as CSV.
    pub fn in_rows(self, rows: &[u8]) -> Vec<u8> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(rows);
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        for row in reader.records().filter_map(Result::ok) {
            let cells = row.iter().enumerate().map(|(column, cell)| match (self, column) {
                (Self::OldNumber, 0) => OLD_NUMBER.to_owned(),
                (Self::CheckDigit, 0) => with_wrong_check_digit(cell),
                (Self::NoGiven, 1) => String::new(),
                (Self::BadBirth, 3) => format!("{}-13-99", cell.get(..4).unwrap_or_default()),
                _ => cell.to_owned(),
            });
            // Writing to memory does not fail.
            let _ = writer.write_record(cells);
        }
        writer.into_inner().unwrap_or_default()
    }
}

fn with_wrong_check_digit(number: &str) -> String {
    let (nine, last) = number.split_at_checked(9).unwrap_or((number, "0"));
    let last = (last.parse::<u32>().unwrap_or_default() + 1) % 10;
    format!("{nine}{last}")
}

/// A text without what lies between two words, and without the words.
fn without(text: &str, from: &str, to: &str) -> String {
    let cut = text.split_once(from).and_then(|(before, rest)| rest.split_once(to).map(|(_, after)| (before, after)));
    cut.map_or_else(|| text.to_owned(), |(before, after)| format!("{before}{after}"))
}

/// Kinds of fault, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    NoMatch,
    Special(SpecialPerson),
    OldNumber,
    CheckDigit,
    Missing,
    BadDate,
    EndBeforeStart,
    FutureStart,
    PlanNotFound,
    Overlap,
    Duplicate,
    NoDueDate,
    ImplausibleDueDate,
    LateEnd,
    Adult,
    WrongSubject,
    BadValue,
}

pub const FAULT_KINDS: [FaultKind; 20] = [
    FaultKind::NoMatch,
    FaultKind::Special(SpecialPerson::Restricted),
    FaultKind::Special(SpecialPerson::OtherBirth),
    FaultKind::OldNumber,
    FaultKind::Special(SpecialPerson::Superseded),
    FaultKind::Special(SpecialPerson::Deceased),
    FaultKind::CheckDigit,
    FaultKind::Missing,
    FaultKind::BadDate,
    FaultKind::EndBeforeStart,
    FaultKind::FutureStart,
    FaultKind::PlanNotFound,
    FaultKind::Duplicate,
    FaultKind::NoDueDate,
    FaultKind::ImplausibleDueDate,
    FaultKind::LateEnd,
    FaultKind::Adult,
    FaultKind::WrongSubject,
    FaultKind::BadValue,
    FaultKind::Overlap,
];

/// Makes so many records faulty, in turn with each kind that the file has a record for. They are spread over the file.
pub fn make_faults(england: &England, records: &mut Vec<Made>, count: usize, today: Date, arguments: &SynthFile) {
    let all = records.len();
    // Steps that reach every record once, whatever the length is.
    let step = (all * 5 / 8..all).find(|step| greatest_common(*step, all) == 1).unwrap_or(1);
    let mut order: Vec<usize> = (0..all).map(|n| (n * step + 1) % all.max(1)).collect();
    // A row of a spreadsheet says by its plan whose it is.
    let can_be = |kind: &FaultKind| arguments.format == SynthFormat::Hl7v3 || *kind != FaultKind::WrongSubject;
    let kinds: Vec<FaultKind> = FAULT_KINDS.into_iter().filter(can_be).collect();
    let mut next = 0;
    for _ in 0..count {
        let made = (next..next + kinds.len()).find_map(|n| {
            let kind = *kinds.get(n % kinds.len())?;
            let fits = |place: &usize| records.get(*place).is_some_and(|made| kind.fits(made, arguments.day));
            let found = order.iter().position(fits)?;
            let place = *order.get(found)?;
            let faulty = kind.make(england, &records.get(place)?.record, (n / kinds.len()) as u32, today)?;
            Some((n, kind, found, place, faulty))
        });
        let Some((n, kind, found, place, faulty)) = made else { break };
        next = n + 1;
        order.remove(found);
        if kind == FaultKind::Duplicate {
            records.push(faulty);
        } else if let Some(made) = records.get_mut(place) {
            *made = faulty;
        }
    }
    for (position, made) in (1..).zip(records) {
        made.record.position = position;
    }
}

fn greatest_common(left: usize, right: usize) -> usize {
    if right == 0 { left } else { greatest_common(right, left % right) }
}

impl FaultKind {
    /// Whether a record can be made faulty in this way: a good one with a single plan.
    fn fits(self, made: &Made, day: u32) -> bool {
        let [plan] = made.record.plans.as_slice() else { return false };
        let is_good = made.faults.is_empty() && !made.is_on_purpose && plan.dates.delete.is_none();
        is_good
            && match self {
                Self::NoDueDate | Self::ImplausibleDueDate => plan.kind == PlanKind::Unborn,
                // What is held is known only after the first file.
                Self::Overlap => day > 0 && plan.kind != PlanKind::Unborn && plan.dates.end.is_some(),
                Self::EndBeforeStart | Self::FutureStart | Self::LateEnd | Self::Adult | Self::WrongSubject => {
                    plan.kind != PlanKind::Unborn
                }
                _ => true,
            }
    }

    /// The record with the fault; `None` where no more people are left for it.
    fn make(self, england: &England, good: &Record, turn: u32, today: Date) -> Option<Made> {
        let mut record = good.clone();
        let first = record.plans.first_mut()?;
        let kind = first.kind;
        let rejected = Fault::rejected;
        let mut edit = None;
        let fault = match self {
            Self::NoMatch => {
                record.person.number = england.unknown_number(turn)?;
                Fault::demographics(RecordCode::NoMatch, Field::Number)
            }
            Self::Special(special) => {
                let (person, fault) = england.special_person(special, turn)?;
                let start = days_after(today, -90).max(person.birth);
                let dates = PlanDates { start, end: None, delete: None };
                let plan = UploadedPlan { kind: PlanKind::ChildProtection, dates };
                record = cpis_synth::record(0, &person, vec![plan]);
                fault
            }
            Self::OldNumber => {
                edit = Some(Edit::OldNumber);
                Fault { code: RecordCode::OldStyle, detail: None, field: Field::Number }
            }
            Self::CheckDigit => {
                edit = Some(Edit::CheckDigit);
                rejected(Detail::BadNumber, Field::Number)
            }
            Self::Missing => {
                edit = Some(Edit::NoGiven);
                rejected(Detail::Missing, Field::Given)
            }
            Self::BadDate => {
                edit = Some(Edit::BadBirth);
                rejected(Detail::BadDate, Field::Birth)
            }
            Self::EndBeforeStart => {
                first.dates.end = Some(days_after(first.dates.start, -1));
                rejected(Detail::EndBeforeStart, Field::End(kind))
            }
            Self::FutureStart => {
                first.dates = PlanDates { start: days_after(today, 30), end: None, delete: None };
                rejected(Detail::FutureStart, Field::Start(kind))
            }
            Self::PlanNotFound => {
                first.dates.start = days_after(first.dates.start, -3);
                first.dates.delete = Some(today);
                rejected(Detail::PlanNotFound, Field::Delete(kind))
            }
            Self::Overlap => {
                first.dates = PlanDates { start: days_after(first.dates.start, 3).min(today), end: None, delete: None };
                rejected(Detail::Overlap, Field::Plan(kind))
            }
            Self::Duplicate => rejected(Detail::Duplicate, Field::Plan(kind)),
            Self::NoDueDate => {
                first.dates.end = None;
                rejected(Detail::NoDueDate, Field::End(kind))
            }
            Self::ImplausibleDueDate => {
                first.dates.end = Some(days_after(first.dates.start, 400));
                rejected(Detail::ImplausibleDueDate, Field::End(kind))
            }
            Self::LateEnd => {
                let (start, end) = (days_after(today, -800), days_after(today, -400));
                first.dates = PlanDates { start, end: Some(end), delete: None };
                Fault::warning(Detail::LateEnd, Field::End(kind))
            }
            Self::Adult => {
                record.person.birth = birthday(record.person.birth, -18)?;
                rejected(Detail::Adult, Field::Birth)
            }
            Self::WrongSubject => {
                let (start, due) = (days_after(today, -30), days_after(today, 100));
                *first =
                    UploadedPlan { kind: PlanKind::Unborn, dates: PlanDates { start, end: Some(due), delete: None } };
                rejected(Detail::WrongSubject, Field::Plan(PlanKind::Unborn))
            }
            Self::BadValue => {
                record.person.local_id = Some("S".repeat(LOCAL_ID_CHARS_MAX + 1));
                rejected(Detail::BadValue, Field::LocalId)
            }
        };
        Some(Made { record, faults: vec![fault], edit, is_on_purpose: true })
    }
}
