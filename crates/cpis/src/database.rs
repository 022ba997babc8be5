//! Which database, and opening it: the one place that knows the kinds of databases there are.

use crate::fault::{Fault, Kind, Result};
use crate::places::Places;
use cpis_store::migrations::Migrated;
use cpis_store::{Database, StoreError};
use cpis_store_sqlite::{Options, SqliteStore};
use reqwest::Url;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabasePlace {
    /// A file of the embedded database.
    File(PathBuf),
    /// A database server: its address without a password, and the file with the password.
    Server {
        /// `postgres://USER@HOST:PORT/DATABASE`.
        url: Url,
        /// The file with the password, where one is needed.
        password_file: Option<PathBuf>,
    },
}

/// How a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// To work on it; it is made where there is none.
    Create,
    /// To work on it; it must be there.
    Existing,
    /// To copy it: it must be there, and nobody else may have it open.
    CopyFrom,
    /// To fill it: it is made where there is none, and nobody else may have it open.
    CopyTo,
    /// To read it beside the service that works on it. Nothing is changed.
    Beside,
}

impl DatabasePlace {
    /// The database of an installation.
    pub fn of(places: &Places) -> Self {
        Self::File(places.database.clone())
    }

    /// The address of a server; nothing where the text is no such address.
    pub fn server(text: &str, password_file: Option<&Path>) -> Result<Option<Self>> {
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Ok(None);
        }
        let url = Url::parse(text).map_err(|error| {
            Fault::new(Kind::Usage, format!("The address of the database server cannot be read: {error}"))
        })?;
        if url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password") {
            let what = "The address of the database server holds a password, which other users of this machine can see";
            return Err(Fault::new(Kind::Usage, what).mend("Put the password into a file that only you can read."));
        }
        Ok(Some(Self::Server { url, password_file: password_file.map(Path::to_owned) }))
    }
}

/// Without a password, which is never part of the address.
impl fmt::Display for DatabasePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server { url, .. } => {
                let host = url.host_str().unwrap_or_default();
                write!(f, "{}://{host}{}", url.scheme(), url.path())
            }
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
            })
            .await?;
            Ok(Arc::new(opened.map_err(|error| cannot_be_used(&shown, &error))?))
        }
        DatabasePlace::Server { .. } => Err(not_built()),
    }
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
        DatabasePlace::Server { .. } => Err(not_built()),
    }
}

fn not_built() -> Fault {
    Fault::new(Kind::Data, "This version of cpis cannot use a database server yet")
}

/// Opening may wait for the disk or for another program.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Fault::failed("The program has a fault: opening the database ended unexpectedly"))
}

fn cannot_be_used(place: &DatabasePlace, error: &StoreError) -> Fault {
    let mend = match error {
        StoreError::SchemaOlder { .. } => {
            "Stop the service first. A copy is put beside the database; --dry-run says what would be done."
        }
        StoreError::Corrupt(_) => "Put a backup back, or name another file.",
        _ => "",
    };
    Fault::new(Kind::Data, format!("The database {place} cannot be used: {error}")).mend(mend)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_is_told_from_a_file_and_its_password_is_never_taken_or_shown() {
        assert_eq!(DatabasePlace::server("/var/lib/cpis", None).unwrap(), None);
        let place =
            DatabasePlace::server("postgres://cpis@db.example:5433/cpis?sslmode=require", None).unwrap().unwrap();
        assert_eq!(place.to_string(), "postgres://db.example/cpis");
        for text in ["postgres://cpis:secret-word@db.example/cpis", "postgresql://db.example/cpis?password=secret-word"]
        {
            let fault = DatabasePlace::server(text, None).unwrap_err();
            assert!(fault.kind == Kind::Usage && !fault.to_string().contains("secret-word"), "{fault}");
        }
        let fault = DatabasePlace::server("postgres://cpis:secret-word@[", None).unwrap_err();
        assert!(!fault.to_string().contains("secret-word"), "{fault}");
        assert!(
            open_database(&place, How::Create, 1).await.err().unwrap().what.contains("cannot use a database server")
        );
    }
}
