//! The whole binary on sockets: a data directory, an issuer, a configuration, and a plain HTTP client.

use cpis_app::SystemEntropy;
use cpis_app::demographics::{LocalRegister, RegisterEntry};
use cpis_app::frame::{self, KeyOf, SALT_BYTES};
use cpis_app::mail::passwords::Passwords;
use cpis_app::people::Keys;
use cpis_app::ring::KeyRing;
use cpis_model::Timestamp;
use cpis_model::demographics::Demographics;
use cpis_model::entry::What;
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::{AuthorityCode, Contact};
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::register::Register;
use cpis_model::upload::{Header, Person, Record, SubjectKind, UploadedPlan};
use cpis_store::Store;
use cpis_store_sqlite::{Options, SqliteStore};
use cpis_testkit::issuer::{AUDIENCE, Issuer, SigningKey, people};
use serde_json::Value;
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The authority that uploads.
pub const AUTHORITY: &str = "702";
/// The site where clinicians look.
pub const SITE: &str = "RRV03";

/// The key that all mailboxes share.
pub const SHARED_KEY: &str = "a shared key for tests";
/// The password of each of them.
pub const MAILBOX_PASSWORD: &str = "a password";

/// The mailbox of an authority.
pub fn mailbox(code: AuthorityCode) -> String {
    format!("{code}OT001")
}

#[expect(clippy::disallowed_methods, reason = "the program under test takes the machine's time too")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

pub struct Installation {
    pub folder: tempfile::TempDir,
    pub address: SocketAddr,
    pub inside: SocketAddr,
    pub issuer: Issuer,
    pub register: Register,
    runtime: tokio::runtime::Runtime,
}

/// Free addresses, of which no two are the same.
pub fn free<const N: usize>() -> [SocketAddr; N] {
    let held = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap())
}

pub fn person(nine: u64, given: &str, family: &str) -> Person {
    Person {
        number: (nine..).find_map(NhsNumber::from_first_nine).unwrap(),
        local_id: Some(format!("LOCAL-{nine}")),
        name: PersonName::new(given, family),
        birth: "2017-04-04".parse().unwrap(),
    }
}

pub fn upload_file(sequence: u64, people: &[Person]) -> Vec<u8> {
    let dates = PlanDates { start: "2026-01-15".parse().unwrap(), end: None, delete: None };
    let records: Vec<Record> = people
        .iter()
        .enumerate()
        .map(|(n, person)| Record {
            position: n as u32 + 1,
            subject: SubjectKind::Child,
            person: person.clone(),
            plans: vec![UploadedPlan { kind: PlanKind::ChildProtection, dates }],
        })
        .collect();
    let header = Header {
        created: "20261122093000+0000".to_owned(),
        sequence,
        declared_records: records.len() as u64,
        authority: AUTHORITY.parse().unwrap(),
        name: "Camden".to_owned(),
        contact: Contact { emergency: "01632960001".parse().unwrap(), office: None },
    };
    cpis_format_hl7v3::encode_file(&header, &records)
}

impl Installation {
    /// A data directory whose local register knows some people, an issuer that runs, and a configuration.
    pub fn new(known: &[Person]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let issuer = runtime.block_on(async {
            let key = SigningKey::fresh("test-1", &mut rand::rng());
            Issuer::start(SocketAddr::from(([127, 0, 0, 1], 0)), vec![key], now).await.unwrap()
        });
        let [address, inside] = free();
        let installation = Self { folder, address, inside, issuer, register: Register::built_in(), runtime };
        installation.write(known);
        installation
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn write(&self, known: &[Person]) {
        std::fs::create_dir(self.data()).unwrap();
        let entropy = Arc::new(SystemEntropy::new().unwrap());
        let ring = Arc::new(KeyRing::generate("test.example/log", &*entropy).unwrap());
        std::fs::write(self.data().join("key-ring.toml"), ring.to_text().as_bytes()).unwrap();
        let store = Arc::new(SqliteStore::open(&self.data().join("cpis.db"), Options::default()).unwrap());
        let local = LocalRegister::new(store.clone(), Keys { ring, entropy });
        let entries: Vec<RegisterEntry> = known
            .iter()
            .map(|person| RegisterEntry {
                number: person.number,
                person: Some(Demographics {
                    name: person.name.clone(),
                    birth: person.birth,
                    restricted: false,
                    deceased: false,
                    sex: None,
                }),
                superseded_by: None,
            })
            .collect();
        self.runtime.block_on(async {
            local.put(&entries).await.unwrap();
            cpis_store::Store::close(&*store).await;
        });
        let mapping = format!(
            "issuer = \"{}\"\naudience = [\"{AUDIENCE}\"]\n\n[[client]]\nid = \"camden-system\"\norganisation = \"{AUTHORITY}\"\nauthority = true\n",
            self.issuer.url()
        );
        std::fs::write(self.folder.path().join("mapping.toml"), mapping).unwrap();
        let config = format!(
            "listen = \"{}\"\ninside_listen = \"{}\"\ndata_dir = \"data\"\ntest_numbers = true\n\n\
             [[issuer]]\nmapping = \"mapping.toml\"\n\n[logs]\nformat = \"human\"\nlevel = \"debug\"\n",
            self.address, self.inside
        );
        std::fs::write(self.config(), config).unwrap();
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("cpis.toml")
    }

    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Starts the service and waits until it is ready.
    pub fn start(&self) -> Child {
        self.start_node(&self.config(), self.inside)
    }

    /// Starts one node with a configuration of its own and waits until it is ready.
    pub fn start_node(&self, config: &Path, inside: SocketAddr) -> Child {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_cpis"))
            .args(["serve", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let began = Instant::now();
        loop {
            let ready = try_send(inside, "GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n".as_bytes());
            if ready.is_ok_and(|answer| answer.status == 200) {
                return child;
            }
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the service ended with {status}:\n{}", std::fs::read_to_string(self.log()).unwrap());
            }
            assert!(began.elapsed() < Duration::from_mins(1), "{}", std::fs::read_to_string(self.log()).unwrap());
            // tidy: sleeps because readiness is asked for again and again
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the service as an operator does, and waits.
    pub fn stop(&self, mut child: Child) {
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "{status}");
    }

    pub fn token(&self, claims: &Value) -> String {
        self.issuer.mint(claims)
    }

    pub fn clinician(&self) -> String {
        self.token(&people::clinician(&self.register, SITE, now()))
    }

    pub fn worker(&self) -> String {
        self.token(&people::authority_worker(AUTHORITY, "Camden", now()))
    }

    /// Runs a subcommand.
    pub fn run(&self, arguments: &[&str]) -> (bool, String) {
        let done = Command::new(env!("CARGO_BIN_EXE_cpis")).args(arguments).stdin(Stdio::null()).output().unwrap();
        let text = [done.stdout, done.stderr].concat();
        (done.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    /// Verifies the audit log with the checkpoints that were written outside the database.
    pub fn verify(&self) -> (bool, String) {
        let (data, checkpoints) = (self.data(), self.data().join("checkpoints"));
        let mut arguments = vec!["audit", "verify", "--data-dir", data.to_str().unwrap()];
        if checkpoints.exists() {
            arguments.extend(["--checkpoint", checkpoints.to_str().unwrap()]);
        }
        self.run(&arguments)
    }

    /// How often each trace stands in the journal.
    pub fn traces(&self) -> HashMap<String, u32> {
        self.open(async |store, keys| {
            let mut traces = HashMap::new();
            let mut people = HashMap::new();
            for stored in store.people_after(None, 10_000).await.unwrap() {
                // Of somebody who was erased nothing can be read.
                if stored.row.data_key.is_some() {
                    people.insert(stored.row.id, keys.person(&stored.row).unwrap());
                }
            }
            let mut index = 0;
            loop {
                let rows = store.journal_from(index, 1000).await.unwrap();
                let Some(last) = rows.last() else { return traces };
                index = last.place.first_index + u64::from(last.place.count);
                for row in rows {
                    for frame in frame::frames(row.body.as_deref().unwrap_or_default(), 0) {
                        let frame = frame.unwrap();
                        let KeyOf::Person(id) = frame.key else { continue };
                        let place = frame::place(row.group, frame.ordinal, frame.key);
                        let Some(key) = people.get(&id) else { continue };
                        let opened = key.open(&place, frame.sealed).unwrap();
                        let entry = cpis_app::codec::decode(&opened[SALT_BYTES..]).unwrap();
                        if let What::Look(look) = entry.what {
                            *traces.entry(look.trace.unwrap_or_default()).or_default() += 1;
                        }
                    }
                }
            }
        })
    }

    /// Offers mailboxes at an address, and gives these authorities theirs. The service must not run.
    pub fn offer_mailboxes(&self, authorities: &[AuthorityCode], address: SocketAddr) {
        std::fs::write(self.folder.path().join("shared-key"), SHARED_KEY).unwrap();
        let mut config = File::options().append(true).open(self.config()).unwrap();
        write!(config, "\n[mesh]\nlisten = \"{address}\"\nshared_key_file = \"shared-key\"\n").unwrap();
        drop(config);
        if authorities.is_empty() {
            return;
        }
        let names: HashMap<AuthorityCode, _> = self.register.authorities().into_iter().collect();
        let records: String = authorities
            .iter()
            .map(|code| {
                let record = serde_json::json!({
                    "version": 1, "kind": "authority", "code": code.to_string(), "name": *names[code],
                    "mailboxes": [mailbox(*code)],
                });
                format!("{record}\n")
            })
            .collect();
        let (table, data) = (self.folder.path().join("records.jsonl"), self.data());
        std::fs::write(&table, records).unwrap();
        let arguments = ["organisations", "import", "--kind", "records", "--why", "a test", "--data-dir"];
        let rest = [data.to_str().unwrap(), table.to_str().unwrap()];
        let (done, told) = self.run(&[&arguments[..], &rest[..]].concat());
        assert!(done, "{told}");
        self.open(async |store, keys| {
            let passwords = Passwords { store: &*store, keys: &keys };
            for code in authorities {
                passwords.set(&mailbox(*code), MAILBOX_PASSWORD, now()).await.unwrap();
            }
        });
    }

    /// Opens the stopped installation.
    pub fn open<T>(&self, work: impl AsyncFnOnce(Arc<SqliteStore>, Keys) -> T) -> T {
        let ring = KeyRing::parse(&std::fs::read_to_string(self.data().join("key-ring.toml")).unwrap()).unwrap();
        let keys = Keys { ring: Arc::new(ring), entropy: Arc::new(SystemEntropy::new().unwrap()) };
        self.runtime.block_on(async {
            let store = Arc::new(SqliteStore::open(&self.data().join("cpis.db"), Options::default()).unwrap());
            let answer = work(store.clone(), keys).await;
            cpis_store::Store::close(&*store).await;
            answer
        })
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends one request on its own connection.
pub fn try_send(address: SocketAddr, request: &[u8]) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(request)?;
    read_answer(&mut stream)
}

/// Reads one answer; an error where it does not come whole.
pub fn read_answer(stream: &mut TcpStream) -> std::io::Result<Answer> {
    let broken = || std::io::Error::other("the answer did not come whole");
    let mut bytes = Vec::new();
    let mut part = [0; 16 * 1024];
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        match stream.read(&mut part)? {
            0 => return Err(broken()),
            count => bytes.extend_from_slice(&part[..count]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |text| text.trim().parse().unwrap());
    while bytes.len() < head_end + length {
        match stream.read(&mut part)? {
            0 => return Err(broken()),
            count => bytes.extend_from_slice(&part[..count]),
        }
    }
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    Ok(Answer { status, head, body: bytes[head_end..head_end + length].to_vec() })
}

/// A request with headers and a body.
pub fn request(method: &str, path: &str, token: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {}\r\n", body.len());
    if !token.is_empty() {
        head.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

/// The usual question, with the number in the body.
pub fn question(token: &str, digits: &str, trace: &str) -> Vec<u8> {
    let body = format!("patient:identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C{digits}");
    let form = [("content-type", "application/x-www-form-urlencoded"), ("TraceID", trace)];
    request("POST", "/cpis/FHIR/R4/CareTeam/_search", token, &form, body.as_bytes())
}
