//! What goes wrong, by what the agent does next.

use cpis_outbound_mesh::MeshError;

/// Why a step was not done. It is done again later.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// A folder cannot be used.
    #[error("{what}: {error}")]
    Folder {
        /// What was being done.
        what: &'static str,
        /// Why it was not.
        error: std::io::Error,
    },
    /// The journal cannot be used.
    #[error("the journal cannot be used: {0}")]
    Journal(#[from] rusqlite::Error),
    /// The journal is of another version of the program.
    #[error("the journal is of another version of the program ({0})")]
    Version(i64),
    /// The MESH server.
    #[error("{0}")]
    Mesh(#[from] MeshError),
}

impl AgentError {
    /// For `map_err` of what is done with files.
    pub(crate) fn folder(what: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |error| Self::Folder { what, error }
    }
}
