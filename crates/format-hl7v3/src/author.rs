//! Who asked: a member of staff or a system, each with its place (spec/hl7v3.md 5.1 and 5.2).

use crate::names::{
    ASSIGNED_AUTHOR, JOB_ROLE_SYSTEM, ORGANISATION_ROOT, ROLE_PROFILE_ROOT, SITE_ROOT, SYSTEM, SYSTEM_ROOT, USER_ROOT,
};
use crate::notification::{id_and_name, named, template};
use crate::staff_name;
use crate::write::{attribute, element, id, raw};
use crate::xml::allowed;
use cpis_model::caller::{ResponsiblePerson, Staff, Who};
use cpis_model::organisation::{Organisation, Site};
use std::borrow::Cow;
use std::io::Write;

/// Digits of an ASID.
pub(crate) const ASID_DIGITS: usize = 12;

/// Stands for the ASID of a system whose id at its issuer is none. Assumed: the schema wants 12 digits, and no public source
/// says what else a system without a number of that kind would send.
pub(crate) const NO_ASID: &str = "000000000000";

/// A place as a message names it.
pub(crate) struct Place<'a> {
    pub root: &'static str,
    pub code: &'a str,
    pub name: Cow<'a, str>,
}

impl<'a> Place<'a> {
    /// The site, or the organisation where it has none of its own.
    pub fn of(organisation: &'a Organisation, site: Option<&'a Site>, called: Option<&'a str>) -> Self {
        let (root, code, name) = match site.filter(|site| site.code != organisation.code) {
            Some(site) => (SITE_ROOT, site.code.as_str(), &site.name),
            None => (ORGANISATION_ROOT, organisation.code.as_str(), &organisation.name),
        };
        Self { root, code, name: named(called.unwrap_or(name), code) }
    }
}

/// Adds the author of a query, in its element.
pub(crate) fn write(out: &mut Vec<u8>, who: &Who, organisation: &Organisation, site: Option<&Site>) {
    let place = |called| Place::of(organisation, site, called);
    raw(out, "<author>");
    match who {
        Who::Person(staff) => person(out, staff, &place(None)),
        Who::System { client } => {
            let is_asid = client.len() == ASID_DIGITS && client.bytes().all(|byte| byte.is_ascii_digit());
            system(out, if is_asid { client } else { NO_ASID }, &[], &place(None));
        }
        Who::Device(device) => {
            system(out, &device.asid, &device.responsible, &place(device.place_name.as_deref()));
        }
    }
    raw(out, "</author>");
}

/// Adds a member of staff.
pub(crate) fn person(out: &mut Vec<u8>, staff: &Staff, place: &Place) {
    template(out, ASSIGNED_AUTHOR, |out| {
        role(out, &staff.role_code, &staff.role_name);
        let user_id = allowed(&staff.user_id);
        id(out, USER_ROOT, &user_id);
        if let Some(profile) = &staff.role_profile_id {
            id(out, ROLE_PROFILE_ROOT, &allowed(profile));
        }
        raw(out, "<assignedAuthorPerson>");
        // The family name is mandatory.
        name(out, " use=\"L\"", &staff.name, &user_id);
        raw(out, "</assignedAuthorPerson>");
        write_place(out, "representedOrganization", place);
    });
}

/// Adds a system, with those who answer for what it asks.
pub(crate) fn system(out: &mut Vec<u8>, asid: &str, responsible: &[ResponsiblePerson], place: &Place) {
    template(out, SYSTEM, |out| {
        id(out, SYSTEM_ROOT, &allowed(asid));
        for person in responsible {
            raw(out, "<indirectAuthority><superiorAssignedEntity>");
            role(out, &person.role_code, &person.role_name);
            raw(out, "<assignedPerson>");
            name(out, "", &person.name, &person.role_name);
            raw(out, "</assignedPerson></superiorAssignedEntity></indirectAuthority>");
        }
        write_place(out, "maintainingOrganization", place);
    });
}

fn role(out: &mut Vec<u8>, code: &str, name: &str) {
    raw(out, "<code");
    attribute(out, "code", &allowed(code));
    attribute(out, "codeSystem", JOB_ROLE_SYSTEM);
    attribute(out, "displayName", &named(name, code));
    raw(out, "/>");
}

fn name(out: &mut Vec<u8>, attributes: &str, text: &str, otherwise: &str) {
    let _ = write!(out, "<name{attributes}>");
    if let Some(name) = staff_name::split(&allowed(text)) {
        if !name.titles.is_empty() {
            element(out, "prefix", &name.titles.join(" "));
        }
        name.given.iter().for_each(|given| element(out, "given", given));
        element(out, "family", name.family);
    } else {
        element(out, "family", &allowed(otherwise));
    }
    raw(out, "</name>");
}

fn write_place(out: &mut Vec<u8>, element: &str, place: &Place) {
    let _ = write!(out, "<{element}>");
    id_and_name(out, place.root, place.code, &place.name);
    let _ = write!(out, "</{element}>");
}
