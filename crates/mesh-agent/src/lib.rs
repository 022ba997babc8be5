//! An agent for an authority without MESH software: it sends what lies in one folder, and lays what comes into another.
//!
//! A product of its own on the authority's machine: folders with the classic control files, a small journal, a client of MESH,
//! a status page. Killed at any point it neither loses a file nor shows one twice: what it is about to do stands in its journal
//! first, and moving a file is one step of the file system.
//!
//! Reading order: [`Settings`], `folders` (where files lie), `journal` (what is known of them), `outbox` (which are complete),
//! [`Agent`] with `send` and `collect`, `run` (the loop), [`router`] (the status page).

mod agent;
mod collect;
mod error;
mod folders;
mod journal;
mod outbox;
mod run;
mod send;
mod server;
mod settings;
mod status;
mod take;

pub use agent::Agent;
pub use error::AgentError;
pub use folders::FOLDERS;
pub use run::run;
pub use server::Server;
pub use settings::Settings;
pub use status::router;

#[cfg(test)]
mod tests;
