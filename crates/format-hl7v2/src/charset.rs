//! Character sets: the declared one if the bytes are of it, else UTF-8, else Windows-1252; never a reason to refuse.

use encoding_rs::{ISO_8859_15, WINDOWS_1252};
use std::borrow::Cow;

/// The set in which a message came, and in which its answer goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Charset {
    /// Characters of ASCII only.
    #[default]
    Ascii,
    /// UTF-8.
    Utf8,
    /// ISO 8859-1.
    Latin1,
    /// ISO 8859-15.
    Latin9,
    /// Windows-1252, which is what is left.
    Windows1252,
}

impl Charset {
    /// The set that MSH-18 names; `None` where it names none that is known.
    pub fn declared(name: &str) -> Option<Self> {
        let folded: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
        match folded.as_str() {
            "ASCII" | "USASCII" => Some(Self::Ascii),
            "UNICODEUTF8" | "UTF8" | "UNICODE" => Some(Self::Utf8),
            "88591" | "ISO88591" | "ISOIR100" | "LATIN1" => Some(Self::Latin1),
            "885915" | "ISO885915" | "LATIN9" => Some(Self::Latin9),
            "WINDOWS1252" | "CP1252" => Some(Self::Windows1252),
            _ => None,
        }
    }

    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ascii => "ASCII",
            Self::Utf8 => "UTF-8",
            Self::Latin1 => "ISO 8859-1",
            Self::Latin9 => "ISO 8859-15",
            Self::Windows1252 => "Windows-1252",
        }
    }

    /// The text of bytes of this set; `None` where they are not of it.
    fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        // A Latin set has control characters where UTF-8 and Windows-1252 have others: those bytes are not of it.
        let has_controls = || bytes.iter().any(|byte| matches!(byte, 0x80..=0x9F));
        match self {
            Self::Ascii => bytes.is_ascii().then(|| std::str::from_utf8(bytes).ok().map(Cow::Borrowed))?,
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Latin1 | Self::Latin9 if has_controls() => None,
            Self::Latin9 => Some(ISO_8859_15.decode_without_bom_handling(bytes).0),
            Self::Latin1 | Self::Windows1252 => Some(WINDOWS_1252.decode_without_bom_handling(bytes).0),
        }
    }

    /// Text as bytes of this set; what it has no character for becomes `?`.
    pub fn encode(self, text: &str) -> Vec<u8> {
        let coder = match self {
            Self::Utf8 => return text.as_bytes().to_vec(),
            Self::Ascii => return text.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' }).collect(),
            Self::Latin1 | Self::Windows1252 => WINDOWS_1252,
            Self::Latin9 => ISO_8859_15,
        };
        let mut bytes = Vec::with_capacity(text.len());
        let mut letter = [0; 4];
        for c in text.chars() {
            let (coded, _, unmapped) = coder.encode(c.encode_utf8(&mut letter));
            if unmapped { bytes.push(b'?') } else { bytes.extend_from_slice(&coded) }
        }
        bytes
    }
}

/// The text, the set in which it came, and whether the declared set was another.
pub(crate) fn read<'b>(bytes: &'b [u8], declared: &str) -> (Cow<'b, str>, Charset, bool) {
    let said = Charset::declared(declared);
    if let Some(text) = said.and_then(|charset| charset.decode(bytes)) {
        return (text, said.unwrap_or_default(), false);
    }
    let wrong = said.is_some();
    for charset in [Charset::Ascii, Charset::Utf8, Charset::Windows1252] {
        if let Some(text) = charset.decode(bytes) {
            return (text, charset, wrong);
        }
    }
    (String::from_utf8_lossy(bytes), Charset::Utf8, wrong)
}
