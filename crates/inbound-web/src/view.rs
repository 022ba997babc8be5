//! The pages, one file for each part of the service. Their values are ready to be shown; who may see which is decided
//! elsewhere.

pub mod answer;
pub mod api;
pub mod files;
pub mod find;
pub mod looks;
pub mod message;
pub mod notices;
pub mod register;
pub mod report;
pub mod sign_in;
pub mod statements;

/// Where one is in a list that has several pages.
#[derive(Clone, Default)]
pub struct Pages {
    /// This page, from 1.
    pub number: usize,
    /// How many there are.
    pub total: usize,
    /// The address of the page before.
    pub previous: Option<String>,
    /// The address of the page after.
    pub next: Option<String>,
}

/// That something was acknowledged.
#[derive(Clone)]
pub struct Acknowledged {
    /// The role of whoever did, such as `Duty social worker`.
    pub role: String,
    /// When.
    pub at: cpis_model::Timestamp,
}
