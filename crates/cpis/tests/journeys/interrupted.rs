//! Ctrl-C during a backup and a restore: nothing looks whole that is not.

use crate::child::{Done, cpis};
use crate::installation::{Installation, person};
use crate::keeper::*;
use std::path::{Path, PathBuf};
use std::process::Stdio;

fn back_up(installation: &Installation, folder: &Path, more: &[&str]) -> Done {
    let data = installation.data();
    let words = ["backup", "--data-dir", data.to_str().unwrap(), "--folder", folder.to_str().unwrap()];
    cpis(&[&words[..], more].concat(), "")
}

/// Starts a command, asks it to end as a person does with Ctrl-C as soon as this is so, and says what it printed and its code.
fn interrupted(words: &[&str], once: impl Fn() -> bool) -> (String, Option<i32>) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cpis"));
    command.args(words).env_remove("CPIS_CONFIG").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    while !once() && child.try_wait().unwrap().is_none() {
        std::hint::spin_loop();
    }
    // It may have gone meanwhile.
    let _ = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).stderr(Stdio::null()).status();
    let done = child.wait_with_output().unwrap();
    (String::from_utf8_lossy(&done.stderr).into_owned(), done.status.code())
}

/// An installation whose database is large enough to be interrupted.
fn large() -> (Installation, PathBuf, Keeper) {
    let people: Vec<_> = (0..4_000).map(|n| person(999_000_100 + n * 10, "Robin", "Testcase")).collect();
    let installation = Installation::new(&people);
    let kept = installation.folder.path().join("backups");
    std::fs::create_dir(&kept).unwrap();
    let keeper = keeper(installation.folder.path(), "identity");
    (installation, kept, keeper)
}

#[test]
fn an_interrupted_backup_leaves_nothing_that_looks_whole_and_the_next_one_is() {
    let (installation, kept, keeper) = large();
    let data = installation.data();
    let (data, folder) = (data.to_str().unwrap(), kept.to_str().unwrap());
    let words = ["backup", "--data-dir", data, "--folder", folder, "--recipient", &keeper.recipient];
    let has_begun = || !names(&kept).is_empty();
    let mut seen = false;
    // Where it was quicker than the signal, what it made is whole, and it is tried again.
    for _ in 0..20 {
        let (err, code) = interrupted(&words, has_begun);
        if code == Some(0) {
            assert_eq!(backups(&kept).len(), 1);
            std::fs::remove_file(&backups(&kept)[0]).unwrap();
            let _ = std::fs::remove_file(kept.join("erased-people"));
            continue;
        }
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains("was interrupted, and nothing of it is kept"), "{err}");
        assert_eq!(names(&kept), Vec::<String>::new());
        seen = true;
        break;
    }
    assert!(seen, "no backup was caught in the middle");
    good(&back_up(&installation, &kept, &["--recipient", &keeper.recipient]));
    assert_eq!(backups(&kept).len(), 1);
}

#[test]
fn an_interrupted_restore_is_marked_and_begins_anew() {
    let (installation, kept, keeper) = large();
    good(&back_up(&installation, &kept, &["--recipient", &keeper.recipient]));
    let folder = installation.folder.path();
    let size_of = |there: &Path| {
        let files =
            ["cpis.db", "cpis.db-wal"].map(|name| std::fs::metadata(there.join(name)).map_or(0, |found| found.len()));
        files.iter().sum::<u64>()
    };
    let mut caught = None;
    // Later from turn to turn: how large an empty database is does not matter.
    for turn in 0..20 {
        let begun = turn * 128 * 1024;
        let there = folder.join(format!("there-{turn}"));
        std::fs::create_dir(&there).unwrap();
        std::fs::copy(installation.data().join("key-ring.toml"), there.join("key-ring.toml")).unwrap();
        let to = there.to_str().unwrap().to_owned();
        let words = ["restore", kept.to_str().unwrap(), "--identity", &keeper.identity, "--data-dir", &to];
        let (err, code) = interrupted(&words, || size_of(&there) > begun + 64 * 1024);
        // It had not begun to write, or was at its verification already.
        assert!(code == Some(0) || err.contains("interrupted") || err.is_empty(), "{code:?} {err}");
        if code != Some(1) || !err.contains("The restore was interrupted. Nothing uses what is there so far") {
            continue;
        }
        let looked = cpis(&["audit", "verify", "--data-dir", &to], "");
        if looked.code == 4 {
            assert!(looked.err.contains("half restored"), "{}", looked.err);
            caught = Some(to);
            break;
        }
        // Before its first row: an empty database is no part of anything.
        assert!(looked.code == 0 && looked.out.contains("0 entries were read"), "{} {}", looked.out, looked.err);
    }
    let to = caught.unwrap();
    let words = ["restore", kept.to_str().unwrap(), "--identity", &keeper.identity, "--data-dir", &to];
    let again = cpis(&words, "");
    assert!(good(&again).contains("Every row was compared"), "{}", again.out);
    assert_eq!(cpis(&["audit", "verify", "--data-dir", &to], "").code, 0);
}
