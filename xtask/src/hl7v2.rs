//! Two public readers of HL7 v2 for Python against what the gateway sends: `e2e/hl7v2/read_test.py`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{self, target};
use crate::python;

/// The command of the tests, with all that they need in place.
pub fn tests(root: &Path) -> Result<Command> {
    let folder = target(root).join("hl7v2-sent");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut sent = Command::new(process::built_programs(root)?.join("examples/sent"));
    if !process::succeeds(sent.arg(&folder))? {
        bail!("the example `sent` of cpis-format-hl7v2 does not run");
    }
    let mut command = Command::new(python::environment(root, "hl7v2-readers", "e2e/hl7v2/requirements.txt")?);
    command.arg(root.join("e2e/hl7v2/read_test.py")).env("CPIS_SENT", folder);
    Ok(command)
}
