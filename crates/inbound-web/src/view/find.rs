//! Finding a person, and making sure that it is the right one.

use crate::form::{Choice, EnteredDate, Faults};
use crate::frame::Frame;
use crate::words;
use askama::Template;
use cpis_model::Date;
use cpis_model::demographics::Sex;
use cpis_model::name::PersonName;
use cpis_model::nhs_number::{NhsNumber, NhsNumberError};

/// A person as demographics know them.
#[derive(Clone)]
pub struct Person {
    /// Name.
    pub name: PersonName,
    /// Date of birth.
    pub born: Date,
    /// The number that is current.
    pub number: NhsNumber,
    /// The day on which the age is said.
    pub today: Date,
}

impl Person {
    /// The age in words.
    pub fn age(&self) -> String {
        words::age(self.born, self.today)
    }
}

/// The search form.
#[derive(Default)]
pub struct Entered {
    /// NHS number as entered.
    pub number: String,
    /// Family name as entered.
    pub family: String,
    /// Date of birth as entered.
    pub born: EnteredDate,
    /// Sex: one of the values of [`Find::sexes`], or empty.
    pub sex: String,
}

/// The search, with what was entered and what is wrong with it.
#[derive(Template)]
#[template(path = "find.html")]
pub struct Find {
    /// The frame.
    pub page: Frame,
    number: String,
    family: String,
    born: EnteredDate,
    sex: String,
    faults: Faults,
}

impl Find {
    /// A form; fields of faults are `number`, `family`, `day` (of the date of birth) and `sex`.
    pub fn new(page: Frame, entered: Entered, faults: Faults) -> Self {
        let Entered { number, family, born, sex } = entered;
        Self { page, number, family, born, sex, faults }
    }

    fn by_name_is_open(&self) -> bool {
        let entered = [&self.family, &self.born.day, &self.born.month, &self.born.year, &self.sex];
        entered.iter().any(|text| !text.is_empty()) || self.faults.0.iter().any(|fault| fault.field != "number")
    }

    /// The sexes that demographics tell apart.
    pub fn sexes() -> Vec<Choice> {
        let text = |sex: Sex| match sex {
            Sex::Female => "Female",
            Sex::Male => "Male",
            Sex::Indeterminate => "Indeterminate",
        };
        Sex::ALL.iter().map(|sex| Choice::new(sex.code(), text(*sex))).collect()
    }
}

/// What to say of a number that cannot be one.
pub fn number_fault(error: NhsNumberError) -> &'static str {
    match error {
        NhsNumberError::Empty => "Enter an NHS number",
        NhsNumberError::OldStyle => "This is an old-style NHS number, from before 1996. Enter the number of 10 digits",
        NhsNumberError::NotDigits => "Enter one NHS number of 10 digits, without other numbers or letters",
        NhsNumberError::Length => "An NHS number has 10 digits. Check that none is missing or too many",
        NhsNumberError::CheckDigit => "This is not an NHS number: a digit is wrong, or two have changed places",
        NhsNumberError::AllSame => "One digit ten times is not an NHS number. Enter the person's own",
    }
}

/// What to say of a number that is kept for tests, where those are not allowed.
pub const TEST_NUMBER_FAULT: &str = "This number is kept for tests and belongs to nobody. Enter the person's own";

/// A person who was found, with the value that stands for them in forms.
#[derive(Clone)]
pub struct Found {
    /// Stands for the person; it says nothing by itself.
    pub handle: String,
    /// The person.
    pub person: Person,
}

/// What a search led to, other than one person to confirm.
pub enum Outcome {
    /// Demographics know nobody of this number. No look is made.
    NobodyByNumber,
    /// Demographics know nobody of these details. No look is made.
    NobodyByName,
    /// People to choose among.
    Found(Vec<Found>),
    /// More than are shown.
    TooMany,
    /// The person's record is restricted.
    Restricted,
}

/// The results of a search.
#[derive(Template)]
#[template(path = "results.html")]
pub struct Results {
    /// The frame.
    pub page: Frame,
    /// What was found.
    pub outcome: Outcome,
}

impl Results {
    fn heading(&self) -> String {
        match &self.outcome {
            Outcome::NobodyByNumber => "No person found for this number".to_owned(),
            Outcome::NobodyByName => "No person found".to_owned(),
            Outcome::Found(people) if people.len() == 1 => "1 person found".to_owned(),
            Outcome::Found(people) => format!("{} people found", people.len()),
            Outcome::TooMany => "Too many people found".to_owned(),
            Outcome::Restricted => "This record is restricted".to_owned(),
        }
    }
}

/// Is this the right person? Says whether opening tells the authority.
#[derive(Template)]
#[template(path = "confirm.html")]
pub struct Confirm {
    /// The frame.
    pub page: Frame,
    /// The person.
    pub person: Person,
    /// Stands for the person in the form.
    pub handle: String,
    /// Whether opening tells the authority.
    pub tells: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_a_number_has_its_own_words() {
        use NhsNumberError::{AllSame, CheckDigit, Empty, Length, NotDigits, OldStyle};
        let mut texts = [Empty, OldStyle, NotDigits, Length, CheckDigit, AllSame].map(number_fault).to_vec();
        texts.push(TEST_NUMBER_FAULT);
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), 7);
    }
}
