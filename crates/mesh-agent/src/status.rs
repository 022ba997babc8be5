//! The status page, for this machine alone: what waits, what was sent, what came. It names files; contents it never shows.

use crate::agent::Said;
use crate::journal::{Outgoing, Received, Stage};
use crate::run::{OPEN, disk};
use crate::{Agent, AgentError};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cpis_model::Timestamp;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use std::sync::Arc;

/// Names by which this machine calls itself: a page of elsewhere that had its name point here gets nothing.
const HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
/// Nothing is loaded, and nothing runs.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct Page {
    agent: Arc<Agent>,
    metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

/// The pages: `/`, `/status.json`, `/health/live`, `/health/ready`, `/metrics`.
pub fn router(agent: Arc<Agent>, metrics: Arc<dyn Fn() -> String + Send + Sync>) -> Router {
    let page = Arc::new(Page { agent, metrics });
    Router::new()
        .route("/", get(html))
        .route("/status.json", get(json))
        .route("/health/live", get(async || "live\n"))
        .route("/health/ready", get(ready))
        .route("/metrics", get(async |State(page): State<Arc<Page>>| (page.metrics)()))
        .layer(axum::middleware::from_fn(guard))
        .with_state(page)
}

/// Answers this machine only, and says to every browser that the answer is nobody else's.
async fn guard(headers: HeaderMap, request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    if !HOSTS.contains(&name.map_or(host, |(name, _)| name)) {
        return (StatusCode::FORBIDDEN, "Ask by the address 127.0.0.1.\n").into_response();
    }
    let mut response = next.run(request).await;
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn ready(State(page): State<Arc<Page>>) -> Response {
    let said = page.agent.said().clone();
    match said.trouble {
        None if said.reached.is_some() => "ready\n".into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "the server was not reached yet\n").into_response(),
        Some(trouble) => (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", trouble.what)).into_response(),
    }
}

/// Everything that the page shows.
struct Seen {
    said: Said,
    open: Vec<Outgoing>,
    ended: Vec<Outgoing>,
    received: Vec<Received>,
}

impl Agent {
    fn seen(&self) -> Result<Seen, AgentError> {
        let said = self.said().clone();
        disk(|| {
            let (open, ended) = (self.journal.at(&OPEN)?, self.journal.ended()?);
            Ok(Seen { said, open, ended, received: self.journal.received()? })
        })
    }
}

fn failed(error: &AgentError) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
}

#[derive(Serialize)]
struct Json {
    works: bool,
    trouble: Option<String>,
    trouble_since: Option<String>,
    reached: Option<String>,
    looked: Option<String>,
    waiting: usize,
    sending: usize,
    sent_last: Option<String>,
    failed_last: Option<String>,
    received_last: Option<String>,
}

async fn json(State(page): State<Arc<Page>>) -> Response {
    let Seen { said, open, ended, received } = match page.agent.seen() {
        Ok(seen) => seen,
        Err(error) => return failed(&error),
    };
    let last = |stage| ended.iter().find(|file| file.stage == stage).map(|file| shown(file.at));
    let json = Json {
        works: said.trouble.is_none(),
        trouble_since: said.trouble.as_ref().map(|trouble| moment(trouble.since)),
        trouble: said.trouble.map(|trouble| trouble.what),
        reached: said.reached.map(moment),
        looked: said.looked.map(moment),
        waiting: said.waiting.len(),
        sending: open.len(),
        sent_last: last(Stage::Done),
        failed_last: last(Stage::Failed),
        received_last: received.first().map(|message| shown(message.at)),
    };
    axum::Json(json).into_response()
}

#[derive(Template)]
#[template(path = "status.html")]
struct Html {
    mailbox: String,
    trouble: Option<ShownTrouble>,
    reached: String,
    looked: String,
    waiting: Vec<Row>,
    ended: Vec<Row>,
    came: Vec<Row>,
}

struct ShownTrouble {
    what: String,
    since: String,
}

#[derive(Default)]
struct Row {
    name: String,
    at: String,
    state: String,
    reference: String,
    answer: String,
}

async fn html(State(page): State<Arc<Page>>) -> Response {
    let seen = match page.agent.seen() {
        Ok(seen) => seen,
        Err(error) => return failed(&error),
    };
    let html = page_of(page.agent.settings.mailbox.to_string(), seen);
    match html.render() {
        Ok(text) => axum::response::Html(text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn page_of(mailbox: String, seen: Seen) -> Html {
    let Seen { said, open, ended, received } = seen;
    let whens = |at: Option<Timestamp>| at.map_or_else(|| "not yet".to_owned(), moment);
    let incomplete = said.waiting.into_iter().map(|waiting| Row {
        name: waiting.name,
        state: format!("waits: {}", waiting.why),
        ..Row::default()
    });
    let on_their_way = open.into_iter().map(|file| Row {
        state: if file.stage == Stage::Sending { "is being sent" } else { "waits for its turn" }.to_owned(),
        ..row(&file)
    });
    let answer = |file: &Outgoing| {
        let mut answers = received.iter().filter(|message| message.local_id.as_ref() == Some(&file.local_id));
        answers.next().map_or_else(|| "none yet".to_owned(), |message| message.id.clone())
    };
    let ended_row = |file: &Outgoing| match file.stage {
        Stage::Failed => Row { state: format!("failed: {}", file.why.as_deref().unwrap_or_default()), ..row(file) },
        _ => Row { state: "sent".to_owned(), answer: answer(file), ..row(file) },
    };
    Html {
        mailbox,
        reached: whens(said.reached),
        looked: whens(said.looked),
        trouble: said.trouble.map(|trouble| ShownTrouble { what: trouble.what, since: moment(trouble.since) }),
        waiting: incomplete.chain(on_their_way).collect(),
        ended: ended.iter().map(ended_row).collect(),
        came: received
            .iter()
            .map(|message| Row {
                name: message.id.clone(),
                at: shown(message.at),
                state: message
                    .code
                    .as_ref()
                    .map_or_else(|| message.what.clone(), |code| format!("report, code {code}")),
                reference: message.local_id.clone().unwrap_or_default(),
                ..Row::default()
            })
            .collect(),
    }
}

fn row(file: &Outgoing) -> Row {
    Row {
        name: file.data.as_ref().or(file.control.as_ref()).cloned().unwrap_or_default(),
        at: shown(file.at),
        reference: file.local_id.clone(),
        ..Row::default()
    }
}

fn shown(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map(moment).unwrap_or_default()
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
