//! A service with its store, an issuer and a clock; requests and answers in few words.

use crate::{Http, Limits, Soap, inside_router, router, soap_router};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use cpis_app::demographics::{LocalRegister, RegisterEntry};
use cpis_app::ring::KeyRing;
use cpis_app::subscriptions::{HookFault, Hooks, Outgoing, Subscriptions};
use cpis_app::upload::DecodeUpload;
use cpis_app::{Clock, Service, Settings, SystemEntropy};
use cpis_format_hl7v3::{encode_file, head};
use cpis_identity::{Client, KeySource, Mapping, Verifier};
use cpis_model::demographics::Demographics;
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::Contact;
use cpis_model::organisation_record::{About, Record as OrganisationRecord, System};
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::register::{Change, Register};
use cpis_model::time::london_day;
use cpis_model::upload::{Header, Person, Record, SubjectKind, UPLOAD_BYTES_MAX, UploadedPlan};
use cpis_model::{Date, Timestamp};
use cpis_store::fault::Faults;
use cpis_store_sqlite::{Options, SqliteStore};
use cpis_testkit::issuer::{AUDIENCE, Issuer, SigningKey, people};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;
use tower::ServiceExt;

/// Two authorities that the register holds.
pub const CAMDEN: &str = "702";
pub const GREENWICH: &str = "703";
/// A site of the register: an emergency department.
pub const SITE: &str = "R0A";
pub const CLIENT: &str = "authority-social-care-system";
pub const FHIR: &str = "/cpis/FHIR/R4";
pub const BIRTH: &str = "2015-03-04";

/// The service's ASID, and those of two systems of the site: the second sends one id for a whole visit.
pub const SERVICE_ASID: &str = "999999999901";
pub const ASIDS: [&str; 2] = ["999999999902", "999999999903"];
/// What the certificates of the two systems have as SHA-256.
pub const CERTIFICATES: [[u8; 32]; 2] = [[0xaa; 32], [0xbb; 32]];

/// The register with two systems of a hospital.
fn systems() -> Register {
    let system = |place: usize| System {
        code: format!("system-{place}").parse().unwrap(),
        about: About::named("A patient system".parse().unwrap()),
        supplier: None,
        organisation: SITE.parse().unwrap(),
        sites: Vec::new(),
        asids: vec![ASIDS[place].parse().unwrap()],
        client: None,
        certificates: vec![format!("{:02x}", CERTIFICATES[place][0]).repeat(32).parse().unwrap()],
        mailbox: None,
        one_id_a_visit: place == 1,
    };
    let change = |place: usize| Change {
        number: place as u64 + 1,
        version: 1,
        record: Some(OrganisationRecord::System(system(place))),
    };
    Register::built_in().with([change(0), change(1)], london_day(start()))
}

/// Ten o'clock in London.
pub fn start() -> Timestamp {
    "2026-06-01T09:00:00Z".parse().unwrap()
}

pub struct MockClock(AtomicI64);

impl Clock for MockClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// An endpoint that takes everything and is not inside.
pub struct Taken;

#[async_trait]
impl Hooks for Taken {
    fn takes(&self, endpoint: &str) -> bool {
        !endpoint.contains("10.0.0.1")
    }

    fn pause(&self, _: u32, _: u16) -> Duration {
        Duration::from_mins(1)
    }

    fn is_dead(&self, _: Timestamp, _: Timestamp) -> bool {
        false
    }

    async fn post(&self, outgoing: &Outgoing<'_>) -> Result<(), HookFault> {
        let body: Value = serde_json::from_slice(&outgoing.body).unwrap();
        assert_eq!(body["id"], outgoing.id.to_string());
        Ok(())
    }
}

pub struct World {
    pub service: Arc<Service>,
    pub http: Arc<Http>,
    pub issuer: Issuer,
    pub key: SigningKey,
    pub router: Router,
    pub inside: Router,
    /// The national query.
    pub soap: Router,
    pub faults: Faults,
    pub ready: Arc<AtomicBool>,
    pub register: Arc<Register>,
    clock: Arc<MockClock>,
    sent: Mutex<std::collections::HashMap<String, u64>>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status, details code and diagnostics of an `OperationOutcome`.
    pub fn outcome(&self) -> (u16, String, String) {
        assert_eq!(self.header("content-type"), "application/fhir+json");
        let json = self.json();
        assert_eq!(json["resourceType"], "OperationOutcome", "{json}");
        let issue = &json["issue"][0];
        let code = issue["details"]["coding"][0]["code"].as_str().unwrap().to_owned();
        (self.status.as_u16(), code, issue["diagnostics"].as_str().unwrap_or_default().to_owned())
    }

    /// Status and code of a problem.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let json = self.json();
        assert_eq!(json["status"], self.status.as_u16());
        assert_eq!(json["type"], "about:blank");
        assert!(!json["title"].as_str().unwrap().is_empty() && !json["detail"].as_str().unwrap().is_empty());
        (self.status.as_u16(), json["code"].as_str().unwrap().to_owned())
    }

    /// Total and resource types of a Bundle.
    pub fn bundle(&self) -> (u64, Vec<String>) {
        assert_eq!(self.status, 200, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/fhir+json");
        let json = self.json();
        assert_eq!((&json["resourceType"], &json["type"]), (&"Bundle".into(), &"searchset".into()));
        let entries = json["entry"].as_array().cloned().unwrap_or_default();
        let types = entries.iter().map(|entry| entry["resource"]["resourceType"].as_str().unwrap().to_owned());
        (json["total"].as_u64().unwrap(), types.collect())
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(Limits::default(), UPLOAD_BYTES_MAX, Settings { test_numbers: true, ..Settings::default() }).await
    }

    pub async fn with(limits: Limits, upload_bytes: usize, settings: Settings) -> Self {
        let key = SigningKey::fresh("test-1", &mut rand::rng());
        let published = key.clone();
        let issuer = Issuer::start("127.0.0.1:0".parse().unwrap(), vec![published], start).await.unwrap();
        let register = Arc::new(systems());
        let client = Client { id: CLIENT.to_owned(), organisation: CAMDEN.to_owned(), authority: true };
        let mapping = Mapping::standard(issuer.url(), AUDIENCE, vec![client]).unwrap();
        let keys = KeySource::fixed(&issuer.jwks().to_string()).unwrap();
        let verifier = Arc::new(Verifier::new(vec![(mapping, keys)], register.clone()).unwrap());

        let faults = Faults::default();
        let options = Options { faults: faults.clone(), readers: 1, ..Options::default() };
        let store: Arc<dyn cpis_store::Store> = Arc::new(SqliteStore::open_memory_with(options).unwrap());
        let entropy = Arc::new(SystemEntropy::seeded(7));
        let ring = Arc::new(KeyRing::generate("cpis.test", &*entropy).unwrap());
        let clock = Arc::new(MockClock(AtomicI64::new(start().as_second())));
        let wrapped = cpis_app::people::Keys { ring: ring.clone(), entropy: entropy.clone() };
        let demographics = Arc::new(LocalRegister::new(store.clone(), wrapped));
        let known: Vec<RegisterEntry> = (1..=20).map(|n| known(number(n))).collect();
        demographics.put(&known).await.unwrap();
        let decode = DecodeUpload { head, message: cpis_format_hl7v3::READER, table: cpis_format_csv::READER };
        let service =
            Service::start(store, ring, clock.clone(), entropy, register.clone(), demographics, decode, settings);
        let ready = Arc::new(AtomicBool::new(true));
        let is_ready = ready.clone();
        let subscriptions = Subscriptions {
            service: service.clone(),
            wire: crate::wire(),
            hooks: Arc::new(Taken),
            base_url: "https://cpis.example.org".to_owned(),
            plain_loopback: false,
        };
        let http = Arc::new(Http {
            service: service.clone(),
            subscriptions: Arc::new(subscriptions),
            verifier,
            base_url: "https://cpis.example.org".to_owned(),
            metrics: Arc::new(|| "cpis_up 1\n".to_owned()),
            ready: Arc::new(move || is_ready.load(Ordering::SeqCst)),
            upload_bytes: Arc::new(Semaphore::new(upload_bytes)),
            limits,
        });
        let (router, inside) = (router(http.clone()), inside_router(http.clone()));
        let named = Soap { asid: SERVICE_ASID.to_owned(), address: "https://cpis.example.org/syncservice".to_owned() };
        let soap = soap_router(http.clone(), named);
        let sent = Mutex::default();
        Self { service, http, issuer, key, router, inside, soap, faults, ready, register, clock, sent }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn pass(&self, hours: i64) {
        self.clock.0.fetch_add(hours * 3600, Ordering::SeqCst);
    }

    pub fn mint(&self, claims: &Value) -> String {
        self.issuer.mint(claims)
    }

    pub fn clinician(&self) -> String {
        self.mint(&people::clinician(&self.register, SITE, self.now()))
    }

    /// A worker of an authority.
    pub fn worker(&self, authority: &str) -> String {
        self.mint(&people::authority_worker(authority, "Children's services", self.now()))
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    pub async fn ask(&self, method: Method, uri: &str, token: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(uri);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub async fn get(&self, uri: &str, token: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, uri, token, headers, "").await
    }

    /// A clinician's look.
    pub async fn flags(&self, number: NhsNumber, headers: &[(&str, &str)]) -> Answer {
        self.get(&uri("CareTeam", number), &self.clinician(), headers).await
    }

    pub async fn upload(&self, token: &str, headers: &[(&str, &str)], file: &[u8]) -> Answer {
        let mut request = Request::post("/authority/v1/uploads").header("authorization", format!("Bearer {token}"));
        for (name, value) in [("content-type", "application/xml")].iter().chain(headers) {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(file.to_vec())).unwrap()).await
    }

    /// Loads plans of an authority, each of another person.
    pub async fn load(&self, authority: &str, plans: &[(NhsNumber, PlanKind)]) {
        let sequence = {
            let mut sent = self.sent.lock().unwrap();
            let last = sent.entry(authority.to_owned()).or_default();
            *last += 1;
            *last
        };
        let answer = self.upload(&self.worker(authority), &[], &file(authority, sequence, plans)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.text().contains("CPF02"), "{}", answer.text());
    }

    /// Entries of the journal.
    pub async fn entries(&self) -> u64 {
        self.service.store.size().await.unwrap()
    }

    /// Notices of an authority, after the applier has come so far.
    pub async fn notices(&self, authority: &str) -> Vec<Value> {
        cpis_app::applier::apply_all(&self.service).await.unwrap();
        let answer = self.get("/authority/v1/notices", &self.worker(authority), &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["notices"].as_array().unwrap().clone()
    }

    /// How many accesses are listed.
    pub async fn listed(&self, number: NhsNumber) -> usize {
        cpis_app::applier::apply_all(&self.service).await.unwrap();
        let found = self.service.store.find(vec![self.service.keys.ring.find(number)]).await.unwrap();
        let Some(person) = found.into_iter().flatten().next() else { return 0 };
        let followed = self.service.store.followed(vec![person.person.id]).await.unwrap();
        followed.iter().map(|one| one.derived.state.listed.len()).sum()
    }
}

/// A search by NHS number.
pub fn uri(resource: &str, number: NhsNumber) -> String {
    format!("{FHIR}/{resource}?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C{}", number.digits())
}

/// The n-th number of the range that is never issued.
pub fn number(n: usize) -> NhsNumber {
    (9_990_000_000_u64..).filter_map(|digits| digits.to_string().parse().ok()).nth(n).unwrap()
}

fn name() -> PersonName {
    PersonName::new("Robin", "Testcase")
}

fn known(number: NhsNumber) -> RegisterEntry {
    let person =
        Demographics { name: name(), birth: BIRTH.parse().unwrap(), restricted: false, deceased: false, sex: None };
    RegisterEntry { number, person: Some(person), superseded_by: None }
}

pub fn file(authority: &str, sequence: u64, plans: &[(NhsNumber, PlanKind)]) -> Vec<u8> {
    let header = Header {
        created: "20260601090000+0000".to_owned(),
        sequence,
        declared_records: plans.len() as u64,
        authority: authority.parse().unwrap(),
        name: "Children's services".to_owned(),
        contact: Contact { emergency: "01632960001".parse().unwrap(), office: None },
    };
    let records: Vec<Record> =
        (1..).zip(plans).map(|(position, &(number, kind))| record(position, number, kind)).collect();
    encode_file(&header, &records)
}

fn record(position: u32, number: NhsNumber, kind: PlanKind) -> Record {
    let start: Date = "2026-05-01".parse().unwrap();
    let unborn = kind == PlanKind::Unborn;
    let dates = PlanDates { start, end: unborn.then(|| "2026-09-01".parse().unwrap()), delete: None };
    Record {
        position,
        subject: if unborn { SubjectKind::Unborn } else { SubjectKind::Child },
        person: Person { number, local_id: Some("L-1".to_owned()), name: name(), birth: BIRTH.parse().unwrap() },
        plans: vec![UploadedPlan { kind, dates }],
    }
}
