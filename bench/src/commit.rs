//! Which source was measured.

use std::process::Command;

/// Commit of the source in the working directory; `+` behind it where files differ from it.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "unknown".to_owned() };
    let differs = git(&["status", "--porcelain"]).is_none_or(|files| !files.is_empty());
    format!("{commit}{}", if differs { "+" } else { "" })
}
