//! Each rule on small trees: what it finds, and what it leaves alone.

use super::arrows::{self, Package, Use};
use super::{Fault, Tree, documents, hazards, manifests, numbers, sources, words};

/// Runs the rule and shows each fault as `path:line`.
fn places(rule: fn(&Tree) -> Vec<Fault>, files: &[(&str, &str)]) -> Vec<String> {
    rule(&Tree::of(files)).iter().map(|fault| format!("{}:{}", fault.path, fault.line)).collect()
}

/// Runs the rule on one file and shows the lines of its faults.
fn lines(rule: fn(&Tree) -> Vec<Fault>, path: &str, text: &str) -> Vec<usize> {
    rule(&Tree::of(&[(path, text)])).iter().map(|fault| fault.line).collect()
}

#[test]
fn arrows_point_down() {
    let root = crate::repository_root().unwrap();
    let tree = Tree::of(&[]);
    let faults = arrows::check(&arrows::read(&root).unwrap(), &tree);
    assert!(faults.is_empty(), "{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
}

#[test]
fn arrows_that_point_up_are_found() {
    let cases = [
        ("cpis-store", "cpis-model", false, 0),
        ("cpis-store", "cpis-app", false, 1),
        ("cpis-store", "cpis-app", true, 0),
        ("cpis-model", "cpis-testkit", true, 1),
        ("cpis-audit", "cpis-model", false, 1),
        ("cpis-format-csv", "cpis-model", false, 0),
        ("cpis-format-csv", "cpis-store", false, 1),
        ("cpis-inbound-http", "cpis-format-fhir", false, 0),
        ("cpis-inbound-http", "cpis-store", false, 1),
        ("cpis", "cpis-store-sqlite", false, 0),
        ("cpis-bench", "cpis-model", false, 0),
        ("cpis-unheard-of", "cpis-model", false, 1),
    ];
    for (user, used, only_tests, expected) in cases {
        let package = Package {
            name: user.to_owned(),
            manifest: "crates/x/Cargo.toml".to_owned(),
            uses: vec![Use { name: used.to_owned(), only_tests }],
        };
        let faults = arrows::check(&[package], &Tree::of(&[]));
        assert_eq!(faults.len(), expected, "{user} -> {used}: {faults:?}");
    }
}

#[test]
fn arrow_is_shown_where_the_manifest_names_it() {
    let package = Package {
        name: "cpis-store".to_owned(),
        manifest: "crates/store/Cargo.toml".to_owned(),
        uses: vec![Use { name: "cpis-app".to_owned(), only_tests: false }],
    };
    let manifest = "[dependencies]\ncpis-apple.workspace = true\ncpis-app.workspace = true\n";
    let faults = arrows::check(&[package], &Tree::of(&[("crates/store/Cargo.toml", manifest)]));
    let shown = faults.iter().map(ToString::to_string).collect::<String>();
    assert!(shown.starts_with("crates/store/Cargo.toml:3: `cpis-store` must not use `cpis-app`; "), "{shown}");
}

#[test]
fn rust_files_say_what_they_are_for_and_stay_short() {
    let long = format!("//! Long.\n{}", "\n".repeat(600));
    let generated = format!("//! Long. @generated\n{}", "\n".repeat(600));
    let exact = format!("//! As long as may be.\n{}", "\n".repeat(599));
    let cases: [(&str, &str, &[usize]); 7] = [
        ("a.rs", "//! Good.\n", &[]),
        ("a.rs", "\n//! Late.\n", &[1]),
        ("a.rs", "", &[1]),
        ("a.txt", "not Rust\n", &[]),
        ("a.rs", &exact, &[]),
        ("a.rs", &long, &[601]),
        ("a.rs", &generated, &[]),
    ];
    for (path, text, expected) in cases {
        assert_eq!(lines(sources::check, path, text), expected, "{text:.30}");
    }
}

#[test]
fn dependencies_carry_their_reason() {
    let cases: [(&str, &[usize]); 7] = [
        ("[workspace.dependencies]\na = \"1\" # dates\n", &[]),
        ("[workspace.dependencies]\na = \"1\"\n", &[2]),
        ("[workspace.dependencies]\na = \"1\" #\nb = \"1#2\"\n", &[2, 3]),
        ("[workspace.dependencies]\n# a group is no reason\na = \"1\"\n# nor is the next\nb = \"1\" # yes\n", &[3]),
        (
            "[workspace.dependencies]\na = { version = \"1\", features = [\n  \"x\", # reason\n] }\nb = \"1\"\n[other]\n",
            &[5],
        ),
        ("[workspace.dependencies]\ncpis-model = { path = \"crates/model\" }\n", &[]),
        ("[workspace.package]\nversion = \"1\"\n", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(lines(manifests::check, "Cargo.toml", text), expected, "{text}");
    }
}

#[test]
fn members_take_dependencies_from_the_workspace() {
    let cases: [(&str, &[usize]); 5] = [
        ("[dependencies]\na.workspace = true\nb = { workspace = true, features = [\"x\"] }\n", &[]),
        ("[dependencies]\na = \"1\"\n", &[2]),
        ("[dev-dependencies]\na.workspace = true\nb = { path = \"../b\" }\n", &[3]),
        ("[target.'cfg(unix)'.dependencies]\na = \"1\"\n", &[2]),
        ("[dependencies\n", &[1]),
    ];
    for (text, expected) in cases {
        assert_eq!(lines(manifests::check, "crates/x/Cargo.toml", text), expected, "{text}");
    }
    assert_eq!(lines(manifests::check, "fuzz/Cargo.toml", "[dependencies]\na = \"1\"\n"), [0_usize; 0]);
}

#[test]
fn banned_words_are_found() {
    let cases = [
        ("docs/a.md", concat!("TO", "DO: later"), 1),
        ("docs/a.md", concat!("MASTO", "DON"), 0),
        ("a.sql", concat!("-- FIX", "ME"), 1),
        ("a.rs", concat!("#[ign", "ore = \"slow\"]"), 1),
        ("a.md", concat!("#[ign", "ore]"), 0),
        ("a.sh", concat!("cd /wo", "rk/main"), 1),
        ("a.sh", concat!("\"/ro", "ot\""), 1),
        ("a.md", concat!("https://example.org/wo", "rk/x"), 0),
        ("a.md", concat!("/wo", "rklist and docs/wo", "rk/x and ../wo", "rk"), 0),
        ("a.json", concat!("https://Registry.npm", "js.org/x"), 1),
        ("a.md", concat!("the CE", "O said"), 1),
        ("a.md", concat!("OCE", "ON"), 0),
        ("a.md", concat!("see issue #", "12"), 1),
        ("a.md", concat!("as asked (#", "12)"), 1),
        ("a.css", "color: #123456; a { color: #333 }", 0),
        ("a.md", "the third segment (#1, PID)", 0),
        ("crates/x/src/a.rs", "pub struct UploadManager;", 1),
        ("crates/x/src/a.rs", "pub(crate) enum TokenHelper<T> {", 1),
        ("crates/x/src/a.rs", "// struct UploadManager", 0),
        ("crates/x/src/a.rs", "fn type_of(manager: Manager)", 0),
        ("xtask/src/a.rs", "struct UploadManager;", 0),
    ];
    for (path, text, expected) in cases {
        assert_eq!(lines(words::check, path, text).len(), expected, "{path}: {text}");
    }
}

#[test]
fn tests_do_not_sleep() {
    let nap = concat!("tokio::time::", "sleep(x).await;\n");
    let long_nap = concat!("std::thread::", "sleep(x);\n");
    let excused = format!("// tidy: sleeps because the clock is paused\n{nap}");
    let module = format!("{nap}#[cfg(test)]\nmod tests {{\n{long_nap}}}\n");
    let elsewhere = format!("#[cfg(test)]\nmod tests;\n{nap}");
    let cases: [(&str, &str, &[usize]); 6] = [
        ("crates/x/tests/a.rs", nap, &[1]),
        ("crates/x/src/a/tests.rs", long_nap, &[1]),
        ("crates/x/src/a.rs", nap, &[]),
        ("crates/x/src/a.rs", &module, &[4]),
        ("crates/x/src/a.rs", &elsewhere, &[]),
        ("crates/x/tests/a.rs", &excused, &[]),
    ];
    for (path, text, expected) in cases {
        assert_eq!(lines(words::check, path, text), expected, "{path}: {text}");
    }
}

#[test]
fn numbers_that_could_be_somebodys_are_found() {
    // Put together from halves: this file is searched by nobody, but a copy of it may be.
    let real = concat!("40", "10232137");
    let spaced = concat!("40", "1 023 2137");
    let cases = [
        (real.to_owned(), 1),
        (format!("child_{real}.xml"), 1),
        (spaced.to_owned(), 1),
        (spaced.replace(' ', "-"), 1),
        (spaced.replace(' ', "_"), 1),
        (concat!("40", "10232138").to_owned(), 0),
        ("9990000018".to_owned(), 0),
        (format!("{real}1"), 0),
        (format!("1{real}"), 0),
        (format!("0.{real}"), 0),
        (format!("a{real}"), 0),
        ("07700900123".to_owned(), 0),
    ];
    for (text, expected) in cases {
        assert_eq!(lines(numbers::check, "crates/x/src/a.rs", &text).len(), expected, "{text}");
        assert_eq!(lines(numbers::check, "xtask/a.rs", &text).len(), 0, "{text}");
    }
    let allowed = format!("# comment\n\n{real} from a published example\n");
    assert!(places(numbers::check, &[("README.md", real), ("xtask/allow-numbers.txt", &allowed)]).is_empty());
    let unreasoned = places(numbers::check, &[("README.md", real), ("xtask/allow-numbers.txt", real)]);
    assert_eq!(unreasoned, ["xtask/allow-numbers.txt:1", "README.md:1"]);
}

#[test]
fn links_lead_somewhere() {
    let cases = [
        ("[a](other.md) and [b](sub/deep.md#part)", 0),
        ("[a](../README.md \"title\"), [root](/README.md), [folder](sub/)", 0),
        ("[a](missing.md) [b](../../outside.md)", 2),
        ("[a](https://example.org/x) [b](#here) [c](mailto:x@example.org)", 0),
        ("[name]: missing.md", 1),
        ("[name]: sub/deep.md", 0),
        ("`[a](missing.md)` is how a link is written", 0),
        ("```\n[a](missing.md)\n```", 0),
        ("![picture](picture.svg)", 1),
    ];
    for (text, expected) in cases {
        let files = [
            ("docs/a.md", text),
            ("docs/other.md", ""),
            ("docs/sub/deep.md", ""),
            ("README.md", ""),
            ("CHANGELOG.md", "## Unreleased\n"),
        ];
        assert_eq!(places(documents::check, &files).len(), expected, "{text}");
    }
}

#[test]
fn changelog_is_kept() {
    let cases = [
        ("# Changelog\n\n## Unreleased\n", 0),
        ("## [Unreleased]\n", 0),
        ("## 0.1.0 (2026-11-22)\n", 0),
        ("## [0.1.0]\n", 0),
        ("# Changelog\n", 1),
    ];
    for (text, expected) in cases {
        assert_eq!(places(documents::check, &[("CHANGELOG.md", text)]).len(), expected, "{text}");
    }
    assert_eq!(places(documents::check, &[]), ["CHANGELOG.md:1"]);
}

#[test]
fn records_of_decisions_have_their_parts() {
    let whole = "# 1. SQLite\n## Context\n## Decision\n## Consequences\n";
    let part = "# 1. SQLite\n## Context\n```\n## Decision\n```\n";
    let log = ("CHANGELOG.md", "## Unreleased\n");
    let cases =
        [("docs/adr/1.md", whole, 0), ("docs/adr/1.md", part, 2), ("docs/adr/README.md", "", 0), ("docs/x.md", "", 0)];
    for (path, text, expected) in cases {
        assert_eq!(places(documents::check, &[(path, text), log]).len(), expected, "{path}: {text}");
    }
}

#[test]
fn hazards_name_tests_that_exist() {
    let row = |cell: &str| format!("| Id | Control | Test |\n|---|---|---|\n| H1 | `not::looked_at` | {cell} |\n");
    let cases = [
        ("`cpis_model::plan::ended_plan_is_hidden`", 0),
        ("`plan.rs::ended_plan_is_hidden`, `generic`", 0),
        ("`plan.rs::generic`", 0),
        ("`other.rs::ended_plan_is_hidden`", 1),
        ("`cpis_model::ended_plan`", 1),
        ("`e2e/failover.sh::lost_writes`", 0),
        ("`e2e/failover.sh`", 0),
        ("`e2e/missing.sh`", 1),
        ("by hand", 0),
    ];
    for (cell, expected) in cases {
        let log = row(cell);
        let files = [
            ("docs/safety/hazard-log.md", log.as_str()),
            ("crates/model/src/plan.rs", "fn ended_plan_is_hidden() {}\nfn generic<T>() {}\n"),
            ("crates/model/src/other.rs", ""),
            ("e2e/failover.sh", "lost_writes() { :; }\n"),
        ];
        assert_eq!(places(hazards::check, &files).len(), expected, "{cell}");
    }
    let other_table = "| Id | Who |\n|---|---|\n| H1 | `a::b` |\n\n| Test |\n|---|\n| `a::b` |\n";
    assert_eq!(lines(hazards::check, "docs/safety/hazard-log.md", other_table), [7]);
    assert!(places(hazards::check, &[]).is_empty());
}
