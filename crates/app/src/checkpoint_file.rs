//! The file of checkpoints outside the database. It grows by one signed note at a time, for years, so only its end is read.

use crate::error::AppError;
use cpis_audit::{Checkpoint, VerifyingKey, file_record, last_in_file, whole_records};
use std::fs::{File, OpenOptions};
use std::io::{Read, Result, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes of the end that are read: some hundred checkpoints.
const END_BYTES: u64 = 64 * 1024;

/// Appends a checkpoint, on disk before this returns. A torn end is cut first.
pub fn append(path: &Path, note: &str) -> std::result::Result<(), AppError> {
    try_append(path, note)
        .map_err(|error| AppError::Internal(format!("the file of checkpoints cannot be written: {error}")))
}

fn try_append(path: &Path, note: &str) -> Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    let length = file.metadata()?.len();
    let whole = in_the_end(&mut file, |start, text| match whole_records(text) {
        0 => None,
        whole => Some(start + whole as u64),
    })?;
    let whole = whole.unwrap_or(0);
    if whole < length {
        file.set_len(whole)?;
    }
    file.write_all(file_record(note).as_bytes())?;
    file.sync_data()
}

/// The last checkpoint that can be believed; `None` where there is none, or no file.
pub fn last_of(path: &Path, key: &VerifyingKey) -> Result<Option<Checkpoint>> {
    if !path.exists() {
        return Ok(None);
    }
    in_the_end(&mut File::open(path)?, |_, text| last_in_file(text, std::slice::from_ref(key)))
}

/// Finds something in the end of a file; in all of it where the end does not have it. What looks for it is told the place of the
/// first byte of its text.
fn in_the_end<T>(file: &mut File, find: impl Fn(u64, &str) -> Option<T>) -> Result<Option<T>> {
    let length = file.metadata()?.len();
    for bytes in [END_BYTES, length] {
        let mut start = file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
        let mut end = Vec::new();
        file.take(bytes).read_to_end(&mut end)?;
        let mut end = end.as_slice();
        if start > 0 {
            // The first line is not whole.
            let line = end.iter().position(|byte| *byte == b'\n').map_or(end.len(), |place| place + 1);
            (start, end) = (start + line as u64, end.get(line..).unwrap_or_default());
        }
        if let Some(found) = find(start, readable(end)) {
            return Ok(Some(found));
        }
        if bytes >= length {
            break;
        }
    }
    Ok(None)
}

/// The text up to where it is torn within a letter.
fn readable(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(bytes.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default(),
    }
}
