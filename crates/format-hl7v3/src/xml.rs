//! XML as far as the messages need it: well-formed, in UTF-8, without a document type and without entities.

mod attributes;
mod characters;
mod input;
mod spaces;
mod tokens;

pub(crate) use attributes::Attribute;
pub(crate) use characters::{allowed, escape_attribute, escape_text, plain};
pub(crate) use spaces::Space;
pub(crate) use tokens::{Element, Token, Tokens};
