//! Three nodes over one PostgreSQL server: what one takes another lists, and neither a killed node nor a killed server loses or
//! doubles an answered look or gives a wrong answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::pedantic,
    reason = "a panic is how a test fails"
)]

mod installation;

use cpis_model::upload::Person;
use cpis_testkit::postgres::{Cluster, OWNER, PASSWORD, SERVICE};
use installation::{Installation, free, person, question, read_answer, request, try_send, upload_file};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const NODES: usize = 3;
const PEOPLE: u64 = 20;
/// Kills of each kind; `CPIS_KILLS` says otherwise for a long run.
const KILLS: usize = 3;
/// Answers between two faults.
const ANSWERS: usize = 60;

struct Node {
    config: PathBuf,
    address: SocketAddr,
    inside: SocketAddr,
}

struct Nodes {
    installation: Arc<Installation>,
    nodes: Vec<Node>,
    cluster: Cluster,
    owner: String,
    runtime: tokio::runtime::Runtime,
}

impl Nodes {
    /// An installation whose database was moved to a server, and the configurations of its nodes.
    fn new(people: &[Person]) -> Self {
        let installation = Arc::new(Installation::new(people));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let folder = installation.folder.path().to_owned();
        let cluster = runtime.block_on(Cluster::start(&folder.join("server"), &["shared_buffers = 64MB"]));
        let (client, connection) = runtime
            .block_on(tokio_postgres::connect(&cluster.superuser_url("postgres"), tokio_postgres::NoTls))
            .unwrap();
        runtime.spawn(connection);
        runtime.block_on(client.batch_execute(&format!("CREATE DATABASE cpis OWNER {OWNER}"))).unwrap();
        let address = |role: &str| format!("postgres://{role}@127.0.0.1:{}/cpis", cluster.port());
        let (owner, service) = (address(OWNER), address(SERVICE));
        std::fs::write(folder.join("password"), PASSWORD).unwrap();
        let nodes = (0..NODES)
            .map(|number| {
                let data = folder.join(format!("node-{number}"));
                std::fs::create_dir(&data).unwrap();
                std::fs::copy(installation.data().join("key-ring.toml"), data.join("key-ring.toml")).unwrap();
                let (listen, inside) = (free(), free());
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
        Self { installation, nodes, cluster, owner, runtime }
    }

    fn run(&self, arguments: &[&str]) -> String {
        let (done, told) = self.installation.run(arguments);
        assert!(done, "{arguments:?}: {told}");
        told
    }

    /// Verifies the audit log, once a node that was killed while it led is forgotten.
    fn verify(&self, node: &Node) -> String {
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

    fn password(&self) -> String {
        self.installation.folder.path().join("password").to_str().unwrap().to_owned()
    }

    fn start(&self, node: usize) -> Child {
        self.installation.start_node(&self.nodes[node].config, self.nodes[node].inside)
    }

    fn upload(&self, node: usize, sequence: u64, people: &[Person]) -> String {
        let headers = [("content-type", "application/xml"), ("accept", "application/json")];
        let file = upload_file(sequence, people);
        let sent = request("POST", "/authority/v1/uploads", &self.installation.worker(), &headers, &file);
        try_send(self.nodes[node].address, &sent).unwrap().text()
    }
}

/// Asks one node again and again until it is told to stop. What is not a flag is 503, or no answer.
fn ask(
    address: SocketAddr,
    token: &str,
    answered: &Mutex<Vec<String>>,
    stop: &AtomicBool,
    numbers: &[String],
    name: &str,
) {
    let mut count = 0usize;
    while !stop.load(Ordering::SeqCst) {
        let Ok(mut stream) = TcpStream::connect(address) else {
            std::thread::yield_now();
            continue;
        };
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        while !stop.load(Ordering::SeqCst) {
            count += 1;
            let trace = format!("{name}-{count}");
            if stream.write_all(&question(token, &numbers[count % numbers.len()], &trace)).is_err() {
                break;
            }
            match read_answer(&mut stream) {
                Ok(answer) if answer.status == 200 => {
                    assert!(answer.text().contains("\"total\":1"), "no flag: {}", answer.text());
                    answered.lock().unwrap().push(trace);
                }
                Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
                Err(_) => break,
            }
        }
    }
}

#[test]
fn what_one_node_takes_another_lists_and_a_dead_one_is_not_missed() {
    let people: Vec<Person> = (0..PEOPLE).map(|n| person(999_000_001 + n * 100, "Robin", "Testcase")).collect();
    let nodes = Nodes::new(&people);
    let data = nodes.installation.data();
    let told = nodes.run(&[
        "copy",
        "--from",
        data.to_str().unwrap(),
        "--to",
        &nodes.owner,
        "--to-password-file",
        &nodes.password(),
    ]);
    assert!(told.contains("Every row was compared"), "{told}");
    let mut services: Vec<Child> = (0..NODES).map(|node| nodes.start(node)).collect();
    assert!(nodes.upload(0, 1, &people).contains("CPF02"));

    // A look on one node is in the list of another within a second.
    let (token, number) = (nodes.installation.clinician(), people[0].number.digits().to_owned());
    let began = Instant::now();
    assert_eq!(try_send(nodes.nodes[0].address, &question(&token, &number, "first")).unwrap().status, 200);
    let body = format!("patient:identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C{number}");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let list = request("POST", "/cpis/FHIR/R4/AuditEvent/_search", &token, &form, body.as_bytes());
    let listed = try_send(nodes.nodes[1].address, &list).unwrap();
    assert!(listed.status == 200 && listed.text().contains("\"total\":1"), "{}", listed.text());
    assert!(began.elapsed() < Duration::from_secs(30));
    // A file that one node took is answered by another as it was.
    assert_eq!(nodes.upload(2, 1, &people), nodes.upload(0, 1, &people));
    let told = nodes.installation.run(&["audit", "verify", "--config", nodes.nodes[0].config.to_str().unwrap()]);
    assert!(!told.0 && told.1.contains("in use by another process"), "{}", told.1);

    let answered = Arc::new(Mutex::new(Vec::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let numbers: Arc<Vec<String>> = Arc::new(people.iter().map(|person| person.number.digits().to_owned()).collect());
    let clients: Vec<_> = (0..NODES)
        .map(|node| {
            let (address, token) = (nodes.nodes[node].address, token.clone());
            let (answered, stop, numbers) = (answered.clone(), stop.clone(), numbers.clone());
            std::thread::spawn(move || ask(address, &token, &answered, &stop, &numbers, &format!("trace-{node}")))
        })
        .collect();
    let kills = std::env::var("CPIS_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    // After each fault the service goes on without hands.
    let go_on = || {
        let (began, before) = (Instant::now(), answered.lock().unwrap().len());
        while answered.lock().unwrap().len() < before + ANSWERS {
            assert!(began.elapsed() < Duration::from_secs(60), "no answers any more");
            std::thread::yield_now();
        }
    };
    for round in 0..kills {
        go_on();
        let node = round % NODES;
        services[node].kill().unwrap();
        services[node].wait().unwrap();
        services[node] = nodes.start(node);
        go_on();
        nodes.cluster.kill_postmaster();
        nodes.cluster.restart();
        go_on();
        let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'cpis_service' LIMIT 1";
        nodes.runtime.block_on(async {
            let url = nodes.cluster.superuser_url("postgres");
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(ended).await.unwrap();
        });
    }
    go_on();
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.join().unwrap();
    }
    for service in services {
        Command::new("kill").args(["-TERM", &service.id().to_string()]).status().unwrap();
        let mut service = service;
        assert!(service.wait().unwrap().success());
    }
    for node in &nodes.nodes {
        let told = nodes.verify(node);
        assert!(told.contains("No fault"), "{told}");
    }
    // Back to a file, whose journal is read.
    std::fs::rename(data.join("cpis.db"), data.join("before.db")).unwrap();
    let _ = std::fs::remove_file(data.join("cpis.db-wal"));
    let _ = std::fs::remove_file(data.join("cpis.db-shm"));
    let to = data.join("cpis.db");
    nodes.run(&[
        "copy",
        "--from",
        &nodes.owner,
        "--from-password-file",
        &nodes.password(),
        "--to",
        to.to_str().unwrap(),
    ]);
    let journal = nodes.installation.traces();
    let answered = answered.lock().unwrap();
    let lost = answered.iter().filter(|trace| !journal.contains_key(*trace)).count();
    let doubled = journal.values().filter(|count| **count > 1).count();
    assert_eq!((lost, doubled), (0, 0), "of {} answered looks", answered.len());
    let (clean, report) = nodes.installation.verify();
    assert!(clean, "{report}");
}
