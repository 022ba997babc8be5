//! The page and the metrics of a gateway: for those who look after it, and for a department on the day on which the national service is
//! away. Readable without script. Local numbers are shortened for whoever does not have the gateway's token; no name is on it.

use crate::asking::{Reach, SharedReach};
use crate::facts::Unchecked;
use crate::feed::Feed;
use crate::signals::Signals;
use crate::store::{Flags, NoteKind, Store, StoreError};
use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cpis_app::Clock;
use cpis_model::time::london_time;
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;

/// Characters of a local number that are shown to everybody: its last ones.
const SHOWN_CHARACTERS: usize = 3;
/// No page may be kept, framed or let anything in.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What the page shows.
pub(crate) struct Page {
    pub store: Store,
    pub feeds: Vec<Arc<Feed>>,
    pub targets: Vec<String>,
    pub reach: SharedReach,
    pub clock: Arc<dyn Clock>,
    pub token: Option<String>,
    pub name: String,
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub certificates: Vec<(String, Timestamp)>,
    /// When the gateway started: a feed that has sent nothing yet is silent since then.
    pub started: Timestamp,
}

#[derive(Template)]
#[template(path = "page.html")]
struct View {
    name: String,
    heading: String,
    advice: String,
    is_good: bool,
    is_whole: bool,
    unchecked: Vec<UncheckedView>,
    notes: Vec<NoteView>,
    feeds: Vec<FeedView>,
    queues: Vec<QueueView>,
    open: u64,
    flags: Flags,
    certificates: Vec<CertificateView>,
    now: String,
}

struct UncheckedView {
    local: String,
    visit: String,
    location: String,
    is_open: bool,
    words: &'static str,
    /// When information was held, and how many hours ago that is; for those alone who see local numbers.
    earlier: Option<(String, i64)>,
    since: String,
}

struct NoteView {
    id: i64,
    words: &'static str,
    local: String,
    feed: String,
    control_id: String,
    at: String,
}

struct FeedView {
    name: String,
    connections: usize,
    messages: u64,
    applied: u64,
    refused: u64,
    last: String,
}

struct QueueView {
    name: String,
    waiting: u64,
    oldest: String,
}

struct CertificateView {
    name: String,
    ends: String,
}

/// Serves until the end is asked for.
pub(crate) async fn serve(page: Arc<Page>, listener: TcpListener, signals: Signals) {
    let router = Router::new()
        .route("/", get(shown))
        .route("/full", get(shown_whole))
        .route("/metrics", get(metrics_text))
        .route("/health/live", get(async || "live\n"))
        .route("/health/ready", get(ready))
        .route("/notes/{id}/done", post(note_done))
        .with_state(page);
    let served = axum::serve(listener, router).with_graceful_shutdown(async move { signals.ending().await });
    if let Err(error) = served.await {
        tracing::warn!(error = ?error.kind(), "the gateway's page could not be served");
    }
}

async fn shown(State(page): State<Arc<Page>>) -> Response {
    answer(page.view(false).await)
}

async fn shown_whole(State(page): State<Arc<Page>>, headers: HeaderMap) -> Response {
    if page.knows(&headers, true) {
        return answer(page.view(true).await);
    }
    let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"gateway\", charset=\"UTF-8\"")];
    (StatusCode::UNAUTHORIZED, ask, "The gateway's token is needed as password. Any user name will do.\n")
        .into_response()
}

async fn metrics_text(State(page): State<Arc<Page>>) -> String {
    (page.metrics)()
}

async fn ready(State(page): State<Arc<Page>>) -> Response {
    match page.store.status().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// Not for browsers: the token must be a bearer's, which no other site can make a browser send.
async fn note_done(State(page): State<Arc<Page>>, Path(id): Path<i64>, headers: HeaderMap) -> Response {
    if !page.knows(&headers, false) {
        let ask = [(header::WWW_AUTHENTICATE, "Bearer")];
        return (StatusCode::UNAUTHORIZED, ask, "The gateway's token is needed.\n").into_response();
    }
    match page.store.note_done(id).await {
        Ok(true) => "Done.\n".into_response(),
        Ok(false) => (StatusCode::NOT_FOUND, "There is no such number on the list.\n").into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

fn answer(view: Result<View, StoreError>) -> Response {
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let html = view.map(|view| view.render());
    if let Ok(Ok(html)) = html {
        (headers, Html(html)).into_response()
    } else {
        let words = "We cannot tell who is checked: the gateway's file does not answer. Check patients by hand.\n";
        (StatusCode::SERVICE_UNAVAILABLE, headers, words).into_response()
    }
}

impl Page {
    /// Whether whoever asks has the token: as a bearer, or in a browser as the password.
    fn knows(&self, headers: &HeaderMap, basic: bool) -> bool {
        let Some(token) = &self.token else { return false };
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let password = || {
            let decoded = BASE64_STANDARD.decode(given.strip_prefix("Basic ")?).ok()?;
            let text = String::from_utf8(decoded).ok()?;
            text.split_once(':').map(|(_, password)| password.to_owned())
        };
        let bearer = given.strip_prefix("Bearer ").map(str::to_owned);
        let said = bearer.or_else(|| if basic { password() } else { None });
        said.is_some_and(|said| said.as_bytes().ct_eq(token.as_bytes()).into())
    }

    async fn view(&self, is_whole: bool) -> Result<View, StoreError> {
        let now = self.clock.now();
        let (status, unchecked, notes) =
            tokio::try_join!(self.store.status(), self.store.unchecked(now), self.store.notes())?;
        let (heading, advice, is_good) = heading(self.reach.get(), unchecked.len(), notes.len(), now);
        let local = |text: &str| if is_whole { text.to_owned() } else { shortened(text) };
        let unchecked = unchecked.into_iter().map(|row| UncheckedView {
            local: local(&row.local),
            visit: local(&row.visit),
            location: row.location,
            is_open: row.is_open,
            words: row.reason.words(),
            earlier: row
                .record_at
                .filter(|_| is_whole)
                .map(|at| (when(at, now), now.duration_since(at).as_hours().max(0))),
            since: when(row.since, now),
        });
        let notes = notes.into_iter().map(|row| NoteView {
            id: row.id,
            words: row.kind.words(),
            local: row.local.as_deref().map(local).unwrap_or_default(),
            feed: row.feed,
            control_id: row.control_id,
            at: when(row.at, now),
        });
        let mut queues = vec![QueueView {
            name: "Questions to the national service".to_owned(),
            waiting: status.asks.0,
            oldest: status.asks.1.map(|at| when(at, now)).unwrap_or_default(),
        }];
        queues.extend(self.targets.iter().map(|target| {
            let waiting = status.pushes.iter().find(|(name, ..)| name == target);
            QueueView {
                name: format!("Alerts to {target}"),
                waiting: waiting.map_or(0, |(_, count, _)| *count),
                oldest: waiting.and_then(|(.., oldest)| *oldest).map(|at| when(at, now)).unwrap_or_default(),
            }
        }));
        Ok(View {
            name: self.name.clone(),
            heading,
            advice,
            is_good,
            is_whole,
            unchecked: unchecked.collect(),
            notes: notes.collect(),
            feeds: self.feeds.iter().map(|feed| feed_view(feed, now)).collect(),
            queues,
            open: status.open,
            flags: status.flags,
            certificates: self
                .certificates
                .iter()
                .map(|(name, ends)| CertificateView {
                    name: name.clone(),
                    ends: london_time(*ends).strftime("%-d %B %Y").to_string(),
                })
                .collect(),
            now: london_time(now).strftime("%-d %B %Y, %H:%M").to_string(),
        })
    }

    /// Brings the metrics of queues up to date.
    pub async fn measure(&self) -> Result<(), StoreError> {
        let status = self.store.status().await?;
        let now = self.clock.now();
        let age = |at: Option<Timestamp>| at.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
        metrics::gauge!("cpis_gateway_asks_waiting").set(status.asks.0 as f64);
        metrics::gauge!("cpis_gateway_asks_waiting_seconds").set(age(status.asks.1));
        for target in &self.targets {
            let waiting = status.pushes.iter().find(|(name, ..)| name == target);
            let count = waiting.map_or(0, |(_, count, _)| *count);
            metrics::gauge!("cpis_gateway_pushes_waiting", "target" => target.clone()).set(count as f64);
            let oldest = age(waiting.and_then(|(.., oldest)| *oldest));
            metrics::gauge!("cpis_gateway_pushes_waiting_seconds", "target" => target.clone()).set(oldest);
        }
        for reason in Unchecked::ALL {
            let count = status.unchecked.iter().find(|(known, _)| *known == reason).map_or(0, |(_, count)| *count);
            metrics::gauge!("cpis_gateway_unchecked", "reason" => reason.code()).set(count as f64);
        }
        for kind in NoteKind::ALL {
            let count = status.notes.iter().find(|(known, _)| *known == kind).map_or(0, |(_, count)| *count);
            metrics::gauge!("cpis_gateway_notes", "kind" => kind.code()).set(count as f64);
        }
        metrics::gauge!("cpis_gateway_flags_shown").set(status.flags.shown as f64);
        for feed in &self.feeds {
            let last = feed.counts.last.load(Ordering::Relaxed).max(self.started.as_millisecond()) as f64 / 1000.0;
            metrics::gauge!("cpis_gateway_last_message_timestamp_seconds", "feed" => feed.name.clone()).set(last);
        }
        Ok(())
    }
}

/// What stands on top: what to know, what to do, and whether all is well.
fn heading(reach: Reach, unchecked: usize, notes: usize, now: Timestamp) -> (String, String, bool) {
    match reach.hindered {
        Some((since, Unchecked::Refused)) => {
            let heading =
                format!("Not checked since {}: the national service does not accept our questions", when(since, now));
            (heading, "Check patients by hand, and call whoever runs this gateway.".to_owned(), false)
        }
        Some((since, _)) => {
            let heading = format!("Not checked since {}: the national service does not answer", when(since, now));
            let advice = "Check patients by hand. Those who wait are checked by themselves once it answers again.";
            (heading, advice.to_owned(), false)
        }
        None if unchecked > 0 => {
            let who = if unchecked == 1 { "1 patient is".to_owned() } else { format!("{unchecked} patients are") };
            (format!("{who} not checked"), "The list says why and what to do.".to_owned(), false)
        }
        None if notes > 0 => {
            let heading = "Every patient is checked; somebody should look at the second list".to_owned();
            (heading, "The list says why and what to do.".to_owned(), true)
        }
        None => ("Every patient is checked".to_owned(), "Nothing is to be done.".to_owned(), true),
    }
}

fn feed_view(feed: &Feed, now: Timestamp) -> FeedView {
    let counts = &feed.counts;
    let last = Timestamp::from_millisecond(counts.last.load(Ordering::Relaxed)).unwrap_or_default();
    FeedView {
        name: feed.name.clone(),
        connections: counts.connections.load(Ordering::Relaxed),
        messages: counts.messages.load(Ordering::Relaxed),
        applied: counts.applied.load(Ordering::Relaxed),
        refused: counts.refused.load(Ordering::Relaxed),
        last: if last == Timestamp::default() { "none".to_owned() } else { when(last, now) },
    }
}

/// The local time; with its day where that is not today.
fn when(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (london_time(at), london_time(now));
    let form = if at.date() == now.date() { "%H:%M" } else { "%-d %B, %H:%M" };
    at.strftime(form).to_string()
}

/// The end of a local number.
fn shortened(text: &str) -> String {
    let count = text.chars().count();
    let end: String = text.chars().skip(count.saturating_sub(SHOWN_CHARACTERS)).collect();
    if count > SHOWN_CHARACTERS { format!("…{end}") } else { "…".to_owned() }
}

#[cfg(test)]
mod tests;
