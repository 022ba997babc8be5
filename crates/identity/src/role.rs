//! Which of a person's roles they act in (spec/fhir.md 4.3), and what that role says.

use crate::error::Fault;
use crate::mapping::Claims;
use cpis_model::organisation::OdsCode;
use serde_json::{Map, Value};

/// Longest code or id in bytes.
const CODE_BYTES_MAX: usize = 64;
/// Longest name in characters; a longer one is cut.
const NAME_CHARS_MAX: usize = 200;

/// A role as the token has it. All texts are checked.
pub(crate) struct Role {
    pub id: String,
    pub organisation: OdsCode,
    pub organisation_name: Option<String>,
    pub sites: Vec<OdsCode>,
    pub code: String,
    pub name: String,
    pub activities: Vec<String>,
}

/// The role in this order: the session's header, the one selected at sign-in, the only one.
/// A header or a selection can only name one of the person's own.
pub(crate) fn find(claims: &Map<String, Value>, names: &Claims, session_role: Option<&str>) -> Result<Role, Fault> {
    let roles = match claims.get(&names.roles) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(roles)) => {
            let read = roles.iter().map(|role| read(role, names));
            read.collect::<Option<Vec<_>>>().ok_or(Fault::RolesInvalid)?
        }
        Some(_) => return Err(Fault::RolesInvalid),
    };
    let selected = match claims.get(&names.selected_role) {
        None | Some(Value::Null) => None,
        Some(value) => Some(code(value).ok_or(Fault::SelectedInvalid)?),
    };
    if selected.is_none() && names.selected_role_required {
        return Err(Fault::SelectedMissing);
    }
    if roles.is_empty() {
        return Err(Fault::RolesNone);
    }
    let wanted = session_role.map(|id| (id.trim(), Fault::SessionRole));
    match wanted.or(selected.map(|id| (id, Fault::SelectedInvalid))) {
        Some((id, fault)) => only(roles.into_iter().filter(|role| role.id == id), fault, Fault::RolesInvalid),
        None => only(roles.into_iter(), Fault::RolesNone, Fault::RolesMultiple),
    }
}

fn only(mut roles: impl Iterator<Item = Role>, none: Fault, several: Fault) -> Result<Role, Fault> {
    let role = roles.next().ok_or(none)?;
    if roles.next().is_some() { Err(several) } else { Ok(role) }
}

fn read(role: &Value, names: &Claims) -> Option<Role> {
    let role = role.as_object()?;
    let role_code = last_part(code(role.get("role_code")?)?);
    let role_name = role.get("role_name").and_then(name).map(|name| last_part(&name).to_owned());
    let activities = match role.get("activity_codes") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(codes)) => codes.iter().map(|value| code(value).map(str::to_owned)).collect::<Option<_>>()?,
        Some(_) => return None,
    };
    Some(Role {
        id: code(role.get("person_roleid")?)?.to_owned(),
        organisation: code(role.get("org_code")?)?.parse().ok()?,
        organisation_name: role.get("org_name").and_then(name),
        sites: sites(role.get(&names.site))?,
        code: role_code.to_owned(),
        name: role_name.filter(|name| !name.is_empty()).unwrap_or_else(|| role_code.to_owned()),
        activities,
    })
}

/// One ODS code or a list; none where the claim is absent.
pub(crate) fn sites(claim: Option<&Value>) -> Option<Vec<OdsCode>> {
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
