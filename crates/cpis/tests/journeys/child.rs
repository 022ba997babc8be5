//! The real binary as a child process.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// What a command left.
pub struct Done {
    pub out: String,
    pub err: String,
    pub code: i32,
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cpis"));
    command.args(words).env_remove("CPIS_CONFIG").env_remove("CPIS_URL").env_remove("CPIS_TOKEN_FILE");
    command
}

/// Runs a command to its end, with this text on its standard input.
pub fn cpis(words: &[&str], input: &str) -> Done {
    let mut child = command(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads nothing may have gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let done = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { out: text(done.stdout), err: text(done.stderr), code: done.status.code().unwrap_or(-1) }
}

/// Runs a command that must not succeed.
pub fn failed(words: &[&str]) -> Done {
    let done = cpis(words, "");
    assert_ne!(done.code, 0, "{words:?}: {}", done.out);
    done
}

/// A process that runs until it is told to end.
pub struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    /// Starts it and reads what it prints up to a line with these words; `Err` with all of it if it ends before.
    #[expect(clippy::zombie_processes, reason = "whoever has it ends it")]
    pub fn start(words: &[&str], until: &str) -> Result<(Self, String), String> {
        let mut child =
            command(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut told = String::new();
        loop {
            let mut line = String::new();
            if out.read_line(&mut line).unwrap() == 0 {
                let mut err = String::new();
                child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
                child.wait().unwrap();
                return Err(told + &err);
            }
            told += &line;
            if line.contains(until) {
                return Ok((Self { child, out }, told));
            }
        }
    }

    /// Asks it to end, and says what it printed and its exit code.
    pub fn end(mut self) -> (String, i32) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (rest, self.child.wait().unwrap().code().unwrap_or(-1))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A demo that is up.
pub struct Demo {
    running: Running,
    pub told: String,
    pub ready_file: PathBuf,
}

impl Demo {
    /// Starts it on free ports.
    pub fn start(data: &Path, folder: &Path) -> Self {
        Self::start_as(data, &folder.join("ready.json"))
    }

    /// The same with a ready file of this name.
    pub fn start_as(data: &Path, ready_file: &Path) -> Self {
        let words =
            ["demo", "--port", "0", "--data-dir", data.to_str().unwrap(), "--ready-file", ready_file.to_str().unwrap()];
        let (running, told) = Running::start(&words, "known to nobody").unwrap();
        Self { running, told, ready_file: ready_file.to_owned() }
    }

    pub fn ready(&self) -> Value {
        serde_json::from_slice(&std::fs::read(&self.ready_file).unwrap()).unwrap()
    }

    /// Ends it well.
    pub fn end(self) {
        let (rest, code) = self.running.end();
        assert!(code == 0 && rest.contains("Ended."), "{code}: {rest}");
    }
}
