//! An authority's upload: what a file says, what became of it, and the pure checks of its records.

use crate::codes::{Detail, FileCode, RecordCode};
use crate::name::PersonName;
use crate::nhs_number::NhsNumber;
use crate::organisation::{AuthorityCode, Contact, Phone};
use crate::plan::{ADULT_AGE, ENDED_VISIBLE_DAYS, Plan, PlanDates, PlanKind, UNBORN_GRACE_DAYS};
use crate::time::{birthday, days_after};
use crate::{Date, Timestamp};
use std::fmt;

/// Largest file in bytes, after decompression (200 MiB).
pub const UPLOAD_BYTES_MAX: usize = 200 * 1024 * 1024;
/// Most records in a file.
pub const RECORDS_MAX: usize = 150_000;
/// Largest record in bytes (64 KiB).
pub const RECORD_BYTES_MAX: usize = 64 * 1024;
/// Deepest nesting of elements.
pub const DEPTH_MAX: usize = 32;
/// Longest pregnancy in days from the start of an unborn child's plan to the due date: 42 weeks.
pub const PREGNANCY_DAYS_MAX: i32 = 42 * 7;
/// Longest local id in characters.
pub const LOCAL_ID_CHARS_MAX: usize = 64;

/// Largest sequence number that an authority gives a file.
pub const SEQUENCE_MAX: u64 = 1_000_000_000_000;

/// Whose numbers a file's sequence number belongs to. The service's own begin after the largest that an authority gives, so
/// that the two never meet (spec/decisions.md section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Series {
    /// The file carries the number that the authority gave it.
    Sent,
    /// The file carries none, and the service gave it one.
    Assigned,
}

impl Series {
    /// The series of a number.
    pub fn of(sequence: u64) -> Self {
        if sequence > SEQUENCE_MAX { Self::Assigned } else { Self::Sent }
    }

    /// Its first and last number.
    pub fn bounds(self) -> (u64, u64) {
        match self {
            Self::Sent => (0, SEQUENCE_MAX),
            Self::Assigned => (SEQUENCE_MAX + 1, i64::MAX as u64),
        }
    }
}

/// Who sends a file that does not say it itself. The numbers are those that are registered; a file's own come first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The authority.
    pub authority: AuthorityCode,
    /// Its name.
    pub name: String,
    /// Its registered emergency number, if one is known.
    pub emergency: Option<Phone>,
    /// Its registered office number, if there is one.
    pub office: Option<Phone>,
}

/// The head of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// When the authority made the file, as written there.
    pub created: String,
    /// The authority's sequence number of the file.
    pub sequence: u64,
    /// How many records the file says it has.
    pub declared_records: u64,
    /// The sender.
    pub authority: AuthorityCode,
    /// The sender's name as written.
    pub name: String,
    /// How to reach the sender.
    pub contact: Contact,
}

/// Whose plans a record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    /// A child: child protection and looked after plans.
    Child,
    /// The mother of an unborn child: unborn child protection plans.
    Unborn,
}

impl SubjectKind {
    /// Whether a plan of this kind belongs to such a subject.
    pub fn holds(self, kind: PlanKind) -> bool {
        (kind == PlanKind::Unborn) == (self == Self::Unborn)
    }
}

/// A person as an authority knows them. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// NHS number; for an unborn child the mother's.
    pub number: NhsNumber,
    /// The authority's own id.
    pub local_id: Option<String>,
    /// Name.
    pub name: PersonName,
    /// Date of birth.
    pub birth: Date,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(…)")
    }
}

/// One subject of one record that could be read without a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Place of the record in the file, from 1. A record with a child and an unborn child is two of these with one place.
    pub position: u32,
    /// Kind of subject.
    pub subject: SubjectKind,
    /// The person.
    pub person: Person,
    /// One to three plans, each of another kind.
    pub plans: Vec<UploadedPlan>,
}

/// A plan as uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadedPlan {
    /// Kind.
    pub kind: PlanKind,
    /// Dates.
    pub dates: PlanDates,
}

/// What a fault is about; a format turns it into the place in its own file (an XPath, a line and column).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The record as a whole.
    Record,
    /// NHS number.
    Number,
    /// The authority's own id.
    LocalId,
    /// Family name.
    Family,
    /// Given names.
    Given,
    /// Date of birth.
    Birth,
    /// A plan as a whole.
    Plan(PlanKind),
    /// Start date.
    Start(PlanKind),
    /// End date or due date.
    End(PlanKind),
    /// Delete date.
    Delete(PlanKind),
}

/// A fault or warning of one record, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Place of the record in the file, from 1.
    pub position: u32,
    /// Code of the record.
    pub code: RecordCode,
    /// Detail of CPR07, or of a warning.
    pub detail: Option<Detail>,
    /// Where, as the format writes it: an XPath into the uploaded document, or line and column.
    pub location: String,
    /// What stands there instead, in words that hold nothing of it; of formats that say more than the codes do.
    pub shape: Option<String>,
    /// What to do, where the format knows better than the codes.
    pub advice: Option<String>,
}

impl Rejection {
    /// A fault told by its codes alone.
    pub fn coded(position: u32, code: RecordCode, detail: Option<Detail>, location: String) -> Self {
        Self { position, code, detail, location, shape: None, advice: None }
    }

    /// What to do about it; empty where there is nothing to do.
    pub fn mend(&self) -> &str {
        let coded = || self.detail.map_or_else(|| self.code.mend(), Detail::mend);
        self.advice.as_deref().unwrap_or_else(coded)
    }

    /// A warning does not keep the record from being loaded.
    pub fn is_warning(&self) -> bool {
        self.code == RecordCode::Loaded
    }
}

/// A fault found in a record after it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Code of the record.
    pub code: RecordCode,
    /// Detail.
    pub detail: Option<Detail>,
    /// What it is about.
    pub field: Field,
}

impl Fault {
    /// A fault with CPR07 and a detail.
    pub fn rejected(detail: Detail, field: Field) -> Self {
        Self { code: RecordCode::Rejected, detail: Some(detail), field }
    }

    /// A warning: the record is loaded all the same.
    pub fn warning(detail: Detail, field: Field) -> Self {
        Self { code: RecordCode::Loaded, detail: Some(detail), field }
    }

    /// A fault that demographics found.
    pub fn demographics(code: RecordCode, field: Field) -> Self {
        Self { code, detail: None, field }
    }
}

/// A file that could be read.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Its head.
    pub header: Header,
    /// Records without a fault so far, in file order.
    pub records: Vec<Record>,
    /// Faults of the others, in file order; a record with a fault is not in `records`.
    pub rejections: Vec<Rejection>,
    /// How many records the file has, good and bad.
    pub count: u32,
}

/// A file that cannot be taken as a whole (CPF01). No field carries anything from the file but places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFault {
    /// Each fault with its place, in plain words.
    pub faults: Vec<(String, String)>,
    /// A size, depth or count limit was passed: HTTP 413 for size, 400 otherwise.
    pub too_large: bool,
    /// The sequence number, where it could be read.
    pub sequence: Option<u64>,
}

/// Records by their place in the file.
pub type Returned = Vec<(u32, Vec<u8>)>;

/// Reads files of one format.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// The whole file.
    pub decode: fn(&[u8], &Given) -> Result<Decoded, FileFault>,
    /// Records as they were uploaded, to go back with what was wrong; a format may leave them to the sender's own copy.
    pub records: fn(&[u8], &[u32]) -> Returned,
    /// A fault found after decoding, told as the format tells those that it finds itself.
    pub rejection: fn(u32, SubjectKind, Fault) -> Rejection,
}

/// What is known of a file beside what it says itself.
#[derive(Clone, Debug)]
pub struct Given {
    /// Who sends it.
    pub sender: Sender,
    /// The number that it has.
    pub sequence: u64,
    /// When it came.
    pub created: String,
}

/// What became of a file: the acknowledgement, whatever format it travels in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// When it was made.
    pub created: Timestamp,
    /// Sequence number answered; `None` where the file was too broken to read it (-1 on the wire).
    pub sequence: Option<u64>,
    /// Records processed; `None` where it could not be determined (-1 on the wire).
    pub records: Option<u32>,
    /// What became of the file.
    pub code: FileCode,
    /// The authority answered.
    pub authority: AuthorityCode,
    /// Its name.
    pub authority_name: String,
    /// Its numbers as uploaded.
    pub contact: Option<Contact>,
    /// Records loaded.
    pub loaded: u32,
    /// Records rejected.
    pub failed: u32,
    /// Faults and warnings, in file order.
    pub rejections: Vec<Rejection>,
    /// Faults of the file as a whole: place and words.
    pub file_faults: Vec<(String, String)>,
    /// Rejected records as they were uploaded: place, and the record's bytes in the format of the file.
    pub returned: Returned,
}

/// The file code that loaded and failed records add up to. A file without records is no valid file and has CPF01.
pub fn file_code(loaded: u32, failed: u32) -> FileCode {
    match (loaded, failed) {
        (0, 0) => FileCode::FileFault,
        (_, 0) => FileCode::AllLoaded,
        (0, _) => FileCode::NoneLoaded,
        _ => FileCode::SomeLoaded,
    }
}

/// What to do with one uploaded plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing: the same is held already.
    Unchanged,
    /// A plan that was not held.
    New,
    /// A new version of the plan at this place of the slice given.
    Update(usize),
}

/// Checks one subject of a record against the calendar, all faults at once. Warnings are among them.
pub fn check(record: &Record, today: Date) -> Vec<Fault> {
    let mut faults = Vec::new();
    let adult = birthday(record.person.birth, ADULT_AGE).is_some_and(|day| day <= today);
    let removal = record.plans.iter().all(|plan| plan.dates.delete.is_some_and(|delete| delete <= today));
    if record.person.birth > today {
        faults.push(Fault::rejected(Detail::BadDate, Field::Birth));
    }
    // Removing is easy: an authority takes away what it holds, whatever the person's age has become.
    if record.subject == SubjectKind::Child && adult && !removal {
        faults.push(Fault::rejected(Detail::Adult, Field::Birth));
    }
    for UploadedPlan { kind, dates } in &record.plans {
        let kind = *kind;
        if !record.subject.holds(kind) {
            faults.push(Fault::rejected(Detail::WrongSubject, Field::Plan(kind)));
            continue;
        }
        if dates.start > today {
            faults.push(Fault::rejected(Detail::FutureStart, Field::Start(kind)));
        }
        match dates.end {
            Some(end) if end < dates.start => faults.push(Fault::rejected(Detail::EndBeforeStart, Field::End(kind))),
            None if kind == PlanKind::Unborn => faults.push(Fault::rejected(Detail::NoDueDate, Field::End(kind))),
            Some(end) if kind == PlanKind::Unborn => {
                let implausible =
                    end > days_after(dates.start, PREGNANCY_DAYS_MAX) || days_after(end, UNBORN_GRACE_DAYS) < today;
                if implausible && dates.delete.is_none() {
                    faults.push(Fault::rejected(Detail::ImplausibleDueDate, Field::End(kind)));
                }
            }
            Some(end) if end > today => faults.push(Fault::rejected(Detail::BadDate, Field::End(kind))),
            Some(end) if dates.delete.is_none() && days_after(end, ENDED_VISIBLE_DAYS) < today => {
                faults.push(Fault::warning(Detail::LateEnd, Field::End(kind)));
            }
            _ => {}
        }
    }
    faults
}

/// What an uploaded plan changes among the plans that this authority holds for the person. Key: kind and start date
/// (spec/domain.md section 4). A corrected start date is a delete of the old plan and a new one, or, where the held plan is
/// the only open one of its kind and the upload overlaps it, a fault.
pub fn change(plan: UploadedPlan, held: &[Plan], today: Date) -> Result<Change, Fault> {
    let gone = |dates: PlanDates| dates.delete.is_some_and(|delete| delete <= today);
    let same = held.iter().position(|own| own.kind == plan.kind && own.dates.start == plan.dates.start);
    if let Some(place) = same {
        let unchanged = held.get(place).is_some_and(|own| own.dates == plan.dates);
        return Ok(if unchanged { Change::Unchanged } else { Change::Update(place) });
    }
    if gone(plan.dates) {
        return Err(Fault::rejected(Detail::PlanNotFound, Field::Delete(plan.kind)));
    }
    let over = |dates: PlanDates| dates.end.is_some_and(|end| end <= plan.dates.start);
    let overlaps = held.iter().any(|own| {
        own.kind == plan.kind
            && !gone(own.dates)
            && !over(own.dates)
            && plan.dates.end.is_none_or(|end| end > own.dates.start)
            && (plan.kind != PlanKind::Unborn || own.dates.end.is_some_and(|due| due >= today))
    });
    if overlaps {
        return Err(Fault::rejected(Detail::Overlap, Field::Plan(plan.kind)));
    }
    Ok(Change::New)
}

#[cfg(test)]
mod tests;
