//! The gateway that a hospital runs beside its own systems: it listens to their ADT messages, asks the national service about each
//! child who arrives, and puts back that information exists. A product of its own, with its own small store.
//!
//! Reading order: [`happening`] (what a message says), [`facts`] (what is held), [`owed`] (what follows from it), [`store`] (both as
//! rows, one transaction a step), `feed` and `connection` (messages in), [`asking`] and [`soap`] (questions out), [`finding`] (numbers of those without), [`answering`] (flags back),
//! [`gateway`] (all of it running), `page`.

pub mod answering;
pub mod asking;
mod connection;
pub mod facts;
pub mod feed;
pub mod finding;
pub mod gateway;
pub mod happening;
pub mod load;
pub mod national;
mod outbound;
pub mod owed;
mod page;
mod reading;
pub mod replay;
pub mod rules;
mod signals;
pub mod soap;
pub mod store;
mod stored;
pub mod vault;

pub use gateway::{Gateway, Parts};
pub use rules::{FeedRules, Rules, Target};
pub use store::{Store, StoreError};
pub use vault::Vault;
