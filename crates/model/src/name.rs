//! People's names, and when two of them are the same person's.

use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// Longest family or given name in characters.
pub const NAME_CHARS_MAX: usize = 200;

/// A person's given names and family name as one system writes them. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PersonName {
    /// All given names, separated by spaces.
    pub given: String,
    /// The family name.
    pub family: String,
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(…)")
    }
}

impl PersonName {
    /// Collapses white space at the ends and between words.
    pub fn new(given: &str, family: &str) -> Self {
        Self { given: squeeze(given), family: squeeze(family) }
    }
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name without case, accents, hyphens, apostrophes and spaces (spec/domain.md section 3, assumed).
///
/// ```
/// assert_eq!(cpis_model::name::fold("O’Brien-Núñez"), "obriennunez");
/// ```
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    }
    text.nfkd()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .flat_map(|c| match c {
            'ß' => ['s', 's'].into_iter().take(2),
            'æ' => ['a', 'e'].into_iter().take(2),
            'œ' => ['o', 'e'].into_iter().take(2),
            'ø' => ['o', ' '].into_iter().take(1),
            'ł' => ['l', ' '].into_iter().take(1),
            'đ' | 'ð' => ['d', ' '].into_iter().take(1),
            'þ' => ['t', 'h'].into_iter().take(2),
            'ı' => ['i', ' '].into_iter().take(1),
            other => [other, ' '].into_iter().take(1),
        })
        .collect()
}

/// The words of a name, folded; a hyphen parts words here.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}'))
        .map(fold)
        .filter(|word| !word.is_empty())
        .collect()
}

/// Whether the family names agree.
pub fn family_agrees(uploaded: &str, known: &str) -> bool {
    let uploaded = fold(uploaded);
    !uploaded.is_empty() && uploaded == fold(known)
}

/// Letters that must agree at the start in the loosest check of given names (assumed; the text of the real one is not public).
pub const GIVEN_PREFIX_LETTERS: usize = 3;

/// Whether the given names agree: the checks of one supplier's manual in order, stopping at the first success
/// (spec/domain.md section 3: the whole text; first word against first name; first word against any name; and, assumed, any
/// word against any name or the same first three letters).
pub fn given_agrees(uploaded: &str, known: &str) -> bool {
    let (left, right) = (words(uploaded), words(known));
    let prefix = |word: &String| -> String { word.chars().take(GIVEN_PREFIX_LETTERS).collect() };
    let (Some(first), Some(known_first)) = (left.first(), right.first()) else { return false };
    left.concat() == right.concat()
        || right.contains(first)
        || left.iter().any(|word| right.contains(word))
        || (first.chars().count() >= GIVEN_PREFIX_LETTERS && prefix(first) == prefix(known_first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn family_names_agree_without_regard_to_writing() {
        for (uploaded, known, same) in [
            ("O'Brien", "OBrien", true),
            ("O’BRIEN", "o'brien", true),
            ("Smith-Jones", "Smith Jones", true),
            ("Núñez", "Nunez", true),
            ("Łukasz", "Lukasz", true),
            ("Müller", "Muller", true),
            ("李", "李", true),
            ("Smith", "Smyth", false),
            ("", "", false),
            ("--", "--", false),
        ] {
            assert_eq!(family_agrees(uploaded, known), same, "{uploaded} {known}");
        }
    }

    #[test]
    fn given_names_are_tried_in_the_order_of_the_manual() {
        // Source: spec/domain.md section 3 (supplier's description) and section 12, case 13.
        for (uploaded, known, same) in [
            ("Ana-Maria", "Ana Maria", true),
            ("Robin", "Robin Alex", true),
            ("Robin Jo", "Robin Alex", true),
            ("Alex", "Robin Alex", true),
            ("Sam Alex", "Robin Alex", true),
            ("Muhammad", "Mohammed", false),
            ("Robert", "Robin", true),
            ("Jo", "Joanna", false),
            ("Baby", "Robin", false),
            ("", "Robin", false),
        ] {
            assert_eq!(given_agrees(uploaded, known), same, "{uploaded} / {known}");
        }
    }

    #[test]
    fn debug_shows_no_name() {
        assert_eq!(format!("{:?}", PersonName::new(" Robin  Jo ", "Sample")), "PersonName(…)");
        assert_eq!(PersonName::new(" Robin  Jo ", "Sample").given, "Robin Jo");
    }
}
