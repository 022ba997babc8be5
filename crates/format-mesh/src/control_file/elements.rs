//! The elements of a control file as texts, and what makes it no XML of that kind.

use super::{CONTROL_FILE_BYTES_MAX, ControlFault};
use quick_xml::Reader;
use quick_xml::events::Event;

const ROOT: &str = "DTSControl";
/// Deepest nesting of elements; what is known is three deep.
const DEPTH_MAX: usize = 16;

/// An element that was read: its path below the root, and its text with single spaces.
pub(super) struct Element {
    pub path: String,
    pub text: String,
}

/// All elements with text, in the order in which they end.
pub(super) fn elements(bytes: &[u8]) -> Result<Vec<Element>, ControlFault> {
    if bytes.len() > CONTROL_FILE_BYTES_MAX {
        return Err(ControlFault::new("file", "it is larger than 64 KiB"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text =
        std::str::from_utf8(bytes).map_err(|error| at(bytes, error.valid_up_to(), "the file is not in UTF-8"))?;
    if let Some(offset) = text.find(|c| !is_xml(c)) {
        return Err(at(bytes, offset, "a character that XML does not allow"));
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<(String, String)> = Vec::new();
    let mut done = Vec::new();
    let mut has_root = false;
    loop {
        let start = reader.buffer_position() as usize;
        let event = reader
            .read_event()
            .map_err(|_| at(bytes, reader.error_position() as usize, "the file is not well-formed XML"))?;
        let fault = |what| Err(at(bytes, start, what));
        match event {
            Event::Start(_) | Event::Empty(_) if open.is_empty() && has_root => {
                return fault("a second element beside the document's own");
            }
            Event::Start(tag) => {
                has_root = true;
                begin(&mut open, &tag).map_err(|what| at(bytes, start, what))?;
            }
            Event::Empty(tag) => {
                has_root = true;
                begin(&mut open, &tag).map_err(|what| at(bytes, start, what))?;
                open.pop();
            }
            Event::End(_) => done.extend(end(&mut open)),
            Event::Text(text) => {
                if !add(&mut open, &text) {
                    return fault("text outside of the document's element");
                }
            }
            Event::CData(text) => {
                if !add(&mut open, &text) {
                    return fault("text outside of the document's element");
                }
            }
            Event::GeneralRef(name) => {
                let Some(c) = character(&name) else { return fault("a reference to no character of XML") };
                if !add(&mut open, c.encode_utf8(&mut [0; 4])) {
                    return fault("text outside of the document's element");
                }
            }
            Event::DocType(_) => return fault("a document type declaration is not allowed"),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof if !open.is_empty() => return fault("the file ends before its last element is closed"),
            Event::Eof if !has_root => return fault("the file has no element"),
            Event::Eof => return Ok(done),
        }
    }
}

/// Opens an element.
fn begin(open: &mut Vec<(String, String)>, tag: &str) -> Result<(), &'static str> {
    let name = tag.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
    if open.is_empty() && name != ROOT {
        return Err("the document's element is not DTSControl");
    }
    if open.len() >= DEPTH_MAX {
        return Err("elements are nested more than 16 deep");
    }
    open.push((name.to_owned(), String::new()));
    Ok(())
}

/// Closes an element; its text is told where there is any.
fn end(open: &mut Vec<(String, String)>) -> Option<Element> {
    let (last, text) = open.pop()?;
    let words = text.split(|c: char| c == ' ' || c.is_ascii_control()).filter(|word| !word.is_empty());
    let text = words.collect::<Vec<_>>().join(" ");
    if open.is_empty() || text.is_empty() {
        return None;
    }
    let above = open.iter().skip(1).map(|(name, _)| name.as_str());
    let path = above.chain([last.as_str()]).collect::<Vec<_>>().join("/");
    Some(Element { path, text })
}

/// Adds text to the innermost element; false where there is none and the text is not blank.
fn add(open: &mut [(String, String)], text: &str) -> bool {
    match open.last_mut() {
        Some((_, own)) => {
            own.push_str(text);
            true
        }
        None => text.trim().is_empty(),
    }
}

/// The character of a reference, without its ampersand and semicolon.
fn character(name: &str) -> Option<char> {
    let number = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => name.strip_prefix('#')?,
    };
    let (digits, base) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = if is_number { u32::from_str_radix(digits, base).ok() } else { None };
    number.and_then(char::from_u32).filter(|c| is_xml(*c))
}

/// Whether XML allows a character.
pub(super) fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

fn at(bytes: &[u8], offset: usize, what: &'static str) -> ControlFault {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = before.split(|byte| *byte == b'\n').count();
    let column = before.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len) + 1;
    ControlFault::new(format!("line {line}, column {column}"), what)
}
