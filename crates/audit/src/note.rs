//! Signed notes (C2SP signed-note): a text, a blank line, signature lines. What the text says is read in `checkpoint`.

use crate::checkpoint::CheckpointError;
use crate::key::{SigningKey, VerifyingKey, is_key_name};
use crate::text::{from_base64, to_base64};

/// The longest note that is looked at.
pub(crate) const NOTE_BYTES_MAX: usize = 64 * 1024;
/// Signature lines in a note; the specification asks for at least 16.
pub(crate) const SIGNATURES_MAX: usize = 64;
/// What a signature line begins with: an em dash and a space.
pub(crate) const SIGNATURE_START: &str = "\u{2014} ";

/// The text must end in a newline and hold no other control characters; `checkpoint` sees to that.
pub(crate) fn sign(text: &str, key: &SigningKey) -> String {
    let public = key.verifying_key();
    let signature = [&public.id()[..], &key.sign(text.as_bytes())].concat();
    format!("{text}\n{SIGNATURE_START}{} {}\n", public.name(), to_base64(&signature))
}

/// The text of a note, and the keys among `keys` whose signatures hold: at least one. A signature by a known key that does
/// not hold spoils the note; signatures by others are ignored.
pub(crate) fn open<'n, 'k>(
    note: &'n str,
    keys: &'k [VerifyingKey],
) -> Result<(&'n str, Vec<&'k VerifyingKey>), CheckpointError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(CheckpointError::TooLarge);
    }
    if note.bytes().any(|b| b < 0x20 && b != b'\n') {
        return Err(CheckpointError::Malformed("there are control characters"));
    }
    let last_line = note.strip_suffix('\n').ok_or(CheckpointError::Malformed("the last line has no end"))?;
    let (text, signatures) =
        last_line.rsplit_once("\n\n").ok_or(CheckpointError::Malformed("there is no blank line"))?;
    let text = note.get(..=text.len()).unwrap_or_default();

    if signatures.split('\n').count() > SIGNATURES_MAX {
        return Err(CheckpointError::TooLarge);
    }
    let mut signers = Vec::new();
    for line in signatures.split('\n') {
        let (name, id, signature) = read_signature(line)?;
        let Some(key) = keys.iter().find(|key| key.name() == name && key.id() == id) else { continue };
        let signature = signature.as_slice().try_into().map_err(|_| CheckpointError::BadSignature)?;
        if !key.verifies(text.as_bytes(), signature) {
            return Err(CheckpointError::BadSignature);
        }
        signers.push(key);
    }
    if signers.is_empty() { Err(CheckpointError::NoKnownSignature) } else { Ok((text, signers)) }
}

fn read_signature(line: &str) -> Result<(&str, [u8; 4], Vec<u8>), CheckpointError> {
    let fault = CheckpointError::Malformed("a signature line cannot be read");
    let read = || {
        let (name, signature) = line.strip_prefix(SIGNATURE_START)?.split_once(' ')?;
        let bytes = from_base64(signature)?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        let known = is_key_name(name) && !signature.is_empty();
        known.then(|| (name, *id, signature.to_vec()))
    };
    read().ok_or(fault)
}

#[cfg(test)]
mod tests;
