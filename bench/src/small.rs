//! A small service of this process, without sockets: people with plans whom one authority's file brought. Everything follows from
//! a fixed seed and the moment at which the clock stands.

use anyhow::{Context, Result, anyhow, ensure};
use cpis_app::demographics::{LocalRegister, RegisterEntry};
use cpis_app::people::Keys;
use cpis_app::ring::KeyRing;
use cpis_app::upload::{DecodeUpload, Received, Wishes, receive};
use cpis_app::{Clock, Service, Settings, SystemEntropy};
use cpis_format_hl7v3::encode_file;
use cpis_model::Timestamp;
use cpis_model::caller::{Caller, Rights, Who};
use cpis_model::demographics::Demographics;
use cpis_model::organisation::{AuthorityCode, Organisation};
use cpis_model::register::Register;
use cpis_model::time::london_day;
use cpis_model::upload::{Header, Record};
use cpis_store::Store;
use cpis_synth::{authority_contact, person, plan_source, plans_for, record};
use std::sync::Arc;

const SEED: u64 = 7;
const AUTHORITY: &str = "702";

struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The service.
pub struct Small {
    /// It.
    pub service: Arc<Service>,
    /// Organisations.
    pub register: Arc<Register>,
    /// What the authority sent.
    pub records: Vec<Record>,
    /// Keys.
    pub keys: Keys,
}

impl Small {
    /// Makes it over an empty store, with so many people.
    pub async fn make(store: Arc<dyn Store>, now: Timestamp, people: u32) -> Result<Self> {
        let entropy = Arc::new(SystemEntropy::seeded(SEED));
        let ring = Arc::new(KeyRing::generate("count.example/log", &*entropy)?);
        let register = Arc::new(Register::built_in());
        let keys = Keys { ring: ring.clone(), entropy: entropy.clone() };
        let demographics = Arc::new(LocalRegister::new(store.clone(), keys.clone()));
        let (known, records) = population(now, people);
        demographics.put(&known).await?;
        let decode = DecodeUpload {
            head: cpis_format_hl7v3::head,
            message: cpis_format_hl7v3::READER,
            table: cpis_format_hl7v3::READER,
        };
        let settings = Settings { test_numbers: true, ..Settings::default() };
        let clock = Arc::new(Still(now));
        let service = Service::start(store, ring, clock, entropy, register.clone(), demographics, decode, settings);
        upload(&service, &register, &records).await?;
        Ok(Self { service, register, records, keys })
    }
}

/// People with plans that are visible, and what demographics knows of them.
fn population(now: Timestamp, people: u32) -> (Vec<RegisterEntry>, Vec<Record>) {
    let today = london_day(now);
    let people = (0..people).filter_map(|place| person(SEED, place, today));
    let rows = (1..).zip(people).map(|(position, person)| {
        let plans = plans_for(&person, &mut plan_source(SEED, &person), today);
        let (name, birth, sex) = (person.name.clone(), person.birth, Some(person.sex));
        let known = Demographics { name, birth, restricted: false, deceased: false, sex };
        let entry = RegisterEntry { number: person.number, person: Some(known), superseded_by: None };
        (entry, record(position, &person, plans))
    });
    rows.unzip()
}

async fn upload(service: &Arc<Service>, register: &Register, records: &[Record]) -> Result<()> {
    let authority: AuthorityCode = AUTHORITY.parse()?;
    let name = register.authority(authority).context("the authority is not in the register")?.clone();
    let header = Header {
        created: "20261122093000+0000".to_owned(),
        sequence: 1,
        declared_records: records.len() as u64,
        authority,
        name: name.to_string(),
        contact: authority_contact(authority),
    };
    let rights = Rights { authority: Some(authority), ..Rights::default() };
    let organisation = Organisation { code: AUTHORITY.parse()?, name };
    let caller = Caller { who: Who::System { client: "count".into() }, organisation, site: None, rights };
    let file = encode_file(&header, records).into();
    let received = receive(service, Arc::new(caller), file, Wishes::default()).await?;
    let Received::Answered(answer) = received else { return Err(anyhow!("the file was not taken")) };
    ensure!(answer.failed == 0, "{} records were not taken", answer.failed);
    Ok(())
}
