//! What demographics says of a number, and whether an uploaded person is that person.

use crate::Date;
use crate::name::{PersonName, family_agrees, given_agrees};
use crate::nhs_number::NhsNumber;
use std::str::FromStr;

/// A person as demographics knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demographics {
    /// Name.
    pub name: PersonName,
    /// Date of birth.
    pub birth: Date,
    /// Demographics' security code R (restricted) or V (sensitive).
    pub restricted: bool,
    /// A date of death is recorded.
    pub deceased: bool,
    /// Sex, where it is known.
    pub sex: Option<Sex>,
}

/// Sex as demographics records it (NHS Data Dictionary, person stated gender code).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Neither of the two.
    Indeterminate,
}

impl Sex {
    /// All of them, in the order in which a page offers them.
    pub const ALL: [Self; 3] = [Self::Female, Self::Male, Self::Indeterminate];

    /// The number under which it is stored, as the NHS Data Dictionary has it.
    pub fn number(self) -> u8 {
        match self {
            Self::Male => 1,
            Self::Female => 2,
            Self::Indeterminate => 9,
        }
    }

    /// The sex of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|sex| sex.number() == number)
    }

    /// A word for forms and tables.
    pub fn code(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Indeterminate => "indeterminate",
        }
    }
}

/// No sex has this word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("female, male or indeterminate is expected")]
pub struct UnknownSex;

impl FromStr for Sex {
    type Err = UnknownSex;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|sex| sex.code() == text).ok_or(UnknownSex)
    }
}

/// The answer for one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Known.
    Found(Demographics),
    /// Replaced by another number.
    Superseded(NhsNumber),
    /// Known, but without what a person is recognised by: a name and a whole date of birth.
    Incomplete {
        /// As in [`Demographics`].
        restricted: bool,
    },
    /// Withdrawn without a successor, or never given out.
    Unknown,
}

/// What disagreed first, in the order in which it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Date of birth.
    Birth,
    /// Family name.
    Family,
    /// Given names.
    Given,
}

/// Whether an uploaded name and date of birth are this person's. The date of birth must be equal, the family name equal but for
/// its writing, the given names as [`given_agrees`] tries them (spec/domain.md section 3).
pub fn verify(name: &PersonName, birth: Date, known: &Demographics) -> Result<(), Mismatch> {
    if birth != known.birth {
        return Err(Mismatch::Birth);
    }
    if !family_agrees(&name.family, &known.name.family) {
        return Err(Mismatch::Family);
    }
    if !given_agrees(&name.given, &known.name.given) {
        return Err(Mismatch::Given);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_verified_by_birth_family_and_given_name() {
        // Source: spec/domain.md section 3; swapped names are a mismatch (section 12, case 13).
        let known = Demographics {
            name: PersonName::new("Robin Alex", "O'Brien"),
            birth: "2017-04-04".parse().unwrap(),
            restricted: false,
            deceased: false,
            sex: None,
        };
        for (given, family, birth, expected) in [
            ("Robin", "OBrien", "2017-04-04", Ok(())),
            ("ROBIN ALEX", "O’BRIEN", "2017-04-04", Ok(())),
            ("Robin", "OBrien", "2017-04-05", Err(Mismatch::Birth)),
            ("Robin", "Brien", "2017-04-04", Err(Mismatch::Family)),
            ("OBrien", "Robin", "2017-04-04", Err(Mismatch::Family)),
            ("Baby", "O'Brien", "2017-04-04", Err(Mismatch::Given)),
        ] {
            assert_eq!(
                verify(&PersonName::new(given, family), birth.parse().unwrap(), &known),
                expected,
                "{given} {family}"
            );
        }
    }
}
