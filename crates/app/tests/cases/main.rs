//! Use cases over the embedded database, with a clock that stands. One program holds them all, since each would take seconds to link.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::pedantic, reason = "tests")]

mod audit;
mod backup;
mod copy;
mod emails;
mod faults;
mod followed;
mod histories;
mod looks;
mod mail;
mod organisations;
mod reports;
mod retrace;
mod rotation;
mod sessions;
mod subscriptions;
mod tamper;
mod uploads;
mod world;
