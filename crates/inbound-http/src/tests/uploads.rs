//! Uploads: what is taken, in which forms it is answered, and every limit.

use super::world::{CAMDEN, CLIENT, GREENWICH, World, file, number, start};
use crate::Limits;
use axum::body::Body;
use bytes::Bytes;
use cpis_app::Settings;
use cpis_model::plan::PlanKind::ChildProtection;
use cpis_model::upload::UPLOAD_BYTES_MAX;
use cpis_testkit::issuer::people;
use futures_util::{StreamExt, stream};
use http::{Method, Request};
use std::io;
use tokio::sync::Notify;

const PATH: &str = "/authority/v1/uploads";

fn settings() -> Settings {
    Settings { test_numbers: true, ..Settings::default() }
}

#[tokio::test]
async fn a_file_is_acknowledged_as_xml_or_json() {
    let world = World::new().await;
    let token = world.mint(&people::authority_system(CLIENT, start()));
    let sent = file(CAMDEN, 41, &[(number(1), ChildProtection), (number(2), ChildProtection)]);
    for (accept, content_type) in [
        ("", "application/xml; charset=utf-8"),
        ("*/*", "application/xml; charset=utf-8"),
        ("text/xml", "application/xml; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/xml;q=0.2, application/json", "application/json"),
        ("application/*", "application/xml; charset=utf-8"),
    ] {
        // The same file gets the same answer, however often it is sent.
        let answer = world.upload(&token, &[("accept", accept)], &sent).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, content_type), "{accept}");
        assert!(answer.text().contains("CPF02"), "{}", answer.text());
        if content_type == "application/json" {
            assert_eq!((&answer.json()["loaded"], &answer.json()["sequence"]), (&2.into(), &41.into()));
        }
    }
    assert_eq!(world.upload(&token, &[("accept", "text/html")], &sent).await.problem(), (406, "not-acceptable".into()));
    let again = file(CAMDEN, 41, &[(number(3), ChildProtection)]);
    let answer = world.upload(&token, &[("accept", "application/json")], &again).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (400, &"CPF01".into()));
}

#[tokio::test]
async fn what_is_no_file_is_named() {
    let world = World::new().await;
    let answer = world.upload(&world.worker(CAMDEN), &[], b"<File").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (400, "application/xml; charset=utf-8"));
    assert!(answer.text().contains("CPF01"), "{}", answer.text());
    let unknown = file(CAMDEN, 1, &[(number(30), ChildProtection)]);
    let answer = world.upload(&world.worker(CAMDEN), &[("accept", "application/json")], &unknown).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (200, &"CPF04".into()), "nobody of this number");
    let other = file(GREENWICH, 1, &[(number(1), ChildProtection)]);
    let before = world.entries().await;
    assert_eq!(world.upload(&world.worker(CAMDEN), &[], &other).await.problem(), (403, "denied".into()));
    assert_eq!(world.upload(&world.clinician(), &[], &other).await.problem(), (403, "denied".into()));
    assert_eq!(world.entries().await, before + 2);
}

#[tokio::test]
async fn types_and_codings_that_are_not_taken() {
    let world = World::new().await;
    let sent = file(CAMDEN, 1, &[(number(1), ChildProtection)]);
    for content_type in ["text/plain", "", "application/xml; charset=utf-16", "application/json"] {
        let request = Request::post(PATH)
            .header("authorization", format!("Bearer {}", world.worker(CAMDEN)))
            .header("content-type", content_type)
            .body(Body::from(sent.clone()))
            .unwrap();
        assert_eq!(world.send(request).await.problem(), (415, "media-type".into()), "{content_type}");
    }
    let coded = world.upload(&world.worker(CAMDEN), &[("content-encoding", "gzip")], &sent).await;
    assert_eq!(coded.problem(), (415, "content-coding".into()));
    for (sequence, content_type) in (1..).zip(["text/xml", "application/hl7-v3+xml; charset=UTF-8"]) {
        let request = Request::post(PATH)
            .header("authorization", format!("Bearer {}", world.worker(CAMDEN)))
            .header("content-type", content_type)
            .body(Body::from(file(CAMDEN, sequence, &[(number(1), ChildProtection)])))
            .unwrap();
        assert_eq!(world.send(request).await.status, 200, "{content_type}");
    }
}

#[tokio::test]
async fn a_gap_waits_until_it_is_filled_or_given_up() {
    let world = World::new().await;
    let token = world.worker(CAMDEN);
    let none = world.get(PATH, &token, &[]).await.json();
    assert_eq!((&none["next"], &none["last_at"]), (&().into(), &().into()));
    assert_eq!(world.ask(Method::POST, "/authority/v1/uploads/5/skip", &token, &[], "").await.problem().0, 409);
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let answer = world.upload(&token, &[], &file(CAMDEN, 3, &[(number(3), ChildProtection)])).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (202, "/authority/v1/uploads/3"));
    let json = answer.json();
    assert_eq!((&json["sequence"], &json["status"], &json["missing"]), (&3.into(), &"waits-for-gap".into(), &2.into()));
    let status = world.get("/authority/v1/uploads/3", &token, &[]).await.json();
    assert_eq!((&status["status"], &status["missing"]), (&"waits-for-gap".into(), &2.into()));
    assert!(status["acknowledgement"].is_null());
    let state = world.get(PATH, &token, &[]).await.json();
    assert_eq!((&state["next"], &state["waiting"]), (&2.into(), &serde_json::json!([3])));

    let wrong = world.ask(Method::POST, "/authority/v1/uploads/3/skip", &token, &[], "").await;
    assert_eq!((wrong.problem(), &wrong.json()["next"]), ((409, "not-missing".into()), &2.into()));
    let given_up = world.ask(Method::POST, "/authority/v1/uploads/2/skip", &token, &[], "").await;
    assert_eq!((given_up.status.as_u16(), &given_up.json()["status"]), (200, &"skipped".into()));
    done(&world, &token, 3).await;
    assert_eq!(world.get("/authority/v1/uploads/2", &token, &[]).await.json()["status"], "skipped");
    for unknown in ["9", "0", "x", "18446744073709551615"] {
        let path = format!("{PATH}/{unknown}");
        assert_eq!(world.get(&path, &token, &[]).await.problem(), (404, "not-found".into()), "{unknown}");
        assert_eq!(world.get(&path, &world.worker(GREENWICH), &[]).await.problem().0, 404);
    }
}

/// Waits until an upload is processed; what waits is released by a task of the service.
async fn done(world: &World, token: &str, sequence: u64) {
    let path = format!("{PATH}/{sequence}");
    for _ in 0..100_000 {
        let status = world.get(&path, token, &[]).await.json();
        if status["status"] == "done" {
            assert_eq!(status["acknowledgement"]["code"], "CPF02");
            let xml = world.get(&path, token, &[("accept", "application/xml")]).await;
            assert_eq!(xml.header("content-type"), "application/xml; charset=utf-8");
            assert!(xml.text().contains("<FileResponse"));
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("upload {sequence} was not processed");
}

#[tokio::test]
async fn in_the_background() {
    let world = World::new().await;
    let token = world.worker(CAMDEN);
    let sent = file(CAMDEN, 1, &[(number(1), ChildProtection)]);
    let answer = world.upload(&token, &[("prefer", "respond-async")], &sent).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (202, "/authority/v1/uploads/1"));
    assert_eq!((&answer.json()["status"], &answer.json()["missing"]), (&"processing".into(), &().into()));
    done(&world, &token, 1).await;
}

#[tokio::test]
async fn a_sender_that_does_not_want_to_wait() {
    let world = World::new().await;
    let token = world.worker(CAMDEN);
    let many: Vec<_> = (1..=20).map(|n| (number(n), ChildProtection)).collect();
    let (first, second) = (file(CAMDEN, 1, &many), file(CAMDEN, 2, &[(number(1), ChildProtection)]));
    let prefer = [("prefer", "wait=0")];
    let (one, two) = tokio::join!(world.upload(&token, &[], &first), world.upload(&token, &prefer, &second));
    assert_eq!(one.status, 200);
    assert_eq!(two.problem(), (409, "busy".into()));
}

/// A body whose length is not announced.
fn chunks(count: usize, bytes: usize) -> Body {
    let chunk = Bytes::from(vec![b' '; bytes]);
    Body::from_stream(stream::iter((0..count).map(move |_| Ok::<_, io::Error>(chunk.clone()))))
}

fn post(token: &str) -> http::request::Builder {
    Request::post(PATH).header("authorization", format!("Bearer {token}")).header("content-type", "text/xml")
}

#[tokio::test]
async fn files_that_are_too_large() {
    let world = World::new().await;
    let token = world.worker(CAMDEN);
    let announced = post(&token).header("content-length", UPLOAD_BYTES_MAX + 1).body(Body::empty());
    let answer = world.send(announced.unwrap()).await;
    assert_eq!((answer.problem(), &answer.json()["bytes_max"]), ((413, "too-large".into()), &UPLOAD_BYTES_MAX.into()));
    let mebibyte = 1024 * 1024;
    let endless = post(&token).body(chunks(UPLOAD_BYTES_MAX / mebibyte + 1, mebibyte)).unwrap();
    assert_eq!(world.send(endless).await.problem(), (413, "too-large".into()));
    assert_eq!(world.http.upload_bytes.available_permits(), UPLOAD_BYTES_MAX, "its memory is free again");
}

#[tokio::test]
async fn bodies_that_stop_or_break() {
    let limits = Limits { upload_idle_seconds: 0, ..Limits::default() };
    let world = World::with(limits, UPLOAD_BYTES_MAX, settings()).await;
    let token = world.worker(CAMDEN);
    let started = stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"<File"))]);
    let silent = post(&token).body(Body::from_stream(started.chain(stream::pending()))).unwrap();
    assert_eq!(world.send(silent).await.problem(), (408, "timeout".into()));
    let broken = stream::iter([Err::<Bytes, _>(io::Error::other("gone"))]);
    let broken = post(&token).body(Body::from_stream(broken)).unwrap();
    assert_eq!(world.send(broken).await.problem(), (400, "broken-off".into()));
    assert_eq!(world.http.upload_bytes.available_permits(), UPLOAD_BYTES_MAX);
}

#[tokio::test]
async fn no_room_for_a_file() {
    let limits = Limits { upload_wait_seconds: 0, ..Limits::default() };
    let world = World::with(limits, 64, settings()).await;
    let token = world.worker(CAMDEN);
    let sent = file(CAMDEN, 1, &[(number(1), ChildProtection)]);
    let answer = world.upload(&token, &[("content-length", &sent.len().to_string())], &sent).await;
    assert_eq!(answer.problem(), (503, "unavailable".into()));
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
    let unannounced = post(&token).body(chunks(1, 100)).unwrap();
    assert_eq!(world.send(unannounced).await.problem(), (503, "unavailable".into()));
}

#[tokio::test]
async fn one_authority_does_not_shut_the_others_out() {
    let limits = Limits { upload_slots: 3, upload_slots_of_authority: 2, ..Limits::default() };
    let world = World::with(limits, UPLOAD_BYTES_MAX, settings()).await;
    let token = world.worker(CAMDEN);
    let go_on = Notify::new();
    let held = || async {
        let ends = stream::once(async { Err::<Bytes, _>(io::Error::other("gone")) });
        let (hold, held) = tokio::sync::oneshot::channel::<()>();
        let waits = stream::once(held).filter_map(|_| async { None });
        let request = post(&token).body(Body::from_stream(waits.chain(ends))).unwrap();
        let answer = async {
            let answer = world.send(request).await;
            answer.problem()
        };
        let release = async {
            go_on.notified().await;
            drop(hold);
        };
        tokio::join!(answer, release).0
    };
    let others = async {
        let third = world.upload(&token, &[], b"<File").await;
        assert_eq!(third.problem(), (429, "too-many-uploads".into()));
        let sent = file(GREENWICH, 1, &[(number(1), ChildProtection)]);
        assert_eq!(world.upload(&world.worker(GREENWICH), &[], &sent).await.status, 200);
        go_on.notify_waiters();
    };
    let (one, two, ()) = tokio::join!(held(), held(), others);
    assert_eq!((one, two), ((400, "broken-off".into()), (400, "broken-off".into())));
    assert_eq!(world.upload(&token, &[], b"<File").await.status, 400, "there is a place again");
}

#[tokio::test]
async fn a_spreadsheet_is_answered_with_what_stands_in_its_cells() {
    let world = World::new().await;
    let send = async |content_type: &str, text: String| {
        let request = Request::post(PATH)
            .header("authorization", format!("Bearer {}", world.worker(CAMDEN)))
            .header("content-type", content_type)
            .body(Body::from(text))
            .unwrap();
        world.send(request).await
    };
    let head = "nhs_number,given,family,birth_date,plan_type,start_date,emergency_phone\n";
    let row = |number: &str| format!("{number},Robin,Testcase,2015-03-04,CPP,15/1/2026,01632960001\n");
    let text = format!("{head}{}{}", row(number(1).digits()), row("999000001"));
    let answer = send("text/csv; charset=windows-1252", text).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    let json = answer.json();
    assert_eq!((&json["code"], &json["sequence"]), (&"CPF03".into(), &1_000_000_000_001_u64.into()));
    let rejection = &json["rejections"][0];
    assert_eq!((&rejection["location"], &rejection["detail"]["code"]), (&"line 3, nhs_number".into(), &"D13".into()));
    assert_eq!(rejection["shape"], "9 digits", "{rejection}");
    assert!(rejection["mend"].as_str().unwrap().contains("leading zeros"), "{rejection}");
    assert!(!answer.text().contains("Robin"));

    let refused = send("text/csv", "given\nRobin\n".to_owned()).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (400, &"CPF01".into()));
    let whole = send("application/csv", format!("{head}{}", row(number(1).digits()))).await;
    assert_eq!((&whole.json()["code"], &whole.json()["sequence"]), (&"CPF02".into(), &1_000_000_000_002_u64.into()));
    let kept = world.get("/authority/v1/uploads/1000000000001", &world.worker(CAMDEN), &[]).await;
    assert_eq!(kept.json()["acknowledgement"]["rejections"][0]["shape"], "9 digits", "{}", kept.text());
    assert_eq!(world.get(PATH, &world.worker(CAMDEN), &[]).await.json()["next"], serde_json::Value::Null);
}
