//! The client against a server that answers right, wrong, in pieces, or not at all.

use super::*;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use std::net::SocketAddr;

/// Serves a router until the process ends.
fn serve(router: Router) -> SocketAddr {
    let server = Box::leak(Box::new(crate::bare::serve(router).unwrap()));
    server.address
}

fn burst(target: Target) -> Burst {
    Burst { target, connections: 4, threads: 2, warm_up_ms: 20, duration_ms: 150 }
}

fn target(address: SocketAddr, path: &str) -> Target {
    Target { hits: vec!["9990000018".into(), "9990000026".into()], ..Target::plain("a", address, path) }
}

#[test]
fn right_answers_are_counted_and_timed() {
    let router =
        Router::new().route("/{number}", get(|Path(number): Path<String>| async move { format!("plan of {number}") }));
    let mut target = target(serve(router), "/{number}");
    let outcome = run(&burst(target.clone())).unwrap();
    assert_eq!(outcome.errors(), 0, "{outcome:?}");
    assert_eq!(outcome.statuses.get(&200), Some(&outcome.answers_200));
    assert!(outcome.answers_200 as f64 > outcome.answers_per_second * 0.15, "warm-up and last answers count in all");
    assert!(outcome.answers_per_second > 0.0 && outcome.p50_us > 0.0 && outcome.p50_us <= outcome.p99_us);
    assert!(outcome.p99_us <= outcome.max_us);

    target.hit_marker = Some("plan of".into());
    target.misses = vec!["9990000034".into()];
    assert_eq!(run(&burst(target.clone())).unwrap().errors(), 0);
    target.misses_percent = 100;
    let outcome = run(&burst(target)).unwrap();
    assert!(outcome.wrong == outcome.answers_200 && outcome.wrong > 0, "a plan in the answer to a miss: {outcome:?}");
}

#[test]
fn wrong_answers_and_other_statuses_are_errors() {
    let router = Router::new()
        .route("/other/{number}", get(|| async { "9990000034" }))
        .route("/busy/{number}", get(|| async { StatusCode::SERVICE_UNAVAILABLE }));
    let address = serve(router);
    let outcome = run(&burst(target(address, "/other/{number}"))).unwrap();
    assert!(outcome.wrong == outcome.answers_200 && outcome.wrong > 0 && outcome.answers_per_second == 0.0);
    let outcome = run(&burst(target(address, "/busy/{number}"))).unwrap();
    assert!(outcome.answers_200 == 0 && outcome.errors() == outcome.statuses[&503], "{outcome:?}");
}

/// Answers each question on a connection with these pieces, one write each; without pieces it closes the connection.
fn serve_pieces(pieces: &'static [&'static [u8]]) -> SocketAddr {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.set_nodelay(true);
            std::thread::spawn(move || {
                while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                    for piece in pieces {
                        if stream.write_all(piece).is_err() {
                            return;
                        }
                        std::thread::yield_now();
                    }
                    if pieces.is_empty() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[test]
fn answers_in_pieces_are_read_whole() {
    let address = serve_pieces(&[b"HTTP/1.1 200 OK\r", b"\ncontent-length: 2\r\n\r", b"\n", b"o", b"k"]);
    let outcome = run(&burst(Target::plain("a", address, "/"))).unwrap();
    assert!(outcome.answers_200 > 0 && outcome.errors() == 0, "{outcome:?}");
}

#[test]
fn closed_cut_malformed_and_refused_connections_are_told_apart() {
    let closing = serve_pieces(&[b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"]);
    let outcome = run(&burst(Target::plain("a", closing, "/"))).unwrap();
    assert!(outcome.answers_200 > 4 && outcome.errors() == 0, "a new connection for each question: {outcome:?}");

    let outcome = run(&burst(Target::plain("a", serve_pieces(&[]), "/"))).unwrap();
    assert!(outcome.cut > 0 && outcome.cut == outcome.errors(), "{outcome:?}");

    let outcome = run(&burst(Target::plain("a", serve_pieces(&[b"hello"]), "/"))).unwrap();
    assert!(outcome.malformed > 0 && outcome.malformed == outcome.errors(), "{outcome:?}");

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = run(&burst(Target::plain("a", nobody, "/"))).unwrap();
    assert!(outcome.refused > 0 && outcome.refused == outcome.errors(), "{outcome:?}");
}
