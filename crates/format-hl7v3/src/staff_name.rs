//! The parts of a staff member's name. The model has one text for display; the messages want its parts.

/// Titles that stand before a name, or after it.
const TITLES: &[&str] = &["Mr", "Mrs", "Miss", "Ms", "Mx", "Dr", "Prof"];
/// Titles that are family names, too: they are titles before a name only.
const TITLES_BEFORE: &[&str] =
    &["Professor", "Doctor", "Sir", "Dame", "Lord", "Lady", "Rev", "Revd", "Reverend", "Sister", "Nurse"];

/// A name in its parts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StaffName<'a> {
    /// Titles.
    pub titles: Vec<&'a str>,
    /// Given names.
    pub given: Vec<&'a str>,
    /// Family name.
    pub family: &'a str,
}

/// Splits a name; nothing where there is no word. The rule, assumed, knows two orders:
///
/// - title, given names, family name ("Dr Ada Example"): titles at the start are titles, the last word is the family name.
/// - family name, given names, title ("EXAMPLE Ada (Dr)", as NHS CIS2 has it): the last word stands in brackets or is a
///   title, and the first is the family name.
///
/// A family name of several words loses all but one of them to the given names. Read one after the other, the parts are still
/// the name.
pub(crate) fn split(name: &str) -> Option<StaffName<'_>> {
    let words: Vec<&str> = name.split_whitespace().collect();
    match words.as_slice() {
        [] => None,
        [family, given @ .., last] if bracketed(last).is_some() || is_one_of(TITLES, last) => {
            Some(StaffName { titles: vec![bracketed(last).unwrap_or(last)], given: given.to_vec(), family })
        }
        [before @ .., family] => {
            let is_title = |word: &&&str| is_one_of(TITLES, word) || is_one_of(TITLES_BEFORE, word);
            let (titles, given) = before.split_at(before.iter().take_while(is_title).count());
            Some(StaffName { titles: titles.to_vec(), given: given.to_vec(), family })
        }
    }
}

fn is_one_of(titles: &[&str], word: &str) -> bool {
    let word = word.strip_suffix('.').unwrap_or(word);
    titles.iter().any(|title| title.eq_ignore_ascii_case(word))
}

/// What stands in brackets.
fn bracketed(word: &str) -> Option<&str> {
    word.strip_prefix('(')?.strip_suffix(')').filter(|inner| !inner.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_by_titles_and_places() {
        for (name, titles, given, family) in [
            ("Dr Ada Example", "Dr", "Ada", "Example"),
            ("mrs. Ada  Mary\tExample", "mrs.", "Ada Mary", "Example"),
            ("Prof Sir Sam Example", "Prof Sir", "Sam", "Example"),
            ("Ada Example", "", "Ada", "Example"),
            ("Example", "", "", "Example"),
            ("Dr Example", "Dr", "", "Example"),
            ("Dr", "", "", "Dr"),
            ("Ada Nurse", "", "Ada", "Nurse"),
            ("Sister Ada Nurse", "Sister", "Ada", "Nurse"),
            ("Sam van der Example", "", "Sam van der", "Example"),
            ("EXAMPLE Ada (Dr)", "Dr", "Ada", "EXAMPLE"),
            ("EXAMPLE Ada Mary Mrs", "Mrs", "Ada Mary", "EXAMPLE"),
            ("EXAMPLE (Captain)", "Captain", "", "EXAMPLE"),
            ("Ada ()", "", "Ada", "()"),
            ("(Dr)", "", "", "(Dr)"),
            ("李 Łucja", "", "李", "Łucja"),
        ] {
            let split = split(name).unwrap();
            assert_eq!(
                (&*split.titles.join(" "), &*split.given.join(" "), split.family),
                (titles, given, family),
                "{name}"
            );
        }
        assert_eq!(split(" \n "), None);
    }
}
