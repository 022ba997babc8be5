//! Rate, errors and duration of each route. All labels are fixed words.

use http::{Method, StatusCode};
use metrics::{Counter, Histogram};
use std::time::Duration;

/// The metrics of one path. Handles of the usual answers are kept, so that counting one costs next to nothing.
pub struct Meter {
    route: &'static str,
    seconds: Histogram,
    get_ok: Counter,
    post_ok: Counter,
}

impl Meter {
    pub fn new(route: &'static str) -> Self {
        Self {
            route,
            seconds: metrics::histogram!("cpis_http_seconds", "route" => route),
            get_ok: counter(route, "GET", "200"),
            post_ok: counter(route, "POST", "200"),
        }
    }

    pub fn count(&self, method: &Method, status: StatusCode, took: Duration) {
        self.seconds.record(took.as_secs_f64());
        match (method_word(method), status) {
            ("GET", StatusCode::OK) => self.get_ok.increment(1),
            ("POST", StatusCode::OK) => self.post_ok.increment(1),
            (method, status) => counter(self.route, method, status_word(status)).increment(1),
        }
    }
}

fn counter(route: &'static str, method: &'static str, status: &'static str) -> Counter {
    metrics::counter!("cpis_http_requests_total", "route" => route, "method" => method, "status" => status)
}

/// The method, or one word for all that nobody has a use for here: a client cannot make up labels.
pub fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn status_word(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200 => "200",
        202 => "202",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        405 => "405",
        406 => "406",
        408 => "408",
        409 => "409",
        413 => "413",
        415 => "415",
        429 => "429",
        500 => "500",
        503 => "503",
        _ => "other",
    }
}
