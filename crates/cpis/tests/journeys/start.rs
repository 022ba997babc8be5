//! The first half hour of the documentation, with its own commands.

use crate::child::Demo;
use std::path::Path;
use std::process::Command;

/// The commands of the page: its lines that are indented by four blanks, by their headings.
fn commands(page: &str) -> Vec<(String, String)> {
    let mut steps: Vec<(String, String)> = Vec::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            steps.push((heading.to_owned(), String::new()));
        } else if let (Some(code), Some(step)) = (line.strip_prefix("    "), steps.last_mut()) {
            step.1 += code;
            step.1.push('\n');
        }
    }
    steps.retain(|(_, code)| !code.is_empty());
    steps
}

fn run(folder: &Path, code: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_cpis")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", code]).current_dir(folder).env("PATH", path).env("no_proxy", "127.0.0.1");
    let done = command.output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{code}\n{text}{}", String::from_utf8_lossy(&done.stderr));
    text
}

#[test]
fn the_commands_of_the_first_half_hour_do_what_the_page_says() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/start.md")).unwrap();
    let steps = commands(&page);
    let titles: Vec<&str> = steps.iter().map(|(title, _)| title.split_once(". ").unwrap().1).collect();
    assert_eq!(
        titles,
        [
            "Start the demo",
            "Ask for a child",
            "Send a spreadsheet with three faults",
            "Mend it",
            "See the notice",
            "Verify the log"
        ]
    );
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // The first step's command, which runs on, with free ports and the binary of this test.
    assert!(steps[0].1.starts_with("cargo run --release -- demo --data-dir demo-data --ready-file demo.json\n"));
    let demo = Demo::start_as(&folder.join("demo-data"), &folder.join("demo.json"));
    assert!(run(folder, &steps[1].1).contains("RECORD HELD"));
    let sent = run(folder, &steps[2].1);
    for told in [
        "5 rows, 2 without a fault, 3 to be mended",
        "2 of 5 records took effect, 3 were rejected",
        "at line 4, plan_type",
        "at line 5, birth_date",
        "at line 6, end_date",
    ] {
        assert!(sent.contains(told), "{told}: {sent}");
    }
    let mended = run(folder, &steps[3].1);
    assert!(mended.contains("All 5 records took effect") && mended.contains("RECORD HELD"), "{mended}");
    let notices = || run(folder, &steps[4].1);
    // What is owed is derived after the answer.
    let told = (0..100).map(|_| notices()).find(|told| told.lines().count() >= 2);
    assert!(told.is_some(), "{}", notices());
    demo.end();
    assert!(run(folder, &steps[5].1).contains("No fault"));
}
