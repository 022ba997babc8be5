//! The interface as a client meets it: every request goes through the router.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod admission;
mod messages;
mod refusals;

use crate::{Door, Limits, router, wire};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use cpis_app::demographics::LocalRegister;
use cpis_app::mail::passwords::Passwords;
use cpis_app::mail::{MailSettings, Post};
use cpis_app::organisations::{Edit, change_all};
use cpis_app::people::Keys;
use cpis_app::ring::KeyRing;
use cpis_app::upload::DecodeUpload;
use cpis_app::{Clock, Service, Settings, SystemEntropy};
use cpis_format_mesh::sign;
use cpis_model::Timestamp;
use cpis_model::caller::{Caller, Rights, Who};
use cpis_model::organisation_record::{Authority, Record, RecordKind};
use cpis_model::register::Register;
use cpis_store_sqlite::SqliteStore;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tower::ServiceExt;
use zeroize::Zeroizing;

const KEY: &[u8] = b"SharedKeyForTests";
const CAMDEN: &str = "702OT001";
const CITY: &str = "714OT001";
const V2: &str = "application/vnd.mesh.v2+json";

struct MockClock(AtomicI64);

impl Clock for MockClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct World {
    door: Arc<Door>,
    router: Router,
    clock: Arc<MockClock>,
    used: AtomicU64,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn id(&self) -> String {
        assert_eq!(self.status, 202, "{:?}", self.json());
        self.json()["messageID"].as_str().unwrap().to_owned()
    }
}

impl World {
    async fn new() -> Self {
        Self::with(MailSettings::default(), Limits::default()).await
    }

    async fn with(settings: MailSettings, limits: Limits) -> Self {
        let store: Arc<dyn cpis_store::Store> = Arc::new(SqliteStore::open_memory().unwrap());
        let entropy = Arc::new(SystemEntropy::new().unwrap());
        let ring = Arc::new(KeyRing::generate("test.example/log", &*entropy).unwrap());
        let clock = Arc::new(MockClock(AtomicI64::new(1_795_338_000_000)));
        let keys = Keys { ring: ring.clone(), entropy: entropy.clone() };
        let register = Arc::new(LocalRegister::new(store.clone(), keys));
        let decode = DecodeUpload {
            head: cpis_format_hl7v3::head,
            message: cpis_format_hl7v3::READER,
            table: cpis_format_csv::READER,
        };
        let organisations = Arc::new(Register::built_in());
        let settings_of_service = Settings { test_numbers: true, ..Settings::default() };
        let service =
            Service::start(store, ring, clock.clone(), entropy, organisations, register, decode, settings_of_service);
        give_mailboxes(&service).await;
        let post = Post::new(service, wire(), settings);
        let door = Door::new(post, Zeroizing::new(KEY.to_vec()), limits);
        Self { router: router(door.clone()), door, clock, used: AtomicU64::new(0) }
    }

    fn token(&self, mailbox: &str) -> String {
        let count = self.used.fetch_add(1, Ordering::SeqCst);
        let (at, password) = (self.clock.now(), format!("password of {mailbox}"));
        sign(&mailbox.parse().unwrap(), "nonce", count, at, KEY, password.as_bytes())
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// A request with a token of a mailbox.
    async fn ask(&self, mailbox: &str, line: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(format!("/messageexchange/{mailbox}{path}"));
        request = request.header("authorization", self.token(mailbox));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn get(&self, mailbox: &str, path: &str) -> Answer {
        self.ask(mailbox, &format!("GET {path}"), &[], Body::empty()).await
    }

    /// Sends a letter from one authority to the other.
    async fn letter(&self, headers: &[(&str, &str)], content: &'static str) -> Answer {
        let own = [("mex-to", CITY), ("mex-workflowid", "LETTER")];
        let all: Vec<_> = own.iter().chain(headers).copied().collect();
        self.ask(CAMDEN, "POST /outbox", &all, content).await
    }

    async fn inbox(&self, mailbox: &str) -> Vec<String> {
        let listed = self.get(mailbox, "/inbox").await.json();
        listed["messages"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    fn forward(&self, by: Duration) {
        self.clock.0.fetch_add(by.as_millis() as i64, Ordering::SeqCst);
    }
}

async fn give_mailboxes(service: &Arc<Service>) {
    let register = service.register.get();
    let mut edits = Vec::new();
    for (code, mailbox) in [("702", CAMDEN), ("714", CITY), ("706", "706OT001")] {
        let held = register.record(RecordKind::Authority, code).unwrap();
        let Record::Authority(authority) = &*held.record else { panic!("no authority") };
        let record = Authority { mailboxes: vec![mailbox.parse().unwrap()], ..authority.clone() };
        edits.push(Edit { record: Record::Authority(record), expected: held.version });
    }
    let operator = Caller {
        who: Who::System { client: "operator".into() },
        organisation: register.organisation("702".parse().unwrap()).unwrap(),
        site: None,
        rights: Rights { operator: true, ..Rights::default() },
    };
    change_all(service, Arc::new(operator), edits, &"a test".parse().unwrap()).await.unwrap();
    let passwords = Passwords { store: &*service.store, keys: &service.keys };
    for mailbox in [CAMDEN, CITY] {
        passwords.set(mailbox, &format!("password of {mailbox}"), service.clock.now()).await.unwrap();
    }
}

fn is(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status.as_u16(), "{:?}", answer.json());
}
