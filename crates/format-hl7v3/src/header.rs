//! The head of a file: all its faults at once, or its values.

use crate::Mode;
use crate::dates::is_timestamp;
use crate::names::{ORGANISATION_ROOT, SITE_ROOT};
use crate::schema::FILE;
use crate::strict::{Report, TOLD_MAX, check, path};
use crate::tree::Node;
use cpis_model::name::NAME_CHARS_MAX;
use cpis_model::organisation::{AuthorityCode, Contact, Phone};
use cpis_model::upload::{Header, SEQUENCE_MAX};

/// A fault of the file: its place and what is wrong there.
type FileFaults = Vec<(String, String)>;

/// Reads the head, or tells all that is wrong with it.
pub(crate) fn read(file: Node, mode: Mode) -> Result<Header, FileFaults> {
    let mut reader = Reader { mode, faults: Vec::new() };
    let mut report = Report::default();
    check(file, &FILE, mode, &mut report);
    for (violation, place) in report.0 {
        reader.fault(&format!("/File{place}"), violation.text());
    }
    let created = reader.created(file);
    let sequence = reader.sequence(file);
    let declared = reader.declared(file);
    let sender = reader.only(file, "communicationFunctionSnd");
    let organisation = sender.and_then(|sender| reader.only(sender, "organisation"));
    if organisation.is_none() {
        reader.fault(&format!("{SENDER}/organisation"), "the sender is missing");
    }
    let authority = organisation.and_then(|own| reader.authority(own));
    let name = organisation.and_then(|own| reader.name(own));
    let contact = organisation.and_then(|own| reader.contact(own));
    match (created, sequence, declared, authority, name, contact) {
        (Some(created), Some(sequence), Some(declared_records), Some(authority), Some(name), Some(contact))
            if reader.faults.is_empty() =>
        {
            Ok(Header { created, sequence, declared_records, authority, name, contact })
        }
        _ => Err(reader.faults),
    }
}

/// The sequence number, if there is one that can be read.
pub(crate) fn sequence(file: Node) -> Option<u64> {
    let value = file.child("id")?.attribute("extension")?;
    let value = value.trim();
    let digits = !value.is_empty() && value.len() <= 13 && value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|number| digits && (1..=SEQUENCE_MAX).contains(number))
}

/// How many records the file says it has, if that can be read.
pub(crate) fn declared(file: Node) -> Option<u64> {
    let value = file.child("transmissionQuantity")?.attribute("value")?;
    Some(value.trim()).filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

/// Whether all that the head consists of has been read.
pub(crate) fn is_complete(file: Node) -> bool {
    ["creationTime", "id", "transmissionQuantity", "communicationFunctionSnd"]
        .into_iter()
        .all(|name| file.child(name).is_some())
}

const SENDER: &str = "/File/communicationFunctionSnd";

struct Reader {
    mode: Mode,
    faults: FileFaults,
}

impl Reader {
    fn fault(&mut self, place: &str, text: &str) {
        let fault = (place.to_owned(), text.to_owned());
        if !self.faults.iter().any(|(own, _)| own == place) {
            self.faults.push(fault);
        }
    }

    fn only<'t, 'a>(&mut self, node: Node<'t, 'a>, name: &'static str) -> Option<Node<'t, 'a>> {
        let mut list = node.named(name);
        let first = list.next();
        for other in list.take(TOLD_MAX) {
            self.fault(&path("/File", other), "an element stands more often than once");
        }
        first
    }

    fn created(&mut self, file: Node) -> Option<String> {
        let place = "/File/creationTime/@value";
        let Some(value) = self.only(file, "creationTime").and_then(|own| own.attribute("value")) else {
            self.fault(place, "the time at which the file was made is missing");
            return None;
        };
        let value = value.trim();
        if !is_timestamp(value) {
            self.fault(place, "the time at which the file was made is not a timestamp");
            return None;
        }
        Some(value.to_owned())
    }

    fn sequence(&mut self, file: Node) -> Option<u64> {
        let place = "/File/id/@extension";
        let value = self.only(file, "id").and_then(|own| own.attribute("extension"));
        let number = sequence(file);
        match (value, number) {
            (None, _) => self.fault(place, "the sequence number is missing"),
            (Some(_), None) => self.fault(place, "the sequence number is not a whole number from 1 to 10^12"),
            _ => {}
        }
        number
    }

    fn declared(&mut self, file: Node) -> Option<u64> {
        let place = "/File/transmissionQuantity/@value";
        let value = self.only(file, "transmissionQuantity").and_then(|own| own.attribute("value"));
        let number = declared(file);
        match (value, number) {
            (None, _) => self.fault(place, "the number of records is missing"),
            (Some(_), None) => self.fault(place, "the number of records is not a whole number"),
            _ => {}
        }
        number
    }

    fn authority(&mut self, organisation: Node) -> Option<AuthorityCode> {
        let place = format!("{SENDER}/organisation/id");
        let Some(id) = self.only(organisation, "id") else {
            self.fault(&place, "the sender's ODS code is missing");
            return None;
        };
        let root = id.attribute("root");
        let known = root.as_ref().is_some_and(|root| [ORGANISATION_ROOT, SITE_ROOT].contains(&root.trim()));
        if !known && (root.is_some() || self.mode == Mode::Strict) {
            self.fault(&format!("{place}/@root"), "the root is not that of ODS codes");
        }
        let code = id.attribute("extension").and_then(|code| code.parse().ok());
        if code.is_none() {
            self.fault(&format!("{place}/@extension"), "the sender's ODS code is missing or is none");
        }
        code
    }

    fn name(&mut self, organisation: Node) -> Option<String> {
        let place = format!("{SENDER}/organisation/name");
        let text = self.only(organisation, "name").map_or("", Node::text);
        let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            self.fault(&place, "the sender's name is missing");
        } else if name.chars().count() > NAME_CHARS_MAX || name.contains(char::is_control) {
            self.fault(&place, "the sender's name is too long or has characters that are not allowed");
        } else {
            return Some(name);
        }
        None
    }

    fn contact(&mut self, organisation: Node) -> Option<Contact> {
        let (mut emergency, mut office) = (None, None);
        for telecom in organisation.named("telecom").take(TOLD_MAX) {
            let purpose = telecom.attribute("use").unwrap_or_default();
            let place = match purpose.trim() {
                "EC" => &mut emergency,
                "WP" => &mut office,
                _ => {
                    if self.mode == Mode::Strict {
                        self.fault(&format!("{}/@use", path("/File", telecom)), "the use is neither EC nor WP");
                    }
                    continue;
                }
            };
            if place.is_some() {
                self.fault(&path("/File", telecom), "a telephone number of this use stands more often than once");
                continue;
            }
            let value = telecom.attribute("value").unwrap_or_default();
            let strict = value.strip_prefix("tel:").map(|rest| rest.strip_prefix('+').unwrap_or(rest));
            let written = self.mode == Mode::Lenient
                || strict.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
            let number = value.parse::<Phone>().ok().filter(|_| written);
            if number.is_none() && purpose.trim() == "WP" {
                self.fault(
                    &format!("{SENDER}/organisation/telecom[@use='WP']/@value"),
                    "the office telephone number is not a number",
                );
            }
            *place = Some(number);
        }
        let place = format!("{SENDER}/organisation/telecom[@use='EC']/@value");
        if emergency.as_ref().is_none_or(Option::is_none) {
            self.fault(&place, "the emergency telephone number is missing or is not a number (D12)");
        }
        Some(Contact { emergency: emergency.flatten()?, office: office.flatten() })
    }
}
