//! A fault at every step of a look, an upload, the applier and a change of the register: what was answered is there once, nothing is there by half.

use crate::world::*;
use cpis_app::ring::KeyRing;
use cpis_app::upload::{Received, Wishes, receive};
use cpis_app::{Settings, SystemEntropy};
use cpis_model::caller::Rights;
use cpis_model::codes::FileCode;
use cpis_store::Store;
use cpis_store::fault::{Fault, Faults};
use cpis_store_sqlite::{Options, SqliteStore};
use std::path::Path;
use std::sync::Arc;

const KINDS: [Fault; 4] = [Fault::Kill, Fault::Fail, Fault::UnknownAfter, Fault::UnknownBefore];

struct Disk {
    folder: tempfile::TempDir,
    ring: Arc<KeyRing>,
}

impl Disk {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let ring = KeyRing::generate("test.example/log", &SystemEntropy::seeded(7)).unwrap();
        Self { folder: folder.unwrap(), ring: Arc::new(ring) }
    }

    /// Another one with the same on it. Nobody may have this one open.
    fn copy(&self) -> Self {
        let fresh = Self::new();
        for name in ["cpis.db", "cpis.db-wal"] {
            let from = self.folder.path().join(name);
            if from.exists() {
                std::fs::copy(from, fresh.folder.path().join(name)).unwrap();
            }
        }
        fresh
    }

    fn open(&self) -> (World, Faults) {
        let faults = Faults::default();
        let options = Options { faults: faults.clone(), readers: 1, ..Options::default() };
        let store = SqliteStore::open(&self.folder.path().join("cpis.db"), options).unwrap();
        let settings = Settings { test_numbers: true, ..Settings::default() };
        (World::with_ring(Arc::new(store), settings, self.ring.clone()), faults)
    }
}

/// Tries `scenario` with a kill at step 1, 2, 3 and so on, until it runs to its end without meeting the fault; and with each other
/// kind of fault at every third of these steps, so that together they meet them all. `CPIS_EVERY_STEP` has every kind at every step.
async fn at_every_step<F: Future<Output = ()>>(scenario: impl Fn(Fault, i64) -> (F, Faults)) -> i64 {
    let mut steps = 0;
    for fault in KINDS {
        let every = fault == Fault::Kill || std::env::var_os("CPIS_EVERY_STEP").is_some();
        let first = if every { 1 } else { KINDS.iter().position(|kind| *kind == fault).unwrap_or(1) };
        for n in (first as i64..).step_by(if every { 1 } else { 3 }) {
            assert!(n < 2000, "the scenario never ends");
            let (run, faults) = scenario(fault, n);
            run.await;
            steps = n;
            if faults.disarm() {
                break;
            }
        }
    }
    steps
}

#[tokio::test]
async fn a_look_is_answered_only_if_its_entry_stands() {
    let disk = Disk::new();
    let (world, _) = disk.open();
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001))]).await;
    let steps = at_every_step(|fault, n| {
        let (world, faults) = disk.open();
        let armed = faults.clone();
        let disk = &disk;
        let run = async move {
            let before = world.service.store.size().await.unwrap();
            world.service.month_key(cpis_app::Clock::now(&*world.clock)).await.unwrap();
            armed.arm(n, fault);
            let answer = cpis_app::look::flags(&world.service, question(&clinician("u1"), number(999_000_001))).await;
            let (after, _) = disk.open();
            let added = after.service.store.size().await.unwrap() - before;
            assert_eq!(added, u64::from(answer.is_ok()), "{fault:?} at step {n}: {answer:?}");
            assert!(answer.is_err() || answer.is_ok_and(|flags| flags.plans.len() == 1));
        };
        (run, faults)
    })
    .await;
    assert!(steps > 5, "{steps} steps only");
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn an_upload_takes_effect_once_whatever_happens() {
    let prepared = Disk::new();
    let (world, _) = prepared.open();
    world.knows(&[child(999_000_001), child(999_000_101)]).await;
    world.service.store.close().await;
    let steps = at_every_step(|fault, n| {
        let disk = prepared.copy();
        let (world, faults) = disk.open();
        let armed = faults.clone();
        let run = async move {
            let people = [child(999_000_001), child(999_000_101)];
            let bytes = file(CITY, 7, &[cpp(1, people[0].clone()), cpp(2, people[1].clone())]);
            world.service.month_key(cpis_app::Clock::now(&*world.clock)).await.unwrap();
            let send = |world: &World| {
                let service = world.service.clone();
                let bytes = bytes.clone();
                async move { receive(&service, social_worker(CITY), bytes.into(), Wishes::default()).await }
            };
            armed.arm(n, fault);
            let first = send(&world).await;
            // A fault while demographics is asked: the file is kept, and taken as soon as it answers again.
            let kept = matches!(&first, Ok(Received::Answered(ack)) if ack.code == FileCode::DemographicsAway);
            if kept {
                cpis_app::upload::process_waiting(&world.service, Some(authority(CITY))).await.unwrap();
            }
            let (after, _) = disk.open();
            let shown = after.look(&clinician("u1"), people[0].number).await.len();
            let other = after.look(&clinician("u1"), people[1].number).await.len();
            assert_eq!(shown, other, "{fault:?} at step {n}: half a file");
            assert!(first.is_err() || shown == 1, "{fault:?} at step {n}: answered and lost");
            let Received::Answered(again) = send(&after).await.unwrap() else { panic!("a resend waits") };
            assert_eq!(again.code.code(), "CPF02", "{fault:?} at step {n}: {:?}", again.file_faults);
            if let (Ok(Received::Answered(first)), false) = (first, kept) {
                assert_eq!(first, again, "{fault:?} at step {n}: another answer");
            }
            // Two plans, the numbers of the authority, the upload, and the two looks.
            assert_eq!(after.service.store.size().await.unwrap(), 6, "{fault:?} at step {n}");
            let report = after.verify().await;
            assert!(report.is_clean(), "{fault:?} at step {n}: {report}");
        };
        (run, faults)
    })
    .await;
    assert!(steps > 20, "{steps} steps only");
}

#[tokio::test]
async fn the_applier_derives_each_thing_once_whatever_happens() {
    let prepared = Disk::new();
    let (world, _) = prepared.open();
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001))]).await;
    for user in ["u1", "u2", "u1"] {
        world.look(&clinician(user), number(999_000_001)).await;
    }
    world.service.store.close().await;
    let steps = at_every_step(|fault, n| {
        let disk = prepared.copy();
        let (world, faults) = disk.open();
        let armed = faults.clone();
        let run = async move {
            let number = number(999_000_001);
            armed.arm(n, fault);
            let looks = cpis_app::applier::apply_looks(&world.service, 256, usize::MAX).await;
            let mut tree = cpis_app::applier::Tree::default();
            let grown = cpis_app::applier::apply_tree(&world.service, &mut tree, true).await;
            let _ = (looks, grown);
            let (after, _) = disk.open();
            after.apply().await;
            assert_eq!(after.notices(CITY).await.len(), 2, "{fault:?} at step {n}");
            assert_eq!(after.list(&clinician("u2"), number).await, ["u2", "u1"], "{fault:?} at step {n}");
            let report = after.verify().await;
            assert!(report.is_clean(), "{fault:?} at step {n}: {report}");
        };
        (run, faults)
    })
    .await;
    assert!(steps > 5, "{steps} steps only");
}

#[tokio::test]
async fn an_applier_that_ends_between_what_it_saves_is_taken_up_in_the_middle_of_a_row() {
    let prepared = Disk::new();
    let (world, _) = prepared.open();
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001))]).await;
    world.apply().await;
    let users: Vec<String> = (0..40).map(|place| format!("u{place}")).collect();
    let at_once = users.iter().map(|user| async { world.look(&clinician(user), number(999_000_001)).await });
    futures_util::future::join_all(at_once).await;
    let size = world.service.store.size().await.unwrap();
    world.service.store.close().await;
    let mut cut = Vec::new();
    for n in 1.. {
        let disk = prepared.copy();
        let (world, faults) = disk.open();
        faults.arm(n, Fault::Kill);
        let applied = cpis_app::applier::apply_looks(&world.service, 256, 32).await;
        let (after, _) = disk.open();
        let reached = after.service.store.watermarks().await.unwrap().looks;
        if applied.is_ok() {
            assert_eq!(reached, size);
            break;
        }
        if reached > size - 40 && cut.last() != Some(&reached) {
            cut.push(reached);
            let listed = after.list(&clinician("u0"), number(999_000_001)).await;
            after.apply().await;
            assert_eq!(
                after.list(&clinician("u0"), number(999_000_001)).await,
                listed,
                "readers know the rest as well"
            );
            assert_eq!(after.notices(CITY).await.len(), 40);
            let report = after.verify().await;
            assert!(report.is_clean(), "{report}");
        }
    }
    assert_eq!(cut, [size - 8], "32 are saved, then the rest");
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_set_aside_and_the_rest_goes_on() {
    let disk = Disk::new();
    let (world, _) = disk.open();
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001)), cpp(2, child(999_000_101))]).await;
    world.apply().await;
    world.look(&clinician("u1"), number(999_000_001)).await;
    let poisoned = world.service.store.size().await.unwrap() - 1;
    world.look(&clinician("u1"), number(999_000_101)).await;
    let direct = rusqlite::Connection::open(disk.folder.path().join("cpis.db")).unwrap();
    // The last byte of the look's body is part of its tag.
    let sql =
        "UPDATE journal SET body = CAST(substr(body, 1, length(body) - 1) || x'00' AS BLOB) WHERE first_index = ?";
    assert_eq!(direct.execute(sql, [poisoned as i64]).unwrap(), 1);
    world.apply().await;
    let aside = world.service.store.quarantined().await.unwrap();
    assert_eq!(aside.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [poisoned]);
    assert_eq!(world.notices(CITY).await.len(), 1, "the other look is told");
    let report = world.verify().await;
    assert_eq!(report.first_fault.and_then(|fault| fault.index), Some(poisoned));
}

#[tokio::test]
async fn a_full_queue_answers_at_once_that_we_cannot_tell() {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open_memory().unwrap());
    let limits = cpis_app::recorder::Limits { queue_max: 1, group_max: 1, wait_ms_max: 5000 };
    let world = World::on(store, Settings { test_numbers: true, limits, ..Settings::default() }).await;
    world.service.month_key(cpis_app::Clock::now(&*world.clock)).await.unwrap();
    let asks = (0..50).map(|_| {
        let service = world.service.clone();
        tokio::spawn(async move {
            cpis_app::look::flags(&service, question(&clinician("u1"), number(999_000_001))).await.is_ok()
        })
    });
    let mut answered = 0;
    for ask in asks.collect::<Vec<_>>() {
        answered += u64::from(ask.await.unwrap());
    }
    assert!(answered < 50, "nobody was turned away");
    assert_eq!(world.service.store.size().await.unwrap(), answered, "who was turned away left no entry");
}

#[tokio::test]
async fn who_waits_for_a_database_that_is_gone_is_told_at_once() {
    let store = Arc::new(SqliteStore::open_memory().unwrap());
    let world = World::on(store.clone(), Settings { test_numbers: true, ..Settings::default() }).await;
    world.service.month_key(cpis_app::Clock::now(&*world.clock)).await.unwrap();
    store.close().await;
    let asked = std::time::Instant::now();
    let answer = cpis_app::look::flags(&world.service, question(&clinician("u1"), number(999_000_001))).await;
    assert!(matches!(answer, Err(cpis_app::AppError::Unavailable { .. })), "{answer:?}");
    let patience = cpis_app::recorder::Limits::default().wait_ms_max;
    assert!(asked.elapsed().as_millis() < u128::from(patience) / 2, "it waited {:?}", asked.elapsed());
    assert_eq!(world.service.recorder.waiting(), 0);
}

#[tokio::test]
async fn a_change_of_the_register_is_made_whole_or_not_at_all() {
    use cpis_app::organisations::{Edit, change_all, refresh};
    use cpis_model::organisation_record::{Record, RecordKind};
    let record = |code: &str| {
        let text = format!(r#"{{"version":1,"kind":"supplier","code":"{code}","name":"A maker"}}"#);
        Edit { record: Record::from_json(text.as_bytes()).unwrap(), expected: 0 }
    };
    let operator = staff("u1", "R0A", Rights { operator: true, ..Rights::default() });
    let steps = at_every_step(|fault, n| {
        let disk = Disk::new();
        let (world, faults) = disk.open();
        let (armed, operator) = (faults.clone(), operator.clone());
        let run = async move {
            world.service.month_key(cpis_app::Clock::now(&*world.clock)).await.unwrap();
            let why = "a test".parse().unwrap();
            armed.arm(n, fault);
            let edits = vec![record("YGM24"), record("YGM25")];
            let done = change_all(&world.service, operator, edits, &why).await;
            let (after, _) = disk.open();
            refresh(&after.service).await.unwrap();
            let register = after.service.register.get();
            let held = ["YGM24", "YGM25"].map(|code| register.record(RecordKind::Supplier, code).is_some());
            assert_eq!(held[0], held[1], "{fault:?} at step {n}: half a change");
            assert!(done.is_err() || held[0], "{fault:?} at step {n}: answered and lost");
            assert!(after.verify().await.is_clean(), "{fault:?} at step {n}");
        };
        (run, faults)
    })
    .await;
    assert!(steps > 8, "{steps} steps only");
}
