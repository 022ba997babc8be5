//! The comparison: routes that do nothing, served as a service of ours would be.

use crate::settings::Target;
use anyhow::{Context, Result};
use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use std::net::SocketAddr;

/// Worker threads of the server.
pub const WORKERS: usize = 2;
/// Bytes of the longer answer: about those of an answer with a plan and some accesses.
pub const BODY_BYTES: usize = 2 * 1024;
/// The row that others are compared with.
pub const REFERENCE: &str = "bare, hello";

/// A server on loopback that lives as long as this.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

/// Serves a router on a free port of loopback, with keep-alive and without delay for small writes.
pub fn serve(router: Router) -> Result<Server> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).context("no port on loopback")?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        // A stream that cannot be set so is slower, and still served.
        let _ = stream.set_nodelay(true);
    });
    runtime.spawn(async move { axum::serve(listener, router).await });
    Ok(Server { address, _runtime: runtime })
}

/// The bare routes.
pub fn router() -> Router {
    let body = "0123456789abcde\n".repeat(BODY_BYTES / 16);
    let body: &'static str = Box::leak(body.into_boxed_str());
    Router::new().route("/hello", get(|| async { "hello" })).route("/body", get(move || async move { body }))
}

/// The rows of the bare routes.
pub fn targets(server: &Server) -> [Target; 2] {
    [Target::plain(REFERENCE, server.address, "/hello"), Target::plain("bare, 2 KiB", server.address, "/body")]
}
