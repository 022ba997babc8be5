//! The machine API over HTTP: FHIR for clinicians' systems, the national query over SOAP, the authority's REST API, health,
//! readiness and metrics.
//!
//! A door only: it turns requests into questions to `cpis-app` and answers into bytes. No handler decides who may do what
//! (`cpis_model::caller::may` does), and nothing of a request is ever logged but its method, its route's template and a
//! `TraceID` that is a UUID.
//!
//! Reading order: [`ROUTES`] (what there is), `door` (what every request goes through), `fhir`, `uploads`, `notices`,
//! `subscriptions`, `soap`, [`serve()`] (connections).

mod body;
mod caller;
mod door;
mod failure;
mod fhir;
mod inside;
mod limits;
mod media;
mod meter;
mod notices;
mod problem;
mod routes;
mod serve;
mod soap;
mod subscriptions;
mod uploads;

pub use limits::Limits;
pub use routes::{ROUTES, Route, SOAP_ROUTES, Who, inside_router, router, soap_router};
pub use serve::{ServeEnd, serve};
pub use soap::{SOAP_PATH, Soap};
pub use subscriptions::{SECRET_HEADER, wire};

use std::sync::Arc;
use tokio::sync::Semaphore;

/// The API's description (OpenAPI 3.1), as it is served at `/openapi.json`.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// Where the FHIR interface begins.
pub const FHIR_BASE: &str = "/cpis/FHIR/R4";

/// What the door needs.
pub struct Http {
    /// The use cases.
    pub service: Arc<cpis_app::Service>,
    /// Subscriptions of authorities.
    pub subscriptions: Arc<cpis_app::subscriptions::Subscriptions>,
    /// Judges tokens.
    pub verifier: Arc<cpis_identity::Verifier>,
    /// How clients address the service, such as `https://cpis.example.org`, without a slash at the end.
    pub base_url: String,
    /// The text of the metrics page.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Whether new requests are wanted; false while the service drains.
    pub ready: Arc<dyn Fn() -> bool + Send + Sync>,
    /// How many bytes of uploaded files may be in memory at once; one permit is one byte. It needs at least
    /// [`cpis_model::upload::UPLOAD_BYTES_MAX`], or the largest files are never taken.
    pub upload_bytes: Arc<Semaphore>,
    /// Limits.
    pub limits: Limits,
}

#[cfg(test)]
mod tests;
