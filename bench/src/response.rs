//! The little of HTTP/1.1 that a client must read when it knows the server: status, length, body.
//!
//! It leaves out chunked bodies: an answer without a length counts as malformed, so that it is noticed.

use std::ops::Range;

/// Longest head in bytes.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Longest answer in bytes.
pub const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What the bytes so far are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The beginning of an answer.
    Partial,
    /// A whole answer.
    Whole(Answer),
    /// Not an answer that this client reads.
    Malformed,
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Where the body stands in the bytes; it ends with the answer.
    pub body: Range<usize>,
    /// The server closes the connection.
    pub close: bool,
}

/// Reads the bytes of one answer. There is no pipelining, so bytes behind it are a fault.
pub fn parse(bytes: &[u8]) -> Parsed {
    let Some(head) = head_length(bytes) else {
        let plausible =
            bytes.len() <= HEAD_BYTES_MAX && b"HTTP/1.1 ".iter().zip(bytes).all(|(left, right)| left == right);
        return if plausible { Parsed::Partial } else { Parsed::Malformed };
    };
    let mut lines = bytes.get(..head).unwrap_or_default().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let Some(status) = lines.next().and_then(status) else { return Parsed::Malformed };
    let (mut length, mut close) = (None, false);
    for line in lines {
        // Almost every line is told apart by its first letter.
        if !matches!(line.first(), Some(b'c' | b'C')) {
            continue;
        }
        if let Some(value) = value_of(line, b"content-length") {
            match decimal(value) {
                Some(value) if length.is_none_or(|known| known == value) => length = Some(value),
                _ => return Parsed::Malformed,
            }
        } else if let Some(value) = value_of(line, b"connection") {
            close = value.eq_ignore_ascii_case(b"close");
        }
    }
    match length.map(|length| head + length) {
        Some(end) if end <= ANSWER_BYTES_MAX && bytes.len() < end => Parsed::Partial,
        Some(end) if bytes.len() == end => Parsed::Whole(Answer { status, body: head..end, close }),
        _ => Parsed::Malformed,
    }
}

/// Bytes up to and with the empty line.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let place = from + bytes.get(from..)?.iter().position(|byte| *byte == b'\n')?;
        if bytes.get(place + 1..place + 3) == Some(b"\r\n") {
            return Some(place + 3);
        }
        from = place + 1;
    }
}

fn status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.1 ")?;
    let (code, after) = rest.split_at_checked(3)?;
    let ends = after.first().is_none_or(|byte| *byte == b' ');
    decimal(code).filter(|code| ends && (100..600).contains(code)).map(|code| code as u16)
}

fn value_of<'line>(line: &'line [u8], name: &[u8]) -> Option<&'line [u8]> {
    let (own, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    own.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

fn decimal(text: &[u8]) -> Option<usize> {
    let digits = !text.is_empty() && text.len() <= 9 && text.iter().all(u8::is_ascii_digit);
    digits.then(|| text.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0')))
}

/// Whether the text stands in the body. `hint` is where it was found last: answers are much alike, so it mostly stands there again.
pub fn contains(body: &[u8], text: &[u8], hint: &mut usize) -> bool {
    if body.get(*hint..*hint + text.len()) == Some(text) {
        return true;
    }
    // Searching text is much faster than searching bytes.
    let found = match (std::str::from_utf8(body), std::str::from_utf8(text)) {
        (Ok(body), Ok(text)) => body.find(text),
        _ if text.is_empty() => Some(0),
        _ => body.windows(text.len()).position(|window| window == text),
    };
    *hint = found.unwrap_or(*hint);
    found.is_some()
}

#[cfg(test)]
mod tests;
