//! Callers of tokens that were verified a moment ago.
//!
//! Checking a signature costs some hundred times more than a look-up, and one page asks several times with one token.
//! An entry is good until the token's `exp` and for at most [`SECONDS_MAX`]; then signature, key, claims and register are
//! judged anew, so that whatever changes on our side holds for everybody a minute later. A key that its issuer has
//! withdrawn ends its entries at once, and so does a change of the register: no caller keeps an old site or setting. Refusals are not kept: a forger must not fill the table.

use crate::keys::Key;
use cpis_model::caller::Caller;
use cpis_model::register::Register;
use cpis_model::{Date, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Longest life of an entry.
pub(crate) const SECONDS_MAX: i64 = 60;
/// Most entries.
pub(crate) const ENTRIES_MAX: usize = 10_000;
const SHARDS: usize = 16;

/// SHA-256 of the token and of what the request chooses with; the token itself is not kept.
pub(crate) type Fingerprint = [u8; 32];

/// The fingerprint of a request. Lengths stand first, so that no two requests are written alike.
pub(crate) fn fingerprint(token: &[u8], role: Option<&str>, place: Option<&str>) -> Fingerprint {
    let mut hash = Sha256::new();
    for part in [Some(token), role.map(str::as_bytes), place.map(str::as_bytes)] {
        hash.update(part.map_or(u64::MAX, |part| part.len() as u64).to_le_bytes());
        hash.update(part.unwrap_or_default());
    }
    hash.finalize().into()
}

struct Entry {
    caller: Arc<Caller>,
    key: Arc<Key>,
    /// By which register the caller was judged.
    register: Judged,
    from: i64,
    until: i64,
}

/// The last change and the day of a register.
type Judged = (u64, Option<Date>);

fn judged(register: &Register) -> Judged {
    (register.number(), register.day())
}

type Shard = RwLock<HashMap<Fingerprint, Entry>>;

/// The table.
#[derive(Default)]
pub(crate) struct Cache([Shard; SHARDS]);

impl Cache {
    /// The caller, when this request was verified within the last minute and nothing has ended since.
    pub(crate) fn get(&self, fingerprint: &Fingerprint, register: &Register, now: Timestamp) -> Option<Arc<Caller>> {
        let now = now.as_second();
        let shard = self.shard(fingerprint).read().unwrap_or_else(PoisonError::into_inner);
        let entry = shard.get(fingerprint)?;
        let is_good =
            (entry.from..entry.until).contains(&now) && !entry.key.is_withdrawn() && entry.register == judged(register);
        is_good.then(|| entry.caller.clone())
    }

    /// Keeps a caller whose token expires at this second.
    pub(crate) fn put(
        &self,
        fingerprint: Fingerprint,
        caller: Arc<Caller>,
        key: Arc<Key>,
        register: &Register,
        now: Timestamp,
        expires: i64,
    ) {
        let from = now.as_second();
        let until = expires.min(from.saturating_add(SECONDS_MAX));
        let entry = Entry { caller, key, register: judged(register), from, until };
        let mut shard = self.shard(&fingerprint).write().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= ENTRIES_MAX / SHARDS {
            shard.retain(|_, entry| (entry.from..entry.until).contains(&from) && !entry.key.is_withdrawn());
        }
        if shard.len() >= ENTRIES_MAX / SHARDS {
            let soonest = shard.iter().min_by_key(|(_, entry)| entry.until).map(|(fingerprint, _)| *fingerprint);
            soonest.map(|fingerprint| shard.remove(&fingerprint));
        }
        shard.insert(fingerprint, entry);
    }

    fn shard(&self, fingerprint: &Fingerprint) -> &Shard {
        let [first, ..] = fingerprint;
        let [shard, ..] = &self.0;
        self.0.get(usize::from(*first) % SHARDS).unwrap_or(shard)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.iter().map(|shard| shard.read().unwrap().len()).sum()
    }
}

#[cfg(test)]
mod tests;
