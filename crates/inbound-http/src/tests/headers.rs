//! Headers that come back, on every kind of answer.

use super::world::{FHIR, World, number, uri};
use cpis_model::Uuid;

const ID: &str = "60e0b220-8136-4ca5-ae46-1d97ef59d068";

#[tokio::test]
async fn valid_references_come_back_on_answers_and_errors() {
    let world = World::new().await;
    let clinician = world.clinician();
    let headers = [("X-Request-ID", ID), ("X-Correlation-ID", "round 7"), ("TraceID", "0199-a")];
    for (path, token, status) in [
        (uri("CareTeam", number(2)), clinician.as_str(), 200),
        (uri("AuditEvent", number(2)), "", 401),
        (format!("{FHIR}/CareTeam"), &clinician, 400),
        (format!("{FHIR}/Nothing"), "", 404),
        ("/authority/v1/uploads".to_owned(), "", 401),
        ("/health/live".to_owned(), "", 200),
    ] {
        let answer = world.get(&path, token, &headers).await;
        assert_eq!(answer.status, status);
        for (name, value) in headers {
            assert_eq!(answer.header(name), value, "{path}");
        }
    }
}

#[tokio::test]
async fn references_of_a_wrong_form_are_refused_after_the_token() {
    let world = World::new().await;
    for (name, value) in [("X-Request-ID", "1"), ("X-Correlation-ID", ""), ("TraceID", "\t")] {
        let answer = world.flags(number(2), &[(name, value)]).await;
        let (status, code, text) = answer.outcome();
        assert_eq!((status, code.as_str()), (400, "INVALID_VALUE"), "{name}");
        assert!(text.contains(name));
        let anonymous = world.get(&uri("CareTeam", number(2)), "", &[(name, value)]).await;
        assert_eq!(anonymous.status, 401);
        assert!(Uuid::try_parse(answer.header("X-Request-ID")).is_ok(), "a fresh one");
    }
    let wrong_twice = [("TraceID", ""), ("IsUnscheduledAccessEvent", "maybe")];
    assert_eq!(world.flags(number(2), &wrong_twice).await.outcome().1, "PRECONDITION_FAILED");
}

#[tokio::test]
async fn fresh_ids_differ() {
    let world = World::new().await;
    let (one, two) = (world.get("/health/live", "", &[]).await, world.get("/health/live", "", &[]).await);
    assert_ne!(one.header("X-Request-ID"), two.header("X-Request-ID"));
    let bundles = [world.flags(number(2), &[]).await, world.flags(number(2), &[]).await];
    assert_ne!(bundles[0].json()["id"], bundles[1].json()["id"]);
}
