//! Public Python programs against ours: what a `requirements.txt` names is fetched into a folder of its own, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::browser::is_installed;
use crate::process::{self, target};

/// The interpreter of an environment with what `requirements`, a path from the root, names.
pub fn environment(root: &Path, name: &str, requirements: &str) -> Result<PathBuf> {
    if !is_installed("python3") {
        bail!("python3 is not installed (Debian: apt-get install python3-venv)");
    }
    let folder = target(root).join(name);
    let (python, wanted) = (folder.join("bin/python"), root.join(requirements));
    let noted = folder.join("requirements.txt");
    let is_fresh = python.exists() && fs::read(&noted).ok() == Some(fs::read(&wanted)?);
    if !is_fresh {
        if !process::succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))? {
            bail!("python3 makes no environment (Debian: apt-get install python3-venv)");
        }
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&wanted);
        if !process::succeeds(&mut install)? {
            bail!("pip could not fetch what {requirements} names; it needs the network once");
        }
        fs::copy(&wanted, &noted)?;
    }
    Ok(python)
}
