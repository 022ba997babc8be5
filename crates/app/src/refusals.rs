//! Refusals of callers nobody knows: counted, and written as one entry a minute. They owe no entry of their own, so that a
//! flood of bad tokens does not fill the journal.

use crate::error::AppError;
use crate::service::Service;
use cpis_model::entry::What;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Kinds of refusal that are told apart at most.
const KINDS_MAX: usize = 64;

/// Counts since the last entry.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<BTreeMap<&'static str, u64>>);

impl Refusals {
    /// Counts one. `kind` is a fixed word, never anything from the request.
    pub fn count(&self, kind: &'static str) {
        metrics::counter!("cpis_refused_unknown_total", "kind" => kind).increment(1);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() < KINDS_MAX || counts.contains_key(kind) {
            *counts.entry(kind).or_default() += 1;
        }
    }

    fn take(&self) -> Vec<(String, u64)> {
        let counts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        counts.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect()
    }
}

/// Writes what was counted since the last time, if anything was.
pub async fn write_summary(service: &Service) -> Result<(), AppError> {
    let counts = service.refusals.take();
    if counts.is_empty() {
        return Ok(());
    }
    service.record_one(What::RefusedUnknown { counts }).await
}
