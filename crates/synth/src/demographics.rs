//! What a demographics register says of the people: the faults that real registers have, at chosen rates.

use crate::cases::source;
use crate::number::mixed;
use crate::person::SynthPerson;
use crate::spelling::Spelling;
use cpis_model::Date;
use cpis_model::codes::{Detail, RecordCode};
use cpis_model::demographics::{Demographics, Mismatch, verify};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::time::days_after;
use cpis_model::upload::{Fault, Field};
use rand::RngExt;

/// Of ten thousand people so many are shown with each fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// The number was replaced by another one.
    pub superseded: u32,
    /// The record is restricted.
    pub restricted: u32,
    /// A date of death is recorded.
    pub deceased: u32,
    /// The number is not known.
    pub unknown: u32,
    /// Another date of birth is recorded.
    pub other_birth: u32,
    /// The name is written in another way.
    pub names: u32,
}

impl Default for Rates {
    /// Chosen by this project: no published rates were to hand.
    fn default() -> Self {
        Self { superseded: 30, restricted: 40, deceased: 3, unknown: 20, other_birth: 20, names: 300 }
    }
}

impl Rates {
    /// A register without a fault.
    pub const NONE: Self = Self { superseded: 0, restricted: 0, deceased: 0, unknown: 0, other_birth: 0, names: 0 };

    /// How somebody is shown by a number below ten thousand; who was superseded is known already.
    fn state(self, drawn: u32) -> State {
        let mut bound = 0;
        let rows = [
            (self.restricted, State::Restricted),
            (self.deceased, State::Deceased),
            (self.unknown, State::Unknown),
            (self.other_birth, State::OtherBirth),
            (self.names, State::OtherName),
        ];
        let found = rows.into_iter().find(|(rate, _)| {
            bound += rate;
            drawn < bound
        });
        found.map_or(State::Same, |(_, state)| state)
    }

    /// Which of the numbers that replace others replaces the one at this place. One place of each row of places has one, so
    /// that no two share it.
    pub(crate) fn replacement(self, seed: u64, place: u32) -> Option<u32> {
        let row = 10_000_u32.checked_div(self.superseded)?.max(1);
        let chosen = mixed(seed ^ mixed(u64::from(place / row) << 8)) % u64::from(row);
        (u64::from(place % row) == chosen).then_some(place / row)
    }
}

/// How demographics shows a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// As the authority knows them.
    Same,
    /// Under another number.
    Superseded,
    /// As restricted.
    Restricted,
    /// As deceased.
    Deceased,
    /// Not at all.
    Unknown,
    /// With another date of birth.
    OtherBirth,
    /// With a name that is written in another way.
    OtherName,
}

impl State {
    /// How it is for the person at this place, if the number stands.
    pub(crate) fn of(seed: u64, place: u32, rates: Rates) -> Self {
        rates.state(source(seed, place, 7).random_range(0..10_000))
    }
}

/// A row of the demographics register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterRow {
    /// The number.
    pub number: NhsNumber,
    /// The person; `None` where another number has replaced this one.
    pub person: Option<Demographics>,
    /// The number that replaced it.
    pub superseded_by: Option<NhsNumber>,
}

/// What demographics says of somebody, and what their authority writes.
pub(crate) struct Shown {
    /// As the authority, and whoever sees them, writes the name.
    pub(crate) person: SynthPerson,
    /// Rows of the register: none, one, or two where the number was replaced.
    pub(crate) rows: Vec<RegisterRow>,
    /// What an upload of this person is answered; `None` where it is accepted.
    pub(crate) fault: Option<Fault>,
    pub(crate) state: State,
}

/// How a person is shown. `replacement` is the number that replaces theirs where it was superseded.
pub(crate) fn shown(
    seed: u64,
    today: Date,
    mut person: SynthPerson,
    state: State,
    replacement: Option<NhsNumber>,
) -> Shown {
    let mut rng = source(seed, person.place, 8);
    let mut known = Demographics {
        name: person.name.clone(),
        birth: person.birth,
        restricted: state == State::Restricted,
        deceased: state == State::Deceased,
        sex: Some(person.sex),
    };
    match state {
        State::OtherBirth => known.birth = days_after(person.birth, -rng.random_range(1..=30)),
        State::OtherName => {
            Spelling::draw(&mut rng).of_age(person.birth, today).write(&mut person, &mut known, &mut rng);
        }
        _ => {}
    }
    let fault = match state {
        State::Superseded => Some(Fault::demographics(RecordCode::Superseded, Field::Number)),
        State::Unknown => Some(Fault::demographics(RecordCode::NoMatch, Field::Number)),
        State::Restricted => Some(Fault::demographics(RecordCode::Sensitive, Field::Number)),
        State::Deceased => Some(Fault::rejected(Detail::Deceased, Field::Number)),
        State::Same | State::OtherBirth | State::OtherName => {
            let mismatch = verify(&person.name, person.birth, &known).err();
            mismatch.map(|mismatch| {
                let field = match mismatch {
                    Mismatch::Birth => Field::Birth,
                    Mismatch::Family => Field::Family,
                    Mismatch::Given => Field::Given,
                };
                Fault::demographics(RecordCode::NotVerified, field)
            })
        }
    };
    let row = |number, person, superseded_by| RegisterRow { number, person, superseded_by };
    let rows = match (state, replacement) {
        (State::Unknown, _) => Vec::new(),
        (State::Superseded, Some(new)) => {
            vec![row(person.number, None, Some(new)), row(new, Some(known), None)]
        }
        _ => vec![row(person.number, Some(known), None)],
    };
    Shown { person, rows, fault, state }
}
