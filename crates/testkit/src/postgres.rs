//! A real PostgreSQL of our own, made by Debian's binaries in a folder of its own.
//!
//! [`Cluster::start`] is one that the caller owns. [`Cluster::shared`] is one for all tests of all processes of a user: whoever
//! comes first makes it. Each process holds a shared lock on the file `users` beside the folder as long as it lives; a small
//! shell script, started with the cluster, looks every few seconds whether it can have that lock alone. When nobody had it for
//! half a minute the script stops the server and removes the folder. So nothing runs for ever, a crashed test needs no cleaning
//! up, and the next run finds the cluster warm. Making and removing it is under the lock of the file `making`.
//!
//! A server is never run by root: where tests are, it is run as the account `postgres` of Debian's package. A missing server is
//! an error and never a skipped test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "test support: a panic is how a test fails"
)]

mod database;
mod kept;
mod shared;

pub use database::Database;
pub use kept::{DATABASE, is_installed};

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The role that owns the databases: it may make roles and databases, and nothing else.
pub const OWNER: &str = "cpis_owner";
/// The role of the service.
pub const SERVICE: &str = "cpis_service";
/// The password of all roles over TCP.
pub const PASSWORD: &str = "a-password-for-tests";

const MISSING: &str = "PostgreSQL's server is not installed: apt-get install postgresql";

/// How to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Rolls back what is under way and writes everything down.
    Fast,
    /// Like a crash of the server's processes: the next start replays the log.
    Immediate,
}

/// What becomes of a server when its handle is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It goes on.
    Leave,
    /// It is stopped, and what it holds stays.
    Stop,
    /// It is stopped and removed.
    Remove,
}

/// A server. One that was started by [`Cluster::start`] is removed when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    port: u16,
    ending: Ending,
    /// Held open as long as this process uses a shared cluster.
    #[allow(dead_code, reason = "a lock is used by being held")]
    user: Option<fs::File>,
}

impl Cluster {
    /// Makes a cluster in a folder and starts it. `settings` are lines of `postgresql.conf`, such as `fsync = off`, which is on
    /// unless they say otherwise. Where the server's account cannot reach the folder, the cluster lies in one of its own.
    ///
    /// A process that is killed leaves its cluster to a watch like the shared one's.
    pub async fn start(folder: &Path, settings: &[&str]) -> Self {
        let folder = reachable(folder);
        let mut cluster = make(&folder, settings);
        cluster.watch();
        cluster.roles().await;
        cluster
    }

    /// Makes a cluster that follows another one as a standby, and starts it.
    pub fn standby_of(primary: &Self, folder: &Path, settings: &[&str]) -> Self {
        let folder = reachable(folder);
        let mut standby = Self { port: free_port(), folder, ending: Ending::Remove, user: None };
        let socket = primary.folder.join("socket");
        let backup = as_server(&binary("pg_basebackup"))
            .args([OsStr::new("--pgdata"), standby.data().as_os_str(), OsStr::new("--host"), socket.as_os_str()])
            .args(["--port", &primary.port.to_string(), "--username", "postgres", "--write-recovery-conf"])
            .args(["--wal-method=stream", "--checkpoint=fast", "--no-password"])
            .output()
            .expect("pg_basebackup");
        assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
        standby.configure(settings);
        standby.launch();
        standby.watch();
        standby
    }

    /// Starts a stopped or killed server again, on the same port.
    pub fn restart(&self) {
        self.launch();
    }

    /// Has the server speak TLS with a certificate and its key, after a new start.
    pub fn encrypt(&self, certificate: &Path, key: &Path) {
        for (from, name) in [(certificate, "server.crt"), (key, "server.key")] {
            let to = self.data().join(name);
            fs::copy(from, &to).expect("a certificate and its key");
            give_to_server(&to);
        }
        self.stop(Stop::Fast);
        self.configure(&["ssl = on"]);
        self.launch();
    }

    /// Stops the server and waits until it has.
    pub fn stop(&self, how: Stop) {
        let mode = if how == Stop::Fast { "fast" } else { "immediate" };
        let _ = self.control(&["stop", "--mode", mode, "--wait"]);
    }

    /// Kills the postmaster, as a machine without memory would: its children see that and end.
    pub fn kill_postmaster(&self) {
        let pid = self.pid().expect("a running server");
        let killed = Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("kill");
        assert!(killed.success());
        // A start is refused as long as a child is there.
        let children = || {
            let seen = Command::new("pgrep").args(["-f", &format!("^postgres: {}:", self.name())]).output();
            seen.is_ok_and(|seen| seen.status.success())
        };
        // Gone, or dead and not fetched by its parent.
        let gone = || {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit(')').next().is_none_or(|rest| rest.is_empty() || rest.trim_start().starts_with('Z'))
        };
        while children() || !gone() {
            std::thread::yield_now();
        }
        let _ = fs::remove_file(self.data().join("postmaster.pid"));
        let _ = fs::remove_file(self.folder.join(format!("socket/.s.PGSQL.{}.lock", self.port)));
    }

    /// The postmaster's process id.
    pub fn pid(&self) -> Option<u32> {
        fs::read_to_string(self.data().join("postmaster.pid")).ok()?.lines().next()?.parse().ok()
    }

    /// The folder that it lies in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The TCP port on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of a database for a role over TCP.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgresql://{role}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// The address of a database for the superuser.
    pub fn superuser_url(&self, database: &str) -> String {
        let socket = self.folder.join("socket").to_string_lossy().replace('/', "%2F");
        format!("postgresql://postgres@{socket}:{}/{database}", self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// What the server's processes show in their titles.
    fn name(&self) -> String {
        format!("cpis-{}", self.port)
    }

    fn configure(&self, settings: &[&str]) {
        let socket = self.folder.join("socket");
        if !socket.exists() {
            fs::create_dir(&socket).expect("a folder for the socket");
            give_to_server(&socket);
        }
        let mut conf = format!(
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\ncluster_name = '{}'\n\
             max_connections = 200\nmax_prepared_transactions = 4\nlog_min_messages = fatal\n",
            self.port,
            socket.display(),
            self.name(),
        );
        for line in settings {
            conf.push_str(line);
            conf.push('\n');
        }
        let path = self.data().join("postgresql.auto.conf");
        let kept = fs::read_to_string(&path).unwrap_or_default();
        // Of one setting the last line counts; a standby keeps where its primary is.
        fs::write(&path, kept + &conf).expect("settings");
        let rules = "local all all trust\nlocal replication all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(self.data().join("pg_hba.conf"), rules).expect("rules of access");
    }

    fn launch(&self) {
        let log = self.folder.join("log");
        let log = log.to_string_lossy();
        let started = self.control(&["start", "--wait", "--timeout", "60", "--log", &log]);
        assert!(started, "PostgreSQL did not start: {}", fs::read_to_string(&*log).unwrap_or_default());
    }

    fn control(&self, args: &[&str]) -> bool {
        let mut command = as_server(&binary("pg_ctl"));
        command.arg("--pgdata").arg(self.data()).arg("--silent").args(args);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    async fn roles(&self) {
        let client = database::connect(&self.superuser_url("postgres")).await;
        let sql = format!(
            "CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE PASSWORD '{PASSWORD}'; \
             CREATE ROLE {SERVICE} LOGIN PASSWORD '{PASSWORD}'; ALTER ROLE postgres PASSWORD '{PASSWORD}'"
        );
        client.batch_execute(&sql).await.expect("roles");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        match self.ending {
            Ending::Leave => {}
            Ending::Stop => self.stop(Stop::Fast),
            Ending::Remove => {
                self.stop(Stop::Immediate);
                let _ = fs::remove_dir_all(&self.folder);
                let _ = fs::remove_file(self.folder.with_extension("users"));
            }
        }
    }
}

fn make(folder: &Path, settings: &[&str]) -> Cluster {
    let cluster = Cluster { folder: folder.to_owned(), port: free_port(), ending: Ending::Remove, user: None };
    let made = as_server(&binary("initdb"))
        .arg("--pgdata")
        .arg(cluster.data())
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"])
        .stdin(Stdio::null())
        .output()
        .expect("initdb");
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    cluster.configure(settings);
    cluster.launch();
    cluster
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// A program of the newest server that is installed.
pub fn binary(name: &str) -> PathBuf {
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.map(|told| PathBuf::from(String::from_utf8_lossy(&told.stdout).trim()));
    if let Some(path) = told.map(|folder| folder.join(name)).filter(|path| path.exists()) {
        return path;
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let path = entry.path().join("bin").join(name);
            path.exists().then_some((version, path))
        })
        .max();
    newest.unwrap_or_else(|| panic!("{MISSING}")).1
}

/// User and group of the account `postgres`, if we are root.
fn account() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    if fs::metadata("/proc/self").expect("/proc").uid() != 0 {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").expect("accounts");
    let line = accounts.lines().find(|line| line.starts_with("postgres:")).unwrap_or_else(|| panic!("{MISSING}"));
    let mut fields = line.split(':').skip(2);
    let mut number = || fields.next().and_then(|field| field.parse().ok()).expect("a number");
    Some((number(), number()))
}

/// A command that runs as the server's account.
fn as_server(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = account() {
        command.uid(user).gid(group);
    }
    command.current_dir("/").env("LC_ALL", "C");
    command
}

fn give_to_server(folder: &Path) {
    if let Some((user, group)) = account() {
        std::os::unix::fs::chown(folder, Some(user), Some(group)).expect("a folder for the server");
    }
}

/// The folder if the server's account can reach it, else a fresh one that it can.
fn reachable(folder: &Path) -> PathBuf {
    fs::create_dir_all(folder).expect("a folder");
    give_to_server(folder);
    let path = folder.to_string_lossy();
    // A socket's path has about a hundred bytes.
    let can =
        path.len() < 80 && as_server(Path::new("test")).args(["-w", &*path]).status().is_ok_and(|can| can.success());
    if can { folder.to_owned() } else { fresh() }
}

fn fresh() -> PathBuf {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("cpis-pg-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    give_to_server(&folder);
    folder
}
