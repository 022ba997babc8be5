//! The matrix of the FHIR specification (section 9), rows about who asks and about the list of accesses.

use super::world::{BIRTH, CAMDEN, CLIENT, FHIR, GREENWICH, SITE, World, number, start, uri};
use cpis_app::Settings;
use cpis_model::plan::PlanKind::ChildProtection;
use cpis_model::upload::UPLOAD_BYTES_MAX;
use cpis_testkit::issuer::{people, with};
use serde_json::json;
use std::collections::HashSet;

#[tokio::test]
async fn row_07_tokens_that_are_not_believed() {
    let world = World::new().await;
    let claims = people::clinician(&world.register, SITE, start());
    let complete = world.issuer.complete(&claims);
    let forged = |algorithm: &str| world.key.sign(&json!({"alg": algorithm, "typ": "JWT", "kid": "test-1"}), &complete);
    let before = world.entries().await;
    for (token, text) in [
        (String::new(), "Missing Authorization header"),
        (world.mint(&with(&claims, "exp", start().as_second() - 3600)), "Invalid Access Token"),
        (forged("HS256"), "Invalid Access Token"),
        (forged("none"), "Invalid Access Token"),
        (world.mint(&with(&claims, "aud", "others")), "Invalid Access Token"),
        ("x".to_owned(), "Invalid Access Token"),
    ] {
        for resource in ["CareTeam", "AuditEvent"] {
            let answer = world.get(&uri(resource, number(1)), &token, &[]).await;
            assert_eq!(answer.outcome(), (401, "ACCESS_DENIED".to_owned(), text.to_owned()));
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    assert_eq!(world.entries().await, before, "counted, not recorded one by one");
    cpis_app::refusals::write_summary(&world.service).await.unwrap();
    assert_eq!(world.entries().await, before + 1);
}

#[tokio::test]
async fn row_08_a_person_without_the_activity() {
    let world = World::new().await;
    let token = world.mint(&people::privacy_officer(&world.register, SITE, start()));
    for resource in ["CareTeam", "AuditEvent"] {
        let before = world.entries().await;
        let answer = world.get(&uri(resource, number(1)), &token, &[]).await;
        let text = "Access has been denied to process this request";
        assert_eq!(answer.outcome(), (403, "ACCESS_DENIED".to_owned(), text.to_owned()));
        assert_eq!(world.entries().await, before + 1);
    }
}

#[tokio::test]
async fn row_09_scheduled_activity_only() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let token = world.mint(&people::scheduled_clinician(&world.register, SITE, start()));
    let answer = world.get(&uri("CareTeam", number(1)), &token, &[("IsUnscheduledAccessEvent", "true")]).await;
    assert_eq!(answer.bundle().0, 1);
    assert_eq!((world.listed(number(1)).await, world.notices(CAMDEN).await.len()), (0, 0));
}

#[tokio::test]
async fn row_10_a_system_without_a_person() {
    let world = World::new().await;
    let token = world.mint(&people::authority_system(CLIENT, start()));
    let before = world.entries().await;
    assert_eq!(world.get(&uri("CareTeam", number(1)), &token, &[]).await.outcome().0, 403);
    assert_eq!(world.entries().await, before + 1);
}

#[tokio::test]
async fn row_11_thirty_accesses() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let sites: Vec<String> = world.register.sites().iter().map(|site| site.code.to_string()).take(30).collect();
    assert_eq!(sites.len(), 30);
    for site in &sites {
        let token = world.mint(&people::clinician(&world.register, site, world.now()));
        let answer = world.get(&uri("CareTeam", number(1)), &token, &[("IsUnscheduledAccessEvent", "true")]).await;
        assert_eq!(answer.bundle().0, 1);
        world.pass(1);
    }
    let last = world.mint(&people::clinician(&world.register, &sites[29], world.now()));
    let answer = world.get(&uri("AuditEvent", number(1)), &last, &[]).await;
    let (total, types) = answer.bundle();
    assert_eq!((total, types.iter().filter(|kind| *kind == "AuditEvent").count()), (25, 25));
    let json = answer.json();
    let entries = json["entry"].as_array().unwrap();
    let times: Vec<&str> = entries.iter().filter_map(|entry| entry["resource"]["recorded"].as_str()).collect();
    assert!(times.len() == 25 && times.is_sorted_by(|newer, older| newer > older), "{times:?}");
    let few = world.get(&format!("{}&_count=2", uri("AuditEvent", number(1))), &last, &[]).await;
    assert_eq!((few.bundle().0, few.bundle().1.iter().filter(|kind| *kind == "AuditEvent").count()), (25, 2));
}

#[tokio::test]
async fn row_12_the_same_clinician_on_two_days() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    assert_eq!(world.flags(number(1), &[]).await.bundle().0, 1);
    world.pass(25);
    assert_eq!(world.flags(number(1), &[]).await.bundle().0, 1);
    let answer = world.get(&uri("AuditEvent", number(1)), &world.clinician(), &[]).await;
    assert_eq!(answer.bundle().0, 2);
    let json = answer.json();
    let entries = json["entry"].as_array().unwrap();
    let urls: HashSet<&str> = entries.iter().map(|entry| entry["fullUrl"].as_str().unwrap()).collect();
    assert!(urls.iter().all(|url| url.starts_with("https://cpis.example.org/cpis/FHIR/R4/")));
    let mut references = 0;
    for agent in entries.iter().filter_map(|entry| entry["resource"]["agent"].as_array()).flatten() {
        if let Some(reference) = agent["who"]["reference"].as_str() {
            references += 1;
            assert!(urls.iter().any(|url| url.ends_with(reference)), "{reference} does not resolve");
        }
    }
    assert!(references >= 2);
}

#[tokio::test]
async fn row_16_several_roles() {
    let world = World::new().await;
    let claims = people::clinician(&world.register, SITE, start());
    let mut other = claims["nhsid_nrbac_roles"][0].clone();
    other["person_roleid"] = "555000000001".into();
    let roles = json!([claims["nhsid_nrbac_roles"][0], other]);
    let two = world.mint(&with(&with(&claims, "nhsid_nrbac_roles", roles), "selected_roleid", serde_json::Value::Null));
    let uri = uri("CareTeam", number(1));
    let text = |text: &str| (401, "ACCESS_DENIED".to_owned(), text.to_owned());
    assert_eq!(
        world.get(&uri, &two, &[]).await.outcome(),
        text("multiple roles found in user info, please check NHSD-Session-URID")
    );
    let foreign = [("NHSD-Session-URID", "555000000009")];
    assert_eq!(world.get(&uri, &two, &foreign).await.outcome(), text("NHSD-Session-URID is invalid"));
    assert_eq!(world.get(&uri, &two, &[("NHSD-Session-URID", "555000000001")]).await.bundle().0, 0);
    let twice = [("NHSD-Session-URID", "555000000001"), ("NHSD-Session-URID", "555000000009")];
    assert_eq!(world.get(&uri, &two, &twice).await.outcome().0, 401);
}

#[tokio::test]
async fn row_19_authorities_and_children() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    assert_eq!(world.flags(number(1), &[]).await.bundle().0, 1);
    let uri = uri("AuditEvent", number(1));
    for (authority, expected) in [(CAMDEN, 200), (GREENWICH, 403)] {
        let before = world.entries().await;
        let answer = world.get(&uri, &world.worker(authority), &[]).await;
        assert_eq!(answer.status, expected);
        assert_eq!(world.entries().await, before + 1, "{authority}");
    }
    assert_eq!(world.get(&uri, &world.worker(CAMDEN), &[]).await.bundle().0, 1);
    let answer = world.get(&super::world::uri("CareTeam", number(1)), &world.worker(CAMDEN), &[]).await;
    assert_eq!(answer.outcome().0, 403, "flags are for clinicians");
}

#[tokio::test]
async fn cannot_tell_is_never_no_record() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    assert_eq!(world.flags(number(1), &[]).await.bundle().0, 1);
    for resource in ["CareTeam", "AuditEvent"] {
        world.faults.fail_all();
        let answer = world.get(&uri(resource, number(1)), &world.clinician(), &[]).await;
        world.faults.disarm();
        let (status, code, _) = answer.outcome();
        assert_eq!((status, code.as_str()), (503, "UNABLE_TO_CALL_SERVICE"), "{resource}");
        assert_eq!(answer.json()["issue"][0]["code"], "transient");
        assert!(answer.header("retry-after").parse::<u32>().is_ok());
    }
}

#[tokio::test]
async fn a_wrong_date_of_birth_shows_nothing() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let before = world.entries().await;
    for resource in ["CareTeam", "AuditEvent"] {
        let wrong = format!("{}&birthdate=2015-03-05", uri(resource, number(1)));
        let (status, code, _) = world.get(&wrong, &world.clinician(), &[]).await.outcome();
        assert_eq!((status, code.as_str()), (409, "VALIDATION_ERROR"));
    }
    assert_eq!((world.entries().await, world.notices(CAMDEN).await.len()), (before + 2, 0));
    let right = format!("{}&birthdate={BIRTH}", uri("CareTeam", number(1)));
    assert_eq!(world.get(&right, &world.clinician(), &[]).await.bundle().0, 1);
}

#[tokio::test]
async fn a_live_installation_refuses_test_numbers() {
    let world = World::with(crate::Limits::default(), UPLOAD_BYTES_MAX, Settings::default()).await;
    let (status, code, _) = world.flags(number(1), &[]).await.outcome();
    assert_eq!((status, code.as_str()), (400, "INVALID_SEARCH_DATA"));
    let strict = [("prefer", "handling=strict")];
    let unknown = format!("{FHIR}/CareTeam?patient={}&x=1", number(1).digits());
    assert_eq!(world.get(&unknown, &world.clinician(), &strict).await.outcome().0, 400);
}
