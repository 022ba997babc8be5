//! Several nodes on one database, and a network and a server that fail.
//!
//! `CPIS_RACES_SEED` and `CPIS_RACES_SECONDS` repeat the races with other numbers and for longer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: a panic is how a test fails"
)]

mod appends;
mod appliers;
#[path = "../common/mod.rs"]
mod common;
mod encryption;
mod failover;
mod limits;
mod nodes;
mod outcomes;
mod refusals;
mod rights;
mod server;
mod signals;
mod tables;
