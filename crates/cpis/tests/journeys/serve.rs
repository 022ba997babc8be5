//! `cpis serve` as an operator has it: every fault at the start has its words and its exit code, and a good start ends well.

use crate::child::{Running, cpis, failed};
use std::path::Path;

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A configuration that works, once its keys are made. Its issuer does not answer: nobody listens on port 9 here.
fn good(folder: &Path) -> String {
    let mapping = "issuer = \"http://127.0.0.1:9\"\naudience = [\"cpis\"]\n";
    write(folder, "issuer.toml", mapping);
    write(
        folder,
        "cpis.toml",
        "listen = \"127.0.0.1:0\"\ninside_listen = \"127.0.0.1:0\"\ndata_dir = \"data\"\n[[issuer]]\nmapping = \"issuer.toml\"\n",
    )
}

fn check(words: &[&str], code: i32, told: &str) {
    let done = failed(words);
    assert!(done.code == code && done.err.contains(told), "{words:?}: {} {}", done.code, done.err);
}

#[test]
fn every_fault_at_the_start_has_its_words_and_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    check(&["serve", "--config", "none.toml"], 3, "there is no such file");
    check(&["serve"], 2, "--config");
    let text = "listen = \"127.0.0.1:0\"\nlisten_to = 5\n";
    check(&["serve", "--config", &write(folder, "a.toml", text)], 3, "line 2: unknown setting `listen_to`");
    check(
        &["serve", "--config", &write(folder, "b.toml", "listen = \"0.0.0.0:1\"\n")],
        3,
        "must not travel in the clear",
    );
    check(&["serve", "--config", &write(folder, "c.toml", "")], 3, "nobody could sign in");
    check(
        &["serve", "--config", &write(folder, "d.toml", "[[issuer]]\nmapping = \"none\"\n")],
        7,
        "there is no such file",
    );

    let config = good(folder);
    check(&["serve", "--config", &config], 4, "cpis keys init --data-dir");
    let data = folder.join("data");
    std::fs::create_dir(&data).unwrap();
    check(&["serve", "--config", &config], 5, "cpis keys init");
    std::fs::write(data.join("key-ring.toml"), "nothing").unwrap();
    check(&["serve", "--config", &config], 5, "the key ring cannot be read");
    std::fs::remove_file(data.join("key-ring.toml")).unwrap();
    assert_eq!(cpis(&["keys", "init", "--config", &config], "").code, 0);
    check(&["keys", "init", "--config", &config], 5, "it exists already");
    std::fs::write(data.join("cpis.db"), "this is no database, but a text that is longer than a head of one would be")
        .unwrap();
    check(&["serve", "--config", &config], 4, "cannot be used");
    std::fs::remove_file(data.join("cpis.db")).unwrap();
    check(&["audit", "verify", "--config", &config], 4, "There is no database");
}

#[test]
fn a_schema_of_another_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = good(folder.path());
    assert_eq!(cpis(&["keys", "init", "--config", &config], "").code, 0);
    let (running, _) = Running::start(&["serve", "--config", &config], "for health and metrics").unwrap();
    running.end();
    let database = rusqlite::Connection::open(folder.path().join("data/cpis.db")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    check(&["serve", "--config", &config], 4, "schema version 99");
}

#[test]
fn the_service_starts_without_its_issuer_says_that_it_is_not_ready_and_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    let config = good(folder.path());
    assert_eq!(cpis(&["keys", "init", "--config", &config], "").code, 0);
    let (running, told) = Running::start(&["serve", "--config", &config], "for health and metrics").unwrap();
    let address =
        |line: &str| line.split_whitespace().find_map(|word| word.strip_prefix("http://")).unwrap().to_owned();
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].starts_with("Listening on http://127.0.0.1:") && lines[0].contains("for hospitals and authorities")
    );
    let inside = address(lines[1]);
    assert!(get(&inside, "/health/live").contains("200 OK"));
    assert!(get(&inside, "/health/ready").contains("503 Service Unavailable"));
    assert!(get(&inside, "/metrics").contains("cpis_http_requests_total"));
    assert!(get(&address(lines[0]), "/metrics").contains("404 Not Found"));
    // A second service on the same data, and one on the same address.
    check(&["serve", "--config", &config], 4, "in use by another process");
    let other = tempfile::tempdir().unwrap();
    let config = good(other.path());
    assert_eq!(cpis(&["keys", "init", "--config", &config], "").code, 0);
    let text = std::fs::read_to_string(&config).unwrap().replacen("127.0.0.1:0", &inside, 1);
    check(&["serve", "--config", &write(other.path(), "cpis.toml", &text)], 6, "in use by another program");
    let (rest, code) = running.end();
    assert!(code == 0 && rest.contains("Ended. Everything is stored."), "{code}: {rest}");
    assert_eq!(cpis(&["audit", "verify", "--data-dir", folder.path().join("data").to_str().unwrap()], "").code, 0);
}

/// One request over a socket of its own.
fn get(address: &str, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_configuration_that_is_printed_can_be_served() {
    let printed = cpis(&["config"], "");
    assert!(printed.code == 0 && printed.out.contains("behind_proxy = false"));
    let folder = tempfile::tempdir().unwrap();
    let config = write(folder.path(), "cpis.toml", &printed.out);
    check(&["serve", "--config", &config], 3, "nobody could sign in");
}
