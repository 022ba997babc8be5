//! Tokens: got once for all, renewed before they end, got again when they are not taken.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod world;

use cpis_app::SystemEntropy;
use cpis_app::demographics::{Demographics as _, DemographicsFault};
use cpis_outbound_pds::{Pds, PdsError};
use cpis_testkit::issuer::{SigningKey, TestRsa};
use cpis_testkit::pds::Trouble;
use jsonwebtoken::Algorithm;
use std::sync::Arc;
use std::time::Duration;
use world::*;

#[tokio::test]
async fn many_who_need_a_token_at_once_get_one() {
    let world = World::new().await;
    world.server.answer_after(Duration::from_millis(20));
    let numbers: Vec<_> = (0..30).map(|n| number(999_000_001 + 100 * n)).collect();
    let (one, other) = tokio::join!(world.pds.trace(&numbers), world.pds.trace(&numbers));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(world.server.answers("token 200"), 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_a_failed_renewal_keeps_the_old_one() {
    let world = World::new().await;
    let ask = async || world.pds.trace(&[number(999_000_001)]).await;
    ask().await.unwrap();
    world.time.forward(Duration::from_secs(530));
    ask().await.unwrap();
    assert_eq!(world.server.answers("token 200"), 1, "not yet");
    world.time.forward(Duration::from_secs(10));
    world.server.trouble_tokens(1, Trouble::Status(503, None));
    ask().await.unwrap();
    ask().await.unwrap();
    assert_eq!((world.server.answers("token 200"), world.server.answers("token 503")), (1, 1), "tried, not each time");
    world.time.forward(Duration::from_secs(11));
    ask().await.unwrap();
    assert_eq!(world.server.answers("token 200"), 2);
    world.time.forward(Duration::from_mins(100));
    ask().await.unwrap();
    assert_eq!((world.server.answers("token 200"), world.server.answers("read 401")), (3, 0));
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_replaced_once() {
    let world = World::new().await;
    let numbers: Vec<_> = (0..20).map(|n| number(999_000_001 + 100 * n)).collect();
    world.pds.trace(&numbers).await.unwrap();
    world.server.forget_tokens();
    world.pds.trace(&numbers).await.unwrap();
    assert_eq!(world.server.answers("token 200"), 2);
    assert!(world.server.answers("read 401") <= 8);
    world.server.trouble(Some(Trouble::Status(401, None)));
    assert_eq!(world.pds.trace(&numbers[..1]).await, Err(DemographicsFault::Refused));
    assert_eq!(world.server.answers("token 200"), 3);
}

#[tokio::test]
async fn a_client_that_is_not_admitted_is_our_fault_and_asked_once() {
    let time = Arc::new(Standing::default());
    let server = server(&time).await;
    let other = SigningKey::test_rsa("pds-1", TestRsa::Second, Algorithm::RS512).unwrap();
    let mut settings = settings(&server);
    settings.key = other.private_pem().into();
    let pds = Pds::new(&settings, time.clone(), Arc::new(SystemEntropy::seeded(7))).unwrap();
    assert_eq!(pds.admitted().await, Err(PdsError::Refused("client")));
    let numbers: Vec<_> = (0..20).map(|n| number(999_000_001 + 100 * n)).collect();
    server.answer_after(Duration::from_millis(20));
    assert_eq!(pds.trace(&numbers).await, Err(DemographicsFault::Refused));
    assert_eq!((server.answers("token 401"), server.request_ids().len()), (2, 0), "once for all who waited");
}

#[tokio::test]
async fn a_token_endpoint_that_is_away_or_answers_nonsense_is_told() {
    for (trouble, expected) in [
        (Trouble::Status(503, Some("30".to_owned())), None),
        (Trouble::Status(429, Some("30".to_owned())), None),
        (Trouble::Silence, None),
        (Trouble::Garbage, Some(DemographicsFault::NotUnderstood)),
        (Trouble::OtherJson, Some(DemographicsFault::NotUnderstood)),
        (Trouble::Page(404), Some(DemographicsFault::Refused)),
        (Trouble::Status(403, None), Some(DemographicsFault::Refused)),
    ] {
        let world = World::with(|settings| settings.timeout = Duration::from_millis(300)).await;
        world.server.trouble_tokens(9, trouble.clone());
        let fault = world.pds.trace(&[number(999_000_001)]).await.unwrap_err();
        match expected {
            Some(expected) => assert_eq!(fault, expected, "{trouble:?}"),
            None => assert!(matches!(fault, DemographicsFault::Away(pause) if pause >= Duration::from_secs(2))),
        }
        world.server.trouble_tokens(0, trouble);
        world.time.forward(Duration::from_mins(1));
        assert!(world.pds.trace(&[number(999_000_001)]).await.is_ok());
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_all_named() {
    let time = Arc::new(Standing::default());
    let server = server(&time).await;
    let mut settings = settings(&server);
    settings.base_url = "http://pds.example/FHIR/R4".to_owned();
    settings.token_url = "here".to_owned();
    settings.key_id = String::new();
    settings.key = "no key".to_owned().into();
    settings.organisation = Some("R J".to_owned());
    (settings.per_second, settings.concurrent) = (0, 1);
    let faults = Pds::new(&settings, time, Arc::new(SystemEntropy::seeded(7))).err().unwrap();
    assert_eq!(faults.0.len(), 7, "{faults}");
}
