//! The NHS number: ten digits, the last of which checks the others (NHS Data Dictionary, modulus 11).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A ten-digit NHS number whose check digit holds. `Debug` never shows it and there is no `Display`.
///
/// ```
/// use cpis_model::nhs_number::{NhsNumber, NhsNumberError};
/// let number: NhsNumber = "999 000 0018".parse().unwrap();
/// assert_eq!(number.digits(), "9990000018");
/// assert_eq!(number.spaced(), "999 000 0018");
/// assert_eq!("9990000019".parse::<NhsNumber>(), Err(NhsNumberError::CheckDigit));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NhsNumber([u8; 10]);

/// Why a text is not an NHS number. No variant carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NhsNumberError {
    /// Nothing was given.
    #[error("no NHS number was given")]
    Empty,
    /// A pre-1996 number of letters and digits.
    #[error("this is an old-style NHS number")]
    OldStyle,
    /// Something other than digits, spaces and hyphens.
    #[error("an NHS number has digits only")]
    NotDigits,
    /// Too few or too many digits.
    #[error("an NHS number has 10 digits")]
    Length,
    /// The tenth digit does not agree with the others.
    #[error("the check digit of the NHS number is wrong")]
    CheckDigit,
    /// One digit ten times: a placeholder, even where the arithmetic holds.
    #[error("one digit ten times is not an NHS number")]
    AllSame,
}

/// Who gives out numbers of a range (spec: general knowledge, assumed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// England, Wales and the Isle of Man.
    England,
    /// Scottish community health index.
    Scotland,
    /// Northern Ireland health and care number.
    NorthernIreland,
    /// 999 000 0000 to 999 999 9999, never given to a patient.
    Test,
    /// Not in use.
    Unassigned,
}

impl NhsNumber {
    /// The only number in a text that somebody pasted, such as `NHS no: 999 000 0018 (from the letter)`: ten digits together or
    /// as 3, 3 and 4, not beside letters. A text of two numbers is refused, as is one of digits only that are too many: nobody
    /// guesses which are meant.
    pub fn pasted(text: &str) -> Result<Self, NhsNumberError> {
        let strict = text.parse();
        if !matches!(strict, Err(NhsNumberError::NotDigits | NhsNumberError::OldStyle)) {
            return strict;
        }
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let is = |word: &str, digits| word.len() == digits && word.bytes().all(|byte| byte.is_ascii_digit());
        let whole = words.iter().filter(|word| is(word, 10)).map(|word| (*word).to_owned());
        let spaced = words.windows(3).filter_map(|three| match three {
            [a, b, c] if is(a, 3) && is(b, 3) && is(c, 4) => Some(three.concat()),
            _ => None,
        });
        let found: BTreeSet<String> = whole.chain(spaced).collect();
        match found.first() {
            Some(only) if found.len() == 1 => only.parse(),
            Some(_) => Err(NhsNumberError::NotDigits),
            None => strict,
        }
    }

    /// The ten digits without spaces.
    pub fn digits(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The number as people read it, 3-3-4.
    pub fn spaced(&self) -> String {
        let mut text = String::with_capacity(12);
        for (place, digit) in self.0.iter().enumerate() {
            if matches!(place, 3 | 6) {
                text.push(' ');
            }
            text.push(char::from(*digit));
        }
        text
    }

    /// The number as an integer of ten decimal digits.
    pub fn value(&self) -> u64 {
        self.0.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
    }

    /// The range that the number lies in.
    pub fn range(&self) -> Range {
        match self.value() {
            9_990_000_000..=9_999_999_999 => Range::Test,
            4_000_000_000..=4_999_999_999 | 6_000_000_000..=7_999_999_999 => Range::England,
            101_000_000..=3_112_999_999 => Range::Scotland,
            3_200_000_010..=3_999_999_999 => Range::NorthernIreland,
            _ => Range::Unassigned,
        }
    }

    /// Completes nine digits with their check digit; `None` where the arithmetic gives 10 or the value has more digits.
    pub fn from_first_nine(nine: u64) -> Option<Self> {
        if nine > 999_999_999 {
            return None;
        }
        let mut digits = [b'0'; 10];
        let mut rest = nine;
        for digit in digits.iter_mut().take(9).rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let check = check_digit(&digits)?;
        if let Some(last) = digits.last_mut() {
            *last = b'0' + check;
        }
        (!all_same(&digits)).then_some(Self(digits))
    }
}

fn check_digit(digits: &[u8; 10]) -> Option<u8> {
    let sum: u32 = digits.iter().zip((2..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    match 11 - sum % 11 {
        11 => Some(0),
        10 => None,
        check => Some(check as u8),
    }
}

fn all_same(digits: &[u8; 10]) -> bool {
    digits.iter().all(|digit| Some(digit) == digits.first())
}

/// Characters without width, which come along when a number is copied from another program.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Pre-1996 numbers begin with letters, which name the register, and go on with digits and perhaps a stroke.
fn old_style(text: &str) -> bool {
    let compact: Vec<char> = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '/' | '-' | '.')).collect();
    let letters = compact.iter().take_while(|c| c.is_ascii_alphabetic()).count();
    (1..=5).contains(&letters)
        && (letters + 1..=13).contains(&compact.len())
        && compact.iter().skip(letters).all(char::is_ascii_digit)
}

impl FromStr for NhsNumber {
    type Err = NhsNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut digits = [0u8; 10];
        let mut count = 0;
        for c in text.chars() {
            match c {
                '0'..='9' => {
                    if let Some(place) = digits.get_mut(count) {
                        *place = c as u8;
                    }
                    count += 1;
                }
                '-' | '\u{2010}'..='\u{2015}' => {}
                c if c.is_whitespace() || is_unseen(c) => {}
                _ if old_style(text) => return Err(NhsNumberError::OldStyle),
                _ => return Err(NhsNumberError::NotDigits),
            }
        }
        match count {
            0 => Err(NhsNumberError::Empty),
            10 if all_same(&digits) => Err(NhsNumberError::AllSame),
            10 if check_digit(&digits).is_some_and(|check| digits.last() == Some(&(b'0' + check))) => Ok(Self(digits)),
            10 => Err(NhsNumberError::CheckDigit),
            _ => Err(NhsNumberError::Length),
        }
    }
}

impl fmt::Debug for NhsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NhsNumber(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_parsed_or_refused_with_their_reason() {
        // Sources: NHS Data Dictionary (modulus 11); spec/domain.md section 3; spec/decisions.md section 1.
        for (text, expected) in [
            ("9990000018", Ok("9990000018")),
            ("999 000 0018", Ok("9990000018")),
            ("999-000-0026", Ok("9990000026")),
            ("\u{a0}999\t000\n0034 ", Ok("9990000034")),
            ("999\u{2011}000\u{2011}0042", Ok("9990000042")),
            ("", Err(NhsNumberError::Empty)),
            ("   ", Err(NhsNumberError::Empty)),
            ("9990000019", Err(NhsNumberError::CheckDigit)),
            ("999000001", Err(NhsNumberError::Length)),
            ("99900000180", Err(NhsNumberError::Length)),
            ("9999999999", Err(NhsNumberError::AllSame)),
            ("0000000000", Err(NhsNumberError::AllSame)),
            ("999000001X", Err(NhsNumberError::NotDigits)),
            ("９９９０００００１８", Err(NhsNumberError::NotDigits)),
            ("ABCD 123", Err(NhsNumberError::OldStyle)),
            ("LNAGP 18/3", Err(NhsNumberError::OldStyle)),
            ("hello", Err(NhsNumberError::NotDigits)),
        ] {
            assert_eq!(
                text.parse::<NhsNumber>().as_ref().map(NhsNumber::digits),
                expected.as_ref().copied(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_only_number_of_a_pasted_text_is_found() {
        for (text, expected) in [
            ("999 000 0018", Ok("9990000018")),
            ("NHS no: 999 000 0018 (from the letter)", Ok("9990000018")),
            ("NHS 9990000018", Ok("9990000018")),
            ("NHS No.: 999-000-0018, born 01/02/2015, tel. 01632 960178", Ok("9990000018")),
            ("9990000018 or 999 000 0018", Ok("9990000018")),
            ("NHS number 9990000019", Err(NhsNumberError::CheckDigit)),
            ("9990000018 and 9990000026", Err(NhsNumberError::NotDigits)),
            ("9 999 000 0018", Err(NhsNumberError::Length)),
            ("X9990000018", Err(NhsNumberError::OldStyle)),
            ("A 01632960178 B", Err(NhsNumberError::NotDigits)),
            ("LNAGP 18/3", Err(NhsNumberError::OldStyle)),
            ("the letter", Err(NhsNumberError::NotDigits)),
            ("", Err(NhsNumberError::Empty)),
        ] {
            let found = NhsNumber::pasted(text);
            assert_eq!(found.as_ref().map(NhsNumber::digits), expected.as_ref().copied(), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_digit() {
        let number: NhsNumber = "9990000018".parse().unwrap();
        assert_eq!(format!("{number:?}"), "NhsNumber(…)");
    }

    #[test]
    fn ranges_follow_the_first_digits() {
        assert_eq!("9990000018".parse::<NhsNumber>().unwrap().range(), Range::Test);
        let at = |nine: u64| (nine..).find_map(NhsNumber::from_first_nine).unwrap().range();
        assert_eq!(at(10_101_001), Range::Scotland);
        assert_eq!(at(330_000_000), Range::NorthernIreland);
        assert_eq!(at(400_000_000), Range::England);
        assert_eq!(at(500_000_000), Range::Unassigned);
    }

    proptest! {
        #[test]
        fn a_completed_number_parses_and_no_other_last_digit_does(nine in 0u64..=999_999_999) {
            let valid = (0..10).filter(|last| format!("{nine:09}{last}").parse::<NhsNumber>().is_ok()).count();
            let number = NhsNumber::from_first_nine(nine);
            prop_assert_eq!(valid, usize::from(number.is_some()));
            if let Some(number) = number {
                prop_assert_eq!(number.spaced().parse(), Ok(number));
            }
        }
    }
}
