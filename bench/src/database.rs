//! The database under the service: a file in the world's folder, or a PostgreSQL server of the run's own.

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use cpis_store::Store;
use cpis_store_postgres as pg;
use cpis_store_sqlite::{Options, SqliteStore};
use cpis_testkit::postgres::{Cluster, OWNER, PASSWORD, SERVICE};
use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Lines of the server's settings. Everything else, flushes above all, is as it comes.
const SETTINGS: [&str; 2] = ["shared_buffers = 1GB", "max_wal_size = 4GB"];
/// The service's database.
pub const DATABASE: &str = "cpis";

/// Kinds of databases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A file beside the service.
    #[default]
    Embedded,
    /// A PostgreSQL server, which the run starts.
    Postgres,
}

/// The database of a world.
pub enum Database {
    /// The embedded database's file.
    File(PathBuf),
    /// A server.
    Server(Server),
}

/// A server that lives as long as this.
pub struct Server {
    cluster: Cluster,
    password_file: PathBuf,
    runtime: Handle,
}

impl Database {
    /// Makes it in a folder: for a server, starts it and makes its tables.
    pub fn make(kind: Kind, folder: &Path, data: &Path, runtime: &Handle) -> Result<Self> {
        Ok(match kind {
            Kind::Embedded => Self::File(data.join("cpis.db")),
            Kind::Postgres => Self::Server(Server::start(folder, runtime)?),
        })
    }

    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::File(_) => Kind::Embedded,
            Self::Server(_) => Kind::Postgres,
        }
    }

    /// Opens it as the service does.
    pub async fn open(&self) -> Result<Arc<dyn Store>> {
        Ok(self.open_as(SERVICE).await?)
    }

    /// Opens it as who owns it does, to fill its tables.
    pub async fn open_tables(&self) -> Result<Arc<dyn cpis_store::Database>> {
        self.open_as(OWNER).await
    }

    async fn open_as(&self, role: &str) -> Result<Arc<dyn cpis_store::Database>> {
        Ok(match self {
            Self::File(path) => Arc::new(SqliteStore::open(path, Options::default())?),
            Self::Server(server) => Arc::new(pg::PgStore::open(server.options(role)).await?),
        })
    }

    /// What the service's configuration says of it.
    pub fn configuration(&self) -> String {
        match self {
            Self::File(_) => String::new(),
            Self::Server(server) => format!(
                "[postgres]\naddress = \"{}\"\npassword_file = \"{}\"\n",
                server.address(SERVICE),
                server.password_file.display()
            ),
        }
    }

    /// Bytes that it takes. Of a file: what is in use, and its write-ahead log. Of a server: what `pg_database_size` says,
    /// which is tables and indexes with their free room, and no write-ahead log.
    pub fn bytes(&self) -> Result<u64> {
        match self {
            Self::File(path) => file_bytes(path),
            Self::Server(server) => {
                let bytes = server.number(DATABASE, &format!("SELECT pg_database_size('{DATABASE}')"))?;
                Ok(u64::try_from(bytes)?)
            }
        }
    }

    /// After much was filled in at once: does what a server would do by itself some minutes later.
    pub fn settle(&self) -> Result<()> {
        self.server().map_or(Ok(()), |server| server.run(DATABASE, "VACUUM (ANALYZE)"))
    }

    /// The server, if it is one.
    pub fn server(&self) -> Option<&Server> {
        match self {
            Self::File(_) => None,
            Self::Server(server) => Some(server),
        }
    }
}

impl Server {
    fn start(folder: &Path, runtime: &Handle) -> Result<Self> {
        let cluster = runtime.block_on(Cluster::start(&folder.join("server"), &SETTINGS));
        // As root the server has an account of its own, which may not reach the folder.
        refuse_memory(cluster.folder())?;
        ensure!(
            std::fs::metadata(cluster.folder())?.dev() == std::fs::metadata(folder)?.dev(),
            "the server lies in {}, on another disk than {}: name a --folder that its account can reach",
            cluster.folder().display(),
            folder.display()
        );
        let password_file = folder.join("password");
        let mut file = std::fs::OpenOptions::new();
        file.create_new(true).write(true).mode(0o600).open(&password_file)?.write_all(PASSWORD.as_bytes())?;
        let server = Self { cluster, password_file, runtime: runtime.clone() };
        server.run("postgres", &format!("CREATE DATABASE {DATABASE} OWNER {OWNER}"))?;
        runtime.block_on(pg::migrate(&server.options(OWNER), false))?;
        Ok(server)
    }

    fn address(&self, role: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{DATABASE}", self.port())
    }

    fn options(&self, role: &str) -> pg::Options {
        let password_file = Some(self.password_file.clone());
        pg::Options { address: self.address(role), password_file, ..pg::Options::default() }
    }

    /// Its port on the loopback address.
    pub fn port(&self) -> u16 {
        self.cluster.port()
    }

    /// The folder of its socket.
    pub fn socket(&self) -> PathBuf {
        self.cluster.folder().join("socket")
    }

    /// Runs statements as the superuser.
    pub fn run(&self, database: &str, sql: &str) -> Result<()> {
        self.runtime.block_on(async { Ok(self.client(database).await?.batch_execute(sql).await?) })
    }

    /// The number that a statement gives to the superuser.
    pub fn number(&self, database: &str, sql: &str) -> Result<i64> {
        self.runtime.block_on(async { Ok(self.client(database).await?.query_one(sql, &[]).await?.try_get(0)?) })
    }

    async fn client(&self, database: &str) -> Result<tokio_postgres::Client> {
        let address = self.cluster.superuser_url(database);
        let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await?;
        // Ends with the client.
        self.runtime.spawn(connection);
        Ok(client)
    }
}

/// Flushes in memory cost nothing, and figures from there would say nothing.
pub fn refuse_memory(folder: &Path) -> Result<()> {
    let output = Command::new("stat").args(["-f", "-c", "%T"]).arg(folder).output().context("`stat`")?;
    let kind = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    ensure!(output.status.success(), "{} cannot be looked at", folder.display());
    ensure!(!matches!(kind.as_str(), "tmpfs" | "ramfs"), "{} lies in memory: name another --folder", folder.display());
    Ok(())
}

/// Bytes in use of a file, and its write-ahead log. Free pages of the file are not counted: they are used again.
fn file_bytes(database: &Path) -> Result<u64> {
    let mut head = [0; 40];
    std::fs::File::open(database)?.read_exact_at(&mut head, 0)?;
    let log = std::fs::metadata(database.with_extension("db-wal")).map_or(0, |found| found.len());
    Ok(pages_in_use(&head).context("the database has no head")? + log)
}

/// The head of a database file: page size at 16, pages at 28, free pages at 36 (SQLite file format, 1.3).
fn pages_in_use(head: &[u8; 40]) -> Option<u64> {
    let number = |at: usize| Some(u64::from(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?)));
    let page = match u16::from_be_bytes(head.get(16..18)?.try_into().ok()?) {
        1 => 65_536,
        size => u64::from(size),
    };
    Some(page * number(28)?.checked_sub(number(36)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_pages_are_not_in_use() {
        let mut head = [0; 40];
        head[16..18].copy_from_slice(&4096u16.to_be_bytes());
        head[28..32].copy_from_slice(&10u32.to_be_bytes());
        head[36..40].copy_from_slice(&3u32.to_be_bytes());
        assert_eq!(pages_in_use(&head), Some(7 * 4096));
        head[36] = 255;
        assert_eq!(pages_in_use(&head), None);
    }
}
