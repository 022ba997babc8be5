//! What goes wrong with a MESH server, by what the caller does next.

use cpis_format_mesh::received::Refusal;

/// A request to a MESH server that did not do what it should. It shows no address and no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeshError {
    /// Try again later: it was not reached, or is busy.
    #[error("the MESH server is away: {0}")]
    Away(&'static str),
    /// A message may have been taken or not: look for it, or send it again.
    #[error("it is not known whether the MESH server took the message")]
    Unknown,
    /// It does not let us in: password, shared key, certificate or clock.
    #[error("the MESH server does not admit our mailbox{0}")]
    NotAdmitted(String),
    /// It refuses this request; the same will be refused again.
    #[error("the MESH server refuses with {status}: {refusal}")]
    Refused {
        /// Status.
        status: u16,
        /// What it says.
        refusal: Refusal,
    },
    /// The message is not there any more.
    #[error("the MESH server does not have the message any more")]
    Gone,
    /// What it answers cannot be understood, or is too large.
    #[error("the MESH server's answer cannot be understood: {0}")]
    NotUnderstood(&'static str),
    /// The settings cannot work.
    #[error("the settings for the MESH server cannot work: {0}")]
    Settings(&'static str),
}

impl MeshError {
    /// Whether the same request may do later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Unknown)
    }
}
