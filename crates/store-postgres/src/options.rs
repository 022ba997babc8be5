//! How a database is reached and how long anything may take.

use cpis_store::StoreError;
use cpis_store::fault::Faults;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// Idle time after which a connection is probed, then the time between probes and their number.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(10), Duration::from_secs(5), 3);
/// Bytes that nobody acknowledges for so long end a connection.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(15);

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// A URL or `key=value` pairs as `libpq` reads them. Several hosts may stand here: the one that takes writes is used.
    ///
    /// `sslmode=require`, or a [`Options::ca_file`], means TLS whose certificate **and** host name are verified, which is more
    /// than `libpq` does under that name. Without either the connection is not encrypted. Beside hosts, ports, role, password,
    /// database and `sslmode` nothing that stands here counts.
    pub address: String,
    /// A file that holds the password, read at each new connection, so that it can be changed while the service runs.
    pub password_file: Option<PathBuf>,
    /// The authorities that may have signed the server's certificate, PEM.
    pub ca_file: Option<PathBuf>,
    /// The schema that holds our tables: lower-case letters, digits and `_`.
    pub schema: String,
    /// The role that the service runs as; [`crate::migrate()`] makes it and grants it what it needs.
    pub service_role: String,
    /// Connections for everything but appending, which has one of its own; the listener has another.
    pub connections: usize,
    /// How long a new connection may take, of which each of several hosts has its part, and how long to wait for a free one.
    pub connect_timeout: Duration,
    /// How long a statement may take.
    pub statement_timeout: Duration,
    /// How long a statement may wait for another's lock.
    pub lock_timeout: Duration,
    /// How long a transaction may stand idle, so that a frozen node does not hold the journal's lock.
    pub idle_timeout: Duration,
    /// How long to wait for the answer to a commit before its outcome counts as unknown.
    pub commit_timeout: Duration,
    /// Faults for tests; none by default.
    pub faults: Faults,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: String::new(),
            password_file: None,
            ca_file: None,
            schema: "cpis".to_owned(),
            service_role: "cpis_service".to_owned(),
            connections: 8,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(4),
            idle_timeout: Duration::from_secs(5),
            commit_timeout: Duration::from_secs(10),
            faults: Faults::default(),
        }
    }
}

/// Shows no address: it may hold a password.
impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("schema", &self.schema).finish_non_exhaustive()
    }
}

pub(crate) fn unavailable(why: &str) -> StoreError {
    StoreError::Unavailable(why.to_owned())
}

/// Whether an address holds a password. One that cannot be read holds none that could be told.
pub fn holds_password(address: &str) -> bool {
    address.parse::<Config>().map_or(address.contains("password"), |config| config.get_password().is_some())
}

/// The hosts and the database of an address, for people: no user and no password.
pub fn shown(address: &str) -> String {
    let Ok(config) = address.parse::<Config>() else { return "an address that cannot be read".to_owned() };
    let host = |(place, host): (usize, &Host)| {
        let ports = config.get_ports();
        let port = ports.get(place).or_else(|| ports.first()).filter(|port| **port != 5432);
        let name = match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        };
        port.map_or_else(|| name.clone(), |port| format!("{name}:{port}"))
    };
    let hosts: Vec<String> = config.get_hosts().iter().enumerate().map(host).collect();
    format!("postgres://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

impl Options {
    /// The driver's view of the options, one for each host, without the password file.
    pub(crate) fn configs(&self) -> Result<Vec<Config>, StoreError> {
        for name in [&self.schema, &self.service_role] {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if name.is_empty() || name.len() > 63 || !name.bytes().all(plain) {
                return Err(unavailable("a schema or a role has a name that is not lower-case letters, digits and _"));
            }
        }
        let address: Config =
            self.address.parse().map_err(|_| unavailable("the address of the database cannot be read"))?;
        if self.ca_file.is_none() && address.get_ssl_mode() == SslMode::Require {
            return Err(unavailable("TLS to the database needs a file of authorities"));
        }
        let hosts = address.get_hosts().len().max(address.get_hostaddrs().len());
        if hosts == 0 {
            return Err(unavailable("the address of the database names no host"));
        }
        Ok((0..hosts).map(|host| self.config(&address, host)).collect())
    }

    fn config(&self, address: &Config, host: usize) -> Config {
        let mut config = Config::new();
        match address.get_hosts().get(host) {
            Some(Host::Tcp(name)) => drop(config.host(name)),
            Some(Host::Unix(path)) => drop(config.host_path(path)),
            None => {}
        }
        if let Some(ip) = address.get_hostaddrs().get(host) {
            config.hostaddr(*ip);
        }
        if let Some(port) = address.get_ports().get(host).or_else(|| address.get_ports().first()) {
            config.port(*port);
        }
        if let Some(password) = address.get_password() {
            config.password(password);
        }
        if let Some(name) = address.get_dbname() {
            config.dbname(name);
        }
        // A socket in the file system needs no TLS and has none.
        let encrypted = self.ca_file.is_some() && !matches!(address.get_hosts().get(host), Some(Host::Unix(_)));
        let (idle, interval, retries) = KEEPALIVE;
        config
            .user(address.get_user().unwrap_or(&self.service_role))
            .ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable })
            .application_name("cpis")
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .connect_timeout(self.connect_timeout)
            .tcp_user_timeout(TCP_USER_TIMEOUT)
            .keepalives(true)
            .keepalives_idle(idle)
            .keepalives_interval(interval)
            .keepalives_retries(retries);
        config
    }
}

/// Whether bytes can be read between here and the server.
pub(crate) fn is_open_to_others(config: &Config) -> bool {
    let near = |host: &Host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        Host::Unix(_) => true,
    };
    config.get_ssl_mode() != SslMode::Require && !config.get_hosts().iter().all(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_user_and_no_password_is_shown() {
        for (address, expected, secret) in [
            ("postgres://a:secret-word@h1:5433,h2:5434/db", "postgres://h1:5433,h2:5434/db", true),
            ("host=h1,h2 user=a dbname=db", "postgres://h1,h2/db", false),
            ("postgresql://a@%2Frun%2Fpg/db", "postgres:///run/pg/db", false),
            ("postgres://a@h/db?password=secret-word", "postgres://h/db", true),
            ("postgres://a@h:port/db", "an address that cannot be read", false),
        ] {
            assert_eq!((shown(address).as_str(), holds_password(address)), (expected, secret));
        }
    }

    fn options(address: &str) -> Options {
        Options { address: address.to_owned(), ..Options::default() }
    }

    #[test]
    fn debug_shows_no_address() {
        let shown = format!("{:?}", options("postgresql://cpis:secret@db.example/cpis"));
        assert!(!shown.contains("secret") && !shown.contains("example"), "{shown}");
    }

    #[test]
    fn each_host_has_its_port_and_all_that_is_common() {
        let several = options("postgresql://me@one:1,two:2,three:3/cpis?options=-csynchronous_commit%3Doff");
        let configs = several.configs().unwrap();
        let ports: Vec<&[u16]> = configs.iter().map(Config::get_ports).collect();
        assert_eq!(ports, [[1], [2], [3]]);
        for config in &configs {
            assert_eq!((config.get_user(), config.get_dbname()), (Some("me"), Some("cpis")));
            assert_eq!(config.get_options(), None, "nobody sets synchronous_commit from here");
            assert!(is_open_to_others(config));
        }
        let near = options("host=/var/run/postgresql dbname=cpis").configs().unwrap();
        assert_eq!(near[0].get_user(), Some("cpis_service"));
        assert!(!is_open_to_others(&near[0]));
    }

    #[test]
    fn names_that_are_not_plain_are_refused() {
        for name in ["", "Cpis", "a b", "a\"; DROP SCHEMA cpis; --", "é"] {
            let named = Options { schema: name.to_owned(), ..options("host=localhost") };
            assert!(named.configs().is_err(), "{name}");
            let named = Options { service_role: name.to_owned(), ..options("host=localhost") };
            assert!(named.configs().is_err(), "{name}");
        }
    }
}
