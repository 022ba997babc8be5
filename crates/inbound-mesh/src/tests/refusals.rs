//! Requests that are refused, each with its code, and nothing of them is stored.

use super::*;
use futures_util::stream;

#[tokio::test]
async fn what_cannot_be_sent_is_told_with_its_code() {
    let world = World::new().await;
    let post = async |headers: &[(&str, &str)], content: &'static str| {
        world.ask(CAMDEN, "POST /outbox", headers, content).await
    };
    for (what, headers, content, status, code) in [
        ("nothing said", &[][..], "x", 400, ""),
        ("no recipient", &[("mex-to", ""), ("mex-workflowid", "W")], "x", 417, "08"),
        ("unknown", &[("mex-to", "X99OT001"), ("mex-workflowid", "W")], "x", 417, "12"),
        ("an address", &[("mex-to", "http://x"), ("mex-workflowid", "W")], "x", 400, "06"),
        ("from", &[("mex-to", CITY), ("mex-workflowid", "W"), ("mex-from", CITY)], "x", 417, "07"),
        ("nothing", &[("mex-to", CITY), ("mex-workflowid", "W")], "", 417, "02"),
        ("to the service", &[("mex-to", "CPIS0HC001"), ("mex-workflowid", "W")], "x", 417, "17"),
        ("encoding", &[("mex-to", CITY), ("mex-workflowid", "W"), ("content-encoding", "br")], "x", 422, ""),
        (
            "range",
            &[("mex-to", CITY), ("mex-workflowid", "W"), ("mex-chunk-range", "2:3")],
            "x",
            417,
            "InvalidHeaderChunks",
        ),
    ] {
        let answer = post(headers, content).await;
        assert_eq!(answer.status, status, "{what}: {:?}", answer.json());
        assert!(!answer.body.is_empty(), "{what}: clients read every answer to this as JSON");
        if !code.is_empty() && status != 422 {
            assert_eq!(answer.json()["errorCode"], code, "{what}");
        }
    }
    assert!(world.inbox(CITY).await.is_empty());
    is(&world.get(CITY, "/inbox/20200101000000000000_ABCDEF").await, StatusCode::NOT_FOUND);
    is(&world.ask(CITY, "PUT /inbox/NONE/status/acknowledged", &[], Body::empty()).await, StatusCode::NOT_FOUND);
    is(&world.ask(CITY, "DELETE /inbox", &[], Body::empty()).await, StatusCode::NOT_FOUND);
    let second =
        world.ask(CAMDEN, "POST /outbox", &[("accept", V2), ("mex-to", "X"), ("mex-workflowid", "W")], "x").await;
    assert_eq!(second.json()["detail"][0]["code"], "12");
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_whatever_it_says() {
    let limits = Limits { idle: Duration::from_millis(50), ..Limits::default() };
    let world = World::with(MailSettings { message_bytes_max: 1000, ..MailSettings::default() }, limits).await;
    let headers = [("mex-to", CITY), ("mex-workflowid", "W")];
    let long = [headers[0], headers[1], ("content-length", "104857601")];
    is(&world.ask(CAMDEN, "POST /outbox", &long, Body::empty()).await, StatusCode::PAYLOAD_TOO_LARGE);
    is(&world.ask(CAMDEN, "POST /outbox", &headers, vec![b'x'; 1001]).await, StatusCode::PAYLOAD_TOO_LARGE);
    is(&world.ask(CAMDEN, "POST /outbox", &headers, vec![b'x'; 1000]).await, StatusCode::ACCEPTED);
    // Without a length.
    let parts = ["a ", "letter"].map(|part| Ok::<_, std::io::Error>(Bytes::from(part)));
    let streamed = Body::from_stream(stream::iter(parts));
    is(&world.ask(CAMDEN, "POST /outbox", &headers, streamed).await, StatusCode::ACCEPTED);
    // A client that falls silent.
    let silent = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    is(&world.ask(CAMDEN, "POST /outbox", &headers, silent).await, StatusCode::REQUEST_TIMEOUT);
    // One that breaks off.
    let broken = [Ok(Bytes::from("a ")), Err(std::io::Error::other("gone"))];
    let answer = world.ask(CAMDEN, "POST /outbox", &headers, Body::from_stream(stream::iter(broken))).await;
    is(&answer, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(world.inbox(CITY).await.len(), 2);
}

#[test]
fn a_bomb_is_unpacked_up_to_its_limit() {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 10_000_000]).unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 20_000);
    assert!(crate::wire::unpack(&bomb, 9_999_999).is_err());
    assert_eq!(crate::wire::unpack(&bomb, 10_000_000).unwrap().len(), 10_000_000);
    assert!(crate::wire::unpack(&bomb[..bomb.len() / 2], 10_000_000).is_err(), "half of it");
    assert!(crate::wire::unpack(b"no gzip", 100).is_err());
}
