//! Requests through the router, over a real store and with tokens of a real issuer.

mod authority;
mod connections;
mod headers;
mod matrix;
mod matrix_access;
mod quiet;
mod routes;
mod soap;
mod subscriptions;
mod uploads;
mod world;
