//! The pages that people open in a browser: what they show, their templates, and what browsers fetch beside them.
//!
//! A page is a struct of values that are ready to be shown; it decides nothing but how. [`render`] makes its bytes.
//! Everything works without script, and nothing personal stands in a title or an address.
//!
//! A door only: it turns forms into questions to `cpis-app` and answers into pages. No handler decides who may do what
//! (`cpis_model::caller::may` does), and nothing of a request is ever logged but its method and its route's template.
//!
//! Reading order: [`ROUTES`] (what there is), `door` (what every request goes through), `kept` (sessions), `handlers` (what
//! each page does); [`paths`], [`frame`] (what all pages share), [`view`] (the pages), [`words`] and [`lines`] (how values are
//! said), [`assets`], [`mod@gallery`] (every page in every state, with made-up people).

mod accounts;
pub mod assets;
mod door;
pub mod form;
pub mod frame;
pub mod gallery;
mod guard;
mod handlers;
mod input;
mod kept;
pub mod lines;
mod pace;
pub mod paths;
pub mod record_fields;
pub mod record_form;
mod routes;
pub mod view;
pub mod words;

pub use accounts::KeptAccount;
pub use door::{Web, router};
pub use pace::Pace;
pub use routes::{ROUTES, Route, Who};

/// The HTML of a page. It fails only if a value that is shown cannot be written.
pub fn render(page: &impl askama::Template) -> Result<Vec<u8>, askama::Error> {
    page.render().map(String::into_bytes)
}

/// Fills a page with spaces up to the next multiple of some bytes, so that its length does not tell which answer it
/// holds. A multiple of nought leaves it as it is. Whoever serves the page must not compress it.
///
/// ```
/// let mut page = b"<!DOCTYPE html>".to_vec();
/// cpis_inbound_web::pad_to(&mut page, 64);
/// assert_eq!(page.len(), 64);
/// ```
pub fn pad_to(page: &mut Vec<u8>, multiple: usize) {
    if let Some(length) = page.len().checked_next_multiple_of(multiple) {
        page.resize(length, b' ');
    }
}

#[cfg(test)]
mod tests;
