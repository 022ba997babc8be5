//! The elements of one record, or of a file's head, borrowed from the file. One tree serves record after record.

use crate::xml::{Attribute, Element, plain};
use std::borrow::Cow;

const NONE: u32 = u32::MAX;

struct Item<'a> {
    name: &'a str,
    known_space: bool,
    text: Cow<'a, str>,
    attributes: (u32, u32),
    parent: u32,
    first: u32,
    last: u32,
    next: u32,
}

/// Elements in document order.
pub(crate) struct Tree<'a> {
    nodes: Vec<Item<'a>>,
    attributes: Vec<Attribute<'a>>,
    open: u32,
}

impl<'a> Tree<'a> {
    /// Without elements.
    pub fn new() -> Self {
        Self { nodes: Vec::new(), attributes: Vec::new(), open: NONE }
    }

    /// Forgets all elements and keeps the room.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.attributes.clear();
        self.open = NONE;
    }

    /// Begins an element within the one that is open.
    pub fn open(&mut self, element: Element<'a>, known_space: bool, attributes: &[Attribute<'a>]) {
        let (id, parent) = (self.nodes.len() as u32, self.open);
        if let Some(above) = self.nodes.get_mut(parent as usize) {
            let before = std::mem::replace(&mut above.last, id);
            if before == NONE {
                above.first = id;
            } else if let Some(before) = self.nodes.get_mut(before as usize) {
                before.next = id;
            }
        }
        let from = self.attributes.len() as u32;
        self.attributes.extend_from_slice(attributes);
        self.nodes.push(Item {
            name: element.name,
            known_space,
            text: Cow::Borrowed(""),
            attributes: (from, self.attributes.len() as u32),
            parent,
            first: NONE,
            last: NONE,
            next: NONE,
        });
        self.open = id;
    }

    /// Ends the open element.
    pub fn close(&mut self) {
        self.open = self.nodes.get(self.open as usize).map_or(NONE, |node| node.parent);
    }

    /// Adds text to the open element. White space before the first other character is dropped.
    pub fn text(&mut self, text: Cow<'a, str>) {
        let Some(node) = self.nodes.get_mut(self.open as usize) else { return };
        if !node.text.is_empty() {
            node.text.to_mut().push_str(&text);
        } else if !text.trim_ascii().is_empty() {
            node.text = text;
        }
    }

    /// The first element.
    pub fn root(&self) -> Option<Node<'_, 'a>> {
        self.node(0)
    }

    fn node(&self, id: u32) -> Option<Node<'_, 'a>> {
        self.nodes.get(id as usize).map(|item| Node { tree: self, item, id })
    }
}

/// An element of a tree.
#[derive(Clone, Copy)]
pub(crate) struct Node<'t, 'a> {
    tree: &'t Tree<'a>,
    item: &'t Item<'a>,
    id: u32,
}

impl<'t, 'a> Node<'t, 'a> {
    /// Its name without prefix.
    pub fn name(self) -> &'a str {
        self.item.name
    }

    /// Whether it is in the namespace that its name belongs to.
    pub fn is_known_space(self) -> bool {
        self.item.known_space
    }

    /// Its text.
    pub fn text(self) -> &'t str {
        &self.item.text
    }

    /// Whether both are one element.
    pub fn is(self, other: Self) -> bool {
        self.id == other.id
    }

    /// The element around it.
    pub fn parent(self) -> Option<Self> {
        self.tree.node(self.item.parent)
    }

    /// Its elements in order.
    pub fn children(self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.tree.node(self.item.first), move |child| self.tree.node(child.item.next))
    }

    /// Its elements of a name.
    pub fn named(self, name: &'static str) -> impl Iterator<Item = Self> {
        self.children().filter(move |child| child.item.name == name && child.item.known_space)
    }

    /// Its first element of a name.
    pub fn child(self, name: &'static str) -> Option<Self> {
        self.named(name).next()
    }

    /// Its attributes as they stand in the file.
    pub fn attributes(self) -> &'t [Attribute<'a>] {
        let (from, to) = self.item.attributes;
        self.tree.attributes.get(from as usize..to as usize).unwrap_or_default()
    }

    /// The value of an attribute, references resolved.
    pub fn attribute(self, name: &str) -> Option<Cow<'a, str>> {
        self.attributes().iter().find(|(own, _)| *own == name).map(|(_, value)| plain(value))
    }
}
