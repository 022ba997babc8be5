//! Ids of mailboxes and of messages.

use cpis_model::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Longest id in characters.
pub const ID_CHARS_MAX: usize = 100;
/// An address by an NHS number and a surname, of which CP-IS has no use: it is no mailbox id here, so that an id never
/// holds anything personal.
const BY_PERSON: &str = "GPPROVIDER_";

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdFault {
    /// Not a mailbox id.
    #[error("a mailbox id has 1 to 100 letters, digits, underscores, hyphens and full stops")]
    Mailbox,
    /// Not a message id.
    #[error("a message id has 1 to 100 letters, digits, underscores and hyphens")]
    Message,
}

/// The id of a mailbox, in upper case. It is compared as a whole; nothing is derived from its parts.
///
/// ```
/// use cpis_format_mesh::MailboxId;
/// let id: MailboxId = " x26abc1 ".parse().unwrap();
/// assert_eq!(id.as_str(), "X26ABC1");
/// assert!("X26 ABC1".parse::<MailboxId>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailboxId(String);

impl MailboxId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MailboxId {
    type Err = IdFault;

    fn from_str(text: &str) -> Result<Self, IdFault> {
        let id = upper(text.trim(), b"_-.").ok_or(IdFault::Mailbox)?;
        if id.starts_with(BY_PERSON) { Err(IdFault::Mailbox) } else { Ok(Self(id)) }
    }
}

/// The id of a message, in upper case. Those of others are opaque.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(String);

impl MessageId {
    /// A new id: the moment in UTC to the microsecond, and six hexadecimal digits.
    ///
    /// ```
    /// use cpis_format_mesh::MessageId;
    /// let id = MessageId::new("2026-03-14T15:59:01.123456Z".parse().unwrap(), [0x0a, 0x1b, 0x2c]);
    /// assert_eq!(id.as_str(), "20260314155901123456_0A1B2C");
    /// ```
    pub fn new(at: Timestamp, random: [u8; 3]) -> Self {
        let [a, b, c] = random;
        Self(format!("{}_{a:02X}{b:02X}{c:02X}", at.strftime("%Y%m%d%H%M%S%6f")))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MessageId {
    type Err = IdFault;

    fn from_str(text: &str) -> Result<Self, IdFault> {
        upper(text, b"_-").map(Self).ok_or(IdFault::Message)
    }
}

fn upper(text: &str, others: &[u8]) -> Option<String> {
    let holds = (1..=ID_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte));
    holds.then(|| text.to_ascii_uppercase())
}

macro_rules! as_text {
    ($($id:ident),+) => {$(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl TryFrom<String> for $id {
            type Error = IdFault;

            fn try_from(text: String) -> Result<Self, IdFault> {
                text.parse()
            }
        }

        impl From<$id> for String {
            fn from(id: $id) -> Self {
                id.0
            }
        }
    )+};
}

as_text!(MailboxId, MessageId);
