//! The demo as its user has it: the real binary, its interfaces, its data directory, and the commands on what it leaves.

use crate::child::{Demo, cpis, failed};
use serde_json::Value;
use std::path::Path;

fn number(ready: &Value, example: &str) -> String {
    ready["examples"][example].as_str().unwrap().to_owned()
}

fn query(demo: &Demo, number: &str) -> (String, i32) {
    let ready = demo.ready_file.to_str().unwrap();
    let done = cpis(&["query", "--ready-file", ready], number);
    (done.out, done.code)
}

#[test]
fn the_demo_runs_starts_again_and_leaves_nothing_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let demo = Demo::start(&data, folder.path());
    let first = demo.ready();
    for (step, words) in [("1", "CPF03"), ("2", "Camden"), ("5", "still has 2 accesses"), ("12", "No fault")] {
        assert!(demo.told.contains(&format!("\n{step:>2}. ")) && demo.told.contains(words), "{}", demo.told);
    }
    assert!(first["fhir"].as_str().unwrap().ends_with("/cpis/FHIR/R4"));
    assert!(first["fhir"].as_str().unwrap().starts_with(first["web"].as_str().unwrap()));
    let hints = first["sign_ins"].as_array().unwrap().iter().map(|offered| offered["hint"].as_str().unwrap());
    let hints: Vec<&str> = hints.collect();
    for (hint, named) in
        [("emergency-nurse", "Emergency nurse"), ("health-visitor", "Health visitor"), ("duty-worker", "Duty worker")]
    {
        assert!(hints.contains(&hint) && demo.told.contains(named), "{hint}: {}", demo.told);
    }
    assert!(first["authority_api"].as_str().unwrap().ends_with("/authority/v1"));
    assert_eq!(
        (first["upload"]["ods_code"].as_str(), first["upload"]["next_sequence"].as_u64()),
        (Some("702"), Some(2))
    );
    for (example, plans, authorities) in [
        ("cpp", 1, &["Camden"][..]),
        ("lac", 1, &["Camden"]),
        ("two_plans", 2, &["Camden"]),
        ("two_authorities", 2, &["Camden", "Islington"]),
        ("unborn", 1, &["Islington"]),
        ("ended", 1, &["Islington"]),
        ("superseded", 1, &["Camden"]),
        ("none", 0, &[]),
        ("sensitive", 0, &[]),
        ("unknown", 0, &[]),
    ] {
        let (out, code) = query(&demo, &number(&first, example));
        assert_eq!((code, out.matches("Responsible authority:").count()), (0, plans), "{example}: {out}");
        assert!(authorities.iter().all(|authority| out.contains(authority)), "{example}: {out}");
    }
    // A second process is kept out, of the data and of the port.
    let fault = failed(&["audit", "verify", "--data-dir", data.to_str().unwrap()]);
    assert!(fault.code == 4 && fault.err.contains("in use by another process"), "{}", fault.err);
    let port =
        first["fhir"].as_str().unwrap().trim_start_matches("http://127.0.0.1:").split('/').next().unwrap().to_owned();
    let other = folder.path().join("other");
    let fault = failed(&["demo", "--data-dir", other.to_str().unwrap(), "--port", &port]);
    assert!(fault.code == 6 && fault.err.contains("in use by another program"), "{}", fault.err);
    demo.end();
    assert!(!folder.path().join("ready.json").exists());

    let demo = Demo::start(&data, folder.path());
    let second = demo.ready();
    assert!(demo.told.contains("It goes on where it ended.") && !demo.told.contains("\n 2. "));
    assert_eq!(first["examples"], second["examples"]);
    assert_ne!(first["tokens"]["clinician"], second["tokens"]["clinician"]);
    assert!(query(&demo, &number(&second, "cpp")).0.contains("RECORD HELD"));
    search_for_numbers(&data, &second);
    demo.end();
    search_for_numbers(&data, &second);

    let checkpoints = data.join("checkpoints");
    let clean = cpis(
        &["audit", "verify", "--data-dir", data.to_str().unwrap(), "--checkpoint", checkpoints.to_str().unwrap()],
        "",
    );
    assert!(
        clean.code == 0 && clean.out.contains("No fault") && clean.out.contains("nothing was cut off"),
        "{}",
        clean.out
    );
}

/// No file holds an example's number, plain or as people write it.
fn search_for_numbers(data: &Path, ready: &Value) {
    let numbers: Vec<&str> =
        ready["examples"].as_object().unwrap().values().map(|number| number.as_str().unwrap()).collect();
    let (mut folders, mut files) = (vec![data.to_owned()], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            files += 1;
            for number in &numbers {
                let spaced = format!("{} {} {}", &number[..3], &number[3..6], &number[6..]);
                for text in [(*number).to_owned(), spaced] {
                    assert!(!bytes.windows(text.len()).any(|part| part == text.as_bytes()), "{}", path.display());
                }
            }
        }
    }
    assert!(files >= 4);
}

#[test]
fn keys_are_changed_people_erased_and_a_restore_is_owned_up_to() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dir = data.to_str().unwrap().to_owned();
    let demo = Demo::start(&data, folder.path());
    let ready = demo.ready();
    demo.end();
    let done = |words: &[&str], input: &str| {
        let line = [words, &["--data-dir", &dir]].concat();
        let done = cpis(&line, input);
        assert_eq!(done.code, 0, "{line:?}: {} {}", done.out, done.err);
        done.out
    };
    let old = folder.path().join("old.db");
    std::fs::copy(data.join("cpis.db"), &old).unwrap();

    // A whole change of keys.
    assert!(done(&["keys", "list"], "").contains("key 1   column a   active"));
    assert!(failed(&["keys", "retire", "--data-dir", &dir]).code == 5);
    for step in ["add", "promote", "rotate", "retire"] {
        done(&["keys", step], "");
    }
    assert!(done(&["keys", "list"], "").contains("key 2   column b   active"));
    done(&["audit", "verify"], "");

    // An erasure.
    let cpp = number(&ready, "cpp");
    let words = ["person", "erase", "--reason", "asked for", "--by", "privacy office"];
    assert!(done(&words, &cpp).contains("Erased 1"));
    assert_eq!(cpis(&[&words[..], &["--data-dir", &dir]].concat(), &cpp).code, 1);
    assert!(done(&["audit", "verify"], "").contains("of people who were erased"));
    let demo = Demo::start(&data, folder.path());
    assert!(query(&demo, &cpp).0.starts_with("No child protection record is held"));
    let (told, _) = query(&demo, &number(&ready, "lac"));
    assert!(told.contains("RECORD HELD") && told.contains("#  Looked after child\n"), "{told}");
    demo.end();

    // Proofs.
    let out = folder.path().join("log");
    done(&["audit", "export", "--out", out.to_str().unwrap()], "");
    assert!(out.join("checkpoint").exists() && out.join("key").exists() && out.join("tile").exists());
    assert!(done(&["audit", "prove", "3"], "").starts_with("c2sp.org/tlog-proof@v1"));
    assert_eq!(failed(&["audit", "prove", "999999", "--data-dir", &dir]).code, 1);
    assert_eq!(failed(&["audit", "begin-epoch", "--data-dir", &dir]).code, 1);

    // Another installation's keys find nobody: they are refused.
    let ring = data.join("key-ring.toml");
    let kept = std::fs::read(&ring).unwrap();
    let stranger = folder.path().join("stranger");
    assert_eq!(
        cpis(&["keys", "init", "--name", "demo.localhost/log", "--data-dir", stranger.to_str().unwrap()], "").code,
        0
    );
    std::fs::copy(stranger.join("key-ring.toml"), &ring).unwrap();
    let fault = failed(&["demo", "--data-dir", &dir, "--port", "0"]);
    assert!(fault.code == 5 && fault.err.contains("does not open the database"), "{}", fault.err);
    std::fs::write(&ring, kept).unwrap();

    // Nor does a backup from before the change of keys open under the new ones.
    std::fs::copy(&old, data.join("cpis.db")).unwrap();
    assert_eq!(failed(&["demo", "--data-dir", &dir, "--port", "0"]).code, 5);
}

#[test]
fn a_restore_from_an_older_backup_is_refused_until_a_new_epoch_begins() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dir = data.to_str().unwrap().to_owned();
    Demo::start(&data, folder.path()).end();
    let backup = std::fs::read(data.join("cpis.db")).unwrap();
    let outside = folder.path().join("outside");
    let demo = Demo::start(&data, folder.path());
    query(&demo, &number(&demo.ready(), "cpp"));
    demo.end();
    std::fs::copy(data.join("checkpoints"), &outside).unwrap();
    for name in ["cpis.db-wal", "cpis.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    std::fs::write(data.join("cpis.db"), backup).unwrap();

    let fault = failed(&["demo", "--data-dir", &dir, "--port", "0"]);
    assert!(
        fault.code == 4 && fault.err.contains("older backup") && fault.err.contains("cpis audit begin-epoch"),
        "{}",
        fault.err
    );
    let cut = cpis(&["audit", "verify", "--data-dir", &dir], "");
    assert!(cut.code == 1 && cut.out.contains("the tail was cut"), "{}", cut.out);
    let begun = cpis(&["audit", "begin-epoch", "--data-dir", &dir], "");
    assert!(begun.code == 0 && begun.out.contains("Epoch 2 begins"), "{} {}", begun.out, begun.err);
    let clean = cpis(&["audit", "verify", "--data-dir", &dir, "--checkpoint", outside.to_str().unwrap()], "");
    assert!(clean.code == 0 && clean.out.contains("epoch 2 began"), "{}", clean.out);
    Demo::start(&data, folder.path()).end();
    assert_eq!(cpis(&["audit", "verify", "--data-dir", &dir], "").code, 0);
}
