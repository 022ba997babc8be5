//! Journeys of the whole program: commands, services over sockets, crashes, documents that are followed. One program holds them
//! all, since each would take seconds to link.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::pedantic,
    reason = "tests"
)]

mod adt;
mod away;
mod backup;
mod child;
mod csv;
mod demo;
mod doctor;
mod emails;
mod installation;
mod interrupted;
mod keeper;
mod kill;
mod leak;
mod mesh;
mod mesh_agent;
mod moving;
mod nodes;
mod organisations;
mod pds;
mod rolling;
mod runbooks;
mod serve;
mod server;
mod several;
mod simulate;
mod soap;
mod start;
mod subscriptions;
mod synth;
