//! Elements and attributes against the schema. The strict reader hears of everything; the lenient one only of plans,
//! people and dates that stand where they would be lost.

use crate::Mode;
use crate::schema::{Class, is_weighty};
use crate::tree::Node;
use std::cmp::Ordering;
use std::fmt::Write;

/// What the schema does not allow, or misses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// An element that does not belong here.
    Element,
    /// An element that stands after one which it comes before.
    Order,
    /// An element more often than it may stand.
    TooMany,
    /// An attribute that does not belong here.
    Attribute,
    /// Text where there are elements only.
    Text,
    /// An element or attribute is missing.
    Missing,
}

impl Violation {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Element => "an element that does not belong here",
            Self::Order => "an element that stands too late in the order of the schema",
            Self::TooMany => "an element stands more often than the schema allows",
            Self::Attribute => "an attribute that does not belong here",
            Self::Text => "text between elements",
            Self::Missing => "a mandatory element or attribute is missing",
        }
    }
}

/// Most violations that are told of one tree: a file of nothing but faults must not cost more than it says.
pub(crate) const TOLD_MAX: usize = 20;

/// What was found, with its places below the tree's first element.
#[derive(Default)]
pub(crate) struct Report(pub Vec<(Violation, String)>);

impl Report {
    fn add(&mut self, violation: Violation, place: impl FnOnce() -> String) {
        if self.0.len() < TOLD_MAX {
            self.0.push((violation, place()));
        }
    }
}

/// Checks an element and all in it.
pub(crate) fn check(node: Node, class: &Class, mode: Mode, report: &mut Report) {
    let strict = mode == Mode::Strict;
    if strict {
        attributes(node, class, report);
        if !class.text && !node.text().is_empty() {
            report.add(Violation::Text, || path("", node));
        }
    }
    let (mut at, mut seen) = (0, 0);
    for child in node.children() {
        let Some((place, inner)) = class.part(child.name()).filter(|_| child.is_known_space()) else {
            if strict || (child.is_known_space() && is_weighty(child.name())) {
                report.add(Violation::Element, || path("", child));
            }
            continue;
        };
        if strict {
            match place.cmp(&at) {
                Ordering::Equal => seen += 1,
                Ordering::Greater => (at, seen) = (place, 1),
                Ordering::Less => report.add(Violation::Order, || path("", child)),
            }
            if place == at && class.parts.get(at).is_some_and(|part| seen > part.max) {
                report.add(Violation::TooMany, || path("", child));
            }
        }
        check(child, inner, mode, report);
    }
    if strict {
        for part in class.parts.iter().filter(|part| part.min > 0) {
            if let [(name, _)] = part.choices
                && node.child(name).is_none()
            {
                report.add(Violation::Missing, || format!("{}/{}", path("", node), qualified(name)));
            }
        }
    }
}

fn attributes(node: Node, class: &Class, report: &mut Report) {
    for (name, _) in node.attributes() {
        // Attributes of the schema instance namespace may stand on any element.
        if !class.sent.contains(name) && !class.tolerated.contains(name) && !name.starts_with("xsi:") {
            let step = if fixed(name) { name } else { "*" };
            report.add(Violation::Attribute, || format!("{}/@{step}", path("", node)));
        }
    }
    for name in class.required {
        if node.attribute(name).is_none() {
            report.add(Violation::Missing, || format!("{}/@{name}", path("", node)));
        }
    }
}

/// Names of attributes that the model fixes or a neighbouring type has, and that may be said back.
fn fixed(name: &str) -> bool {
    ["classCode", "moodCode", "determinerCode", "typeCode", "root", "extension", "codeSystem", "use", "nullFlavor"]
        .contains(&name)
        || ["updateMode", "value", "assigningAuthorityName", "code", "displayName"].contains(&name)
}

/// The XPath of an element: by names, with an index where a name alone is not exact. A step that only holds the next one
/// (`pertinentInformation`, `subject`) needs none.
pub(crate) fn path(base: &str, node: Node) -> String {
    let Some(parent) = node.parent() else { return base.to_owned() };
    let mut text = path_of_parent(base, parent, node);
    step(&mut text, parent, node);
    text
}

fn path_of_parent(base: &str, node: Node, inner: Node) -> String {
    let Some(parent) = node.parent() else { return base.to_owned() };
    let mut text = path_of_parent(base, parent, node);
    let plain = matches!(node.name(), "pertinentInformation" | "subject");
    let exact = parent
        .children()
        .filter(|own| own.name() == node.name())
        .flat_map(Node::children)
        .filter(|other| other.name() == inner.name())
        .count()
        == 1;
    if plain && exact && known(inner) {
        let _ = write!(text, "/{}", node.name());
    } else {
        step(&mut text, parent, node);
    }
    text
}

fn step(text: &mut String, parent: Node, node: Node) {
    if !known(node) {
        let index = 1 + parent.children().take_while(|other| !other.is(node)).count();
        let _ = write!(text, "/*[{index}]");
        return;
    }
    let same = || parent.children().filter(|other| other.name() == node.name());
    let index = 1 + same().take_while(|other| !other.is(node)).count();
    let _ = write!(text, "/{}", qualified(node.name()));
    if same().count() > 1 {
        let _ = write!(text, "[{index}]");
    }
}

fn qualified(name: &str) -> String {
    let prefix = if name == "contentId" { "npfitlc:" } else { "" };
    format!("{prefix}{name}")
}

/// Whether the name of an element is one of the message's and may be said back.
fn known(node: Node) -> bool {
    const NAMES: &[&str] = &[
        "creationTime",
        "id",
        "transmissionQuantity",
        "communicationFunctionSnd",
        "organisation",
        "name",
        "telecom",
        "record",
        "CP-ISRecord",
        "pertinentInformation",
        "subject",
        "contentId",
        "component",
        "component1",
        "component2",
        "value",
        "childPerson",
        "parentMotherPerson",
        "playedMother",
        "birthTime",
        "given",
        "family",
        "prefix",
        "suffix",
        "code",
        "templateId",
        "semanticsText",
    ];
    const DATES: &[&str] = &["StartDate", "EndDate", "DeleteDate"];
    let name = node.name();
    node.is_known_space()
        && (NAMES.contains(&name)
            || [crate::names::CHILD, crate::names::UNBORN].contains(&name)
            || crate::names::template_of(name).is_some()
            || ["cPP", "lAC", "uCP"]
                .iter()
                .any(|kind| name.strip_prefix(kind).is_some_and(|rest| DATES.contains(&rest))))
}
