//! The handshake: a client says what it is, and the server that the mailbox is good.

use crate::header::{HeaderFault, HeaderFaultKind, Headers, Pair, clean, names};
use crate::id::MailboxId;
use crate::json;
use crate::version::Version;
use serde_json::json as object;

/// What a client must say of itself. The texts are for logs; each is cut to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Version of the client.
    pub client_version: String,
    /// Operating system.
    pub os_name: String,
    /// Its version.
    pub os_version: String,
}

impl Handshake {
    /// Reads the headers; each of the three must be there.
    pub fn from_headers(headers: &Headers) -> Result<Self, Vec<HeaderFault>> {
        let mut faults = Vec::new();
        let mut text = |name| {
            let value = headers.get(name);
            if value.is_none() {
                faults.push(HeaderFault::new(name, HeaderFaultKind::Missing, "it is missing or empty"));
            }
            clean(value.unwrap_or_default()).chars().take(100).collect::<String>()
        };
        let (client_version, os_name, os_version) =
            (text(names::CLIENT_VERSION), text(names::OS_NAME), text(names::OS_VERSION));
        if faults.is_empty() { Ok(Self { client_version, os_name, os_version }) } else { Err(faults) }
    }

    /// The headers with which a client sends it.
    pub fn to_headers(&self) -> Vec<Pair> {
        vec![
            (names::CLIENT_VERSION, clean(&self.client_version)),
            (names::OS_NAME, clean(&self.os_name)),
            (names::OS_VERSION, clean(&self.os_version)),
        ]
    }
}

/// Body of the answer; empty in version 2.
pub fn body(version: Version, mailbox: &MailboxId) -> Vec<u8> {
    match version {
        Version::V1 => json(&object!({ "mailboxId": mailbox })),
        Version::V2 => Vec::new(),
    }
}
