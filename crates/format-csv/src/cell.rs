//! One cell: cleaned, its traps seen, and read.

use crate::heading::words;
use crate::shape::Shape;
use cpis_model::name::NAME_CHARS_MAX;
use cpis_model::nhs_number::{NhsNumber, NhsNumberError};
use cpis_model::organisation::Phone;
use cpis_model::plan::PlanKind;
use std::collections::HashMap;
use std::sync::LazyLock;

static KINDS: LazyLock<HashMap<String, PlanKind>> = LazyLock::new(|| {
    let rows = crate::heading::rows(include_str!("../data/plan_words.csv"));
    let kind = |code: &str| PlanKind::ALL.into_iter().find(|kind| kind.code() == code);
    rows.filter_map(|row| Some((words(row.get(0)?), kind(row.get(1)?)?))).collect()
});

/// Marks of failed formulas, and of columns that are too narrow.
const ERRORS: [&str; 11] = [
    "#N/A",
    "#REF!",
    "#VALUE!",
    "#NAME?",
    "#DIV/0!",
    "#NULL!",
    "#NUM!",
    "#SPILL!",
    "#CALC!",
    "#FIELD!",
    "#GETTING_DATA",
];

/// Characters without width come along when a value is copied from another program.
fn is_unseen(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// The cell without blanks of any kind at its ends.
pub(crate) fn clean(text: &str) -> &str {
    text.trim_matches(is_unseen)
}

/// A cleaned cell, unless it is one of the traps that any column can hold.
pub(crate) fn plain(text: &str) -> Result<&str, Shape> {
    let first = text.chars().next();
    let error = ERRORS.iter().any(|error| error.eq_ignore_ascii_case(text)) || text.starts_with("##");
    if text.contains(['\n', '\r', '\u{2028}', '\u{2029}']) {
        Err(Shape::LineEnd)
    } else if text.contains(char::is_control) {
        Err(Shape::Control)
    } else if error {
        Err(Shape::SpreadsheetError)
    } else if matches!(
        first,
        Some('=' | '+' | '-' | '@' | '\u{2013}' | '\u{2014}' | '\u{2212}' | '＝' | '＋' | '－' | '＠')
    ) {
        Err(Shape::Formula)
    } else {
        Ok(text)
    }
}

/// The text without the apostrophe by which spreadsheets mark a number as text.
pub(crate) fn unmarked(text: &str) -> &str {
    text.strip_prefix('\'').map_or(text, clean)
}

/// ASCII digits, one at least.
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Such as 9.99E+09.
pub(crate) fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    is_digits(whole) && is_digits(fraction) && is_digits(exponent.trim_start_matches('+'))
}

fn is_decimal(text: &str) -> bool {
    text.split_once(['.', ',']).is_some_and(|(whole, fraction)| is_digits(whole) && is_digits(fraction))
}

/// The shape of what should have been digits.
fn not_digits(text: &str) -> Shape {
    if is_scientific(text) {
        Shape::Scientific
    } else if is_decimal(text) {
        Shape::Decimal
    } else if text.contains(char::is_alphabetic) {
        Shape::Letters
    } else {
        Shape::NotDigits
    }
}

fn digits(text: &str) -> u32 {
    text.bytes().filter(u8::is_ascii_digit).count() as u32
}

/// An NHS number.
pub(crate) fn number(text: &str) -> Result<NhsNumber, Shape> {
    let text = unmarked(text);
    text.parse::<NhsNumber>().map_err(|error| match error {
        NhsNumberError::Empty => Shape::NotDigits,
        NhsNumberError::OldStyle => Shape::OldStyle,
        NhsNumberError::NotDigits => not_digits(text),
        NhsNumberError::Length => Shape::Digits(digits(text)),
        NhsNumberError::CheckDigit => Shape::CheckDigit,
        NhsNumberError::AllSame => Shape::AllSame,
    })
}

/// A kind of plan.
pub(crate) fn kind(text: &str) -> Result<PlanKind, Shape> {
    KINDS.get(&words(text)).copied().ok_or(Shape::UnknownKind)
}

/// A telephone number. Nine or ten digits without a zero before them have lost it: only shorter numbers begin so.
pub(crate) fn phone(text: &str) -> Result<Phone, Shape> {
    let text: String = unmarked(text).chars().filter(|c| !is_unseen(*c)).collect();
    let Ok(phone) = text.parse::<Phone>() else {
        let compact: String = text.chars().filter(|c| !matches!(c, '-' | '(' | ')' | '+')).collect();
        return Err(if is_digits(&compact) { Shape::Digits(digits(&compact)) } else { not_digits(&text) });
    };
    let written = phone.as_str();
    if matches!(written.len(), 9 | 10) && !written.starts_with(['0', '+']) {
        return Err(Shape::Digits(written.len() as u32));
    }
    Ok(phone)
}

/// A name of a person, as it stands: white space is collapsed later.
pub(crate) fn name(text: &str) -> Result<&str, Shape> {
    let count = text.chars().count();
    if count > NAME_CHARS_MAX {
        Err(Shape::TooLong(count as u32))
    } else if is_scientific(text) {
        Err(Shape::Scientific)
    } else if !text.contains(char::is_alphabetic) {
        Err(Shape::NoLetter)
    } else if text.contains(['?', '\u{fffd}']) {
        Err(Shape::Lost)
    } else if is_garbled(text) {
        Err(Shape::Garbled)
    } else {
        Ok(text)
    }
}

/// UTF-8 that somebody has read as Windows-1252: a lead byte's letter, and then what no word goes on with.
fn is_garbled(text: &str) -> bool {
    let pairs = text.chars().zip(text.chars().skip(1));
    pairs.into_iter().any(|(first, second)| {
        let lead = matches!(first, 'Ã' | 'Â' | 'Ä' | 'Å' | 'â');
        lead && (matches!(second, '\u{80}'..='\u{bf}') || "€‚ƒ„…†‡ˆ‰‹‘“”•–—˜™›".contains(second))
    })
}

/// An authority's own id.
pub(crate) fn local_id(text: &str, chars_max: usize) -> Result<&str, Shape> {
    let count = text.chars().count();
    let tail = text.strip_suffix(".0").is_some_and(is_digits);
    if count > chars_max {
        Err(Shape::TooLong(count as u32))
    } else if is_scientific(text) && text.contains('+') {
        Err(Shape::Scientific)
    } else if tail {
        Err(Shape::Decimal)
    } else {
        Ok(text)
    }
}
