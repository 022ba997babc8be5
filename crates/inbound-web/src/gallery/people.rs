//! Made-up people, places and telephone lines.

use super::now;
use crate::hours::{Hours, Line, ShownLine, lines_now};
use crate::view::find::Person;
use cpis_model::Date;
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::Phone;
use cpis_model::time::london_day;
use jiff::civil::{DateTime, Time, Weekday};

/// What would be script if it were not escaped.
pub const SCRIPT: &str = "<script>document.title='broken'</script>\"'&";

/// A name as long as names may be.
pub fn long_name() -> String {
    "Wolfeschlegelsteinhausenbergerdorff".repeat(5)
}

pub fn child() -> Option<Person> {
    person("Robin Jo", "Sample", "2017-04-04", 999_000_001)
}

pub fn baby() -> Option<Person> {
    person("Kit", "Testerton", "2026-11-02", 999_000_002)
}

pub fn mother() -> Option<Person> {
    person("Morgan", "Placeholder", "2009-06-30", 999_000_003)
}

pub fn script() -> Option<Person> {
    person(SCRIPT, SCRIPT, "2015-02-28", 999_000_004)
}

pub fn long() -> Option<Person> {
    person(&long_name(), &long_name(), "2012-12-12", 999_000_005)
}

pub fn arabic() -> Option<Person> {
    person("محمد عبد الرحمن", "التجريبي", "2019-08-15", 999_000_006)
}

pub fn chinese() -> Option<Person> {
    person("小明", "示例", "2021-01-31", 999_000_008)
}

pub fn all() -> Vec<Person> {
    [child(), baby(), mother(), script(), long(), arabic(), chinese()].into_iter().flatten().collect()
}

/// `None` where one of the values is none: the tests count the people.
fn person(given: &str, family: &str, born: &str, first_nine: u64) -> Option<Person> {
    Some(Person {
        name: PersonName::new(given, family),
        born: born.parse().ok()?,
        number: NhsNumber::from_first_nine(first_nine)?,
        today: london_day(now()),
    })
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap_or_default()
}

const WEEKDAYS: [Weekday; 5] =
    [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
const ALL_DAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

fn phone(text: &str) -> Option<Phone> {
    text.parse().ok()
}

fn office_hours() -> Hours {
    Hours::daily(&WEEKDAYS, Time::constant(8, 45, 0, 0), Time::constant(17, 0, 0, 0))
}

/// An office and an emergency duty team, at a local time.
pub fn lines(at: &str) -> Vec<ShownLine> {
    let now: DateTime = at.parse().unwrap_or_default();
    let lines = [
        ("Children's services office", "01632960101", office_hours()),
        (
            "Emergency duty team",
            "01632960199",
            Hours::daily(&ALL_DAYS, Time::constant(17, 0, 0, 0), Time::constant(8, 45, 0, 0)),
        ),
    ];
    let line = |(name, number, hours): (&str, &str, Hours)| {
        Some(Line { name: name.to_owned(), phone: phone(number)?, hours: Some(hours) })
    };
    lines_now(lines.into_iter().filter_map(line).collect(), now)
}

/// Lines whose hours nobody registered.
pub fn lines_without_hours() -> Vec<ShownLine> {
    let lines = [("Office hours", "01632960111"), ("Emergency, out of hours", "01632960112")];
    let line = |(name, number): (&str, &str)| Some(Line { name: name.to_owned(), phone: phone(number)?, hours: None });
    lines_now(lines.into_iter().filter_map(line).collect(), DateTime::default())
}

/// One line that is always answered.
pub fn always() -> Vec<ShownLine> {
    let hours = Some(Hours::daily(&ALL_DAYS, Time::MIN, Time::MIN));
    let line = phone("01632960150").map(|phone| Line { name: "Ward, nurse in charge".to_owned(), phone, hours });
    lines_now(line.into_iter().collect(), DateTime::default())
}
