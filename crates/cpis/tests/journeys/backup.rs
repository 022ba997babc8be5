//! Backups, restores and the keys' custody as an operator has them: under load, after everything was lost, and every fault.
//!
//! The first test is the drill. `cargo xtask drill` runs it with more people and prints its figures.

use crate::child::{Done, cpis, failed};
use crate::installation::{Installation, person, question, read_answer, request, try_send, upload_file};
use crate::keeper::*;
use crate::several::{Nodes, people};
use cpis_model::upload::Person;
use serde_json::Value;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

fn upload(installation: &Installation, sequence: u64, people: &[Person]) -> (u16, Value) {
    let headers = [("content-type", "application/xml"), ("accept", "application/json")];
    let file = upload_file(sequence, people);
    let sent = request("POST", "/authority/v1/uploads", &installation.worker(), &headers, &file);
    let answer = try_send(installation.address, &sent).unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

fn look(installation: &Installation, person: &Person, trace: &str) -> String {
    let asked = question(&installation.clinician(), person.number.digits(), trace);
    let answer = try_send(installation.address, &asked).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

/// Asks until it is told to stop, and notes when each answer came.
fn ask(
    installation: &Installation,
    people: &[Person],
    name: &str,
    stop: &AtomicBool,
    count: &AtomicU64,
) -> Vec<(String, i64)> {
    let token = installation.clinician();
    let mut stream = TcpStream::connect(installation.address).unwrap();
    let mut answered = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let of = answered.len() % people.len();
        let trace = format!("{name}-{}-of-{of}", answered.len());
        stream.write_all(&question(&token, people[of].number.digits(), &trace)).unwrap();
        let answer = read_answer(&mut stream).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answered.push((trace, crate::installation::now().as_millisecond()));
        count.fetch_add(1, Ordering::SeqCst);
    }
    answered
}

fn wait_until(reached: impl Fn() -> bool) {
    while !reached() {
        std::thread::yield_now();
    }
}

/// The moment that a restore printed as its recovery point, in milliseconds, at its whole second.
fn recovery_point(told: &str) -> i64 {
    let line = told.lines().find(|line| line.starts_with("Recovery point: ")).unwrap();
    let text = &line["Recovery point: ".len()..][..19];
    format!("{}Z", text.replace(' ', "T")).parse::<cpis_model::Timestamp>().unwrap().as_millisecond()
}

/// A service with data, a backup under load, everything lost, a restore on an empty folder: what was answered before the
/// recovery point is there, the log verifies and says what is lost, and the authority goes on with the file that it has.
#[test]
fn the_drill() {
    let number = |name: &str, usual: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (count, looks) = (number("CPIS_DRILL_PEOPLE", 30), number("CPIS_DRILL_LOOKS", 200));
    let people: Vec<Person> = (0..count).map(|n| person(999_000_001 + n * 10, "Robin", "Testcase")).collect();
    let installation = Arc::new(Installation::new(&people));
    let folder = installation.folder.path().to_owned();
    let keeper = keeper(&folder, "identity");
    let kept = folder.join("backups");
    std::fs::create_dir(&kept).unwrap();
    let shares = folder.join("shares");
    std::fs::create_dir(&shares).unwrap();
    let config = installation.config().to_str().unwrap().to_owned();
    let settings = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        format!(
            "checkpoint_file = \"witness\"\n{settings}\n[backup]\nfolder = \"backups\"\nrecipients = [\"{}\"]\n",
            keeper.recipient
        ),
    )
    .unwrap();
    let service = installation.start();
    assert_eq!(upload(&installation, 1, &people).0, 200);
    good(&cpis(
        &[
            "keys",
            "export",
            "--config",
            &config,
            "--shares",
            "3",
            "--threshold",
            "2",
            "--out",
            shares.to_str().unwrap(),
        ],
        "",
    ));

    // Under load.
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..2)
        .map(|client| {
            let (installation, stop, answered) = (installation.clone(), stop.clone(), answered.clone());
            let people = people.clone();
            std::thread::spawn(move || ask(&installation, &people, &format!("drill-{client}"), &stop, &answered))
        })
        .collect();
    wait_until(|| answered.load(Ordering::SeqCst) >= looks);
    let began = Instant::now();
    let before = answered.load(Ordering::SeqCst);
    let told = cpis(&["backup", "--config", &config, "--identity", &keeper.identity], "");
    let backup_seconds = began.elapsed().as_secs_f64();
    let during = answered.load(Ordering::SeqCst) - before;
    assert!(good(&told).contains("decrypted, and every row stands in it"), "{}", told.out);
    let backup = backups(&kept).pop().unwrap();
    assert_eq!(std::fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(names(&kept).len(), 2, "the backup and the list of erased people: {:?}", names(&kept));
    let bytes = std::fs::metadata(&backup).unwrap().len();

    // The day goes on: files, looks, an erasure. Then all of it is gone, in the middle of an answer.
    let (status, second) = upload(&installation, 2, &people[..3]);
    assert_eq!(status, 200, "{second}");
    assert_eq!(upload(&installation, 3, &people[1..4]).0, 200);
    let after = answered.load(Ordering::SeqCst) + 50;
    wait_until(|| answered.load(Ordering::SeqCst) >= after);
    stop.store(true, Ordering::SeqCst);
    let answers: Vec<(String, i64)> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    installation.stop(service);
    let erased = cpis(
        &["person", "erase", "--config", &config, "--by", "officer", "--reason", "order of a court"],
        people[5].number.digits(),
    );
    assert!(good(&erased).contains("hold the record, sealed, for at most 35 days"), "{}", erased.out);
    std::fs::remove_dir_all(installation.data()).unwrap();
    let lost = crate::installation::now().as_millisecond();

    // The keys from two of three shares, then the data.
    let began = Instant::now();
    let share = |number| shares.join(format!("key-share-{number}-of-3.txt")).to_str().unwrap().to_owned();
    good(&cpis(&["keys", "import", "--config", &config, &share(3), &share(1)], ""));
    let kept_shown = kept.to_str().unwrap();
    let words = ["restore", kept_shown, "--config", &config, "--identity", &keeper.identity];
    let restored = cpis(&words, "");
    let told = good(&restored);
    let restore_seconds = began.elapsed().as_secs_f64();
    for words in [
        "Every row was compared, and the audit log has the root that was signed.",
        "Epoch 2 begins at ",
        "are lost, and the log says so from now on.",
        "1 people who were erased since the backup were erased again.",
        "No fault: nothing was altered, removed or reordered.",
        "epoch 2 began, and what stood between is lost",
        "What to do next:",
    ] {
        assert!(told.contains(words), "{words} in\n{told}");
    }
    let point = recovery_point(told);

    let service = installation.start();
    let ready_seconds = began.elapsed().as_secs_f64();
    // What was erased after the backup stays erased; the others are there.
    assert!(look(&installation, &people[5], "erased").contains("\"total\":0"));
    assert!(look(&installation, &people[6], "there").contains("\"total\":1"));
    // The authority has file 4 only; what was lost between is given up, and it goes on.
    let (status, fourth) = upload(&installation, 4, &people[..2]);
    assert!(status == 200 && fourth["code"] == "CPF02", "{status} {fourth}");
    assert_eq!(upload(&installation, 4, &people[..2]).1["code"], "CPF02", "a resend gets the same answer");
    assert_eq!(upload(&installation, 2, &people[..3]).0, 400, "an older file does not come after a newer one");
    assert_eq!(upload(&installation, 6, &people[..2]).0, 202, "from then on a gap is a gap again");
    installation.stop(service);
    let journal = installation.traces();
    let missing = answers
        .iter()
        .filter(|(trace, at)| *at < point && !trace.ends_with("-of-5") && !journal.contains_key(trace))
        .count();
    assert_eq!(missing, 0, "of the looks answered before the recovery point");
    assert!(answers.iter().any(|(trace, _)| !journal.contains_key(trace)), "looks since then are lost");
    let witness = folder.join("witness");
    let verified = cpis(&["audit", "verify", "--config", &config, "--checkpoint", witness.to_str().unwrap()], "");
    assert!(good(&verified).contains("No fault"), "{}", verified.out);
    println!(
        "drill: people={count} backup_bytes={bytes} backup_s={backup_seconds:.2} looks_meanwhile={during} \
         lost_s={:.1} restore_s={restore_seconds:.2} ready_again_s={ready_seconds:.2} lost_before_point={missing} verdict=pass",
        (lost - point) as f64 / 1000.0
    );
}

/// An installation with an upload and looks, stopped; its folder for backups and who opens them.
fn used() -> (Installation, PathBuf, Keeper) {
    let people: Vec<_> = (0..5).map(|n| person(999_000_100 + n * 10, "Robin", "Testcase")).collect();
    let installation = Installation::new(&people);
    let service = installation.start();
    assert_eq!(upload(&installation, 1, &people).0, 200);
    look(&installation, &people[0], "one");
    installation.stop(service);
    let kept = installation.folder.path().join("backups");
    std::fs::create_dir(&kept).unwrap();
    let keeper = keeper(installation.folder.path(), "identity");
    (installation, kept, keeper)
}

fn back_up(installation: &Installation, folder: &Path, more: &[&str]) -> Done {
    let data = installation.data();
    let words = ["backup", "--data-dir", data.to_str().unwrap(), "--folder", folder.to_str().unwrap()];
    cpis(&[&words[..], more].concat(), "")
}

fn is_fault(done: &Done, code: i32, words: &[&str]) {
    assert_eq!(done.code, code, "{} {}", done.out, done.err);
    for word in words {
        assert!(done.err.contains(word), "{word} in {}", done.err);
    }
}

#[test]
fn a_backup_that_cannot_be_made_says_why_and_leaves_nothing() {
    let (installation, kept, keeper) = used();
    let to = ["--recipient", &keeper.recipient];
    is_fault(&back_up(&installation, &kept, &[]), 2, &["who may open the backup", "cpis keys identity"]);
    is_fault(&back_up(&installation, &kept, &["--recipient", "age1nobody"]), 2, &["`age1nobody` is no recipient"]);
    let secret = std::fs::read_to_string(&keeper.identity).unwrap();
    let secret = secret.lines().last().unwrap();
    let done = back_up(&installation, &kept, &["--recipient", secret]);
    is_fault(&done, 2, &["this is an identity, which must stay secret"]);
    assert!(!done.err.contains(&secret[20..]));
    is_fault(&back_up(&installation, &kept.join("none"), &to), 4, &["cannot be used", "mount the disk"]);
    // Who opens it must be one of those for whom it is.
    let other = self::keeper(installation.folder.path(), "other");
    let done = back_up(&installation, &kept, &[&to[..], &["--identity", &other.identity]].concat());
    is_fault(&done, 2, &["encrypted for others", "one of the recipients"]);
    assert_eq!(names(&kept), Vec::<String>::new(), "nothing is left of it");
    // No folder for writing: it is a device that is always full.
    let nowhere = cpis(
        &[
            "backup",
            "--data-dir",
            installation.folder.path().join("no").to_str().unwrap(),
            "--folder",
            kept.to_str().unwrap(),
            "--recipient",
            &keeper.recipient,
        ],
        "",
    );
    is_fault(&nowhere, 4, &["There is no database"]);
    assert_eq!(names(&kept), Vec::<String>::new());
}

/// A disk of 1 MiB, where this user may mount one.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path, options: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let done = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(at)
            .stderr(std::process::Stdio::null())
            .status();
        done.is_ok_and(|status| status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_or_read_only_disk_is_named_and_old_backups_stay() {
    let (installation, _, keeper) = used();
    let place = installation.folder.path().join("small");
    let Some(disk) = Small::mount(&place, "size=8k") else { return };
    std::fs::write(place.join("cpis-2020-01-01T02-00-00.000Z.age"), "old").unwrap();
    let words = ["--recipient", &keeper.recipient, "--keep", "1"];
    is_fault(&back_up(&installation, &place, &words), 4, &["cannot be written", "make room"]);
    assert_eq!(names(&place), ["cpis-2020-01-01T02-00-00.000Z.age"]);
    drop(disk);
    let Some(_disk) = Small::mount(&place, "size=4m,ro") else { return };
    is_fault(&back_up(&installation, &place, &words), 4, &["cannot be written", "mount it for writing"]);
}

#[test]
fn old_backups_go_once_the_new_one_was_read_back_and_halves_are_no_backups() {
    let (installation, kept, keeper) = used();
    let to = ["--recipient", &keeper.recipient];
    good(&back_up(&installation, &kept, &to));
    let first = backups(&kept).pop().unwrap();
    for name in ["cpis-2020-01-01T02-00-00.000Z.age", ".cpis-half.part", "notes"] {
        std::fs::copy(&first, kept.join(name)).unwrap();
    }
    let done = back_up(&installation, &kept, &[&to[..], &["--keep", "30"]].concat());
    assert!(good(&done).contains("Removed 1 older than 30 days."), "{}", done.out);
    let left = names(&kept);
    assert!(left.len() == 4 && left.contains(&"notes".to_owned()), "{left:?}");
    assert_eq!(backups(&kept).len(), 2);
    // The newest of the folder is the one that is looked at; one that is not whole is found out.
    let look = |path: &Path| cpis(&["restore", path.to_str().unwrap(), "--identity", &keeper.identity, "--check"], "");
    let done = look(&kept);
    assert!(good(&done).contains("is whole") && done.out.contains("0 people erased"), "{}", done.out);
    let newest = backups(&kept).pop().unwrap();
    assert!(done.out.contains(newest.to_str().unwrap()), "{}", done.out);
    let bytes = std::fs::read(&newest).unwrap();
    let cut = kept.join("cut");
    std::fs::write(&cut, &bytes[..bytes.len() - 20]).unwrap();
    let done = look(&cut);
    assert!(done.code == 4 && done.err.contains("cannot be used"), "{} {}", done.code, done.err);
    std::fs::write(&cut, "not a backup").unwrap();
    is_fault(&look(&cut), 2, &["it is not encrypted with age"]);
    is_fault(&look(&kept.join("none")), 2, &["There is no backup"]);
    let other = self::keeper(installation.folder.path(), "other");
    let done = cpis(&["restore", newest.to_str().unwrap(), "--identity", &other.identity, "--check"], "");
    is_fault(&done, 2, &["encrypted for others"]);
    // No name, number or key is in it, even for who opens it.
    let ring = std::fs::read_to_string(installation.data().join("key-ring.toml")).unwrap();
    let secret = ring.lines().find_map(|line| line.strip_prefix("secret = ")).unwrap().trim_matches('"').to_owned();
    let mut opened = Vec::new();
    let identity: age::x25519::Identity =
        std::fs::read_to_string(&keeper.identity).unwrap().lines().last().unwrap().parse().unwrap();
    let stream = age::Decryptor::new(&bytes[..]).unwrap();
    let mut stream = stream.decrypt(std::iter::once(&identity as &dyn age::Identity)).unwrap();
    std::io::Read::read_to_end(&mut stream, &mut opened).unwrap();
    let holds = |text: &[u8]| opened.windows(text.len()).any(|window| window == text);
    assert!(holds(b"OpenCPIS backup") && holds(b"01632960001"));
    for text in ["Testcase", "9990001008", &secret] {
        assert!(!holds(text.as_bytes()), "{text}");
    }
}

#[test]
fn a_restore_goes_only_into_an_empty_place_with_its_key_ring() {
    let (installation, kept, keeper) = used();
    good(&back_up(&installation, &kept, &["--recipient", &keeper.recipient]));
    let folder = installation.folder.path();
    let restore = |data: &Path, more: &[&str]| {
        let words = ["restore", kept.to_str().unwrap(), "--identity", &keeper.identity, "--data-dir"];
        cpis(&[&words[..], &[data.to_str().unwrap()], more].concat(), "")
    };
    is_fault(&restore(&installation.data(), &[]), 4, &["the target is not empty", "Name an empty folder"]);
    let there = folder.join("there");
    is_fault(&restore(&there, &[]), 5, &["key ring", "cpis keys import"]);
    assert!(!there.join("cpis.db").exists());
    // Another installation's key ring opens nobody. Nobody works on the half, and the right one goes on.
    assert_eq!(cpis(&["keys", "init", "--data-dir", there.to_str().unwrap()], "").code, 0);
    is_fault(&restore(&there, &[]), 5, &["does not open the database", "Put the right key ring back"]);
    std::fs::copy(installation.data().join("key-ring.toml"), there.join("key-ring.toml")).unwrap();
    let config = folder.join("there.toml");
    let text = std::fs::read_to_string(installation.config()).unwrap().replace("\"data\"", "\"there\"");
    std::fs::write(&config, text).unwrap();
    is_fault(
        &failed(&["serve", "--config", config.to_str().unwrap()]),
        4,
        &["new epoch has not begun", "Run the same cpis restore again"],
    );
    let done = restore(&there, &[]);
    assert!(good(&done).contains("An earlier run had restored the rows"), "{}", done.out);
    assert!(done.out.contains("nobody can say how many entries were lost"), "{}", done.out);
    assert!(done.out.contains("nobody knew how many came after them"), "{}", done.out);
    is_fault(&restore(&there, &[]), 4, &["the target is not empty"]);

    // With the checkpoints that were kept elsewhere, it says how many are lost.
    let service = installation.start();
    for n in 0..3 {
        look(&installation, &person(999_000_100, "Robin", "Testcase"), &format!("later-{n}"));
    }
    installation.stop(service);
    let again = folder.join("again");
    std::fs::create_dir(&again).unwrap();
    std::fs::copy(installation.data().join("key-ring.toml"), again.join("key-ring.toml")).unwrap();
    let checkpoints = installation.data().join("checkpoints");
    let done = restore(&again, &["--checkpoints", checkpoints.to_str().unwrap()]);
    assert!(good(&done).contains(" are lost, and the log says so"), "{}", done.out);
    assert!(done.out.contains("The checkpoint from outside proves"), "{}", done.out);
    // A log that belongs to another database is not taken along.
    let stale = folder.join("stale");
    std::fs::create_dir(&stale).unwrap();
    std::fs::copy(installation.data().join("key-ring.toml"), stale.join("key-ring.toml")).unwrap();
    std::fs::write(stale.join("cpis.db-wal"), "x").unwrap();
    is_fault(&restore(&stale, &[]), 4, &["is left of another database"]);
    std::fs::remove_file(stale.join("cpis.db-wal")).unwrap();
    std::fs::write(kept.join("erased-people"), "e1  AAAA").unwrap();
    is_fault(&restore(&stale, &[]), 4, &["The list of erased people", "Put a copy of it back"]);
    assert!(!stale.join("cpis.db").exists(), "nothing is begun without it");
}

#[test]
fn the_key_ring_goes_among_custodians_and_comes_back() {
    let (installation, _, _) = used();
    let folder = installation.folder.path();
    let data = installation.data();
    let data = data.to_str().unwrap();
    let out = folder.join("shares");
    std::fs::create_dir(&out).unwrap();
    let shown = out.to_str().unwrap();
    let custodians: Vec<Keeper> = (0..3).map(|n| keeper(folder, &format!("custodian-{n}"))).collect();
    let export =
        |more: &[&str]| cpis(&[&["keys", "export", "--data-dir", data, "--out", shown][..], more].concat(), "");
    is_fault(&export(&["--shares", "3", "--threshold", "4"]), 2, &["cannot be split so"]);
    is_fault(&export(&["--shares", "1", "--threshold", "1"]), 2, &["--shares"]);
    let to: Vec<&str> = custodians.iter().flat_map(|one| ["--recipient", one.recipient.as_str()]).collect();
    let numbers = ["--shares", "3", "--threshold", "2"];
    is_fault(&export(&[&numbers[..], &to[..2]].concat()), 2, &["once for each share"]);
    assert!(good(&export(&numbers)).contains("Any 2 of these 3 shares"));
    is_fault(&export(&numbers), 4, &["The share cannot be written"]);
    good(&export(&[&numbers[..], &to[..]].concat()));
    assert_eq!(names(&out).len(), 6);
    let file =
        |number: usize, end: &str| out.join(format!("key-share-{number}-of-3.{end}")).to_str().unwrap().to_owned();
    let mode = std::fs::metadata(file(1, "txt")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let ring = std::fs::read_to_string(installation.data().join("key-ring.toml")).unwrap();
    let import = |name: &str, words: &[&str]| {
        let to = folder.join(name);
        let done = cpis(&[&["keys", "import", "--data-dir", to.to_str().unwrap()][..], words].concat(), "");
        (done, to)
    };
    let (done, to) = import("one", &[&file(1, "txt"), &file(3, "txt")]);
    good(&done);
    assert_eq!(std::fs::read_to_string(to.join("key-ring.toml")).unwrap(), ring);
    is_fault(&import("one", &[&file(1, "txt"), &file(3, "txt")]).0, 5, &["exists already and is left as it is"]);
    let (done, to) = import(
        "two",
        &[
            &file(2, "txt.age"),
            &file(3, "txt.age"),
            "--identity",
            &custodians[1].identity,
            "--identity",
            &custodians[2].identity,
        ],
    );
    good(&done);
    assert_eq!(std::fs::read_to_string(to.join("key-ring.toml")).unwrap(), ring);
    is_fault(&import("three", &[&file(1, "txt")]).0, 2, &["1 different shares are there, and 2 are needed"]);
    is_fault(&import("three", &[&file(1, "txt.age"), &file(2, "txt")]).0, 2, &["it is encrypted: give --identity"]);
    let typed = folder.join("typed");
    let text = std::fs::read_to_string(file(2, "txt")).unwrap();
    let line = text.lines().find(|line| line.starts_with("   3 ")).unwrap();
    // By its place: the letter may be a 3 like the line's number.
    let mut wrong = line.to_owned();
    wrong.replace_range(6..7, if line.as_bytes()[6] == b'A' { "B" } else { "A" });
    std::fs::write(&typed, text.replace(line, &wrong)).unwrap();
    is_fault(&import("three", &[typed.to_str().unwrap(), &file(1, "txt")]).0, 2, &["typed: line 3 does not fit"]);
    assert!(!folder.join("three/key-ring.toml").exists());
}

#[test]
fn the_doctor_says_when_the_last_backup_was() {
    let (installation, kept, keeper) = used();
    let config = installation.config();
    let line = || {
        let done = cpis(&["doctor", "--config", config.to_str().unwrap()], "");
        done.out.lines().find(|line| line.contains(" backup: ")).unwrap().to_owned()
    };
    assert!(line().starts_with("warning  backup: the configuration names no folder"), "{}", line());
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        format!("{text}\n[backup]\nfolder = \"backups\"\nrecipients = [\"{}\"]\n", keeper.recipient),
    )
    .unwrap();
    assert!(line().starts_with("warning  backup: there is none in "), "{}", line());
    good(&cpis(&["backup", "--config", config.to_str().unwrap()], ""));
    assert!(line().starts_with("ok       backup: the last one is of "), "{}", line());
    let made = backups(&kept).pop().unwrap();
    std::fs::rename(&made, kept.join("cpis-2026-01-01T02-00-00.000Z.age")).unwrap();
    assert!(line().starts_with("warning  backup: the last one is of 2026-01-01 02:00 UTC"), "{}", line());
}

/// Beside a node on a server; back onto an empty server, and into a file.
#[test]
fn a_servers_database_is_backed_up_beside_its_nodes_and_restored_anywhere() {
    let known = people(5);
    let nodes = Nodes::new(&known);
    nodes.fill();
    let folder = nodes.installation.folder.path().to_owned();
    let config = nodes.nodes[0].config.to_str().unwrap().to_owned();
    let keeper = keeper(&folder, "identity");
    let kept = folder.join("backups");
    std::fs::create_dir(&kept).unwrap();
    let service = nodes.start(0);
    assert!(nodes.upload(0, 1, &known).contains("CPF02"));
    let answered = Mutex::new(Vec::new());
    let ask = |trace: &str| {
        let asked = question(&nodes.installation.clinician(), known[0].number.digits(), trace);
        assert_eq!(try_send(nodes.nodes[0].address, &asked).unwrap().status, 200);
        answered.lock().unwrap().push(trace.to_owned());
    };
    (0..5).for_each(|n| ask(&format!("before-{n}")));
    let kept_shown = kept.to_str().unwrap();
    let words = ["backup", "--config", &config, "--folder", kept_shown, "--recipient", &keeper.recipient];
    let done = cpis(&[&words[..], &["--identity", &keeper.identity]].concat(), "");
    assert!(good(&done).contains("every row stands in it"), "{}", done.out);
    (0..3).for_each(|n| ask(&format!("after-{n}")));
    nodes.stop(service);

    // Over what is there: no.
    let words = ["restore", kept_shown, "--config", &config, "--identity", &keeper.identity];
    is_fault(&cpis(&words, ""), 4, &["the target is not empty"]);
    nodes.sql("postgres", "DROP DATABASE cpis");
    nodes.sql("postgres", &format!("CREATE DATABASE cpis OWNER {}", cpis_testkit::postgres::OWNER));
    let done = cpis(&words, "");
    assert!(good(&done).contains("Epoch 2 begins at ") && done.out.contains("No fault"), "{}", done.out);
    assert!(done.out.contains("are lost, and the log says so"), "{}", done.out);
    let service = nodes.start(0);
    assert!(nodes.upload(0, 9, &known[..2]).contains("CPF02"));
    ask("again");
    nodes.stop(service);
    nodes.verify(&nodes.nodes[0]);

    // Into the embedded database of another machine.
    let file = folder.join("file");
    std::fs::create_dir(&file).unwrap();
    std::fs::copy(nodes.installation.data().join("key-ring.toml"), file.join("key-ring.toml")).unwrap();
    let words = ["restore", kept_shown, "--data-dir", file.to_str().unwrap(), "--identity", &keeper.identity];
    assert!(good(&cpis(&words, "")).contains("No fault"));
    let journal = nodes.traces();
    assert!((0..5).all(|n| journal.contains_key(&format!("before-{n}"))) && journal.contains_key("again"));
    assert!(!journal.contains_key("after-0"));
}
