//! A small real world around the service, for tests and for the demo: nothing here is a stand-in inside the service.

pub mod issuer;
pub mod pds;
#[cfg(unix)]
pub mod postgres;
pub mod proxy;
pub mod smtp;
