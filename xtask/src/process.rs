//! Starting other programs: plainly, or with their output shown and kept at the same time.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};

/// `cargo` with `arguments`, in the repository's folder.
pub fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root);
    command
}

/// `cargo` with `words` about the whole workspace as it is tested: with the system's allocator, since the one of what is released takes
/// two processors two minutes to build.
pub fn workspace(root: &Path, words: &[&str]) -> Command {
    let mut command = cargo(root, words);
    command.args(["--workspace", "--locked", "--no-default-features"]);
    command
}

/// Builds every program and example of the workspace. All at once, as the tests are: what is built together decides the features of
/// the libraries, so that a program built by itself would have many of them compiled once more.
pub fn programs(root: &Path) -> Command {
    workspace(root, &["build", "--bins", "--examples"])
}

/// Builds the programs for a step that runs one of them, and returns the folder in which they are.
pub fn built_programs(root: &Path) -> Result<PathBuf> {
    let mut build = programs(root);
    ensure!(succeeds(build.arg("--quiet"))?, "the programs were not built");
    Ok(target(root).join("debug"))
}

/// Cargo's target folder.
pub fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// Whether `cargo NAME` is installed.
pub fn has_cargo_subcommand(root: &Path, name: &str) -> bool {
    cargo(root, &[name, "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs to the end on this terminal.
pub fn succeeds(command: &mut Command) -> Result<bool> {
    Ok(command.status().with_context(|| format!("cannot start {}", shown(command)))?.success())
}

/// Runs to the end on this terminal and hands on the exit code (1 for a program that a signal ended).
pub fn exit_code(command: &mut Command) -> Result<u8> {
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    Ok(status.code().map_or(1, |code| u8::try_from(code).unwrap_or(1)))
}

/// Runs to the end, showing each line as it comes and keeping both streams for later reading.
pub fn succeeds_and_captures(command: &mut Command) -> Result<(bool, String)> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err) = thread::scope(|scope| {
        let out = scope.spawn(|| out.map_or_else(|| Ok(Vec::new()), |stream| forward(stream, io::stdout())));
        let err = scope.spawn(|| err.map_or_else(|| Ok(Vec::new()), |stream| forward(stream, io::stderr())));
        (out.join(), err.join())
    });
    let mut text = out.map_err(|_| anyhow!("the reader of the output stopped"))??;
    text.extend(err.map_err(|_| anyhow!("the reader of the error output stopped"))??);
    let status = child.wait().context("cannot wait for the program")?;
    Ok((status.success(), String::from_utf8_lossy(&text).into_owned()))
}

/// The command as one would type it.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    std::iter::once(program)
        .chain(command.get_args().map(|argument| argument.to_string_lossy().into_owned()))
        .collect::<Vec<_>>()
        .join(" ")
}

fn forward(stream: impl Read, mut terminal: impl Write) -> Result<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let mut kept = Vec::new();
    loop {
        let start = kept.len();
        if reader.read_until(b'\n', &mut kept)? == 0 {
            return Ok(kept);
        }
        terminal.write_all(kept.get(start..).unwrap_or_default())?;
        terminal.flush()?;
    }
}
