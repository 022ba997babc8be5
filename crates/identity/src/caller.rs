//! From the claims of a verified token to a caller: a person in one of their roles, or a system that we know.
//!
//! What the request says about itself (a role, a place) only chooses among what the token holds; invariant 7.

use crate::error::Fault;
use crate::mapping::{Level, Mapping, System, Written};
use crate::role::{self, RoleChoice};
use crate::verifier::RequestIdentity;
use cpis_model::caller::{Caller, Rights, Staff, Who};
use cpis_model::organisation::{AuthorityCode, OdsCode, Organisation, Site};
use cpis_model::register::Register;
use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// The caller whom verified claims describe.
pub(crate) fn of(
    claims: &Object,
    mapping: &Mapping,
    register: &Register,
    request: &RequestIdentity<'_>,
) -> Result<Caller, Fault> {
    let scopes = scopes(claims, mapping);
    match system_id(claims, mapping, &scopes) {
        Some(id) => system(id, mapping, register, request),
        None => person(claims, mapping, register, request, &scopes),
    }
}

fn person(
    claims: &Object,
    mapping: &Mapping,
    register: &Register,
    request: &RequestIdentity<'_>,
    scopes: &[&str],
) -> Result<Caller, Fault> {
    let user_id = user_id(claims, mapping)?;
    let mut role = role::held(claims, mapping)?.choose(request.session_role)?.completed(claims, mapping)?;
    let name = person_name(claims, mapping).ok_or(Fault::Claims)?;
    // Without the scope the caller is known and may do nothing: 403, and the refused look is in the journal.
    let required_scope = &mapping.written.required_scope;
    if required_scope.as_ref().is_some_and(|required| !scopes.contains(&required.as_str())) {
        role.activities.clear();
    }
    acting(user_id, &name, &role, request.end_user_organisation, register)
}

/// The user id that the claims name, if they reach the assurance that is asked for.
pub(crate) fn user_id<'a>(claims: &'a Object, mapping: &Mapping) -> Result<&'a str, Fault> {
    let Written { claims: names, assurance, .. } = &mapping.written;
    let user_id = claims.get(&names.user_id).and_then(role::code).ok_or(Fault::Claims)?;
    if !reaches(claims, &assurance.authentication) || !reaches(claims, &assurance.identity) {
        return Err(Fault::Assurance);
    }
    Ok(user_id)
}

/// A person in this role, at this place of their own: the one way from a role to a caller, for tokens and sessions.
pub(crate) fn acting(
    user_id: &str,
    name: &str,
    role: &RoleChoice,
    named: Option<&str>,
    register: &Register,
) -> Result<Caller, Fault> {
    let site = place(named, role.organisation, &role.sites, register)?;
    let staff = Staff {
        user_id: user_id.into(),
        role_profile_id: Some(role.id.as_str().into()),
        role_code: role.code.as_str().into(),
        role_name: role.name.as_str().into(),
        name: name.into(),
    };
    let organisation = role.organisation(register);
    Ok(Caller { who: Who::Person(staff), organisation, site, rights: role.rights(register) })
}

fn system(id: &str, mapping: &Mapping, register: &Register, request: &RequestIdentity<'_>) -> Result<Caller, Fault> {
    let System { organisation: code, authority } = *mapping.clients.get(id).ok_or(Fault::Client)?;
    if request.session_role.is_some() {
        return Err(Fault::SessionRole);
    }
    let site = place(request.end_user_organisation, code, &[], register)?;
    let authority = authority.then_some(AuthorityCode(code)).filter(|code| register.authority(*code).is_some());
    let organisation =
        Organisation { code, name: role::registered_name(code, register).unwrap_or_else(|| code.as_str().into()) };
    let rights = Rights { authority, ..Rights::default() };
    Ok(Caller { who: Who::System { client: id.into() }, organisation, site, rights })
}

/// The client's id when the token is a system's. A person's token names its client too, so absence of roles alone
/// is not enough: a person who lost every role must not become the system through which they signed in.
fn system_id<'a>(claims: &'a Object, mapping: &Mapping, scopes: &[&str]) -> Option<&'a str> {
    let names = &mapping.written.claims;
    let system = &mapping.written.system;
    if claims.contains_key(&names.roles) || claims.contains_key(&names.selected_role) {
        return None;
    }
    let id = system.client_id.iter().find_map(|claim| claims.get(claim))?.as_str()?;
    let user_id = claims.get(&names.user_id).and_then(Value::as_str);
    let granted = claims.get(&system.grant).and_then(Value::as_str);
    let is_system = user_id == Some(id)
        || granted.is_some_and(|grant| system.grant_values.iter().any(|value| value == grant))
        || scopes.iter().any(|scope| scope.starts_with(&system.scope_prefix));
    is_system.then_some(id)
}

fn scopes<'a>(claims: &'a Object, mapping: &Mapping) -> Vec<&'a str> {
    let values = mapping.written.claims.scope.iter().filter_map(|name| claims.get(name));
    values
        .flat_map(|value| match value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().unwrap_or_default().split_ascii_whitespace().collect::<Vec<_>>(),
        })
        .collect()
}

/// Levels are numbers, or digits in a text (both are seen).
fn reaches(claims: &Object, level: &Level) -> bool {
    let found = match claims.get(&level.claim) {
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64(),
        None => None,
    };
    level.minimum == 0 || found.is_some_and(|found| found >= level.minimum)
}

/// The name for display.
pub(crate) fn person_name(claims: &Object, mapping: &Mapping) -> Option<String> {
    let names = &mapping.written.claims;
    let claim = |name: &String| claims.get(name).and_then(role::name);
    names.name.iter().find_map(claim).or_else(|| {
        let family = claim(&names.family_name)?;
        let parts = [claim(&names.title), claim(&names.given_name), Some(family)];
        Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    })
}

/// The registered site where the caller acts. The request may name the organisation, a site of the token's, or, where
/// the token names none, a site that the register says the organisation runs. With several sites and none named, it is
/// the organisation's own entry in the register.
pub(crate) fn place(
    named: Option<&str>,
    organisation: OdsCode,
    sites: &[OdsCode],
    register: &Register,
) -> Result<Option<Site>, Fault> {
    let code = match (named, sites) {
        (Some(named), _) => {
            let named: OdsCode = named.parse().map_err(|_| Fault::Place)?;
            let is_run =
                || sites.is_empty() && register.site(named).is_some_and(|site| site.organisation == organisation);
            if named != organisation && !sites.contains(&named) && !is_run() {
                return Err(Fault::Place);
            }
            named
        }
        (None, [site]) => *site,
        (None, _) => organisation,
    };
    Ok(register.site(code).cloned())
}
