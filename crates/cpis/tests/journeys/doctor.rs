//! `cpis doctor` beside the real program: nothing wrong is exit 0, and each fault that can be made has its line.

use crate::child::{Done, cpis};
use crate::installation::{Installation, person, request, try_send, upload_file};
use cpis_store::{Group, GroupId, Store};
use cpis_store_sqlite::{Options, SqliteStore};
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;

fn doctor(installation: &Installation) -> Done {
    cpis(&["doctor", "--config", installation.config().to_str().unwrap()], "")
}

/// An installation with people and an upload, private as `cpis keys init` makes it.
fn used() -> Installation {
    let people: Vec<_> = (0..5).map(|n| person(999_000_100 + n * 10, "Robin", "Testcase")).collect();
    let installation = Installation::new(&people);
    let private = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    private(&installation.data(), 0o700);
    private(&installation.data().join("key-ring.toml"), 0o600);
    let service = installation.start();
    let xml = [("content-type", "application/xml")];
    let sent = request("POST", "/authority/v1/uploads", &installation.worker(), &xml, &upload_file(1, &people));
    assert!(try_send(installation.address, &sent).unwrap().status < 300);
    installation.stop(service);
    installation
}

fn lines<'a>(done: &'a Done, weight: &str) -> Vec<&'a str> {
    done.out.lines().filter(|line| line.starts_with(weight)).collect()
}

fn has_fault(done: &Done, words: &[&str]) {
    assert_eq!(done.code, 1, "{} {}", done.out, done.err);
    let found = lines(done, "fault").iter().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(found, "{words:?} in\n{}", done.out);
}

/// Every file of a folder with its content; the marks of locks in memory are left out.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let named =
        files.map(|file| (file.file_name().to_string_lossy().into_owned(), std::fs::read(file.path()).unwrap()));
    named.filter(|(name, _)| !name.ends_with("-shm")).collect()
}

#[test]
fn a_healthy_installation_has_no_fault_and_is_left_as_it_is() {
    let installation = used();
    // Stopped first.
    let before = content(&installation.data());
    let done = doctor(&installation);
    assert!(done.code == 0 && lines(&done, "fault").is_empty(), "{} {}", done.out, done.err);
    assert!(lines(&done, "warning").iter().any(|line| line.contains("service: it does not run")), "{}", done.out);
    assert_eq!(content(&installation.data()), before);
    let data = installation.data();
    let alone = cpis(&["doctor", "--data-dir", data.to_str().unwrap()], "");
    assert!(alone.code == 0 && !alone.out.contains("issuer") && !alone.out.contains("service:"), "{}", alone.out);
    assert_eq!(content(&installation.data()), before);

    // Then beside the service, which goes on.
    let service = installation.start();
    let done = doctor(&installation);
    assert!(done.code == 0 && lines(&done, "fault").is_empty(), "{} {}", done.out, done.err);
    for words in [
        "service: it is ready",
        "schema: 5",
        "quick_check: ok",
        "stored people: the key ring opens them",
        "its keys can be read",
        "clock: agrees with that of http://127.0.0.1:",
        "quarantine: no entry was set aside",
        "lists and notices: ",
        "the last one in ",
        "free room: ",
        "disk flush: ",
        "gaps: none for 72 hours",
    ] {
        assert!(done.out.contains(words), "{words} in\n{}", done.out);
    }
    let json = cpis(&["doctor", "--json", "--config", installation.config().to_str().unwrap()], "");
    let rows: Vec<Value> = serde_json::from_str(&json.out).unwrap();
    assert_eq!(rows.len(), done.out.lines().count());
    assert!(rows.iter().all(|row| row["weight"] != "fault" && row["what"].is_string()));
    installation.stop(service);
    assert!(installation.verify().0);
    // Nobody is named in what it says.
    assert!(!done.out.contains("Testcase") && !done.out.contains("99900"), "{}", done.out);
}

#[test]
fn a_key_ring_of_another_installation_is_a_fault() {
    let installation = used();
    let other = tempfile::tempdir().unwrap();
    let folder = other.path().join("other");
    assert_eq!(cpis(&["keys", "init", "--data-dir", folder.to_str().unwrap()], "").code, 0);
    let ring = installation.data().join("key-ring.toml");
    std::fs::copy(folder.join("key-ring.toml"), &ring).unwrap();
    has_fault(
        &doctor(&installation),
        &["stored people: ", "does not open the database", "Put the right key ring back"],
    );
    std::fs::set_permissions(&ring, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(doctor(&installation).out.contains("others may read"));
    std::fs::remove_file(&ring).unwrap();
    has_fault(&doctor(&installation), &["key ring: ", "there is no such file"]);
}

#[test]
fn an_issuer_that_is_away_and_a_mapping_that_is_missing_are_faults() {
    let installation = used();
    let mapping = installation.folder.path().join("mapping.toml");
    std::fs::write(&mapping, "issuer = \"http://127.0.0.1:9\"\naudience = [\"cpis\"]\n").unwrap();
    has_fault(&doctor(&installation), &["issuer http://127.0.0.1:9: its keys cannot be read"]);
    // One that takes the connection and never answers does not hold the doctor up.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    std::fs::write(&mapping, format!("issuer = \"http://{address}\"\naudience = [\"cpis\"]\n")).unwrap();
    let began = Instant::now();
    has_fault(&doctor(&installation), &["issuer http://127.0.0.1:", "its keys cannot be read"]);
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    std::fs::remove_file(&mapping).unwrap();
    has_fault(&doctor(&installation), &["issuer: the mapping ", "there is no such file"]);
}

#[test]
fn entries_that_were_set_aside_and_lists_that_lag_are_faults() {
    let installation = used();
    let text = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), format!("tail_entries_max = 100\n{text}")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&installation.data().join("cpis.db"), Options::default()).unwrap();
        let group = Group { body: Vec::new(), leaves: vec![[1; 32]; 1500], digest: [1; 32], effects: Vec::new() };
        store.append(GroupId(77), Vec::new(), Box::new(move |_| group)).await.unwrap();
        store.close().await;
    });
    let done = doctor(&installation);
    has_fault(&done, &["lists and notices: 150", "more than the 100 with which a list is complete"]);
    assert!(lines(&done, "warning").iter().any(|line| line.contains("tree of the log: 150")), "{}", done.out);
    let database = rusqlite::Connection::open(installation.data().join("cpis.db")).unwrap();
    database.execute("INSERT INTO quarantine VALUES (3, 'the row is not in the expected form')", []).unwrap();
    database.execute("UPDATE upload SET status = 1, received = 5", []).unwrap();
    drop(database);
    let done = doctor(&installation);
    has_fault(&done, &["quarantine: 1 entries could not be read", "cpis audit verify"]);
    assert!(
        lines(&done, "warning").iter().any(|line| line.contains("gaps: authority 702 sent file 1")),
        "{}",
        done.out
    );
}

#[test]
fn a_database_that_is_behind_old_or_damaged_is_a_fault() {
    let installation = used();
    let path = installation.data().join("cpis.db");
    let good = std::fs::read(&path).unwrap();
    let sql = |text: &str| {
        let database = rusqlite::Connection::open(&path).unwrap();
        database.execute_batch(text).unwrap();
    };
    sql("DELETE FROM journal");
    has_fault(&doctor(&installation), &["checkpoints: ", "proves that there were", "cpis audit begin-epoch"]);
    std::fs::write(&path, &good).unwrap();
    sql("PRAGMA user_version = 1");
    has_fault(&doctor(&installation), &["database: ", "run `cpis migrate`"]);
    std::fs::write(&path, &good).unwrap();
    sql("INSERT INTO setting VALUES ('copying-from', x'01')");
    has_fault(&doctor(&installation), &["database: it is an unfinished copy"]);
    // Pages in the middle of the file.
    let mut bytes = good.clone();
    let length = bytes.len();
    for byte in &mut bytes[length / 3..length / 3 + 3 * 4096] {
        *byte = 0xA5;
    }
    std::fs::write(&path, bytes).unwrap();
    let done = doctor(&installation);
    assert!(done.code == 1 && !lines(&done, "fault").is_empty(), "{}", done.out);
    std::fs::remove_file(&path).unwrap();
    has_fault(&doctor(&installation), &["database: There is no database"]);
}

#[test]
fn a_certificate_that_ended_or_has_another_key_is_a_fault() {
    let installation = used();
    let folder = installation.folder.path();
    let write = |begins: i32, ends: i32| {
        let mut wanted = rcgen::CertificateParams::new(vec!["cpis.example".to_owned()]).unwrap();
        wanted.not_before = rcgen::date_time_ymd(begins, 1, 1);
        wanted.not_after = rcgen::date_time_ymd(ends, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        std::fs::write(folder.join("certificate.pem"), wanted.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    };
    let text = std::fs::read_to_string(installation.config()).unwrap();
    let tls = "[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n\n[[issuer]]";
    std::fs::write(installation.config(), text.replace("[[issuer]]", tls)).unwrap();
    write(2020, 2120);
    let done = doctor(&installation);
    assert!(done.code == 0 && done.out.contains("certificate: it ends on 2120-01-01, in "), "{}", done.out);
    write(2020, 2021);
    has_fault(&doctor(&installation), &["certificate: it ended on 2021-01-01", "renew it"]);
    write(2110, 2120);
    has_fault(&doctor(&installation), &["certificate: it begins on 2110-01-01 only"]);
    let other = rcgen::KeyPair::generate().unwrap();
    std::fs::write(folder.join("key.pem"), other.serialize_pem()).unwrap();
    has_fault(&doctor(&installation), &["certificate: ", "do not go together"]);
    // That of another door.
    write(2020, 2021);
    let soap = "[soap]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\nclient_ca_file = \"certificate.pem\"\n\
                asid = \"999999999901\"\n\n[[issuer]]";
    std::fs::write(installation.config(), text.replace("[[issuer]]", soap)).unwrap();
    has_fault(&doctor(&installation), &["certificate of [soap]: it ended on 2021-01-01", "renew it"]);
}
