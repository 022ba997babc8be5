//! A small world for use cases: the embedded database in memory, a clock that stands until it is moved, seeded randomness.

use async_trait::async_trait;
use cpis_app::demographics::{Demographics, DemographicsFault, LocalRegister, Matches, RegisterEntry, Search};
use cpis_app::look::Question;
use cpis_app::people::Keys;
use cpis_app::ring::KeyRing;
use cpis_app::upload::{DecodeUpload, Received, Wishes};
use cpis_app::{Clock, Service, Settings, SystemEntropy};
use cpis_model::caller::{Caller, Declared, Rights, Staff, Who};
use cpis_model::demographics::{Demographics as Known, Trace};
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::{AuthorityCode, Contact, Organisation};
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::register::Register;
use cpis_model::upload::{Acknowledgement, Header, Person, Record, SubjectKind, UploadedPlan};
use cpis_model::{Date, Timestamp};
use cpis_store::Store;
use cpis_store_sqlite::SqliteStore;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub const CITY: &str = "714";
pub const CAMDEN: &str = "702";

/// A clock that stands.
pub struct MockClock(AtomicI64);

impl Clock for MockClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

impl MockClock {
    pub fn forward(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60_000, Ordering::SeqCst);
    }

    pub fn set(&self, at: &str) {
        self.0.store(at.parse::<Timestamp>().unwrap().as_millisecond(), Ordering::SeqCst);
    }
}

/// The local register, which can be told not to answer.
pub struct Switchable {
    register: LocalRegister,
    fault: Mutex<Option<DemographicsFault>>,
    pub asked: AtomicU64,
}

impl Switchable {
    /// From now on every question ends so; `None` for answers.
    pub fn fails(&self, fault: Option<DemographicsFault>) {
        *self.fault.lock().unwrap() = fault;
    }

    fn ask(&self) -> Result<(), DemographicsFault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.fault.lock().unwrap().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Demographics for Switchable {
    async fn trace(&self, numbers: &[NhsNumber]) -> Result<Vec<Trace>, DemographicsFault> {
        self.ask()?;
        self.register.trace(numbers).await
    }

    async fn search(&self, who: &Search) -> Result<Matches, DemographicsFault> {
        self.ask()?;
        self.register.search(who).await
    }
}

pub struct World {
    pub service: Arc<Service>,
    pub clock: Arc<MockClock>,
    pub demographics: Arc<Switchable>,
}

pub fn decoder() -> DecodeUpload {
    DecodeUpload { head: cpis_format_hl7v3::head, message: cpis_format_hl7v3::READER, table: cpis_format_csv::READER }
}

pub fn number(nine: u64) -> NhsNumber {
    (nine..).find_map(NhsNumber::from_first_nine).unwrap()
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn authority(code: &str) -> AuthorityCode {
    code.parse().unwrap()
}

impl World {
    pub async fn new() -> Self {
        Self::on(Arc::new(SqliteStore::open_memory().unwrap()), Settings { test_numbers: true, ..Settings::default() })
            .await
    }

    #[expect(clippy::unused_async, reason = "called like its neighbours")]
    pub async fn on(store: Arc<dyn Store>, settings: Settings) -> Self {
        let entropy = Arc::new(SystemEntropy::seeded(7));
        let ring = Arc::new(KeyRing::generate("test.example/log", &*entropy).unwrap());
        Self::with_ring(store, settings, ring)
    }

    pub fn with_ring(store: Arc<dyn Store>, settings: Settings, ring: Arc<KeyRing>) -> Self {
        let entropy = Arc::new(SystemEntropy::new().unwrap());
        let clock = Arc::new(MockClock(AtomicI64::new(0)));
        clock.set("2026-11-22T10:00:00Z");
        let keys = Keys { ring: ring.clone(), entropy: entropy.clone() };
        let register = LocalRegister::new(store.clone(), keys);
        let demographics = Arc::new(Switchable { register, fault: Mutex::default(), asked: AtomicU64::new(0) });
        let service = Service::start(
            store,
            ring,
            clock.clone(),
            entropy,
            Arc::new(Register::built_in()),
            demographics.clone(),
            decoder(),
            settings,
        );
        Self { service, clock, demographics }
    }

    pub async fn knows(&self, people: &[Person]) {
        let entries: Vec<_> = people
            .iter()
            .map(|person| RegisterEntry {
                number: person.number,
                person: Some(Known {
                    name: person.name.clone(),
                    birth: person.birth,
                    restricted: false,
                    deceased: false,
                    sex: None,
                }),
                superseded_by: None,
            })
            .collect();
        self.demographics.register.put(&entries).await.unwrap();
    }

    pub async fn register(&self, entry: RegisterEntry) {
        self.demographics.register.put(&[entry]).await.unwrap();
    }

    pub async fn receive(&self, code: &str, file: Vec<u8>) -> Received {
        cpis_app::upload::receive(&self.service, social_worker(code), file.into(), Wishes::default()).await.unwrap()
    }

    pub async fn upload(&self, code: &str, sequence: u64, records: &[Record]) -> Acknowledgement {
        match self.receive(code, file(code, sequence, records)).await {
            Received::Answered(ack) => *ack,
            other => panic!("{other:?}"),
        }
    }

    /// Uploads one plan for each of some people, who are known to demographics.
    pub async fn has_plans(&self, code: &str, sequence: u64, records: &[Record]) {
        self.knows(&records.iter().map(|record| record.person.clone()).collect::<Vec<_>>()).await;
        let ack = self.upload(code, sequence, records).await;
        assert_eq!(ack.code.code(), "CPF02", "{:?}", ack.rejections);
    }

    pub async fn look(&self, caller: &Arc<Caller>, number: NhsNumber) -> Vec<String> {
        let flags = cpis_app::look::flags(&self.service, question(caller, number)).await.unwrap();
        flags.plans.iter().map(|shown| format!("{} {}", shown.plan.authority, shown.plan.kind.code())).collect()
    }

    pub async fn list(&self, caller: &Arc<Caller>, number: NhsNumber) -> Vec<String> {
        let list = cpis_app::accesses::accesses(&self.service, question(caller, number)).await.unwrap();
        names(&list)
    }

    /// Applies everything that waits.
    pub async fn apply(&self) {
        cpis_app::applier::apply_all(&self.service).await.unwrap();
        let mut tree = cpis_app::applier::Tree::default();
        while cpis_app::applier::apply_tree(&self.service, &mut tree, true).await.unwrap().is_some() {}
    }

    pub async fn notices(&self, code: &str) -> Vec<String> {
        let page = cpis_app::notices::notices(&self.service, social_worker(code), 0, 200).await.unwrap();
        page.notices
            .iter()
            .map(|notice| format!("{} at {}", notice.number_of_person.digits(), notice.organisation.code))
            .collect()
    }

    pub async fn verify(&self) -> cpis_audit::Report {
        let keys = self.service.keys.clone();
        cpis_app::verify::verify(&*self.service.store, &keys, cpis_app::verify::Witnesses::default(), |_, _| {})
            .await
            .unwrap()
    }
}

pub fn names(list: &cpis_model::answer::AccessList) -> Vec<String> {
    list.accesses
        .iter()
        .map(|access| match &access.caller.who {
            Who::Person(staff) => staff.user_id.to_string(),
            Who::System { client } => client.to_string(),
            Who::Device(device) => device.asid.to_string(),
        })
        .collect()
}

pub fn question(caller: &Arc<Caller>, number: NhsNumber) -> Question {
    Question { caller: caller.clone(), number, birth: None, declared: Declared::Nothing, trace: None }
}

pub fn clinician(user: &str) -> Arc<Caller> {
    staff(user, "R0A", Rights { view: true, ..Rights::default() })
}

pub fn scheduled(user: &str) -> Arc<Caller> {
    staff(user, "R0A", Rights { view_silently: true, ..Rights::default() })
}

pub fn staff(user: &str, site: &str, rights: Rights) -> Arc<Caller> {
    let register = Register::built_in();
    let site = register.site(site.parse().unwrap()).cloned();
    let organisation = site.as_ref().and_then(|site| register.organisation(site.organisation)).unwrap();
    Arc::new(Caller { who: person(user), organisation, site, rights })
}

pub fn social_worker(code: &str) -> Arc<Caller> {
    let rights = Rights { authority: Some(authority(code)), ..Rights::default() };
    let organisation = Organisation { code: code.parse().unwrap(), name: "An authority".into() };
    Arc::new(Caller { who: person("500000000001"), organisation, site: None, rights })
}

fn person(user: &str) -> Who {
    Who::Person(Staff {
        user_id: user.into(),
        role_profile_id: None,
        role_code: "R8001".into(),
        role_name: "Nurse Access Role".into(),
        name: "Ms Sample".into(),
    })
}

pub fn child(nine: u64) -> Person {
    Person {
        number: number(nine),
        local_id: Some(format!("L-{nine}")),
        name: PersonName::new("Robin", "Testcase"),
        birth: day("2017-04-04"),
    }
}

pub fn mother(nine: u64) -> Person {
    Person { name: PersonName::new("Casey", "Fixture"), birth: day("1998-06-11"), ..child(nine) }
}

pub fn plan(kind: PlanKind, start: &str, end: &str, delete: &str) -> UploadedPlan {
    let optional = |text: &str| (!text.is_empty()).then(|| day(text));
    UploadedPlan { kind, dates: PlanDates { start: day(start), end: optional(end), delete: optional(delete) } }
}

pub fn cpp(position: u32, person: Person) -> Record {
    record(position, person, plan(PlanKind::ChildProtection, "2026-01-15", "", ""))
}

pub fn record(position: u32, person: Person, plan: UploadedPlan) -> Record {
    let subject = if plan.kind == PlanKind::Unborn { SubjectKind::Unborn } else { SubjectKind::Child };
    Record { position, subject, person, plans: vec![plan] }
}

pub fn file(code: &str, sequence: u64, records: &[Record]) -> Vec<u8> {
    let header = Header {
        created: "20261122093000+0000".to_owned(),
        sequence,
        declared_records: records.iter().map(|record| record.position).max().unwrap_or(0).into(),
        authority: authority(code),
        name: "AN AUTHORITY".to_owned(),
        contact: Contact { emergency: "01632960001".parse().unwrap(), office: Some("01632960002".parse().unwrap()) },
    };
    cpis_format_hl7v3::encode_file(&header, records)
}
