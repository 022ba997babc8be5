//! The signs that part a message: they come from the message itself, MSH-1 and MSH-2.

use crate::oddity::OddityKind;
use crate::refusal::Refusal;

/// What parts fields, components, repetitions and subcomponents, and what escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiters {
    /// MSH-1, usually `|`.
    pub field: char,
    /// Usually `^`.
    pub component: char,
    /// Usually `~`.
    pub repetition: Option<char>,
    /// Usually `\`.
    pub escape: Option<char>,
    /// Usually `&`.
    pub subcomponent: Option<char>,
}

impl Default for Delimiters {
    fn default() -> Self {
        Self { field: '|', component: '^', repetition: Some('~'), escape: Some('\\'), subcomponent: Some('&') }
    }
}

impl Delimiters {
    /// MSH-2 as it is written.
    pub fn encoding_characters(&self) -> String {
        let others = [self.repetition, self.escape, self.subcomponent];
        std::iter::once(self.component).chain(others.into_iter().flatten()).collect()
    }

    /// Reads them from what follows the letters `MSH`.
    pub(crate) fn read(after_msh: &str) -> Result<(Self, Option<OddityKind>), Refusal> {
        let mut characters = after_msh.chars();
        let field = characters.next().filter(|c| is_sign(*c)).ok_or(Refusal::Delimiters)?;
        let all = characters.as_str().split([field, '\r']).next().unwrap_or_default().trim_end();
        let signs: Vec<char> = all.chars().take(9).collect();
        let (signs, oddity) = match signs.as_slice() {
            // An engine that escapes the escape.
            [component, repetition, escape, again, sub] if escape == again && *escape == '\\' => {
                (vec![*component, *repetition, *escape, *sub], Some(OddityKind::DelimitersDoubled))
            }
            [component, repetition, escape, '&', 'a', 'm', 'p', ';'] => {
                (vec![*component, *repetition, *escape, '&'], Some(OddityKind::DelimitersDoubled))
            }
            // The fifth, since 2.7, marks what was cut off.
            [first @ .., _] if first.len() == 4 => (first.to_vec(), None),
            few if few.len() < 4 => (few.to_vec(), Some(OddityKind::DelimitersFew)),
            four if four.len() == 4 => (four.to_vec(), None),
            _ => return Err(Refusal::Delimiters),
        };
        let mut given = signs.iter().copied();
        let component = given.next().ok_or(Refusal::Delimiters)?;
        let is_twice = |c: &char| signs.iter().filter(|other| *other == c).count() > 1 || *c == field;
        if signs.iter().any(|c| !is_sign(*c) || is_twice(c)) {
            return Err(Refusal::Delimiters);
        }
        let (repetition, escape, subcomponent) = (given.next(), given.next(), given.next());
        Ok((Self { field, component, repetition, escape, subcomponent }, oddity))
    }
}

/// A sign that can part: visible, of ASCII, no letter or digit, and none that numbers and times are written with.
fn is_sign(c: char) -> bool {
    c.is_ascii_punctuation() && !matches!(c, '"' | '.' | '+' | '-')
}
