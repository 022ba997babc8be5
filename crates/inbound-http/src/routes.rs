//! What there is: one table from which the routers are built and which the tests walk.

use crate::door::{Door, Place};
use crate::problem::Problem;
use crate::soap::{self, SOAP_PATH, Soap};
use crate::subscriptions::{self, Act};
use crate::{Http, fhir, inside, notices, uploads};
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use cpis_format_fhir::query::Resource;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// One method of one path.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Method.
    pub method: &'static str,
    /// Path as a template, as `openapi.json` has it.
    pub path: &'static str,
    /// Who may. Everybody else is refused before anything of the request is looked at.
    pub who: Who,
    pub(crate) action: Action,
}

/// Who may use a route. The policy itself is `cpis_model::caller::may`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody, without a token.
    Anybody,
    /// Whoever has a token that is believed.
    Known,
    /// A person with the activity to view.
    Clinician,
    /// A clinician, or an authority about a child of its own.
    ClinicianOrAuthority,
    /// An authority, about what is its own.
    Authority,
    /// A system with a certificate that the register binds to its number.
    System,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Query,
    Search(Resource),
    ReadById,
    Metadata,
    Upload,
    UploadSequence,
    UploadStatus,
    UploadSkip,
    Subscription(Act),
    Notices,
    Notice,
    Acknowledge,
    OpenApi,
    Live,
    Ready,
    Metrics,
}

const fn route(method: &'static str, path: &'static str, who: Who, action: Action) -> Route {
    Route { method, path, who, action }
}

/// The routes of [`router`] and, at the end, what [`inside_router`] has besides health.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    route("GET",  "/cpis/FHIR/R4/CareTeam",               Who::Clinician,            Action::Search(Resource::CareTeam)),
    route("POST", "/cpis/FHIR/R4/CareTeam/_search",       Who::Clinician,            Action::Search(Resource::CareTeam)),
    route("GET",  "/cpis/FHIR/R4/CareTeam/{id}",          Who::Known,                Action::ReadById),
    route("GET",  "/cpis/FHIR/R4/AuditEvent",             Who::ClinicianOrAuthority, Action::Search(Resource::AuditEvent)),
    route("POST", "/cpis/FHIR/R4/AuditEvent/_search",     Who::ClinicianOrAuthority, Action::Search(Resource::AuditEvent)),
    route("GET",  "/cpis/FHIR/R4/AuditEvent/{id}",        Who::Known,                Action::ReadById),
    route("GET",  "/cpis/FHIR/R4/PractitionerRole/{id}",  Who::Known,                Action::ReadById),
    route("GET",  "/cpis/FHIR/R4/metadata",               Who::Anybody,              Action::Metadata),
    route("POST", "/cpis/FHIR/R4/Subscription",           Who::Authority,            Action::Subscription(Act::Create)),
    route("GET",  "/cpis/FHIR/R4/Subscription",           Who::Authority,            Action::Subscription(Act::List)),
    route("GET",  "/cpis/FHIR/R4/Subscription/{id}",      Who::Authority,            Action::Subscription(Act::Read)),
    route("PUT",  "/cpis/FHIR/R4/Subscription/{id}",      Who::Authority,            Action::Subscription(Act::Change)),
    route("DELETE", "/cpis/FHIR/R4/Subscription/{id}",    Who::Authority,            Action::Subscription(Act::Remove)),
    route("GET",  "/cpis/FHIR/R4/Subscription/{id}/$status", Who::Authority,         Action::Subscription(Act::Status)),
    route("GET",  "/cpis/FHIR/R4/Subscription/{id}/$events", Who::Authority,         Action::Subscription(Act::Events)),
    route("POST", "/cpis/FHIR/R4/Subscription/{id}/$events", Who::Authority,         Action::Subscription(Act::Events)),
    route("POST", "/cpis/FHIR/R4/Subscription/{id}/$resend", Who::Authority,         Action::Subscription(Act::Resend)),
    route("GET",  "/authority/v1/uploads",                Who::Authority,            Action::UploadSequence),
    route("POST", "/authority/v1/uploads",                Who::Authority,            Action::Upload),
    route("GET",  "/authority/v1/uploads/{sequence}",     Who::Authority,            Action::UploadStatus),
    route("POST", "/authority/v1/uploads/{sequence}/skip", Who::Authority,           Action::UploadSkip),
    route("GET",  "/authority/v1/notices",                Who::Authority,            Action::Notices),
    route("GET",  "/authority/v1/notices/{id}",           Who::Authority,            Action::Notice),
    route("POST", "/authority/v1/notices/{id}/acknowledgement", Who::Authority,      Action::Acknowledge),
    route("GET",  "/openapi.json",                        Who::Anybody,              Action::OpenApi),
    route("GET",  "/health/live",                         Who::Anybody,              Action::Live),
    route("GET",  "/health/ready",                        Who::Anybody,              Action::Ready),
    route("GET",  "/metrics",                             Who::Anybody,              Action::Metrics),
];

/// The routes of [`soap_router`].
pub const SOAP_ROUTES: &[Route] = &[route("POST", SOAP_PATH, Who::System, Action::Query)];

impl Route {
    /// Whether only [`inside_router`] has it.
    pub fn is_inside_only(&self) -> bool {
        self.action == Action::Metrics
    }

    fn is_inside(&self) -> bool {
        matches!(self.action, Action::Live | Action::Ready | Action::Metrics)
    }
}

/// The API and health, for the address that clients reach. It has no metrics.
pub fn router(http: Arc<Http>) -> Router {
    build(Door::new(http, None), ROUTES, |route| !route.is_inside_only())
}

/// The national query, for an address that asks clients for their certificates.
pub fn soap_router(http: Arc<Http>, soap: Soap) -> Router {
    build(Door::new(http, Some(soap)), SOAP_ROUTES, |_| true)
}

/// Health and metrics, which ask for no token: to be bound to an address that is reached from inside only.
pub fn inside_router(http: Arc<Http>) -> Router {
    build(Door::new(http, None), ROUTES, Route::is_inside)
}

fn build(door: Door, routes: &'static [Route], wanted: impl Fn(&Route) -> bool) -> Router {
    let door = Arc::new(door);
    let wanted: Vec<&'static Route> = routes.iter().filter(|route| wanted(route)).collect();
    let mut router = Router::new();
    for first in &wanted {
        let of_path: Vec<&'static Route> = wanted.iter().copied().filter(|route| route.path == first.path).collect();
        if of_path.first().is_some_and(|route| route.method != first.method) {
            continue;
        }
        let place = Arc::new(Place::new(first.path, &of_path));
        let door = door.clone();
        router = router.route(
            first.path,
            any(move |request: Request| {
                let (door, place) = (door.clone(), place.clone());
                async move { door.answer(&place, request).await }
            }),
        );
    }
    let nowhere = Arc::new(Place::new("unmatched", &[]));
    router.fallback(move |request: Request| {
        let (door, nowhere) = (door.clone(), nowhere.clone());
        async move { door.answer(&nowhere, request).await }
    })
}

/// Does what a route is for, once the future is polled. Each is on the heap with what it needs itself, which for a look is little.
pub(crate) fn run(door: &Door, action: Action, request: Request) -> BoxFuture<'_, Response> {
    let (parts, body) = request.into_parts();
    match action {
        Action::Query => async move { soap::query(door, &parts, body).await }.boxed(),
        Action::Search(resource) => async move { fhir::search(door, resource, &parts, body).await }.boxed(),
        Action::ReadById => async move { fhir::read_by_id(door, &parts).await }.boxed(),
        Action::Metadata => async move { fhir::metadata(door, &parts) }.boxed(),
        Action::Upload => answered(async move { uploads::upload(door, &parts, body).await }),
        Action::UploadSequence => answered(async move { uploads::sequence(door, &parts).await }),
        Action::UploadStatus => answered(async move { uploads::status(door, &parts).await }),
        Action::UploadSkip => answered(async move { uploads::skip(door, &parts).await }),
        Action::Subscription(act) => async move { subscriptions::act(door, act, &parts, body).await }.boxed(),
        Action::Notices => answered(async move { notices::list(door, &parts).await }),
        Action::Notice => answered(async move { notices::one(door, &parts).await }),
        Action::Acknowledge => answered(async move { notices::acknowledge(door, &parts).await }),
        Action::OpenApi => async move { inside::openapi() }.boxed(),
        Action::Live => async move { inside::live() }.boxed(),
        Action::Ready => inside::ready(door).boxed(),
        Action::Metrics => async move { inside::metrics(door) }.boxed(),
    }
}

fn answered<'a>(run: impl Future<Output = Result<Response, Problem>> + Send + 'a) -> BoxFuture<'a, Response> {
    run.map(|done| done.unwrap_or_else(Problem::answer)).boxed()
}
