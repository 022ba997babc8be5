//! The matrix of the FHIR specification (section 9), rows about what is asked: one test a row, named after it.

use super::world::{CAMDEN, FHIR, GREENWICH, World, number, uri};
use cpis_model::plan::PlanKind::{ChildProtection, LookedAfter, Unborn};
use http::Method;
use serde_json::Value;

#[tokio::test]
async fn row_01_hit_without_header() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let answer = world.flags(number(1), &[]).await;
    assert_eq!(answer.bundle(), (1, vec!["CareTeam".to_owned()]));
    let link = &answer.json()["link"][0]["url"];
    assert_eq!(link.as_str().unwrap(), format!("https://cpis.example.org{}", uri("CareTeam", number(1))));
    assert_eq!((world.listed(number(1)).await, world.notices(CAMDEN).await.len()), (1, 1));
}

#[tokio::test]
async fn row_02_hit_unscheduled() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let answer = world.flags(number(1), &[("IsUnscheduledAccessEvent", "true")]).await;
    assert_eq!(answer.bundle().0, 1);
    assert_eq!((world.listed(number(1)).await, world.notices(CAMDEN).await.len()), (1, 1));
}

#[tokio::test]
async fn row_03_hit_scheduled() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let before = world.entries().await;
    let answer = world.flags(number(1), &[("IsUnscheduledAccessEvent", "false")]).await;
    assert_eq!(answer.bundle().0, 1);
    assert_eq!(world.entries().await, before + 1, "audited all the same");
    assert_eq!((world.listed(number(1)).await, world.notices(CAMDEN).await.len()), (0, 0));
}

#[tokio::test]
async fn row_04_header_neither_true_nor_false() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let before = world.entries().await;
    for values in [["maybe"].as_slice(), &[""], &["true", "false"], &["1"]] {
        let headers: Vec<_> = values.iter().map(|value| ("IsUnscheduledAccessEvent", *value)).collect();
        let (status, code, _) = world.flags(number(1), &headers).await.outcome();
        assert_eq!((status, code.as_str()), (400, "PRECONDITION_FAILED"), "{values:?}");
    }
    assert_eq!(world.entries().await, before);
}

#[tokio::test]
async fn row_05_no_record() {
    let world = World::new().await;
    let before = world.entries().await;
    let answer = world.flags(number(2), &[("IsUnscheduledAccessEvent", "true")]).await;
    assert_eq!(answer.bundle(), (0, Vec::new()));
    assert!(answer.json().get("entry").is_none());
    assert_eq!((world.entries().await, world.listed(number(2)).await), (before + 1, 0));
}

#[tokio::test]
async fn row_06_numbers_that_are_none() {
    let world = World::new().await;
    let before = world.entries().await;
    for (query, code) in [
        ("?patient:identifier=9990000019", "INVALID_SEARCH_DATA"),
        ("?patient:identifier=999000001", "INVALID_SEARCH_DATA"),
        ("?patient:identifier=https://fhir.nhs.uk/Id/nhs-number|ABCDEFGHIJ", "INVALID_SEARCH_DATA"),
        ("?patient:identifier=", "MISSING_VALUE"),
        ("?_format=json", "MISSING_VALUE"),
        ("", "MISSING_VALUE"),
    ] {
        for resource in ["CareTeam", "AuditEvent"] {
            let query = query.replace('|', "%7C");
            let answer = world.get(&format!("{FHIR}/{resource}{query}"), &world.clinician(), &[]).await;
            let (status, found, _) = answer.outcome();
            assert_eq!((status, found.as_str()), (400, code), "{resource}{query}");
        }
    }
    assert_eq!(world.entries().await, before);
}

#[tokio::test]
async fn row_13_two_plans_of_two_authorities() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    world.load(GREENWICH, &[(number(1), LookedAfter)]).await;
    let answer = world.flags(number(1), &[]).await;
    assert_eq!(answer.bundle(), (2, vec!["CareTeam".to_owned(), "CareTeam".to_owned()]));
    assert_eq!(world.notices(CAMDEN).await.len(), 1);
    assert_eq!(world.notices(GREENWICH).await.len(), 1);
    assert_eq!(world.listed(number(1)).await, 1, "one look is one access");
}

#[tokio::test]
async fn row_14_unborn_child_by_its_mothers_number() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), Unborn)]).await;
    let answer = world.flags(number(1), &[]).await;
    assert_eq!(answer.bundle().0, 1);
    let coding = &answer.json()["entry"][0]["resource"]["category"][0]["coding"][0];
    assert_eq!(coding["code"], "818901000000100");
}

#[tokio::test]
async fn row_15_every_spelling_of_the_search() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let digits = number(1).digits().to_owned();
    for query in [
        format!("patient%3Aidentifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C{digits}"),
        format!("patient={digits}"),
        format!("patient:identifier=http://fhir.nhs.uk/id/nhs-number%7C{digits}"),
        format!("patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C{digits};"),
        format!("patient:identifier={digits}"),
    ] {
        let answer = world.get(&format!("{FHIR}/CareTeam?{query}"), &world.clinician(), &[]).await;
        assert_eq!(answer.bundle().0, 1, "{query}");
    }
}

#[tokio::test]
async fn row_17_other_methods() {
    let world = World::new().await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD] {
        let answer = world.ask(method.clone(), &format!("{FHIR}/CareTeam"), &world.clinician(), &[], "").await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET"), "{method}");
        if method != Method::HEAD {
            assert_eq!(answer.outcome().1, "UNSUPPORTED_SERVICE", "{method}");
        }
    }
    let answer = world.get(&format!("{FHIR}/CareTeam/_search"), &world.clinician(), &[]).await;
    assert_eq!((answer.outcome().0, answer.header("allow")), (405, "POST"));
}

#[tokio::test]
async fn row_18_accept() {
    let world = World::new().await;
    for (accept, status) in [
        (None, 200),
        (Some("application/fhir+json"), 200),
        (Some("application/json"), 200),
        (Some("*/*"), 200),
        (Some("text/html, application/fhir+json;q=0.5"), 200),
        (Some("text/html"), 406),
        (Some("application/fhir+xml"), 406),
        (Some("application/json;q=0"), 406),
    ] {
        let headers: Vec<_> = accept.iter().map(|accept| ("accept", *accept)).collect();
        assert_eq!(world.flags(number(2), &headers).await.status, status, "{accept:?}");
        assert_eq!(world.get(&format!("{FHIR}/metadata"), "", &headers).await.status, status, "{accept:?}");
    }
    // The first check of all: even without a token.
    let answer = world.get(&uri("CareTeam", number(2)), "", &[("accept", "text/html")]).await;
    assert_eq!(answer.outcome().1, "UNSUPPORTED_VALUE");
}

#[tokio::test]
async fn a_search_by_form_keeps_the_number_out_of_the_link() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let form = [("content-type", "application/x-www-form-urlencoded; charset=UTF-8")];
    let digits = number(1).digits().to_owned();
    let path = format!("{FHIR}/CareTeam/_search");
    for (query, body) in
        [("", format!("patient:identifier={digits}")), ("?birthdate=2015-03-04", format!("patient={digits}"))]
    {
        let answer = world.ask(Method::POST, &format!("{path}{query}"), &world.clinician(), &form, &body).await;
        assert_eq!(answer.bundle().0, 1);
        let link: Value = answer.json()["link"][0]["url"].clone();
        assert_eq!(link, format!("https://cpis.example.org{path}"));
    }
    let in_address = format!("{path}?patient={digits}&birthdate=2015-03-05");
    let answer = world.ask(Method::POST, &in_address, &world.clinician(), &form, "").await;
    assert_eq!(answer.outcome().0, 409, "the address counts too");
    for content_type in ["application/json", "text/plain", "application/x-www-form-urlencoded; charset=latin1", ""] {
        let headers = [("content-type", content_type)];
        let answer = world.ask(Method::POST, &path, &world.clinician(), &headers, "patient=1").await;
        assert_eq!(answer.outcome().0, 415, "{content_type}");
    }
    let long = "a=".repeat(40_000);
    assert_eq!(world.ask(Method::POST, &path, &world.clinician(), &form, &long).await.outcome().0, 413);
    let long = "a=".repeat(3_000);
    assert_eq!(world.ask(Method::POST, &path, &world.clinician(), &form, &long).await.outcome().0, 400);
}

#[tokio::test]
async fn nothing_is_read_by_id() {
    let world = World::new().await;
    for path in ["CareTeam/1", "AuditEvent/x", "PractitionerRole/9"] {
        let path = format!("{FHIR}/{path}");
        let (status, code, _) = world.get(&path, &world.clinician(), &[]).await.outcome();
        assert_eq!((status, code.as_str()), (404, "RESOURCE_NOT_FOUND"), "{path}");
        assert_eq!(world.get(&path, "", &[]).await.outcome().0, 401, "{path}");
    }
    for path in [FHIR.to_owned(), format!("{FHIR}/"), format!("{FHIR}/Patient"), format!("{FHIR}/CareTeam/1/2")] {
        assert_eq!(world.get(&path, &world.clinician(), &[]).await.outcome().0, 404, "{path}");
    }
    assert_eq!(world.get("/cpis/FHIR/R4x", "", &[]).await.problem().0, 404);
}
