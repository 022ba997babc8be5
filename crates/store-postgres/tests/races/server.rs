//! A server that is killed, and connections that it ends: what was answered stays, nothing is there twice, and the handles work
//! again by themselves.

use crate::common::samples::{append, group, node, whole_journal};
use crate::common::{admin, database, database_of};
use cpis_store::{GroupId, Place, Store as _, StoreError};
use cpis_store_postgres::PgStore;
use cpis_testkit::postgres::Cluster;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[derive(Default)]
pub struct Load {
    ended: AtomicBool,
    pub answered: AtomicU64,
}

impl Load {
    /// Waits until so many more groups were answered.
    pub async fn more(&self, count: u64) {
        let goal = self.answered.load(Ordering::SeqCst) + count;
        while self.answered.load(Ordering::SeqCst) < goal {
            tokio::task::yield_now().await;
        }
    }

    pub fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }
}

/// Appends group after group as the recorder does: one whose outcome is unknown is looked for, one that did not happen is tried
/// again under its id. Returns what was answered.
pub async fn record(store: Arc<PgStore>, load: Arc<Load>, writer: i64) -> Vec<(GroupId, Place)> {
    let mut answered = Vec::new();
    for number in 0.. {
        let of = group(writer * 10_000_000 + number);
        loop {
            if load.ended.load(Ordering::SeqCst) {
                return answered;
            }
            match append(&store, of, 2).await {
                Ok(place) => {
                    answered.push((of, place));
                    load.answered.fetch_add(1, Ordering::SeqCst);
                    break;
                }
                Err(StoreError::OutcomeUnknown) => {
                    let found = loop {
                        match store.find_group(of).await {
                            Ok(found) => break found,
                            Err(StoreError::Unavailable(_)) if !load.ended.load(Ordering::SeqCst) => {
                                tokio::task::yield_now().await;
                            }
                            Err(other) => panic!("{other:?}"),
                        }
                    };
                    if let Some(place) = found {
                        answered.push((of, place));
                        load.answered.fetch_add(1, Ordering::SeqCst);
                        break;
                    }
                }
                Err(StoreError::Unavailable(_)) => tokio::task::yield_now().await,
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    answered
}

/// Everything that was answered is in the journal, where it was said to be.
pub async fn check(store: &PgStore, answered: Vec<(GroupId, Place)>) {
    let rows: HashMap<GroupId, Place> =
        whole_journal(store).await.into_iter().map(|row| (row.group, row.place)).collect();
    for (group, place) in answered {
        assert_eq!(rows.get(&group), Some(&place), "an answered group");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_comes_back_with_all_that_was_answered() {
    let folder = std::env::temp_dir().join(format!("cpis-pg-killed-{}", std::process::id()));
    let cluster = Cluster::start(&folder, &[]).await;
    let database = database_of(&cluster).await;
    let load = Arc::new(Load::default());
    let (one, two) = (node(&database.service_url).await, node(&database.service_url).await);
    let tasks = [(&one, 1), (&two, 2)]
        .map(|(store, writer)| tokio::spawn(record(Arc::clone(store), Arc::clone(&load), writer)));
    for _ in 0..2 {
        load.more(20).await;
        tokio::task::block_in_place(|| {
            cluster.kill_postmaster();
            cluster.restart();
        });
    }
    load.more(20).await;
    load.end();
    for task in tasks {
        check(&one, task.await.unwrap()).await;
    }
    one.ping().await.unwrap();
    drop((one, two, database));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_ends_are_made_again() {
    let database = database().await;
    let load = Arc::new(Load::default());
    let (one, two) = (node(&database.service_url).await, node(&database.service_url).await);
    let tasks = [(&one, 1), (&two, 2)]
        .map(|(store, writer)| tokio::spawn(record(Arc::clone(store), Arc::clone(&load), writer)));
    let admin = admin(&Cluster::shared().await.superuser_url(&database.name)).await;
    for _ in 0..5 {
        load.more(10).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE application_name = 'cpis' AND datname = current_database()";
        admin.query(end, &[]).await.unwrap();
    }
    load.more(10).await;
    load.end();
    for task in tasks {
        check(&one, task.await.unwrap()).await;
    }
}
