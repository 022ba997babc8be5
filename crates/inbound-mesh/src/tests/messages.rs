//! Messages from one mailbox to another.

use super::*;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::io::{Read, Write};

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn a_message_is_sent_listed_collected_and_acknowledged() {
    let world = World::new().await;
    let told = [
        ("mex-subject", "Cafe"),
        ("mex-localid", "L-1"),
        ("mex-filename", "letter.txt"),
        ("mex-content-encrypted", "N"),
        ("mex-from", CAMDEN),
        ("mex-messagetype", "DATA"),
        ("content-type", "text/plain"),
    ];
    let id = world.letter(&told, "a letter").await.id();
    assert_eq!(id.len(), 27);
    assert_eq!(world.inbox(CITY).await, std::slice::from_ref(&id));
    assert!(world.inbox(CAMDEN).await.is_empty());
    assert_eq!(world.get(CITY, "/count").await.json()["count"], 1);
    let message = world.get(CITY, &format!("/inbox/{}", id.to_lowercase())).await;
    is(&message, StatusCode::OK);
    assert_eq!(&message.body[..], b"a letter");
    for (name, value) in [
        ("mex-messageid", id.as_str()),
        ("mex-messagetype", "DATA"),
        ("mex-from", CAMDEN),
        ("mex-to", CITY),
        ("mex-workflowid", "LETTER"),
        ("mex-subject", "Cafe"),
        ("mex-localid", "L-1"),
        ("mex-filename", "letter.txt"),
        ("mex-chunk-range", "1:1"),
        ("mex-total-chunks", "1"),
        ("mex-statuscode", "00"),
        ("mex-statusevent", "TRANSFER"),
        ("mex-statussuccess", "SUCCESS"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(message.header(name), value, "{name}");
    }
    let head = world.ask(CITY, &format!("HEAD /inbox/{id}"), &[], Body::empty()).await;
    assert_eq!((head.status, head.body.len(), head.header("mex-localid")), (200, 0, "L-1"));
    is(&world.ask(CAMDEN, &format!("HEAD /inbox/{id}"), &[], Body::empty()).await, StatusCode::OK);
    is(&world.get(CAMDEN, &format!("/inbox/{id}")).await, StatusCode::FORBIDDEN);
    let tracked = world.get(CAMDEN, &format!("/outbox/tracking?messageID={id}")).await.json();
    assert_eq!((&tracked["status"], &tracked["localId"]), (&"Accepted".into(), &"L-1".into()));
    is(&world.get(CITY, &format!("/outbox/tracking?messageID={id}")).await, StatusCode::NOT_FOUND);
    let acknowledge = format!("PUT /inbox/{id}/status/acknowledged");
    is(&world.ask(CAMDEN, &acknowledge, &[], Body::empty()).await, StatusCode::FORBIDDEN);
    for _ in 0..2 {
        let done = world.ask(CITY, &acknowledge, &[], Body::empty()).await;
        is(&done, StatusCode::OK);
        assert_eq!(done.json()["messageId"], id.as_str());
    }
    assert!(world.inbox(CITY).await.is_empty());
    is(&world.get(CITY, &format!("/inbox/{id}")).await, StatusCode::GONE);
    let tracked =
        world.ask(CAMDEN, &format!("GET /outbox/tracking?messageID={id}"), &[("accept", V2)], Body::empty()).await;
    assert_eq!(tracked.json()["status"], "acknowledged");
    let tracked = world.get(CAMDEN, "/outbox/tracking/L-1").await.json();
    assert_eq!(tracked["messageId"], id.as_str());
    is(&world.get(CAMDEN, "/outbox/tracking/L-2").await, StatusCode::NOT_FOUND);
    world.letter(&[("mex-localid", "L-1")], "another").await.id();
    assert_eq!(world.get(CAMDEN, "/outbox/tracking/L-1").await.status, 300);
}

#[tokio::test]
async fn a_long_inbox_comes_in_pages() {
    let world = World::new().await;
    let mut sent = Vec::new();
    for n in 0..13 {
        world.forward(Duration::from_millis(1));
        let workflow = if n % 2 == 0 { "EVEN" } else { "ODD" };
        let headers = [("mex-to", CITY), ("mex-workflowid", workflow)];
        sent.push(world.ask(CAMDEN, "POST /outbox", &headers, "x").await.id());
    }
    let page = async |query: &str| {
        let answer = world.ask(CITY, &format!("GET /inbox?{query}"), &[("accept", V2)], Body::empty()).await;
        is(&answer, StatusCode::OK);
        answer.json()
    };
    let first = page("max_results=10&workflow_filter=%21ODD").await;
    assert_eq!(first["messages"].as_array().unwrap().len(), 5);
    assert_eq!(first["approx_inbox_count"], 13);
    let next = first["links"]["next"].as_str().unwrap();
    let query = next.strip_prefix(&format!("/messageexchange/{CITY}/inbox?")).unwrap();
    let second = page(query).await;
    assert_eq!(second["messages"], serde_json::json!([sent[10], sent[12]]));
    assert!(second["links"]["next"].is_null());
    let old = world.get(CITY, &format!("/inbox?max_results=10&continue_from={}", sent[11])).await.json();
    assert_eq!(old, serde_json::json!({ "messages": [sent[12]] }));
    let faults = world.get(CITY, "/inbox?max_results=9&workflow_filter=*").await;
    is(&faults, StatusCode::BAD_REQUEST);
    assert_eq!(faults.json()["detail"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn chunks_make_one_message() {
    let world = World::new().await;
    let first = world.letter(&[("mex-chunk-range", "1:3"), ("content-encoding", "gzip")], "first").await;
    let id = first.id();
    let chunk = async |number: &str, range: &str, encoding: Option<&str>, content: Vec<u8>| {
        let mut headers = vec![("mex-chunk-range", range)];
        headers.extend(encoding.map(|encoding| ("content-encoding", encoding)));
        world.ask(CAMDEN, &format!("POST /outbox/{id}/{number}"), &headers, content).await
    };
    assert!(world.inbox(CITY).await.is_empty());
    let tracked = world.get(CAMDEN, &format!("/outbox/tracking?messageID={id}")).await.json();
    assert_eq!(tracked["status"], "Uploading");
    let missing = chunk("3", "3:3", Some("gzip"), packed("three")).await;
    assert_eq!((missing.status, &missing.json()["errorCode"]), (417, &"InvalidHeaderChunks".into()));
    assert!(missing.json()["errorDescription"].as_str().unwrap().contains("chunk 2"));
    for (number, range, encoding, status) in [
        ("2", "", None, 417),
        ("2", "3:3", None, 417),
        ("2", "x", None, 417),
        ("4", "4:4", None, 406),
        ("2", "2:3", Some("br"), 422),
        ("2", "2:3", Some("identity"), 417),
    ] {
        let answer = chunk(number, range, encoding, packed("two")).await;
        assert_eq!(answer.status, status, "{number} {range} {encoding:?}");
    }
    let other = world.ask(CITY, &format!("POST /outbox/{id}/2"), &[("mex-chunk-range", "2:3")], "x").await;
    is(&other, StatusCode::FORBIDDEN);
    is(&chunk("2", "2:3", None, packed("wrong")).await, StatusCode::ACCEPTED);
    let again = chunk("2", "2:3", Some("gzip"), packed("two")).await;
    assert_eq!(again.json()["blockID"], 2);
    is(&chunk("3", "3:3", None, packed("three")).await, StatusCode::ACCEPTED);
    is(&chunk("3", "3:3", None, packed("three")).await, StatusCode::LOCKED);
    assert_eq!(world.inbox(CITY).await, std::slice::from_ref(&id));
    let part = async |path: String, accept: &str| {
        world.ask(CITY, &format!("GET {path}"), &[("accept-encoding", accept)], Body::empty()).await
    };
    let two = part(format!("/inbox/{id}/2"), "gzip").await;
    assert_eq!((two.status, two.header("mex-chunk-range"), two.header("content-encoding")), (206, "2:3", "gzip"));
    assert_eq!(unpacked(&two.body), "two");
    let three = part(format!("/inbox/{id}/3"), "identity").await;
    assert_eq!((three.status, three.header("mex-chunk-range"), three.header("content-encoding")), (200, "3:3", ""));
    assert_eq!(&three.body[..], b"three");
    is(&part(format!("/inbox/{id}"), "gzip").await, StatusCode::PARTIAL_CONTENT);
    is(&part(format!("/inbox/{id}/4"), "gzip").await, StatusCode::NOT_FOUND);
    // Its sender said gzip, and it is none.
    is(&part(format!("/inbox/{id}/1"), "identity").await, StatusCode::EXPECTATION_FAILED);
}

#[tokio::test]
async fn the_second_version_compresses_for_whoever_takes_it() {
    let world = World::new().await;
    let id = world.letter(&[], "a letter").await.id();
    let headers = [("accept", V2), ("accept-encoding", "gzip, deflate")];
    let message = world.ask(CITY, &format!("GET /inbox/{id}"), &headers, Body::empty()).await;
    assert_eq!(message.header("content-encoding"), "gzip");
    assert_eq!(unpacked(&message.body), "a letter");
    let sent = world.letter(&[("accept", V2)], "x").await;
    assert_eq!(sent.header("content-type"), V2);
    assert!(sent.json()["message_id"].is_string());
}

#[tokio::test]
async fn what_nobody_collects_comes_back_as_a_report() {
    let world = World::new().await;
    let id = world.letter(&[("mex-subject", "Hello"), ("mex-localid", "L-9")], "a letter").await.id();
    world.forward(Duration::from_hours(5 * 24));
    cpis_app::mail::expiry::end_due(&world.door.post).await.unwrap();
    assert!(world.inbox(CITY).await.is_empty());
    is(&world.get(CITY, &format!("/inbox/{id}")).await, StatusCode::GONE);
    let report = world.inbox(CAMDEN).await.remove(0);
    let message = world.get(CAMDEN, &format!("/inbox/{report}")).await;
    assert_eq!((message.status, message.body.len()), (200, 0));
    for (name, value) in [
        ("mex-messagetype", "REPORT"),
        ("mex-linkedmsgid", id.as_str()),
        ("mex-workflowid", "LETTER"),
        ("mex-localid", "L-9"),
        ("mex-subject", "NDR: Hello"),
        ("mex-statuscode", "14"),
        ("mex-statusevent", "SEND"),
        ("mex-statussuccess", "ERROR"),
        ("mex-statusdescription", "Message not collected by recipient after 5 days"),
        ("mex-from", ""),
    ] {
        assert_eq!(message.header(name), value, "{name}");
    }
    let tracked = world.get(CAMDEN, &format!("/outbox/tracking?messageID={id}")).await.json();
    assert_eq!(tracked["status"], "Undeliverable");
    is(
        &world.ask(CAMDEN, &format!("PUT /inbox/{report}/status/acknowledged"), &[], Body::empty()).await,
        StatusCode::OK,
    );
}

#[tokio::test]
async fn the_richer_list_says_what_is_said_about_each_message() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for local_id in ["L-1", "L-2", "L-3"] {
        ids.push(world.letter(&[("mex-localid", local_id)], "a letter").await.id());
        world.forward(Duration::from_mins(1));
    }
    let page = world.get(CITY, "/inbox/rich?max_results=2").await;
    is(&page, StatusCode::OK);
    assert_eq!(page.header("content-type"), V2);
    let page = page.json();
    let first = &page["messages"][0];
    for (name, value) in [
        ("message_id", ids[0].as_str()),
        ("local_id", "L-1"),
        ("message_type", "DATA"),
        ("recipient", CITY),
        ("sender", CAMDEN),
        ("sender_name", "Camden"),
        ("status", "Accepted"),
        ("workflow_id", "LETTER"),
        ("sent_date", "2026-11-22T09:00:00.000Z"),
        ("expiry_timestamp", "2026-11-27T09:00:00.000Z"),
    ] {
        assert_eq!(first[name], value, "{name}");
    }
    assert_eq!((&first["total_chunks"], &first["status_code"]), (&1.into(), &Value::Null));
    let next = page["links"]["next"].as_str().unwrap().strip_prefix("/messageexchange/714OT001").unwrap();
    let rest = world.get(CITY, next).await.json();
    assert_eq!((&rest["messages"][0]["local_id"], &rest["links"]["next"]), (&"L-3".into(), &Value::Null));
    let later = world.get(CITY, "/inbox/rich?start_time=2026-11-22T09:00:30Z").await.json();
    assert_eq!(later["messages"].as_array().unwrap().len(), 2);
    // What nobody collected comes back as a report.
    world.forward(Duration::from_hours(6 * 24));
    cpis_app::mail::expiry::end_due(&world.door.post).await.unwrap();
    let report = &world.get(CAMDEN, "/inbox/rich").await.json()["messages"][0];
    assert_eq!((&report["message_type"], &report["status_code"]), (&"REPORT".into(), &"14".into()));
    assert_eq!(report["sender"], Value::Null);
    for query in ["max_results=0", "max_results=2001", "start_time=soon", "continue_from=short"] {
        is(&world.get(CITY, &format!("/inbox/rich?{query}")).await, StatusCode::BAD_REQUEST);
    }
}
