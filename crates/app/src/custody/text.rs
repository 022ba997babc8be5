//! Bytes as lines that a person can type: a number, four groups of six letters (RFC 4648 base32), two check letters.

use super::CustodyError;
use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use zeroize::Zeroizing;

/// Bytes of a line: 24 letters.
const LINE_BYTES: usize = 15;
/// Letters of a group.
const GROUP: usize = 6;
/// What a line of the list of erased people begins with.
const ERASED: &str = "e";
/// The last line of that list.
const ERASED_END: &str = "end";

/// What a text held.
pub(super) struct Lines {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) erased: Option<Vec<i64>>,
}

/// A short word for some bytes.
pub(super) fn word(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes)
}

/// Two letters that depend on every letter of a line and on its place.
fn check_letters(label: &str, bytes: &[u8]) -> String {
    let digest = Sha256::new().chain_update(label).chain_update([0]).chain_update(bytes).finalize();
    BASE32_NOPAD.encode(&digest).chars().take(2).collect()
}

fn to_line(label: &str, bytes: &[u8]) -> Zeroizing<String> {
    let letters = Zeroizing::new(BASE32_NOPAD.encode(bytes));
    let mut line = Zeroizing::new(format!("{label:>4} "));
    for (at, letter) in letters.chars().enumerate() {
        if at % GROUP == 0 {
            line.push(' ');
        }
        line.push(letter);
    }
    let _ = writeln!(line, "  {}", check_letters(label, bytes));
    line
}

/// Numbered lines.
pub(super) fn to_lines(prefix: &str, bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for (number, line) in (1..).zip(bytes.chunks(LINE_BYTES)) {
        text.push_str(&to_line(&format!("{prefix}{number}"), line));
    }
    text
}

/// Reads the letters of a line, as people type them: in any case, with what looks alike.
fn from_words(label: &str, words: &[&str]) -> Result<Zeroizing<Vec<u8>>, CustodyError> {
    let wrong = || CustodyError::Line(label.to_owned());
    let letters: Zeroizing<String> = Zeroizing::new(
        words
            .iter()
            .flat_map(|word| word.chars())
            .filter(|letter| *letter != '-')
            .map(|letter| match letter.to_ascii_uppercase() {
                '0' => 'O',
                '1' => 'I',
                '8' => 'B',
                other => other,
            })
            .collect(),
    );
    let (data, check) = letters.len().checked_sub(2).and_then(|at| letters.split_at_checked(at)).ok_or_else(wrong)?;
    let bytes = Zeroizing::new(BASE32_NOPAD.decode(data.as_bytes()).map_err(|_| wrong())?);
    if check_letters(label, &bytes) == check { Ok(bytes) } else { Err(wrong()) }
}

/// Reads a text: numbered lines in any order, and the list of erased people if it is there. What else stands there is for
/// people.
pub(super) fn from_lines(text: &str) -> Result<Lines, CustodyError> {
    let (mut lines, mut erased, mut end) = (BTreeMap::new(), BTreeMap::new(), None);
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some((label, words)) = words.split_first() else { continue };
        let label = label.trim_end_matches(['.', ':', ')']).to_ascii_lowercase();
        if label == ERASED_END {
            end = Some(from_words(&label, words)?);
        } else if let Ok(number) = label.parse::<u32>() {
            lines.insert(number, from_words(&label, words)?);
        } else if let Some(Ok(number)) = label.strip_prefix(ERASED).map(str::parse::<u32>) {
            erased.insert(number, from_words(&label, words)?);
        }
    }
    let bytes = in_order("", lines)?;
    let erased = match end {
        None => None,
        Some(end) => Some(erased_of(&in_order(ERASED, erased)?, &end)?),
    };
    Ok(Lines { bytes, erased })
}

fn in_order(prefix: &str, lines: BTreeMap<u32, Zeroizing<Vec<u8>>>) -> Result<Zeroizing<Vec<u8>>, CustodyError> {
    let mut bytes = Zeroizing::new(Vec::new());
    for (expected, (number, line)) in (1..).zip(lines) {
        if number != expected {
            return Err(CustodyError::Missing(format!("{prefix}{expected}")));
        }
        bytes.extend(line.iter());
    }
    Ok(bytes)
}

fn erased_of(bytes: &[u8], end: &[u8]) -> Result<Vec<i64>, CustodyError> {
    let (ids, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() || end != end_of(bytes) {
        return Err(CustodyError::ErasedList);
    }
    Ok(ids.iter().map(|id| i64::from_be_bytes(*id)).collect())
}

fn end_of(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).iter().copied().take(LINE_BYTES).collect()
}

/// The list of erased people as a text. It holds no secret, and without the database it names nobody.
pub fn erased_to_text(erased: &[i64]) -> String {
    let bytes: Vec<u8> = erased.iter().flat_map(|id| id.to_be_bytes()).collect();
    format!(
        "People erased, which a restore erases again: {}\n{}{}",
        erased.len(),
        *to_lines(ERASED, &bytes),
        *to_line(ERASED_END, &end_of(&bytes))
    )
}

/// Reads a list of erased people.
pub fn erased_from_text(text: &str) -> Result<Vec<i64>, CustodyError> {
    from_lines(text)?.erased.ok_or(CustodyError::ErasedList)
}
