//! The small texts of records of the register: names, codes, ids. Each is checked when it is read.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest name in characters.
pub const TEXT_CHARS_MAX: usize = 200;

/// Says why a text is not one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TextError(&'static str);

/// A name or another short text: trimmed, 1 to [`TEXT_CHARS_MAX`] characters, none of them a control character.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(Arc<str>);

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, to be shared.
    pub fn shared(&self) -> &Arc<str> {
        &self.0
    }
}

impl FromStr for Text {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let fits = !text.is_empty() && text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control);
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(TextError("a text of 1 to 200 characters in one line is expected"))
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

macro_rules! checked {
    ($($(#[$doc:meta])* $name:ident($text:ident => $read:expr) else $why:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// As it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let $text = text.trim();
                let read: Option<String> = $read;
                read.map(|read| Self(read.into())).ok_or(TextError($why))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )* };
}

checked! {
    /// The code of a record: an ODS code, or one that the operator made up.
    Code(text => is_code(text).then(|| text.to_owned())) else "a code has 2 to 64 letters, digits, dots and hyphens";
    /// An id that somebody else gave: of a client, of a mailbox.
    Id(text => ((1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| text.to_owned()))
        else "an id has 1 to 128 characters without blanks";
    /// A system's id on the Spine.
    Asid(text => is_digits(text, 12).then(|| text.to_owned())) else "an ASID has 12 digits";
    /// The Department for Education's code of an authority.
    DfeCode(text => is_digits(text, 3).then(|| text.to_owned())) else "a DfE code has 3 digits";
    /// The statistics office's code of an authority.
    GssCode(text => is_gss(text).then(|| text.to_owned())) else "a GSS code is a letter and 8 digits";
    /// An e-mail address.
    Email(text => is_email(text).then(|| text.to_owned())) else "an e-mail address such as desk@example.org is expected";
    /// SHA-256 of a certificate, as 64 hexadecimal digits, with or without colons.
    Fingerprint(text => fingerprint(text)) else "a SHA-256 fingerprint has 64 hexadecimal digits";
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_code(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (2..=64).contains(&text.len()) && text.bytes().all(fits)
}

fn is_gss(text: &str) -> bool {
    text.strip_prefix(|first: char| first.is_ascii_uppercase()).is_some_and(|rest| is_digits(rest, 8))
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@').filter(|(who, host)| !who.is_empty() && host.contains('.') && !host.contains('@'));
    text.len() <= 254 && text.bytes().all(|byte| byte.is_ascii_graphic()) && parts.is_some()
}

fn fingerprint(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != ':').map(|c| c.to_ascii_lowercase()).collect();
    (digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads<T: FromStr + fmt::Display>(text: &str) -> Option<String> {
        text.parse::<T>().ok().map(|read| read.to_string())
    }

    #[test]
    fn each_text_is_read_in_its_own_form() {
        let hex = "ab".repeat(32);
        let colons = ["AB"; 32].join(":");
        for (kind, read, expected) in [
            ("text", " A trust ".parse::<Text>().ok().map(|text| text.as_str().to_owned()), Some("A trust")),
            ("text", "a\nb".parse::<Text>().ok().map(|text| text.as_str().to_owned()), None),
            ("text", "x".repeat(201).parse::<Text>().ok().map(|text| text.as_str().to_owned()), None),
            ("code", reads::<Code>("YGM24"), Some("YGM24")),
            ("code", reads::<Code>("ward-system.1"), Some("ward-system.1")),
            ("code", reads::<Code>("a b"), None),
            ("code", reads::<Code>("a"), None),
            ("id", reads::<Id>("https://client.example/1"), Some("https://client.example/1")),
            ("id", reads::<Id>("a b"), None),
            ("asid", reads::<Asid>("200000000001"), Some("200000000001")),
            ("asid", reads::<Asid>("20000000001"), None),
            ("dfe", reads::<DfeCode>("201"), Some("201")),
            ("dfe", reads::<DfeCode>("20A"), None),
            ("gss", reads::<GssCode>("E09000001"), Some("E09000001")),
            ("gss", reads::<GssCode>("909000001"), None),
            ("email", reads::<Email>("desk@example.org"), Some("desk@example.org")),
            ("email", reads::<Email>("desk@example"), None),
            ("email", reads::<Email>("a@b@c.org"), None),
            ("fingerprint", reads::<Fingerprint>(&colons), Some(&*hex)),
            ("fingerprint", reads::<Fingerprint>("ab"), None),
        ] {
            assert_eq!(read.as_deref(), expected, "{kind}");
        }
    }
}
