//! Which of our crates may use which: the picture in `ARCHITECTURE.md` as a table.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Fault, Tree};
use crate::process;

/// Uses that are allowed; a `*` at the end of a name stands for any ending.
struct Row {
    user: &'static str,
    may_use: &'static [&'static str],
}

/// Anything that is not said here is a fault. Read it from the bottom: an arrow never points up.
const ARROWS: &[Row] = &[
    Row { user: "cpis", may_use: &["*"] },
    Row {
        user: "cpis-inbound-http",
        may_use: &["cpis-model", "cpis-app", "cpis-audit", "cpis-identity", "cpis-format-*"],
    },
    Row { user: "cpis-inbound-mesh", may_use: &["cpis-model", "cpis-app", "cpis-format-*"] },
    Row { user: "cpis-inbound-web", may_use: &["cpis-model", "cpis-format-*", "cpis-app", "cpis-identity"] },
    // a product of its own: of `app` it has sealing, clock and entropy, and never the service's store
    Row { user: "cpis-gateway", may_use: &["cpis-model", "cpis-app", "cpis-client", "cpis-format-hl7v2"] },
    Row { user: "cpis-outbound-email", may_use: &["cpis-model", "cpis-app"] },
    Row { user: "cpis-outbound-mesh", may_use: &["cpis-model", "cpis-app", "cpis-format-mesh"] },
    Row { user: "cpis-outbound-pds", may_use: &["cpis-model", "cpis-app", "cpis-format-fhir"] },
    Row { user: "cpis-outbound-webhook", may_use: &["cpis-model", "cpis-app"] },
    Row { user: "cpis-mesh-agent", may_use: &["cpis-model", "cpis-app", "cpis-format-mesh", "cpis-outbound-mesh"] },
    Row { user: "cpis-identity", may_use: &["cpis-model", "cpis-app"] },
    Row { user: "cpis-app", may_use: &["cpis-model", "cpis-audit", "cpis-store"] },
    Row { user: "cpis-store-sqlite", may_use: &["cpis-model", "cpis-store"] },
    Row { user: "cpis-store-postgres", may_use: &["cpis-model", "cpis-store"] },
    Row { user: "cpis-store", may_use: &["cpis-model"] },
    Row { user: "cpis-format-*", may_use: &["cpis-model"] },
    Row { user: "cpis-audit", may_use: &[] },
    Row { user: "cpis-model", may_use: &[] },
    // beside the service
    Row { user: "cpis-client", may_use: &["cpis-model", "cpis-format-*"] },
    Row { user: "cpis-synth", may_use: &["cpis-model"] },
    Row { user: "cpis-load", may_use: &[] },
    Row { user: "cpis-testkit", may_use: &["cpis-model", "cpis-identity"] },
    Row { user: "cpis-bench", may_use: &["*"] },
    Row { user: "xtask", may_use: &[] },
];

/// Tests may use any crate of ours, but for these: the pure ones are tested alone.
const PURE_IN_TESTS_TOO: &[&str] = &["cpis-model", "cpis-audit"];

/// A workspace member and the members that it uses.
pub struct Package {
    pub name: String,
    pub manifest: String,
    pub uses: Vec<Use>,
}

/// One dependency on another member; `only_tests` for a dev-dependency.
pub struct Use {
    pub name: String,
    pub only_tests: bool,
}

/// Reads the members from `cargo metadata`.
pub fn read(root: &Path) -> Result<Vec<Package>> {
    let mut command = process::cargo(root, &["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let output = command.output().with_context(|| format!("cannot start {}", process::shown(&command)))?;
    if !output.status.success() {
        bail!("{} failed: {}", process::shown(&command), String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata printed no JSON")?;
    let packages: Vec<&Value> = list(&metadata, "packages").collect();
    let names: Vec<&str> = packages.iter().filter_map(|package| text(package, "name")).collect();
    let base = text(&metadata, "workspace_root").context("cargo metadata names no workspace root")?;
    packages
        .iter()
        .map(|package| {
            let manifest = text(package, "manifest_path").context("a package has no manifest path")?;
            let uses = list(package, "dependencies").filter_map(|dependency| {
                let name = text(dependency, "name").filter(|name| names.contains(name))?;
                Some(Use { name: name.to_owned(), only_tests: text(dependency, "kind") == Some("dev") })
            });
            Ok(Package {
                name: text(package, "name").context("a package has no name")?.to_owned(),
                manifest: manifest.trim_start_matches(base).trim_start_matches('/').to_owned(),
                uses: uses.collect(),
            })
        })
        .collect()
}

/// A fault for each arrow that the table does not hold, and for each crate that it does not know.
pub fn check(packages: &[Package], tree: &Tree) -> Vec<Fault> {
    packages.iter().flat_map(|package| check_package(package, tree)).collect()
}

fn check_package(package: &Package, tree: &Tree) -> Vec<Fault> {
    let Some(row) = ARROWS.iter().find(|row| matches(row.user, &package.name)) else {
        let what = format!("the table of arrows does not know the crate `{}`", package.name);
        return vec![Fault::new(&package.manifest, 1, what, "add its row to ARROWS in xtask/src/tidy/arrows.rs")];
    };
    let forbidden = package.uses.iter().filter(|used| {
        if used.only_tests {
            PURE_IN_TESTS_TOO.contains(&package.name.as_str())
        } else {
            !row.may_use.iter().any(|pattern| matches(pattern, &used.name))
        }
    });
    forbidden
        .map(|used| {
            let what = format!("`{}` must not use `{}`", package.name, used.name);
            let mend = "move the code to where the arrow points down, or argue for the arrow in docs/adr/";
            Fault::new(&package.manifest, line_of(tree, &package.manifest, &used.name), what, mend)
        })
        .collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

fn line_of(tree: &Tree, manifest: &str, name: &str) -> usize {
    let names = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '.', '=']));
    tree.file(manifest).and_then(|file| file.lines().find(|(_, line)| names(line))).map_or(1, |(number, _)| number)
}

fn list<'value>(value: &'value Value, key: &str) -> impl Iterator<Item = &'value Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'value>(value: &'value Value, key: &str) -> Option<&'value str> {
    value.get(key).and_then(Value::as_str)
}
