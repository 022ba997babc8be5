//! A SOAP message as a tree: its envelope, its header, the one element of its body.

use crate::fault::Broken;
use crate::tree::{Node, Tree};
use crate::xml::{Element, Space, Token, Tokens};
use std::borrow::Cow;

/// Most elements of a message, for each KiB that it may have: a message of nothing but tags must not cost more than it says.
const ELEMENTS_OF_KIB_MAX: usize = 32;

/// Reads a message.
pub(super) fn read(bytes: &[u8], bytes_max: usize) -> Result<Tree<'_>, Broken> {
    if bytes.len() > bytes_max {
        return Err(Broken::at(&[], 0, "the message is too large").limit());
    }
    let elements_max = bytes_max / 1024 * ELEMENTS_OF_KIB_MAX;
    let mut tokens = Tokens::new(bytes)?;
    let mut tree = Tree::new();
    let mut elements = 0;
    loop {
        match tokens.next()? {
            Token::Open(element) => {
                elements += 1;
                if elements > elements_max {
                    return Err(tokens.broken(tokens.start(), "the message has too many elements").limit());
                }
                tree.open(element, is_expected(element), tokens.attributes());
            }
            Token::Close => tree.close(),
            Token::Text(text) => tree.text(text),
            Token::End => return Ok(tree),
        }
    }
}

/// Whether an element is in the namespace of its name: no two namespaces of the message share one. Names of HL7v3 may stand
/// without any.
fn is_expected(element: Element) -> bool {
    match (element.name, element.space) {
        ("Envelope" | "Header" | "Body" | "Fault", space) => space == Space::Soap,
        ("MessageID" | "Action" | "To" | "From" | "ReplyTo" | "Address" | "RelatesTo", space) => {
            space == Space::Addressing
        }
        ("faultcode" | "faultstring" | "detail", space) => matches!(space, Space::Absent | Space::Soap),
        ("errorList" | "error" | "errorCode" | "description", space) => space == Space::Other,
        ("contentId", space) => matches!(space, Space::Localisation | Space::Hl7),
        (_, space) => matches!(space, Space::Hl7 | Space::Absent),
    }
}

/// A message's header and the element of its body.
pub(super) struct Message<'t, 'a> {
    pub header: Option<Node<'t, 'a>>,
    pub content: Node<'t, 'a>,
}

/// Finds them; otherwise says what is wrong, and whether it is the version of SOAP.
pub(super) fn open<'t, 'a>(tree: &'t Tree<'a>) -> Result<Message<'t, 'a>, (&'static str, bool)> {
    let envelope = tree.root().filter(|root| root.name() == "Envelope").ok_or(("it is no SOAP envelope", false))?;
    if !envelope.is_known_space() {
        return Err(("it is no envelope of SOAP 1.1", true));
    }
    let mut bodies = envelope.named("Body");
    let body = bodies.next().ok_or(("it has no SOAP body", false))?;
    if bodies.next().is_some() {
        return Err(("it has several SOAP bodies", false));
    }
    let mut contents = body.children();
    match (contents.next(), contents.next()) {
        (Some(content), None) => Ok(Message { header: envelope.child("Header"), content }),
        (None, _) => Err(("its SOAP body is empty", false)),
        (Some(_), Some(_)) => Err(("its SOAP body has several elements", false)),
    }
}

impl<'t> Message<'t, '_> {
    /// The text of an element of the header.
    pub fn said(&self, name: &'static str) -> Option<&'t str> {
        let text = self.header?.child(name)?.text().trim();
        (!text.is_empty()).then_some(text)
    }
}

/// The element at the end of these names, each the first of its name.
pub(super) fn at<'t, 'a>(node: Node<'t, 'a>, path: &[&'static str]) -> Option<Node<'t, 'a>> {
    path.iter().try_fold(node, |node, name| node.child(name))
}

/// An attribute of the element at the end of these names, where it says something.
pub(super) fn value<'a>(node: Node<'_, 'a>, path: &[&'static str], attribute: &str) -> Option<Cow<'a, str>> {
    filled(at(node, path)?.attribute(attribute)?)
}

/// A text without blanks around it, where it says something.
pub(super) fn filled(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    match text.trim() {
        "" => None,
        trimmed if trimmed.len() == text.len() => Some(text),
        trimmed => Some(Cow::Owned(trimmed.to_owned())),
    }
}

/// The extension of the one id with this root.
pub(super) fn id_of<'a>(node: Node<'_, 'a>, root: &str) -> Option<Cow<'a, str>> {
    let fits = |id: &Node| id.attribute("root").is_some_and(|own| own.trim() == root);
    let id = node.named("id").find(fits)?;
    filled(id.attribute("extension")?)
}
