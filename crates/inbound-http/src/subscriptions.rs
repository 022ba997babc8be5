//! Subscriptions of authorities (spec/fhir.md 7.2 and 7.3): made, shown, changed, removed, and asked where they stand.
//!
//! The order of checks: `Accept`, token, headers, whether the caller has subscriptions at all, and only then what was sent.

mod shown;

pub use shown::wire;

use crate::body::{self, BodyFault};
use crate::caller::{self, caller};
use crate::door::Door;
use crate::failure;
use crate::fhir::{acceptable, outcome, reference};
use crate::media;
use axum::body::Body;
use axum::response::Response;
use cpis_app::AppError;
use cpis_app::subscriptions::{Admitted, Changed, Made, Resent};
use cpis_format_fhir::CONTENT_TYPE;
use cpis_format_fhir::outcome::Issue;
use cpis_format_fhir::subscription::{
    BODY_BYTES_MAX, EventsQuery, Faults, parse_events_parameters, parse_events_query, parse_subscription, subscription,
};
use cpis_model::Uuid;
use data_encoding::HEXLOWER;
use http::header::{CONTENT_ENCODING, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use shown::Shown;

/// The header in which the secret of a new subscription comes, once.
pub const SECRET_HEADER: &str = "cpis-subscription-secret";
/// Names under which FHIR travels as JSON.
const FHIR_JSON: &[&str] = &["application/fhir+json", "application/json"];
/// Where the id stands in an address.
const ID_PLACE: usize = 4;

const ENDPOINT: &str = "Nothing may be sent to this endpoint: its port must be 443 or one that the operator allows, and its \
    host on the open internet or in a network that the operator allows";
const TOO_MANY: &str = "The authority has 20 subscriptions and may not have more: remove one first";
const OTHER_TOPIC: &str = "The topic of a subscription stays: make another subscription";
const OTHER_ID: &str = "The id in the body must be that of the address";
const NOT_ACTIVE: &str = "Nothing is sent again while the subscription is not active";
const BROKEN: &str = "The body did not arrive whole";

/// What is done with subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// POST of a new one.
    Create,
    /// All of the authority's.
    List,
    /// One.
    Read,
    /// PUT in place of one.
    Change,
    /// DELETE.
    Remove,
    /// Where one stands.
    Status,
    /// Its events.
    Events,
    /// Its events, to be sent again.
    Resend,
}

/// Why something is not done.
enum Refusal {
    Issue(Issue, Option<u32>),
    Faults(Faults),
}

impl From<Issue> for Refusal {
    fn from(issue: Issue) -> Self {
        Self::Issue(issue, None)
    }
}

impl From<Faults> for Refusal {
    fn from(faults: Faults) -> Self {
        Self::Faults(faults)
    }
}

/// Does it.
pub async fn act(door: &Door, act: Act, request: &Parts, body: Body) -> Response {
    match done(door, act, request, body).await {
        Ok(response) => response,
        Err(Refusal::Issue(issue, retry_after)) => outcome(&issue, retry_after),
        Err(Refusal::Faults(faults)) => {
            let status = StatusCode::from_u16(faults.status()).unwrap_or(StatusCode::BAD_REQUEST);
            media::reply(status, CONTENT_TYPE, faults.body())
        }
    }
}

async fn done(door: &Door, act: Act, request: &Parts, body: Body) -> Result<Response, Refusal> {
    let subscriptions = &door.http.subscriptions;
    let failed = |error: AppError| {
        let (issue, retry_after) = failure::issue(door, error);
        Refusal::Issue(issue, retry_after)
    };
    let by = admitted(door, &request.headers).await?;
    // An id that is none is looked for all the same: it is nobody's.
    let id = media::segment(request.uri.path(), ID_PLACE).and_then(|text| Uuid::try_parse(text).ok());
    let id = id.unwrap_or_default();
    match act {
        Act::Create => {
            let sent = content(door, &request.headers, body).await?;
            let wanted = shown::wanted(parse_subscription(&sent, subscriptions.plain_loopback)?);
            match subscriptions.create(&by, wanted).await.map_err(failed)? {
                Made::Made(made, secret) => Ok(created(door, &Shown::new(&made), &secret)),
                Made::TooMany => Err(Issue::Refused(TOO_MANY).into()),
                Made::Endpoint => Err(Issue::Refused(ENDPOINT).into()),
            }
        }
        Act::List => {
            let all = subscriptions.list(&by).await.map_err(failed)?;
            Ok(ok(shown::list(door, &all)))
        }
        Act::Read => {
            let found = subscriptions.read(&by, id).await.map_err(failed)?;
            Ok(ok(subscription(&Shown::new(&found).view())))
        }
        Act::Change => {
            let sent = content(door, &request.headers, body).await?;
            let wanted = parse_subscription(&sent, subscriptions.plain_loopback)?;
            if wanted.id.as_deref().is_some_and(|named| Uuid::try_parse(named) != Ok(id)) {
                return Err(Issue::Refused(OTHER_ID).into());
            }
            match subscriptions.change(&by, id, shown::wanted(wanted)).await.map_err(failed)? {
                Changed::Changed(changed) => Ok(ok(subscription(&Shown::new(&changed).view()))),
                Changed::OtherTopic => Err(Issue::Refused(OTHER_TOPIC).into()),
                Changed::Endpoint => Err(Issue::Refused(ENDPOINT).into()),
            }
        }
        Act::Remove => {
            subscriptions.remove(&by, id).await.map_err(failed)?;
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            Ok(response)
        }
        Act::Status => {
            let stands = subscriptions.status(&by, id).await.map_err(failed)?;
            Ok(ok(shown::status(door, &stands)))
        }
        Act::Events => {
            let query = asked(door, request, body).await?;
            let found = subscriptions.events(&by, id, query.since, query.until).await.map_err(failed)?;
            Ok(ok(shown::events(door, &found, query.content)))
        }
        Act::Resend => {
            let query = asked(door, request, body).await?;
            match subscriptions.resend(&by, id, query.since, query.until).await.map_err(failed)? {
                Resent::Soon(stands) => Ok(ok(shown::status(door, &stands))),
                Resent::NotActive => Err(Issue::Refused(NOT_ACTIVE).into()),
            }
        }
    }
}

async fn admitted(door: &Door, headers: &HeaderMap) -> Result<Admitted, Refusal> {
    acceptable(headers)?;
    let caller = caller(door, caller::FHIR, headers).await.map_err(|error| {
        let (issue, retry_after) = failure::unknown(error);
        Refusal::Issue(issue, retry_after)
    })?;
    reference(headers)?;
    door.http.subscriptions.admit(caller).await.map_err(|error| {
        let (issue, retry_after) = failure::issue(door, error);
        Refusal::Issue(issue, retry_after)
    })
}

/// Parameters of `$events` and `$resend`: of the address, or in the body of a POST.
async fn asked(door: &Door, request: &Parts, body: Body) -> Result<EventsQuery, Refusal> {
    if request.method == Method::POST {
        let sent = read(door, body).await?;
        if !sent.is_empty() {
            check_type(&request.headers)?;
            return Ok(parse_events_parameters(&sent)?);
        }
    }
    Ok(parse_events_query(request.uri.query().unwrap_or_default())?)
}

/// The body, where there must be one.
async fn content(door: &Door, headers: &HeaderMap, body: Body) -> Result<bytes::Bytes, Refusal> {
    check_type(headers)?;
    read(door, body).await
}

fn check_type(headers: &HeaderMap) -> Result<(), Issue> {
    let coded = headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    if coded || !media::is_content(headers, FHIR_JSON) { Err(Issue::NotFhirJson) } else { Ok(()) }
}

async fn read(door: &Door, body: Body) -> Result<bytes::Bytes, Refusal> {
    let read = body::read(body, BODY_BYTES_MAX, door.http.limits.body_time()).await;
    read.map_err(|fault| {
        Refusal::from(match fault {
            BodyFault::TooLarge => Issue::BodyTooLarge,
            BodyFault::TooSlow => Issue::Timeout,
            BodyFault::Broken => Issue::Refused(BROKEN),
        })
    })
}

fn ok(body: Vec<u8>) -> Response {
    media::reply(StatusCode::OK, CONTENT_TYPE, body)
}

/// The one answer that holds the secret.
fn created(door: &Door, made: &Shown, secret: &[u8]) -> Response {
    let mut response = media::reply(StatusCode::CREATED, CONTENT_TYPE, subscription(&made.view()));
    let location = [door.fhir_base.as_str(), "/Subscription/", made.id()].concat();
    let secret = HEXLOWER.encode(secret);
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(&location) {
        headers.insert(LOCATION, location);
    }
    if let Ok(mut secret) = HeaderValue::from_str(&secret) {
        secret.set_sensitive(true);
        headers.insert(SECRET_HEADER, secret);
    }
    response
}
