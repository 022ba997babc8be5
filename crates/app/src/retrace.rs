//! Asks demographics again, from time to time, about everybody with a plan: numbers that were replaced or withdrawn, people who
//! were restricted, deaths. Nothing stays under a number that is no longer the child's, and nothing disappears silently: what
//! is found changes the record and tells its authorities in one group of entries ([`crate::lifecycle`]).
//!
//! A round goes through all people in the order of their ids, and then through the numbers that replaced others; where it stands is
//! kept in the database, so that a restart goes on there.

use crate::demographics::{DemographicsFault, TRACE_MAX};
use crate::error::AppError;
use crate::lifecycle::{hide, supersede};
use crate::people::Keys;
use crate::service::Service;
use cpis_model::Date;
use cpis_model::demographics::Trace;
use cpis_model::entry::{HiddenFor, PersonId};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::plan::{ADULT_AGE, ENDED_VISIBLE_DAYS};
use cpis_model::time::{birthday, days_after, london_day};
use cpis_store::{Found, PlanRow, Via};

/// Where the database keeps how far a round has come.
const SETTING: &str = "retrace";
/// People that are read at a time.
const SLICE: u32 = 200;
/// Of the people of a slice so many may have lost their number. With more of them demographics is wrong rather than they are,
/// and nobody is hidden: a record that is hidden by mistake is a flag that is missed.
const LOST_MAX: usize = 5;

/// Where a round stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    /// When it began, in seconds.
    begun: i64,
    /// What was asked about last.
    after: After,
}

/// What was asked about last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// Nobody: the round begins.
    Nobody,
    /// This person.
    Person(PersonId),
    /// All people, and the second numbers up to this one.
    Alias(u64),
    /// Everybody: the round is done.
    Everybody,
}

impl Standing {
    fn to_text(self) -> String {
        match self.after {
            After::Nobody => format!("{} 0", self.begun),
            After::Person(person) => format!("{} {}", self.begun, person.value()),
            After::Alias(alias) => format!("{} alias {alias}", self.begun),
            After::Everybody => format!("{} done", self.begun),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (begun, after) = text.split_once(' ')?;
        let after = match after.strip_prefix("alias ") {
            Some(alias) => After::Alias(alias.parse().ok()?),
            None if after == "done" => After::Everybody,
            None if after == "0" => After::Nobody,
            None => After::Person(PersonId::from_stored(after.parse().ok()?)?),
        };
        Some(Self { begun: begun.parse().ok()?, after })
    }
}

/// What one slice found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retraced {
    /// People who were asked about.
    pub asked: usize,
    /// People for whom something changed.
    pub changed: usize,
    /// Whether the round is at its end, or none is due.
    pub is_done: bool,
}

/// Asks about some more people of the round that is under way, or begins one where the last began `days` ago. Demographics that
/// is away is asked again later: an error, with nothing lost.
pub async fn slice(service: &Service, days: i64) -> Result<Retraced, AppError> {
    let now = service.clock.now();
    let stored = service.store.setting(SETTING).await?;
    let standing = stored.as_deref().and_then(|text| Standing::parse(std::str::from_utf8(text).ok()?));
    let Standing { begun, after } = match standing {
        Some(Standing { begun, after: After::Everybody }) if now.as_second() - begun < days * 86_400 => {
            return Ok(Retraced { is_done: true, ..Retraced::default() });
        }
        // The first round begins after some days too: everybody was asked about when their file came.
        None => {
            save(service, Standing { begun: now.as_second(), after: After::Everybody }).await?;
            return Ok(Retraced { is_done: true, ..Retraced::default() });
        }
        Some(Standing { after: After::Everybody, .. }) => Standing { begun: now.as_second(), after: After::Nobody },
        Some(standing) => standing,
    };
    let (numbers, next) = match after {
        After::Nobody => own_numbers(service, None).await?,
        After::Person(person) => own_numbers(service, Some(person)).await?,
        After::Alias(alias) => second_numbers(service, alias).await?,
        After::Everybody => (Vec::new(), After::Everybody),
    };
    let changed = ask(service, &numbers).await?;
    save(service, Standing { begun, after: next }).await?;
    let is_done = next == After::Everybody;
    if is_done {
        metrics::gauge!("cpis_retrace_last_timestamp_seconds").set(now.as_second() as f64);
    }
    Ok(Retraced { asked: numbers.len(), changed, is_done })
}

/// A number to ask about, and the one that it replaced.
type Number = (NhsNumber, Option<NhsNumber>);

/// Numbers under which the next people are stored, and where the round stands after them.
async fn own_numbers(service: &Service, after: Option<PersonId>) -> Result<(Vec<Number>, After), AppError> {
    let people = service.store.people_after(after, SLICE).await?;
    let next = people.last().map_or(After::Alias(0), |person| After::Person(person.row.id));
    let mut numbers = Vec::with_capacity(people.len());
    for person in &people {
        if let (Some(_), Some(number)) = (&person.row.data_key, &person.number) {
            numbers.push((service.keys.number(person.row.id, number)?, None));
        }
    }
    Ok((numbers, next))
}

/// Numbers that replaced others, and where the round stands after them.
async fn second_numbers(service: &Service, after: u64) -> Result<(Vec<Number>, After), AppError> {
    let aliases = service.store.aliases_after(after, SLICE).await?;
    let next = aliases.last().map_or(After::Everybody, |alias| After::Alias(alias.id));
    let people = service.store.people(aliases.iter().map(|alias| alias.person).collect()).await?;
    let mut numbers = Vec::new();
    // One with an end was replaced itself.
    for alias in aliases.iter().filter(|alias| alias.until.is_none()) {
        let person = people.iter().find(|person| person.row.id == alias.person);
        let Some(person) = person.filter(|person| person.row.data_key.is_some()) else { continue };
        let key = service.keys.person(&person.row)?;
        let own = person.number.as_ref().map(|number| service.keys.number(person.row.id, number)).transpose()?;
        numbers.push((Keys::open_alias(alias.person, &key, &alias.number)?, own));
    }
    Ok((numbers, next))
}

async fn save(service: &Service, standing: Standing) -> Result<(), AppError> {
    Ok(service.store.set_setting(SETTING, standing.to_text().into_bytes()).await?)
}

/// Somebody who is asked about.
struct Asked {
    number: NhsNumber,
    /// The number that it replaced.
    replaced: Option<NhsNumber>,
    /// Why each person behind the number is hidden.
    hidden: Vec<Option<HiddenFor>>,
    /// Whether they hold a child's plan that is shown, but for their age.
    is_child: bool,
}

impl Asked {
    fn is_withdrawn(&self) -> bool {
        self.hidden.iter().all(|hidden| *hidden == Some(HiddenFor::Invalidated))
    }
}

/// Whether a plan is a child's and would be shown, but for the child's age.
fn is_childs(plan: &PlanRow, today: Date) -> bool {
    let ended = plan.dates.end.is_some_and(|end| days_after(end, ENDED_VISIBLE_DAYS) < today);
    HiddenFor::Adult.hides(plan.kind) && plan.dates.delete.is_none() && !ended
}

/// Traces those of these numbers under which somebody is still found, and does what follows. Says for how many something changed.
async fn ask(service: &Service, numbers: &[Number]) -> Result<usize, AppError> {
    let today = london_day(service.clock.now());
    let asked = numbers.iter().map(|(number, _)| service.keys.ring.find(*number)).collect();
    let found = service.store.find(asked).await?;
    // Who has another number since is asked about under that one.
    let is_current = |found: &&Found| {
        let (Via::Own(until) | Via::Alias(until)) = found.via;
        until.is_none() && found.plans.iter().any(|plan| plan.dates.delete.is_none())
    };
    let mut wanted = Vec::new();
    for ((number, replaced), found) in numbers.iter().zip(&found) {
        let current: Vec<&Found> = found.iter().filter(is_current).collect();
        if !current.is_empty() {
            let hidden = current.iter().map(|found| found.person.hidden).collect();
            let is_child = current.iter().flat_map(|found| &found.plans).any(|plan| is_childs(plan, today));
            wanted.push(Asked { number: *number, replaced: *replaced, hidden, is_child });
        }
    }
    let mut changed = 0;
    for part in wanted.chunks(TRACE_MAX) {
        let numbers: Vec<NhsNumber> = part.iter().map(|asked| asked.number).collect();
        let traced = service.demographics.trace(&numbers).await.map_err(away)?;
        let is_lost = |asked: &Asked, trace: &Trace| *trace == Trace::Unknown && !asked.is_withdrawn();
        let lost = part.iter().zip(&traced).filter(|(asked, trace)| is_lost(asked, trace)).count();
        let is_suspicious = lost > LOST_MAX;
        metrics::gauge!("cpis_retrace_suspicious").set(if is_suspicious { 1.0 } else { 0.0 });
        if is_suspicious {
            tracing::error!(
                lost,
                asked = part.len(),
                "demographics knows nothing of many people with plans: their records stay as they are; look at demographics"
            );
        }
        for (asked, trace) in part.iter().zip(traced) {
            if is_lost(asked, &trace) && (is_suspicious || contradicts_itself(service, asked).await?) {
                continue;
            }
            changed += usize::from(follow(service, asked, &trace, today).await?);
        }
    }
    Ok(changed)
}

/// Whether demographics says that a number was replaced by one of which it says that it is nobody's: that is no withdrawal.
async fn contradicts_itself(service: &Service, asked: &Asked) -> Result<bool, AppError> {
    let Some(replaced) = asked.replaced else { return Ok(false) };
    let traced = service.demographics.trace(&[replaced]).await.map_err(away)?;
    let is_so = matches!(traced.first(), Some(Trace::Superseded(_)));
    if is_so {
        tracing::warn!("demographics does not know a number by which it replaced another; nobody was hidden for it");
    }
    Ok(is_so)
}

fn away(fault: DemographicsFault) -> AppError {
    tracing::warn!(%fault, "demographics was not asked again about everybody; it goes on later");
    AppError::Unavailable { retry_after: u32::try_from(fault.pause().as_secs()).unwrap_or(u32::MAX) }
}

/// Does what follows from an answer of demographics (spec/decisions.md sections 2 and 4).
async fn follow(service: &Service, asked: &Asked, trace: &Trace, today: Date) -> Result<bool, AppError> {
    let reason = match trace {
        Trace::Superseded(new) => {
            let changed = supersede(service, asked.number, *new).await? > 0;
            metrics::counter!("cpis_retraced_total", "found" => "replaced").increment(u64::from(changed));
            return Ok(changed);
        }
        Trace::Found(person) if person.restricted => Some(HiddenFor::Restricted),
        Trace::Found(person) if person.deceased => Some(HiddenFor::Deceased),
        Trace::Found(person) => {
            let is_adult = birthday(person.birth, ADULT_AGE).is_some_and(|day| day <= today);
            // Whose plans have all left view since is left as they are.
            let was_hidden = asked.hidden.contains(&Some(HiddenFor::Adult));
            (is_adult && (asked.is_child || was_hidden)).then_some(HiddenFor::Adult)
        }
        Trace::Incomplete { restricted: true } => Some(HiddenFor::Restricted),
        // Not enough to say that what hid somebody is over.
        Trace::Incomplete { restricted: false } => return Ok(false),
        Trace::Unknown => Some(HiddenFor::Invalidated),
    };
    if asked.hidden.iter().all(|hidden| *hidden == reason) {
        return Ok(false);
    }
    let found = match reason {
        Some(HiddenFor::Restricted) => "restricted",
        Some(HiddenFor::Deceased) => "deceased",
        Some(HiddenFor::Invalidated) => "withdrawn",
        Some(HiddenFor::Adult) => "adult",
        None => "shown-again",
    };
    let changed = hide(service, asked.number, reason).await? > 0;
    metrics::counter!("cpis_retraced_total", "found" => found).increment(u64::from(changed));
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_round_stands_is_read_again() {
        let person = PersonId::from_stored(77).unwrap();
        for after in [After::Nobody, After::Person(person), After::Alias(0), After::Alias(12), After::Everybody] {
            let standing = Standing { begun: 1_780_000_000, after };
            assert_eq!(Standing::parse(&standing.to_text()), Some(standing));
        }
        for text in ["", "5", "x done", "5 x", "5 -1", "5 alias", "5 alias x"] {
            assert_eq!(Standing::parse(text), None, "{text}");
        }
    }
}
