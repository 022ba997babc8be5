//! What happens to a stored person: their number is superseded, they are hidden or shown again, they are erased. The
//! authorities that hold their plans are told, in the same group of entries.

use crate::error::AppError;
use crate::frame::KeyOf;
use crate::look::still_found;
use crate::recorder::Batch;
use crate::seal::SealKey;
use crate::service::Service;
use cpis_model::Timestamp;
use cpis_model::access::AuthorKey;
use cpis_model::caller::Caller;
use cpis_model::entry::{Entry, HiddenFor, PersonId, What};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::notice::{Report, ReportKind};
use cpis_model::organisation::AuthorityCode;
use cpis_model::time::{days_after, london_day};
use cpis_store::{Effect, Found, StoredAlias, Via};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Days for which a superseded number still finds its person (spec/decisions.md section 4).
pub const SUPERSEDED_DAYS: i32 = 365;

/// What the authorities of a person are told, by the service.
#[derive(Clone)]
struct Told {
    caller: Arc<Caller>,
    author: AuthorKey,
    report: Report,
}

impl Told {
    fn new(service: &Service, kind: ReportKind, replaced_by: Option<NhsNumber>) -> Self {
        let caller = Arc::new(crate::service::own_caller());
        let author = service.keys.ring.reporter("", caller.organisation.code.as_str());
        Self { caller, author, report: Report { kind, phone: None, text: None, replaced_by } }
    }

    /// Adds what every authority is told that holds a plan of the person and did not delete it. Who turned 18 is no concern of those
    /// that hold an unborn child's plan alone.
    fn add(&self, batch: &mut Batch<'_>, at: Timestamp, found: &Found, key: &SealKey) {
        let is_of_age = self.report.kind == ReportKind::Adult;
        let concerns = |kind| !is_of_age || HiddenFor::Adult.hides(kind);
        let kept = found.plans.iter().filter(|plan| plan.dates.delete.is_none() && concerns(plan.kind));
        let authorities: BTreeSet<AuthorityCode> = kept.map(|plan| plan.authority).collect();
        for authority in authorities {
            let (caller, author, report) = (self.caller.clone(), self.author, self.report.clone());
            let (person, what) = (found.person.id, What::Reported { caller, author, authority, report });
            batch.add(&Entry { at, person: Some(person), what }, KeyOf::Person(person), key);
        }
    }
}

/// Demographics replaced a number: the person is found under the surviving one too, and under the old one for 365 days. It may be
/// one that replaced another before.
/// Says how many people it concerned; 0 where nobody is stored under the old number, or whoever is was told of it before.
pub async fn supersede(service: &Service, old: NhsNumber, new: NhsNumber) -> Result<usize, AppError> {
    if old == new {
        return Ok(0);
    }
    let at = service.clock.now();
    let today = london_day(at);
    let until = days_after(today, SUPERSEDED_DAYS);
    let keys = service.keys.clone();
    // Somebody who is stored under the surviving number is found under the old one as well.
    let survivors = service.store.find(vec![keys.ring.find(new)]).await?.into_iter().next().unwrap_or_default();
    let asked = keys.ring.find(old);
    let told = Told::new(service, ReportKind::NumberReplaced, Some(new));
    service
        .recorder
        .record(Some(asked), move |batch, found| {
            let mut count = 0;
            let own = |found: &&Found| matches!(found.via, Via::Own(_)) && still_found(found, today);
            // Their own number, or the one that took its place and is replaced itself now.
            let current =
                |found: &&Found| own(found) || matches!(found.via, Via::Alias(None)) && still_found(found, today);
            // Said before: the new number is theirs already, for good.
            let news = |found: &&Found| {
                !survivors
                    .iter()
                    .any(|other| other.person.id == found.person.id && matches!(other.via, Via::Alias(None)))
            };
            let alias = |found: &Found, number, until| -> Result<StoredAlias, AppError> {
                let key = keys.person(&found.person)?;
                let number_sealed = keys.seal_alias(found.person.id, &key, number);
                Ok(StoredAlias {
                    id: 0,
                    keys: keys.ring.find(number),
                    number: number_sealed,
                    person: found.person.id,
                    until,
                })
            };
            for found in found.iter().filter(current).filter(news) {
                let key = keys.person(&found.person)?;
                let what = What::NumberSuperseded { old, new };
                batch.add(&Entry { at, person: Some(found.person.id), what }, KeyOf::Person(found.person.id), &key);
                batch.effect(match found.via {
                    Via::Own(_) => Effect::EndOwnNumber(found.person.id, until),
                    Via::Alias(_) => Effect::EndAlias(found.person.id, asked, until),
                });
                told.add(batch, at, found, &key);
                batch.effect(Effect::AddAlias(alias(found, new, None)?));
                count += 1;
            }
            if count > 0 {
                for survivor in survivors.iter().filter(own) {
                    let key = keys.person(&survivor.person)?;
                    let what = What::NumberSuperseded { old, new };
                    batch.add(
                        &Entry { at, person: Some(survivor.person.id), what },
                        KeyOf::Person(survivor.person.id),
                        &key,
                    );
                    batch.effect(Effect::AddAlias(alias(survivor, old, Some(until))?));
                }
            }
            Ok(count)
        })
        .await
}

/// Demographics restricted a person, records a death, withdrew the number or says that they are 18 (`Some`), or lifted that (`None`). Hidden at once;
/// kept sealed. Says how many people it concerned.
pub async fn hide(service: &Service, number: NhsNumber, reason: Option<HiddenFor>) -> Result<usize, AppError> {
    let at = service.clock.now();
    let today = london_day(at);
    let keys = service.keys.clone();
    let told = Told::new(
        service,
        match reason {
            Some(HiddenFor::Restricted) => ReportKind::Restricted,
            Some(HiddenFor::Deceased) => ReportKind::Deceased,
            Some(HiddenFor::Invalidated) => ReportKind::NumberWithdrawn,
            Some(HiddenFor::Adult) => ReportKind::Adult,
            None => ReportKind::ShownAgain,
        },
        None,
    );
    service
        .recorder
        .record(Some(keys.ring.find(number)), move |batch, found| {
            let mut count = 0;
            for found in found.iter().filter(|found| still_found(found, today) && found.person.hidden != reason) {
                let key = keys.person(&found.person)?;
                let entry = Entry { at, person: Some(found.person.id), what: What::Hidden(reason) };
                batch.add(&entry, KeyOf::Person(found.person.id), &key);
                batch.effect(Effect::Hide(found.person.id, reason));
                told.add(batch, at, found, &key);
                count += 1;
            }
            Ok(count)
        })
        .await
}

/// Surrogates of the people behind a number, for an erasure: it names them in the key ring before it destroys their keys.
pub async fn people_behind(service: &Service, number: NhsNumber) -> Result<Vec<PersonId>, AppError> {
    let today = london_day(service.clock.now());
    let found = service.store.find(vec![service.keys.ring.find(number)]).await?;
    Ok(found.into_iter().flatten().filter(|found| still_found(found, today)).map(|found| found.person.id).collect())
}

/// Erases a person: their key is destroyed, and everything sealed under it cannot be opened again. The erasure is an entry.
pub async fn erase(service: &Service, person: PersonId, by: &str, why: &str) -> Result<(), AppError> {
    let at = service.clock.now();
    let (key_of, key) = service.month_key(at).await?;
    let what = What::Erased { erased: person, by: by.to_owned(), why: why.to_owned() };
    service
        .recorder
        .record(None, move |batch, _| {
            batch.add(&Entry { at, person: None, what }, key_of, &key);
            batch.effect(Effect::Erase(person));
            Ok(())
        })
        .await
}

/// Replays the erasures that the key ring lists, after a restore: people whom a backup brought back are erased again.
/// Says how many.
pub async fn replay_erasures(service: &Service) -> Result<usize, AppError> {
    let erased: Vec<PersonId> = service.keys.ring.erased().iter().filter_map(|id| PersonId::from_stored(*id)).collect();
    let mut count = 0;
    for person in service.store.people(erased).await? {
        if person.row.data_key.is_some() {
            erase(service, person.row.id, "the service", "erased before; a restore had brought the key back").await?;
            count += 1;
        }
    }
    Ok(count)
}
