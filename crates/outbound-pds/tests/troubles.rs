//! What PDS and the network do wrong, over real HTTP: what is tried again, what is not, and what the port says in the end.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod world;

use cpis_app::demographics::{Demographics as _, DemographicsFault};
use cpis_model::demographics::Trace;
use cpis_outbound_pds::PdsError;
use cpis_testkit::pds::Trouble;
use std::time::Duration;
use world::*;

/// The pause of an absent PDS; the fault itself otherwise.
fn away(fault: DemographicsFault) -> Result<Duration, DemographicsFault> {
    match fault {
        DemographicsFault::Away(pause) => Ok(pause),
        other => Err(other),
    }
}

#[tokio::test]
async fn what_passes_is_tried_again_with_the_same_id() {
    for trouble in [
        Trouble::Status(408, None),
        Trouble::Status(429, None),
        Trouble::Status(429, Some("7".to_owned())),
        Trouble::Status(500, None),
        Trouble::Page(502),
        Trouble::Status(503, Some("5".to_owned())),
        Trouble::Cut,
        Trouble::Garbage,
        Trouble::OtherJson,
        Trouble::Huge,
    ] {
        let world = World::new().await;
        let numbers = [number(999_000_001), number(999_000_101)];
        for number in numbers {
            world.knows(number);
        }
        world.pds.trace(&numbers).await.unwrap();
        world.time.pauses();
        let before = world.server.request_ids().len();
        world.server.trouble_next(2, trouble.clone());
        let traced = world.pds.trace(&numbers).await.unwrap();
        assert!(traced.iter().all(|trace| matches!(trace, Trace::Found(_))), "{trouble:?}");
        let ids = world.server.request_ids().split_off(before);
        let mut different = ids.clone();
        different.sort();
        different.dedup();
        assert_eq!((ids.len(), different.len()), (4, 2), "{trouble:?}: as often as needed, with the same id");
        let longest = world.time.pauses().into_iter().max().unwrap_or_default();
        let asked = match &trouble {
            Trouble::Status(_, Some(seconds)) => Duration::from_secs(seconds.parse().unwrap()),
            _ => Duration::from_millis(250),
        };
        assert!(longest >= asked, "{trouble:?}: {longest:?}");
        assert_eq!(world.server.answers("token 200"), 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn what_does_not_pass_is_told_by_what_to_do_next() {
    for (trouble, expected) in [
        (Trouble::Status(403, None), DemographicsFault::Refused),
        (Trouble::Status(400, None), DemographicsFault::Refused),
        (Trouble::Page(404), DemographicsFault::Refused),
        (Trouble::Page(302), DemographicsFault::Refused),
        (Trouble::Status(401, None), DemographicsFault::Refused),
        (Trouble::Garbage, DemographicsFault::NotUnderstood),
        (Trouble::OtherJson, DemographicsFault::NotUnderstood),
    ] {
        let world = World::new().await;
        world.knows(number(999_000_001));
        world.server.trouble(Some(trouble.clone()));
        let fault = world.pds.trace(&[number(999_000_001)]).await.unwrap_err();
        assert_eq!(fault, expected, "{trouble:?}");
        world.server.trouble(None);
        assert!(world.pds.trace(&[number(999_000_001)]).await.is_ok(), "{trouble:?}: PDS is not left alone for it");
    }
    for trouble in [Trouble::Status(500, None), Trouble::Status(503, None), Trouble::Cut, Trouble::Huge] {
        let world = World::new().await;
        world.server.trouble(Some(trouble.clone()));
        let fault = world.pds.trace(&[number(999_000_001)]).await.unwrap_err();
        assert!(away(fault).unwrap() >= Duration::from_secs(2), "{trouble:?}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_away() {
    let world = World::with(|settings| settings.timeout = Duration::from_millis(300)).await;
    world.server.trouble(Some(Trouble::Silence));
    let fault = world.pds.trace(&[number(999_000_001)]).await.unwrap_err();
    assert!(away(fault).is_ok());
    assert_eq!(world.server.request_ids().len(), 2, "somebody at a screen waits for two tries");
    let address = world.server.address();
    world.server.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    assert!(away(world.pds.trace(&[number(999_000_001)]).await.unwrap_err()).is_ok());
}

#[tokio::test]
async fn a_long_pause_is_told_and_not_waited_for() {
    let world = World::new().await;
    world.knows(number(999_000_001));
    world.server.trouble_next(1, Trouble::Status(429, Some("600".to_owned())));
    let fault = world.pds.trace(&[number(999_000_001)]).await.unwrap_err();
    assert_eq!(away(fault), Ok(Duration::from_mins(10)));
    // Nobody else asks meanwhile.
    let numbers = [number(999_000_001), number(999_000_101)];
    assert_eq!(away(world.pds.trace(&numbers).await.unwrap_err()), Ok(Duration::from_mins(10)));
    assert_eq!(world.server.request_ids().len(), 1);
    world.time.forward(Duration::from_mins(10));
    assert!(world.pds.trace(&numbers).await.is_ok());
}

#[tokio::test]
async fn a_service_that_fails_is_left_alone_and_asked_by_one_for_all() {
    let world = World::new().await;
    let numbers: Vec<_> = (0..50).map(|n| number(999_000_001 + 100 * n)).collect();
    world.server.trouble(Some(Trouble::Status(503, None)));
    let pause = away(world.pds.trace(&numbers).await.unwrap_err()).unwrap();
    let asked = world.server.request_ids().len();
    assert!((5..=14).contains(&asked), "{asked} requests for 50 numbers");
    assert!(pause >= Duration::from_secs(5), "{pause:?}");
    assert!(away(world.pds.trace(&numbers).await.unwrap_err()).is_ok());
    assert_eq!(world.server.request_ids().len(), asked, "open: nothing is asked");

    world.time.forward(Duration::from_mins(1));
    assert!(away(world.pds.trace(&numbers).await.unwrap_err()).is_ok());
    assert_eq!(world.server.request_ids().len(), asked + 1, "one probes");

    world.server.trouble(None);
    world.time.forward(Duration::from_mins(1));
    assert!(world.pds.trace(&numbers[..1]).await.is_ok());
    assert_eq!(world.pds.trace(&numbers).await.unwrap().len(), 50);
}

#[tokio::test]
async fn requests_at_one_time_stay_within_their_limit() {
    let world = World::with(|settings| settings.concurrent = 4).await;
    world.server.answer_after(Duration::from_millis(5));
    let numbers: Vec<_> = (0..40).map(|n| number(999_000_001 + 100 * n)).collect();
    let (one, other) = tokio::join!(world.pds.trace(&numbers), world.pds.trace(&numbers));
    assert_eq!((one.unwrap().len(), other.unwrap().len()), (40, 40));
    assert!((2..=3).contains(&world.server.most_at_once()), "{}", world.server.most_at_once());
}

#[tokio::test]
async fn the_pace_is_kept_by_all_together() {
    let world = World::with(|settings| settings.per_second = 5).await;
    let numbers: Vec<_> = (0..10).map(|n| number(999_000_001 + 100 * n)).collect();
    let (one, other) = tokio::join!(world.pds.trace(&numbers), world.pds.trace(&numbers));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(cpis_outbound_pds::Time::elapsed(&*world.time), Duration::from_millis(19 * 200));
}

#[tokio::test]
async fn what_goes_wrong_is_told_without_a_number_or_a_name() {
    let world = World::new().await;
    world.server.trouble(Some(Trouble::Page(404)));
    let error = world.pds.read(number(999_000_001)).await.unwrap_err();
    assert_eq!(error, PdsError::Refused("address"));
    for text in [format!("{error:?} {error}"), format!("{:?}", DemographicsFault::from(error))] {
        assert!(!text.contains("999"), "{text}");
    }
}
