//! A person's roles (spec/fhir.md 4.3): which they hold, which of them they act in, and what that role says.

use crate::error::Fault;
use crate::mapping::{Activity, Mapping};
use crate::wire;
use cpis_model::caller::Rights;
use cpis_model::organisation::{AuthorityCode, OdsCode, Organisation, Site};
use cpis_model::register::Register;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;

/// Longest code or id in bytes.
const CODE_BYTES_MAX: usize = 64;
/// Longest name in characters; a longer one is cut.
const NAME_CHARS_MAX: usize = 200;

/// One of a person's roles, as the issuer or a local account has it. All texts are checked. What it gives is asked of
/// the register each time, so that a change there holds at once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleChoice {
    /// SDS role profile id.
    pub id: String,
    /// Job role code, such as `R8001`.
    pub code: String,
    /// Job role name.
    pub name: String,
    /// ODS code of the organisation.
    #[serde(with = "wire::text")]
    pub organisation: OdsCode,
    pub(crate) organisation_name: Option<String>,
    #[serde(with = "wire::texts")]
    pub(crate) sites: Vec<OdsCode>,
    pub(crate) activities: Vec<Activity>,
}

impl fmt::Debug for RoleChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoleChoice({} at {})", self.code, self.organisation)
    }
}

impl RoleChoice {
    /// What its activities give.
    pub fn rights(&self, register: &Register) -> Rights {
        let mut rights = Rights::default();
        for activity in &self.activities {
            match activity {
                Activity::View => rights.view = true,
                Activity::ViewSilently => rights.view_silently = true,
                Activity::Privacy => rights.privacy = true,
                Activity::Operator => rights.operator = true,
                Activity::Authority => {
                    let code = AuthorityCode(self.organisation);
                    rights.authority = register.authority(code).map(|_| code);
                }
            }
        }
        rights
    }

    /// Its organisation, by its registered name; by the issuer's word where the register does not hold it.
    pub fn organisation(&self, register: &Register) -> Organisation {
        let code = self.organisation;
        let claimed = || self.organisation_name.as_deref().map(Arc::from);
        let name = registered_name(code, register).or_else(claimed);
        Organisation { code, name: name.unwrap_or_else(|| code.as_str().into()) }
    }

    /// The registered sites where it may be used: those that the issuer names, or else all that the register says the
    /// organisation runs.
    pub fn sites(&self, register: &Register) -> Vec<Site> {
        if self.sites.is_empty() {
            let run = register.sites().into_iter().filter(|site| site.organisation == self.organisation);
            return run.cloned().collect();
        }
        self.sites.iter().filter_map(|code| register.site(*code).cloned()).collect()
    }

    /// What stands beside the role in the claims rather than in it: sites, and names of organisations.
    pub(crate) fn completed(mut self, claims: &Map<String, Value>, mapping: &Mapping) -> Result<Self, Fault> {
        let names = &mapping.written.claims;
        if self.sites.is_empty() {
            self.sites = sites(claims.get(&names.site)).ok_or(Fault::Claims)?;
        }
        if self.organisation_name.is_none() {
            let organisations = claims.get(&names.organisations).and_then(Value::as_array);
            let code = Some(self.organisation.as_str());
            let same = |entry: &&Value| entry.get("org_code").and_then(Value::as_str) == code;
            let listed = organisations.and_then(|organisations| organisations.iter().find(same));
            self.organisation_name = listed.and_then(|entry| entry.get("org_name")).and_then(name);
        }
        Ok(self)
    }
}

/// A person's roles, at least one, and the one selected at sign-in.
pub(crate) struct Held {
    pub roles: Vec<RoleChoice>,
    pub selected: Option<String>,
}

/// The roles that the claims hold.
pub(crate) fn held(claims: &Map<String, Value>, mapping: &Mapping) -> Result<Held, Fault> {
    let names = &mapping.written.claims;
    let roles = match claims.get(&names.roles) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(roles)) => {
            let read = roles.iter().map(|role| read(role, mapping));
            read.collect::<Option<Vec<_>>>().ok_or(Fault::RolesInvalid)?
        }
        Some(_) => return Err(Fault::RolesInvalid),
    };
    let selected = match claims.get(&names.selected_role) {
        None | Some(Value::Null) => None,
        Some(value) => Some(code(value).ok_or(Fault::SelectedInvalid)?.to_owned()),
    };
    if selected.is_none() && names.selected_role_required {
        return Err(Fault::SelectedMissing);
    }
    if roles.is_empty() { Err(Fault::RolesNone) } else { Ok(Held { roles, selected }) }
}

impl Held {
    /// The role in this order: the session's header, the one selected at sign-in, the only one.
    /// A header or a selection can only name one of the person's own.
    pub fn choose(self, session_role: Option<&str>) -> Result<RoleChoice, Fault> {
        let wanted = session_role.map(|id| (id.trim(), Fault::SessionRole));
        match wanted.or(self.selected.as_deref().map(|id| (id, Fault::SelectedInvalid))) {
            Some((id, fault)) => only(self.roles.into_iter().filter(|role| role.id == id), fault, Fault::RolesInvalid),
            None => only(self.roles.into_iter(), Fault::RolesNone, Fault::RolesMultiple),
        }
    }
}

fn only<T>(mut items: impl Iterator<Item = T>, none: Fault, several: Fault) -> Result<T, Fault> {
    let item = items.next().ok_or(none)?;
    if items.next().is_some() { Err(several) } else { Ok(item) }
}

fn read(role: &Value, mapping: &Mapping) -> Option<RoleChoice> {
    let role = role.as_object()?;
    let role_code = last_part(code(role.get("role_code")?)?);
    let role_name = role.get("role_name").and_then(name).map(|name| last_part(&name).to_owned());
    let activities = match role.get("activity_codes") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(codes)) => codes.iter().map(code).collect::<Option<Vec<_>>>()?,
        Some(_) => return None,
    };
    let known = activities.into_iter().filter_map(|code| mapping.written.activities.get(code).copied());
    Some(RoleChoice {
        id: code(role.get("person_roleid")?)?.to_owned(),
        organisation: code(role.get("org_code")?)?.parse().ok()?,
        organisation_name: role.get("org_name").and_then(name),
        sites: sites(role.get(&mapping.written.claims.site))?,
        code: role_code.to_owned(),
        name: role_name.filter(|name| !name.is_empty()).unwrap_or_else(|| role_code.to_owned()),
        activities: known.collect(),
    })
}

/// One ODS code or a list; none where the claim is absent.
fn sites(claim: Option<&Value>) -> Option<Vec<OdsCode>> {
    let site = |value: &Value| code(value)?.parse().ok();
    match claim {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(codes)) => codes.iter().map(site).collect(),
        Some(value) => site(value).map(|site| vec![site]),
    }
}

/// A code or id: short, visible ASCII.
pub(crate) fn code(value: &Value) -> Option<&str> {
    let text = value.as_str()?;
    let good = (1..=CODE_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    good.then_some(text)
}

/// A name for display: no control characters, not empty, not longer than our limit.
pub(crate) fn name(value: &Value) -> Option<String> {
    let text: String = value.as_str()?.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The job role of `"Clinical":"Clinical Provision":"Nurse Access Role"` or `S8000:G8000:R8001`.
fn last_part(text: &str) -> &str {
    text.rsplit(':').next().unwrap_or(text).trim().trim_matches('"').trim()
}

pub(crate) fn registered_name(code: OdsCode, register: &Register) -> Option<Arc<str>> {
    register.organisation(code).map(|found| found.name).or_else(|| register.site(code).map(|site| site.name.clone()))
}
