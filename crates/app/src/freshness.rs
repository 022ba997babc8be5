//! How old an authority's data is: when its last file took effect.

use crate::error::AppError;
use crate::service::Service;
use cpis_model::Timestamp;
use cpis_model::organisation::AuthorityCode;
use std::sync::{Arc, PoisonError};

/// Hours after which the next file should have come: authorities send one a day (spec/domain.md section 4), and two hours of
/// grace.
pub const LATE_HOURS: i64 = 26;
/// Seconds for which the ages of all authorities' data are kept in memory.
const KEPT_SECONDS: i64 = 60;

/// How old an authority's data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The authority.
    pub authority: AuthorityCode,
    /// When its last file took effect.
    pub last: Timestamp,
}

impl Freshness {
    /// Whether its next file should have come by now.
    pub fn is_late(&self, now: Timestamp) -> bool {
        now.as_second() - self.last.as_second() > LATE_HOURS * 3_600
    }
}

/// All of them, as they were at a moment.
pub(crate) type Kept = Option<(Timestamp, Arc<[Freshness]>)>;

/// How old one authority's data is; nothing before its first file.
pub async fn of_one(service: &Service, authority: AuthorityCode) -> Result<Option<Freshness>, AppError> {
    let state = service.store.upload_state(authority).await?;
    Ok(state.last_at.map(|last| Freshness { authority, last }))
}

/// How old the data of every authority is that has sent any. It may be a minute behind.
pub async fn of_all(service: &Service) -> Result<Arc<[Freshness]>, AppError> {
    let now = service.clock.now();
    let kept = service.fresh.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let is_fresh = |at: Timestamp| (0..KEPT_SECONDS).contains(&(now.as_second() - at.as_second()));
    if let Some((_, all)) = kept.filter(|(at, _)| is_fresh(*at)) {
        return Ok(all);
    }
    let mut all = Vec::new();
    for (authority, _) in service.register.get().authorities() {
        all.extend(of_one(service, authority).await?);
    }
    let all: Arc<[Freshness]> = all.into();
    *service.fresh.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, all.clone()));
    Ok(all)
}
