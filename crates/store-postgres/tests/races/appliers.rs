//! Two appliers, one of which freezes in the middle and wakes up later.

use crate::common::samples::{listed, node, notice, person};
use crate::common::{database, options};
use cpis_store::{LookStep, Store as _, StoreError};
use cpis_store_postgres::{Options, PgStore};
use cpis_testkit::postgres::Cluster;
use cpis_testkit::proxy::{Proxy, Way};
use std::time::Duration;

fn step(from: u64) -> LookStep {
    LookStep {
        from,
        to: from + 2,
        accesses: vec![(person(1), listed(from)), (person(1), listed(from + 1))],
        notices: vec![notice(from as i64, from), notice(from as i64 + 1, from + 1)],
        ..LookStep::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_applier_wakes_up_and_doubles_nothing() {
    let database = database().await;
    let port = Cluster::shared().await.port();
    let proxy = Proxy::start(([127, 0, 0, 1], port).into()).await.unwrap();
    let url = database.service_url.replace(&format!(":{port}/"), &format!(":{}/", proxy.address().port()));
    let frozen = PgStore::open(Options { idle_timeout: Duration::from_millis(200), ..options(&url) }).await.unwrap();
    let awake = node(&database.service_url).await;

    // It has moved the watermark, and its next statement stays on the way.
    proxy.stall_at_text(Way::ToServer, "-- access.insert");
    let ((), late) = tokio::join!(
        async {
            proxy.stalled().await;
            // The other waits for the lock until the server gives the frozen one up.
            awake.apply_looks(step(0)).await.unwrap();
            awake.apply_looks(step(2)).await.unwrap();
            proxy.stall(false);
        },
        frozen.apply_looks(step(0)),
    );
    assert!(matches!(late, Err(StoreError::Unavailable(_) | StoreError::OutcomeUnknown)), "{late:?}");
    assert_eq!(frozen.apply_looks(step(0)).await, Err(StoreError::Stale));
    assert_eq!(frozen.watermarks().await.unwrap().looks, 4);
    let notices = awake.notices_after(0, 10).await.unwrap();
    assert_eq!(notices.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(awake.followed(vec![person(1)]).await.unwrap()[0].derived.state.listed.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_with_a_cursor_misses_no_notice() {
    let database = database().await;
    let (one, two) = (node(&database.service_url).await, node(&database.service_url).await);
    let reader = node(&database.service_url).await;
    let apply = |store: std::sync::Arc<PgStore>| async move {
        let mut won = 0;
        loop {
            let from = store.watermarks().await.unwrap().looks;
            if from >= 60 {
                return won;
            }
            match store.apply_looks(step(from)).await {
                Ok(()) => won += 1,
                Err(StoreError::Stale) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    };
    let read = async {
        let (mut cursor, mut seen) = (0, 0);
        while seen < 60 {
            let page = reader.notices_after(cursor, 7).await.unwrap();
            cursor = page.last().map_or(cursor, |row| row.number);
            seen += page.len();
        }
        seen
    };
    let (first, second, seen) = tokio::join!(tokio::spawn(apply(one)), tokio::spawn(apply(two)), read);
    assert_eq!((first.unwrap() + second.unwrap(), seen), (30, 60));
}
