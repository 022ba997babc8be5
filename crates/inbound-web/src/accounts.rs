//! Emergency accounts: an attempt with name, password and code, judged once.

use cpis_app::sessions::{Account, Accounts};
use cpis_app::{AppError, Service};
use cpis_identity::{LocalAccount, SignedIn, verify_password};
use cpis_model::Timestamp;
use serde::{Deserialize, Serialize};

/// Wrong attempts after which an account is locked.
const FAILURES_MAX: u32 = 5;
/// Seconds for which it is locked then.
const LOCKED_SECONDS: i64 = 15 * 60;

/// What is kept of an account beside what it is.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptAccount {
    /// The account.
    pub account: LocalAccount,
    /// The step of the last code that was accepted: no code is taken twice.
    pub used: Option<u64>,
    /// Wrong attempts since the last good one.
    pub failures: u32,
    /// Until when it is locked, in seconds since 1970.
    pub locked_until: i64,
}

impl KeptAccount {
    /// A new account.
    pub fn new(account: LocalAccount) -> Self {
        Self { account, used: None, failures: 0, locked_until: 0 }
    }

    /// Its bytes, to be sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What was sealed.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// What came of an attempt.
pub(crate) enum Attempt {
    Accepted(Box<SignedIn>),
    Wrong,
    Locked,
}

/// Judges an attempt. It takes as long whether there is such an account or not.
pub(crate) async fn attempt(
    service: &Service,
    name: &str,
    password: &str,
    code: &str,
    now: Timestamp,
) -> Result<Attempt, AppError> {
    let accounts = Accounts { store: &*service.store, keys: &service.keys };
    let found = accounts.find(name).await?;
    let kept = found.as_ref().and_then(|found| KeptAccount::from_bytes(&found.body));
    let (Some(found), Some(mut kept)) = (found, kept) else {
        let password = password.to_owned();
        blocking(move || verify_password(&password, None)).await?;
        return Ok(Attempt::Wrong);
    };
    if now.as_second() < kept.locked_until {
        return Ok(Attempt::Locked);
    }
    let (account, used, password, code) = (kept.account.clone(), kept.used, password.to_owned(), code.to_owned());
    let step = blocking(move || account.accepts(&password, &code, used, now)).await?;
    if let Some(step) = step {
        (kept.used, kept.failures, kept.locked_until) = (Some(step), 0, 0);
    } else {
        kept.failures += 1;
        if kept.failures >= FAILURES_MAX {
            (kept.failures, kept.locked_until) = (0, now.as_second() + LOCKED_SECONDS);
        }
    }
    let body = kept.to_bytes();
    let saved = accounts.save(&Account { body, ..found }, now).await?;
    // Somebody else tried at the same moment: one of the two codes may be the same.
    if step.is_none() || !saved {
        return Ok(Attempt::Wrong);
    }
    Ok(Attempt::Accepted(Box::new(kept.account.signed_in(now))))
}

/// Hashing takes some tens of milliseconds.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| AppError::Internal("hashing a password ended".to_owned()))
}
