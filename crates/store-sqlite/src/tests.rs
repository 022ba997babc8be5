//! What is SQLite's own: the file, its settings, damage, a full disk.

use super::*;
use crate::queue::Job;
use crate::reserve::RESERVE_BYTES;
use cpis_model::entry::PersonId;
use cpis_store::{Group, GroupId, NewPerson, NumberKeys, Store};
use rusqlite::Connection;
use std::fs;
use std::time::Instant;

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Options { readers: 1, ..Options::default() })
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cpis.sqlite");
    (folder, path)
}

async fn on<T: Send + 'static>(queue: &queue::Queue, work: impl FnOnce(&Connection) -> T + Send + 'static) -> T {
    let (reply, answer) = oneshot::channel();
    let job: Job = Box::new(move |connection, _| {
        let _ = reply.send(work(connection));
    });
    queue.push(Lane::Urgent, job).unwrap();
    answer.await.unwrap()
}

fn pragma(connection: &Connection, name: &str) -> String {
    let value = connection.pragma_query_value(None, name, |row| {
        Ok(match row.get_ref(0)? {
            rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => other.as_i64().unwrap().to_string(),
        })
    });
    value.unwrap()
}

async fn append(store: &SqliteStore, number: i64, bytes: usize) -> Result<cpis_store::Place, StoreError> {
    let decide = Box::new(move |_: &_| Group { body: vec![7; bytes], leaves: vec![[1; 32]], ..Group::default() });
    store.append(GroupId(number), Vec::new(), decide).await
}

fn somebody() -> NewPerson {
    NewPerson {
        id: PersonId::from_stored(77).unwrap(),
        keys: NumberKeys { a: Some([1; 16]), b: None },
        number: vec![1],
        data_key: vec![2],
    }
}

#[tokio::test]
async fn commits_wait_for_the_disk_and_nothing_is_trusted() {
    let (_folder, path) = folder();
    let store = open(&path).unwrap();
    for (name, expected) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("trusted_schema", "0"),
        ("cell_size_check", "1"),
        ("wal_autocheckpoint", "0"),
        ("application_id", "1129335123"),
        ("user_version", "5"),
        ("busy_timeout", "5000"),
    ] {
        let read = on(&store.shared.writer, move |connection| pragma(connection, name)).await;
        assert_eq!(read, expected, "{name}");
    }
    let written = on(&store.shared.readers, |reader| reader.execute("DELETE FROM journal", [])).await;
    assert!(written.is_err(), "a reader cannot write");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for end in ["", "-wal", "-shm"] {
            let mode = fs::metadata(format!("{}{end}", path.display())).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{end}");
        }
    }
    store.close().await;
    assert!(!fs::exists(format!("{}-wal", path.display())).unwrap(), "an orderly end leaves one file");
}

#[tokio::test]
async fn every_table_is_strict_and_every_look_up_has_an_index() {
    let (_folder, path) = folder();
    let store = open(&path).unwrap();
    let lax = on(&store.shared.readers, |reader| {
        let mut tables = reader
            .prepare(
                "SELECT name FROM pragma_table_list WHERE schema = 'main' AND NOT strict AND name NOT LIKE 'sqlite_%'",
            )
            .unwrap();
        tables.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap).collect::<Vec<_>>()
    })
    .await;
    assert!(lax.is_empty(), "{lax:?}");
    for condition in [
        "journal WHERE first_index <= 5 ORDER BY first_index DESC LIMIT 1",
        "person WHERE lookup_b = x'00'",
        "alias WHERE lookup_a = x'00'",
        "plan WHERE person_id = 1 ORDER BY plan_id DESC, version DESC, group_no DESC",
        "plan WHERE (person_id, plan_id, version, group_no) > (1, x'00', 1, 1) ORDER BY person_id, plan_id, version, group_no",
        "notice WHERE authority = '1' AND number > 5 ORDER BY number",
        "person INDEXED BY person_erased WHERE id = 1 AND data_key IS NULL",
        "upload WHERE status < 4",
        "upload WHERE file_key IS NOT NULL AND received < 5",
        "access WHERE (person_id, entry_index) > (1, 1) ORDER BY person_id, entry_index",
    ] {
        let sql = format!("EXPLAIN QUERY PLAN SELECT * FROM {condition}");
        let plan = on(&store.shared.readers, move |reader| {
            let mut steps = reader.prepare(&sql).unwrap();
            steps
                .query_map([], |row| row.get::<_, String>(3))
                .unwrap()
                .map(Result::unwrap)
                .collect::<Vec<_>>()
                .join("; ")
        })
        .await;
        assert!(
            (plan.contains("USING INDEX") || plan.contains("SEARCH")) && !plan.contains("TEMP B-TREE"),
            "{condition}: {plan}"
        );
    }
}

#[tokio::test]
async fn other_schemas_and_other_files_are_refused() {
    let (_folder, path) = folder();
    open(&path).unwrap().close().await;
    for (statement, expected) in [
        ("PRAGMA user_version = 6", StoreError::SchemaNewer { found: 6, serves: 6, known: 5 }),
        ("PRAGMA user_version = 1", StoreError::SchemaOlder { found: 1, needed: 5 }),
        ("PRAGMA user_version = 0", StoreError::Corrupt("the file does not say which schema it has".into())),
        ("PRAGMA application_id = 5", StoreError::Corrupt("the file is not a database of this program".into())),
    ] {
        Connection::open(&path).unwrap().execute_batch(statement).unwrap();
        assert_eq!(open(&path).err(), Some(expected), "{statement}");
    }
    fs::write(&path, "no database, but a text that is long enough to have been one, and then some more".repeat(20))
        .unwrap();
    assert_eq!(open(&path).err(), Some(StoreError::Corrupt("the file is not a database".into())));
    let missing = open(&path.join("no/such/folder"));
    assert!(matches!(missing.err(), Some(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn damaged_pages_are_told_from_an_absent_database() {
    let (_folder, path) = folder();
    let store = open(&path).unwrap();
    for number in 1..200 {
        append(&store, number, 3000).await.unwrap();
    }
    store.close().await;
    let mut bytes = fs::read(&path).unwrap();
    for byte in &mut bytes[3 * 4096..] {
        *byte = 0xA5;
    }
    fs::write(&path, bytes).unwrap();
    // The schema on the first page is whole; what is damaged shows when it is read, at the latest.
    match open(&path) {
        Ok(store) => {
            assert!(matches!(store.journal_from(0, 1000).await, Err(StoreError::Corrupt(_))));
            assert!(matches!(append(&store, 999, 1).await, Err(StoreError::Corrupt(_))));
        }
        Err(error) => assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}"),
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_is_named_without_its_values() {
    let (_folder, path) = folder();
    let store = open(&path).unwrap();
    store.create_people(vec![somebody()]).await.unwrap();
    on(&store.shared.writer, |writer| {
        writer.execute_batch(
            "INSERT INTO plan VALUES (77, zeroblob(16), 1, 1, 'E08', 1, 20261332, NULL, NULL, x'');
             INSERT INTO journal VALUES (5, 5, 0, 1, x'0102', NULL);",
        )
    })
    .await
    .unwrap();
    let told = |row: &str| StoreError::Corrupt(row.into());
    assert_eq!(store.find(vec![somebody().keys]).await.err(), Some(told("plan.latest, row 77")));
    assert_eq!(store.journal_rows(vec![5]).await.err(), Some(told("journal.row, row 5")));
}

#[tokio::test]
async fn a_full_disk_costs_the_reserve_and_not_the_database() {
    let (_folder, path) = folder();
    let reserve = path.with_extension("sqlite.reserve");
    let store = open(&path).unwrap();
    assert_eq!(fs::metadata(&reserve).unwrap().len(), RESERVE_BYTES);
    append(&store, 1, 10).await.unwrap();
    let limit = |pages: i64| {
        on(&store.shared.writer, move |writer| writer.pragma_update(None, "max_page_count", pages).unwrap())
    };
    limit(60).await;
    assert_eq!(append(&store, 2, 200_000).await, Err(StoreError::Unavailable("the disk is full".into())));
    assert!(store.is_degraded() && !reserve.exists());
    assert_eq!(store.find_group(GroupId(2)).await.unwrap(), None);
    assert_eq!(append(&store, 3, 10).await.unwrap().seq, 2, "small ones still fit");
    limit(100_000).await;
    assert_eq!(append(&store, 2, 200_000).await.unwrap().seq, 3);
    store.shared.reserve.as_ref().unwrap().restore();
    assert!(!store.is_degraded());
    assert_eq!(fs::metadata(&reserve).unwrap().len(), RESERVE_BYTES);
}

#[tokio::test]
async fn the_log_is_moved_into_the_file_and_begins_anew() {
    let (_folder, path) = folder();
    let store = open(&path).unwrap();
    for number in 1..400 {
        append(&store, number, 200_000).await.unwrap();
    }
    let began = Instant::now();
    let grown = || fs::metadata(&path).unwrap().len();
    while grown() < 50_000_000 && began.elapsed() < Duration::from_secs(20) {
        // tidy: sleeps because nothing tells when the background thread has moved the log
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(grown() > 50_000_000, "80 MB were appended and {} bytes moved", grown());
    assert_eq!(store.size().await.unwrap(), 399);
}

#[tokio::test]
async fn a_database_for_tests_leaves_nothing_behind() {
    let store = SqliteStore::open_memory().unwrap();
    append(&store, 1, 10).await.unwrap();
    let path = store.temporary.clone().unwrap();
    assert!(path.exists());
    store.close().await;
    drop(store);
    assert!(!path.exists());
}

#[tokio::test]
async fn what_waits_is_finished_before_the_end() {
    let (_folder, path) = folder();
    let store = Arc::new(open(&path).unwrap());
    let waiting: Vec<_> = (1..50)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { append(&store, number, 10).await })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await;
    let mut saved = 0;
    for answer in waiting {
        saved += u64::from(answer.await.unwrap().is_ok());
    }
    assert_eq!(open(&path).unwrap().size().await.unwrap(), saved);
}

/// Holds up the writer until the sender says so.
fn hold_up(store: &SqliteStore) -> std::sync::mpsc::Sender<()> {
    let (let_go, held_up) = std::sync::mpsc::channel::<()>();
    let (begin, begun) = std::sync::mpsc::channel();
    let job: Job = Box::new(move |_, _| {
        begin.send(()).unwrap();
        let _ = held_up.recv();
    });
    store.shared.writer.push(Lane::Urgent, job).unwrap();
    begun.recv().unwrap();
    let_go
}

/// The order in which the writer runs jobs that wait together.
async fn order_of(lanes: &[Lane]) -> Vec<Lane> {
    let store = SqliteStore::open_memory().unwrap();
    let let_go = hold_up(&store);
    let (tell, told) = std::sync::mpsc::channel();
    for lane in lanes.iter().copied() {
        let tell = tell.clone();
        store.shared.writer.push(lane, Box::new(move |_, _| tell.send(lane).unwrap())).unwrap();
    }
    drop(tell);
    let_go.send(()).unwrap();
    store.close().await;
    told.iter().collect()
}

#[tokio::test]
async fn every_few_looks_let_one_job_in_the_background_go() {
    use Lane::{Background as B, Urgent as U};
    assert_eq!(order_of(&[B, U, B, U]).await, [U, U, B, B]);
    assert_eq!(order_of(&[U, U, U, U, U, B, U, U, B]).await, [U, U, U, U, B, U, U, U, B]);
    assert_eq!(order_of(&[B, B, B, U, U, U, U, U, U, U, U, U]).await, [U, U, U, U, B, U, U, U, U, B, U, B]);
}

#[tokio::test]
async fn a_group_is_gathered_when_its_turn_has_come() {
    let store = SqliteStore::open_memory().unwrap();
    let let_go = hold_up(&store);
    let waiting = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&waiting);
    let gather = Box::new(move || {
        let leaves = vec![[1; 32]; counted.load(Ordering::SeqCst) as usize];
        let decide = Box::new(move |_: &_| Group { body: vec![7], leaves, ..Group::default() });
        Some(cpis_store::Asked { group: GroupId(1), numbers: Vec::new(), decide })
    });
    let append = store.append_gathered(gather);
    let later = async {
        waiting.store(3, Ordering::SeqCst);
        let_go.send(()).unwrap();
    };
    let (place, ()) = tokio::join!(append, later);
    assert_eq!(place.unwrap().unwrap().count, 3, "what came while it waited belongs to it");
}
