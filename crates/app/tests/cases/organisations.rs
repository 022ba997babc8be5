//! The register of organisations: operators change it, everybody sees it, and nothing of it is lost or hidden.

use crate::world::*;
use cpis_app::organisations::{Edit, Version, change, change_all, history, load, refresh, search};
use cpis_app::{AppError, Settings};
use cpis_model::caller::{Caller, Refusal, Rights, Who};
use cpis_model::organisation_record::{Record, RecordKind};
use cpis_model::organisation_table::{Table, TableKind, plan};
use cpis_model::record_text::Text;
use cpis_model::register::Register;
use cpis_store::Store;
use cpis_store_sqlite::{Options, SqliteStore};
use std::sync::Arc;

fn operator() -> Arc<Caller> {
    staff("500000000099", "R0A", Rights { operator: true, ..Rights::default() })
}

fn site(name: &str, setting: &str) -> Record {
    let text = format!(
        r#"{{"version":1,"kind":"site","code":"R0A","name":"{name}","organisation":"R0A","setting":"{setting}"}}"#
    );
    Record::from_json(text.as_bytes()).unwrap()
}

fn why(text: &str) -> Text {
    text.parse().unwrap()
}

fn setting(register: &Register) -> &'static str {
    register.site("R0A".parse().unwrap()).map_or("none", |site| site.setting.code())
}

async fn edit(world: &World, record: Record, expected: u32) -> Result<u32, AppError> {
    change(&world.service, operator(), Edit { record, expected }, &why("a test")).await
}

async fn versions(world: &World, code: &str) -> Vec<Version> {
    history(&world.service, operator(), RecordKind::Site, code).await.unwrap()
}

#[tokio::test]
async fn a_change_holds_at_once_and_its_history_says_who_when_and_why() {
    let world = World::new().await;
    let before = world.service.register.get();
    assert_eq!(setting(&before), "U01");
    assert!(versions(&world, "R0A").await.is_empty(), "a row of a table has no history");
    let first = Edit { record: site("A clinic", "S02"), expected: 0 };
    assert_eq!(change(&world.service, operator(), first, &why("the ward became a clinic")).await, Ok(1));
    assert_eq!((setting(&before), setting(&world.service.register.get())), ("U01", "S02"));
    world.clock.forward(60);
    assert_eq!(edit(&world, site("The clinic", "S02"), 1).await, Ok(2));
    assert_eq!(edit(&world, site("The clinic", "S02"), 2).await, Ok(2), "what stands already is not written again");
    let versions = versions(&world, "R0A").await;
    let told: Vec<_> = versions
        .iter()
        .map(|one| {
            let fields: Vec<_> = one.differences.iter().map(|field| field.field.as_str()).collect();
            (one.version, one.at.to_string(), one.why.as_str(), fields.join(" "))
        })
        .collect();
    let expected = [
        (2, "2026-11-22T11:00:00Z".to_owned(), "a test", "name".to_owned()),
        (1, "2026-11-22T10:00:00Z".to_owned(), "the ward became a clinic", "name setting".to_owned()),
    ];
    assert_eq!(told, expected);
    assert!(matches!(&versions[0].caller.who, Who::Person(staff) if &*staff.user_id == "500000000099"));
    assert_eq!(history(&world.service, operator(), RecordKind::Site, "X").await.err(), Some(AppError::NotFound));
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn a_lost_update_is_refused() {
    let world = World::new().await;
    edit(&world, site("First", "U01"), 0).await.unwrap();
    for expected in [0, 2] {
        assert_eq!(edit(&world, site("Second", "U02"), expected).await, Err(AppError::Conflict), "{expected}");
    }
    let good = Record::from_json(br#"{"version":1,"kind":"supplier","code":"YGM24","name":"A maker"}"#).unwrap();
    let both = vec![Edit { record: good, expected: 0 }, Edit { record: site("Second", "U02"), expected: 0 }];
    assert_eq!(change_all(&world.service, operator(), both, &why("both")).await, Err(AppError::Conflict));
    assert_eq!((versions(&world, "R0A").await.len(), setting(&world.service.register.get())), (1, "U01"));
    assert!(world.service.register.get().record(RecordKind::Supplier, "YGM24").is_none());
}

#[tokio::test]
async fn two_nodes_that_change_one_record_at_once_do_it_once() {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open_memory().unwrap());
    let settings = Settings { test_numbers: true, ..Settings::default() };
    let one = World::on(store.clone(), settings.clone()).await;
    // The same keys: the ring is made from the same seed.
    let other = World::on(store, settings).await;
    for round in 0..8 {
        refresh(&one.service).await.unwrap();
        let expected = one.service.register.get().record(RecordKind::Site, "R0A").unwrap().version;
        let (first, second) = tokio::join!(
            edit(&one, site(&format!("By one {round}"), "U01"), expected),
            edit(&other, site(&format!("By the other {round}"), "U02"), expected)
        );
        let done = [first, second];
        assert_eq!(done.iter().filter(|one| **one == Ok(expected + 1)).count(), 1, "{done:?}");
        assert_eq!(done.iter().filter(|one| **one == Err(AppError::Conflict)).count(), 1, "{done:?}");
    }
    refresh(&one.service).await.unwrap();
    refresh(&other.service).await.unwrap();
    assert_eq!(setting(&one.service.register.get()), setting(&other.service.register.get()));
    assert_eq!(versions(&one, "R0A").await.len(), 8);
    assert!(one.verify().await.is_clean());
}

#[tokio::test]
async fn who_is_no_operator_is_refused_and_that_is_an_entry() {
    let world = World::new().await;
    let size = world.service.store.size().await.unwrap();
    for caller in [clinician("u1"), social_worker(CITY)] {
        let (why, record) = (why("because"), site("Mine", "U01"));
        let edit = Edit { record, expected: 0 };
        let refused = Some(AppError::Refused(Refusal::NoActivity));
        assert_eq!(change(&world.service, caller.clone(), edit, &why).await.err(), refused);
        assert_eq!(history(&world.service, caller.clone(), RecordKind::Site, "R0A").await.err(), refused);
        assert_eq!(search(&world.service, caller, "", None, 0).await.err(), refused);
    }
    assert_eq!(world.service.store.size().await.unwrap(), size + 6);
    let page = search(&world.service, operator(), "manchester", Some(RecordKind::Site), 0).await.unwrap();
    assert!(page.total >= 1 && page.records.iter().all(|held| held.record.kind() == RecordKind::Site));
}

#[tokio::test]
async fn another_node_sees_a_change_and_a_day_closes_a_site() {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open_memory().unwrap());
    let settings = Settings { test_numbers: true, ..Settings::default() };
    let (one, other) = (World::on(store.clone(), settings.clone()).await, World::on(store.clone(), settings).await);
    let text = r#"{"version":1,"kind":"site","code":"R0A","name":"A","organisation":"R0A","setting":"U02","until":"2026-11-22"}"#;
    edit(&one, Record::from_json(text.as_bytes()).unwrap(), 0).await.unwrap();
    assert_eq!(setting(&other.service.register.get()), "U01");
    assert_eq!(refresh(&other.service).await, Ok(1));
    assert_eq!(setting(&other.service.register.get()), "U02");
    assert_eq!(refresh(&other.service).await, Ok(0));
    other.clock.set("2026-11-23T00:00:00Z");
    assert_eq!(refresh(&other.service).await, Ok(0));
    assert_eq!(setting(&other.service.register.get()), "none", "its last day is over");
    let loaded = load(&*store, &Register::built_in(), day("2026-11-22")).await.unwrap();
    assert_eq!(setting(&loaded), "U02");
}

#[tokio::test]
async fn an_import_takes_effect_as_a_whole_and_once() {
    let world = World::new().await;
    let text = "ods_code,name,type,closed\nR0A,MANCHESTER UNIVERSITY NHS FOUNDATION TRUST,ACUTE_TRUST,\nQQ1,A centre,MINOR_INJURY_UNIT,20260331\n";
    let table = Table { name: "providers.csv", kind: TableKind::Providers, bytes: text.as_bytes() };
    let size = world.service.store.size().await.unwrap();
    for (changes, unchanged) in [(2, 0), (0, 2)] {
        let plan = plan(&[table], &world.service.register.get()).unwrap();
        assert_eq!((plan.changes.len(), plan.unchanged), (changes, unchanged));
        let edits = plan.changes.into_iter().map(|one| Edit { record: one.record, expected: one.expected });
        change_all(&world.service, operator(), edits.collect(), &why("the list of June")).await.unwrap();
        assert_eq!(world.service.store.size().await.unwrap(), size + 2);
    }
    let versions = history(&world.service, operator(), RecordKind::Provider, "QQ1").await.unwrap();
    assert_eq!((versions.len(), versions[0].why.as_str()), (1, "the list of June"));
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn a_tampered_record_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.db");
    let settings = Settings { test_numbers: true, ..Settings::default() };
    let whole = World::on(Arc::new(SqliteStore::open(&path, Options::default()).unwrap()), settings.clone()).await;
    edit(&whole, site("First", "U01"), 0).await.unwrap();
    edit(&whole, site("Second", "U01"), 1).await.unwrap();
    whole.service.store.close().await;
    let changes = [
        "UPDATE organisation SET record = CAST(replace(CAST(record AS TEXT), 'U01', 'S01') AS BLOB) WHERE version = 2",
        "UPDATE organisation SET code = 'R0B' WHERE version = 1",
        "UPDATE organisation SET group_no = group_no + 1 WHERE version = 1",
        "DELETE FROM organisation WHERE version = 2",
        "INSERT INTO organisation SELECT number + 5, kind, code, 3, record, group_no FROM organisation WHERE version = 2",
    ];
    for (n, sql) in changes.iter().enumerate() {
        let tampered = folder.path().join(format!("{n}.db"));
        std::fs::copy(&path, &tampered).unwrap();
        let db = rusqlite::Connection::open(&tampered).unwrap();
        assert_eq!(db.execute(sql, []).unwrap(), 1, "{sql}");
        db.close().unwrap();
        let store = Arc::new(SqliteStore::open(&tampered, Options::default()).unwrap());
        let report = World::on(store, settings.clone()).await.verify().await;
        assert!(!report.is_clean() && report.to_string().contains("organisation"), "{sql}: {report}");
    }
}

#[tokio::test]
async fn a_record_of_a_newer_program_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("newer.db");
    let settings = Settings { test_numbers: true, ..Settings::default() };
    let world = World::on(Arc::new(SqliteStore::open(&path, Options::default()).unwrap()), settings).await;
    edit(&world, site("First", "U02"), 0).await.unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    let newer = br#"{"version":2,"kind":"site","code":"R0A"}"#;
    db.execute("INSERT INTO organisation SELECT number + 1, kind, code, 2, ?, group_no FROM organisation", [newer])
        .unwrap();
    db.close().unwrap();
    assert_eq!(refresh(&world.service).await, Ok(1));
    assert_eq!(setting(&world.service.register.get()), "U02", "the version before it goes on");
    assert_eq!(
        edit(&world, site("Mine", "U01"), 1).await,
        Err(AppError::Conflict),
        "what cannot be read is not overwritten"
    );
}
