//! A database as a stream and back: the same rows, for nobody but a whole stream; and what a service finds after a restore.

use crate::world::*;
use cpis_app::Settings;
use cpis_app::backup::{
    BackupError, Head, NOTICE_GAP, Reader, RestoreError, Restored, Summary, Writer, restore, resume,
};
use cpis_app::copy::{MARKER, Unfinished, unfinished};
use cpis_model::upload::Acknowledgement;
use cpis_store::fault::{Fault, Faults};
use cpis_store::tables::{Row, TABLES, Tables, table};
use cpis_store::{KeptKind, KeptRow, Store, UploadStatus};
use cpis_store_sqlite::{Options, SqliteStore};
use std::sync::Arc;

const NOW: &str = "2026-11-22T20:00:00Z";

fn settings() -> Settings {
    Settings { test_numbers: true, ..Settings::default() }
}

/// Rows in nearly every table; Camden's file 3 waits for file 2.
async fn source() -> (World, Arc<SqliteStore>) {
    let store = Arc::new(SqliteStore::open_memory().unwrap());
    let world = World::on(store.clone(), settings()).await;
    let records: Vec<_> = (1..6).map(|n| cpp(n, child(999_000_000 + u64::from(n) * 10))).collect();
    world.has_plans(CITY, 1, &records).await;
    world.has_plans(CAMDEN, 1, &[cpp(1, records[2].person.clone())]).await;
    world.receive(CAMDEN, file(CAMDEN, 3, &records[..1])).await;
    for user in 0..5 {
        world.look(&clinician(&format!("u{user}")), records[user % 5].person.number).await;
        world.clock.forward(5);
    }
    world.apply().await;
    let session =
        KeptRow { kind: KeptKind::Session, id: [7; 32], revision: 1, groups: [None, None], ends: None, body: vec![1] };
    assert!(store.keep(session, NOW.parse().unwrap()).await.unwrap());
    store.set_setting("something", vec![1, 2]).await.unwrap();
    (world, store)
}

fn head() -> Head {
    Head::new("2026-11-22T19:00:00Z".parse().unwrap(), "0.0.0-test")
}

async fn written(store: &Arc<SqliteStore>) -> (Vec<u8>, Summary) {
    let (send, mut parts) = tokio::sync::mpsc::channel(2);
    let from = store.clone();
    let reading = tokio::spawn(async move { from.snapshot(send).await });
    let mut writer = Writer::begin(Vec::new(), &head()).unwrap();
    while let Some(part) = parts.recv().await {
        writer.part(&part).unwrap();
    }
    reading.await.unwrap().unwrap();
    writer.finish().unwrap()
}

async fn put(bytes: &[u8], to: &SqliteStore) -> Result<Restored, RestoreError> {
    let (mut reader, head) = Reader::open(bytes)?;
    let mut all = Vec::new();
    loop {
        match reader.part() {
            Ok(Some(part)) => all.push(Ok(part)),
            Ok(None) => break,
            Err(error) => {
                all.push(Err(error));
                break;
            }
        }
    }
    let (send, parts) = tokio::sync::mpsc::channel(all.len().max(1));
    for part in all {
        send.try_send(part).unwrap();
    }
    drop(send);
    restore(&head, parts, to, NOW.parse().unwrap(), &mut |_| {}).await
}

async fn rows(database: &SqliteStore, without: &[&str]) -> Vec<(&'static str, Vec<Row>)> {
    let mut all = Vec::new();
    for table in TABLES.iter().filter(|table| !without.contains(&table.name)) {
        all.push((table.name, database.rows_after(table, None, 100_000).await.unwrap()));
    }
    all
}

#[tokio::test]
async fn a_stream_is_put_back_as_it_was_and_the_service_goes_on() {
    let (world, from) = source().await;
    let (bytes, summary) = written(&from).await;
    let to = Arc::new(SqliteStore::open_memory().unwrap());
    let done = put(&bytes, &to).await.unwrap();
    assert_eq!(done.summary, summary);
    assert_eq!(done.summary.entries, from.size().await.unwrap());
    assert_eq!(rows(&to, &["setting", "kept"]).await, rows(&from, &["setting", "kept"]).await);
    assert_eq!(to.setting("something").await.unwrap(), Some(vec![1, 2]));
    // Sessions are ended; notices go on behind every number that authorities may have read.
    assert_eq!(to.kept(KeptKind::Session, [7; 32]).await.unwrap(), None);
    let notice = table("notice").unwrap();
    assert_eq!(to.highest(notice).await.unwrap(), from.highest(notice).await.unwrap() + NOTICE_GAP);
    let owed = resume(&*to).await.unwrap().unwrap();
    assert!(owed.owed && owed.size == summary.entries && owed.epoch == 1, "{owed:?}");
    assert_eq!(unfinished(&*to).await.unwrap(), None);
    assert_eq!(resume(&*from).await.unwrap(), None);

    let there = World::with_ring(to.clone(), settings(), world.service.keys.ring.clone());
    there.clock.set("2026-11-22T21:00:00Z");
    assert_eq!(there.look(&clinician("new"), number(999_000_010)).await, ["714 CPP"]);
    there.apply().await;
    assert!(there.verify().await.is_clean());
    let newest = there.service.store.notices_after(0, 100).await.unwrap().last().unwrap().number;
    assert!(newest > NOTICE_GAP);
    // A backup of the restored one knows of it.
    let (bytes, _) = written(&to).await;
    let third = SqliteStore::open_memory().unwrap();
    put(&bytes, &third).await.unwrap();
    assert_eq!(resume(&third).await.unwrap().unwrap().epoch, 1);
}

#[tokio::test]
async fn a_part_or_a_changed_stream_is_never_taken_for_the_whole() {
    let (_world, from) = source().await;
    let (bytes, _) = written(&from).await;
    let read = |bytes: &[u8]| -> Result<(), BackupError> {
        let (mut reader, _) = Reader::open(bytes)?;
        while reader.part()?.is_some() {}
        Ok(())
    };
    read(&bytes).unwrap();
    for end in [0, 3, 4, 30, bytes.len() / 3, bytes.len() - 50, bytes.len() - 1] {
        assert!(read(&bytes[..end]).is_err(), "{end}");
    }
    for at in (0..bytes.len()).step_by(bytes.len() / 200) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(read(&changed).is_err(), "{at} of {}", bytes.len());
    }
    assert!(matches!(read(&[&bytes[..], b"more"].concat()), Err(BackupError::Damaged("something follows its end"))));
    // Of another program.
    let other = |from: &[u8], to: &[u8]| {
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        [&bytes[..at], to, &bytes[at + from.len()..]].concat()
    };
    assert!(matches!(read(&other(b"OpenCPIS", b"ClosCPIS")), Err(BackupError::Other)));
    let form = [&b"OpenCPIS backup"[..], &[1]].concat();
    assert!(matches!(read(&other(&form, &[&form[..15], &[2]].concat())), Err(BackupError::Newer(2, _))));
}

#[tokio::test]
async fn a_restore_that_ends_anywhere_is_marked_and_begins_anew() {
    let (_world, from) = source().await;
    let (bytes, _) = written(&from).await;
    let expected = rows(&from, &["setting", "kept"]).await;
    let memory = std::path::Path::new("/dev/shm");
    let mut step = 1;
    loop {
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() };
        let path = folder.path().join("restored.db");
        let open = |faults| SqliteStore::open(&path, Options { faults, readers: 1, ..Options::default() }).unwrap();
        let faults = Faults::default();
        let to = open(faults.clone());
        faults.arm(step, Fault::Kill);
        let ended = put(&bytes, &to).await;
        if faults.disarm() {
            ended.unwrap();
            break;
        }
        to.close().await;
        drop(to);
        let to = open(Faults::default());
        let marked = unfinished(&to).await.unwrap() == Some(Unfinished::Restore);
        let empty = to.size().await.unwrap() == 0 && to.last_key(table("person").unwrap()).await.unwrap().is_none();
        let whole = resume(&to).await.unwrap().is_some();
        assert!(marked || empty || whole, "step {step}: a part of a restore must be marked");
        assert!(!(marked && whole), "step {step}");
        if !whole {
            put(&bytes, &to).await.unwrap_or_else(|error| panic!("step {step}: {error}"));
        }
        assert!(rows(&to, &["setting", "kept"]).await == expected, "step {step}");
        assert_eq!(to.setting(MARKER).await.unwrap(), None);
        to.close().await;
        // The steps in the middle are alike.
        step += if step < 40 { 1 } else { 6 };
    }
    assert!(step > 60, "{step} steps were tried");
}

#[tokio::test]
async fn what_holds_anything_is_not_restored_over() {
    let (_world, from) = source().await;
    let (bytes, _) = written(&from).await;
    let error = put(&bytes, &from).await.unwrap_err();
    assert!(error.to_string().contains("the target is not empty"), "{error}");
    let half = SqliteStore::open_memory().unwrap();
    half.set_setting(MARKER, b"a log of something; 00".to_vec()).await.unwrap();
    assert!(put(&bytes, &half).await.is_err(), "an unfinished copy is none of ours");
    // The end is missing: nobody uses what is there, and the whole one takes its place.
    let to = SqliteStore::open_memory().unwrap();
    assert!(matches!(put(&bytes[..bytes.len() - 9], &to).await, Err(RestoreError::Backup(_))));
    assert_eq!(unfinished(&to).await.unwrap(), Some(Unfinished::Restore));
    put(&bytes, &to).await.unwrap();
}

fn answered(received: cpis_app::upload::Received) -> Box<Acknowledgement> {
    match received {
        cpis_app::upload::Received::Answered(ack) => ack,
        other => panic!("{other:?}"),
    }
}

/// An authority has sent files that the backup has not: its next one is taken whatever its number, once, and older ones do not
/// come after it.
#[tokio::test]
async fn an_authority_goes_on_after_a_restore_with_the_file_that_it_has() {
    let (world, from) = source().await;
    let (bytes, _) = written(&from).await;
    let to = Arc::new(SqliteStore::open_memory().unwrap());
    put(&bytes, &to).await.unwrap();
    let there = World::with_ring(to, settings(), world.service.keys.ring.clone());
    there.clock.set("2026-11-22T21:00:00Z");
    let records = [cpp(1, child(999_000_030))];
    // Before the restore, a file with a gap waits.
    assert!(matches!(
        world.receive(CITY, file(CITY, 9, &records)).await,
        cpis_app::upload::Received::Waits(waiting) if waiting.missing == Some(2)
    ));
    // A damaged file with a high number gives up nothing.
    let damaged = [&file(CAMDEN, 90, &records)[..200], b"</File>"].concat();
    there.receive(CAMDEN, damaged).await;
    let ack = answered(there.receive(CAMDEN, file(CAMDEN, 7, &records)).await);
    assert_eq!(ack.loaded, 1, "{ack:?}");
    let status = async |sequence| there.service.store.upload(CAMDEN.parse().unwrap(), sequence).await.unwrap();
    assert_eq!(status(3).await.unwrap().status, UploadStatus::Skipped, "what waited for lost files is given up");
    assert_eq!(status(6).await.unwrap().status, UploadStatus::Skipped);
    assert!(status(89).await.is_none());
    let again = answered(there.receive(CAMDEN, file(CAMDEN, 7, &records)).await);
    assert_eq!(again.sequence, Some(7));
    let late = answered(there.receive(CAMDEN, file(CAMDEN, 5, &records)).await);
    assert_eq!(late.code.code(), "CPF01");
    // From then on as ever.
    there.clock.set("2026-11-22T22:00:00Z");
    assert!(matches!(
        there.receive(CAMDEN, file(CAMDEN, 9, &records)).await,
        cpis_app::upload::Received::Waits(waiting) if waiting.missing == Some(8)
    ));
    there.apply().await;
    assert!(there.verify().await.is_clean());
}
