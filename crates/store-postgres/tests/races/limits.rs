//! A server that takes no more: its disk is full, it was made read-only, or its schema went past this program. What was answered
//! stays, the answer is plain, and once the server takes writes again nobody need do anything.

use crate::common::samples::{append, group, node, whole_journal};
use crate::common::{admin, database, database_of};
use crate::server::{Load, check, record};
use cpis_store::{Decide, Group, GroupId, Place, Store as _, StoreError};
use cpis_store_postgres::PgStore;
use cpis_testkit::postgres::{Cluster, OWNER};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

fn away(why: &str) -> StoreError {
    StoreError::Unavailable(why.to_owned())
}

/// As a provider does it to a server that runs out of room: connections stay open and refuse to write.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_made_read_only_is_told_and_taken_up_again() {
    let folder = std::env::temp_dir().join(format!("cpis-pg-read-only-{}", std::process::id()));
    let cluster = Cluster::start(&folder, &["fsync = off"]).await;
    let database = database_of(&cluster).await;
    let admin = admin(&cluster.superuser_url("postgres")).await;
    let (store, load) = (node(&database.service_url).await, Arc::new(Load::default()));
    let recording = tokio::spawn(record(Arc::clone(&store), Arc::clone(&load), 1));
    load.more(10).await;
    admin.batch_execute("ALTER SYSTEM SET default_transaction_read_only = on").await.unwrap();
    admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    // Its connections hear of it one after another.
    let told = loop {
        match append(&store, group(77), 1).await {
            Ok(_) | Err(StoreError::Stale) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert_eq!(told, away("the database is a read-only standby"));
    assert_eq!(store.ping().await, Err(away("the database is a read-only standby")));
    admin.batch_execute("ALTER SYSTEM RESET default_transaction_read_only").await.unwrap();
    admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    load.more(10).await;
    load.end();
    check(&store, recording.await.unwrap()).await;
    drop((store, database));
}

/// A file system of a few megabytes, for a tablespace.
struct Tiny(PathBuf);

impl Tiny {
    /// Nothing where this user may mount none.
    fn mount(path: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&path).unwrap();
        let tiny = Self(path);
        tiny.sized("size=4m", &["-t", "tmpfs", "tiny"]).then_some(tiny)
    }

    fn sized(&self, options: &str, more: &[&str]) -> bool {
        let done = Command::new("mount").args(["-o", options]).args(more).arg(&self.0).output();
        done.is_ok_and(|done| done.status.success())
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
        let _ = std::fs::remove_dir(&self.0);
    }
}

async fn append_large(store: &PgStore, of: GroupId) -> Result<Place, StoreError> {
    let large = Group { body: vec![0xA5; 200_000], leaves: vec![[7; 32]], digest: [7; 32], effects: Vec::new() };
    let decide: Decide = Box::new(move |_| large);
    store.append(of, Vec::new(), decide).await
}

/// Needs to mount a file system, so it says nothing where it runs as somebody who may not.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_nothing_is_there_by_half() {
    let name = format!("cpis-pg-full-{}", std::process::id());
    let Some(tiny) = Tiny::mount(std::env::temp_dir().join(format!("{name}-disk"))) else {
        println!("no file system of its own: only root may mount one");
        return;
    };
    let cluster = Cluster::start(&std::env::temp_dir().join(name), &["fsync = off"]).await;
    let database = database_of(&cluster).await;
    let space = tiny.path().join("space");
    std::fs::create_dir(&space).unwrap();
    let owner = std::fs::metadata(cluster.folder().join("data")).unwrap();
    let (user, group_of) = (std::os::unix::fs::MetadataExt::uid(&owner), std::os::unix::fs::MetadataExt::gid(&owner));
    std::os::unix::fs::chown(&space, Some(user), Some(group_of)).unwrap();
    let admin = admin(&cluster.superuser_url(&database.name)).await;
    for sql in [
        format!("CREATE TABLESPACE tiny OWNER {OWNER} LOCATION '{}'", space.display()),
        "ALTER TABLE cpis.journal_0 SET TABLESPACE tiny".to_owned(),
    ] {
        admin.batch_execute(&sql).await.unwrap();
    }
    let store = node(&database.service_url).await;
    let mut answered = Vec::new();
    let told = loop {
        let of = group(answered.len() as i64 + 1);
        match append_large(&store, of).await {
            Ok(place) => answered.push((of, place)),
            Err(error) => break error,
        }
        assert!(answered.len() < 100, "the disk does not become full");
    };
    assert_eq!(told, away("the disk of the database is full"));
    let refused = group(answered.len() as i64 + 1);
    assert_eq!(store.find_group(refused).await.unwrap(), None);
    assert_eq!(append_large(&store, refused).await, Err(away("the disk of the database is full")));
    assert_eq!(whole_journal(&store).await.len(), answered.len());
    assert!(tiny.sized("remount,size=64m", &[]));
    // Under its own id, and without a gap.
    let place = append_large(&store, refused).await.unwrap();
    assert_eq!(place.seq, answered.len() as u64 + 1);
    answered.push((refused, place));
    check(&store, answered).await;
    drop((store, database, admin));
    drop(cluster);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_schema_went_past_it_is_not_ready() {
    let database = database().await;
    let store = node(&database.service_url).await;
    store.ping().await.unwrap();
    let owner = admin(&database.url).await;
    owner.batch_execute("SET search_path = cpis").await.unwrap();
    let newer = "INSERT INTO schema_version (version, serves, name) VALUES (90, 1, 'what this program can work on')";
    owner.batch_execute(newer).await.unwrap();
    store.ping().await.unwrap();
    owner.batch_execute("UPDATE schema_version SET serves = 90 WHERE version = 90").await.unwrap();
    assert!(matches!(store.ping().await, Err(StoreError::SchemaNewer { found: 90, serves: 90, .. })));
    owner.batch_execute("DELETE FROM schema_version WHERE version = 90").await.unwrap();
    store.ping().await.unwrap();
}
