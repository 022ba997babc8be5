//! A service as a child process: started, awaited, weighed, stopped, killed. Reads Linux's `/proc`.

use crate::response::{Parsed, parse};
use crate::settings::Start;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Ticks in a second of CPU time, as `/proc` counts it on every architecture that we build for.
const TICKS_PER_SECOND: f64 = 100.0;
/// Wait between two looks at a process.
const POLL: Duration = Duration::from_millis(5);
/// Longest wait for one answer while polling.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// A child process; killed when dropped.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts it.
    pub fn start(start: &Start) -> Result<Self> {
        let output = || -> Result<Stdio> {
            Ok(match &start.log {
                Some(log) => File::options().create(true).append(true).open(log).context("its log")?.into(),
                None => Stdio::null(),
            })
        };
        let child = Command::new(&start.program)
            .args(&start.arguments)
            .envs(start.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output()?)
            .stderr(output()?)
            .spawn()
            .with_context(|| format!("cannot start {}", start.program))?;
        Ok(Self { child })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a crash would (SIGKILL), and waits until it is gone.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill()?;
        Ok(self.child.wait()?)
    }

    /// Asks it to end (SIGTERM) and kills it when it has not after `patience`. Gives how it ended, and how long that took.
    pub fn stop(&mut self, patience: Duration) -> Result<(ExitStatus, Duration)> {
        let start = Instant::now();
        let asked = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().context("`kill`")?;
        while asked.success() && start.elapsed() < patience {
            if let Some(status) = self.child.try_wait()? {
                return Ok((status, start.elapsed()));
            }
            std::thread::sleep(POLL);
        }
        Ok((self.kill()?, start.elapsed()))
    }

    /// Polls until `path` answers 200. Gives how long that took; an error when the process ends or `patience` does.
    pub fn wait_until_ready(&mut self, address: SocketAddr, path: &str, patience: Duration) -> Result<Duration> {
        let start = Instant::now();
        while start.elapsed() < patience {
            if status_of(address, path).is_ok_and(|status| status == 200) {
                return Ok(start.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the service ended with {status} before it was ready");
            }
            std::thread::sleep(POLL);
        }
        bail!("the service was not ready after {patience:?}")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.kill();
    }
}

/// The status that a GET of this path gets.
pub fn status_of(address: SocketAddr, path: &str) -> Result<u16> {
    Ok(get(address, path)?.0)
}

/// Status and body that a GET of this path gets.
pub fn get(address: SocketAddr, path: &str) -> Result<(u16, Vec<u8>)> {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n"), &[], ANSWER_TIMEOUT)
}

/// Sends a head and a body over a connection of its own. Gives status and body of the answer.
pub fn exchange(address: SocketAddr, head: &str, body: &[u8], patience: Duration) -> Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT)?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut piece)?;
        bytes.extend_from_slice(piece.get(..read).unwrap_or_default());
        match parse(&bytes) {
            Parsed::Whole(answer) => {
                return Ok((answer.status, bytes.get(answer.body).unwrap_or_default().to_vec()));
            }
            Parsed::Partial if read > 0 => {}
            _ => bail!("no answer"),
        }
    }
}

/// CPU seconds of a process so far, those of its threads that ended included. Exact to a hundredth.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    cpu_seconds_in(&std::fs::read_to_string(format!("/proc/{pid}/stat"))?).context("its CPU time cannot be read")
}

/// CPU seconds of this process so far.
pub fn own_cpu_seconds() -> Result<f64> {
    cpu_seconds(std::process::id())
}

/// The program's name stands in brackets and may hold anything; user and system time are the 14th and 15th field.
fn cpu_seconds_in(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    Some((fields.next()?.ok()? + fields.next()?.ok()?) / TICKS_PER_SECOND)
}

/// Bytes of memory that a process has to itself.
pub fn private_bytes(pid: u32) -> Result<u64> {
    Ok(private_bytes_in(&std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?))
}

fn private_bytes_in(rollup: &str) -> u64 {
    let private = rollup.lines().filter(|line| line.starts_with("Private_"));
    private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum::<u64>() * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(program: &str, arguments: &[&str]) -> Process {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        Process::start(&Start { program: program.into(), arguments, environment: Vec::new(), log: None }).unwrap()
    }

    #[test]
    fn fields_are_counted_behind_the_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 4 0 12345 1000000 500";
        assert_eq!(cpu_seconds_in(stat), Some(2.0));
        assert_eq!(cpu_seconds_in("42 (a) S 1"), None);
        let rollup = "Rss: 100 kB\nPss: 80 kB\nShared_Clean: 20 kB\nPrivate_Clean: 3 kB\nPrivate_Dirty: 60 kB\n";
        assert_eq!(private_bytes_in(rollup), 63 * 1024);
    }

    #[test]
    fn this_process_has_time_and_memory() {
        assert!(own_cpu_seconds().unwrap() >= 0.0);
        assert!(private_bytes(std::process::id()).unwrap() > 0);
    }

    #[test]
    fn a_process_is_stopped_or_killed() {
        let mut process = start("sleep", &["60"]);
        assert!(cpu_seconds(process.pid()).unwrap() < 10.0);
        let (status, _) = process.stop(Duration::from_secs(20)).unwrap();
        assert!(!status.success());
        assert!(!start("sleep", &["60"]).kill().unwrap().success());
    }

    #[test]
    fn a_service_is_awaited_until_it_answers_or_ends() {
        let server = crate::bare::serve(crate::bare::router()).unwrap();
        let mut process = start("sleep", &["60"]);
        process.wait_until_ready(server.address, "/hello", Duration::from_secs(20)).unwrap();
        assert_eq!(status_of(server.address, "/nothing").unwrap(), 404);
        let mut process = start("true", &[]);
        assert!(process.wait_until_ready(server.address, "/nothing", Duration::from_secs(20)).is_err());
    }
}
