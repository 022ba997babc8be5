//! Where an issuer's keys come from: its published set, read ahead of need and kept while the issuer is away.
//!
//! Nothing in a token says where to look: `jku`, `x5u` and `jwk` are never followed. An unknown key id makes the set be
//! read again, one reading at a time and at most one in [`UNKNOWN_KEY_SECONDS`].

use crate::error::Fault;
use crate::fetch;
use crate::keys::{Key, KeySet};
use crate::mapping::{Faults, Mapping};
use cpis_model::Timestamp;
use jsonwebtoken::Algorithm;
use reqwest::{Client, Url};
use serde_json::Value;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;

/// Least seconds between two readings that unknown key ids cause.
const UNKNOWN_KEY_SECONDS: i64 = 10;

/// Keys that could not be read again for so long are not trusted any more. No token outlives it by default
/// (`lifetime_hours_max`), so that an issuer's absence alone never shuts anybody out sooner.
const KEYS_HOURS_MAX: i64 = 24;

/// The keys of one issuer. A clone is the same source: bearer tokens and sign-ins share one reading.
#[derive(Clone)]
pub struct KeySource(Origin);

#[derive(Clone)]
enum Origin {
    Fixed(Arc<KeySet>),
    Published(Arc<Published>),
}

impl KeySource {
    /// Keys as the mapping's issuer publishes them. Nothing is read yet: [`crate::Verifier::refresh`] does.
    pub fn published(mapping: &Mapping) -> Result<Self, Faults> {
        let client = fetch::client(&mapping.issuer_url).map_err(|fault| Faults(vec![fault]))?;
        let published =
            Published { mapping: mapping.clone(), client, held: RwLock::default(), reading: Mutex::default() };
        Ok(Self(Origin::Published(Arc::new(published))))
    }

    /// Keys that never change, as the text of a JWK set.
    pub fn fixed(jwks: &str) -> Result<Self, Faults> {
        let set = KeySet::parse(jwks.as_bytes()).ok_or_else(|| Faults(vec!["the text is no JWK set".to_owned()]))?;
        Ok(Self(Origin::Fixed(Arc::new(set))))
    }

    /// The key that a token means.
    pub(crate) async fn key(&self, id: Option<&str>, algorithm: Algorithm, now: Timestamp) -> Result<Arc<Key>, Fault> {
        let published = match &self.0 {
            Origin::Fixed(set) => return set.find(id, algorithm).cloned().ok_or(Fault::Key),
            Origin::Published(published) => published,
        };
        let held = published.held();
        if held.is_usable(now) {
            if let Some(key) = held.set.find(id, algorithm) {
                return Ok(key.clone());
            }
            if id.is_none() {
                return Err(Fault::Key);
            }
        }
        read(published, held, Cause::UnknownKey, now).await;
        let held = published.held();
        if !held.is_usable(now) {
            return Err(Fault::KeysAway);
        }
        held.set.find(id, algorithm).cloned().ok_or(Fault::Key)
    }

    /// Reads the set again when it is time to. Says whether keys are held.
    pub(crate) async fn refresh(&self, now: Timestamp) -> bool {
        let Origin::Published(published) = &self.0 else {
            return true;
        };
        let held = published.held();
        if held.age_seconds(now).is_none_or(|age| age >= published.mapping.written.refresh_seconds) {
            read(published, held, Cause::Time, now).await;
        }
        published.held().is_usable(now)
    }

    /// The issuer that the keys are read from; none for fixed keys.
    pub(crate) fn issuer(&self) -> Option<&str> {
        match &self.0 {
            Origin::Fixed(_) => None,
            Origin::Published(published) => Some(published.mapping.issuer()),
        }
    }
}

struct Published {
    mapping: Mapping,
    client: Client,
    held: RwLock<Arc<Held>>,
    reading: Mutex<Reading>,
}

/// The set as last read.
#[derive(Default)]
struct Held {
    set: KeySet,
    at: Option<Timestamp>,
}

/// State of the one reading at a time.
#[derive(Default)]
struct Reading {
    tried: Option<Timestamp>,
    keys_at: Option<Url>,
}

#[derive(Clone, Copy, PartialEq)]
enum Cause {
    Time,
    UnknownKey,
}

impl Held {
    /// Seconds since it was read; none when it never was, or in the future of a clock that was put back.
    fn age_seconds(&self, now: Timestamp) -> Option<i64> {
        self.at.map(|at| now.as_second() - at.as_second()).filter(|age| *age >= 0)
    }

    fn is_usable(&self, now: Timestamp) -> bool {
        self.at.is_some_and(|at| now.as_second() - at.as_second() < KEYS_HOURS_MAX * 3600)
    }
}

/// In a task of its own, so that a caller who goes away cannot cut the reading off for the others.
async fn read(published: &Arc<Published>, seen: Arc<Held>, cause: Cause, now: Timestamp) {
    let published = published.clone();
    if tokio::spawn(async move { published.read(&seen, cause, now).await }).await.is_err() {
        tracing::error!("reading an issuer's keys failed unexpectedly");
    }
}

impl Published {
    fn held(&self) -> Arc<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn read(&self, seen: &Arc<Held>, cause: Cause, now: Timestamp) {
        let mut reading = self.reading.lock().await;
        if !Arc::ptr_eq(&self.held(), seen) {
            return; // somebody else read it while we waited
        }
        if cause == Cause::UnknownKey {
            let since = reading.tried.map(|tried| now.as_second() - tried.as_second());
            if since.is_some_and(|seconds| (0..UNKNOWN_KEY_SECONDS).contains(&seconds)) {
                return;
            }
            reading.keys_at = None; // the set may have moved
        }
        reading.tried = Some(now);
        let outcome = match self.fetch(&mut reading.keys_at).await {
            Ok(set) => {
                let set = set.replacing(&seen.set);
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Held { set, at: Some(now) });
                "read"
            }
            Err(reason) => {
                reading.keys_at = None;
                tracing::warn!(issuer = self.mapping.issuer(), reason, "an issuer's keys could not be read");
                reason
            }
        };
        metrics::counter!("cpis_token_key_readings_total", "outcome" => outcome).increment(1);
    }

    async fn fetch(&self, keys_at: &mut Option<Url>) -> Result<KeySet, &'static str> {
        let url = match (&self.mapping.jwks_url, keys_at.as_ref()) {
            (Some(told), _) => told.clone(),
            (None, Some(known)) => known.clone(),
            (None, None) => self.discover().await?,
        };
        let set = KeySet::parse(&fetch::document(&self.client, url.clone()).await?).ok_or("no-key-set")?;
        *keys_at = Some(url);
        Ok(set)
    }

    async fn discover(&self) -> Result<Url, &'static str> {
        let document = fetch::discovery(&self.client, self.mapping.issuer()).await?;
        let keys_at = document.get("jwks_uri").and_then(Value::as_str).and_then(|uri| Url::parse(uri).ok());
        keys_at.filter(|url| self.mapping.trusts_keys_at(url)).ok_or("keys-elsewhere")
    }
}
