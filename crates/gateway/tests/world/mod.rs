//! A hospital in a test: a gateway with its file in a folder that vanishes, a national service and a PAS that do as they are told, a clock
//! that stands until it is moved.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::pedantic,
    clippy::panic,
    clippy::too_many_arguments,
    missing_docs,
    reason = "tests"
)]

use async_trait::async_trait;
use cpis_app::{Clock, SystemEntropy};
use cpis_format_hl7v2::alert::{Route, Shape, Wording};
use cpis_format_hl7v2::mllp::{Decoder, Event, frame};
use cpis_format_hl7v2::{Profile, ack};
use cpis_gateway::answering::TargetSettings;
use cpis_gateway::asking::Pace;
use cpis_gateway::feed::{FeedSettings, Limits};
use cpis_gateway::finding::{Finder, Found, Sought};
use cpis_gateway::gateway::PageSettings;
use cpis_gateway::national::{Ask, National, Told};
use cpis_gateway::store::Keep;
use cpis_gateway::{FeedRules, Gateway, Parts, Rules, Store, Target, Vault};
use cpis_model::{Date, Timestamp};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub const NOW: &str = "2026-03-14T18:32:06Z";
/// Nothing in a test may take longer.
pub const PATIENCE: Duration = Duration::from_secs(60);
pub const PROFILE: &str = "test_numbers = true\nsite = \"RR813\"\n";

/// A folder in memory where the machine has one: what is tested is no disk.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// A clock that is moved by hand.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn at(text: &str) -> Arc<Self> {
        let at: Timestamp = text.parse().unwrap();
        Arc::new(Self(AtomicI64::new(at.as_millisecond())))
    }

    pub fn set(&self, text: &str) {
        let at: Timestamp = text.parse().unwrap();
        self.0.store(at.as_millisecond(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// One question as the national service got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    pub event: String,
    pub number: String,
    pub birth: Option<Date>,
    pub site: String,
    pub silent: bool,
}

/// A national service that knows some numbers.
#[derive(Default)]
pub struct FakeNational {
    /// Numbers with a record, and the date of birth that it has.
    pub records: Mutex<BTreeMap<String, Option<Date>>>,
    pub away: Mutex<Option<Told>>,
    pub special: Mutex<BTreeMap<String, Told>>,
    pub got: watch::Sender<Vec<Got>>,
}

#[async_trait]
impl National for FakeNational {
    async fn ask(&self, ask: &Ask) -> Told {
        let away = *self.away.lock().unwrap();
        let got = Got {
            event: ask.event.to_string(),
            number: ask.number.digits().to_owned(),
            birth: ask.birth,
            site: ask.site.clone(),
            silent: ask.silent,
        };
        let special = self.special.lock().unwrap().get(&got.number).copied();
        let told = away.or(special).unwrap_or_else(|| match self.records.lock().unwrap().get(&got.number) {
            None => Told::NoRecord,
            Some(Some(birth)) if ask.birth.is_some_and(|said| said != *birth) => Told::Mismatch,
            Some(_) => Told::Record,
        });
        self.got.send_modify(|all| all.push(got));
        told
    }
}

impl FakeNational {
    pub fn knows(&self, number: &str, birth: &str) {
        self.records.lock().unwrap().insert(number.to_owned(), Some(birth.parse().unwrap()));
    }

    pub fn forgets(&self, number: &str) {
        self.records.lock().unwrap().remove(number);
    }

    pub fn is_away(&self, told: Option<Told>) {
        *self.away.lock().unwrap() = told;
    }

    /// What is answered about a number, whatever is known of it.
    pub fn answers(&self, number: &str, told: Told) {
        self.special.lock().unwrap().insert(number.to_owned(), told);
    }

    pub fn asked(&self) -> Vec<Got> {
        self.got.borrow().clone()
    }

    pub async fn wait_asked(&self, count: usize) -> Vec<Got> {
        let mut got = self.got.subscribe();
        let found = tokio::time::timeout(PATIENCE, got.wait_for(|all| all.len() >= count)).await;
        found.unwrap_or_else(|_| panic!("{} of {count} questions", self.asked().len())).unwrap().clone()
    }
}

/// A demographics service that knows people by family name.
#[derive(Default)]
pub struct People {
    pub known: Mutex<BTreeMap<String, Found>>,
    pub asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Finder for People {
    async fn find(&self, sought: &Sought) -> Found {
        self.asked.lock().unwrap().push(sought.name.family.clone());
        self.known.lock().unwrap().get(&sought.name.family).copied().unwrap_or(Found::Nobody)
    }
}

/// A PAS that takes flags and answers as told.
pub struct Pas {
    pub address: SocketAddr,
    pub got: watch::Sender<Vec<String>>,
    pub answer: Arc<Mutex<&'static str>>,
}

impl Pas {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = watch::Sender::new(Vec::new());
        let answer = Arc::new(Mutex::new("AA"));
        let (told, code) = (got.clone(), Arc::clone(&answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (told, code) = (told.clone(), Arc::clone(&code));
                tokio::spawn(async move {
                    let mut decoder = Decoder::new();
                    let mut bytes = [0; 4096];
                    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                        decoder.push(&bytes[..count]);
                        for event in decoder.by_ref() {
                            let Event::Message(message) = event else { continue };
                            let text = String::from_utf8(message).unwrap();
                            let id = text.split('|').nth(9).unwrap().to_owned();
                            let code = *code.lock().unwrap();
                            told.send_modify(|all| all.push(text));
                            let answer = format!("MSH|^~\\&|PAS|RR8|CPGW|RR8|1||ACK|P{id}|P|2.4\rMSA|{code}|{id}\r");
                            let _ = stream.write_all(&frame(answer.as_bytes())).await;
                        }
                    }
                });
            }
        });
        Self { address, got, answer }
    }

    pub fn answers(&self, code: &'static str) {
        *self.answer.lock().unwrap() = code;
    }

    pub async fn wait(&self, count: usize) -> Vec<String> {
        let mut got = self.got.subscribe();
        let found = tokio::time::timeout(PATIENCE, got.wait_for(|all| all.len() >= count)).await;
        found.unwrap_or_else(|_| panic!("{} of {count} messages to the PAS", self.got.borrow().len())).unwrap().clone()
    }
}

/// What a message to the PAS says: `shown` or `withdrawn`, local number and visit.
pub fn said(message: &str) -> (&'static str, String, String) {
    let segment = |name: &str| {
        let found = message.split('\r').find(|segment| segment.starts_with(name)).unwrap();
        found.split('|').map(str::to_owned).collect::<Vec<_>>()
    };
    let what = if segment("OBX")[11] == "D" { "withdrawn" } else { "shown" };
    let part = |text: &str| text.split(['^', '~']).next().unwrap().to_owned();
    (what, part(&segment("PID")[3]), part(&segment("PV1")[19]))
}

/// A sender.
pub struct Sender {
    pub stream: TcpStream,
    decoder: Decoder,
}

impl Sender {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    pub fn over(stream: TcpStream) -> Self {
        Self { stream, decoder: Decoder::new() }
    }

    pub async fn write(&mut self, message: &str) {
        self.stream.write_all(&frame(message.as_bytes())).await.unwrap();
    }

    /// The next answer; none once the other side closed.
    pub async fn read(&mut self) -> Option<String> {
        let mut bytes = [0; 4096];
        loop {
            if let Some(Event::Message(message)) = self.decoder.next() {
                return Some(String::from_utf8(message).unwrap());
            }
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut bytes)).await.expect("an answer");
            match read {
                Ok(count @ 1..) => self.decoder.push(&bytes[..count]),
                _ => return None,
            }
        }
    }

    /// Sends and gives MSA-1 and MSA-2.
    pub async fn send(&mut self, message: &str) -> (String, String) {
        self.write(message).await;
        let answer = self.read().await.expect("an answer");
        let read = ack::read(answer.as_bytes()).unwrap();
        (read.code.unwrap().as_str().to_owned(), read.control_id)
    }

    pub async fn accepted(&mut self, message: &str) {
        let (code, _) = self.send(message).await;
        assert_eq!(code, "AA", "{message}");
    }
}

pub struct World {
    pub folder: tempfile::TempDir,
    pub key: String,
    pub clock: Arc<HandClock>,
    pub national: Arc<FakeNational>,
    pub pas: Pas,
    pub store: Store,
    pub gateway: Gateway,
    pub mllp: SocketAddr,
    pub page: SocketAddr,
    pub profile: String,
    pub finder: Arc<People>,
}

fn rules(profile: &str) -> Rules {
    let target = Target {
        name: "pas".to_owned(),
        shape: Shape::A08,
        route: Route {
            application: "CPGW".to_owned(),
            facility: "RR8".to_owned(),
            to_application: "PAS".to_owned(),
            to_facility: "RR8".to_owned(),
            processing_id: "P".to_owned(),
        },
        wording: Wording::default(),
        present_late: "Present, found late, see viewer".to_owned(),
    };
    let feed = FeedRules { profile: Profile::from_toml(profile).unwrap(), target: Some(target) };
    let late = cpis_gateway::rules::Rules::LATE;
    let hours = |hours| Some(SignedDuration::from_hours(hours));
    Rules { feeds: BTreeMap::from([("pas".to_owned(), feed)]), late, look_again: hours(24), remember: hours(12) }
}

impl World {
    pub async fn new() -> Self {
        Self::with(PROFILE, Limits::default()).await
    }

    pub async fn with(profile: &str, limits: Limits) -> Self {
        let folder = folder();
        let key = Vault::new_text(&SystemEntropy::new().unwrap()).to_string();
        let (clock, national, pas) = (HandClock::at(NOW), Arc::new(FakeNational::default()), Pas::start().await);
        let finder = Arc::new(People::default());
        let (store, gateway, mllp, page) = start(
            folder.path(),
            &key,
            profile,
            pas.address,
            Arc::clone(&national) as Arc<dyn National>,
            Arc::clone(&clock) as Arc<dyn Clock>,
            limits,
            Some(Arc::clone(&finder) as Arc<dyn Finder>),
        )
        .await;
        Self { folder, key, clock, national, pas, store, gateway, mllp, page, profile: profile.to_owned(), finder }
    }

    /// Ends the gateway and starts it again on the same file.
    pub async fn again(self) -> Self {
        let Self { folder, key, clock, national, pas, store, gateway, profile, finder, .. } = self;
        drop(store);
        gateway.stop(PATIENCE).await;
        let (store, gateway, mllp, page) = start(
            folder.path(),
            &key,
            &profile,
            pas.address,
            Arc::clone(&national) as Arc<dyn National>,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Limits::default(),
            Some(Arc::clone(&finder) as Arc<dyn Finder>),
        )
        .await;
        Self { folder, key, clock, national, pas, store, gateway, mllp, page, profile, finder }
    }

    pub async fn sender(&self) -> Sender {
        Sender::connect(self.mllp).await
    }

    /// What is not checked: local number and reason.
    pub async fn unchecked(&self) -> Vec<(String, &'static str)> {
        let mut rows = self.store.unchecked(self.clock.now()).await.unwrap();
        // The clock stands, so that all wait since the same moment.
        rows.sort_by(|one, other| one.local.cmp(&other.local));
        rows.into_iter().map(|row| (row.local, row.reason.code())).collect()
    }

    /// Waits until what is not checked is this.
    pub async fn wait_unchecked(&self, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(local, reason)| ((*local).to_owned(), *reason)).collect();
        let until = async {
            while self.unchecked().await != expected {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(PATIENCE, until).await.is_err() {
            assert_eq!(self.unchecked().await, expected);
        }
    }

    pub async fn wait_unchecked_reasons(&self, expected: &[&str]) {
        let reasons = async || self.unchecked().await.into_iter().map(|(_, reason)| reason).collect::<Vec<_>>();
        let until = async {
            while reasons().await != expected {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(PATIENCE, until).await.is_err() {
            assert_eq!(reasons().await, expected);
        }
    }

    pub async fn wait_notes(&self, expected: &[&str]) {
        let until = async {
            while self.notes().await != expected {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(PATIENCE, until).await.is_err() {
            assert_eq!(self.notes().await, expected);
        }
    }

    /// Waits until no question waits.
    pub async fn wait_answered(&self) {
        let until = async {
            while self.store.status().await.unwrap().asks.0 > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, until).await.expect("all are answered");
    }

    pub async fn notes(&self) -> Vec<&'static str> {
        self.store.notes().await.unwrap().into_iter().map(|row| row.kind.code()).collect()
    }
}

pub async fn start(
    folder: &std::path::Path,
    key: &str,
    profile: &str,
    pas: SocketAddr,
    national: Arc<dyn National>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    finder: Option<Arc<dyn Finder>>,
) -> (Store, Gateway, SocketAddr, SocketAddr) {
    let vault = Vault::parse(key, SystemEntropy::new().unwrap()).unwrap();
    let store = Store::open(&folder.join("gateway.sqlite"), vault, rules(profile)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let page = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = (listener.local_addr().unwrap(), page.local_addr().unwrap());
    let quick = Duration::from_millis(5);
    let gateway = Gateway::start(Parts {
        store: store.clone(),
        feeds: vec![FeedSettings {
            name: "pas".to_owned(),
            listener,
            tls: None,
            peers: Vec::new(),
            limits,
            release_2: false,
            profile: Profile::from_toml(profile).unwrap(),
        }],
        targets: vec![TargetSettings {
            name: "pas".to_owned(),
            address: pas.to_string(),
            tls: None,
            answer: PATIENCE,
            pause_first: quick,
            pause_max: quick,
        }],
        national,
        finder,
        pace: Pace { concurrent: 4, pause_first: quick, pause_max: quick, look: Duration::from_millis(20) },
        keep: Keep::default(),
        page: Some(PageSettings {
            listener: page,
            token: Some("open sesame".to_owned()),
            name: "Example Hospital".to_owned(),
            metrics: Arc::new(String::new),
            certificates: Vec::new(),
        }),
        clock,
    });
    (store, gateway, addresses.0, addresses.1)
}

/// A message of the department: what it says beside the usual is given.
pub struct Adt<'a> {
    pub event: &'a str,
    pub id: &'a str,
    pub at: &'a str,
    pub local: &'a str,
    pub number: Option<&'a str>,
    pub status: &'a str,
    pub birth: &'a str,
    pub visit: &'a str,
    pub started: &'a str,
    pub more: &'a str,
}

impl Default for Adt<'_> {
    fn default() -> Self {
        Self {
            event: "A04",
            id: "1",
            at: "20260314183000",
            local: "L4410021",
            number: Some("9990417008"),
            status: "NSTS01",
            birth: "20190722",
            visit: "AE1",
            started: "20260314183000",
            more: "",
        }
    }
}

impl Adt<'_> {
    pub fn text(&self) -> String {
        let Self { event, id, at, local, number, status, birth, visit, started, more } = self;
        let number = number.map(|number| format!("~{number}^^^NHS^NH")).unwrap_or_default();
        let pv1 = if visit.is_empty() {
            "PV1|1|N\r".to_owned()
        } else {
            format!("PV1|1|E|ED^PAEDS^C04^RR813|E||||||180|||||||||{visit}^^^RR8AE^VN{}{started}\r", "|".repeat(25))
        };
        format!(
            "MSH|^~\\&|PAS|RR8|CPGW|RR8|{at}||ADT^{event}|{id}|P|2.4\rEVN|{event}|{at}||||{at}\r\
             PID|1||{local}^^^RR8^MR{number}||TESTCHILD^SAMUEL||{birth}|M{}{status}\r{more}{pv1}",
            "|".repeat(24)
        )
    }
}
