//! What is asked without a token: whether the service lives and is ready, its metrics, the description of its API.

use crate::door::Door;
use crate::{OPENAPI, media};
use axum::response::Response;
use http::StatusCode;
use std::time::Duration;

const TEXT: &str = "text/plain; charset=utf-8";

/// How long the database has to answer.
const PING_TIME: Duration = Duration::from_secs(1);

/// The process runs.
pub fn live() -> Response {
    media::reply(StatusCode::OK, TEXT, "live\n")
}

/// Requests are wanted and the database answers.
pub async fn ready(door: &Door) -> Response {
    let no = |word| media::reply(StatusCode::SERVICE_UNAVAILABLE, TEXT, word);
    if !(door.http.ready)() {
        return no("draining\n");
    }
    match tokio::time::timeout(PING_TIME, door.http.service.store.ping()).await {
        Ok(Ok(())) => media::reply(StatusCode::OK, TEXT, "ready\n"),
        Ok(Err(_)) | Err(_) => no("database\n"),
    }
}

/// The metrics as Prometheus reads them.
pub fn metrics(door: &Door) -> Response {
    media::reply(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", (door.http.metrics)())
}

/// The description of the API.
pub fn openapi() -> Response {
    media::reply(StatusCode::OK, "application/json", OPENAPI)
}
