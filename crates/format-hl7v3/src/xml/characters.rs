//! References and escapes. Nothing is expanded but the five predefined entities and numbered characters.

use std::borrow::Cow;

/// What is wrong with a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadReference {
    /// An entity other than the five.
    Entity,
    /// A number of no character, or an ampersand that begins no reference.
    Character,
}

impl BadReference {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Entity => "a reference to an entity other than amp, lt, gt, quot and apos",
            Self::Character => "an ampersand that begins no reference to a character of XML",
        }
    }
}

/// The character of a reference, without its ampersand and semicolon.
pub(super) fn character(name: &str) -> Result<char, BadReference> {
    let number = match name {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => name.strip_prefix('#').ok_or_else(|| {
            if name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
                BadReference::Entity
            } else {
                BadReference::Character
            }
        })?,
    };
    let (digits, base) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(BadReference::Character);
    }
    u32::from_str_radix(digits, base)
        .ok()
        .and_then(char::from_u32)
        .filter(|c| matches!(*c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..))
        .ok_or(BadReference::Character)
}

/// Checks the references of an attribute's value; the offset of the first bad one otherwise.
pub(super) fn check(raw: &str) -> Result<(), (usize, BadReference)> {
    for (offset, _) in raw.match_indices('&') {
        let name = raw.get(offset + 1..).and_then(|rest| rest.split_once(';'));
        let Some((name, _)) = name else { return Err((offset, BadReference::Character)) };
        character(name).map_err(|bad| (offset, bad))?;
    }
    Ok(())
}

/// The value of an attribute whose references were checked: references resolved, white space as XML normalises it.
pub(crate) fn plain(raw: &str) -> Cow<'_, str> {
    if !raw.bytes().any(|byte| matches!(byte, b'&' | b'\t' | b'\n' | b'\r')) {
        return Cow::Borrowed(raw);
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let reference = rest
            .strip_prefix('&')
            .and_then(|inner| inner.split_once(';'))
            .and_then(|(name, after)| character(name).ok().map(|c| (c, after)));
        let (c, after) = reference.unwrap_or_else(|| {
            let c = if matches!(c, '\t' | '\n' | '\r') { ' ' } else { c };
            let width = if rest.starts_with("\r\n") { 2 } else { c.len_utf8() };
            (c, rest.get(width..).unwrap_or_default())
        });
        value.push(c);
        rest = after;
    }
    Cow::Owned(value)
}

/// A text with the characters that XML does not know replaced, which no escape can write.
pub(crate) fn allowed(text: &str) -> Cow<'_, str> {
    let unknown =
        |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(unknown) { Cow::Owned(text.replace(unknown, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

fn escape(out: &mut Vec<u8>, value: &str, needed: impl Fn(u8) -> Option<&'static str>) {
    let mut clean = 0;
    for (place, byte) in value.bytes().enumerate() {
        if let Some(escaped) = needed(byte) {
            out.extend_from_slice(value.as_bytes().get(clean..place).unwrap_or_default());
            out.extend_from_slice(escaped.as_bytes());
            clean = place + 1;
        }
    }
    out.extend_from_slice(value.as_bytes().get(clean..).unwrap_or_default());
}

/// Writes text between tags.
pub(crate) fn escape_text(out: &mut Vec<u8>, value: &str) {
    escape(out, value, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#13;"),
        _ => None,
    });
}

/// Writes the value of an attribute that stands in double quotes.
pub(crate) fn escape_attribute(out: &mut Vec<u8>, value: &str) {
    escape(out, value, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'"' => Some("&quot;"),
        b'\t' => Some("&#9;"),
        b'\n' => Some("&#10;"),
        b'\r' => Some("&#13;"),
        _ => None,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn references_are_resolved_or_refused() {
        for (name, expected) in [
            ("amp", Ok('&')),
            ("#233", Ok('é')),
            ("#xE9", Ok('é')),
            ("#10", Ok('\n')),
            ("#0", Err(BadReference::Character)),
            ("#xFFFE", Err(BadReference::Character)),
            ("#xD800", Err(BadReference::Character)),
            ("#+65", Err(BadReference::Character)),
            ("#", Err(BadReference::Character)),
            ("", Err(BadReference::Character)),
            ("eacute", Err(BadReference::Entity)),
            ("_x", Err(BadReference::Entity)),
        ] {
            assert_eq!(character(name), expected, "{name}");
        }
        assert_eq!(check("a&amp;b &x"), Err((8, BadReference::Character)));
        assert_eq!(plain("a\r\nb\tc &lt;&#10;"), "a b c <\n");
        assert_eq!(allowed("a\tb\u{1}c\u{ffff}é"), "a\tb\u{fffd}c\u{fffd}é");
    }

    proptest! {
        #[test]
        fn what_is_escaped_reads_as_it_was(value in "[ -~\t\n\r\u{a0}-\u{ff}]{0,40}") {
            let mut out = Vec::new();
            escape_attribute(&mut out, &value);
            let written = String::from_utf8(out).unwrap();
            prop_assert!(check(&written).is_ok());
            prop_assert_eq!(plain(&written), value);
        }
    }
}
