//! The two notations that every text of this crate shares: canonical base64 and decimals without leading zeros.
//! Strict, so that one value has one text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::leaf::Hash;

pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// `STANDARD` refuses missing padding and stray bits in the last letter, so this is canonical.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub(crate) fn hash_from_base64(text: &str) -> Option<Hash> {
    from_base64(text)?.try_into().ok()
}

/// A decimal without sign or leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let canonical = text == "0" || !text.starts_with('0');
    if digits && canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_one_text() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for bad in ["", "00", "01", "+1", "-1", " 1", "1 ", "1e3", "18446744073709551616", "١"] {
            assert_eq!(decimal(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn base64_has_one_text() {
        assert_eq!(from_base64("AA==").as_deref(), Some(&[0][..]));
        for bad in ["AA", "AA=", "AB==", "A A=", "AA==\n", "_-8="] {
            assert_eq!(from_base64(bad), None, "{bad:?}");
        }
    }
}
