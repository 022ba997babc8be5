//! Rotation of the key ring under a running installation, step by step as an operator does it.

use crate::world::*;
use async_trait::async_trait;
use cpis_app::people::Keys;
use cpis_app::ring::KeyRing;
use cpis_app::rotation::rotate;
use cpis_app::subscriptions::{Admitted, HookFault, Hooks, Made, Outgoing, Request, Subscriptions, Topic, Wire};
use cpis_app::{Settings, SystemEntropy};
use cpis_model::Timestamp;
use cpis_store::Store;
use cpis_store_sqlite::SqliteStore;
use std::sync::Arc;
use std::time::Duration;

struct Anywhere;

#[async_trait]
impl Hooks for Anywhere {
    fn takes(&self, _: &str) -> bool {
        true
    }

    fn pause(&self, _: u32, _: u16) -> Duration {
        Duration::ZERO
    }

    fn is_dead(&self, _: Timestamp, _: Timestamp) -> bool {
        false
    }

    async fn post(&self, _: &Outgoing<'_>) -> Result<(), HookFault> {
        Ok(())
    }
}

fn request() -> Request {
    Request {
        on: true,
        reason: "a test".to_owned(),
        topic: Topic::AccessToService,
        endpoint: "https://la.example.org/".to_owned(),
        headers: vec![("X-Key".to_owned(), "word".to_owned())],
        empty: false,
        heartbeat_seconds: 86_400,
        timeout_seconds: 10,
        max_count: 1,
        end: None,
    }
}

/// The subscriptions of a world, and its authority as their subscriber.
async fn subscriptions(world: &World) -> (Subscriptions, Admitted) {
    let all = Subscriptions {
        service: world.service.clone(),
        wire: Wire { notification: |_| Vec::new() },
        hooks: Arc::new(Anywhere),
        base_url: String::new(),
        plain_loopback: false,
    };
    let by = all.admit(social_worker(CITY)).await.unwrap();
    (all, by)
}

#[tokio::test]
async fn every_step_of_a_rotation_finds_everybody_and_the_log_holds() {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open_memory().unwrap());
    let entropy = Arc::new(SystemEntropy::new().unwrap());
    let settings = Settings { test_numbers: true, ..Settings::default() };
    let first = Arc::new(KeyRing::generate("test.example/log", &*entropy).unwrap());
    let world = World::with_ring(store.clone(), settings.clone(), first.clone());
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001)), cpp(2, child(999_000_101))]).await;
    cpis_app::lifecycle::supersede(&world.service, number(999_000_101), number(999_200_000)).await.unwrap();
    world.look(&clinician("u1"), number(999_000_001)).await;
    world.apply().await;
    let (all, by) = subscriptions(&world).await;
    let Made::Made(subscription, _) = all.create(&by, request()).await.unwrap() else { panic!("not made") };

    let added = Arc::new(first.with_new_key(&*entropy).unwrap());
    let promoted = Arc::new(added.promoted().unwrap());
    let retired = Arc::new(promoted.retired().unwrap());
    let check = |ring: Arc<KeyRing>, sequence: u64| {
        let (store, settings) = (store.clone(), settings.clone());
        async move {
            let world = World::with_ring(store, settings, ring);
            let fresh = 999_300_000 + sequence * 1000;
            world.has_plans(CITY, sequence, &[cpp(1, child(fresh))]).await;
            for nine in [999_000_001, 999_000_101, 999_200_000, fresh] {
                assert_eq!(world.look(&clinician("u1"), number(nine)).await, ["714 CPP"], "{sequence} {nine}");
            }
            world.apply().await;
            let report = world.verify().await;
            assert!(report.is_clean(), "{sequence}: {report}");
            let status = cpis_app::upload::status(&world.service, social_worker(CITY), 1).await.unwrap();
            assert!(status.acknowledgement.is_some());
            let (all, by) = subscriptions(&world).await;
            assert!(all.read(&by, subscription.id).await.unwrap().request == request());
        }
    };
    check(added.clone(), 2).await;
    check(promoted.clone(), 3).await;
    let keys = Keys { ring: promoted.clone(), entropy: entropy.clone() };
    let done = rotate(&store, &keys, |_| {}).await.unwrap();
    assert!(done.people >= 3 && done.months >= 1 && done.uploads >= 3 && done.register >= 3, "{done:?}");
    assert_eq!(done.subscriptions, 1);
    check(promoted.clone(), 4).await;
    // The old key is gone: its column is emptied, and everybody is found by the new one.
    rotate(&store, &Keys { ring: retired.clone(), entropy }, |_| {}).await.unwrap();
    check(retired.clone(), 5).await;
}
