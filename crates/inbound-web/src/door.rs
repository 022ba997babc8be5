//! What every request goes through: its route, its session, who may, the token against forged requests, the time limit, the
//! headers of the answer, one event without anything of the request but its method and its route's template.

use crate::frame::{Brand, Frame, Idle, Section, SignedIn};
use crate::guard;
use crate::handlers;
use crate::input::{self, Input};
use crate::kept::{self, Found};
use crate::pace::{Counts, Pace};
use crate::routes::{Action, ROUTES, Route, Who};
use crate::view::message::{Message, What};
use crate::{paths, render};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use cpis_app::sessions::Lifetime;
use cpis_app::{AppError, Service, look};
use cpis_identity::SignIns;
use cpis_model::Timestamp;
use cpis_model::caller::{Caller, Refusal, Who as CallerWho};
use cpis_model::register::Register;
use futures_util::FutureExt;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower::ServiceExt;

/// What the pages need.
pub struct Web {
    /// The use cases.
    pub service: Arc<Service>,
    /// Where people sign in.
    pub sign_ins: SignIns,
    /// How the installation calls itself.
    pub brand: Arc<Brand>,
    /// How browsers address the service, such as `https://cpis.example.org`, without a slash at the end.
    pub base_url: String,
    /// How long sessions last.
    pub lifetime: Lifetime,
    /// Whether emergency accounts may be used.
    pub break_glass: bool,
    /// How often one may ask.
    pub pace: Pace,
    /// The machine API's description, as JSON.
    pub openapi: &'static str,
    /// The longest time for one request.
    pub time: Duration,
}

impl Web {
    /// The register of organisations as it is now.
    pub(crate) fn register(&self) -> Arc<Register> {
        self.service.register.get()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.service.clock.now()
    }
}

pub(crate) struct Door {
    pub web: Arc<Web>,
    pub counts: Counts,
}

/// One request on its way.
pub(crate) struct Visit<'a> {
    pub door: &'a Door,
    pub found: Option<Found>,
    pub caller: Option<Arc<Caller>>,
    pub headers: &'a HeaderMap,
    pub input: Input,
    pub places: HashMap<String, String>,
    pub now: Timestamp,
    pub csp_origins: Vec<String>,
    pub nonce: String,
}

/// Why a request ends early.
pub(crate) enum Stop {
    /// Go elsewhere.
    To(String),
    /// A page that says one thing.
    Say(What),
    /// Our fault.
    Failed(String),
}

pub(crate) type Answer = Result<Response, Stop>;

impl From<AppError> for Stop {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Unavailable { .. } => Self::Say(What::Unavailable),
            AppError::Refused(_) => Self::Say(What::NotAllowed),
            AppError::NotFound => Self::Say(What::NotFound),
            other => {
                tracing::error!(error = %other, "a page failed");
                Self::Failed("page".to_owned())
            }
        }
    }
}

impl From<askama::Error> for Stop {
    fn from(error: askama::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Visit<'_> {
    pub fn web(&self) -> &Web {
        &self.door.web
    }

    /// The caller. Routes for callers have one.
    pub fn caller(&self) -> Result<Arc<Caller>, Stop> {
        self.caller.clone().ok_or_else(|| Stop::To(paths::ROLE.to_owned()))
    }

    /// The session. Routes for people who signed in have one.
    pub fn found(&self) -> Result<&Found, Stop> {
        self.found.as_ref().ok_or_else(|| Stop::To(paths::SIGN_IN.to_owned()))
    }

    /// A field of the form; empty where there is none.
    pub fn field(&self, name: &str) -> &str {
        self.input.field(name)
    }

    /// What stands around a page.
    pub fn frame(&self, section: Section) -> Frame {
        let web = self.web();
        let person = self.found.as_ref().map(|found| {
            let caller = self.caller.as_ref();
            let mut sections = Vec::new();
            if let Some(caller) = caller {
                let rights = caller.rights;
                if rights.view || rights.view_silently {
                    sections.extend([Section::Find, Section::Looks, Section::Reports]);
                }
                if rights.authority.is_some() {
                    sections.extend([Section::Notices, Section::Files]);
                }
                if rights.operator {
                    sections.push(Section::Register);
                }
            }
            SignedIn {
                name: found.kept.who.name.clone(),
                role: caller.map(|caller| role_of(caller)).unwrap_or_default(),
                place: caller.map(|caller| place_of(caller)).unwrap_or_default(),
                sections,
            }
        });
        let idle = person.as_ref().map(|_| Idle {
            seconds: u32::try_from(web.lifetime.idle_seconds).unwrap_or(u32::MAX),
            to: paths::SESSION_ENDED,
        });
        Frame {
            brand: web.brand.clone(),
            person,
            section,
            csrf: self.found.as_ref().map(|found| kept::csrf(&found.session)).unwrap_or_default(),
            nonce: Some(self.nonce.clone()),
            made: self.now,
            idle,
        }
    }

    /// A page that says one thing.
    pub fn message(&self, what: What) -> Response {
        let status = match what {
            What::SignedOut | What::SessionEnded => StatusCode::OK,
            What::NotAllowed => StatusCode::FORBIDDEN,
            What::NotFound => StatusCode::NOT_FOUND,
            What::Failed { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            What::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            What::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let retry = match &what {
            What::TooMany { minutes } => Some(minutes * 60),
            What::Unavailable => Some(5),
            _ => None,
        };
        let page = Message { page: self.frame(Section::Elsewhere), what };
        let mut response = match render(&page) {
            Ok(bytes) => html(status, bytes),
            Err(_) => status.into_response(),
        };
        if let Some(seconds) = retry {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The role of a caller, for people.
pub(crate) fn role_of(caller: &Caller) -> String {
    match &caller.who {
        CallerWho::Person(staff) => staff.role_name.to_string(),
        CallerWho::System { .. } => String::new(),
        CallerWho::Device(device) => {
            device.responsible.first().map(|person| person.role_name.to_string()).unwrap_or_default()
        }
    }
}

/// The place of a caller, for people.
pub(crate) fn place_of(caller: &Caller) -> String {
    caller.site.as_ref().map_or_else(|| caller.organisation.name.to_string(), |site| site.name.to_string())
}

/// A page with a status.
pub(crate) fn rendered(status: StatusCode, page: &impl askama::Template) -> Answer {
    Ok(html(status, render(page)?))
}

/// The bytes of a page.
pub(crate) fn html(status: StatusCode, bytes: Vec<u8>) -> Response {
    let mut response = (status, bytes).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// Sends the browser elsewhere, by GET.
pub(crate) fn to(location: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Adds a cookie.
pub(crate) fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

struct Place {
    path: &'static str,
    routes: Vec<(Method, &'static Route)>,
}

/// The pages beside the routes of `rest`. What neither knows goes to `rest`, but a browser that looks for a page is told that
/// there is none.
pub fn router(web: Arc<Web>, rest: Router) -> Router {
    let door = Arc::new(Door { web, counts: Counts::default() });
    let mut router = rest.clone();
    for (at, first) in ROUTES.iter().enumerate() {
        if ROUTES.iter().take(at).any(|earlier| earlier.path == first.path) {
            continue;
        }
        let of_path = ROUTES.iter().filter(|route| route.path == first.path);
        let routes = of_path.filter_map(|route| Some((Method::from_bytes(route.method.as_bytes()).ok()?, route)));
        let place = Arc::new(Place { path: first.path, routes: routes.collect() });
        let door = door.clone();
        let answer = any(move |request: Request| {
            let (door, place) = (door.clone(), place.clone());
            async move { door.answer(&place, request).await }
        });
        router = router.route(first.path, answer);
    }
    router.fallback(move |request: Request| {
        let (door, rest) = (door.clone(), rest.clone());
        async move {
            if request.method() == Method::GET
                && guard::wants_page(request.headers())
                && !guard::is_api(request.uri().path())
            {
                let nowhere = Place { path: "unmatched", routes: Vec::new() };
                return Box::pin(door.answer(&nowhere, request)).await;
            }
            match rest.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
    })
}

impl Door {
    async fn answer(&self, place: &Place, request: Request) -> Response {
        let start = Instant::now();
        let method = request.method().clone();
        let is_asset = place.routes.iter().any(|(_, route)| route.action == Action::Asset);
        let nonce = guard::nonce(&self.web);
        let run = AssertUnwindSafe(self.run(place, request, nonce.clone())).catch_unwind();
        let (mut response, origins) = match tokio::time::timeout(self.web.time, run).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => {
                tracing::error!(route = place.path, "a page panicked");
                (self.unavailable(&nonce), Vec::new())
            }
            Err(_) => {
                tracing::warn!(route = place.path, "a page took too long");
                (self.unavailable(&nonce), Vec::new())
            }
        };
        let secure = self.web.base_url.starts_with("https://");
        let is_file = is_asset && response.status() == StatusCode::OK;
        guard::protect(response.headers_mut(), (!is_file).then_some(&*nonce), &origins, secure);
        let status = response.status().as_u16();
        metrics::counter!("cpis_pages_total", "route" => place.path, "status" => guard::status_class(status))
            .increment(1);
        metrics::histogram!("cpis_page_seconds", "route" => place.path).record(start.elapsed().as_secs_f64());
        tracing::debug!(%method, route = place.path, status, "a page was answered");
        response
    }

    /// The page for a request that did not come to its end.
    fn unavailable(&self, nonce: &str) -> Response {
        let page = Frame {
            brand: self.web.brand.clone(),
            person: None,
            section: Section::Elsewhere,
            csrf: String::new(),
            nonce: Some(nonce.to_owned()),
            made: self.web.now(),
            idle: None,
        };
        let page = Message { page, what: What::Unavailable };
        rendered(StatusCode::SERVICE_UNAVAILABLE, &page)
            .unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())
    }

    async fn run(&self, place: &Place, request: Request, nonce: String) -> (Response, Vec<String>) {
        let (mut parts, body) = request.into_parts();
        let places = input::places(&mut parts).await;
        let now = self.web.now();
        let is_asset = place.routes.iter().any(|(_, route)| route.action == Action::Asset);
        let found = if is_asset { Ok(None) } else { kept::find(&self.web, &parts.headers).await };
        let (found, away) = match found {
            Ok(found) => (found, None),
            Err(error) => (None, Some(Stop::from(error))),
        };
        let caller = found.as_ref().and_then(|found| found.kept.caller(&self.web));
        let csp_origins = found.as_ref().map(|found| found.kept.origins.clone()).unwrap_or_default();
        let mut visit = Visit {
            door: self,
            found,
            caller,
            headers: &parts.headers,
            input: Input::default(),
            places,
            now,
            csp_origins,
            nonce,
        };
        let done = match (place.routes.iter().find(|(method, _)| *method == parts.method), away) {
            (Some((_, route)), away) if route.who == Who::Anybody || away.is_none() => {
                self.through(&mut visit, route, &parts.uri, body).await
            }
            (None, _) if !place.routes.is_empty() => {
                let mut response = StatusCode::METHOD_NOT_ALLOWED.into_response();
                let methods = place.routes.iter().map(|(method, _)| method.as_str()).collect::<Vec<_>>().join(", ");
                if let Ok(methods) = HeaderValue::try_from(methods) {
                    response.headers_mut().insert(ALLOW, methods);
                }
                Ok(response)
            }
            (None, _) => Err(Stop::Say(What::NotFound)),
            (Some((_, route)), Some(_)) if route.action == Action::SignOut => {
                let answer = visit.message(What::Unavailable);
                Ok(with_cookie(answer, kept::no_cookie(kept::SESSION)))
            }
            (Some(_), Some(stop)) => Err(stop),
            (Some(_), None) => Err(Stop::Failed("route".to_owned())),
        };
        let response = done.unwrap_or_else(|stop| match stop {
            Stop::To(location) => to(&location),
            Stop::Say(what) => visit.message(what),
            Stop::Failed(why) => {
                let reference = guard::reference(&self.web);
                tracing::error!(reference, why, "a page could not be made");
                visit.message(What::Failed { reference })
            }
        });
        (response, std::mem::take(&mut visit.csp_origins))
    }

    async fn through(&self, visit: &mut Visit<'_>, route: &Route, uri: &axum::http::Uri, body: Body) -> Answer {
        let allowed = may(visit, route, uri);
        if let (Err(Stop::Say(What::NotAllowed)), Some(caller)) = (&allowed, &visit.caller) {
            look::note_refused(&self.web.service, caller.clone(), "page", Refusal::NoActivity).await?;
        }
        allowed?;
        if route.method == "POST" && route.action != Action::BackChannel {
            guard::same_origin(visit.headers, uri, &self.web.base_url)?;
        }
        let files = route.who != Who::Anybody;
        visit.input = input::read(visit.headers, uri, body, route.method == "POST", files).await?;
        if route.method == "POST"
            && let Some(found) = &visit.found
            && route.action != Action::BackChannel
        {
            guard::check_csrf(&kept::csrf(&found.session), visit.field("csrf"))?;
        }
        handlers::run(visit, route.action).await
    }
}

/// Whether somebody may come in here, or where they must go first.
fn may(visit: &Visit<'_>, route: &Route, uri: &axum::http::Uri) -> Result<(), Stop> {
    if route.who == Who::Anybody {
        return Ok(());
    }
    let Some(found) = &visit.found else {
        // Somebody whose session ended is told so; a form that was sent is never replayed.
        if kept::cookie(visit.headers, kept::SESSION).is_some() {
            return Err(Stop::To(paths::SESSION_ENDED.to_owned()));
        }
        let back = if route.method == "GET" { uri.path() } else { paths::HOME };
        return Err(Stop::To(format!("{}?to={back}", paths::SIGN_IN)));
    };
    if route.who == Who::SignedIn {
        return Ok(());
    }
    let Some(caller) = &visit.caller else { return Err(Stop::To(paths::ROLE.to_owned())) };
    let rights = caller.rights;
    let fits = match route.who {
        Who::Anybody | Who::SignedIn => true,
        Who::Reader => rights.view || rights.view_silently,
        Who::Authority => rights.authority.is_some(),
        Who::Operator => rights.operator,
    };
    if !fits {
        guard::refused(route.path);
        return Err(Stop::Say(What::NotAllowed));
    }
    if route.who == Who::Reader && found.kept.reason.is_none() {
        return Err(Stop::To(paths::SHIFT.to_owned()));
    }
    Ok(())
}
