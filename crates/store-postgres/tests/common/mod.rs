//! Databases of the shared cluster.
#![allow(dead_code, clippy::print_stdout, reason = "each test program uses its part; the seed is printed")]

pub mod samples;

use cpis_store_postgres::{Options, migrate};
use cpis_testkit::postgres::{Cluster, Database};

/// The key of the template: the text of the schema.
pub const SCHEMA: &str = concat!(include_str!("../../src/001.sql"), include_str!("../../src/002.sql"));

/// Options for a test.
pub fn options(url: &str) -> Options {
    Options { address: url.to_owned(), connections: 4, ..Options::default() }
}

/// A fresh database with the schema.
pub async fn database() -> Database {
    database_of(Cluster::shared().await).await
}

/// A fresh database with the schema in a cluster.
pub async fn database_of(cluster: &Cluster) -> Database {
    cluster.database(SCHEMA, async |url: String| drop(migrate(&options(&url), false).await.unwrap())).await
}

/// A connection of the superuser.
pub async fn admin(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
