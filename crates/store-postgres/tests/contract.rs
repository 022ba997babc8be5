//! The contract suite on PostgreSQL.
#![allow(clippy::unwrap_used, reason = "test support: a panic is how a test fails")]

mod common;

use async_trait::async_trait;
use common::{database, options};
use cpis_store::Store;
use cpis_store::contract::{Backend, TablesBackend};
use cpis_store::fault::{Fault, Faults};
use cpis_store_postgres::{Options, PgStore};
use cpis_testkit::postgres::Database;
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell};

struct Postgres {
    database: OnceCell<Database>,
    faults: Faults,
    open: Mutex<Option<Arc<PgStore>>>,
}

impl Postgres {
    fn new() -> Self {
        Self { database: OnceCell::new(), faults: Faults::default(), open: Mutex::default() }
    }
}

#[async_trait]
impl Backend for Postgres {
    async fn open(&self) -> Arc<dyn Store> {
        let mut open = self.open.lock().await;
        if let Some(earlier) = open.take() {
            self.faults.arm(1, Fault::Kill);
            earlier.ping().await.unwrap_err();
            self.faults.disarm();
        }
        let database = self.database.get_or_init(database).await;
        let options = Options { faults: self.faults.clone(), ..options(&database.service_url) };
        let store = Arc::new(PgStore::open(options).await.unwrap());
        *open = Some(Arc::clone(&store));
        store
    }

    fn faults(&self) -> Faults {
        self.faults.clone()
    }
}

cpis_store::contract_tests!(Postgres::new());

/// As the role that owns the tables.
struct Owner(OnceCell<Database>);

#[async_trait]
impl TablesBackend for Owner {
    async fn open(&self) -> Arc<dyn cpis_store::Database> {
        let database = self.0.get_or_init(database).await;
        Arc::new(PgStore::open(options(&database.url)).await.unwrap())
    }
}

cpis_store::tables_contract_tests!(Owner(OnceCell::new()));
