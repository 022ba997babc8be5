//! A commit whose answer is lost: the store says that it does not know, and the journal tells the truth.

use crate::common::samples::{Dice, append, group, node, rounds, whole_journal};
use crate::common::{database, options};
use cpis_store::{Store as _, StoreError};
use cpis_store_postgres::{Options, PgStore};
use cpis_testkit::postgres::Cluster;
use cpis_testkit::proxy::{Proxy, Way};
use std::sync::Arc;
use std::time::Duration;

/// A node behind a proxy.
async fn behind(url: &str) -> (Proxy, Arc<PgStore>) {
    let port = Cluster::shared().await.port();
    let proxy = Proxy::start(([127, 0, 0, 1], port).into()).await.unwrap();
    let url = url.replace(&format!(":{port}/"), &format!(":{}/", proxy.address().port()));
    (proxy, node(&url).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_knows_what_became_of_a_commit() {
    let database = database().await;
    let direct = node(&database.service_url).await;
    let (proxy, store) = behind(&database.service_url).await;
    append(&store, group(1), 1).await.unwrap();

    proxy.cut_at_text(Way::ToServer, "-- commit\nCOMMIT");
    assert_eq!(append(&store, group(2), 1).await, Err(StoreError::OutcomeUnknown));
    append(&direct, group(3), 1).await.unwrap();
    assert_eq!(store.find_group(group(2)).await.unwrap(), None);

    proxy.cut_at_text(Way::ToClient, "COMMIT\0");
    assert_eq!(append(&store, group(2), 1).await, Err(StoreError::OutcomeUnknown));
    append(&direct, group(4), 1).await.unwrap();
    let place = store.find_group(group(2)).await.unwrap().unwrap();
    assert_eq!(place.seq, 3);
    assert_eq!(append(&store, group(2), 1).await, Err(StoreError::Stale));
    assert_eq!(whole_journal(&direct).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_anywhere_loses_nothing_and_doubles_nothing() {
    let database = database().await;
    let direct = node(&database.service_url).await;
    let (proxy, store) = behind(&database.service_url).await;
    let mut dice = Dice::new();
    append(&store, group(0), 1).await.unwrap();
    let before = (proxy.passed(Way::ToServer), proxy.passed(Way::ToClient));
    append(&store, group(1), 1).await.unwrap();
    let one = (proxy.passed(Way::ToServer) - before.0, proxy.passed(Way::ToClient) - before.1);
    let mut expected = 2;
    let mut outcomes = [0; 3];
    for round in rounds() {
        let of = group(10 + 2 * round);
        let (way, bytes) = if dice.below(2) == 0 { (Way::ToServer, one.0) } else { (Way::ToClient, one.1) };
        proxy.cut_at_byte(way, 1 + dice.below(bytes + bytes / 4) as u32);
        let answer = append(&store, of, 1).await;
        // Whoever has the lock now knows that the transaction before has ended.
        append(&direct, group(11 + 2 * round), 1).await.unwrap();
        let found = direct.find_group(of).await.unwrap();
        match answer {
            Ok(place) => assert_eq!(found, Some(place)),
            Err(StoreError::OutcomeUnknown) => outcomes[1] += 1,
            Err(StoreError::Unavailable(_)) => {
                assert_eq!(found, None, "nothing happened, it was said");
                outcomes[2] += 1;
            }
            Err(other) => panic!("{other:?}"),
        }
        outcomes[0] += 1;
        expected += 1 + usize::from(found.is_some());
    }
    println!("{} cuts: {} unknown, {} away", outcomes[0], outcomes[1], outcomes[2]);
    assert_eq!(whole_journal(&direct).await.len(), expected);
}

/// A server, or a network, that says nothing and breaks nothing.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_ever_for_a_silent_server() {
    let database = database().await;
    let direct = node(&database.service_url).await;
    let (proxy, warm) = behind(&database.service_url).await;
    let options = Options {
        commit_timeout: Duration::from_millis(200),
        statement_timeout: Duration::from_millis(200),
        connect_timeout: Duration::from_millis(500),
        ..options(
            &database
                .service_url
                .replace(&format!(":{}/", Cluster::shared().await.port()), &format!(":{}/", proxy.address().port())),
        )
    };
    let store = PgStore::open(options).await.unwrap();
    append(&store, group(1), 1).await.unwrap();
    proxy.stall_at_text(Way::ToServer, "-- commit\nCOMMIT");
    assert_eq!(append(&store, group(2), 1).await, Err(StoreError::OutcomeUnknown));
    let silent = Err(StoreError::Unavailable("the database did not answer in time".into()));
    assert_eq!(store.ping().await, silent, "nothing goes through");
    assert_eq!(append(&store, group(3), 1).await.map(drop), silent);
    proxy.stall(false);
    append(&direct, group(4), 1).await.unwrap();
    // What was under way arrived after all, or its connection ended: the journal knows.
    let found = direct.find_group(group(2)).await.unwrap().is_some();
    assert_eq!(direct.find_group(group(3)).await.unwrap(), None);
    append(&store, group(5), 1).await.unwrap();
    assert_eq!(whole_journal(&direct).await.len(), 3 + usize::from(found));
    drop(warm);
}

/// A commit that somebody cancels while it waits for a standby stands here alone: nobody knows what will become of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_cancelled_while_it_waits_for_a_standby_is_unknown() {
    let folder = std::env::temp_dir().join(format!("cpis-pg-lonely-{}", std::process::id()));
    let cluster = Cluster::start(&folder, &["fsync = off"]).await;
    let database = crate::common::database_of(&cluster).await;
    let store = node(&database.service_url).await;
    append(&store, group(1), 1).await.unwrap();
    let admin = crate::common::admin(&cluster.superuser_url(&database.name)).await;
    admin.batch_execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'").await.unwrap();
    admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    // Some may be quicker than the new setting.
    let waiting = tokio::spawn(async move {
        for number in 2.. {
            if let Err(error) = append(&store, group(number), 1).await {
                return Some(error);
            }
        }
        None
    });
    let cancel = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity \
                  WHERE application_name = 'cpis' AND wait_event = 'SyncRep'";
    while admin.query_one(cancel, &[]).await.unwrap().get::<_, i64>(0) == 0 {}
    // Long before the answer would be given up.
    let answer = tokio::time::timeout(Duration::from_secs(5), waiting).await;
    assert_eq!(answer.expect("an answer").unwrap(), Some(StoreError::OutcomeUnknown));
    admin.batch_execute("ALTER SYSTEM RESET synchronous_standby_names").await.unwrap();
    admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    drop((database, admin));
}
