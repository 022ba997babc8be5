//! The bytes of a file as text, whatever program saved it; or why they are none.

use encoding_rs::{Encoding as Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;
use std::fmt;

/// How a file is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, little end first, with a byte order mark.
    Utf16Le,
    /// UTF-16, big end first, with a byte order mark.
    Utf16Be,
    /// The code page of western Windows, taken for what is not UTF-8.
    Windows1252,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
            Self::Windows1252 => "Windows-1252",
        })
    }
}

/// First bytes of files that are no tables, and what they are.
const OTHERS: [(&[u8], &str); 5] = [
    (b"PK\x03\x04", "this is a workbook or an archive, not a text: save the sheet as CSV in UTF-8"),
    (b"\xD0\xCF\x11\xE0", "this is an old workbook, not a text: save the sheet as CSV in UTF-8"),
    (b"%PDF", "this is a PDF, not a text: save the sheet as CSV in UTF-8"),
    (b"\x1F\x8B", "this is a packed file: unpack it first"),
    (b"<", "this is XML or HTML, not a table: an HL7v3 file is sent as it is"),
];

const NOT_TEXT: &str = "the file has bytes that are not text: save the sheet as CSV in UTF-8";

/// The text, or what is wrong, with the line.
pub(crate) fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, Encoding), (u32, &'static str)> {
    if let Some((_, what)) = OTHERS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err((1, what));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        let text = std::str::from_utf8(rest).map_err(|error| {
            let before = rest.get(..error.valid_up_to()).unwrap_or_default();
            (line_after(before), "the file says that it is UTF-8 and has other bytes here")
        })?;
        return without_nul(Cow::Borrowed(text), Encoding::Utf8);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
        return strictly(rest, UTF_16LE, Encoding::Utf16Le);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
        return strictly(rest, UTF_16BE, Encoding::Utf16Be);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return without_nul(Cow::Borrowed(text), Encoding::Utf8);
    }
    // Bytes to which the code page gives no character would come out as control characters.
    let undefined = |byte: &u8| matches!(byte, 0x81 | 0x8D | 0x8F | 0x90 | 0x9D);
    if let Some(place) = bytes.iter().position(undefined) {
        return Err((line_after(bytes.get(..place).unwrap_or_default()), NOT_TEXT));
    }
    strictly(bytes, WINDOWS_1252, Encoding::Windows1252)
}

fn strictly<'b>(
    bytes: &'b [u8],
    decoder: &'static Decoder,
    encoding: Encoding,
) -> Result<(Cow<'b, str>, Encoding), (u32, &'static str)> {
    let text = decoder.decode_without_bom_handling_and_without_replacement(bytes);
    text.map_or(Err((1, NOT_TEXT)), |text| without_nul(text, encoding))
}

fn without_nul(text: Cow<'_, str>, encoding: Encoding) -> Result<(Cow<'_, str>, Encoding), (u32, &'static str)> {
    match text.find('\0') {
        Some(place) => Err((line_after(text.as_bytes().get(..place).unwrap_or_default()), NOT_TEXT)),
        None => Ok((text, encoding)),
    }
}

fn line_after(before: &[u8]) -> u32 {
    before.split(|byte| *byte == b'\n').count() as u32
}
