//! A person who signed in: who they are and which roles they hold. Kept in a session, sealed by the door.

use crate::caller;
use crate::error::Fault;
use crate::mapping::Mapping;
use crate::role::{self, RoleChoice};
use crate::sign_in_error::SignInError;
use crate::wire;
use cpis_model::Timestamp;
use cpis_model::caller::Caller;
use cpis_model::organisation::OdsCode;
use cpis_model::register::Register;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Most roles of one person.
pub const ROLES_MAX: usize = 100;

/// Longest sealed form in bytes.
const BYTES_MAX: usize = 512 * 1024;

/// A person who signed in. `Debug` shows no name and no id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedIn {
    /// The issuer; [`crate::LOCAL_ISSUER`] for a local account.
    pub issuer: String,
    /// The person at the issuer (`sub`).
    pub subject: String,
    /// Their session at the issuer, which may end it ([`crate::LogoutOf`]).
    pub sid: Option<String>,
    /// SDS user id, or what the mapping says stands for it.
    pub user_id: String,
    /// Name for display.
    pub name: String,
    /// How they proved who they are, in the issuer's words.
    pub acr: Option<String>,
    /// When they proved it.
    #[serde(with = "wire::text")]
    pub authenticated_at: Timestamp,
    /// The roles that they hold, at least one.
    pub choices: Vec<RoleChoice>,
    /// The id of the role that they chose at the issuer; it is one of the choices.
    pub selected: Option<String>,
}

/// A choice that is not one of the person's own. A page of ours never offers one, so somebody tampers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// A role that they do not hold.
    #[error("the role is not theirs")]
    Role,
    /// A site where they may not act in this role.
    #[error("the site is not theirs")]
    Site,
}

impl ChoiceError {
    /// What it was, in a fixed word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Site => "site",
        }
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedIn({}, {:?})", self.issuer, self.choices)
    }
}

impl SignedIn {
    /// Whom these verified claims describe. `now` stands in for a time of authentication that the issuer does not tell.
    pub(crate) fn of(claims: &Map<String, Value>, mapping: &Mapping, now: Timestamp) -> Result<Self, SignInError> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let user_id = caller::user_id(claims, mapping)?.to_owned();
        let held = role::held(claims, mapping)?;
        let name = caller::person_name(claims, mapping).ok_or(SignInError::Away("name"))?;
        if held.roles.len() > ROLES_MAX {
            return Err(SignInError::NotAllowed("roles-many"));
        }
        let completed = held.roles.into_iter().map(|role| role.completed(claims, mapping));
        let choices = completed.collect::<Result<Vec<_>, _>>()?;
        let is_repeated = |role: &RoleChoice| choices.iter().filter(|other| other.id == role.id).count() > 1;
        if choices.iter().any(is_repeated) {
            return Err(Fault::RolesInvalid.into());
        }
        if held.selected.as_ref().is_some_and(|id| choices.iter().all(|role| role.id != *id)) {
            return Err(Fault::SelectedInvalid.into());
        }
        let authenticated = claims.get("auth_time").and_then(Value::as_i64);
        let authenticated = authenticated.and_then(|second| Timestamp::from_second(second).ok());
        Ok(Self {
            issuer: mapping.issuer().to_owned(),
            subject: claims.get("sub").and_then(subject).ok_or(Fault::Claims)?.to_owned(),
            sid: claims.get("sid").and_then(subject).map(str::to_owned),
            user_id,
            name,
            acr: text("acr"),
            authenticated_at: authenticated.unwrap_or(now).min(now),
            choices,
            selected: held.selected,
        })
    }

    /// The role that needs no question: the one chosen at the issuer, or the only one.
    pub fn settled(&self) -> Option<&RoleChoice> {
        match (&self.selected, self.choices.as_slice()) {
            (Some(id), _) => self.role(id),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    /// One of their roles by its id.
    pub fn role(&self, id: &str) -> Option<&RoleChoice> {
        self.choices.iter().find(|role| role.id == id)
    }

    /// The caller that they are in this role of theirs, at this site of the role's; without a site, at the only one or at
    /// the organisation's own entry. Made just as a bearer token's caller is.
    pub fn caller(&self, role: &str, site: Option<OdsCode>, register: &Register) -> Result<Caller, ChoiceError> {
        let role = self.role(role).ok_or(ChoiceError::Role)?;
        let site = site.as_ref().map(OdsCode::as_str);
        caller::acting(&self.user_id, &self.name, role, site, register).map_err(|_| ChoiceError::Site)
    }

    /// Its bytes, to be sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What was sealed; nothing where it is not such a thing.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > BYTES_MAX {
            return None;
        }
        serde_json::from_slice(bytes).ok()
    }
}

/// A subject or session id: visible ASCII, at most 255 characters (OpenID Connect Core 1.0, 2).
pub(crate) fn subject(value: &Value) -> Option<&str> {
    let text = value.as_str()?;
    ((1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(text)
}
