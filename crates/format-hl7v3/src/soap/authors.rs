//! Who asks, as the query says: read and written.

use super::envelope::{at, filled, id_of, value};
use super::query::Faults;
use crate::author;
use crate::names::{ASSIGNED_AUTHOR, ORGANISATION_ROOT, ROLE_PROFILE_ROOT, SITE_ROOT, SYSTEM, SYSTEM_ROOT, USER_ROOT};
use crate::notification::named;
use crate::tree::Node;
use crate::write::raw;
use cpis_model::caller::{ResponsiblePerson, Staff};
use cpis_model::organisation::OdsCode;
use std::borrow::Cow;
use std::fmt;

/// Most people who answer for one system.
const RESPONSIBLE_MAX: usize = 10;

/// The place of who asks, as they name it.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// ODS code of the organisation, or of its site.
    pub code: OdsCode,
    /// Whether it is said to be a site's.
    pub is_site: bool,
    /// Its name. Services such as 111 say there where the patient is.
    pub name: String,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({})", self.code)
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// A member of staff.
    Person {
        /// They.
        staff: Staff,
        /// Their organisation.
        place: Place,
    },
    /// A system without anybody at it.
    Device {
        /// Its ASID.
        asid: String,
        /// Who answers for it.
        responsible: Vec<ResponsiblePerson>,
        /// The organisation that runs it.
        place: Place,
    },
}

/// Reads the author of a query; notes all that is missing.
pub(super) fn read(query: Option<Node>, faults: &mut Faults) -> Option<Author> {
    let holder = query.and_then(|query| query.child("author"));
    let person = holder.and_then(|holder| holder.child(ASSIGNED_AUTHOR));
    let system = holder.and_then(|holder| holder.child(SYSTEM));
    let (author, node) = match (person, system) {
        (Some(person), None) => (read_person(person, faults), person),
        (None, Some(system)) => (read_system(system, faults), system),
        (None, None) => {
            faults.missing("[authorPerson or authorDevice]");
            return None;
        }
        (Some(_), Some(_)) => {
            faults.invalid("[authorPerson or authorDevice]", "there are both");
            return None;
        }
    };
    let content =
        holder.and_then(|holder| holder.child("contentId")).and_then(|content| content.attribute("extension"));
    if content.is_some_and(|content| !crate::names::content_matches(content.trim(), node.name())) {
        faults.invalid("contentId", "it names another template than the one that follows");
    }
    author
}

fn read_person(node: Node, faults: &mut Faults) -> Option<Author> {
    let role_code = faults.text(value(node, &["code"], "code"), "Job Role Code");
    let role_name = faults.text(value(node, &["code"], "displayName"), "Job Role Name");
    let place = read_place(node.child("representedOrganization"), ["Organisation Code", "Organisation Name"], faults);
    let user_id = faults.text(id_of(node, USER_ROOT), "authorID");
    let role_profile_id = id_of(node, ROLE_PROFILE_ROOT).and_then(|id| faults.text(Some(id), "role profile id"));
    let name = read_name(at(node, &["assignedAuthorPerson", "name"]));
    let name = if name.is_empty() { String::new() } else { faults.text(Some(Cow::Owned(name)), "author's name")? };
    let staff = Staff {
        user_id: user_id?.into(),
        role_profile_id: role_profile_id.map(Into::into),
        role_code: role_code?.into(),
        role_name: role_name?.into(),
        name: name.into(),
    };
    Some(Author::Person { staff, place: place? })
}

fn read_system(node: Node, faults: &mut Faults) -> Option<Author> {
    let asid = faults.text(id_of(node, SYSTEM_ROOT), "authorDevice.systemID");
    let place =
        read_place(node.child("maintainingOrganization"), ["authorDevice.orgCode", "authorDevice.orgName"], faults);
    let mut responsible = Vec::new();
    for (number, holder) in node.named("indirectAuthority").enumerate() {
        if number == RESPONSIBLE_MAX {
            faults.invalid("indirectAuthority", "there are more than 10");
            break;
        }
        let entity = holder.child("superiorAssignedEntity");
        let said = |attribute| entity.and_then(|entity| value(entity, &["code"], attribute));
        let role_code = faults.text(said("code"), "authorDevice.jobRoleCode");
        let role_name = faults.text(said("displayName"), "authorDevice.jobRoleName");
        let name = read_name(entity.and_then(|entity| at(entity, &["assignedPerson", "name"])));
        let name = faults.text(filled(Cow::Owned(name)), "authorDevice.assignedPersonName");
        if let (Some(role_code), Some(role_name), Some(name)) = (role_code, role_name, name) {
            let (role_code, role_name, name) = (role_code.into(), role_name.into(), name.into());
            responsible.push(ResponsiblePerson { role_code, role_name, name });
        }
    }
    Some(Author::Device { asid: asid?, responsible, place: place? })
}

fn read_place(node: Option<Node>, [code, name]: [&'static str; 2], faults: &mut Faults) -> Option<Place> {
    let id = node.and_then(|node| node.child("id"));
    let said = faults.text(id.and_then(|id| id.attribute("extension")).and_then(filled), code);
    let text = node.and_then(|node| node.child("name")).map(Node::text).unwrap_or_default();
    let text = faults.text(filled(Cow::Borrowed(text)), name);
    let code = said.and_then(|said| {
        let parsed = said.parse().ok();
        if parsed.is_none() {
            faults.invalid(code, "it is no ODS code");
        }
        parsed
    });
    let is_site = id.and_then(|id| id.attribute("root")).is_some_and(|root| root.trim() == SITE_ROOT);
    Some(Place { code: code?, is_site, name: text? })
}

/// A name in one text: its parts as they stand.
pub(super) fn read_name(node: Option<Node>) -> String {
    let Some(node) = node else { return String::new() };
    let is_part = |part: &Node| matches!(part.name(), "prefix" | "given" | "family" | "suffix");
    let mut parts: Vec<&str> = node.children().filter(is_part).map(Node::text).collect();
    if parts.is_empty() {
        parts.push(node.text());
    }
    parts.iter().flat_map(|part| part.split_whitespace()).collect::<Vec<_>>().join(" ")
}

impl Author {
    /// Adds the author of a question, in its element.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        raw(out, "<author>");
        let (Self::Person { place, .. } | Self::Device { place, .. }) = self;
        let root = if place.is_site { SITE_ROOT } else { ORGANISATION_ROOT };
        let written = author::Place { root, code: place.code.as_str(), name: named(&place.name, place.code.as_str()) };
        match self {
            Self::Person { staff, .. } => author::person(out, staff, &written),
            Self::Device { asid, responsible, .. } => author::system(out, asid, responsible, &written),
        }
        raw(out, "</author>");
    }

    /// Where they are.
    pub fn place(&self) -> &Place {
        let (Self::Person { place, .. } | Self::Device { place, .. }) = self;
        place
    }
}
