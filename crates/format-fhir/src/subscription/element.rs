//! An object of a body together with its place. Whatever is asked of it and is not of the kind that FHIR has there is
//! noted as a fault; what nobody asks for is passed over.

use super::fault::{FaultKind, Faults};
use super::node::Node;
use std::collections::HashSet;

/// An object and where it stands.
pub struct Element<'n> {
    place: String,
    fields: &'n [(String, Node)],
}

impl<'n> Element<'n> {
    /// The node as an object.
    pub fn new(node: &'n Node, place: String, faults: &mut Faults) -> Option<Self> {
        let Node::Object(fields) = node else {
            faults.add(FaultKind::Structure, place, "Must be an object");
            return None;
        };
        let mut names = HashSet::new();
        if !fields.iter().all(|(name, _)| names.insert(name)) {
            faults.add(FaultKind::Structure, place.as_str(), "An element stands here twice");
        }
        // R4, extensibility.html: who does not know a modifier extension must not take what it stands in.
        if fields.iter().any(|(name, _)| name == "modifierExtension" || name == "implicitRules") {
            let what = "modifierExtension and implicitRules are not taken";
            faults.add(FaultKind::NotSupported, place.as_str(), what);
        }
        Some(Self { place, fields })
    }

    /// Where it stands.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Where its field stands, whether it has it or not.
    pub fn place_of(&self, name: &'static str) -> String {
        [self.place.as_str(), ".", name].concat()
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&'n Node> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, node)| node)
    }

    /// A text; nothing where it is absent.
    pub fn text(&self, name: &'static str, faults: &mut Faults) -> Option<&'n str> {
        match self.get(name)? {
            Node::Text(text) if text.trim().is_empty() => {
                faults.add(FaultKind::Value, self.place_of(name), "Must not be empty");
                None
            }
            Node::Text(text) => Some(text),
            _ => {
                faults.add(FaultKind::Structure, self.place_of(name), "Must be a text");
                None
            }
        }
    }

    /// A text that must be there.
    pub fn required_text(&self, name: &'static str, faults: &mut Faults) -> Option<&'n str> {
        self.require(name, faults);
        self.text(name, faults)
    }

    /// An object; nothing where it is absent.
    pub fn object(&self, name: &'static str, faults: &mut Faults) -> Option<Element<'n>> {
        Self::new(self.get(name)?, self.place_of(name), faults)
    }

    /// An object that must be there.
    pub fn required_object(&self, name: &'static str, faults: &mut Faults) -> Option<Element<'n>> {
        self.require(name, faults);
        self.object(name, faults)
    }

    /// A list; empty where it is absent.
    pub fn list(&self, name: &'static str, faults: &mut Faults) -> &'n [Node] {
        match self.get(name) {
            None => &[],
            Some(Node::List(items)) => items,
            Some(_) => {
                faults.add(FaultKind::Structure, self.place_of(name), "Must be a list");
                &[]
            }
        }
    }

    /// The objects of a list.
    pub fn objects(&self, name: &'static str, faults: &mut Faults) -> Vec<Element<'n>> {
        let items = self.list(name, faults).iter().enumerate();
        let place = self.place_of(name);
        items.filter_map(|(index, node)| Element::new(node, format!("{place}[{index}]"), faults)).collect()
    }

    /// The extensions of a primitive field: FHIR writes them beside it, under its name with `_` before. They are named
    /// as `FHIRPath` does, by the field itself.
    pub fn extensions_of(&self, name: &'static str, beside: &'static str, faults: &mut Faults) -> Vec<Element<'n>> {
        let Some(node) = self.get(beside) else { return Vec::new() };
        let element = Element::new(node, self.place_of(name), faults);
        element.map(|element| element.objects("extension", faults)).unwrap_or_default()
    }

    fn require(&self, name: &'static str, faults: &mut Faults) {
        if self.get(name).is_none() {
            faults.add(FaultKind::Required, self.place_of(name), "Must be there");
        }
    }
}
