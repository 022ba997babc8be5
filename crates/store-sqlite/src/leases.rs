//! Leases: one process has the file, so they live in its memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who has what until when.
#[derive(Default)]
pub(crate) struct Leases(Mutex<HashMap<String, (u64, Instant)>>);

impl Leases {
    /// Takes or renews a lease, unless another holder's has not run out.
    pub(crate) fn take(&self, name: String, holder: u64, ms: u32) -> bool {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if leases.get(&name).is_some_and(|(other, until)| *other != holder && *until > now) {
            return false;
        }
        leases.insert(name, (holder, now + Duration::from_millis(u64::from(ms))));
        true
    }

    /// Gives a lease back.
    pub(crate) fn end(&self, name: &str, holder: u64) {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if leases.get(name).is_some_and(|(own, _)| *own == holder) {
            leases.remove(name);
        }
    }
}
