//! What a client reads of a server's answers.

use crate::id::MessageId;
use crate::path::ROOT;
use crate::tracking::TrackedStatus;
use serde_json::Value;
use std::fmt;
use thiserror::Error;

/// Largest answer that is read, in bytes: a list of 5000 ids of 100 characters, twice over.
pub const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// An answer is not what MESH answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the answer is not one of MESH")]
pub struct BadAnswer;

/// A page of an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxList {
    /// What waits, oldest first.
    pub messages: Vec<MessageId>,
    /// Path and query of the next page; they follow the part of the address that all paths have before them.
    pub next: Option<String>,
}

impl InboxList {
    /// Reads a page, of either version. An address of the next page that leads elsewhere is refused.
    ///
    /// ```
    /// use cpis_format_mesh::received::InboxList;
    /// assert_eq!(InboxList::read(br#"{"messages":["A1"]}"#).unwrap().messages.len(), 1);
    /// assert!(InboxList::read(br#"{"messages":[],"links":{"next":"https://elsewhere.example/"}}"#).is_err());
    /// ```
    pub fn read(body: &[u8]) -> Result<Self, BadAnswer> {
        let value = value(body)?;
        let list = value.get("messages").and_then(Value::as_array).ok_or(BadAnswer)?;
        let ids = list.iter().map(|id| id.as_str().and_then(|id| id.parse().ok()).ok_or(BadAnswer));
        let next = match value.get("links").and_then(|links| links.get("next")) {
            None | Some(Value::Null) => None,
            Some(next) => Some(next.as_str().filter(|next| is_path(next)).ok_or(BadAnswer)?.to_owned()),
        };
        Ok(Self { messages: ids.collect::<Result<_, _>>()?, next })
    }
}

/// The id that a server gave to what was sent.
pub fn sent_id(body: &[u8]) -> Result<MessageId, BadAnswer> {
    let value = value(body)?;
    let id = value.get("messageID").or_else(|| value.get("message_id")).and_then(Value::as_str);
    id.and_then(|id| id.parse().ok()).ok_or(BadAnswer)
}

/// What a sender learns of a message that it sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackedMessage {
    /// Its id; other servers may leave it out.
    pub id: Option<MessageId>,
    /// Whether it came whole. What is uploading was begun, and reaches nobody as it is.
    pub is_whole: bool,
}

impl TrackedMessage {
    /// Reads where a message stands, in either version. A status that is not known is one of a message that came whole.
    ///
    /// ```
    /// use cpis_format_mesh::received::TrackedMessage;
    /// assert!(TrackedMessage::read(br#"{"messageId":"A1","status":"Accepted"}"#).unwrap().is_whole);
    /// assert!(!TrackedMessage::read(br#"{"message_id":"A1","status":"uploading"}"#).unwrap().is_whole);
    /// ```
    pub fn read(body: &[u8]) -> Result<Self, BadAnswer> {
        let value = value(body)?;
        let status = value.get("status").and_then(Value::as_str).ok_or(BadAnswer)?;
        let id = ["messageId", "message_id", "dtsId"].iter().find_map(|name| value.get(*name)).and_then(Value::as_str);
        let id = id.filter(|id| !id.is_empty()).map(|id| id.parse().map_err(|_| BadAnswer)).transpose()?;
        Ok(Self { id, is_whole: TrackedStatus::from_word(status) != Some(TrackedStatus::Uploading) })
    }
}

/// Why a server refused, as far as its answer says it. Texts are cut to 200 characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Code; empty where there is none.
    pub code: String,
    /// Text; empty where there is none.
    pub text: String,
}

impl Refusal {
    /// Reads the body of an error, in any of its forms. What cannot be read says nothing.
    ///
    /// ```
    /// use cpis_format_mesh::received::Refusal;
    /// let refusal = Refusal::read(br#"{"detail":[{"event":"SEND","code":"12","msg":"Unregistered to address"}]}"#);
    /// assert_eq!((refusal.code.as_str(), refusal.text.as_str()), ("12", "Unregistered to address"));
    /// ```
    pub fn read(body: &[u8]) -> Self {
        let Ok(value) = value(body) else { return Self::default() };
        let detail = value.get("detail").and_then(|detail| detail.get(0)).unwrap_or(&value);
        let first = |names: &[&str]| {
            let found = names.iter().find_map(|name| detail.get(*name)).and_then(Value::as_str).unwrap_or_default();
            found.chars().filter(|c| !c.is_control()).take(200).collect()
        };
        Self { code: first(&["code", "errorCode"]), text: first(&["msg", "errorDescription", "message"]) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.code.is_empty() || self.text.is_empty() { "" } else { ": " };
        write!(f, "{}{separator}{}", self.code, self.text)
    }
}

fn value(body: &[u8]) -> Result<Value, BadAnswer> {
    let body = Some(body).filter(|body| body.len() <= ANSWER_BYTES_MAX).ok_or(BadAnswer)?;
    serde_json::from_slice(body).map_err(|_| BadAnswer)
}

fn is_path(next: &str) -> bool {
    next.strip_prefix(ROOT).is_some_and(|rest| rest.starts_with('/'))
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#')
        && !next.contains("/../")
}
