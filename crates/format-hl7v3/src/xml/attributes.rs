//! The attributes of a start tag, checked as XML wants them and kept as they stand.

use super::characters::check;

/// Most attributes of one element.
const ATTRIBUTES_MAX: usize = 64;

/// Name and value as they stand in the file; references in the value are checked but not resolved.
pub(crate) type Attribute<'a> = (&'a str, &'a str);

pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// Whether a text is a name without a colon. Beyond ASCII every character is let pass.
fn is_simple_name(text: &str) -> bool {
    let begins = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80;
    text.bytes().next().is_some_and(begins)
        && text.bytes().all(|byte| begins(byte) || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
}

/// Splits a name into prefix and local name; the prefix is empty where there is none.
pub(super) fn split_name(name: &str) -> Option<(&str, &str)> {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    (is_simple_name(local)
        && (prefix.is_empty() != name.contains(':'))
        && (prefix.is_empty() || is_simple_name(prefix)))
    .then_some((prefix, local))
}

/// Reads what stands after the name in a start tag; otherwise the offset of the fault and its words.
pub(super) fn scan<'a>(tag: &'a str, into: &mut Vec<Attribute<'a>>) -> Result<(), (usize, &'static str)> {
    into.clear();
    let mut rest = tag;
    loop {
        let at = |part: &str| tag.len() - part.len();
        let trimmed = rest.trim_start_matches(is_space);
        if trimmed.is_empty() {
            return Ok(());
        }
        if trimmed.len() == rest.len() {
            return Err((at(rest), "no space before an attribute"));
        }
        let (name, after) = trimmed.split_once('=').ok_or((at(trimmed), "an attribute without a value"))?;
        let name = name.trim_end_matches(is_space);
        if split_name(name).is_none() {
            return Err((at(trimmed), "an attribute without a proper name"));
        }
        let quoted = after.trim_start_matches(is_space);
        let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, after) = quote
            .and_then(|quote| quoted.get(1..)?.split_once(quote))
            .ok_or((at(quoted), "the value of an attribute does not stand in quotes"))?;
        let value_at = at(quoted) + 1;
        if value.contains('<') {
            return Err((value_at, "a less-than sign in the value of an attribute"));
        }
        check(value).map_err(|(offset, bad)| (value_at + offset, bad.text()))?;
        if into.iter().any(|(known, _)| *known == name) {
            return Err((at(trimmed), "an attribute stands twice in one element"));
        }
        if into.len() == ATTRIBUTES_MAX {
            return Err((at(trimmed), "more than 64 attributes in one element"));
        }
        into.push((name, value));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_or_refused_at_their_place() {
        let mut list = Vec::new();
        assert_eq!(scan(" a = 'x>y' \n b:c=\"&amp;\" ", &mut list), Ok(()));
        assert_eq!(list, [("a", "x>y"), ("b:c", "&amp;")]);
        for (tag, offset) in [
            (" a", 1),
            (" a=x", 3),
            (" a='x", 3),
            (" a='x'b='y'", 6),
            (" a='x' a='y'", 7),
            (" 1='x'", 1),
            (" ='x'", 1),
            (" a='<'", 4),
            (" a='12&x;'", 6),
            (" a:b:c='1'", 1),
            (" a:='1'", 1),
            (" :a='1'", 1),
        ] {
            assert_eq!(scan(tag, &mut list).map_err(|fault| fault.0), Err(offset), "{tag}");
        }
    }
}
