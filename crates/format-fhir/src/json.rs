//! Writes JSON straight into one buffer: the answer to a look is made tens of thousands of times a second.
//!
//! FHIR forbids empty strings, objects and arrays (R4, json.html). Blank texts are left out here; objects and arrays that
//! could be empty are left out by whoever writes them.

/// A document that is being written. A comma is due wherever the last byte ends a value, so nothing else is remembered.
pub struct Json(Vec<u8>);

impl Json {
    /// Writes one object and returns its bytes.
    pub fn document(capacity: usize, write: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut json = Self(Vec::with_capacity(capacity));
        json.object(write);
        json.0
    }

    pub fn object(&mut self, write: impl FnOnce(&mut Self)) {
        self.separate();
        self.0.push(b'{');
        write(self);
        self.0.push(b'}');
    }

    pub fn array(&mut self, write: impl FnOnce(&mut Self)) {
        self.separate();
        self.0.push(b'[');
        write(self);
        self.0.push(b']');
    }

    /// An array of one object, as FHIR has many.
    pub fn array_of_one(&mut self, write: impl FnOnce(&mut Self)) {
        self.array(|json| json.object(write));
    }

    /// The name of a field; its value is to follow.
    pub fn key(&mut self, name: &'static str) -> &mut Self {
        self.separate();
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        self
    }

    /// A field with a text; left out where the text is blank.
    pub fn text(&mut self, name: &'static str, value: &str) {
        let value = value.trim();
        if !value.is_empty() {
            self.key(name).string(&[value]);
        }
    }

    /// A field with a text put together from parts.
    pub fn parts(&mut self, name: &'static str, parts: &[&str]) {
        self.key(name).string(parts);
    }

    /// A field with true or false.
    pub fn flag(&mut self, name: &'static str, value: bool) {
        self.key(name).0.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A field with a number.
    pub fn number(&mut self, name: &'static str, value: usize) {
        self.key(name).0.extend_from_slice(value.to_string().as_bytes());
    }

    /// A text put together from parts.
    pub fn string(&mut self, parts: &[&str]) {
        self.separate();
        self.0.push(b'"');
        for part in parts {
            escape(&mut self.0, part);
        }
        self.0.push(b'"');
    }

    fn separate(&mut self) {
        if !matches!(self.0.last(), None | Some(b'{' | b'[' | b':')) {
            self.0.push(b',');
        }
    }
}

/// Escapes as RFC 8259 §7 asks. Control characters that a FHIR string must not hold (R4, datatypes.html) become U+FFFD.
fn escape(out: &mut Vec<u8>, text: &str) {
    let is_special = |byte: u8| matches!(byte, 0..=0x1f | b'"' | b'\\');
    // Nearly every text is clean, and a loop without an exit is done many bytes at a time.
    if !text.bytes().fold(false, |any, byte| any | is_special(byte)) {
        return out.extend_from_slice(text.as_bytes());
    }
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..=0x1f => out.extend_from_slice("\u{fffd}".as_bytes()),
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn check(write: impl FnOnce(&mut Json), expected: &str) {
        assert_eq!(String::from_utf8(Json::document(0, write)).unwrap(), expected);
    }

    #[test]
    fn commas_stand_between_values_and_nowhere_else() {
        check(|_| {}, "{}");
        check(
            |json| {
                json.text("a", "x:{[,");
                json.text("blank", " \n");
                json.flag("b", true);
                json.number("c", 25);
                json.key("d").array(|json| {
                    json.string(&["1", ":"]);
                    json.string(&["{"]);
                    json.object(|json| json.flag("e", false));
                    json.array(|json| json.string(&[]));
                });
                json.key("f").array_of_one(|json| json.parts("g", &["a", "b"]));
            },
            r#"{"a":"x:{[,","b":true,"c":25,"d":["1:","{",{"e":false},[""]],"f":[{"g":"ab"}]}"#,
        );
    }

    #[test]
    fn special_characters_are_escaped() {
        check(|json| json.text("a", "\"\\/\t\r\n\u{0}\u{1f}\u{7f}é\u{2028}👶"), {
            "{\"a\":\"\\\"\\\\/\\t\\r\\n\u{fffd}\u{fffd}\u{7f}é\u{2028}👶\"}"
        });
    }

    proptest! {
        #[test]
        fn an_independent_parser_reads_the_same_text(
            texts in prop::collection::vec("(?s).{0,40}|[\u{0}-\u{7f}]{0,20}", 1..4)
        ) {
            let parts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let value: Value = serde_json::from_slice(&Json::document(0, |json| json.parts("a", &parts))).unwrap();
            let allowed = |c: char| if c < ' ' && !"\t\r\n".contains(c) { '\u{fffd}' } else { c };
            let expected: String = texts.concat().chars().map(allowed).collect();
            prop_assert_eq!(value["a"].as_str(), Some(expected.as_str()));
        }
    }
}
