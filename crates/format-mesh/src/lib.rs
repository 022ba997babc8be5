//! MESH as bytes: tokens, headers, chunks, answers and control files of the Message Exchange for Social Care and Health, for a
//! client of a MESH server and for a server to which existing clients talk.
//!
//! Pure code: no clock, no randomness, no network. What a request says is read once, and all its faults are told together;
//! a [`MeshFault`] knows its status and its body in both versions of the interface. No fault repeats a value that was sent.
//!
//! Reading order: [`id`], [`token`], [`version`], [`header`], [`envelope`], [`chunk`], [`assembly`], [`encoding`], [`fault`];
//! what comes back: [`delivered`], [`reports`], [`inbox`], [`rich`], [`filter`], [`answers`], [`handshake`], [`tracking`]; for a client:
//! [`path`], [`received`]; files beside messages: [`control_file`].

pub mod answers;
pub mod assembly;
pub mod chunk;
pub mod control_file;
pub mod delivered;
pub mod encoding;
pub mod envelope;
pub mod fault;
pub mod filter;
pub mod handshake;
pub mod header;
pub mod id;
pub mod inbox;
pub mod path;
pub mod received;
pub mod reports;
pub mod rich;
pub mod status;
pub mod time;
pub mod token;
pub mod tracking;
pub mod version;

pub use assembly::{Assembly, Progress};
pub use chunk::{CHUNKS_MAX, ChunkFault, ChunkRange};
pub use control_file::{ControlFault, ControlFile};
pub use delivered::{Delivered, DeliveredKind, ReportStatus};
pub use encoding::ContentEncoding;
pub use envelope::Envelope;
pub use fault::MeshFault;
pub use filter::WorkflowFilter;
pub use header::{HeaderFault, HeaderFaultKind, Headers};
pub use id::{IdFault, MailboxId, MessageId};
pub use inbox::{InboxPage, InboxQuery, QueryFault};
pub use rich::{RichMessage, RichQuery};
pub use status::StatusRecord;
pub use token::{Token, TokenFault, sign};
pub use tracking::{Party, Tracked, TrackedStatus};
pub use version::{BadAccept, Version};

/// A value as JSON. What this crate writes has no map with keys that are no text, so that it cannot fail.
pub(crate) fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
