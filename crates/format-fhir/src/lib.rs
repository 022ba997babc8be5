//! FHIR R4 as the published consumer and producer guides draw it: request parameters and headers become a typed query,
//! answers of the model become JSON bytes.
//!
//! And, as a client, what the Personal Demographics Service answers: [`pds`].
//!
//! Pure code: no I/O, no clock; times, ids and addresses are arguments. It does not know who may ask or what is stored.
//! Lenient on the way in (every spelling that the guides and known clients use), strict on the way out.
//!
//! Reading order: [`query`], [`headers`], [`outcome`], [`answer`], [`link`], [`capability`]; by themselves
//! [`subscription`] and [`pds`].

pub mod answer;
pub mod capability;
pub mod headers;
pub mod link;
pub mod outcome;
pub mod pds;
pub mod query;
pub mod subscription;

mod bundle;
mod care_team;
mod history;
mod json;
mod practitioner_role;
mod systems;

/// What every answer is sent as.
pub const CONTENT_TYPE: &str = "application/fhir+json";
