//! Many checkpoints in one text, one appended after another: each record is a signed note and then a blank line.
//! Reading and writing the file itself, and cutting off a torn end, is the caller's affair.

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError, parse_signed};
use crate::key::VerifyingKey;
use crate::note::SIGNATURE_START;

/// A record that cannot be believed, with the line on which it begins (from 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFault {
    /// The first line of the record.
    pub line: usize,
    /// What is wrong with it.
    pub error: CheckpointError,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.error)
    }
}

impl std::error::Error for FileFault {}

/// What is appended to the file for one signed note.
pub fn file_record(note: &str) -> String {
    format!("{note}\n")
}

/// All checkpoints of a file in their order, or every fault with its line.
///
/// ```
/// use cpis_audit::{Checkpoint, SigningKey, file_record, parse_file};
/// let key = SigningKey::from_seed("cpis.example/log", &[1; 32])?;
/// let keys = [key.verifying_key().clone()];
/// let mut file = String::new();
/// for size in 1..=2 {
///     file.push_str(&file_record(&Checkpoint::new("cpis.example/log", size, [7; 32]).sign(&key)?));
/// }
/// assert_eq!(parse_file(&file, &keys).map(|all| all.len()), Ok(2));
/// let faults = parse_file(&file.replacen("\n2\n", "\n3\n", 1), &keys).unwrap_err();
/// assert_eq!(faults[0].to_string(), "line 7: the signature on the checkpoint does not hold");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn parse_file(text: &str, keys: &[VerifyingKey]) -> Result<Vec<Checkpoint>, Vec<FileFault>> {
    let (mut checkpoints, mut faults) = (Vec::new(), Vec::new());
    for record in read_file(text, keys) {
        match record {
            Ok(checkpoint) => checkpoints.push(checkpoint),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(checkpoints) } else { Err(faults) }
}

/// The records of a file one by one; a faulty one does not hide those after it. The blank line after the last record may
/// be missing, the end of its last line may not.
pub fn read_file(text: &str, keys: &[VerifyingKey]) -> impl Iterator<Item = Result<Checkpoint, FileFault>> {
    records(text).map(|record| {
        let checkpoint = record.note.and_then(|note| parse_signed(note, keys));
        checkpoint.map_err(|error| FileFault { line: record.line, error })
    })
}

/// The last record of a file that can be believed. The text may begin anywhere in the file.
pub fn last_in_file(text: &str, keys: &[VerifyingKey]) -> Option<Checkpoint> {
    let notes: Vec<&str> = records(text).filter_map(|record| record.note.ok()).collect();
    notes.into_iter().rev().find_map(|note| parse_signed(note, keys).ok())
}

/// How many bytes of a file are whole records, each with its blank line. What follows was torn by a crash while it was
/// appended: the writer cuts it off before it appends again. Signatures are not looked at.
pub fn whole_records(text: &str) -> usize {
    records(text).filter(|record| record.note.is_ok() && record.closed).last().map_or(0, |record| record.end)
}

struct Record<'t> {
    line: usize,
    note: Result<&'t str, CheckpointError>,
    end: usize,
    closed: bool,
}

/// A run of lines that are not blank.
struct Block {
    line: usize,
    start: usize,
    /// After the last line, before a blank one.
    stop: usize,
    signatures: bool,
    /// A blank line follows.
    closed: bool,
    /// The last line has no end, so this is the end of the text.
    torn: bool,
}

fn records(text: &str) -> impl Iterator<Item = Record<'_>> {
    let mut blocks = blocks(text).peekable();
    std::iter::from_fn(move || {
        let body = blocks.next()?;
        let record = |note, last: &Block| {
            Some(Record { line: body.line, note, end: last.stop + usize::from(last.closed), closed: last.closed })
        };
        if body.signatures {
            return record(Err(CheckpointError::Malformed("signature lines stand alone")), &body);
        }
        // a torn block may be a signature line of which not even the dash is whole
        match blocks.next_if(|next| next.signatures || next.torn) {
            Some(signatures) if signatures.torn => record(Err(CheckpointError::Unfinished), &signatures),
            Some(signatures) => {
                record(text.get(body.start..signatures.stop).ok_or(CheckpointError::Unfinished), &signatures)
            }
            None if blocks.peek().is_none() => record(Err(CheckpointError::Unfinished), &body),
            None => record(Err(CheckpointError::Malformed("there are no signature lines")), &body),
        }
    })
}

fn blocks(text: &str) -> impl Iterator<Item = Block> {
    let mut lines = text.split_inclusive('\n').zip(1..);
    let mut at = 0;
    std::iter::from_fn(move || {
        let mut block: Option<Block> = None;
        for (line, number) in lines.by_ref() {
            let start = at;
            at += line.len();
            let (signatures, torn) = (line.starts_with(SIGNATURE_START), !line.ends_with('\n'));
            match &mut block {
                None if line == "\n" => {}
                None => block = Some(Block { line: number, start, stop: at, signatures, closed: false, torn }),
                Some(block) if line == "\n" => {
                    block.closed = true;
                    break;
                }
                Some(block) => {
                    block.stop = at;
                    block.signatures &= signatures;
                    block.torn = torn;
                }
            }
        }
        block
    })
}

#[cfg(test)]
mod tests;
