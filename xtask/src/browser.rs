//! The pages in a real browser: the gallery is written to a folder, and Node.js with Playwright looks at it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process::{self, target};

const CHROMIUM: &str = "/usr/bin/chromium";

/// The command of the browser tests, with all that they need in place.
pub fn tests(root: &Path) -> Result<Command> {
    let mut command = node(root)?;
    command.args(["--test", "--test-reporter=spec", "pages.test.mjs", "journeys.test.mjs"]);
    command.env("CPIS_BINARY", target(root).join("debug/cpis"));
    Ok(command)
}

/// Pictures of every page in every state.
pub fn shots(root: &Path) -> Result<bool> {
    let folder = target(root).join("shots");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    process::succeeds(node(root)?.arg("shots.mjs").arg(folder))
}

/// Node.js in `e2e`, which is told where the gallery and the browser are.
fn node(root: &Path) -> Result<Command> {
    let e2e = root.join("e2e");
    let chromium = std::env::var_os("CHROMIUM").map_or_else(|| PathBuf::from(CHROMIUM), PathBuf::from);
    if !chromium.exists() {
        bail!(
            "there is no {}; install Chromium (Debian: apt-get install chromium) or name one in CHROMIUM",
            chromium.display()
        );
    }
    for program in ["node", "npm"] {
        if !is_installed(program) {
            bail!("{program} is not installed; install Node.js 20 or later (Debian: apt-get install nodejs npm)");
        }
    }
    packages(&e2e)?;
    let gallery = gallery(root)?;
    let mut command = Command::new("node");
    command.current_dir(e2e).env("CHROMIUM", chromium).env("CPIS_GALLERY", gallery);
    Ok(command)
}

/// What `e2e/package-lock.json` names, fetched where it is missing or older than that file.
fn packages(e2e: &Path) -> Result<()> {
    let changed = |path: &str| fs::metadata(e2e.join(path)).and_then(|about| about.modified());
    let is_fresh = matches!((changed("node_modules/.package-lock.json"), changed("package-lock.json")), (Ok(have), Ok(want)) if have >= want);
    let mut install = Command::new("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(e2e);
    if !is_fresh && !process::succeeds(&mut install)? {
        bail!("npm could not fetch the packages of e2e; it needs the network once");
    }
    Ok(())
}

/// Writes the gallery afresh and returns its folder.
fn gallery(root: &Path) -> Result<PathBuf> {
    let folder = target(root).join("gallery");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    let program = process::built_programs(root)?.join("examples/gallery");
    if !process::succeeds(Command::new(program).arg(&folder))? {
        bail!("the gallery could not be written");
    }
    Ok(folder)
}

/// Whether a program can be started.
pub fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg(if program == "openssl" { "version" } else { "--version" })
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
