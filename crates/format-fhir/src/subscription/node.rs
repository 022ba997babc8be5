//! JSON as a tree in which a name that stands twice can still be seen: two readers that keep different ones would see
//! two subscriptions.

use super::fault::{FaultKind, Faults};
use super::{BODY_BYTES_MAX, DEPTH_MAX};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A value.
pub enum Node {
    Null,
    Bool,
    /// `Some` for a whole number from 0.
    Number(Option<u64>),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// Reads a body; `place` is the name of what it should be.
pub fn parse(body: &[u8], place: &str, faults: &mut Faults) -> Option<Node> {
    if body.len() > BODY_BYTES_MAX {
        faults.add(FaultKind::TooLong, place, "The body must not be longer than 64 KiB");
        return None;
    }
    // The parser's own words may repeat the body. It ends by itself at 128 levels.
    let Ok(node) = serde_json::from_slice::<Node>(body) else {
        faults.add(FaultKind::Structure, place, "The body must be JSON");
        return None;
    };
    if node.depth() > DEPTH_MAX {
        faults.add(FaultKind::Structure, place, "The body must not be deeper than 32 levels");
        return None;
    }
    Some(node)
}

impl Node {
    fn depth(&self) -> usize {
        match self {
            Self::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or_default(),
            Self::Object(fields) => 1 + fields.iter().map(|(_, node)| node.depth()).max().unwrap_or_default(),
            Self::Null | Self::Bool | Self::Number(_) | Self::Text(_) => 0,
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Bool)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(Some(number)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(u64::try_from(number).ok()))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Number(None))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = access.next_entry()? {
            fields.push(field);
        }
        Ok(Node::Object(fields))
    }
}
