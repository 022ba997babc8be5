//! A service with its store, a real issuer and a clock, and browsers that keep cookies.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "test support: each test program uses its part")]

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::get;
use cpis_app::demographics::{LocalRegister, RegisterEntry};
use cpis_app::people::Keys;
use cpis_app::ring::KeyRing;
use cpis_app::sessions::Lifetime;
use cpis_app::upload::{DecodeUpload, Wishes, receive};
use cpis_app::{Clock, Service, Settings, SystemEntropy};
use cpis_format_hl7v3::{encode_file, head};
use cpis_identity::{KeySource, Mapping, SignIn, SignIns};
use cpis_inbound_web::frame::Brand;
use cpis_inbound_web::{Pace, Web, paths, router};
use cpis_model::Timestamp;
use cpis_model::caller::{Caller, Rights, Staff, Who};
use cpis_model::demographics::{Demographics, Sex};
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::{Contact, Organisation};
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::register::Register;
use cpis_model::upload::{Header, Person, Record, SubjectKind, UploadedPlan};
use cpis_store::fault::Faults;
use cpis_store::{Delivery, MailStep};
use cpis_store_sqlite::{Options, SqliteStore};
use cpis_testkit::issuer::people::{self, Places};
use cpis_testkit::issuer::{AUDIENCE, BrowserClient, Issuer, SigningKey, header};
use http_body_util::BodyExt;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::ServiceExt;

pub const CAMDEN: &str = "702";
pub const BASE: &str = "https://cpis.example.org";
const CLIENT: &str = "viewer";
const BIRTH: &str = "2015-03-04";

pub struct MockClock(AtomicI64);

impl Clock for MockClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

pub struct World {
    pub service: Arc<Service>,
    pub issuer: Issuer,
    pub router: Router,
    pub faults: Faults,
    key: SigningKey,
    clock: Arc<MockClock>,
}

/// What came of a request.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where the browser is sent.
    pub fn to(&self) -> &str {
        self.header("location")
    }

    /// The heading of the page.
    pub fn heading(&self) -> String {
        let start = self.body.find("<h1").and_then(|at| self.body[at..].find('>').map(|end| at + end + 1));
        let text = start.map_or("", |start| self.body[start..].split("</h1>").next().unwrap_or_default());
        text.trim().to_owned()
    }

    /// The value of a hidden field of the page.
    pub fn hidden(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let Some(start) = self.body.find(&mark) else { return String::new() };
        self.body[start + mark.len()..].split('"').next().unwrap_or_default().to_owned()
    }
}

pub fn number(nth: u64) -> NhsNumber {
    (999_000_000 + 10 * nth..).find_map(NhsNumber::from_first_nine).unwrap()
}

pub fn start() -> Timestamp {
    "2026-06-01T09:00:00Z".parse().unwrap()
}

fn name(nth: u64) -> PersonName {
    if nth == 9 { PersonName::new("Robin", "<script>alert(1)</script>") } else { PersonName::new("Robin", "Testcase") }
}

/// What stands in for the machine API: one route, and its own word for what it does not know.
fn machines() -> Router {
    Router::new()
        .route("/cpis/known", get(|| async { "a machine's answer" }))
        .fallback(|| async { (StatusCode::NOT_FOUND, "nothing for machines") })
}

impl World {
    pub async fn new() -> Self {
        Self::with(Pace::default(), false).await
    }

    pub async fn with(pace: Pace, break_glass: bool) -> Self {
        let faults = Faults::default();
        let options = Options { faults: faults.clone(), readers: 1, ..Options::default() };
        Self::on(Arc::new(SqliteStore::open_memory_with(options).unwrap()), faults, pace, break_glass).await
    }

    /// With its database in a file.
    pub async fn in_file(path: &Path) -> Self {
        let store = Arc::new(SqliteStore::open(path, Options::default()).unwrap());
        Self::on(store, Faults::default(), Pace::default(), false).await
    }

    async fn on(store: Arc<dyn cpis_store::Store>, faults: Faults, pace: Pace, break_glass: bool) -> Self {
        let clock = Arc::new(MockClock(AtomicI64::new(start().as_second())));
        let issuers_clock = clock.clone();
        let issuers_key = SigningKey::fresh("test-1", &mut rand::rng());
        let keys = vec![issuers_key.clone()];
        let issuer = Issuer::start("127.0.0.1:0".parse().unwrap(), keys, move || issuers_clock.now()).await.unwrap();
        let register = Arc::new(Register::built_in());
        let key = SigningKey::fresh("viewer-1", &mut rand::rng());
        issuer.register_browser_client(BrowserClient {
            id: CLIENT.to_owned(),
            redirects: vec![format!("{BASE}{}", paths::SIGN_IN_BACK), format!("{BASE}{}", paths::SIGNED_OUT)],
            key: key.public().clone(),
            back_channel: None,
        });
        let places = Places { hospital: "RJ122", second: "RJ1E7", scheduled: "RP4", authority: CAMDEN };
        issuer.admit(people::ready(&register, places, start()));
        let mapping = Mapping::standard(issuer.url(), AUDIENCE, Vec::new()).unwrap();
        let mapping = mapping.signing_in(CLIENT, key.id(), &key.algorithm_name()).unwrap();
        let source = KeySource::published(&mapping).unwrap();
        let back = format!("{BASE}{}", paths::SIGN_IN_BACK);
        let sign_in = SignIn::new(&mapping, &source, key.private_pem().as_bytes(), &back).unwrap();

        let entropy = Arc::new(SystemEntropy::seeded(7));
        let ring = Arc::new(KeyRing::generate("cpis.test", &*entropy).unwrap());
        let wrapped = Keys { ring: ring.clone(), entropy: entropy.clone() };
        let demographics = Arc::new(LocalRegister::new(store.clone(), wrapped));
        let known: Vec<RegisterEntry> = (1..=9).map(known).collect();
        demographics.put(&known).await.unwrap();
        let decode = DecodeUpload { head, message: cpis_format_hl7v3::READER, table: cpis_format_csv::READER };
        let settings = Settings { test_numbers: true, ..Settings::default() };
        let service = Service::start(store, ring, clock.clone(), entropy, register, demographics, decode, settings);
        let web = Arc::new(Web {
            service: service.clone(),
            sign_ins: SignIns::new(vec![sign_in]).unwrap(),
            brand: Arc::new(Brand { name: "Test".to_owned(), ..Brand::default() }),
            base_url: BASE.to_owned(),
            lifetime: Lifetime { idle_seconds: 900, absolute_seconds: 12 * 3_600 },
            break_glass,
            pace,
            openapi: "{\"info\":{\"title\":\"API\"},\"paths\":{}}",
            time: Duration::from_secs(30),
        });
        let router = router(web, machines());
        Self { service, issuer, router, faults, key: issuers_key, clock }
    }

    /// Demographics replaces a number by another.
    pub async fn supersede(&self, old: NhsNumber, new: NhsNumber) {
        let register = LocalRegister::new(self.service.store.clone(), self.service.keys.clone());
        let moved = RegisterEntry { number: new, ..known(1) };
        let replaced = RegisterEntry { number: old, person: None, superseded_by: Some(new) };
        register.put(&[moved, replaced]).await.unwrap();
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn pass(&self, minutes: i64) {
        self.clock.0.fetch_add(minutes * 60, Ordering::SeqCst);
    }

    pub async fn entries(&self) -> u64 {
        self.service.store.size().await.unwrap()
    }

    pub async fn apply(&self) {
        cpis_app::applier::apply_all(&self.service).await.unwrap();
    }

    /// Camden is told of its notices up to a number, as a message would.
    pub async fn tell(&self, upto: u64) {
        let authority = CAMDEN.parse().unwrap();
        let (channel, mail) = ("mesh".to_owned(), Some("M1".to_owned()));
        let delivery = Delivery { authority, channel, upto, at: self.now(), mail };
        let step = MailStep { delivered: Some((delivery, 0)), ..MailStep::default() };
        self.service.store.mail_step(step).await.unwrap();
    }

    /// Gives the n-th people plans of Camden.
    pub async fn plans(&self, people: &[u64]) {
        let records: Vec<Record> = (1u32..).zip(people).map(|(position, nth)| record(position, *nth)).collect();
        let header = Header {
            created: "20260601093000+0100".to_owned(),
            sequence: 1,
            declared_records: records.len() as u64,
            authority: CAMDEN.parse().unwrap(),
            name: "Camden".to_owned(),
            contact: Contact {
                emergency: "01632960001".parse().unwrap(),
                office: Some("01632960002".parse().unwrap()),
            },
        };
        let staff = Staff {
            user_id: "500000000001".into(),
            role_profile_id: None,
            role_code: "R8001".into(),
            role_name: "Worker".into(),
            name: "Ms Sample".into(),
        };
        let organisation = Organisation { code: CAMDEN.parse().unwrap(), name: "Camden".into() };
        let rights = Rights { authority: Some(CAMDEN.parse().unwrap()), ..Rights::default() };
        let worker = Arc::new(Caller { who: Who::Person(staff), organisation, site: None, rights });
        let file = encode_file(&header, &records);
        receive(&self.service, worker, file.into(), Wishes::default()).await.unwrap();
    }

    /// Notes the ids of the issuer's sessions as they begin.
    pub fn note_sessions(&self) -> Arc<Mutex<Vec<String>>> {
        let sids: Arc<Mutex<Vec<String>>> = Arc::default();
        let (noted, key) = (sids.clone(), self.key.clone());
        self.issuer.write_id_tokens_by(move |claims| {
            noted.lock().unwrap().push(claims["sid"].as_str().unwrap().to_owned());
            key.sign(&header(&key), claims)
        });
        sids
    }

    /// The name that the header shows of somebody who signed in.
    pub async fn signed_in_name(&self, browser: &mut Browser<'_>) -> String {
        let page = browser.get(paths::FIND).await;
        let account = page.body.split("nhsuk-header__account-item").nth(1).unwrap();
        account.split("<bdi>").nth(1).unwrap().split("</bdi>").next().unwrap().to_owned()
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser { world: self, cookies: BTreeMap::new(), origin: Some(BASE.to_owned()), csrf: String::new() }
    }

    /// A browser in which somebody has signed in.
    pub async fn signed_in(&self, hint: &str) -> Browser<'_> {
        let mut browser = self.browser();
        browser.sign_in(hint).await;
        browser
    }

    /// A browser of somebody who reads flags, and whose shift has begun.
    pub async fn reader(&self, hint: &str) -> Browser<'_> {
        let mut browser = self.signed_in(hint).await;
        let form = browser.get(paths::SHIFT).await;
        let setting = if form.body.contains("value=\"U01\"") { "U01" } else { "" };
        let setting = if setting.is_empty() { first_setting(&form) } else { setting.to_owned() };
        let answer = browser.post(paths::SHIFT, &[("reason", "care"), ("setting", &setting)]).await;
        assert_eq!((answer.status.as_u16(), answer.to()), (303, paths::FIND), "{}", answer.body);
        browser.get(paths::FIND).await;
        browser
    }
}

fn known(nth: u64) -> RegisterEntry {
    let person = Demographics {
        name: name(nth),
        birth: BIRTH.parse().unwrap(),
        restricted: nth == 8,
        deceased: false,
        sex: Some(Sex::Female),
    };
    RegisterEntry { number: number(nth), person: Some(person), superseded_by: None }
}

fn record(position: u32, nth: u64) -> Record {
    let dates = PlanDates { start: "2026-01-15".parse().unwrap(), end: None, delete: None };
    Record {
        position,
        subject: SubjectKind::Child,
        person: Person { number: number(nth), local_id: None, name: name(nth), birth: BIRTH.parse().unwrap() },
        plans: vec![UploadedPlan { kind: PlanKind::ChildProtection, dates }],
    }
}

/// A browser: it keeps cookies and the token of the last page, and says where its forms come from.
#[derive(Clone)]
pub struct Browser<'a> {
    world: &'a World,
    pub cookies: BTreeMap<String, String>,
    pub origin: Option<String>,
    pub csrf: String,
}

fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

impl Browser<'_> {
    async fn send(&mut self, method: &str, path: &str, body: Option<String>) -> Answer {
        self.send_as("application/x-www-form-urlencoded", method, path, body).await
    }

    async fn send_as(&mut self, kind: &str, method: &str, path: &str, body: Option<String>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("accept", "text/html");
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        if body.is_some() {
            request = request.header("content-type", kind);
            if let Some(origin) = &self.origin {
                request = request.header("origin", origin);
            }
        }
        let request = request.body(body.map_or_else(Body::empty, Body::from)).unwrap();
        let response = self.world.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        for cookie in parts.headers.get_all("set-cookie") {
            let text = cookie.to_str().unwrap();
            let (name, rest) = text.split_once('=').unwrap();
            assert!(
                name.starts_with("__Host-")
                    && text.contains("; Secure; HttpOnly; SameSite=Lax")
                    && text.contains("Path=/")
            );
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        let csrf = answer.hidden("csrf");
        if !csrf.is_empty() {
            self.csrf = csrf;
        }
        answer
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// Sends a form with the token of the last page.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let own = self.csrf.clone();
        let given = fields.iter().find(|(name, _)| *name == "csrf").map_or(own.as_str(), |(_, given)| given);
        let mut all = vec![("csrf", given)];
        all.extend(fields.iter().filter(|(name, _)| *name != "csrf"));
        self.send("POST", path, Some(encoded(&all))).await
    }

    /// Sends a form with a file, with the token of the last page.
    pub async fn upload(&mut self, path: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
        let part = |name: &str, rest: &str, value: &str| {
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"{rest}\r\n\r\n{value}\r\n")
        };
        let mut body = part("csrf", "", &self.csrf.clone());
        for (name, value) in fields {
            body += &part(name, "", value);
        }
        body += &part("file", "; filename=\"table.csv\"", std::str::from_utf8(file).unwrap());
        body += "--edge--\r\n";
        self.send_as("multipart/form-data; boundary=edge", "POST", path, Some(body)).await
    }

    /// Goes to the issuer as somebody, and comes back with this query.
    pub async fn at_issuer(&mut self, hint: &str) -> String {
        let issuer = self.world.issuer.url().to_owned();
        let answer = self.post(paths::SIGN_IN, &[("issuer", &issuer)]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        let back = client.get(format!("{}&login_hint={hint}", answer.to())).send().await.unwrap();
        let back = back.headers().get("location").unwrap().to_str().unwrap().to_owned();
        back.strip_prefix(BASE).unwrap().to_owned()
    }

    pub async fn sign_in(&mut self, hint: &str) -> Answer {
        let back = self.at_issuer(hint).await;
        let answer = self.get(&back).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let next = answer.to().to_owned();
        self.get(&next).await;
        answer
    }

    /// Finds somebody and gives the value that stands for them.
    pub async fn find(&mut self, number: NhsNumber) -> String {
        let answer = self.post(paths::FIND_BY_NUMBER, &[("number", &number.spaced())]).await;
        assert_eq!(answer.heading(), "Is this the right person?", "{}", answer.body);
        answer.hidden("person")
    }

    /// Finds somebody and opens their record.
    pub async fn open(&mut self, number: NhsNumber) -> Answer {
        let person = self.find(number).await;
        self.post(paths::OPEN, &[("person", &person)]).await
    }
}

fn first_setting(form: &Answer) -> String {
    let mark = "name=\"setting\" type=\"radio\" value=\"";
    let start = form.body.find(mark).map(|at| at + mark.len());
    start.map_or_else(String::new, |at| form.body[at..].split('"').next().unwrap_or_default().to_owned())
}
