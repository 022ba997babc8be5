//! What the server refuses is told in plain words, and never as a wrong answer.

use crate::common::samples::{append, group, keys, new_person, node, notice, upload};
use crate::common::{admin, database, options};
use cpis_store::{LookStep, Store as _, StoreError, UploadStatus, Weight};
use cpis_store_postgres::{Options, PgStore};
use cpis_testkit::postgres::{Cluster, PASSWORD};
use std::time::Duration;

fn away(why: &str) -> StoreError {
    StoreError::Unavailable(why.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_used_says_why() {
    let database = database().await;
    let open = |url: String| async move { PgStore::open(options(&url)).await.err() };
    let wrong = database.service_url.replace(PASSWORD, "another");
    assert_eq!(open(wrong).await, Some(away("the database does not accept the role or its password")));
    let elsewhere = database.service_url.replace(&database.name, "no_such_database");
    assert_eq!(open(elsewhere).await, Some(away("there is no such database")));
    let nobody = database.service_url.replace(&Cluster::shared().await.port().to_string(), "1");
    assert_eq!(open(nobody).await, Some(away("the database cannot be reached: connection refused")));
    assert_eq!(open("dbname=cpis".to_owned()).await, Some(away("the address of the database names no host")));
    assert_eq!(open("host".to_owned()).await, Some(away("the address of the database cannot be read")));
    let tls = format!("{}?sslmode=require", database.service_url);
    assert_eq!(open(tls).await, Some(away("TLS to the database needs a file of authorities")));
    let admin = admin(&Cluster::shared().await.superuser_url("postgres")).await;
    let sql = format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name);
    admin.batch_execute(&sql).await.unwrap();
    assert_eq!(open(database.service_url.clone()).await, Some(away("the database is a read-only standby")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_comes_from_a_file() {
    let database = database().await;
    let path = std::env::temp_dir().join(format!("cpis-pg-password-{}", std::process::id()));
    std::fs::write(&path, format!("{PASSWORD}\n")).unwrap();
    let address = database.service_url.replace(&format!(":{PASSWORD}"), "");
    let store = PgStore::open(Options { password_file: Some(path.clone()), ..options(&address) }).await.unwrap();
    store.ping().await.unwrap();
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_has_an_end() {
    let database = database().await;
    let admin = admin(&Cluster::shared().await.superuser_url(&database.name)).await;
    let short = Options {
        connections: 1,
        connect_timeout: Duration::from_millis(300),
        lock_timeout: Duration::from_mins(1),
        ..options(&database.service_url)
    };
    let store = PgStore::open(short).await.unwrap();
    admin.batch_execute("BEGIN; LOCK TABLE cpis.setting IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let (cancelled, ()) = tokio::join!(store.set_setting("a", vec![1]), async {
        let waits =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        while admin.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {}
        assert_eq!(store.ping().await.err(), Some(away("all connections to the database are in use")));
        let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
                      WHERE wait_event_type = 'Lock' AND datname = current_database()";
        admin.query(cancel, &[]).await.unwrap();
    });
    assert_eq!(cancelled.err(), Some(away("a statement took too long or was cancelled")));
    store.ping().await.unwrap();

    let short = Options { lock_timeout: Duration::from_millis(50), ..options(&database.service_url) };
    let store = PgStore::open(short).await.unwrap();
    assert_eq!(store.set_setting("a", vec![1]).await.err(), Some(away("busy")));
    let short = Options { statement_timeout: Duration::from_millis(50), ..options(&database.service_url) };
    let store = PgStore::open(short).await.unwrap();
    assert_eq!(store.setting("a").await.err(), Some(away("a statement took too long or was cancelled")));
    admin.batch_execute("ROLLBACK").await.unwrap();
    store.set_setting("a", vec![1]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_is_named_and_gives_no_answer() {
    let database = database().await;
    let store = node(&database.service_url).await;
    let owner = admin(&database.url).await;
    owner.batch_execute("SET search_path = cpis").await.unwrap();
    store.create_people(vec![new_person(7)]).await.unwrap();
    append(&store, group(1), 1).await.unwrap();
    store.keep_file(upload(3, UploadStatus::Processing), Vec::new()).await.unwrap();
    store.apply_looks(LookStep { to: 1, notices: vec![notice(1, 1)], ..LookStep::default() }).await.unwrap();
    let corrupt = |name: &str| Some(StoreError::Corrupt(name.to_owned()));

    owner.batch_execute("UPDATE person SET hidden = 99").await.unwrap();
    assert_eq!(store.find(vec![keys(7)]).await.err(), corrupt("person.find, row 7"));
    let answer = store.append(group(2), vec![keys(7)], Box::new(|_| unreachable!("nothing was loaded"))).await;
    assert_eq!(answer.err(), corrupt("person.find_with_contacts, row 7"));
    owner.batch_execute("UPDATE upload SET status = 77").await.unwrap();
    assert_eq!(store.uploads_after(None, 10).await.err(), corrupt("upload.after, row 3"));
    owner.batch_execute("UPDATE notice SET id = '\\x01'").await.unwrap();
    assert_eq!(store.notices_after(0, 10).await.err(), corrupt("notice.after, row 1"));
    owner.batch_execute("UPDATE journal SET digest = '\\x01'").await.unwrap();
    assert_eq!(store.journal_from(0, 10).await.err(), corrupt("journal.from, row 1"));
    owner.batch_execute("DELETE FROM watermark WHERE name = 'tree'").await.unwrap();
    assert_eq!(store.watermarks().await.err(), corrupt("watermark, row tree"));
    assert_eq!(store.size().await.unwrap(), 1, "nothing was appended");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_examination_finds_what_is_not_safe() {
    let database = database().await;
    let store = node(&database.service_url).await;
    let findings = store.examine().await.unwrap();
    let weight = |what: &str| findings.iter().find(|finding| finding.what == what).map(|finding| finding.weight);
    assert_eq!(weight("synchronous_commit"), Some(Weight::Good));
    assert_eq!(weight("fsync"), Some(Weight::Fault), "the cluster of the tests keeps nothing");
    assert_eq!(weight("data_sync_retry"), Some(Weight::Good));
    assert_eq!(weight("synchronous standbys"), Some(Weight::Warning));
    assert_eq!(weight("leaf_rest"), Some(Weight::Good));
    assert_eq!(weight("database clock"), Some(Weight::Good), "it is this machine's");
    append(&store, cpis_store::GroupId(5), 1).await.unwrap();
    let findings = store.examine().await.unwrap();
    let rest = findings.iter().find(|finding| finding.what == "leaf_rest").unwrap();
    assert_eq!(rest.weight, Weight::Warning, "its group is from long before there were partitions");
    store.maintain().await.unwrap();
}
