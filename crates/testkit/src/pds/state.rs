//! What it knows, what it gave, and which trouble is due.

use super::people::{Away, Entry, Named, People};
use super::{Application, Trouble};
use axum::http::{HeaderMap, header};
use cpis_model::Timestamp;
use cpis_model::nhs_number::NhsNumber;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Life of a token in seconds, as on the real platform.
const TOKEN_SECONDS: u32 = 599;
/// Ids of requests that are remembered.
const REQUEST_IDS_MAX: usize = 10_000;

type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// Troubles that are due.
#[derive(Default)]
pub(super) struct Troubles {
    pub next: Option<(u32, Trouble)>,
    pub always: Option<Trouble>,
    pub tokens: Option<(u32, Trouble)>,
}

pub(super) struct State {
    pub url: String,
    pub application: Application,
    pub clock: Clock,
    people: Mutex<HashMap<NhsNumber, Entry>>,
    elsewhere: Option<Arc<dyn People>>,
    troubles: Mutex<Troubles>,
    /// Tokens with the second in which they end.
    tokens: Mutex<HashMap<String, i64>>,
    used: Mutex<HashSet<String>>,
    counts: Mutex<HashMap<String, u64>>,
    request_ids: Mutex<VecDeque<String>>,
    slow: Mutex<Duration>,
    pub token_seconds: AtomicU32,
    pub given: AtomicU64,
    pub here: AtomicU64,
    pub most: AtomicU64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub fn new(url: String, application: Application, elsewhere: Option<Arc<dyn People>>, clock: Clock) -> Self {
        Self {
            url,
            application,
            clock,
            people: Mutex::default(),
            elsewhere,
            troubles: Mutex::default(),
            tokens: Mutex::default(),
            used: Mutex::default(),
            counts: Mutex::default(),
            request_ids: Mutex::default(),
            slow: Mutex::default(),
            token_seconds: AtomicU32::new(TOKEN_SECONDS),
            given: AtomicU64::new(0),
            here: AtomicU64::new(0),
            most: AtomicU64::new(0),
        }
    }

    pub fn people(&self) -> MutexGuard<'_, HashMap<NhsNumber, Entry>> {
        locked(&self.people)
    }

    pub fn troubles(&self) -> MutexGuard<'_, Troubles> {
        locked(&self.troubles)
    }

    pub fn tokens(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        locked(&self.tokens)
    }

    pub fn counts(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        locked(&self.counts)
    }

    /// Assertions that served.
    pub fn used(&self) -> MutexGuard<'_, HashSet<String>> {
        locked(&self.used)
    }

    pub fn request_ids(&self) -> MutexGuard<'_, VecDeque<String>> {
        locked(&self.request_ids)
    }

    pub fn slow(&self) -> MutexGuard<'_, Duration> {
        locked(&self.slow)
    }

    pub fn token_url(&self) -> String {
        format!("{}/oauth2/token", self.url)
    }

    /// Remembers the id of a request.
    pub fn note(&self, request_id: &str) {
        let mut ids = self.request_ids();
        if ids.len() == REQUEST_IDS_MAX {
            ids.pop_front();
        }
        ids.push_back(request_id.to_owned());
    }

    /// What is known of a number, here or elsewhere.
    pub async fn known(&self, number: NhsNumber) -> Result<Option<Entry>, Away> {
        let here = self.people().get(&number).cloned();
        match (here, &self.elsewhere) {
            (None, Some(elsewhere)) => elsewhere.of(number).await,
            (here, _) => Ok(here),
        }
    }

    /// Whom a search finds, here and elsewhere.
    pub async fn named(&self, family: &str, birth: &str, gender: Option<&str>) -> Result<Named, Away> {
        let here = {
            let people = self.people();
            let mut found = people.iter().filter_map(|(number, entry)| match entry {
                Entry::Person(person) if person.matches(family, birth, gender) => Some((*number, person)),
                _ => None,
            });
            match (found.next(), found.next()) {
                (None, _) => Named::Nobody,
                (Some((number, person)), None) => Named::One(number, person.clone()),
                _ => Named::Many,
            }
        };
        let (Some(elsewhere), Ok(birth)) = (&self.elsewhere, birth.parse()) else { return Ok(here) };
        let there = match elsewhere.named(family, birth, gender).await? {
            Named::One(number, _) if self.people().contains_key(&number) => Named::Nobody,
            there => there,
        };
        Ok(match (here, there) {
            (one, Named::Nobody) | (Named::Nobody, one) => one,
            _ => Named::Many,
        })
    }

    /// The trouble that a request meets.
    pub fn meet(&self, is_token: bool) -> Option<Trouble> {
        let mut troubles = self.troubles();
        let Troubles { next, always, tokens } = &mut *troubles;
        let counted = if is_token { tokens } else { next };
        match counted {
            Some((left, trouble)) if *left > 0 => {
                *left -= 1;
                Some(trouble.clone())
            }
            _ => always.clone().filter(|_| !is_token),
        }
    }

    /// Whether a request's token serves.
    pub fn admits(&self, headers: &HeaderMap) -> bool {
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let ends = token.and_then(|token| self.tokens().get(token).copied());
        ends.is_some_and(|ends| (self.clock)().as_second() < ends)
    }
}
