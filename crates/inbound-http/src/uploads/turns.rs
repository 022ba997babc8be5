//! How many uploads run at once, of all and of each authority, so that one authority never shuts the others out.

use crate::door::Door;
use crate::failure::RETRY_AFTER_SECONDS;
use crate::problem::Problem;
use cpis_model::organisation::AuthorityCode;
use http::StatusCode;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedSemaphorePermit;

/// Uploads that run, by authority.
#[derive(Default)]
pub struct Senders(Mutex<HashMap<AuthorityCode, usize>>);

/// A place among the uploads that run; it is free again when this is dropped.
pub struct Turn {
    _slot: OwnedSemaphorePermit,
    _entered: Entered,
}

struct Entered {
    senders: Arc<Senders>,
    authority: AuthorityCode,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut running = self.senders.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.authority) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                running.remove(&self.authority);
            }
        }
    }
}

/// Takes a place, or says why there is none.
pub async fn take(door: &Door, authority: AuthorityCode) -> Result<Turn, Problem> {
    let limits = door.http.limits;
    let entered = enter(&door.senders, authority, limits.upload_slots_of_authority).ok_or_else(|| {
        let words = "Too many files of this authority are being sent at once.";
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-uploads", words).retry_after(RETRY_AFTER_SECONDS)
    })?;
    let slot = tokio::time::timeout(limits.upload_wait_time(), door.upload_slots.clone().acquire_owned()).await;
    match slot {
        Ok(Ok(slot)) => Ok(Turn { _slot: slot, _entered: entered }),
        Ok(Err(_)) | Err(_) => Err(Problem::busy()),
    }
}

fn enter(senders: &Arc<Senders>, authority: AuthorityCode, most: usize) -> Option<Entered> {
    let mut running = senders.0.lock().unwrap_or_else(PoisonError::into_inner);
    let count = running.entry(authority).or_default();
    if *count >= most {
        return None;
    }
    *count += 1;
    Some(Entered { senders: senders.clone(), authority })
}
