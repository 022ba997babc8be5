//! The way into a file: from bytes to rows, faults and notes.

use crate::heading::{Headings, is_blank, is_remark, separator};
use crate::note::Note;
use crate::row::{MonthFirst, Reader};
use crate::rows::{Broken, Row, Rows};
use crate::table::Table;
use crate::text::{self, Encoding};
use cpis_model::organisation::Contact;
use cpis_model::upload::{FileFault, RECORDS_MAX, Sender, UPLOAD_BYTES_MAX};

/// Faults of a file up to which all of each row are kept; after that the first of each, to bound what is kept.
const FAULTS_MAX: usize = 300_000;
/// Rows between two words of progress.
const PROGRESS_ROWS: u32 = 1000;

/// Told how much of the text is read, and of how much, in bytes.
pub type Progress<'p> = &'p mut dyn FnMut(usize, usize);

/// Reads a file: its good rows, and every fault of the others. A file is refused as a whole where it is no text, its rows
/// cannot be told apart, it passes a limit, or a mandatory column is missing or any stands twice.
///
/// ```
/// use cpis_format_csv::{read, template};
/// use cpis_model::upload::Sender;
/// let sender = Sender { authority: "714".parse().unwrap(), name: "City".into(), emergency: None, office: None };
/// let table = read(template().as_bytes(), &sender, &mut |_, _| {}).unwrap();
/// assert_eq!((table.count, table.faults.len()), (4, 0));
/// ```
pub fn read(bytes: &[u8], sender: &Sender, progress: Progress<'_>) -> Result<Table, FileFault> {
    if bytes.len() > UPLOAD_BYTES_MAX {
        let what = format!("the file is larger than {} MiB", UPLOAD_BYTES_MAX / 1024 / 1024);
        return Err(FileFault { faults: vec![("file".to_owned(), what)], too_large: true, sequence: None });
    }
    let (text, encoding) = text::decode(bytes).map_err(|(line, what)| refused(Broken { line, what }))?;
    let mut notes = Vec::new();
    if encoding == Encoding::Windows1252 {
        notes.push(Note::Guessed(encoding));
    }
    let (separator, is_named) = separator(&text);
    let mut rows = Rows::new(&text, separator);
    if is_named {
        rows.next();
    }
    let head = rows.find(|row| row.as_ref().map_or(true, |row| !is_remark(row) && !is_blank(row)));
    let Some(head) = head.transpose().map_err(refused)? else {
        return Err(refused(Broken { line: 1, what: "the file is empty" }));
    };
    let headings = Headings::read(&head, &mut notes).map_err(faulty)?;
    let mut month_first = MonthFirst::default();
    let (mut remarks, mut count) = (0, 0);
    // A first pass: whether the file can be read to its end, and how its dates are written.
    for row in data(&text, separator, head.line) {
        let row = row.map_err(refused)?;
        if is_remark(&row) {
            remarks += 1;
        } else if !is_blank(&row) {
            count += 1;
            if count > RECORDS_MAX as u32 {
                return Err(refused(Broken { line: row.line, what: "the file has more than 150,000 rows" }));
            }
            month_first.look(&headings, &row);
        }
    }
    if count == 0 {
        return Err(refused(Broken { line: head.line, what: "the file has no row after its headings" }));
    }
    if remarks > 0 {
        notes.push(Note::Remarks(remarks));
    }
    let mut reader = Reader { headings, month_first, emergency: None, office: None };
    let (mut records, mut faults) = (Vec::new(), Vec::new());
    let mut rows = data(&text, separator, head.line);
    let mut done = 0;
    while let Some(row) = rows.next() {
        let row = row.map_err(refused)?;
        if is_remark(&row) || is_blank(&row) {
            continue;
        }
        match reader.read(&row) {
            Ok(record) => records.push(record),
            Err(own) => faults.extend(own.into_iter().take(FAULTS_MAX.saturating_sub(faults.len()).max(1))),
        }
        done += 1;
        if done % PROGRESS_ROWS == 0 {
            progress(rows.rows.read(), text.len());
        }
    }
    progress(text.len(), text.len());
    let own = reader.emergency.map(|(phone, _)| phone);
    if own.is_none() {
        notes.push(Note::RegisteredNumber);
    }
    let office = reader.office.map(|(phone, _)| phone).or_else(|| sender.office.clone());
    let contact = own.or_else(|| sender.emergency.clone()).map(|emergency| Contact { emergency, office });
    let (authority, name) = (sender.authority, sender.name.clone());
    Ok(Table { authority, name, contact, records, faults, notes, count })
}

/// The rows after the line of headings.
struct Data<'t> {
    rows: Rows<'t>,
    head: u32,
}

fn data(text: &str, separator: u8, head: u32) -> Data<'_> {
    Data { rows: Rows::new(text, separator), head }
}

impl<'t> Iterator for Data<'t> {
    type Item = Result<Row<'t>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        let head = self.head;
        self.rows.find(|row| row.as_ref().map_or(true, |row| row.line > head))
    }
}

fn refused(broken: Broken) -> FileFault {
    faulty(vec![(format!("line {}", broken.line), broken.what.to_owned())])
}

fn faulty(faults: Vec<(String, String)>) -> FileFault {
    FileFault { faults, too_large: false, sequence: None }
}
