//! What holds for every route, walked from the table.

use super::world::{FHIR, World, number, uri};
use crate::{Http, Limits, OPENAPI, ROUTES, Who};
use axum::body::Body;
use bytes::Bytes;
use cpis_app::Settings;
use cpis_model::Uuid;
use futures_util::stream;
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tower::ServiceExt;

fn address(template: &str) -> String {
    template.replace("{id}", "60e0b220-8136-4ca5-ae46-1d97ef59d068").replace("{sequence}", "1")
}

#[tokio::test]
async fn every_route_refuses_the_stranger_unless_it_is_for_anybody() {
    let world = World::new().await;
    let before = world.entries().await;
    for route in ROUTES.iter().filter(|route| !route.is_inside_only()) {
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        for token in ["", "not.a.token"] {
            let answer = world.ask(method.clone(), &address(route.path), token, &[], "").await;
            let place = format!("{} {}", route.method, route.path);
            assert_eq!(answer.header("cache-control"), "no-store", "{place}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{place}");
            if route.who == Who::Anybody {
                assert_eq!(answer.status, 200, "{place}");
                continue;
            }
            assert_eq!(answer.status, 401, "{place}");
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{place}");
            if route.path.starts_with(FHIR) {
                assert_eq!(answer.outcome().1, "ACCESS_DENIED", "{place}");
            } else {
                assert_eq!(answer.problem().1, "unauthorised", "{place}");
            }
        }
    }
    assert_eq!(world.entries().await, before);
}

#[tokio::test]
async fn every_route_refuses_whom_it_is_not_for_and_records_it() {
    let world = World::new().await;
    let nobody = world.mint(&cpis_testkit::issuer::people::privacy_officer(&world.register, "R0A", world.now()));
    for route in ROUTES.iter().filter(|route| !matches!(route.who, Who::Anybody | Who::Known)) {
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let (mut path, mut body) = (address(route.path), String::new());
        let mut headers = Vec::new();
        if route.path.contains("/Subscription") {
            // Who may not have any is refused before anything of the request is looked at.
        } else if route.path.starts_with(FHIR) && route.method == "GET" {
            path = uri(path.rsplit('/').next().unwrap(), number(1));
        } else if route.path.starts_with(FHIR) {
            body = format!("patient={}", number(1).digits());
            headers.push(("content-type", "application/x-www-form-urlencoded"));
        }
        let before = world.entries().await;
        let answer = world.ask(method, &path, &nobody, &headers, &body).await;
        let place = format!("{} {}", route.method, route.path);
        assert_eq!(answer.status, 403, "{place}: {}", answer.text());
        assert_eq!(world.entries().await, before + 1, "{place}");
    }
}

#[tokio::test]
async fn every_path_says_which_methods_it_has() {
    let world = World::new().await;
    for route in ROUTES.iter().filter(|route| !route.is_inside_only()) {
        for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::TRACE] {
            if ROUTES.iter().any(|other| other.path == route.path && other.method == method.as_str()) {
                continue;
            }
            let answer = world.ask(method, &address(route.path), "", &[], "").await;
            assert_eq!(answer.status, 405, "{}", route.path);
            assert!(answer.header("allow").split(", ").any(|offered| offered == route.method), "{}", route.path);
        }
    }
}

#[test]
fn the_description_has_exactly_the_routes() {
    let described: Value = serde_json::from_str(OPENAPI).unwrap();
    assert!(described["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut written: BTreeSet<(String, String)> = BTreeSet::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            written.insert((method.to_uppercase(), path.clone()));
            let is_public = operation["security"].as_array().is_some_and(Vec::is_empty);
            let route = ROUTES.iter().find(|route| route.path == path && route.method.eq_ignore_ascii_case(method));
            assert_eq!(is_public, route.unwrap().who == Who::Anybody, "{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            assert_eq!(responses.contains_key("401"), !is_public, "{method} {path}");
        }
    }
    let routes = ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(written, routes);
    assert_eq!(ROUTES.len(), written.len(), "no route stands twice");
    assert_references(&described, &described);
}

fn assert_references(all: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                assert!(all.pointer(target.strip_prefix('#').unwrap()).is_some(), "{target}");
            }
            members.values().for_each(|member| assert_references(all, member));
        }
        Value::Array(items) => items.iter().for_each(|item| assert_references(all, item)),
        _ => {}
    }
}

#[tokio::test]
async fn health_and_metrics() {
    let world = World::new().await;
    assert_eq!(world.get("/metrics", "", &[]).await.status, 404, "not where clients reach it");
    let inside = |path: &'static str| {
        let router = world.inside.clone();
        async move { router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap().status().as_u16() }
    };
    let expected = BTreeMap::from([
        ("/metrics", 200),
        ("/health/live", 200),
        ("/health/ready", 200),
        ("/openapi.json", 404),
        ("/authority/v1/uploads", 404),
        ("/cpis/FHIR/R4/metadata", 404),
    ]);
    for (path, status) in expected {
        assert_eq!(inside(path).await, status, "{path}");
    }
    assert_eq!(world.get("/openapi.json", "", &[]).await.text(), OPENAPI);
    world.faults.arm(1, cpis_store::fault::Fault::Fail);
    let answer = world.get("/health/ready", "", &[]).await;
    world.faults.disarm();
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (503, "database\n"));
    world.ready.store(false, Ordering::SeqCst);
    let answer = world.get("/health/ready", "", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (503, "draining\n"));
    assert_eq!(world.get("/health/live", "", &[]).await.status, 200);
}

/// A request whose body never comes.
async fn silent(limits: Limits, path: &str, content_type: &str) -> super::world::Answer {
    let world = World::with(limits, 1, Settings::default()).await;
    let token = if path.starts_with(FHIR) { world.clinician() } else { world.worker("702") };
    let request =
        Request::post(path).header("authorization", format!("Bearer {token}")).header("content-type", content_type);
    let body = Body::from_stream(stream::pending::<Result<Bytes, io::Error>>());
    world.send(request.body(body).unwrap()).await
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_request_that_takes_too_long_cannot_tell() {
    let limits = Limits { request_seconds: 0, upload_seconds: 0, ..Limits::default() };
    let answer = silent(limits, "/cpis/FHIR/R4/CareTeam/_search", FORM).await;
    assert_eq!(answer.outcome().0, 503);
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
    let answer = silent(limits, "/authority/v1/uploads", "text/xml").await;
    assert_eq!(answer.problem(), (503, "unavailable".to_owned()));
}

#[tokio::test]
async fn a_body_that_does_not_arrive() {
    let limits = Limits { body_seconds: 0, ..Limits::default() };
    assert_eq!(silent(limits, "/cpis/FHIR/R4/AuditEvent/_search", FORM).await.outcome().0, 408);
}

#[tokio::test]
async fn a_panic_is_an_answer_with_an_id_and_nothing_else() {
    let world = World::new().await;
    let broken = Arc::new(Http {
        service: world.http.service.clone(),
        subscriptions: world.http.subscriptions.clone(),
        verifier: world.http.verifier.clone(),
        base_url: world.http.base_url.clone(),
        metrics: Arc::new(|| panic!("secret")),
        ready: world.http.ready.clone(),
        upload_bytes: world.http.upload_bytes.clone(),
        limits: world.http.limits,
    });
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = crate::inside_router(broken).oneshot(request).await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["cache-control"]),
        (StatusCode::INTERNAL_SERVER_ERROR, &HeaderValue::from_static("no-store"))
    );
    let body: Value = serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
    assert!(body["message"].as_str().unwrap().parse::<Uuid>().is_ok());
    assert!(!body.to_string().contains("secret"));
}
