//! Emergency accounts: an attempt with name, password and code, judged once.
//!
//! A right pair is let in however many wrong ones came before: nobody may lock out those for whom the accounts are. What
//! keeps guesses off is the length of the password, the code, and that few attempts are judged at a time.

use cpis_app::sessions::{Account, Accounts};
use cpis_app::{AppError, Service};
use cpis_identity::{LocalAccount, SignedIn, verify_password};
use cpis_model::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// Attempts that are judged at a time. Each takes 19 MiB and some tens of milliseconds.
const AT_A_TIME: usize = 2;
static JUDGED: Semaphore = Semaphore::const_new(AT_A_TIME);

/// Longest name of an account in bytes.
const NAME_BYTES_MAX: usize = 64;

/// What is kept of an account beside what it is.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptAccount {
    /// The account.
    pub account: LocalAccount,
    /// The step of the last code that was accepted: no code is taken twice.
    pub used: Option<u64>,
}

impl KeptAccount {
    /// A new account.
    pub fn new(account: LocalAccount) -> Self {
        Self { account, used: None }
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

/// Who an attempt lets in, if anybody. It takes as long whether there is such an account or not; with too many at once the
/// service says that it is busy.
pub(crate) async fn attempt(
    service: &Service,
    name: &str,
    password: &str,
    code: &str,
    now: Timestamp,
) -> Result<Option<Box<SignedIn>>, AppError> {
    let _judged = JUDGED.try_acquire().map_err(|_| AppError::unavailable())?;
    if name.len() > NAME_BYTES_MAX {
        return Ok(None);
    }
    let accounts = Accounts { store: &*service.store, keys: &service.keys };
    let found = accounts.find(name).await?;
    let kept = found.as_ref().and_then(|found| KeptAccount::from_bytes(&found.body));
    let (password, code) = (password.to_owned(), code.to_owned());
    let (Some(found), Some(mut kept)) = (found, kept) else {
        blocking(move || verify_password(&password, None)).await?;
        return Ok(None);
    };
    let (account, used) = (kept.account.clone(), kept.used);
    let Some(step) = blocking(move || account.accepts(&password, &code, used, now)).await? else { return Ok(None) };
    kept.used = Some(step);
    let fresh = Account { body: kept.to_bytes(), ..found };
    // Otherwise somebody else used an account of this name at the same moment, perhaps with the same code.
    let saved = accounts.save(&fresh, now).await?;
    Ok(saved.then(|| Box::new(kept.account.signed_in(now))))
}

/// Hashing takes some tens of milliseconds.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| AppError::Internal("hashing a password ended".to_owned()))
}
