//! Connections: taken one by one up to a limit, served by hyper with our own time limits, ended without cutting anybody off.

use crate::Limits;
use axum::Extension;
use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use sha2::{Digest, Sha256};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// Pause after the operating system gives no connection (no file handles left), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 100;

/// SHA-256 of the certificate that the client of a connection showed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerCertificate(pub [u8; 32]);

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServeEnd {
    /// Connections taken in all.
    pub accepted: u64,
    /// Connections with a request that was still running when the time was up; they were cut.
    pub cut: usize,
    /// How long it took from the signal to the end.
    pub took: Duration,
}

/// Serves until `stop` turns true (or its sender is gone). Then it takes no more connections, closes idle ones, and gives
/// running requests `limits.drain_seconds`.
///
/// HTTP/1.1, and HTTP/2 where a TLS client chooses it; the acceptor must offer `h2` for that.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) -> ServeEnd {
    let room = Arc::new(Semaphore::new(limits.connections_max));
    let mut connections = JoinSet::new();
    let mut accepted = 0;
    loop {
        let (stream, permit) = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            next = accept(&listener, &room) => next,
        };
        accepted += 1;
        let connection = Connection { router: router.clone(), limits, stop: stop.clone() };
        let tls = tls.clone();
        connections.spawn(async move {
            metrics::gauge!("cpis_http_connections").increment(1.0);
            connection.run(stream, tls).await;
            metrics::gauge!("cpis_http_connections").decrement(1.0);
            drop(permit);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let stopped = Instant::now();
    let all = async { while connections.join_next().await.is_some() {} };
    let in_time = timeout(Duration::from_secs(limits.drain_seconds), all).await.is_ok();
    let cut = if in_time { 0 } else { connections.len() };
    connections.shutdown().await;
    ServeEnd { accepted, cut, took: stopped.elapsed() }
}

/// A connection once there is room for it.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else {
            // Nobody closes the semaphore.
            std::future::pending::<()>().await;
            continue;
        };
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

struct Connection {
    router: Router,
    limits: Limits,
    stop: watch::Receiver<bool>,
}

impl Connection {
    async fn run(mut self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let Some(tls) = tls else { return self.http1(stream).await };
        let time = Duration::from_secs(self.limits.header_seconds);
        let stream = match timeout(time, tls.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => return tracing::debug!("a TLS handshake took too long"),
        };
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        if let Some(certificate) = shown {
            self.router = self.router.layer(Extension(PeerCertificate(Sha256::digest(certificate).into())));
        }
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.http2(stream).await;
        } else {
            self.http1(stream).await;
        }
    }

    async fn http1(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Self { router, limits, mut stop } = self;
        let service = TowerToHyperService::new(router);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(limits.header_seconds))
            .max_buf_size(limits.head_bytes_max.max(8192))
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        drive(connection.as_mut(), http1::Connection::graceful_shutdown, &mut stop).await;
    }

    async fn http2(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Self { router, limits, mut stop } = self;
        let time = Duration::from_secs(limits.header_seconds);
        let service = TowerToHyperService::new(router);
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(time)
            .keep_alive_timeout(time)
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(u32::try_from(limits.head_bytes_max).unwrap_or(u32::MAX))
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        drive(connection.as_mut(), http2::Connection::graceful_shutdown, &mut stop).await;
    }
}

/// Runs a connection to its end; when the service stops, lets it finish what runs and take nothing new.
async fn drive<C>(mut connection: Pin<&mut C>, end: impl FnOnce(Pin<&mut C>), stop: &mut watch::Receiver<bool>)
where
    C: Future<Output = Result<(), hyper::Error>>,
{
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(stop) => {
            end(connection.as_mut());
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// The signal came, or nobody is left who could give it.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}
