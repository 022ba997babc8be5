//! Accounts of our own for the day on which no issuer answers ("break glass"): a password and a one-time code. They are
//! off unless an operator makes one; the door alarms and records each use.

use crate::mapping::Activity;
use crate::role::{self, RoleChoice};
use crate::signed_in::SignedIn;
use crate::totp::TotpSecret;
use crate::wire;
use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use cpis_model::Timestamp;
use cpis_model::organisation::OdsCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// What stands for the issuer of a local account.
pub const LOCAL_ISSUER: &str = "local";

/// What stands for the role code of a local account.
const ROLE_CODE: &str = "LOCAL";

/// Least characters of a password. Source: NIST SP 800-63B asks for 8 beside a second factor; these accounts are worth more.
const PASSWORD_CHARS_MIN: usize = 12;
/// Longest password in bytes.
const PASSWORD_BYTES_MAX: usize = 1024;

/// Cost of a hash: 19 MiB, two passes, one lane. Source: OWASP password storage cheat sheet, Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Most memory that a stored hash may ask for, in KiB.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;

/// What is wrong with a password or an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocalError {
    /// Too short or too long.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters and at most {PASSWORD_BYTES_MAX} bytes")]
    Password,
    /// Not a hash that we would make.
    #[error("the hash must be argon2id, at least as costly as ours, in PHC format")]
    Hash,
    /// The id of an account.
    #[error("the id of an account has 1 to 64 visible ASCII characters")]
    Id,
    /// The name of an account.
    #[error("the name of an account is missing")]
    Name,
    /// The activities of an account.
    #[error("an account without an activity may do nothing")]
    Activities,
}

/// A hash of a password, in PHC format. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PasswordHash {
    type Err = LocalError;

    fn from_str(text: &str) -> Result<Self, LocalError> {
        let hash = phc::PasswordHash::new(text).map_err(|_| LocalError::Hash)?;
        let params = Params::try_from(&hash).map_err(|_| LocalError::Hash)?;
        let is_strong = (MEMORY_KIB..=MEMORY_KIB_MAX).contains(&params.m_cost()) && params.t_cost() >= PASSES;
        let is_ours = hash.algorithm.as_str() == "argon2id" && hash.hash.is_some();
        if is_strong && is_ours { Ok(Self(text.to_owned())) } else { Err(LocalError::Hash) }
    }
}

fn hasher() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash of a password with this salt, which must be fresh. It takes some tens of milliseconds: not on a thread that
/// serves requests.
pub fn hash_password(password: &str, salt: [u8; 16]) -> Result<PasswordHash, LocalError> {
    if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
        return Err(LocalError::Password);
    }
    let hasher = hasher().ok_or(LocalError::Hash)?;
    let hash = hasher.hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| LocalError::Hash)?;
    hash.to_string().parse()
}

/// Whether it is the password of this hash. Without a hash (nobody has such an account) it takes as long and is not.
pub fn verify_password(password: &str, hash: Option<&PasswordHash>) -> bool {
    if password.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    let Some(hasher) = hasher() else { return false };
    let Some(hash) = hash else {
        let _ = hasher.hash_password_with_salt(password.as_bytes(), &[0; 16]);
        return false;
    };
    phc::PasswordHash::new(&hash.0).is_ok_and(|hash| hasher.verify_password(password.as_bytes(), &hash).is_ok())
}

/// An account of our own. `Debug` shows its organisation only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct LocalAccount(Written);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    name: String,
    #[serde(with = "wire::text")]
    organisation: OdsCode,
    #[serde(default, with = "wire::texts")]
    sites: Vec<OdsCode>,
    activities: Vec<Activity>,
    #[serde(with = "wire::text")]
    password: PasswordHash,
    #[serde(with = "wire::text")]
    totp: TotpSecret,
}

impl fmt::Debug for LocalAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalAccount(at {})", self.0.organisation)
    }
}

impl TryFrom<Written> for LocalAccount {
    type Error = LocalError;

    fn try_from(written: Written) -> Result<Self, LocalError> {
        let name = role::name(&Value::from(written.name.as_str())).ok_or(LocalError::Name)?;
        role::code(&Value::from(written.id.as_str())).ok_or(LocalError::Id)?;
        if written.activities.is_empty() {
            return Err(LocalError::Activities);
        }
        Ok(Self(Written { name, ..written }))
    }
}

impl From<LocalAccount> for Written {
    fn from(account: LocalAccount) -> Self {
        account.0
    }
}

impl LocalAccount {
    /// The account's id, with which its holder signs in.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Whether password and one-time code are this account's: the step of the code, which the caller keeps and gives
    /// as `used` the next time. Both are looked at in any case, so that the time does not tell which was wrong.
    pub fn accepts(&self, password: &str, code: &str, used: Option<u64>, now: Timestamp) -> Option<u64> {
        let step = self.0.totp.accepts(code, used, now);
        if verify_password(password, Some(&self.0.password)) { step } else { None }
    }

    /// Its holder, signed in, in the one role that the account has.
    pub fn signed_in(&self, now: Timestamp) -> SignedIn {
        let Written { id, name, organisation, sites, activities, .. } = &self.0;
        let role = RoleChoice {
            id: id.clone(),
            code: ROLE_CODE.to_owned(),
            name: "Local account".to_owned(),
            organisation: *organisation,
            organisation_name: None,
            sites: sites.clone(),
            activities: activities.clone(),
        };
        SignedIn {
            issuer: LOCAL_ISSUER.to_owned(),
            subject: id.clone(),
            sid: None,
            user_id: id.clone(),
            name: name.clone(),
            acr: None,
            authenticated_at: now,
            choices: vec![role],
            selected: None,
        }
    }
}

#[cfg(test)]
mod tests;
