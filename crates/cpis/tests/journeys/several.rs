//! Several nodes over one PostgreSQL server of their own.

use crate::installation::{Installation, free, person, request, try_send, upload_file};
use cpis_model::upload::Person;
use cpis_testkit::postgres::{Cluster, OWNER, PASSWORD, SERVICE};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const NODES: usize = 3;

pub struct Node {
    pub config: PathBuf,
    pub address: SocketAddr,
    pub inside: SocketAddr,
}

pub struct Nodes {
    pub installation: Arc<Installation>,
    pub nodes: Vec<Node>,
    pub cluster: Cluster,
    pub owner: String,
    pub runtime: tokio::runtime::Runtime,
}

impl Nodes {
    /// An installation whose database was moved to a server, and the configurations of its nodes.
    pub fn new(people: &[Person]) -> Self {
        let installation = Arc::new(Installation::new(people));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let folder = installation.folder.path().to_owned();
        let cluster = runtime.block_on(Cluster::start(&folder.join("server"), &["shared_buffers = 64MB"]));
        let address = |role: &str| format!("postgres://{role}@127.0.0.1:{}/cpis", cluster.port());
        let (owner, service) = (address(OWNER), address(SERVICE));
        std::fs::write(folder.join("password"), PASSWORD).unwrap();
        let free: [SocketAddr; 2 * NODES] = free();
        let nodes = free
            .chunks(2)
            .enumerate()
            .map(|(number, doors)| {
                let data = folder.join(format!("node-{number}"));
                std::fs::create_dir(&data).unwrap();
                std::fs::copy(installation.data().join("key-ring.toml"), data.join("key-ring.toml")).unwrap();
                let (listen, inside) = (doors[0], doors[1]);
                let config = folder.join(format!("node-{number}.toml"));
                let text = format!(
                    "listen = \"{listen}\"\ninside_listen = \"{inside}\"\ndata_dir = \"node-{number}\"\ntest_numbers = true\n\n\
                     [postgres]\naddress = \"{service}\"\npassword_file = \"password\"\nowner_address = \"{owner}\"\n\
                     owner_password_file = \"password\"\n\n[[issuer]]\nmapping = \"mapping.toml\"\n\n\
                     [logs]\nformat = \"human\"\nlevel = \"info\"\n"
                );
                std::fs::write(&config, text).unwrap();
                Node { config, address: listen, inside }
            })
            .collect();
        let made = Self { installation, nodes, cluster, owner, runtime };
        made.sql("postgres", &format!("CREATE DATABASE cpis OWNER {OWNER}"));
        made
    }

    pub fn run(&self, arguments: &[&str]) -> String {
        let (done, told) = self.installation.run(arguments);
        assert!(done, "{arguments:?}: {told}");
        told
    }

    /// Verifies the audit log, once a node that was killed while it led is forgotten.
    pub fn verify(&self, node: &Node) -> String {
        let began = Instant::now();
        loop {
            let (done, told) = self.installation.run(&["audit", "verify", "--config", node.config.to_str().unwrap()]);
            if !told.contains("A node of the service works on the database") {
                assert!(done, "{told}");
                return told;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{told}");
        }
    }

    pub fn password(&self) -> String {
        self.installation.folder.path().join("password").to_str().unwrap().to_owned()
    }

    pub fn start(&self, node: usize) -> Child {
        self.installation.start_node(&self.nodes[node].config, self.nodes[node].inside)
    }

    pub fn upload(&self, node: usize, sequence: u64, people: &[Person]) -> String {
        let headers = [("content-type", "application/xml"), ("accept", "application/json")];
        let file = upload_file(sequence, people);
        let sent = request("POST", "/authority/v1/uploads", &self.installation.worker(), &headers, &file);
        try_send(self.nodes[node].address, &sent).unwrap().text()
    }

    /// Moves the installation's file to the server.
    pub fn fill(&self) {
        let data = self.installation.data();
        let (from, password) = (data.to_str().unwrap(), self.password());
        let told = self.run(&["copy", "--from", from, "--to", &self.owner, "--to-password-file", &password]);
        assert!(told.contains("Every row was compared"), "{told}");
    }

    /// Ends a node as an operator does, and waits.
    pub fn stop(&self, child: Child) {
        self.installation.stop(child);
    }

    /// Adds a line to the configuration of every node.
    pub fn configure(&self, line: &str) {
        for node in &self.nodes {
            let text = std::fs::read_to_string(&node.config).unwrap();
            std::fs::write(&node.config, format!("{line}\n{text}")).unwrap();
        }
    }

    /// Runs statements as the superuser.
    pub fn sql(&self, database: &str, text: &str) {
        self.runtime.block_on(async {
            let url = self.cluster.superuser_url(database);
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(text).await.unwrap();
        });
    }

    /// With all nodes ended: how often each trace stands in the journal, which is moved back to a file for that.
    pub fn traces(&self) -> HashMap<String, u32> {
        let data = self.installation.data();
        std::fs::rename(data.join("cpis.db"), data.join("before.db")).unwrap();
        let _ = std::fs::remove_file(data.join("cpis.db-wal"));
        let _ = std::fs::remove_file(data.join("cpis.db-shm"));
        let (to, password) = (data.join("cpis.db"), self.password());
        let to = to.to_str().unwrap();
        self.run(&["copy", "--from", &self.owner, "--from-password-file", &password, "--to", to]);
        self.installation.traces()
    }
}

/// People of the test range.
pub fn people(count: u64) -> Vec<Person> {
    (0..count).map(|n| person(999_000_001 + n * 100, "Robin", "Testcase")).collect()
}
