//! A client of MESH: the service's own mailbox on somebody else's MESH server, and whatever else has to send and collect.
//!
//! Reading order: [`Settings`], [`Mesh`] (one request each), [`Mesh::send`], [`Mesh::collect`]; [`exchange`] (our mailbox there
//! and ours here, kept together).

mod chunks;
mod client;
mod error;
pub mod exchange;
mod settings;

pub use client::{Collected, Mesh};
pub use error::MeshError;
pub use settings::Settings;
