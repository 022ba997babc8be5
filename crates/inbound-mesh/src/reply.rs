//! One request from its version to its answer.

use crate::admit::{self, Admitted, Refused};
use crate::path::Path;
use crate::{Door, body, collect, find, is_read, send, track};
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use cpis_format_mesh::fault::is_retried;
use cpis_format_mesh::header::Pair;
use cpis_format_mesh::{Headers, MeshFault, MessageId, Version, answers};
use http::header::{ACCEPT, CACHE_CONTROL, HeaderName, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use std::sync::Arc;

/// Seconds after which a client that was told to try again should.
const RETRY_SECONDS: &str = "2";

/// What every handler is given.
pub struct Asked<'a> {
    /// The door.
    pub door: &'a Arc<Door>,
    /// Which form of answers is wanted.
    pub version: Version,
    /// The request without its body.
    pub parts: &'a Parts,
    /// Its headers as MESH reads them.
    pub headers: Headers,
    /// Who asks.
    pub admitted: &'a Admitted,
}

/// An answer before it is bytes.
pub struct Reply {
    status: u16,
    headers: Vec<Pair>,
    body: Body,
}

impl Reply {
    /// JSON in the form that was asked for; empty where there is nothing to say.
    pub fn json(status: u16, version: Version, bytes: Vec<u8>) -> Self {
        let kind = if bytes.is_empty() { None } else { Some(("content-type", version.content_type().to_owned())) };
        Self { status, headers: kind.into_iter().collect(), body: bytes.into() }
    }

    /// Bytes with headers.
    pub fn content(status: u16, headers: Vec<Pair>, body: impl Into<Body>) -> Self {
        Self { status, headers, body: body.into() }
    }

    /// The answer to a request.
    pub async fn of(door: &Arc<Door>, request: Request, path: Option<Path>, method: Method) -> Response {
        let (parts, body) = request.into_parts();
        let accept = parts.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        let (version, bad) = match Version::of_accept(accept) {
            Ok(version) => (version, None),
            Err(bad) => (Version::V1, Some(MeshFault::from(bad))),
        };
        let id = message_id(path.as_ref());
        let done = match (bad, path) {
            (Some(fault), _) => Err(fault),
            (None, None) => Err(MeshFault::NoSuchPath),
            (None, Some(path)) => answer(door, &parts, body, path, &method, version).await,
        };
        match done {
            Ok(reply) => reply.into_response(),
            Err(fault) => Self::refusal(&fault, version, id.as_ref(), &door.fresh_id()).into_response(),
        }
    }

    fn refusal(fault: &MeshFault, version: Version, id: Option<&MessageId>, internal_id: &str) -> Self {
        let mut reply = Self::json(fault.status(), version, fault.body(version, id, internal_id));
        if is_retried(fault.status()) {
            reply.headers.push(("retry-after", RETRY_SECONDS.to_owned()));
        }
        reply
    }

    fn into_response(self) -> Response {
        let mut response = Response::new(self.body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        for (name, value) in self.headers {
            // What is not ASCII goes out as UTF-8.
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
}

impl Door {
    /// An id by which an answer is found in the logs.
    pub fn fresh_id(&self) -> String {
        let mut bytes = [0; 16];
        self.post.service.keys.entropy.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().simple().to_string()
    }
}

fn message_id(path: Option<&Path>) -> Option<MessageId> {
    match path? {
        Path::Message(_, id, _) | Path::Acknowledged(_, id) | Path::Chunk(_, id, _) => id.parse().ok(),
        _ => None,
    }
}

async fn answer(
    door: &Arc<Door>,
    parts: &Parts,
    body: Body,
    path: Path,
    method: &Method,
    version: Version,
) -> Result<Reply, MeshFault> {
    match &path {
        Path::Ping if is_read(method) => return Ok(Reply::json(200, Version::V1, answers::ping())),
        Path::Lookup(code, workflow) if is_read(method) => return Ok(find::by_code(door, version, code, workflow)),
        Path::Search(workflow) if is_read(method) => return Ok(find::by_workflow(door, workflow)),
        _ => {}
    }
    let Some(mailbox) = path.mailbox() else { return Err(MeshFault::NoSuchPath) };
    let sends = matches!((&path, method), (Path::Outbox(_) | Path::Chunk(..), &Method::POST));
    let admitted = admit::judge(door, mailbox, &parts.headers).await.map_err(Refused::fault)?;
    // Whether there is room is known before the token is used up: who is told to try again repeats it.
    let room = if sends { Some(body::room(door, &parts.headers).await.map_err(Refused::fault)?) } else { None };
    admit::use_up(door, &admitted).await.map_err(Refused::fault)?;
    let pairs = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let asked = Asked { door, version, parts, headers: Headers::new(pairs), admitted: &admitted };
    let done = match (&path, method) {
        (Path::Mailbox(_), &Method::POST | &Method::GET) => find::handshake(&asked),
        (Path::Update(_), &Method::POST) => Ok(Reply::json(200, version, Vec::new())),
        (Path::Inbox(_), &Method::GET) => collect::list(&asked).await,
        (Path::Rich(_), &Method::GET) => collect::rich(&asked).await,
        (Path::Count(_), &Method::GET) => collect::count(&asked).await,
        (Path::Message(_, id, chunk), &Method::GET | &Method::HEAD) => {
            collect::message(&asked, id, chunk.as_deref(), *method == Method::HEAD).await
        }
        (Path::Acknowledged(_, id), &Method::PUT) => collect::acknowledge(&asked, id).await,
        (Path::Tracking(_), &Method::GET) => track::by_id(&asked).await,
        (Path::TrackingLocal(_, local), &Method::GET) => track::by_local_id(&asked, local).await,
        (Path::Outbox(_), &Method::POST) => send::first(&asked, room, body).await,
        (Path::Chunk(_, id, number), &Method::POST) => send::chunk(&asked, id, number, room, body).await,
        _ => Err(MeshFault::NoSuchPath.into()),
    };
    let done = done.map_err(Refused::fault);
    if done.as_ref().is_err_and(|fault| is_retried(fault.status())) {
        admit::release(door, &admitted).await;
    }
    done
}

/// A status as a label.
pub fn status_word(status: u16) -> &'static str {
    match status {
        200 => "200",
        202 => "202",
        206 => "206",
        300 => "300",
        400 => "400",
        403 => "403",
        404 => "404",
        406 => "406",
        410 => "410",
        413 => "413",
        417 => "417",
        422 => "422",
        423 => "423",
        429 => "429",
        500 => "500",
        503 => "503",
        _ => "other",
    }
}
