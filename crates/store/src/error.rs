//! What can go wrong, by what the caller does next.

/// An operation's failure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Away, busy, full or closed: nothing happened, try again later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The commit may or may not have happened: look for the group before answering or repeating.
    #[error("the outcome of a commit is not known")]
    OutcomeUnknown,
    /// Somebody else was first: load again and decide again.
    #[error("somebody else changed this meanwhile")]
    Stale,
    /// A stored row cannot be read: call the operator. Names table and row, never a person.
    #[error("a stored row cannot be read: {0}")]
    Corrupt(String),
    /// The database has an older schema than this program needs: migrate it.
    #[error("the database has schema version {found}, this program needs {needed}: run `cpis migrate`")]
    SchemaOlder {
        /// What the database has.
        found: u32,
        /// What the program needs.
        needed: u32,
    },
    /// The database has a newer schema, on which this program does not work any more: run a newer program.
    #[error(
        "the database has schema version {found}, on which only programs that know schema {serves} or a later one work; \
         this one knows {known}: run a newer cpis"
    )]
    SchemaNewer {
        /// What the database has.
        found: u32,
        /// The oldest program that works on it.
        serves: u32,
        /// What the program knows.
        known: u32,
    },
}
