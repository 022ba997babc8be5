//! The public MESH client for Python against the program: `e2e/mesh/client_test.py`.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::browser::is_installed;
use crate::{process, python};

/// The command of the tests, with all that they need in place.
pub fn tests(root: &Path) -> Result<Command> {
    if !is_installed("openssl") {
        bail!("openssl is not installed (Debian: apt-get install openssl)");
    }
    let cpis = process::built_programs(root)?.join("cpis");
    let mut command = Command::new(python::environment(root, "mesh-client", "e2e/mesh/requirements.txt")?);
    command.arg(root.join("e2e/mesh/client_test.py")).env("CPIS_BINARY", cpis);
    Ok(command)
}
