//! Rotation of the key ring under a running installation, step by step as an operator does it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod world;

use cpis_app::people::Keys;
use cpis_app::ring::KeyRing;
use cpis_app::rotation::rotate;
use cpis_app::{Settings, SystemEntropy};
use cpis_store::Store;
use cpis_store_sqlite::SqliteStore;
use std::sync::Arc;
use world::*;

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
        }
    };
    check(added.clone(), 2).await;
    check(promoted.clone(), 3).await;
    let keys = Keys { ring: promoted.clone(), entropy: entropy.clone() };
    let done = rotate(&store, &keys, |_| {}).await.unwrap();
    assert!(done.people >= 3 && done.months >= 1 && done.uploads >= 3 && done.register >= 3, "{done:?}");
    check(promoted.clone(), 4).await;
    // The old key is gone: its column is emptied, and everybody is found by the new one.
    rotate(&store, &Keys { ring: retired.clone(), entropy }, |_| {}).await.unwrap();
    check(retired.clone(), 5).await;
}
