//! Mailboxes of MESH: what a local authority's existing MESH client works against (spec/mesh.md).
//!
//! A door only: it turns requests into questions to `cpis_app::mail` and answers into bytes. Nothing of a message is ever
//! logged but its id.
//!
//! Reading order: [`router`] (what there is), `admit` (who is let in), `send`, `collect`, `track`, `find`; [`wire`] (what the
//! service itself writes and reads).

mod admit;
mod body;
mod collect;
mod find;
mod path;
mod reply;
mod send;
mod stored;
mod track;
mod wire;

pub use stored::{keep, kept};
pub use wire::wire;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use cpis_app::mail::Post;
use http::Method;
use path::Path;
use reply::Reply;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Largest body of one request in bytes (spec/mesh.md section 5).
pub const BODY_BYTES_MAX: usize = 100 * 1024 * 1024;

/// Limits of the door.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of bodies in memory at once. Beyond it 429; it needs at least [`BODY_BYTES_MAX`].
    pub memory_bytes: usize,
    /// Without a byte of a body. 408.
    pub idle: Duration,
    /// For room in memory. 429.
    pub wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_bytes: 3 * BODY_BYTES_MAX, idle: Duration::from_secs(30), wait: Duration::from_secs(5) }
    }
}

/// What the door needs.
pub struct Door {
    /// The mailboxes.
    pub post: Arc<Post>,
    /// The key that all mailboxes of this environment share.
    pub shared_key: Zeroizing<Vec<u8>>,
    room: Arc<Semaphore>,
    limits: Limits,
}

impl Door {
    /// A door to the mailboxes.
    pub fn new(post: Arc<Post>, shared_key: Zeroizing<Vec<u8>>, limits: Limits) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(limits.memory_bytes.min(Semaphore::MAX_PERMITS)));
        Arc::new(Self { post, shared_key, room, limits })
    }
}

/// The interface. All paths begin with `/messageexchange`.
pub fn router(door: Arc<Door>) -> Router {
    Router::new().fallback(answer).with_state(door)
}

async fn answer(State(door): State<Arc<Door>>, request: Request) -> Response {
    let begun = Instant::now();
    let (path, method) = (Path::parse(request.uri().path()), request.method().clone());
    let word = path.as_ref().map_or("other", Path::word);
    let response = Reply::of(&door, request, path, method).await;
    let status = response.status().as_u16();
    metrics::counter!("cpis_mesh_requests_total", "what" => word, "status" => reply::status_word(status)).increment(1);
    metrics::histogram!("cpis_mesh_seconds", "what" => word).record(begun.elapsed().as_secs_f64());
    tracing::debug!(what = word, status, "a request of MESH was answered");
    response
}

/// Whether a request only reads.
fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

#[cfg(test)]
mod tests;
