//! Asks demographics again, from time to time, about everybody with a plan: numbers that were replaced or withdrawn, people who
//! were restricted, deaths. Nothing stays under a number that is no longer the child's, and nothing disappears silently: what
//! is found changes the record and tells its authorities in one group of entries ([`crate::lifecycle`]).
//!
//! A round goes through all people in the order of their ids; where it stands is kept in the database, so that a restart goes
//! on there.

use crate::demographics::TRACE_MAX;
use crate::error::AppError;
use crate::lifecycle::{hide, supersede};
use crate::service::Service;
use cpis_model::demographics::Trace;
use cpis_model::entry::{HiddenFor, PersonId};
use cpis_model::nhs_number::NhsNumber;
use cpis_store::{Found, Via};

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
    /// The last person who was asked about; none at the end of a round.
    after: Option<PersonId>,
}

impl Standing {
    fn to_text(self) -> String {
        self.after.map_or_else(|| format!("{} done", self.begun), |after| format!("{} {}", self.begun, after.value()))
    }

    fn parse(text: &str) -> Option<Self> {
        let (begun, after) = text.split_once(' ')?;
        let after = if after == "done" { None } else { Some(PersonId::from_stored(after.parse().ok()?)?) };
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
    let (begun, after) = match standing {
        Some(Standing { begun, after: Some(after) }) => (begun, Some(after)),
        Some(Standing { begun, after: None }) if now.as_second() - begun < days * 86_400 => {
            return Ok(Retraced { is_done: true, ..Retraced::default() });
        }
        // The first round begins after some days too: everybody was asked about when their file came.
        None => {
            save(service, Standing { begun: now.as_second(), after: None }).await?;
            return Ok(Retraced { is_done: true, ..Retraced::default() });
        }
        Some(_) => (now.as_second(), None),
    };
    let people = service.store.people_after(after, SLICE).await?;
    let last = people.last().map(|person| person.row.id);
    let mut numbers = Vec::with_capacity(people.len());
    for person in &people {
        if let (Some(_), Some(number)) = (&person.row.data_key, &person.number) {
            numbers.push(service.keys.number(person.row.id, number)?);
        }
    }
    let changed = ask(service, &numbers).await?;
    save(service, Standing { begun, after: last }).await?;
    if last.is_none() {
        metrics::gauge!("cpis_retrace_last_timestamp_seconds").set(now.as_second() as f64);
    }
    Ok(Retraced { asked: numbers.len(), changed, is_done: last.is_none() })
}

async fn save(service: &Service, standing: Standing) -> Result<(), AppError> {
    Ok(service.store.set_setting(SETTING, standing.to_text().into_bytes()).await?)
}

/// Traces those of these numbers under which somebody is still found, and does what follows. Says for how many something changed.
async fn ask(service: &Service, numbers: &[NhsNumber]) -> Result<usize, AppError> {
    let asked = numbers.iter().map(|number| service.keys.ring.find(*number)).collect();
    let found = service.store.find(asked).await?;
    let own = |found: &Found| match found.via {
        // Who has another number since is asked about under that one.
        Via::Own(until) => until.is_none() && found.plans.iter().any(|plan| plan.dates.delete.is_none()),
        Via::Alias(_) => false,
    };
    let mut wanted = Vec::new();
    for (number, found) in numbers.iter().zip(&found) {
        if let Some(found) = found.iter().find(|found| own(found)) {
            wanted.push((*number, found.person.hidden));
        }
    }
    let mut changed = 0;
    for part in wanted.chunks(TRACE_MAX) {
        let numbers: Vec<NhsNumber> = part.iter().map(|(number, _)| *number).collect();
        let traced = service.demographics.trace(&numbers).await.map_err(|fault| {
            tracing::warn!(%fault, "demographics was not asked again about everybody; it goes on later");
            AppError::Unavailable { retry_after: u32::try_from(fault.pause().as_secs()).unwrap_or(u32::MAX) }
        })?;
        let is_lost = |hidden: &Option<HiddenFor>, trace: &Trace| {
            *trace == Trace::Unknown && *hidden != Some(HiddenFor::Invalidated)
        };
        let lost = part.iter().zip(&traced).filter(|((_, hidden), trace)| is_lost(hidden, trace)).count();
        let is_suspicious = lost > LOST_MAX;
        metrics::gauge!("cpis_retrace_suspicious").set(if is_suspicious { 1.0 } else { 0.0 });
        if is_suspicious {
            tracing::error!(
                lost,
                asked = part.len(),
                "demographics knows nothing of many people with plans: their records stay as they are; look at demographics"
            );
        }
        for ((number, hidden), trace) in part.iter().zip(traced) {
            if is_suspicious && is_lost(hidden, &trace) {
                continue;
            }
            changed += usize::from(follow(service, *number, *hidden, &trace).await?);
        }
    }
    Ok(changed)
}

/// Does what follows from an answer of demographics (spec/decisions.md sections 2 and 4).
async fn follow(
    service: &Service,
    number: NhsNumber,
    hidden: Option<HiddenFor>,
    trace: &Trace,
) -> Result<bool, AppError> {
    let reason = match trace {
        Trace::Superseded(new) => {
            let changed = supersede(service, number, *new).await? > 0;
            metrics::counter!("cpis_retraced_total", "found" => "replaced").increment(u64::from(changed));
            return Ok(changed);
        }
        Trace::Found(person) if person.restricted => Some(HiddenFor::Restricted),
        Trace::Found(person) if person.deceased => Some(HiddenFor::Deceased),
        Trace::Incomplete { restricted: true } => Some(HiddenFor::Restricted),
        // Not enough to say that what hid somebody is over.
        Trace::Incomplete { restricted: false } => hidden,
        Trace::Found(_) => None,
        Trace::Unknown => Some(HiddenFor::Invalidated),
    };
    if reason == hidden {
        return Ok(false);
    }
    let found = match reason {
        Some(HiddenFor::Restricted) => "restricted",
        Some(HiddenFor::Deceased) => "deceased",
        Some(HiddenFor::Invalidated) => "withdrawn",
        None => "shown-again",
    };
    let changed = hide(service, number, reason).await? > 0;
    metrics::counter!("cpis_retraced_total", "found" => found).increment(u64::from(changed));
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_round_stands_is_read_again() {
        let person = PersonId::from_stored(77);
        for standing in [Standing { begun: 5, after: None }, Standing { begun: 1_780_000_000, after: person }] {
            assert_eq!(Standing::parse(&standing.to_text()), Some(standing));
        }
        for text in ["", "5", "x done", "5 x", "5 -1"] {
            assert_eq!(Standing::parse(text), None, "{text}");
        }
    }
}
