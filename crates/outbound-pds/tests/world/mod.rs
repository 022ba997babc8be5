//! A client and the service that it asks, over sockets; time stands until somebody waits.
#![allow(dead_code, reason = "each test file uses its own part of the world")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "support of tests")]

use async_trait::async_trait;
use cpis_app::SystemEntropy;
use cpis_model::Timestamp;
use cpis_model::nhs_number::NhsNumber;
use cpis_outbound_pds::{Pds, Settings, Time};
use cpis_testkit::issuer::SigningKey;
use cpis_testkit::pds::{Application, Entry, PdsServer, Somebody, application_key};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const API_KEY: &str = "an-application";

/// Time that passes only while somebody waits, and remembers for how long.
#[derive(Default)]
pub struct Standing {
    passed: Mutex<Duration>,
    pauses: Mutex<Vec<Duration>>,
}

impl Standing {
    pub fn forward(&self, time: Duration) {
        *self.passed.lock().unwrap() += time;
    }

    /// The pauses since the last time that somebody asked.
    pub fn pauses(&self) -> Vec<Duration> {
        std::mem::take(&mut self.pauses.lock().unwrap())
    }
}

#[async_trait]
impl Time for Standing {
    fn now(&self) -> Timestamp {
        "2026-11-22T10:00:00Z".parse::<Timestamp>().unwrap() + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.passed.lock().unwrap()
    }

    async fn pause(&self, time: Duration) {
        let until = self.elapsed() + time;
        self.pauses.lock().unwrap().push(time);
        tokio::task::yield_now().await;
        let mut passed = self.passed.lock().unwrap();
        *passed = until.max(*passed);
    }
}

pub struct World {
    pub server: PdsServer,
    pub time: Arc<Standing>,
    pub pds: Arc<Pds>,
}

pub fn key() -> SigningKey {
    application_key("pds-1").unwrap()
}

pub fn settings(server: &PdsServer) -> Settings {
    Settings {
        base_url: server.base_url(),
        token_url: server.token_url(),
        api_key: API_KEY.to_owned().into(),
        key_id: "pds-1".to_owned(),
        key: key().private_pem().into(),
        organisation: Some("RJ122".to_owned()),
        per_second: 1_000,
        concurrent: 8,
        timeout: Duration::from_secs(20),
    }
}

pub async fn server(time: &Arc<Standing>) -> PdsServer {
    let clock = time.clone();
    let application = Application { api_key: API_KEY.to_owned(), key: key().public().clone() };
    PdsServer::start("127.0.0.1:0".parse().unwrap(), application, move || clock.now()).await.unwrap()
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A world whose client has other settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let time = Arc::new(Standing::default());
        let server = server(&time).await;
        let mut settings = settings(&server);
        change(&mut settings);
        let pds = Pds::new(&settings, time.clone(), Arc::new(SystemEntropy::seeded(7))).unwrap();
        Self { server, time, pds: Arc::new(pds) }
    }

    /// Robin Testcase under this number.
    pub fn knows(&self, number: NhsNumber) {
        self.server.put(number, Entry::Person(robin()));
    }
}

pub fn robin() -> Somebody {
    Somebody { gender: "female", ..Somebody::new("Robin Alex", "Testcase", "2017-04-04".parse().unwrap()) }
}

pub fn number(nine: u64) -> NhsNumber {
    (nine..).find_map(NhsNumber::from_first_nine).unwrap()
}
