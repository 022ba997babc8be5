//! A primary that dies and a standby that takes its place: nothing that was answered is lost, and the handles find it.

use crate::common::samples::node;
use crate::common::{admin, database_of};
use crate::server::{Load, check, record};
use cpis_store::StoreError;
use cpis_store_postgres::PgStore;
use cpis_testkit::postgres::Cluster;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_standby_has_all_that_was_answered() {
    let folder = |name: &str| std::env::temp_dir().join(format!("cpis-pg-{name}-{}", std::process::id()));
    let primary = Cluster::start(&folder("primary"), &[]).await;
    let database = database_of(&primary).await;
    let standby = tokio::task::block_in_place(|| Cluster::standby_of(&primary, &folder("standby"), &[]));
    let refused = PgStore::open(crate::common::options(&standby.url("cpis_service", &database.name))).await.err();
    assert_eq!(refused, Some(StoreError::Unavailable("the database is a read-only standby".into())));
    let root = admin(&primary.superuser_url("postgres")).await;
    root.batch_execute("ALTER SYSTEM SET synchronous_standby_names = '*'").await.unwrap();
    root.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    let synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
    while root.query_one(synchronous, &[]).await.unwrap().get::<_, i64>(0) == 0 {}

    // A host that never answers stands before them.
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let silent = (silent.local_addr().unwrap().port(), silent);
    let both = database.service_url.replace(
        &format!("127.0.0.1:{}/", primary.port()),
        &format!("127.0.0.1:{},127.0.0.1:{},127.0.0.1:{}/", silent.0, primary.port(), standby.port()),
    );
    let load = Arc::new(Load::default());
    let (one, two) = (node(&both).await, node(&both).await);
    let tasks = [(&one, 1), (&two, 2)]
        .map(|(store, writer)| tokio::spawn(record(Arc::clone(store), Arc::clone(&load), writer)));
    load.more(30).await;
    tokio::task::block_in_place(|| primary.kill_postmaster());
    let heir = admin(&standby.superuser_url("postgres")).await;
    heir.batch_execute("SELECT pg_promote()").await.unwrap();
    load.more(30).await;
    load.end();
    for task in tasks {
        check(&one, task.await.unwrap()).await;
    }
    drop((one, two, root, heir, database));
}
