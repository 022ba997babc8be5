//! The contract suite on SQLite.
#![allow(clippy::unwrap_used, reason = "test support: a panic is how a test fails")]

use async_trait::async_trait;
use cpis_store::contract::{Backend, TablesBackend};
use cpis_store::fault::{Fault, Faults};
use cpis_store::{Database, Store};
use cpis_store_sqlite::{Options, SqliteStore};
use std::sync::{Arc, Mutex};

struct Sqlite {
    folder: tempfile::TempDir,
    faults: Faults,
    open: Mutex<Option<Arc<SqliteStore>>>,
}

impl Sqlite {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), faults: Faults::default(), open: Mutex::default() }
    }
}

#[async_trait]
impl Backend for Sqlite {
    async fn open(&self) -> Arc<dyn Store> {
        let earlier = self.open.lock().unwrap().take();
        if let Some(earlier) = earlier {
            self.faults.arm(1, Fault::Kill);
            earlier.ping().await.unwrap_err();
            self.faults.disarm();
        }
        let options = Options { faults: self.faults.clone(), readers: 2, ..Options::default() };
        let store = Arc::new(SqliteStore::open(&self.folder.path().join("cpis.sqlite"), options).unwrap());
        *self.open.lock().unwrap() = Some(Arc::clone(&store));
        store
    }

    fn faults(&self) -> Faults {
        self.faults.clone()
    }
}

#[async_trait]
impl TablesBackend for Sqlite {
    async fn open(&self) -> Arc<dyn Database> {
        Arc::new(SqliteStore::open(&self.folder.path().join("cpis.sqlite"), Options::default()).unwrap())
    }
}

cpis_store::contract_tests!(Sqlite::new());

mod as_tables {
    use super::Sqlite;

    cpis_store::tables_contract_tests!(Sqlite::new());
}
