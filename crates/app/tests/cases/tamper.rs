//! Two hundred random changes to the stored tables, made past the service, and the verifier names every one.

use crate::world::*;
use cpis_app::people::Keys;
use cpis_app::ring::KeyRing;
use cpis_app::verify::{Witnesses, verify};
use cpis_app::{Settings, SystemEntropy};
use cpis_model::entry::HiddenFor;
use cpis_store_sqlite::{Options, SqliteStore};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::path::Path;
use std::sync::Arc;

const TAMPERS: usize = 200;
/// Tables that are tampered with, and columns of each that carry no meaning of their own.
const TABLES: [&str; 11] = [
    "journal",
    "leaf",
    "checkpoint",
    "person",
    "plan",
    "access",
    "notice",
    "contact",
    "alias",
    "upload_body",
    "month_key",
];

/// A small generator, so that a failing change can be made again from its number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }
}

struct Installation {
    folder: tempfile::TempDir,
    ring: Arc<KeyRing>,
    checkpoints: String,
}

impl Installation {
    async fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let ring = Arc::new(KeyRing::generate("test.example/log", &SystemEntropy::seeded(7)).unwrap());
        let file = folder.path().join("checkpoints");
        let settings = Settings { test_numbers: true, checkpoint_file: Some(file.clone()), ..Settings::default() };
        let store = SqliteStore::open(&folder.path().join("whole.db"), Options::default()).unwrap();
        let world = World::with_ring(Arc::new(store), settings, ring.clone());
        fill(&world, &file).await;
        world.service.store.close().await;
        let checkpoints = std::fs::read_to_string(&file).unwrap();
        Self { folder, ring, checkpoints }
    }

    fn whole(&self) -> std::path::PathBuf {
        self.folder.path().join("whole.db")
    }

    async fn verify(&self, path: &Path, outside: Option<&str>) -> cpis_audit::Report {
        let store = SqliteStore::open(path, Options { readers: 1, ..Options::default() }).unwrap();
        let keys = Keys { ring: self.ring.clone(), entropy: Arc::new(SystemEntropy::seeded(1)) };
        let witnesses = Witnesses { file: None, outside };
        let report = verify(&store, &keys, witnesses, |_, _| {}).await.unwrap();
        cpis_store::Store::close(&store).await;
        report
    }
}

async fn apply(world: &World, file: &Path) {
    cpis_app::applier::apply_all(&world.service).await.unwrap();
    let mut tree = cpis_app::applier::Tree::default();
    let note = cpis_app::applier::apply_tree(&world.service, &mut tree, true).await.unwrap();
    cpis_app::checkpoint_file::append(file, &note.unwrap()).unwrap();
}

async fn fill(world: &World, file: &Path) {
    let nine = |n: u64| 999_000_001 + n * 100;
    let records: Vec<_> = (0..8).map(|n| cpp(n as u32 + 1, child(nine(n)))).collect();
    world.has_plans(CITY, 1, &records).await;
    world
        .has_plans(
            CAMDEN,
            9,
            &records[2..4]
                .iter()
                .enumerate()
                .map(|(n, record)| cpp(n as u32 + 1, record.person.clone()))
                .collect::<Vec<_>>(),
        )
        .await;
    apply(world, file).await;
    for round in 0..3 {
        for n in 0..8 {
            world.look(&clinician(&format!("u{}", (n + round) % 5)), number(nine(n))).await;
        }
        world.look(&clinician("u1"), number(999_500_000)).await;
        world.clock.forward(60);
        apply(world, file).await;
    }
    cpis_app::lifecycle::supersede(&world.service, number(nine(0)), number(999_600_000)).await.unwrap();
    cpis_app::lifecycle::hide(&world.service, number(nine(1)), Some(HiddenFor::Restricted)).await.unwrap();
    apply(world, file).await;
}

fn columns(db: &Connection, table: &str) -> Vec<String> {
    let mut statement = db.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn rows(db: &Connection, table: &str, columns: &[String]) -> Vec<Vec<Value>> {
    let mut statement = db.prepare(&format!("SELECT {} FROM {table} ORDER BY 1, 2", columns.join(", "))).unwrap();
    let read = statement.query_map([], |row| (0..columns.len()).map(|n| row.get(n)).collect::<Result<Vec<Value>, _>>());
    read.unwrap().map(Result::unwrap).collect()
}

fn matching(columns: &[String]) -> String {
    columns.iter().enumerate().map(|(n, column)| format!("{column} IS ?{}", n + 1)).collect::<Vec<_>>().join(" AND ")
}

fn changed(value: &Value, dice: &mut Dice) -> Value {
    match value {
        Value::Null => Value::Integer(1 + dice.roll(3) as i64),
        Value::Integer(number) => Value::Integer(number + 1 + dice.roll(5) as i64),
        Value::Real(number) => Value::Real(number + 1.0),
        Value::Text(text) => Value::Text(format!("{text}9")),
        Value::Blob(bytes) if bytes.is_empty() => Value::Blob(vec![1]),
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            let at = dice.roll(bytes.len());
            bytes[at] ^= 1 << dice.roll(8);
            Value::Blob(bytes)
        }
    }
}

/// Makes one random change; says what it was, or `None` where it came to nothing (a constraint, or equal values).
fn tamper(db: &Connection, dice: &mut Dice) -> Option<String> {
    let table = TABLES[dice.roll(TABLES.len())];
    let columns = columns(db, table);
    let rows = rows(db, table, &columns);
    if rows.is_empty() {
        return None;
    }
    let row = &rows[dice.roll(rows.len())];
    let column = dice.roll(columns.len());
    let find = matching(&columns);
    let set = |row: &[Value], value: &Value| {
        let sql = format!("UPDATE {table} SET {} = ?{} WHERE {find}", columns[column], columns.len() + 1);
        let all: Vec<&dyn rusqlite::ToSql> =
            row.iter().chain([value]).map(|value| value as &dyn rusqlite::ToSql).collect();
        db.execute(&sql, all.as_slice()).ok().filter(|count| *count == 1)
    };
    match dice.roll(5) {
        0 => {
            // The time at which an authority acknowledged a notice is its own word; a cursor only orders.
            let only_orders = matches!((table, columns[column].as_str()), ("notice", "number") | ("alias", "id"));
            if columns[column] == "acknowledged" || only_orders {
                return None;
            }
            let value = match (&row[column], columns[column].starts_with("lookup") || columns[column] == "data_key") {
                (Value::Null, true) => Value::Blob(vec![7; 16]),
                (Value::Null, false) if columns[column] == "number" => Value::Blob(vec![7; 16]),
                (Value::Null, false) if columns[column] == "office" => Value::Text("01632960999".to_owned()),
                (Value::Null, false) if columns[column] == "body" => Value::Blob(vec![7; 40]),
                (Value::Null, false) if columns[column].ends_with("_on") || columns[column].ends_with("until") => {
                    Value::Integer(20_270_101)
                }
                (value, _) => changed(value, dice),
            };
            set(row, &value).map(|_| format!("{table}: {} changed", columns[column]))
        }
        1 => {
            let all: Vec<&dyn rusqlite::ToSql> = row.iter().map(|value| value as &dyn rusqlite::ToSql).collect();
            let done = db.execute(&format!("DELETE FROM {table} WHERE {find}"), all.as_slice()).unwrap();
            (done == 1).then(|| format!("{table}: a row deleted"))
        }
        2 => {
            let other = &rows[dice.roll(rows.len())];
            if row[column] == other[column] || columns[column] == "acknowledged" {
                return None;
            }
            // Through a value that nobody has, past unique constraints.
            let (mine, theirs) = (row[column].clone(), other[column].clone());
            let aside = match &mine {
                Value::Integer(_) => Value::Integer(9_000_000_000_000 + dice.roll(1000) as i64),
                Value::Blob(_) => Value::Blob(vec![0xEE; 16]),
                Value::Text(_) => Value::Text("aside".to_owned()),
                _ => return None,
            };
            set(row, &aside)?;
            let mut parked = row.clone();
            parked[column] = aside;
            set(other, &mine)?;
            set(&parked, &theirs)?;
            Some(format!("{table}: {} of two rows swapped", columns[column]))
        }
        3 => {
            let mut fresh = row.clone();
            for value in fresh.iter_mut().take(2) {
                *value = changed(value, dice);
            }
            if table == "person" {
                fresh[1] = Value::Blob(vec![dice.roll(255) as u8; 16]);
            }
            if table == "notice" {
                fresh[1] = Value::Blob(vec![dice.roll(255) as u8; 16]);
            }
            let places = (1..=columns.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
            let all: Vec<&dyn rusqlite::ToSql> = fresh.iter().map(|value| value as &dyn rusqlite::ToSql).collect();
            let done = db.execute(&format!("INSERT INTO {table} VALUES ({places})"), all.as_slice()).ok()?;
            (done == 1).then(|| format!("{table}: a row inserted"))
        }
        _ => {
            let cut = 1 + dice.roll(3);
            for row in rows.iter().rev().take(cut) {
                let all: Vec<&dyn rusqlite::ToSql> = row.iter().map(|value| value as &dyn rusqlite::ToSql).collect();
                db.execute(&format!("DELETE FROM {table} WHERE {find}"), all.as_slice()).unwrap();
            }
            Some(format!("{table}: the last {cut} rows cut"))
        }
    }
}

#[tokio::test]
async fn two_hundred_tampers_are_named() {
    let installation = Installation::new().await;
    let outside = installation.checkpoints.clone();
    let clean = installation.verify(&installation.whole(), Some(&outside)).await;
    assert!(clean.is_clean() && clean.tail_proven, "{clean}");
    let (mut made, mut missed, mut seed) = (0, Vec::new(), 0);
    while made < TAMPERS {
        seed += 1;
        let mut dice = Dice(seed);
        dice.roll(1);
        let path = installation.folder.path().join(format!("tampered-{seed}.db"));
        std::fs::copy(installation.whole(), &path).unwrap();
        let db = Connection::open(&path).unwrap();
        let what = tamper(&db, &mut dice);
        db.close().unwrap();
        if let Some(what) = what {
            made += 1;
            let report = installation.verify(&path, Some(&outside)).await;
            if report.is_clean() || report.first_fault.is_none() {
                missed.push(format!("change {seed}: {what}"));
            }
        }
        for suffix in ["", "-wal", "-shm", ".reserve"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
        }
    }
    assert!(missed.is_empty(), "{} of {made} were not named:\n{}", missed.len(), missed.join("\n"));
}

#[tokio::test]
async fn a_cut_tail_is_proven_by_a_checkpoint_from_outside_only() {
    let installation = Installation::new().await;
    let db = Connection::open(installation.whole()).unwrap();
    // Everything that the last group brought is rolled back, as from an older backup.
    db.execute_batch(
        "DELETE FROM leaf WHERE group_no = (SELECT group_no FROM journal ORDER BY seq DESC LIMIT 1);
         DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal);",
    )
    .unwrap();
    db.close().unwrap();
    let report = installation.verify(&installation.whole(), Some(&installation.checkpoints)).await;
    assert!(!report.is_clean());
    assert!(report.faults.iter().any(|fault| matches!(fault.what, cpis_audit::FaultKind::TailCut { .. })), "{report}");
    let alone = installation.verify(&installation.whole(), None).await;
    assert!(!alone.tail_proven);
}
