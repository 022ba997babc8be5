//! The use cases, one file each; the recorder (group commit), the applier and the worker.
//!
//! This crate is the only caller of `store`. It holds the keys, decides with the pure rules of `model`, and never sees a
//! format or a protocol. Reading order: [`look`], [`accesses`], [`upload`], [`notices`], [`followed`]; beneath them
//! [`recorder`], [`applier`]; beneath those [`ring`], [`seal`], [`codec`], [`frame`].

pub mod accesses;
pub mod applier;
pub mod audit;
pub mod backup;
pub mod checkpoint_file;
pub mod codec;
pub mod copy;
pub mod custody;
pub mod demographics;
pub mod effects;
pub mod emails;
mod error;
pub mod followed;
pub mod frame;
pub mod freshness;
pub mod lifecycle;
pub mod look;
pub mod mail;
pub mod nodes;
pub mod notices;
pub mod organisations;
pub mod people;
pub mod recorder;
pub mod refusals;
pub mod reports;
pub mod retrace;
pub mod ring;
pub mod rotation;
pub mod seal;
mod service;
pub mod sessions;
pub mod subscriptions;
pub mod upload;
pub mod verify;
pub mod worker;

pub use effects::{Clock, Entropy, SystemClock, SystemEntropy};
pub use error::AppError;
pub use service::{Service, Settings};
