//! `cpis migrate` and `cpis copy` as an operator has them.

use crate::child::{cpis, failed};
use crate::installation::{Installation, person, question, request, try_send, upload_file};
use cpis_store_sqlite::{Options, SqliteStore};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SCHEMA_1: &str = include_str!("../../../store-sqlite/tests/schemas/001.sql");

fn old_installation(folder: &Path) -> String {
    let data = folder.join("data");
    let shown = data.to_str().unwrap().to_owned();
    assert_eq!(cpis(&["keys", "init", "--data-dir", &shown], "").code, 0);
    let database = rusqlite::Connection::open(data.join("cpis.db")).unwrap();
    database.pragma_update(None, "journal_mode", "WAL").unwrap();
    database.execute_batch(SCHEMA_1).unwrap();
    shown
}

#[test]
fn an_older_database_is_refused_until_it_is_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let data = old_installation(folder.path());
    let refused = failed(&["audit", "verify", "--data-dir", &data]);
    assert!(refused.code == 4 && refused.err.contains("schema version 1"), "{}", refused.err);
    assert!(refused.err.contains("run `cpis migrate`") && refused.err.contains("--dry-run"), "{}", refused.err);

    let before = std::fs::read(folder.path().join("data/cpis.db")).unwrap();
    let look = cpis(&["migrate", "--data-dir", &data, "--dry-run"], "");
    assert!(look.code == 0 && look.out.contains("has schema 1 and needs schema"), "{}", look.out);
    assert!(look.out.contains("Nothing was changed."));
    assert_eq!(std::fs::read(folder.path().join("data/cpis.db")).unwrap(), before);

    let done = cpis(&["migrate", "--data-dir", &data], "");
    assert!(done.code == 0 && done.out.contains("had schema 1 and has schema"), "{} {}", done.out, done.err);
    assert!(done.out.contains("cpis.db.schema-1."), "{}", done.out);
    let again = cpis(&["migrate", "--data-dir", &data], "");
    assert!(again.code == 0 && again.out.contains("There is nothing to do."), "{}", again.out);
    assert!(failed(&["migrate"]).code == 2);
    let none = folder.path().join("none");
    assert_eq!(failed(&["migrate", "--data-dir", none.to_str().unwrap()]).code, 4);
}

#[test]
fn three_that_migrate_at_once_do_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = old_installation(folder.path());
    let all: Vec<_> = (0..3)
        .map(|_| {
            let data = data.clone();
            std::thread::spawn(move || cpis(&["migrate", "--data-dir", &data], ""))
        })
        .collect();
    let all: Vec<_> = all.into_iter().map(|one| one.join().unwrap()).collect();
    let told = |words: &str| all.iter().filter(|done| done.out.contains(words)).count();
    let shown: Vec<_> = all.iter().map(|done| (done.code, &done.out, &done.err)).collect();
    assert!(all.iter().all(|done| done.code == 0), "{shown:?}");
    assert_eq!((told("This was done:"), told("There is nothing to do.")), (1, 2), "{shown:?}");
    let copies = std::fs::read_dir(&data)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("schema"));
    assert_eq!(copies.count(), 1);
}

#[test]
fn nobody_migrates_or_copies_under_a_running_service() {
    let installation = Installation::new(&[]);
    let data = installation.data();
    let data = data.to_str().unwrap();
    let service = installation.start();
    let other = installation.folder.path().join("other");
    for words in [&["migrate", "--data-dir", data][..], &["copy", "--from", data, "--to", other.to_str().unwrap()]] {
        let refused = failed(words);
        assert!(refused.code == 4 && refused.err.contains("in use by another process"), "{}", refused.err);
    }
    // Also where the file lies elsewhere than the lock.
    let elsewhere = installation.folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let linked = elsewhere.join("cpis.db");
    std::os::unix::fs::symlink(installation.data().join("cpis.db"), &linked).unwrap();
    let refused = failed(&["copy", "--from", linked.to_str().unwrap(), "--to", other.to_str().unwrap()]);
    assert!(refused.code == 4 && refused.err.contains("another process has it open"), "{}", refused.err);
    let look = cpis(&["migrate", "--data-dir", data, "--dry-run"], "");
    assert!(look.code == 0 && look.out.contains("nothing to do"), "{} {}", look.out, look.err);
    installation.stop(service);
}

fn busy() -> (Installation, Vec<cpis_model::upload::Person>) {
    let people: Vec<_> = (0..20).map(|n| person(999_000_100 + n * 10, "Robin", "Testcase")).collect();
    let installation = Installation::new(&people);
    let service = installation.start();
    let token = installation.worker();
    let xml = [("content-type", "application/xml")];
    let sent = request("POST", "/authority/v1/uploads", &token, &xml, &upload_file(1, &people));
    let answer = try_send(installation.address, &sent).unwrap();
    assert!(answer.status < 300, "{} {}", answer.status, answer.text());
    let token = installation.clinician();
    for (n, person) in people.iter().enumerate() {
        let asked = question(&token, person.number.digits(), &format!("trace-{n}"));
        assert_eq!(try_send(installation.address, &asked).unwrap().status, 200);
    }
    installation.stop(service);
    (installation, people)
}

fn beside(installation: &Installation, name: &str) -> PathBuf {
    let folder = installation.folder.path().join(name);
    for file in ["key-ring.toml", "checkpoints"] {
        std::fs::copy(installation.data().join(file), folder.join(file)).unwrap();
    }
    folder
}

#[test]
fn an_installation_is_moved_and_moved_back_and_verifies() {
    let (installation, _) = busy();
    let data = installation.data();
    let there = installation.folder.path().join("there");
    let (from, to) = (data.to_str().unwrap(), there.to_str().unwrap());
    let done = cpis(&["copy", "--from", from, "--to", to], "");
    assert!(done.code == 0 && done.out.contains("Every row was compared"), "{} {}", done.out, done.err);
    // The root is the one that the last checkpoint was signed for.
    let root = done.out.lines().nth(1).unwrap().trim();
    assert!(std::fs::read_to_string(data.join("checkpoints")).unwrap().contains(root), "{}", done.out);
    let moved = beside(&installation, "there");
    let checkpoints = moved.join("checkpoints");
    let words = ["audit", "verify", "--data-dir", to, "--checkpoint", checkpoints.to_str().unwrap()];
    let verified = cpis(&words, "");
    assert!(verified.code == 0 && verified.out.contains("No fault"), "{} {}", verified.out, verified.err);
    // Back, to a file by its name.
    let file = installation.folder.path().join("back/cpis.db");
    let done = cpis(&["copy", "--from", to, "--to", file.to_str().unwrap()], "");
    assert_eq!(done.code, 0, "{} {}", done.out, done.err);
    let back = beside(&installation, "back");
    let verified = cpis(&["audit", "verify", "--data-dir", back.to_str().unwrap()], "");
    assert!(verified.code == 0 && verified.out.contains("No fault"), "{}", verified.out);
    // What is there already is not written over.
    let refused = failed(&["copy", "--from", from, "--to", to]);
    assert!(refused.code == 4 && refused.err.contains("the target is not empty"), "{}", refused.err);
}

#[test]
fn an_unfinished_copy_is_used_by_nobody() {
    let (installation, _) = busy();
    let data = installation.data();
    let half = installation.folder.path().join("half");
    std::fs::create_dir(&half).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let from = SqliteStore::open(&data.join("cpis.db"), Options::default()).unwrap();
        let faults = cpis_store::fault::Faults::default();
        let options = Options { faults: faults.clone(), ..Options::default() };
        let to = SqliteStore::open(&half.join("cpis.db"), options).unwrap();
        faults.arm(80, cpis_store::fault::Fault::Fail);
        cpis_app::copy::copy(&from, &to, None, &mut |_| {}).await.unwrap_err();
        faults.disarm();
        cpis_store::Store::close(&from).await;
        cpis_store::Store::close(&to).await;
    });
    beside(&installation, "half");
    let (from, to) = (data.to_str().unwrap(), half.to_str().unwrap());
    let config = installation.folder.path().join("half.toml");
    let text = std::fs::read_to_string(installation.config()).unwrap().replace("\"data\"", "\"half\"");
    std::fs::write(&config, text).unwrap();
    for words in [&["serve", "--config", config.to_str().unwrap()][..], &["audit", "verify", "--data-dir", to]] {
        let refused = failed(words);
        assert!(refused.code == 4 && refused.err.contains("is an unfinished copy of another one"), "{}", refused.err);
        assert!(refused.err.contains("Run the same cpis copy again"), "{}", refused.err);
    }
    let done = cpis(&["copy", "--from", from, "--to", to], "");
    assert_eq!(done.code, 0, "{} {}", done.out, done.err);
    assert_eq!(cpis(&["audit", "verify", "--data-dir", to], "").code, 0);
}

#[test]
fn ctrl_c_ends_a_copy_that_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    assert_eq!(cpis(&["keys", "init", "--data-dir", from.to_str().unwrap()], "").code, 0);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&from.join("cpis.db"), Options::default()).unwrap();
        cpis_store::Store::close(&store).await;
    });
    let database = rusqlite::Connection::open(from.join("cpis.db")).unwrap();
    database
        .execute_batch(
            "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 150000)
             INSERT INTO register (id, person) SELECT id, zeroblob(200) FROM n",
        )
        .unwrap();
    drop(database);
    let words = ["copy", "--from", from.to_str().unwrap(), "--to", to.to_str().unwrap()];
    let copying = Command::new(env!("CARGO_BIN_EXE_cpis"))
        .args(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Once it has begun.
    let rows = || {
        let read_only = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let target = rusqlite::Connection::open_with_flags(to.join("cpis.db"), read_only).ok()?;
        target.query_row("SELECT count(*) FROM register", [], |row| row.get::<_, i64>(0)).ok()
    };
    while rows().is_none_or(|rows| rows == 0) {}
    assert!(Command::new("kill").args(["-INT", &copying.id().to_string()]).status().unwrap().success());
    let done = copying.wait_with_output().unwrap();
    let told = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{told}");
    assert!(told.contains("The copy was interrupted") && told.contains("Run the same command again"), "{told}");
    assert!((1..150_000).contains(&rows().unwrap()));
    let done = cpis(&words, "");
    assert!(done.code == 0 && done.out.contains("Copied 150003 rows"), "{} {}", done.out, done.err);
    assert_eq!(rows(), Some(150_000));
}

#[test]
fn what_cannot_be_copied_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("here"), folder.path().join("there"));
    let (here, there) = (here.to_str().unwrap(), there.to_str().unwrap());
    let check = |words: &[&str], code: i32, told: &str| {
        let done = failed(words);
        assert!(done.code == code && done.err.contains(told), "{words:?}: {} {}", done.code, done.err);
    };
    check(&["copy", "--from", here], 2, "--to");
    check(&["copy", "--from", here, "--to", there], 4, "There is no database");
    check(&["copy", "--from", here, "--to", here], 2, "are the same database");
    let with_password = "postgres://cpis:not-shown@localhost/cpis";
    let done = failed(&["copy", "--from", here, "--to", with_password]);
    assert!(done.code == 2 && !done.err.contains("not-shown"), "{}", done.err);
    assert!(!folder.path().join("there").exists(), "nothing is made for a copy that cannot be");
}
