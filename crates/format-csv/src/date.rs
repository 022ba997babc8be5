//! Days as people in this country and their systems write them. What could be two days is refused.

use crate::cell::{is_digits, is_scientific};
use crate::shape::Shape;
use cpis_model::Date;

/// A day that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    /// The day.
    pub date: Date,
    /// Whether it would be another day with the month first.
    pub either_way: bool,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Digits of a spreadsheet's count of days, which has five from 1927 to 2173.
const SERIAL_DIGITS: usize = 5;

/// The day of a text, or the text's shape.
pub(crate) fn day(text: &str) -> Result<Day, Shape> {
    if is_scientific(text) {
        return Err(Shape::Scientific);
    }
    if let Some((whole, fraction)) = text.split_once('.')
        && is_digits(whole)
        && is_digits(fraction)
    {
        return Err(if whole.len() == SERIAL_DIGITS { Shape::Serial } else { Shape::Decimal });
    }
    let text = without_midnight(text)?;
    let separator = |c: char| c.is_whitespace() || matches!(c, '-' | '/' | '.' | ',' | '\u{2010}'..='\u{2015}');
    let parts: Vec<&str> = text.split(separator).filter(|part| !part.is_empty()).take(4).collect();
    match *parts.as_slice() {
        [one] => alone(one),
        [year, month, day] if year.len() == 4 && is_digits(year) => {
            if is_short(month) && is_short(day) {
                of(year, month, day, false)
            } else {
                Err(Shape::NotADate)
            }
        }
        [first, second, year] => {
            let first = ordinal(first);
            let (day, month) = match (is_short(first), is_short(second)) {
                (true, true) => (first, None),
                (true, false) => (first, Some(month_named(second).ok_or(Shape::NotADate)?)),
                (false, true) => (second, Some(month_named(first).ok_or(Shape::NotADate)?)),
                (false, false) => return Err(Shape::NotADate),
            };
            match year.len() {
                4 if is_digits(year) => {}
                2 if is_digits(year) => return Err(Shape::TwoDigitYear),
                _ => return Err(Shape::NotADate),
            }
            match month {
                Some(month) => of(year, &month.to_string(), day, false),
                None if number(day) <= 12 && (13..=31).contains(&number(second)) => Err(Shape::MonthFirst),
                None => of(year, second, day, number(day) <= 12 && number(day) != number(second)),
            }
        }
        _ => Err(Shape::NotADate),
    }
}

/// The text before a time of day, which must be midnight: databases write it after days that have none.
fn without_midnight(text: &str) -> Result<&str, Shape> {
    let Some(colon) = text.find(':') else { return Ok(text) };
    let start = text.get(..colon).and_then(|before| before.rfind(|c: char| c.is_whitespace() || c == 'T'));
    let (day, time) = text.split_at_checked(start.unwrap_or_default()).ok_or(Shape::NotADate)?;
    let mut time = time.chars();
    time.next();
    let midnight = time.as_str().chars().all(|c| matches!(c, '0' | ':' | '.'));
    if midnight && !day.is_empty() { Ok(day) } else { Err(Shape::TimeOfDay) }
}

/// One run without separators: `yyyymmdd` where it cannot be `ddmmyyyy`, which no eight digits of these years are both.
fn alone(text: &str) -> Result<Day, Shape> {
    if !is_digits(text) {
        return Err(Shape::NotADate);
    }
    match (text.len(), text.get(..4), text.get(4..6), text.get(6..)) {
        (8, Some(year), Some(month), Some(day)) => of(year, month, day, false).map_err(|_| Shape::Digits(8)),
        (SERIAL_DIGITS, ..) => Err(Shape::Serial),
        (count, ..) => Err(Shape::Digits(count as u32)),
    }
}

fn of(year: &str, month: &str, day: &str, either_way: bool) -> Result<Day, Shape> {
    let year = number(year);
    let date = Date::new(year, number(month) as i8, number(day) as i8).map_err(|_| Shape::NoSuchDay)?;
    if (1900..=2099).contains(&year) { Ok(Day { date, either_way }) } else { Err(Shape::FarYear) }
}

fn is_short(text: &str) -> bool {
    (1..=2).contains(&text.len()) && is_digits(text)
}

fn number(text: &str) -> i16 {
    text.parse().unwrap_or_default()
}

/// `4` of `4th`.
fn ordinal(text: &str) -> &str {
    let bare = ["st", "nd", "rd", "th"].into_iter().find_map(|end| text.strip_suffix(end));
    bare.filter(|bare| is_short(bare)).unwrap_or(text)
}

/// The month of a name, or of its first three letters or more.
fn month_named(text: &str) -> Option<usize> {
    let text = text.to_ascii_lowercase();
    let place = MONTHS.iter().position(|month| text.len() >= 3 && month.starts_with(&text));
    place.or_else(|| (text == "sept").then_some(8)).map(|place| place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_or_refused_with_their_shape() {
        for (text, expected) in [
            ("4/4/2017", Ok("2017-04-04")),
            ("04/04/2017", Ok("2017-04-04")),
            ("31-12-2016", Ok("2016-12-31")),
            ("31.12.2016", Ok("2016-12-31")),
            ("3 2 2016", Ok("2016-02-03")),
            ("4 Apr 2017", Ok("2017-04-04")),
            ("04-APR-2017", Ok("2017-04-04")),
            ("4 sept 2017", Ok("2017-09-04")),
            ("4 April 2017", Ok("2017-04-04")),
            ("4th April, 2017", Ok("2017-04-04")),
            ("April 4, 2017", Ok("2017-04-04")),
            ("2017-04-04", Ok("2017-04-04")),
            ("2017/4/4", Ok("2017-04-04")),
            ("20170404", Ok("2017-04-04")),
            ("2017-04-04T00:00:00", Ok("2017-04-04")),
            ("2017-04-04 00:00:00.000", Ok("2017-04-04")),
            ("04/04/2017 00:00", Ok("2017-04-04")),
            ("29/2/2016", Ok("2016-02-29")),
            ("4/4/17", Err(Shape::TwoDigitYear)),
            ("04-Apr-17", Err(Shape::TwoDigitYear)),
            ("17-04-04", Err(Shape::TwoDigitYear)),
            ("12/31/2016", Err(Shape::MonthFirst)),
            ("31/13/2016", Err(Shape::NoSuchDay)),
            ("29/2/2017", Err(Shape::NoSuchDay)),
            ("0/1/1900", Err(Shape::NoSuchDay)),
            ("2017-13-04", Err(Shape::NoSuchDay)),
            ("4/4/1899", Err(Shape::FarYear)),
            ("4/4/2100", Err(Shape::FarYear)),
            ("42829", Err(Shape::Serial)),
            ("42829.0", Err(Shape::Serial)),
            ("42829.75", Err(Shape::Serial)),
            ("4.2829E+04", Err(Shape::Scientific)),
            ("04042017", Err(Shape::Digits(8))),
            ("040417", Err(Shape::Digits(6))),
            ("2017", Err(Shape::Digits(4))),
            ("201704041200", Err(Shape::Digits(12))),
            ("2017-04-03T23:00:00Z", Err(Shape::TimeOfDay)),
            ("4/4/2017 09:30", Err(Shape::TimeOfDay)),
            ("00:00", Err(Shape::TimeOfDay)),
            ("Apr-2017", Err(Shape::NotADate)),
            ("4/4", Err(Shape::NotADate)),
            ("4/4/2017/1", Err(Shape::NotADate)),
            ("4/4/20170", Err(Shape::NotADate)),
            ("unknown", Err(Shape::NotADate)),
            ("4 Ap 2017", Err(Shape::NotADate)),
            ("٤/٤/٢٠١٧", Err(Shape::NotADate)),
            ("é:", Err(Shape::TimeOfDay)),
        ] {
            assert_eq!(day(text).map(|day| day.date.to_string()), expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn only_figures_can_be_read_both_ways() {
        for (text, either_way) in [
            ("3/4/2017", true),
            ("4/4/2017", false),
            ("31/4/2016", false),
            ("2017-04-03", false),
            ("3 Apr 2017", false),
        ] {
            assert_eq!(day(text).is_ok_and(|day| day.either_way), either_way, "{text}");
        }
    }
}
