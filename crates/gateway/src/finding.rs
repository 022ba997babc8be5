//! Finds the NHS number of somebody who came without one: by family name, given name, date of birth and sex, where a demographics
//! service is configured. One person must fit in all of them; nobody is guessed, and who is not known is not looked for.

use crate::facts::Person;
use crate::signals::Signals;
use crate::store::{Store, StoreError, Untraced};
use async_trait::async_trait;
use cpis_app::Clock;
use cpis_app::demographics::{Demographics, Matches, Search};
use cpis_model::Date;
use cpis_model::demographics::{Sex, verify};
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use std::sync::Arc;
use std::time::Duration;

/// People who are looked for in one round.
const ROUND_MAX: usize = 20;
/// Pause between two rounds, and after a failure.
const PAUSE: Duration = Duration::from_secs(5);

/// Whom to find.
#[derive(Clone)]
pub struct Sought {
    /// Family and given name.
    pub name: PersonName,
    /// Date of birth.
    pub birth: Date,
    /// Sex.
    pub sex: Sex,
}

impl Sought {
    /// Somebody of whom enough is known; nobody otherwise.
    pub fn of(person: &Person) -> Option<Self> {
        let sex = match person.sex.as_str() {
            "F" => Sex::Female,
            "M" => Sex::Male,
            _ => return None,
        };
        let is_known = !person.unknown && !person.estimated_birth && person.number.is_none();
        let is_named = !person.family.is_empty() && !person.given.is_empty();
        let name = PersonName::new(&person.given, &person.family);
        (is_known && is_named).then_some(Self { name, birth: person.birth?, sex })
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// One person who fits in everything.
    One(NhsNumber),
    /// Nobody, or several.
    Nobody,
    /// Demographics does not answer: look again later.
    Away,
}

/// Whoever knows people.
#[async_trait]
pub trait Finder: Send + Sync {
    /// Looks for somebody.
    async fn find(&self, sought: &Sought) -> Found;
}

#[async_trait]
impl Finder for Arc<dyn Demographics> {
    async fn find(&self, sought: &Sought) -> Found {
        let search = Search { family: sought.name.family.clone(), birth: sought.birth, sex: sought.sex };
        let people = match self.search(&search).await {
            Ok(Matches::People(people)) => people,
            Ok(Matches::TooMany) => return Found::Nobody,
            Err(_) => return Found::Away,
        };
        let fits = |person: &cpis_model::demographics::Demographics| {
            verify(&sought.name, sought.birth, person).is_ok() && person.sex == Some(sought.sex) && !person.deceased
        };
        let mut fitting = people.iter().filter(|(_, person)| fits(person));
        match (fitting.next(), fitting.next()) {
            (Some((number, person)), None) if !person.restricted => Found::One(*number),
            _ => Found::Nobody,
        }
    }
}

/// Looks for those who wait for a number, until the end is asked for.
pub(crate) async fn run(store: Store, finder: Arc<dyn Finder>, clock: Arc<dyn Clock>, signals: Signals) {
    let mut wake = signals.asks();
    loop {
        match round(&store, finder.as_ref(), clock.as_ref()).await {
            Ok(true) => signals.wake_all(),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "people without a number could not be looked for; it is tried again"),
        }
        tokio::select! { () = signals.ending() => return, () = tokio::time::sleep(PAUSE) => {}, _ = wake.changed() => {} }
    }
}

/// One round; tells whether somebody was found.
async fn round(store: &Store, finder: &dyn Finder, clock: &dyn Clock) -> Result<bool, StoreError> {
    let mut any = false;
    for Untraced { person, sought } in store.untraced(ROUND_MAX).await? {
        let found = finder.find(&sought).await;
        let outcome = match found {
            Found::One(_) => "found",
            Found::Nobody => "nobody",
            Found::Away => "away",
        };
        metrics::counter!("cpis_gateway_traced_total", "outcome" => outcome).increment(1);
        let number = match found {
            Found::One(number) => Some(number),
            Found::Nobody => None,
            Found::Away => return Ok(any),
        };
        store.traced(person, sought, number, clock.now()).await?;
        any |= number.is_some();
    }
    Ok(any)
}
