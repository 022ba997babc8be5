//! The line of headings: which column stands where.

use crate::cell::clean;
use crate::column::{Column, letters};
use crate::note::Note;
use crate::rows::{Row, Rows};
use std::collections::HashMap;
use std::sync::LazyLock;

static HEADINGS: LazyLock<HashMap<String, Column>> = LazyLock::new(|| {
    let rows = rows(include_str!("../data/headings.csv"));
    rows.filter_map(|row| Some((words(row.get(0)?), Column::named(row.get(1)?)?))).collect()
});

const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// Rows of one of our own tables: lines beginning with `#` are comments, the first other line is the head.
pub(crate) fn rows(text: &'static str) -> impl Iterator<Item = csv::StringRecord> {
    csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes()).into_records().filter_map(Result::ok)
}

/// A text without what does not count in it: case, blanks and punctuation.
pub(crate) fn words(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn column(heading: &str) -> Option<Column> {
    let plain = heading.split('(').next().unwrap_or_default();
    HEADINGS.get(&words(plain)).copied()
}

/// A remark in the file: a line that begins with `#` and a blank. Marks of failed formulas have none.
pub(crate) fn is_remark(row: &Row) -> bool {
    let first = row.cells.first().map_or("", |cell| clean(cell));
    first == "#" || first.strip_prefix('#').is_some_and(|rest| rest.starts_with(char::is_whitespace))
}

/// Whether no cell of a row holds anything.
pub(crate) fn is_blank(row: &Row) -> bool {
    row.cells.iter().all(|cell| clean(cell).is_empty())
}

/// The separator by which the line of headings makes most sense, and whether the first line is one that names it.
pub(crate) fn separator(text: &str) -> (u8, bool) {
    if let Some(rest) = text.strip_prefix("sep=")
        && let [separator, b'\r' | b'\n', ..] = *rest.as_bytes()
        && SEPARATORS.contains(&separator)
    {
        return (separator, true);
    }
    let known = |separator: &u8| {
        let mut rows = Rows::new(text, *separator).map_while(Result::ok);
        let head = rows.find(|row| !is_remark(row) && !is_blank(row));
        head.map_or(0, |row| row.cells.iter().filter(|cell| column(clean(cell)).is_some()).count())
    };
    // The first of those that are as good as each other.
    let best = SEPARATORS.into_iter().rev().max_by_key(known);
    (best.unwrap_or(b','), false)
}

/// Which column stands where.
#[derive(Debug)]
pub(crate) struct Headings {
    /// Place of each column, in the order of [`Column::ALL`].
    places: [Option<usize>; Column::ALL.len()],
    /// How many headings there are.
    pub width: usize,
}

impl Headings {
    /// Reads the line of headings: all its faults, each with its place, or the columns. What is not known is noted.
    pub fn read(row: &Row, notes: &mut Vec<Note>) -> Result<Self, Vec<(String, String)>> {
        let mut found: [Vec<usize>; Column::ALL.len()] = Default::default();
        let mut others = Vec::new();
        for (place, cell) in row.cells.iter().enumerate() {
            let heading = clean(cell);
            match column(heading) {
                Some(column) => {
                    if let Some(places) = found.get_mut(column as usize) {
                        places.push(place);
                    }
                }
                None if heading.is_empty() => {}
                None => others.push(Note::Ignored { letters: letters(place), heading: harmless(heading) }),
            }
        }
        let mut faults = Vec::new();
        for (column, places) in Column::ALL.into_iter().zip(&found) {
            let at = format!("line {}, {}", row.line, column.name());
            match places.as_slice() {
                [] if column.is_mandatory() => faults.push((at, "this column is missing".to_owned())),
                [] | [_] => {}
                several => {
                    let letters: Vec<String> = several.iter().map(|place| letters(*place)).collect();
                    faults.push((at, format!("several columns have this heading: {}", letters.join(", "))));
                }
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        notes.append(&mut others);
        Ok(Self { places: found.map(|places| places.first().copied()), width: row.cells.len() })
    }

    /// The cell of a column, cleaned; empty where the row or the table has none.
    pub fn cell<'r>(&self, row: &'r Row, column: Column) -> &'r str {
        let place = self.places.get(column as usize).copied().flatten();
        place.and_then(|place| row.cells.get(place)).map_or("", |cell| clean(cell))
    }
}

/// Longest heading that is said back, in characters.
const SHOWN_CHARS_MAX: usize = 40;

/// An unknown heading, if it is plain words: then it can be said back.
fn harmless(heading: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphabetic() || matches!(c, ' ' | '_' | '-' | '/' | '(' | ')');
    (heading.len() <= SHOWN_CHARS_MAX
        && heading.starts_with(|c: char| c.is_ascii_alphabetic())
        && heading.chars().all(plain))
    .then(|| heading.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_names_a_column_and_none_stands_twice() {
        let table: Vec<_> = rows(include_str!("../data/headings.csv")).collect();
        assert!(table.iter().all(|row| row.len() == 3 && Column::named(&row[1]).is_some()));
        assert!(table.iter().all(|row| column(&row[0]).is_some_and(|column| column.name() == &row[1])));
        assert_eq!(HEADINGS.len(), table.len(), "two headings differ only in what does not count");
        assert!(Column::ALL.into_iter().all(|own| column(own.name()) == Some(own)));
    }

    #[test]
    fn only_plain_words_are_said_back() {
        for (heading, shown) in [("Social worker", true), ("=cmd", false), ("Line 2", false), ("Núñez", false)] {
            assert_eq!(harmless(heading).is_some(), shown, "{heading}");
        }
    }
}
