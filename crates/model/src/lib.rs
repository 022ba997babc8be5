//! Values and rules of Child Protection - Information Sharing, as pure code.
//!
//! Nothing here does I/O, reads the time or knows a format or a database. Values are parsed once, at the door,
//! and trusted from then on; types that hold personal data never show it in `Debug`.
//!
//! Reading order: [`nhs_number`], [`name`], [`organisation`], [`setting`], [`plan`], [`caller`], [`entry`], [`access`],
//! [`notice`], [`upload`]; the register of organisations: [`organisation_record`], [`register`], [`reach`].

pub mod access;
pub mod answer;
pub mod caller;
pub mod codes;
pub mod current_register;
pub mod demographics;
pub mod entry;
pub mod hours;
pub mod name;
pub mod nhs_number;
pub mod notice;
pub mod organisation;
pub mod organisation_json;
pub mod organisation_record;
pub mod organisation_table;
pub mod pattern;
pub mod plan;
pub mod reach;
pub mod record_text;
pub mod register;
pub mod setting;
pub mod time;
pub mod upload;

pub use jiff::{Timestamp, civil::Date};
pub use uuid::Uuid;
