//! What a content is, by its outermost element.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The outermost element begins within so many bytes.
const BEGINNING_BYTES: usize = 64 * 1024;

/// Whether bytes are an upload at all, whatever its faults: XML whose outermost element is `File`. MESH refuses others as no
/// CP-IS file (spec/mesh.md section 12).
pub fn is_upload(bytes: &[u8]) -> bool {
    let beginning = bytes.get(..BEGINNING_BYTES).unwrap_or(bytes);
    // Of another encoding the reader says which.
    if beginning.starts_with(b"\xff\xfe") || beginning.starts_with(b"\xfe\xff") {
        return true;
    }
    let mut reader = Reader::from_reader(beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning));
    loop {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => return element.local_name().as_ref() == "File",
            Ok(Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_)) => {}
            Ok(Event::Text(text)) if text.chars().all(char::is_whitespace) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_element_says_what_a_content_is() {
        for (text, expected) in [
            ("<?xml version=\"1.0\"?>\n<!-- a file -->\n<File xmlns=\"urn:hl7-org:v3\">", true),
            ("\u{feff}<File/>", true),
            ("  <v3:File xmlns:v3=\"urn:hl7-org:v3\">", true),
            ("<File>broken", true),
            ("<FileResponse/>", false),
            ("<!-- <File/> -->", false),
            ("<!-- no end <File/>", false),
            ("NHS number,given,family", false),
            ("File", false),
            ("<", false),
            ("", false),
        ] {
            assert_eq!(is_upload(text.as_bytes()), expected, "{text}");
        }
    }
}
