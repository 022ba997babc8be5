//! A database copied whole: however often it is interrupted, the copy is the same, and one that is not is found out.

use crate::world::*;
use cpis_app::Settings;
use cpis_app::copy::{Copied, CopyError, MARKER, Progress, copy};
use cpis_store::fault::{Fault, Faults};
use cpis_store::tables::{Row, TABLES, Tables, table};
use cpis_store::{GroupId, Store, StoreError};
use cpis_store_sqlite::{Options, SqliteStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows in nearly every table: people, plans, looks, notices, a file that waits, an upload that a crash left half done.
async fn source() -> (World, Arc<SqliteStore>) {
    let store = Arc::new(SqliteStore::open_memory().unwrap());
    let settings = Settings { test_numbers: true, ..Settings::default() };
    let world = World::on(store.clone(), settings).await;
    let records: Vec<_> = (1..8).map(|n| cpp(n, child(999_000_000 + u64::from(n) * 10))).collect();
    world.has_plans(CITY, 1, &records).await;
    world.has_plans(CAMDEN, 1, &[cpp(1, records[2].person.clone()), cpp(2, records[3].person.clone())]).await;
    world.receive(CAMDEN, file(CAMDEN, 3, &records[..1])).await;
    for user in 0..9 {
        world.look(&clinician(&format!("u{user}")), records[user % 7].person.number).await;
        world.clock.forward(5);
    }
    world.apply().await;
    world.look(&clinician("late"), records[0].person.number).await;
    store.begin_staging(GroupId(5), "2026-11-22T10:00:00Z".parse().unwrap()).await.unwrap();
    store.set_setting("something", vec![1, 2]).await.unwrap();
    (world, store)
}

/// On a disk in memory where there is one, for each commit waits for the disk.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

fn open(path: &Path, faults: Faults) -> SqliteStore {
    SqliteStore::open(path, Options { faults, readers: 1, ..Options::default() }).unwrap()
}

async fn run(from: &SqliteStore, to: &SqliteStore) -> Result<Copied, CopyError> {
    copy(from, to, Some(7), &mut |_: Progress| {}).await
}

async fn rows(database: &SqliteStore) -> Vec<Vec<Row>> {
    let mut all = Vec::new();
    for table in TABLES {
        all.push(database.rows_after(table, None, 100_000).await.unwrap());
    }
    all
}

#[tokio::test]
async fn a_copy_is_the_same_and_verifies() {
    let (world, from) = source().await;
    let to = Arc::new(SqliteStore::open_memory().unwrap());
    let mut seen = Vec::new();
    let done = copy(&*from, &*to, Some(3), &mut |at| seen.push(at)).await.unwrap();
    assert_eq!(rows(&to).await, rows(&from).await);
    assert_eq!(done.entries, from.size().await.unwrap());
    assert!(seen.iter().all(|at| at.done <= at.all && at.done > 0), "{seen:?}");
    assert_eq!(to.setting(MARKER).await.unwrap(), None);
    let notice = table("notice").unwrap();
    assert_eq!(to.highest(notice).await.unwrap(), from.highest(notice).await.unwrap());
    // The service goes on with the copy where it was.
    let ring = world.service.keys.ring.clone();
    let there = World::with_ring(to, Settings { test_numbers: true, ..Settings::default() }, ring);
    there.clock.set("2026-11-22T12:00:00Z");
    assert_eq!(there.look(&clinician("new"), number(999_000_010)).await, ["714 CPP"]);
    there.apply().await;
    assert!(there.verify().await.is_clean());
}

#[tokio::test]
async fn an_empty_database_is_copied() {
    let (from, to) = (SqliteStore::open_memory().unwrap(), SqliteStore::open_memory().unwrap());
    assert_eq!(run(&from, &to).await.unwrap().entries, 0);
    // And again, since an empty one is empty.
    assert_eq!(run(&from, &to).await.unwrap().rows, 3);
}

#[tokio::test]
async fn a_copy_that_ends_anywhere_is_marked_and_taken_up_again() {
    let (_world, from) = source().await;
    let expected = rows(&from).await;
    let (mut step, mut tried) = (1, 0);
    loop {
        let folder = folder();
        let path: PathBuf = folder.path().join("copy.db");
        let faults = Faults::default();
        let to = open(&path, faults.clone());
        faults.arm(step, Fault::Kill);
        let ended = run(&from, &to).await;
        if faults.disarm() {
            ended.unwrap();
            break;
        }
        let finished = ended.is_ok();
        to.close().await;
        drop(to);
        let to = open(&path, Faults::default());
        let begun = to.size().await.unwrap() > 0 || to.last_key(table("person").unwrap()).await.unwrap().is_some();
        let marked = to.setting(MARKER).await.unwrap().is_some();
        let whole = rows(&to).await == expected;
        assert!(marked || whole || !begun, "step {step}: a part of a copy must be marked");
        if !finished && (marked || !begun) {
            run(&from, &to).await.unwrap_or_else(|error| panic!("step {step}: {error}"));
        }
        assert!(rows(&to).await == expected, "step {step}");
        assert_eq!(to.setting(MARKER).await.unwrap(), None);
        to.close().await;
        // Every step to begin with, and then some of what is done again and again. CPIS_EVERY_STEP has them all.
        tried += 1;
        let is_thorough = step < 30 || std::env::var_os("CPIS_EVERY_STEP").is_some();
        step += if is_thorough { 1 } else { 1 + tried % 5 };
    }
    assert!(step > 100 && tried > 40, "{tried} of {step} steps were tried");
}

/// Half a copy, and what it is a copy of.
async fn half(from: &SqliteStore) -> SqliteStore {
    let faults = Faults::default();
    let to = SqliteStore::open_memory_with(Options { faults: faults.clone(), ..Options::default() }).unwrap();
    faults.arm(90, Fault::Fail);
    run(from, &to).await.unwrap_err();
    assert!(to.setting(MARKER).await.unwrap().is_some());
    to
}

#[tokio::test]
async fn a_source_that_changed_meanwhile_is_refused() {
    let (world, from) = source().await;
    let to = half(&from).await;
    world.look(&clinician("meanwhile"), number(999_000_010)).await;
    let error = run(&from, &to).await.unwrap_err();
    let CopyError::OtherSource { begun, now } = &error else { panic!("{error}") };
    assert!(begun != now && begun.starts_with("test.example/log with ") && begun.ends_with(" rows"), "{error}");

    // While it is copied as well.
    let to = SqliteStore::open_memory().unwrap();
    let (other, store) = (world.service.clone(), from.clone());
    let mut told = false;
    let done = copy(&*from, &to, Some(3), &mut |_| {
        if !told {
            told = true;
            let store = store.clone();
            drop(other.clone());
            std::thread::spawn(move || {
                tokio::runtime::Runtime::new().unwrap().block_on(store.set_setting("meanwhile", vec![1]))
            })
            .join()
            .unwrap()
            .unwrap();
        }
    })
    .await;
    assert_eq!(done, Err(CopyError::SourceChanged));
    assert!(to.setting(MARKER).await.unwrap().is_some(), "it stays marked");
}

#[tokio::test]
async fn a_target_that_holds_something_is_refused_and_left_alone() {
    let (_world, from) = source().await;
    let to = SqliteStore::open_memory().unwrap();
    to.month_key(202_611, Some(vec![1])).await.unwrap();
    let before = rows(&to).await;
    assert_eq!(run(&from, &to).await, Err(CopyError::NotEmpty("month_key")));
    assert_eq!(rows(&to).await, before);
    // Half a copy is no source.
    assert_eq!(run(&half(&from).await, &to).await, Err(CopyError::SourceUnfinished));
    // Nor is half a copy of another one taken up.
    let (_other, other) = source().await;
    other.set_setting("something", vec![9]).await.unwrap();
    let to = half(&from).await;
    assert!(matches!(run(&other, &to).await, Err(CopyError::OtherSource { .. })));
    run(&from, &to).await.unwrap();
}

#[tokio::test]
async fn a_tampered_copy_is_found_and_the_table_is_named() {
    let (_world, from) = source().await;
    for (name, sql) in [
        ("leaf", "UPDATE leaf SET hash = zeroblob(32) WHERE ordinal = 1"),
        ("journal", "UPDATE journal SET digest = zeroblob(32) WHERE seq = 1"),
        ("plan", "UPDATE plan SET delete_on = 20260101 WHERE rowid_is_one"),
        ("person", "UPDATE person SET hidden = 1 WHERE id = (SELECT min(id) FROM person)"),
        ("contact", "DELETE FROM contact WHERE authority = '702'"),
    ] {
        let folder = folder();
        let path = folder.path().join("copy.db");
        let faults = Faults::default();
        let to = open(&path, faults.clone());
        // Ends once the rows are there, before anything is compared: the last statement but those of the comparison.
        let mut copied = 0;
        let faults_in = faults.clone();
        let ended = copy(&*from, &to, Some(3), &mut |at| {
            copied += 1;
            if at.step != cpis_app::copy::Step::Copying {
                faults_in.arm(1, Fault::Kill);
            }
        })
        .await;
        assert!(matches!(ended, Err(CopyError::Store(StoreError::Unavailable(_)))), "{ended:?} after {copied}");
        to.close().await;
        let sql = sql.replace("WHERE rowid_is_one", "WHERE person_id = (SELECT min(person_id) FROM plan)");
        assert!(rusqlite::Connection::open(&path).unwrap().execute(&sql, []).unwrap() > 0, "{sql}");
        let to = open(&path, Faults::default());
        match run(&from, &to).await {
            Err(CopyError::Differs { table, .. }) => assert_eq!(table, name),
            other => panic!("{name}: {other:?}"),
        }
        assert!(to.setting(MARKER).await.unwrap().is_some(), "nobody may use it");
    }
}

#[tokio::test]
async fn a_damaged_source_is_not_copied_in_silence() {
    let (_world, from) = source().await;
    let folder = folder();
    let path = folder.path().join("source.db");
    let damaged = open(&path, Faults::default());
    run(&from, &damaged).await.unwrap();
    damaged.close().await;
    drop(damaged);
    let sql = "UPDATE leaf SET hash = zeroblob(32) WHERE ordinal = 1";
    assert!(rusqlite::Connection::open(&path).unwrap().execute(sql, []).unwrap() > 0);
    let damaged = open(&path, Faults::default());
    let to = SqliteStore::open_memory().unwrap();
    assert!(matches!(run(&damaged, &to).await, Err(CopyError::SourceDamaged(_))));
}
