//! Namespaces: which prefix means what, element by element.

use super::attributes::{Attribute, split_name};
use super::characters::plain;
use crate::names::{ADDRESSING, HL7, LOCALISATION, SOAP};

/// Most namespace declarations in force at one place.
const BINDINGS_MAX: usize = 64;

/// The namespace of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// `urn:hl7-org:v3`.
    Hl7,
    /// `NPFIT:HL7:Localisation`.
    Localisation,
    /// SOAP 1.1.
    Soap,
    /// WS-Addressing of August 2004.
    Addressing,
    /// None at all.
    Absent,
    /// Any other.
    Other,
}

/// The declarations in force.
#[derive(Default)]
pub(super) struct Spaces<'a> {
    bindings: Vec<(usize, &'a str, Space)>,
}

impl<'a> Spaces<'a> {
    /// Takes the declarations of an element at this depth out of its attributes.
    pub fn open(&mut self, depth: usize, attributes: &mut Vec<Attribute<'a>>) -> Result<(), &'static str> {
        if !attributes.iter().any(|(name, _)| name.starts_with("xmlns")) {
            return Ok(());
        }
        for (name, value) in attributes.iter() {
            let prefix = match split_name(name) {
                Some(("", "xmlns")) => "",
                Some(("xmlns", prefix)) => prefix,
                _ => continue,
            };
            let space = match plain(value).as_ref() {
                HL7 => Space::Hl7,
                LOCALISATION => Space::Localisation,
                SOAP => Space::Soap,
                ADDRESSING => Space::Addressing,
                "" if prefix.is_empty() => Space::Absent,
                "" => return Err("a prefix is bound to no namespace"),
                _ => Space::Other,
            };
            if self.bindings.len() == BINDINGS_MAX {
                return Err("more than 64 namespace declarations in one place");
            }
            self.bindings.push((depth, prefix, space));
        }
        attributes.retain(|(name, _)| *name != "xmlns" && !name.starts_with("xmlns:"));
        Ok(())
    }

    /// Forgets the declarations of the element at this depth.
    pub fn close(&mut self, depth: usize) {
        while self.bindings.last().is_some_and(|(own, ..)| *own >= depth) {
            self.bindings.pop();
        }
    }

    /// The namespace of a prefix; `None` where it is not bound.
    pub fn resolve(&self, prefix: &str) -> Option<Space> {
        match self.bindings.iter().rev().find(|(_, own, _)| *own == prefix) {
            Some((.., space)) => Some(*space),
            None if prefix.is_empty() => Some(Space::Absent),
            None if prefix == "xml" => Some(Space::Other),
            None => None,
        }
    }
}
