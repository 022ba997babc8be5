//! A database of every schema that was ever released is brought to the present one, with all its rows.
#![allow(clippy::unwrap_used, reason = "test support: a panic is how a test fails")]

mod common;

use common::{admin, options};
use cpis_store::contract::windows;
use cpis_store::tables::{TABLES, Tables as _, described, table};
use cpis_store::{Mail as _, Store, StoreError};
use cpis_store_postgres::{PgStore, migrate};
use cpis_testkit::postgres::{Cluster, Database};
use tokio_postgres::Client;

/// What `migrate` puts before the first schema.
const FIRST: &str = "CREATE SCHEMA cpis; SET search_path = cpis; CREATE TABLE schema_version (version bigint PRIMARY KEY, \
     serves bigint NOT NULL, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp());";

/// Schemas that were released, each with whom it serves, the steps that make it, and rows as its last program left them.
const RELEASED: [(u32, u32, &[&str], &str); 3] = [
    (1, 1, &[include_str!("../src/001.sql")], include_str!("schemas/001.sql")),
    (2, 1, &[include_str!("../src/001.sql"), include_str!("../src/002.sql")], include_str!("schemas/002.sql")),
    (
        3,
        1,
        &[include_str!("../src/001.sql"), include_str!("../src/002.sql"), include_str!("../src/003.sql")],
        include_str!("schemas/003.sql"),
    ),
];

/// The columns that each table has, as one expression of SQL.
async fn shape(admin: &Client) -> Vec<(&'static str, String)> {
    let mut shape = Vec::new();
    for table in TABLES {
        let sql = "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) FROM information_schema.columns \
                   WHERE table_schema = 'cpis' AND table_name = $1";
        let columns: Option<String> = admin.query_one(sql, &[&table.name]).await.unwrap().get(0);
        shape.extend(columns.map(|columns| (table.name, columns)));
    }
    shape
}

async fn rows(admin: &Client, shape: &[(&'static str, String)]) -> Vec<String> {
    let mut all = Vec::new();
    for (table, columns) in shape {
        let sql = format!("SELECT ROW({columns})::text FROM cpis.{table} ORDER BY 1");
        let found = admin.query(&sql, &[]).await.unwrap();
        all.extend(found.iter().map(|row| format!("{table} {}", row.get::<_, &str>(0))));
    }
    all
}

async fn database_of(serves: u32, steps: &[&str], filled: &str) -> (Database, Client) {
    let database = Cluster::shared().await.empty_database().await;
    let admin = admin(&database.url).await;
    admin.batch_execute(FIRST).await.unwrap();
    for (step, of) in steps.iter().zip(1..) {
        let service = format!("\"{}\"", options(&database.url).service_role);
        admin.batch_execute(&step.replace("@schema@", "\"cpis\"").replace("@service@", &service)).await.unwrap();
        let noted = format!("INSERT INTO schema_version (version, serves, name) VALUES ({of}, {serves}, 'a step')");
        admin.batch_execute(&noted).await.unwrap();
    }
    admin.batch_execute(filled).await.unwrap();
    (database, admin)
}

#[tokio::test]
async fn every_released_schema_is_upgraded_with_all_its_rows() {
    for (version, serves, steps, filled) in RELEASED {
        let (database, admin) = database_of(serves, steps, filled).await;
        let options = options(&database.url);
        let then = shape(&admin).await;
        let before = rows(&admin, &then).await;
        for (table, _) in &then {
            assert!(before.iter().any(|row| row.starts_with(&format!("{table} "))), "rows in {table}");
        }
        let older = PgStore::open(options.clone()).await.err();
        assert!(matches!(older, Some(StoreError::SchemaOlder { found, .. }) if found == version), "{older:?}");

        let planned = migrate(&options, true).await.unwrap();
        assert_eq!(migrate(&options, false).await.unwrap(), planned);
        assert_eq!((planned.from, planned.steps.len()), (version, (planned.to - version) as usize));
        assert_eq!(rows(&admin, &then).await, before);
        let store = PgStore::open(options.clone()).await.unwrap();
        assert_eq!(store.described().await.unwrap(), described());
        assert_eq!(
            store.highest(table("notice").unwrap()).await.unwrap(),
            0,
            "the numbers of these rows were put in by hand"
        );
        store.close().await;
        // The service's role may use what is new.
        let service = PgStore::open(common::options(&database.service_url)).await.unwrap();
        let organisations = service.organisations_after(0, 10).await.unwrap().len();
        assert_eq!(organisations, usize::from(version > 1), "the table came with the second schema");
        assert_eq!(service.mail("none".to_owned()).await.unwrap(), None);
        service.close().await;
    }
}

#[tokio::test]
async fn open_windows_are_taken_into_the_looks() {
    let (_, serves, steps, filled) = RELEASED[2];
    let (database, admin) = database_of(serves, steps, filled).await;
    admin.batch_execute(&windows::notices(|hex| format!("'\\x{hex}'"))).await.unwrap();
    let options = options(&database.url);
    // The program of that schema would not know what to write.
    admin.batch_execute("INSERT INTO lease (name, holder, until) VALUES ('worker', 1, 'infinity')").await.unwrap();
    let refused = migrate(&options, false).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("stop every node")), "{refused:?}");
    admin.batch_execute("DELETE FROM lease").await.unwrap();
    migrate(&options, false).await.unwrap();
    let store = PgStore::open(options).await.unwrap();
    assert_eq!(windows::followed(&store).await, windows::expected());
    store.close().await;
}
