//! Organisations: their ODS codes, authorities with children's services, sites and telephone numbers.

use crate::setting::Setting;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest ODS code in characters. Codes have 3 to 6 characters or more; their form is not fixed.
pub const ODS_CODE_CHARS_MAX: usize = 12;

/// The code that the Organisation Data Service gives an organisation or site: letters and digits, upper case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OdsCode {
    chars: [u8; ODS_CODE_CHARS_MAX],
    len: u8,
}

/// Not letters and digits, or too short or long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an ODS code has 2 to {ODS_CODE_CHARS_MAX} letters and digits")]
pub struct OdsCodeError;

impl OdsCode {
    /// The code under which the service itself stands: that of the organisation which runs the national one.
    pub const SERVICE: Self = Self { chars: *b"X26\0\0\0\0\0\0\0\0\0", len: 3 };

    /// The code as text.
    pub fn as_str(&self) -> &str {
        self.chars.get(..usize::from(self.len)).and_then(|chars| std::str::from_utf8(chars).ok()).unwrap_or_default()
    }
}

impl FromStr for OdsCode {
    type Err = OdsCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let mut chars = [0; ODS_CODE_CHARS_MAX];
        if text.len() < 2 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(OdsCodeError);
        }
        chars.get_mut(..text.len()).ok_or(OdsCodeError)?.copy_from_slice(text.to_ascii_uppercase().as_bytes());
        Ok(Self { chars, len: text.len() as u8 })
    }
}

impl fmt::Display for OdsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for OdsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The ODS code of an authority with children's services.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AuthorityCode(pub OdsCode);

impl fmt::Display for AuthorityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for AuthorityCode {
    type Err = OdsCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// An organisation by code and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// ODS code.
    pub code: OdsCode,
    /// Name as registered.
    pub name: Arc<str>,
}

/// A place where patients are seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// ODS code of the site; of the organisation where it has no sites of its own.
    pub code: OdsCode,
    /// Name as registered.
    pub name: Arc<str>,
    /// The organisation that runs the site.
    pub organisation: OdsCode,
    /// The kind of care given there.
    pub setting: Setting,
}

/// Longest telephone number in digits.
pub const PHONE_DIGITS_MAX: usize = 20;

/// A telephone number: digits, perhaps after a plus sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone(Box<str>);

/// Not a telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a telephone number has 3 to {PHONE_DIGITS_MAX} digits")]
pub struct PhoneError;

impl Phone {
    /// The digits, perhaps after a plus sign.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Phone {
    type Err = PhoneError;

    /// Accepts `tel:` before the number, and spaces, hyphens and brackets in it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let text = text.strip_prefix("tel:").unwrap_or(text);
        let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
        let digits = compact.strip_prefix('+').unwrap_or(&compact);
        if !(3..=PHONE_DIGITS_MAX).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PhoneError);
        }
        Ok(Self(compact.into()))
    }
}

/// How to reach an authority's children's services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The emergency duty team, out of hours.
    pub emergency: Phone,
    /// The office, in hours.
    pub office: Option<Phone>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_their_characters_and_lose_their_case() {
        for (text, expected) in [
            ("RJ1", Some("RJ1")),
            (" g6v2s ", Some("G6V2S")),
            ("714", Some("714")),
            ("ZZ001", Some("ZZ001")),
            ("R", None),
            ("R 1", None),
            ("ABCDEFGHIJKLM", None),
            ("", None),
        ] {
            assert_eq!(text.parse::<OdsCode>().ok().map(|code| code.to_string()), expected.map(String::from), "{text}");
        }
    }

    #[test]
    fn telephone_numbers_are_digits() {
        for (text, expected) in [
            ("tel:01632960001", Some("01632960001")),
            ("tel:+441632960001", Some("+441632960001")),
            ("(01632) 960-001", Some("01632960001")),
            ("tel:", None),
            ("tel:none", None),
            ("123456789012345678901", None),
        ] {
            assert_eq!(
                text.parse::<Phone>().ok().map(|phone| phone.as_str().to_owned()),
                expected.map(String::from),
                "{text}"
            );
        }
    }
}
