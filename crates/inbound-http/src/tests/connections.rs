//! Real connections: limits, and the end without cutting anybody off.

use crate::{Limits, ServeEnd, serve};
use axum::Router;
use axum::routing::get;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    end: JoinHandle<ServeEnd>,
    /// Told when `/slow` has begun.
    begun: Arc<Notify>,
    /// Lets `/slow` end.
    go_on: Arc<Notify>,
}

async fn server(limits: Limits) -> Server {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, goes_on) = (begun.clone(), go_on.clone());
    let slow = get(move || async move {
        begins.notify_one();
        goes_on.notified().await;
        "slow"
    });
    let router = Router::new().route("/quick", get(|| async { "quick" })).route("/slow", slow);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let end = tokio::spawn(serve(listener, None, router, limits, stopped));
    Server { address, stop, end, begun, go_on }
}

async fn send(stream: &mut TcpStream, path: &str) {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
}

/// Reads until the answer's body has come.
async fn answer(stream: &mut TcpStream, body: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(body.as_bytes()) {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "{}", String::from_utf8_lossy(&read));
    }
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn running_requests_end_and_idle_connections_close() {
    let server = server(Limits::default()).await;
    let (mut idle, mut busy) = tokio::join!(async { TcpStream::connect(server.address).await.unwrap() }, async {
        TcpStream::connect(server.address).await.unwrap()
    });
    send(&mut idle, "/quick").await;
    assert!(answer(&mut idle, "quick").await.starts_with("HTTP/1.1 200"));
    send(&mut idle, "/quick").await;
    answer(&mut idle, "quick").await;
    send(&mut busy, "/slow").await;
    server.begun.notified().await;
    server.stop.send(true).unwrap();
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap(), 0, "idle: closed at once");
    server.go_on.notify_one();
    let text = answer(&mut busy, "slow").await;
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("connection: close"), "{text}");
    let end = server.end.await.unwrap();
    assert_eq!((end.accepted, end.cut), (2, 0));
    assert!(TcpStream::connect(server.address).await.is_err(), "nothing new is taken");
}

#[tokio::test]
async fn what_never_ends_is_cut() {
    let server = server(Limits { drain_seconds: 0, ..Limits::default() }).await;
    let mut busy = TcpStream::connect(server.address).await.unwrap();
    send(&mut busy, "/slow").await;
    server.begun.notified().await;
    drop(server.stop);
    let end = server.end.await.unwrap();
    assert_eq!((end.accepted, end.cut), (1, 1));
}

#[tokio::test]
async fn a_connection_that_has_said_nothing_does_not_hold_up_the_end() {
    let server = server(Limits::default()).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut other = TcpStream::connect(server.address).await.unwrap();
    send(&mut other, "/quick").await;
    answer(&mut other, "quick").await;
    server.stop.send(true).unwrap();
    assert_eq!(silent.read(&mut [0; 8]).await.unwrap(), 0);
    assert_eq!(server.end.await.unwrap().cut, 0);
}

#[tokio::test]
async fn connections_over_the_limit_wait() {
    let server = server(Limits { connections_max: 1, ..Limits::default() }).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    send(&mut first, "/slow").await;
    server.begun.notified().await;
    let mut second = TcpStream::connect(server.address).await.unwrap();
    send(&mut second, "/quick").await;
    let mut byte = [0; 1];
    tokio::select! {
        biased;
        read = second.read(&mut byte) => panic!("answered: {read:?}"),
        () = tokio::task::yield_now() => {}
    }
    server.go_on.notify_one();
    answer(&mut first, "slow").await;
    drop(first);
    assert!(answer(&mut second, "quick").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn heads_that_are_too_long_or_too_slow() {
    let limits = Limits { header_seconds: 1, ..Limits::default() };
    let server = server(limits).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(b"GET /quick HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let mut read = Vec::new();
    let _ = slow.read_to_end(&mut read).await;
    assert!(!String::from_utf8_lossy(&read).contains("200"), "closed without an answer");
    let mut long = TcpStream::connect(server.address).await.unwrap();
    let head = format!("GET /quick HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(4 * limits.head_bytes_max));
    let _ = long.write_all(head.as_bytes()).await;
    let mut read = Vec::new();
    let _ = long.read_to_end(&mut read).await;
    assert!(!String::from_utf8_lossy(&read).contains("200 OK"));
}
