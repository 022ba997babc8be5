//! Which database, and opening it: the one place that knows the kinds of databases there are.

use crate::config::Postgres;
use crate::fault::{Fault, Kind, Result};
use crate::places::Places;
use cpis_app::nodes::is_served;
use cpis_store::migrations::Migrated;
use cpis_store::{Database, Store, StoreError};
use cpis_store_postgres as pg;
use cpis_store_sqlite::{Options, SqliteStore};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the service waits at its start for a server that is away. Then it ends, and who started it may start it again.
const PATIENCE: Duration = Duration::from_mins(1);
/// Pause between two tries.
const PAUSE: Duration = Duration::from_secs(2);

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabasePlace {
    /// A file of the embedded database.
    File(PathBuf),
    /// A database server.
    Server(Postgres),
}

/// How a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// To work on it; an embedded one is made where there is none, and a server that is away is waited for.
    Create,
    /// To work on it; it must be there.
    Existing,
    /// To copy it: it must be there, and nobody else may have it open.
    CopyFrom,
    /// To fill it: its tables are made where there are none, and nobody else may have it open.
    CopyTo,
    /// To read it beside the service that works on it. Nothing is changed.
    Beside,
    /// To change something small beside the service that works on it.
    Alongside,
}

impl DatabasePlace {
    /// The database of an installation.
    pub fn of(places: &Places) -> Self {
        places.postgres.clone().map_or_else(|| Self::File(places.database.clone()), Self::Server)
    }

    /// A server by the address of the role that owns its tables; nothing where the text is no such address.
    pub fn server(text: &str, password_file: Option<&Path>, ca_file: Option<&Path>) -> Result<Option<Self>> {
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Ok(None);
        }
        if pg::holds_password(text) {
            let what = "The address of the database server holds a password, which other users of this machine can see";
            return Err(Fault::new(Kind::Usage, what).mend("Put the password into a file that only you can read."));
        }
        Ok(Some(Self::Server(Postgres {
            address: text.to_owned(),
            owner_address: Some(text.to_owned()),
            password_file: password_file.map(Path::to_owned),
            owner_password_file: password_file.map(Path::to_owned),
            ca_file: ca_file.map(Path::to_owned),
            ..Postgres::default()
        })))
    }
}

/// How the service reaches the server.
fn as_service(server: &Postgres) -> pg::Options {
    pg::Options {
        address: server.address.clone(),
        password_file: server.password_file.clone(),
        ca_file: server.ca_file.clone(),
        schema: server.schema.clone(),
        service_role: server.service_role.clone(),
        connections: server.connections as usize,
        ..pg::Options::default()
    }
}

/// The same as the role that owns the tables.
fn as_owner(server: &Postgres) -> Result<pg::Options> {
    let Some(address) = server.owner_address.clone() else {
        let what = "The configuration does not say who owns the tables of the database";
        return Err(Fault::new(Kind::Configuration, what).mend("Add `owner_address` to [postgres]."));
    };
    Ok(pg::Options { address, password_file: server.owner_password_file.clone(), ..as_service(server) })
}

/// Without a user and a password.
impl fmt::Display for DatabasePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server(server) => f.write_str(&pg::shown(&server.address)),
        }
    }
}

impl fmt::Debug for DatabasePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Opens a database.
pub async fn open_database(place: &DatabasePlace, how: How, readers: u32) -> Result<Arc<dyn Database>> {
    match place {
        DatabasePlace::File(path) => {
            if !matches!(how, How::Create | How::CopyTo) && !path.exists() {
                return Err(Fault::new(Kind::Data, format!("There is no database {place}")));
            }
            let options = Options { readers: readers as usize, ..Options::default() };
            let (path, shown) = (path.clone(), place.clone());
            let opened = blocking(move || match how {
                How::Create | How::Existing => SqliteStore::open(&path, options),
                How::CopyFrom | How::CopyTo => {
                    SqliteStore::refuse_used(&path)?;
                    SqliteStore::open(&path, options)
                }
                How::Beside => SqliteStore::open_beside(&path, options),
                How::Alongside => SqliteStore::open_alongside(&path, options),
            })
            .await?;
            Ok(Arc::new(opened.map_err(|error| cannot_be_used(&shown, &error))?))
        }
        DatabasePlace::Server(server) => {
            let options = match how {
                How::CopyFrom | How::CopyTo => as_owner(server)?,
                How::Create | How::Existing | How::Beside | How::Alongside => as_service(server),
            };
            if how == How::CopyTo {
                pg::migrate(&options, false).await.map_err(|error| cannot_be_used(place, &error))?;
            }
            let patience = if how == How::Create { PATIENCE } else { Duration::ZERO };
            let store = opened(&options, patience).await.map_err(|error| cannot_be_used(place, &error))?;
            if matches!(how, How::CopyFrom | How::CopyTo) {
                refuse_served(&store, place).await?;
            }
            Ok(Arc::new(store))
        }
    }
}

/// Opens a server's database, and waits for a server that is away: after a machine's start it may come later.
async fn opened(options: &pg::Options, patience: Duration) -> Result<pg::PgStore, StoreError> {
    let began = Instant::now();
    loop {
        match pg::PgStore::open(options.clone()).await {
            Err(StoreError::Unavailable(why)) if began.elapsed() < patience => {
                tracing::warn!(why, "the database is away: waiting for it");
                tokio::time::sleep(PAUSE).await;
            }
            opened => return opened,
        }
    }
}

/// Refuses a database on which a node of the service works: what is read must not change meanwhile.
pub async fn refuse_served(store: &dyn Store, place: &DatabasePlace) -> Result<()> {
    if is_served(store).await.map_err(|error| cannot_be_used(place, &error))? {
        store.close().await;
        return Err(Fault::new(Kind::Data, format!("A node of the service works on the database {place}"))
            .mend("Stop every node first. One that was killed is forgotten after some seconds."));
    }
    Ok(())
}

/// Brings a database to the schema that this program knows, or only says what that would take.
pub async fn migrate_database(place: &DatabasePlace, dry_run: bool) -> Result<Migrated> {
    match place {
        DatabasePlace::File(path) => {
            if !path.exists() {
                return Err(Fault::new(Kind::Data, format!("There is no database {place}")));
            }
            let (path, busy) = (path.clone(), Options::default().busy_timeout);
            let done = blocking(move || {
                if dry_run { SqliteStore::migrations_due(&path, busy) } else { SqliteStore::migrate(&path, busy) }
            })
            .await?;
            done.map_err(|error| cannot_be_used(place, &error))
        }
        DatabasePlace::Server(server) => {
            // A look ahead needs no more than the service may do, and not every node knows the owner.
            let options = if dry_run { as_service(server) } else { as_owner(server)? };
            pg::migrate(&options, dry_run).await.map_err(|error| cannot_be_used(place, &error))
        }
    }
}

/// Opening may wait for the disk or for another program.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Fault::failed("The program has a fault: opening the database ended unexpectedly"))
}

fn cannot_be_used(place: &DatabasePlace, error: &StoreError) -> Fault {
    let mend = match error {
        StoreError::SchemaOlder { .. } if matches!(place, DatabasePlace::File(_)) => {
            "Stop the service first. A copy is put beside the database; --dry-run says what would be done."
        }
        StoreError::SchemaOlder { .. } => "It needs `owner_address` in [postgres]; --dry-run says what would be done.",
        StoreError::Unavailable(_) if matches!(place, DatabasePlace::Server(_)) => {
            "Look whether the server runs, takes writes and lets this role in."
        }
        StoreError::Corrupt(_) => "Put a backup back, or name another file.",
        _ => "",
    };
    Fault::new(Kind::Data, format!("The database {place} cannot be used: {error}")).mend(mend)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_told_from_a_file_and_its_password_is_never_taken_or_shown() {
        assert_eq!(DatabasePlace::server("/var/lib/cpis", None, None).unwrap(), None);
        let place = DatabasePlace::server("postgres://cpis@db.example:5433/cpis?sslmode=require", None, None);
        assert_eq!(place.unwrap().unwrap().to_string(), "postgres://db.example:5433/cpis");
        for text in ["postgres://cpis:secret-word@db.example/cpis", "postgresql://db.example/cpis?password=secret-word"]
        {
            let fault = DatabasePlace::server(text, None, None).unwrap_err();
            assert!(fault.kind == Kind::Usage && !fault.to_string().contains("secret-word"), "{fault}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_named_with_what_to_do() {
        let place = DatabasePlace::server("postgres://cpis@127.0.0.1:1/cpis", None, None).unwrap().unwrap();
        let fault = open_database(&place, How::Existing, 1).await.err().unwrap();
        assert!(fault.kind == Kind::Data && fault.what.contains("postgres://127.0.0.1:1/cpis"), "{fault}");
        assert!(fault.mend.contains("Look whether the server runs"), "{fault}");
    }
}
