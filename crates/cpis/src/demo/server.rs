//! The demo's own PostgreSQL server: made in its folder at the first start, stopped at its end.

use crate::cli::Database;
use crate::config::Postgres;
use crate::database::{DatabasePlace, migrate_database};
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::places::{Places, write_private};
use crate::say;
use cpis_testkit::postgres::{Cluster, DATABASE, OWNER, PASSWORD, SERVICE, is_installed};

/// A demo's server has few clients and much company.
const SETTINGS: &[&str] = &["shared_buffers = 64MB"];

/// Starts the server if the demo is to have one, and says in `places` how it is reached.
pub async fn start(places: &mut Places, database: Database) -> Result<Option<Cluster>> {
    let folder = places.data_dir.join("postgres");
    match (database, places.database.exists(), folder.exists()) {
        (Database::Embedded, _, false) => return Ok(None),
        (Database::Postgres, false, _) => {}
        (Database::Embedded, _, true) => return Err(other(places, "a PostgreSQL server, --database postgres")),
        (Database::Postgres, true, _) => return Err(other(places, "the embedded database")),
    }
    if !is_installed() {
        let what = "PostgreSQL's server is not installed on this machine";
        return Err(Fault::new(Kind::Data, what).mend("On Debian: apt-get install postgresql"));
    }
    let starting = tokio::spawn(async move { Cluster::kept(&folder, SETTINGS).await });
    let cluster = starting.await.map_err(|_| {
        let what = format!("The demo's PostgreSQL server in {} does not start", places.data_dir.display());
        Fault::new(Kind::Data, what).mend("Delete the folder, or choose another one with --data-dir.")
    })?;
    let password_file = places.data_dir.join("database-password");
    write_private(&password_file, PASSWORD.as_bytes(), true).or_fault(Kind::Data, "The file of the password")?;
    let address = |role: &str| format!("postgres://{role}@127.0.0.1:{}/{DATABASE}", cluster.port());
    let server = Postgres {
        address: address(SERVICE),
        password_file: Some(password_file.clone()),
        owner_address: Some(address(OWNER)),
        owner_password_file: Some(password_file),
        ..Postgres::default()
    };
    migrate_database(&DatabasePlace::Server(server.clone()), false).await?;
    say::line(format_args!("The database is a PostgreSQL server of the demo's own on port {}.", cluster.port()));
    places.postgres = Some(server);
    Ok(Some(cluster))
}

fn other(places: &Places, with: &str) -> Fault {
    let what = format!("The demo in {} was made with {with}", places.data_dir.display());
    Fault::new(Kind::Data, what).mend("Start it as it was made, or choose another folder with --data-dir.")
}

/// Stops the server.
pub async fn stop(cluster: Option<Cluster>) {
    if let Some(cluster) = cluster {
        // It waits for the server, which writes everything down.
        let _ = tokio::task::spawn_blocking(move || drop(cluster)).await;
    }
}
