//! The audit log through the use cases: publication, proofs, checkpoints outside the database, the worker.

use crate::world::*;
use cpis_app::audit::{export, last_checkpoint, prove, verifying_key};
use cpis_app::checkpoint_file;
use cpis_app::verify::{Witnesses, verify};
use cpis_app::{Settings, worker};
use cpis_audit::ProofText;
use cpis_store::Store;
use cpis_store_sqlite::SqliteStore;
use std::sync::Arc;

async fn busy_world(settings: Settings) -> World {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open_memory().unwrap());
    let world = World::on(store, Settings { test_numbers: true, ..settings }).await;
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001))]).await;
    for user in 0..20 {
        world.look(&clinician(&format!("u{user}")), number(999_000_001)).await;
    }
    world
}

#[tokio::test]
async fn a_publication_hides_how_many_looks_there_were_and_every_entry_can_be_proven() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoints");
    let settings = Settings {
        publish_folder: Some(folder.path().join("log")),
        publish_multiple: 64,
        checkpoint_file: Some(file.clone()),
        ..Settings::default()
    };
    let world = busy_world(settings).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let tasks = worker::start(&world.service, worker::Beside::default(), stopped).tasks;
    let size = cpis_app::audit::publish(&world.service).await.unwrap();
    assert_eq!(size, Some(64));
    world.look(&clinician("later"), number(999_000_001)).await;
    assert_eq!(cpis_app::audit::publish(&world.service).await.unwrap(), Some(128));
    stop.send(true).unwrap();
    for task in tasks {
        task.await.unwrap();
    }
    let published = std::fs::read_to_string(folder.path().join("log/checkpoint")).unwrap();
    let key = verifying_key(&world.service.keys.ring).unwrap();
    let checkpoint = cpis_audit::parse_signed(&published, std::slice::from_ref(&key)).unwrap();
    assert_eq!(checkpoint.size, 128);
    assert!(folder.path().join("log/tile/0/000.p/128").exists());

    let proof: ProofText = prove(&*world.service.store, 5).await.unwrap().parse().unwrap();
    assert_eq!(proof.index, 5);
    proof.verify(std::slice::from_ref(&key)).unwrap();
    assert!(prove(&*world.service.store, 100_000).await.is_err());

    let text = std::fs::read_to_string(&file).unwrap();
    let witnesses = Witnesses { file: Some(&text), outside: Some(&text) };
    let report = verify(&*world.service.store, &world.service.keys, witnesses, |_, _| {}).await.unwrap();
    assert!(report.is_clean() && report.tail_proven, "{report}");
}

#[tokio::test]
async fn a_torn_end_of_the_file_of_checkpoints_is_cut_before_the_next_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoints");
    let world = busy_world(Settings::default()).await;
    world.apply().await;
    let first = last_checkpoint(&*world.service.store).await.unwrap().unwrap();
    checkpoint_file::append(&file, &first.note).unwrap();
    let whole = std::fs::read(&file).unwrap();
    for torn in 1..first.note.len() {
        let mut bytes = whole.clone();
        bytes.extend_from_slice(&first.note.as_bytes()[..torn]);
        std::fs::write(&file, &bytes).unwrap();
        checkpoint_file::append(&file, &first.note).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let key = verifying_key(&world.service.keys.ring).unwrap();
        assert_eq!(cpis_audit::parse_file(&text, &[key]).unwrap().len(), 2, "torn after {torn} bytes");
        std::fs::write(&file, &whole).unwrap();
    }
    let count = export(&*world.service.store, &first, folder.path()).await.unwrap();
    assert!(count >= 1);
}

#[tokio::test]
async fn only_the_end_of_a_long_file_of_checkpoints_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoints");
    let world = busy_world(Settings::default()).await;
    world.apply().await;
    let first = last_checkpoint(&*world.service.store).await.unwrap().unwrap();
    let key = verifying_key(&world.service.keys.ring).unwrap();
    let record = cpis_audit::file_record(&first.note);
    // Zeros take no room on the disk; read as text they would be one line of a gigabyte.
    let hole = 1 << 30;
    std::fs::File::create(&file).unwrap().set_len(hole).unwrap();
    let mut end = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
    std::io::Write::write_all(&mut end, ("\n".to_owned() + &record.repeat(1000) + "torn").as_bytes()).unwrap();
    checkpoint_file::append(&file, &first.note).unwrap();
    let length = std::fs::metadata(&file).unwrap().len();
    assert_eq!(length, hole + 1 + 1001 * record.len() as u64, "the torn end is cut, and nothing else");
    let last = checkpoint_file::last_of(&file, &key).unwrap().unwrap();
    assert_eq!(last.size, first.size);

    std::fs::write(&file, record.clone() + &"- no checkpoint\n".repeat(10_000)).unwrap();
    let last = checkpoint_file::last_of(&file, &key).unwrap().unwrap();
    assert_eq!(last.size, first.size, "it is found before an end without any");
    checkpoint_file::append(&file, &first.note).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), record.repeat(2));
    assert!(checkpoint_file::last_of(&folder.path().join("none"), &key).unwrap().is_none());
}

#[tokio::test]
async fn the_last_checkpoint_is_found_however_many_there_are() {
    let world = busy_world(Settings::default()).await;
    assert_eq!(last_checkpoint(&*world.service.store).await.unwrap(), None);
    for count in 1..20 {
        world.look(&clinician(&format!("v{count}")), number(999_000_001)).await;
        world.apply().await;
        let all = world.service.store.checkpoints(1, 1000).await.unwrap();
        assert_eq!(all.len(), count);
        assert_eq!(last_checkpoint(&*world.service.store).await.unwrap().as_ref(), all.last());
    }
}

#[tokio::test]
async fn the_worker_applies_signs_and_counts_unknown_callers_once_a_minute() {
    let world = busy_world(Settings::default()).await;
    for _ in 0..5 {
        world.service.refusals.count("bad-token");
    }
    let before = world.service.store.size().await.unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let tasks = worker::start(&world.service, worker::Beside::default(), stopped).tasks;
    stop.send(true).unwrap();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(world.service.store.size().await.unwrap(), before + 1, "five refusals are one entry");
    world.apply().await;
    assert!(world.verify().await.is_clean());
}
