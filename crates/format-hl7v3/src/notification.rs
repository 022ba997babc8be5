//! What the notifications to an authority have in common (spec/hl7v3.md 4.5, 4.6 and 5.6).

use crate::names::{INTENDED_RECIPIENT, ORGANISATION_ROOT};
use crate::write::{attribute, begin, content, element, id, person_ids, raw};
use crate::xml::allowed;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Timestamp, Uuid};
use std::borrow::Cow;
use std::io::Write;

/// The authority that is told.
pub(crate) struct Recipient<'a> {
    code: AuthorityCode,
    name: Cow<'a, str>,
    /// As it is named beside an id of its own.
    assigner: String,
}

impl<'a> Recipient<'a> {
    /// An authority by code and name.
    pub fn new(code: AuthorityCode, name: &'a str) -> Self {
        let name = if name.trim().is_empty() { Cow::Owned(code.to_string()) } else { allowed(name) };
        Self { code, assigner: format!("{code}:{name}"), name }
    }

    /// Adds it to a notification.
    pub fn write(&self, out: &mut Vec<u8>) {
        raw(out, "<primaryInformationRecipient>");
        template(out, INTENDED_RECIPIENT, |out| {
            raw(out, "<representedSourceOrganization>");
            id_and_name(out, ORGANISATION_ROOT, self.code.0.as_str(), &self.name);
            raw(out, "</representedSourceOrganization>");
        });
        raw(out, "</primaryInformationRecipient>\n");
    }

    /// Adds the ids of one of its people in elements of this name.
    pub fn write_ids(&self, out: &mut Vec<u8>, name: &str, number: NhsNumber, local_id: Option<&str>) {
        person_ids(out, name, number, local_id.map(allowed).as_deref(), &self.assigner);
    }
}

/// Begins a notification: its element, when it was made, and its id.
pub(crate) fn head(out: &mut Vec<u8>, root: &str, made: Timestamp, message: Uuid) {
    begin(out, root);
    moment_and_id(out, made, message);
    raw(out, "\n");
}

/// Adds a moment in UTC and a UUID, whose letters the schema wants as capitals.
pub(crate) fn moment_and_id(out: &mut Vec<u8>, at: Timestamp, own: Uuid) {
    let at = at.strftime("%Y%m%d%H%M%S+0000");
    let _ = write!(out, "<effectiveTime value=\"{at}\"/><id root=\"{own:X}\"/>");
}

/// Adds a template: its mark, then its element with what is written into it.
pub(crate) fn template(out: &mut Vec<u8>, name: &str, inner: impl FnOnce(&mut Vec<u8>)) {
    content(out, &name.replace('.', "#"));
    let _ = write!(out, "<{name}>");
    inner(out);
    let _ = write!(out, "</{name}>");
}

/// Adds id and name of an organisation or a site. One without a name is called by its code.
pub(crate) fn id_and_name(out: &mut Vec<u8>, root: &str, code: &str, name: &str) {
    id(out, root, code);
    element(out, "name", &named(name, code));
}

/// A text, or where it says nothing the other.
pub(crate) fn named<'a>(name: &'a str, otherwise: &'a str) -> Cow<'a, str> {
    allowed(if name.trim().is_empty() { otherwise } else { name })
}

/// Adds the number of the upload that holds a record, in an element of this name: -1 where it is not known, as an
/// acknowledgement has it.
pub(crate) fn upload(out: &mut Vec<u8>, name: &str, number: Option<u64>) {
    let number = number.map_or_else(|| "-1".to_owned(), |number| number.to_string());
    let _ = write!(out, "<{name}><value");
    attribute(out, "extension", &number);
    let _ = write!(out, "/></{name}>");
}
