//! A database of every schema that was ever released is brought to the present one, with all its rows.
#![allow(clippy::unwrap_used, reason = "test support: a panic is how a test fails")]

use cpis_store::contract::windows;
use cpis_store::tables::{Row, TABLES, Table, Tables, described};
use cpis_store::{Database, Store, StoreError};
use cpis_store_sqlite::{Options, SqliteStore};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Dumps of databases, by the schema that they have: each as the last program of that schema left it.
const RELEASED: [(u32, &str); 4] = [
    (1, include_str!("schemas/001.sql")),
    (2, include_str!("schemas/002.sql")),
    (3, include_str!("schemas/003.sql")),
    (4, include_str!("schemas/004.sql")),
];

const BUSY: Duration = Duration::from_secs(5);

fn database_of(dump: &str, folder: &Path) -> PathBuf {
    let path = folder.join("cpis.db");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute_batch(dump).unwrap();
    path
}

fn newest() -> u32 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cpis.db");
    drop(SqliteStore::open(&path, Options::default()).unwrap());
    SqliteStore::migrations_due(&path, BUSY).unwrap().to
}

/// Of the tables that all backends have: those that a file has, with the columns that it has.
fn shape(path: &Path) -> Vec<(&'static Table, Vec<&'static str>)> {
    let connection = Connection::open(path).unwrap();
    let has = |table: &str, column: &str| {
        let sql = "SELECT count(*) FROM pragma_table_info(?) WHERE name = ?";
        connection.query_row(sql, [table, column], |row| row.get::<_, u32>(0)).unwrap() == 1
    };
    let columns = |table: &Table| table.columns.iter().map(|column| column.name);
    let of = |table: &'static Table| columns(table).filter(|column| has(table.name, column)).collect::<Vec<_>>();
    TABLES.iter().map(|table| (table, of(table))).filter(|(_, columns)| !columns.is_empty()).collect()
}

/// All rows of these tables and columns, as text.
fn rows(path: &Path, shape: &[(&'static Table, Vec<&'static str>)]) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut all = Vec::new();
    for (table, columns) in shape {
        let columns: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
        let sql =
            format!("SELECT {} FROM {} ORDER BY {}", columns.join(" || ',' || "), table.name, table.key.join(", "));
        let mut statement = connection.prepare(&sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        all.extend(rows.map(|row| format!("{} {}", table.name, row.unwrap())));
    }
    all
}

fn schema(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let sql = "SELECT name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn every_released_schema_is_upgraded_with_all_its_rows() {
    for (version, dump) in RELEASED {
        let folder = tempfile::tempdir().unwrap();
        let path = database_of(dump, folder.path());
        let shape_then = shape(&path);
        let before = rows(&path, &shape_then);
        let has_rows = |table: &Table| before.iter().any(|row| row.starts_with(&format!("{} ", table.name)));
        assert!(shape_then.iter().all(|(table, _)| has_rows(table)), "rows in every table");
        let refused = SqliteStore::open(&path, Options::default()).err();
        assert_eq!(refused, Some(StoreError::SchemaOlder { found: version, needed: newest() }));
        assert_eq!(SqliteStore::open_beside(&path, Options::default()).err(), refused);

        let done = SqliteStore::migrate(&path, BUSY).unwrap();
        assert_eq!((done.from, done.to), (version, newest()));
        let steps: Vec<u32> = done.steps.iter().map(|step| step.version).collect();
        assert_eq!(steps, (version + 1..=newest()).collect::<Vec<_>>());
        assert_eq!(rows(&path, &shape_then), before);
        let store = SqliteStore::open(&path, Options::default()).unwrap();
        assert_eq!(store.described().await.unwrap(), described());
        assert_eq!(store.highest(cpis_store::tables::table("notice").unwrap()).await.unwrap(), 2);
        store.close().await;

        // It is the schema of a fresh database, to the letter.
        let fresh = folder.path().join("fresh.db");
        SqliteStore::open(&fresh, Options::default()).unwrap().close().await;
        assert_eq!(schema(&path), schema(&fresh));

        // The copy is the database as it was, for its owner alone, and can be migrated in its turn.
        let backup = done.backup.unwrap();
        assert_eq!(backup, folder.path().join(format!("cpis.db.schema-{version}")));
        assert_eq!(rows(&backup, &shape_then), before);
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(SqliteStore::migrate(&backup, BUSY).unwrap().from, version);
        let store = SqliteStore::open(&backup, Options::default()).unwrap();
        assert_eq!(store.described().await.unwrap(), described());
        assert!(store.examine().await.unwrap().iter().all(|finding| finding.mend.is_empty()));
        store.close().await;
    }
}

#[tokio::test]
async fn open_windows_are_taken_into_the_looks() {
    let folder = tempfile::tempdir().unwrap();
    let path = database_of(RELEASED[3].1, folder.path());
    Connection::open(&path).unwrap().execute_batch(&windows::notices(|hex| format!("X'{hex}'"))).unwrap();
    SqliteStore::migrate(&path, BUSY).unwrap();
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    assert_eq!(windows::followed(&store).await, windows::expected());
    store.close().await;
}

#[test]
fn a_look_ahead_says_what_would_run_and_changes_nothing() {
    let (version, dump) = RELEASED[0];
    let folder = tempfile::tempdir().unwrap();
    let path = database_of(dump, folder.path());
    let before = std::fs::read(&path).unwrap();
    let due = SqliteStore::migrations_due(&path, BUSY).unwrap();
    assert_eq!((due.from, due.to, due.backup), (version, newest(), None));
    assert!(!due.steps.is_empty());
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no file was made beside it");
}

#[test]
fn one_that_is_up_to_date_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = database_of(RELEASED[0].1, folder.path());
    SqliteStore::migrate(&path, BUSY).unwrap();
    let again = SqliteStore::migrate(&path, BUSY).unwrap();
    assert!(again.steps.is_empty() && again.backup.is_none() && again.from == again.to);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the database and one copy");
}

#[test]
fn a_step_that_fails_leaves_the_schema_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = database_of(RELEASED[0].1, folder.path());
    // Something else has taken the name of a table that a step makes.
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE schema_version (version INTEGER, serves INTEGER) STRICT")
        .unwrap();
    let shape_then = shape(&path);
    let before = rows(&path, &shape_then);
    SqliteStore::migrate(&path, BUSY).unwrap_err();
    assert_eq!(rows(&path, &shape_then), before);
    let version: u32 =
        Connection::open(&path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 1);
}

#[tokio::test]
async fn a_newer_schema_is_used_by_whom_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cpis.db");
    SqliteStore::open(&path, Options::default()).unwrap().close().await;
    let next = newest() + 1;
    let set = |serves: u32| {
        let connection = Connection::open(&path).unwrap();
        let row = format!("INSERT OR REPLACE INTO schema_version VALUES ({next}, {serves}, 'of the future')");
        connection.execute_batch(&row).unwrap();
        connection.pragma_update(None, "user_version", next).unwrap();
    };
    set(newest());
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    store.ping().await.unwrap();
    store.close().await;
    let due = SqliteStore::migrate(&path, BUSY).unwrap();
    assert!(due.steps.is_empty() && due.from == next && due.to == next);
    set(next);
    let refused = StoreError::SchemaNewer { found: next, serves: next, known: newest() };
    assert_eq!(SqliteStore::open(&path, Options::default()).err(), Some(refused.clone()));
    assert_eq!(SqliteStore::migrate(&path, BUSY).err(), Some(refused));
}

/// Beside a service that writes: what it committed is seen, nothing is written, and a stopped one's folder stays as it is.
#[tokio::test]
async fn a_database_is_read_beside_its_service() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a folder, 100% ours?.db");
    let service = SqliteStore::open(&path, Options::default()).unwrap();
    service.set_setting("name", vec![1]).await.unwrap();
    let beside = SqliteStore::open_beside(&path, Options::default()).unwrap();
    assert_eq!(beside.setting("name").await.unwrap(), Some(vec![1]));
    service.set_setting("name", vec![2]).await.unwrap();
    assert_eq!(beside.setting("name").await.unwrap(), Some(vec![2]));
    assert!(matches!(beside.set_setting("name", vec![3]).await, Err(StoreError::Unavailable(_))));
    assert!(beside.examine().await.unwrap().iter().all(|finding| finding.mend.is_empty()));
    beside.close().await;
    drop(beside);
    service.close().await;
    let files = || {
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = files();
    let beside: Box<dyn Database> = Box::new(SqliteStore::open_beside(&path, Options::default()).unwrap());
    assert_eq!(beside.setting("name").await.unwrap(), Some(vec![2]));
    let setting = cpis_store::tables::table("setting").unwrap();
    assert_eq!(beside.rows_after(setting, None, 10).await.unwrap(), vec![row(&*beside).await]);
    beside.close().await;
    assert_eq!(files(), before);
}

#[tokio::test]
async fn a_file_that_somebody_has_open_is_told_from_one_that_nobody_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cpis.db");
    SqliteStore::refuse_used(&path).unwrap();
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    for _ in 0..2 {
        let refused = SqliteStore::refuse_used(&path);
        assert_eq!(refused, Err(StoreError::Unavailable("another process has it open".into())));
        store.set_setting("it goes on", vec![1]).await.unwrap();
    }
    store.close().await;
    SqliteStore::refuse_used(&path).unwrap();
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    assert!(store.examine().await.unwrap().iter().all(|finding| finding.mend.is_empty()));
    assert_eq!(store.setting("it goes on").await.unwrap(), Some(vec![1]));
}

async fn row(database: &dyn Database) -> Row {
    let value = database.setting("name").await.unwrap().unwrap();
    vec![cpis_store::tables::Value::Text("name".to_owned()), cpis_store::tables::Value::Bytes(value)]
}
