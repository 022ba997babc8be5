//! A database for each test, from a template that is made once.

use super::{Cluster, OWNER, SERVICE};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::{Client, NoTls};

/// A database, dropped with this.
#[derive(Debug)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Its address for the role that owns it.
    pub url: String,
    /// Its address for the service's role.
    pub service_url: String,
    superuser: String,
}

pub(super) async fn try_connect(url: &str) -> Option<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.ok()?;
    tokio::spawn(connection);
    Some(client)
}

pub(super) async fn connect(url: &str) -> Client {
    try_connect(url).await.expect("a connection to the server of the tests")
}

impl Cluster {
    /// An empty database.
    pub async fn empty_database(&self) -> Database {
        self.create("template1").await
    }

    /// A database like the one that `prepare` makes of an empty one, given the owner's address. It is made once for each `key`,
    /// such as the text of the schema.
    pub async fn database(&self, key: &str, prepare: impl AsyncFnOnce(String)) -> Database {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let template = format!("like_{:016x}", hasher.finish());
        let admin = connect(&self.superuser_url("postgres")).await;
        // Held until this connection ends: others wait for the template.
        admin.batch_execute("SELECT pg_advisory_lock(1, 1)").await.expect("a lock");
        let there =
            admin.query_opt("SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate", &[&template]).await;
        if there.expect("databases").is_none() {
            admin.batch_execute(&format!("DROP DATABASE IF EXISTS {template}")).await.expect("no template by half");
            admin.batch_execute(&format!("CREATE DATABASE {template} OWNER {OWNER}")).await.expect("a template");
            prepare(self.url(OWNER, &template)).await;
            let done = format!("ALTER DATABASE {template} IS_TEMPLATE true ALLOW_CONNECTIONS false");
            admin.batch_execute(&done).await.expect("a template");
        }
        self.create(&template).await
    }

    async fn create(&self, template: &str) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let superuser = self.superuser_url("postgres");
        let admin = connect(&superuser).await;
        // One left by an earlier process with our number.
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.expect("no such database");
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}");
        admin.batch_execute(&create).await.expect("a database");
        Database { url: self.url(OWNER, &name), service_url: self.url(SERVICE, &name), name, superuser }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (superuser, name) = (self.superuser.clone(), self.name.clone());
        // A drop cannot wait in the test's own runtime.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                if let Some(client) = try_connect(&superuser).await {
                    let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
                }
            });
        });
        let _ = dropping.join();
    }
}
