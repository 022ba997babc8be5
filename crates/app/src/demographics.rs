//! The demographics port, and one implementation: the local register, for when no national service is asked.

use crate::codec;
use crate::error::AppError;
use crate::people::Keys;
use crate::seal::place;
use async_trait::async_trait;
use cpis_model::Date;
use cpis_model::demographics::{Demographics as Person, Sex, Trace};
use cpis_model::name::fold;
use cpis_model::nhs_number::NhsNumber;
use cpis_store::{RegisterRow, Store};
use std::sync::Arc;
use std::time::Duration;

/// Numbers that one call traces at most.
pub const TRACE_MAX: usize = 500;

/// Pause before demographics is asked again after a fault that does not mend itself.
const MENDING: Duration = Duration::from_mins(5);

/// Why demographics does not say who somebody is. Never to be read as "nobody".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DemographicsFault {
    /// Try again, not before this time has passed.
    #[error("demographics is not available")]
    Away(Duration),
    /// It does not take our requests: the configuration is wrong, or we were shut out.
    #[error("demographics does not admit this installation")]
    Refused,
    /// What it answered cannot be understood.
    #[error("demographics gave an answer that cannot be understood")]
    NotUnderstood,
}

impl DemographicsFault {
    /// The time for which what waits leaves demographics alone.
    pub fn pause(self) -> Duration {
        match self {
            Self::Away(pause) => pause,
            Self::Refused | Self::NotUnderstood => MENDING,
        }
    }
}

/// Traces numbers. Never called on a look: a look must not fail because demographics is away.
#[async_trait]
pub trait Demographics: Send + Sync {
    /// What is known of each number, in order; at most [`TRACE_MAX`] a call. One number is somebody who waits at a screen:
    /// it goes before the many of a file.
    async fn trace(&self, numbers: &[NhsNumber]) -> Result<Vec<Trace>, DemographicsFault>;

    /// Who could be meant. Somebody whose sex is not known is among them.
    async fn search(&self, who: &Search) -> Result<Matches, DemographicsFault>;
}

/// People that a search finds at most: with more than so many, somebody must say more of whom they mean.
pub const FOUND_MAX: usize = 20;

/// Whom a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matches {
    /// So many, at most [`FOUND_MAX`]; nobody, where it is empty.
    People(Vec<(NhsNumber, Person)>),
    /// More than are shown. A service may show one only.
    TooMany,
}

/// Whom somebody is looking for.
#[derive(Clone)]
pub struct Search {
    /// Family name.
    pub family: String,
    /// Date of birth.
    pub birth: Date,
    /// Sex.
    pub sex: Sex,
}

/// A row of the local register, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterEntry {
    /// The number.
    pub number: NhsNumber,
    /// The person; `None` where the number was withdrawn.
    pub person: Option<Person>,
    /// The number that replaced this one.
    pub superseded_by: Option<NhsNumber>,
}

/// The database did not answer: what waits tries again in its next round.
const AWAY: DemographicsFault = DemographicsFault::Away(Duration::ZERO);

/// The local register: sealed rows in the database.
pub struct LocalRegister {
    store: Arc<dyn Store>,
    keys: Keys,
}

fn person_place(digest: &cpis_store::NumberKeys) -> Vec<u8> {
    // Whichever column there is: a rotation seals the row again.
    place("register.person", &[&digest.a.or(digest.b).unwrap_or_default()])
}

impl LocalRegister {
    /// The register in this database.
    pub fn new(store: Arc<dyn Store>, keys: Keys) -> Self {
        Self { store, keys }
    }

    /// Adds or replaces entries.
    pub async fn put(&self, entries: &[RegisterEntry]) -> Result<(), AppError> {
        for part in entries.chunks(TRACE_MAX) {
            let rows = part.iter().map(|entry| self.seal(entry)).collect();
            self.store.register_put(rows).await?;
        }
        Ok(())
    }

    fn seal(&self, entry: &RegisterEntry) -> RegisterRow {
        let keys = self.keys.ring.find(entry.number);
        let text = codec::encode_register(entry);
        let person = self.keys.ring.seal(&*self.keys.entropy, &person_place(&keys), &text);
        let search =
            entry.person.as_ref().map(|person| self.keys.ring.search(&fold(&person.name.family), person.birth));
        RegisterRow { id: 0, keys, person, search: search.unwrap_or_default() }
    }

    fn open(&self, row: &RegisterRow) -> Option<RegisterEntry> {
        let opened = self.keys.ring.open(&person_place(&row.keys), &row.person).ok()?;
        codec::decode_register(&opened).ok()
    }

    /// Seals all rows again under the active key, `rows_max` at a time; says how many.
    pub(crate) async fn reseal(&self, rows_max: u32) -> Result<u64, AppError> {
        let (mut after, mut count) = (0, 0);
        loop {
            let rows = self.store.register_after(after, rows_max).await?;
            let Some(last) = rows.last() else { return Ok(count) };
            after = last.id;
            let mut fresh = Vec::with_capacity(rows.len());
            for row in &rows {
                let entry = self.open(row).ok_or_else(|| AppError::damaged(format!("register {}", row.id)))?;
                fresh.push(RegisterRow { id: row.id, ..self.seal(&entry) });
            }
            count += fresh.len() as u64;
            self.store.register_put(fresh).await?;
        }
    }
}

#[async_trait]
impl Demographics for LocalRegister {
    async fn trace(&self, numbers: &[NhsNumber]) -> Result<Vec<Trace>, DemographicsFault> {
        let asked = numbers.iter().map(|number| self.keys.ring.find(*number)).collect();
        let rows = self.store.register_find(asked).await.map_err(|error| {
            tracing::warn!(%error, "the local register does not answer");
            AWAY
        })?;
        rows.iter()
            .map(|row| {
                let Some(row) = row else { return Ok(Trace::Unknown) };
                let entry = self.open(row).ok_or_else(|| {
                    tracing::error!(row = row.id, "a row of the local register does not open");
                    DemographicsFault::NotUnderstood
                })?;
                Ok(match (entry.superseded_by, entry.person) {
                    (Some(number), _) => Trace::Superseded(number),
                    (None, Some(person)) => Trace::Found(person),
                    (None, None) => Trace::Unknown,
                })
            })
            .collect()
    }

    async fn search(&self, who: &Search) -> Result<Matches, DemographicsFault> {
        let asked = self.keys.ring.search(&fold(&who.family), who.birth);
        // People of another sex are sorted out afterwards.
        let rows = self.store.register_search(asked, 4 * FOUND_MAX as u32).await.map_err(|error| {
            tracing::warn!(%error, "the local register does not answer");
            AWAY
        })?;
        let mut found = Vec::new();
        for row in &rows {
            let entry = self.open(row).ok_or_else(|| {
                tracing::error!(row = row.id, "a row of the local register does not open");
                DemographicsFault::NotUnderstood
            })?;
            let person = entry.person.filter(|person| person.sex.is_none_or(|sex| sex == who.sex));
            found.extend(person.map(|person| (entry.number, person)));
        }
        Ok(if found.len() > FOUND_MAX { Matches::TooMany } else { Matches::People(found) })
    }
}
