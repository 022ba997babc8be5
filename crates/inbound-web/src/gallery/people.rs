//! Made-up people, places and telephone lines.

use super::now;
use crate::lines::Line;
use crate::view::find::Person;
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::time::london_day;
use cpis_model::{Date, Timestamp};

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

/// A line; none where its number is none: the tests count the lines.
fn line(name: &str, phone: &str, hours: &str, at: Timestamp) -> Option<Line> {
    Some(Line::new(name, phone.parse().ok()?, hours.parse().ok(), at))
}

/// An office and an emergency duty team, at a moment.
pub fn lines(at: Timestamp) -> Vec<Line> {
    let office = line("Children's services office", "01632960101", "Mon-Fri 08:45-17:00", at);
    let duty = line("Emergency duty team", "01632960199", "Mon-Sun 17:00-08:45", at);
    let mut lines: Vec<Line> = office.into_iter().chain(duty).collect();
    lines.sort_by_key(Line::is_closed);
    lines
}

/// Lines whose hours nobody registered.
pub fn lines_without_hours() -> Vec<Line> {
    let office = line("Office hours", "01632960111", "", now());
    office.into_iter().chain(line("Emergency, out of hours", "01632960112", "", now())).collect()
}

/// One line that is always answered.
pub fn always() -> Vec<Line> {
    line("Ward, nurse in charge", "01632960150", "at all times", now()).into_iter().collect()
}
