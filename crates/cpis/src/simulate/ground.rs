//! Whom the looks are about: the England that is played, and what the service should say of somebody.

use super::schedule::Arrival;
use crate::cli::Simulate;
use crate::demo::Recipe;
use crate::fault::{Fault, Kind, Result};
use cpis_model::Date;
use cpis_model::nhs_number::NhsNumber;
use cpis_synth::{England, PLANS_OF_ENGLAND, Scale};
use std::collections::HashSet;

/// Which England is played where nothing else is said.
const SEED: u64 = 1;

/// The people of a play.
pub struct Ground {
    /// Its seed.
    pub seed: u64,
    /// Its plans.
    pub plans: u32,
    /// The day as which it was made.
    pub made: Date,
    england: England,
    /// Numbers that somebody else has at the target.
    taken: HashSet<NhsNumber>,
    /// The day on which the service is asked.
    today: Date,
    check: bool,
}

impl Ground {
    /// As the command line and the file of tokens say.
    pub fn of(arguments: &Simulate, country: Option<&Recipe>, today: Date) -> Result<Self> {
        let begins = country.map(|country| country.begins.parse::<Date>()).transpose();
        let begins = begins.map_err(|_| Fault::new(Kind::Usage, "The day of the demo's country cannot be read"))?;
        if arguments.check && arguments.made.or(begins).is_none() {
            let what = "Nothing says what the target was filled with, so its answers cannot be checked";
            return Err(Fault::new(Kind::Usage, what)
                .mend("Start the demo with --scale small, or say --seed, --plans and --made."));
        }
        let seed = arguments.seed.or(country.map(|country| country.seed)).unwrap_or(SEED);
        let plans = arguments.plans.or(country.map(|country| country.plans)).unwrap_or(PLANS_OF_ENGLAND);
        let made = arguments.made.or(begins).unwrap_or(today);
        let taken = country.map(Recipe::taken).transpose()?.unwrap_or_default();
        let england = England::new(seed, made, Scale::plans(plans));
        Ok(Self { seed, plans, made, england, taken, today, check: arguments.check })
    }

    /// Who comes on a day, in order of time.
    pub fn day(&self, date: Date, factor: f64) -> impl Iterator<Item = Arrival> {
        let arrivals = self.england.day(date, factor).filter(|arrival| !self.taken.contains(&arrival.number));
        arrivals.map(|arrival| Arrival {
            at: arrival.at,
            number: arrival.number,
            site: arrival.site.code,
            has_plan: self.check.then(|| self.has_plan(arrival.person.place)),
        })
    }

    /// Whether the service shows a plan today, whatever day is played.
    fn has_plan(&self, place: u32) -> bool {
        self.england.case_at(place).is_some_and(|case| self.england.has_plan(&case, self.today))
    }
}
