//! The public MESH client for Python against the program: what `e2e/mesh/requirements.txt` names is fetched into a folder of
//! its own, and `e2e/mesh/client_test.py` runs with it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::browser::{is_installed, target};
use crate::process;

/// The command of the tests, with all that they need in place.
pub fn tests(root: &Path) -> Result<Command> {
    for (program, package) in [("python3", "python3-venv"), ("openssl", "openssl")] {
        if !is_installed(program) {
            bail!("{program} is not installed (Debian: apt-get install {package})");
        }
    }
    if !process::succeeds(&mut process::cargo(root, &["build", "--locked", "--package", "cpis"]))? {
        bail!("cpis does not build");
    }
    let folder = target(root).join("mesh-client");
    let (python, wanted) = (folder.join("bin/python"), root.join("e2e/mesh/requirements.txt"));
    let noted = folder.join("requirements.txt");
    let is_fresh = python.exists() && fs::read(&noted).ok() == Some(fs::read(&wanted)?);
    if !is_fresh {
        if !process::succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))? {
            bail!("python3 makes no environment (Debian: apt-get install python3-venv)");
        }
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&wanted);
        if !process::succeeds(&mut install)? {
            bail!("pip could not fetch the MESH client; it needs the network once");
        }
        fs::copy(&wanted, &noted)?;
    }
    let mut command = Command::new(python);
    command.arg(root.join("e2e/mesh/client_test.py")).env("CPIS_BINARY", target(root).join("debug/cpis"));
    Ok(command)
}
