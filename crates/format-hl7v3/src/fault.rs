//! Why reading stopped.

use std::borrow::Cow;

/// A fault after which a file cannot be read further. It never carries a value of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// XPath, or line and column.
    pub place: String,
    /// What is wrong there.
    pub text: Cow<'static, str>,
    /// A limit was passed.
    pub too_large: bool,
}

impl Broken {
    /// A fault at a byte of the text.
    pub fn at(bytes: &[u8], offset: usize, text: &'static str) -> Self {
        Self { place: line_and_column(bytes, offset), text: Cow::Borrowed(text), too_large: false }
    }

    /// The same fault, as one of a limit.
    pub fn limit(self) -> Self {
        Self { too_large: true, ..self }
    }
}

/// Line and column in characters of a byte, both from 1.
fn line_and_column(bytes: &[u8], offset: usize) -> String {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = before.split(|byte| *byte == b'\n').count();
    let last = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let column = 1 + last.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count();
    format!("line {line}, column {column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        for (offset, expected) in
            [(0, "line 1, column 1"), (3, "line 1, column 3"), (5, "line 2, column 2"), (99, "line 2, column 2")]
        {
            assert_eq!(line_and_column("aé\nb".as_bytes(), offset), expected, "{offset}");
        }
    }
}
