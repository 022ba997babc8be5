//! Escape sequences: a field's text from how it is written, and back.

use crate::delimiters::Delimiters;

/// The text of a part that has been split off already. What is not known, or never closes, stays as it came.
pub fn unescape(written: &str, delimiters: &Delimiters) -> String {
    let Some(escape) = delimiters.escape.filter(|escape| written.contains(*escape)) else { return written.to_owned() };
    let mut text = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, after)) = rest.split_once(escape) {
        text.push_str(before);
        let Some((sequence, beyond)) = after.split_once(escape) else {
            text.push(escape);
            text.push_str(after);
            return text;
        };
        if meaning(sequence, delimiters, &mut text) {
            rest = beyond;
        } else {
            // The second sign may open the next sequence.
            text.push(escape);
            text.push_str(sequence);
            rest = after.get(sequence.len()..).unwrap_or_default();
            if sequence.is_empty() || is_local(sequence) {
                text.push(escape);
                rest = beyond;
            }
        }
    }
    text.push_str(rest);
    text
}

/// A sequence that a sender has made up: kept whole.
fn is_local(sequence: &str) -> bool {
    sequence.starts_with(['Z', 'C', 'M']) && sequence.len() <= 16
}

/// Writes what a sequence means; false where it is none.
fn meaning(sequence: &str, delimiters: &Delimiters, text: &mut String) -> bool {
    match sequence {
        "F" => text.push(delimiters.field),
        "S" => text.push(delimiters.component),
        "R" => text.extend(delimiters.repetition),
        "T" => text.push(delimiters.subcomponent.unwrap_or('&')),
        "E" => text.extend(delimiters.escape),
        "P" => text.push('#'),
        "H" | "N" => {}
        _ => {
            if let Some(digits) = sequence.strip_prefix('X') {
                return hexadecimal(digits, text);
            }
            // Formatting of text: a line ends, or a space is left.
            let Some(command) = sequence.strip_prefix('.') else { return false };
            match command.get(..2) {
                Some("br" | "sp" | "ce") => text.push('\n'),
                Some("in" | "ti" | "sk" | "fi" | "nf") => text.push(' '),
                _ => return false,
            }
        }
    }
    true
}

fn hexadecimal(digits: &str, text: &mut String) -> bool {
    let pairs = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    let Some(bytes) = pairs.collect::<Option<Vec<u8>>>().filter(|bytes| !bytes.is_empty()) else { return false };
    text.push_str(&crate::charset::read(&bytes, "").0);
    true
}

/// A text as it is written within a field. Nothing in it can end a part, a segment or a frame.
pub fn escape(text: &str, delimiters: &Delimiters) -> String {
    let escape = delimiters.escape.unwrap_or('\\');
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        let letter = match c {
            c if c == delimiters.field => 'F',
            c if c == delimiters.component => 'S',
            c if Some(c) == delimiters.repetition => 'R',
            c if Some(c) == delimiters.subcomponent => 'T',
            c if c == escape => 'E',
            '\r' | '\n' => {
                written.push(' ');
                continue;
            }
            c if c.is_control() => continue,
            c => {
                written.push(c);
                continue;
            }
        };
        written.extend([escape, letter, escape]);
    }
    written
}
