//! Looks through the machine API's routes, one after another, without a socket: `cargo xtask count` runs it with two numbers of
//! looks under a tool that counts instructions, and what is between the two is what the looks cost. Everything follows from fixed
//! seeds and a fixed moment, so that only a change of the program changes the count.

use anyhow::{Context, Result, anyhow, ensure};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use cpis_app::demographics::{LocalRegister, RegisterEntry};
use cpis_app::people::Keys;
use cpis_app::ring::KeyRing;
use cpis_app::subscriptions::{NoHooks, Subscriptions};
use cpis_app::upload::{DecodeUpload, Received, Wishes, receive};
use cpis_app::{Clock, Service, Settings, SystemEntropy};
use cpis_format_hl7v3::encode_file;
use cpis_identity::{KeySource, Mapping, Verifier};
use cpis_inbound_http::{Http, Limits, router};
use cpis_model::Timestamp;
use cpis_model::caller::{Caller, Rights, Who};
use cpis_model::demographics::Demographics;
use cpis_model::organisation::{AuthorityCode, Organisation};
use cpis_model::register::Register;
use cpis_model::time::london_day;
use cpis_model::upload::{Header, Record};
use cpis_store_sqlite::{Options, SqliteStore};
use cpis_synth::{authority_contact, person, plan_source, plans_for, record};
use cpis_testkit::issuer::{AUDIENCE, Issuer, SigningKey, people};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tower::ServiceExt;

const SEED: u64 = 7;
const AUTHORITY: &str = "702";
const SITE: &str = "RRV03";
/// People with plans; looks ask for one after the other.
const PEOPLE: u32 = 200;

struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn main() -> Result<()> {
    let looks: usize = std::env::args().nth(1).context("how many looks?")?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(looks))
}

async fn run(looks: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let now: Timestamp = "2026-11-22T10:00:00Z".parse()?;
    let entropy = Arc::new(SystemEntropy::seeded(SEED));
    let ring = Arc::new(KeyRing::generate("count.example/log", &*entropy)?);
    let store: Arc<dyn cpis_store::Store> =
        Arc::new(SqliteStore::open(&folder.path().join("cpis.db"), Options { readers: 1, ..Options::default() })?);
    let register = Arc::new(Register::built_in());
    let demographics =
        Arc::new(LocalRegister::new(store.clone(), Keys { ring: ring.clone(), entropy: entropy.clone() }));
    let (known, records) = population(now);
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

    let key = SigningKey::from_secret("count-1", [7; 32]).context("the key cannot be made")?;
    let issuer = Issuer::start(([127, 0, 0, 1], 0).into(), vec![key], move || now).await?;
    let mapping = Mapping::standard(issuer.url(), AUDIENCE, Vec::new()).map_err(|error| anyhow!("{error}"))?;
    let keys = KeySource::fixed(&issuer.jwks().to_string()).map_err(|error| anyhow!("{error}"))?;
    let verifier = Verifier::new(vec![(mapping, keys)], register.clone()).map_err(|error| anyhow!("{error}"))?;
    let subscriptions = Subscriptions {
        service: service.clone(),
        wire: cpis_inbound_http::wire(),
        hooks: Arc::new(NoHooks),
        base_url: "https://count.example".to_owned(),
        plain_loopback: false,
    };
    let routes = router(Arc::new(Http {
        service: service.clone(),
        subscriptions: Arc::new(subscriptions),
        verifier: Arc::new(verifier),
        base_url: "https://count.example".to_owned(),
        metrics: Arc::new(String::new),
        ready: Arc::new(|| true),
        upload_bytes: Arc::new(Semaphore::new(0)),
        limits: Limits::default(),
    }));
    let token = issuer.mint(&people::clinician(&register, SITE, now));
    for (n, record) in records.iter().cycle().take(looks).enumerate() {
        let uri = format!(
            "/cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C{}",
            record.person.number.digits()
        );
        let request = Request::get(uri).header("authorization", format!("Bearer {token}")).body(Body::empty())?;
        let answer = routes.clone().oneshot(request).await.map_err(|error| anyhow!("{error}"))?;
        ensure!(answer.status().is_success(), "look {n} was answered with {}", answer.status());
        ensure!(to_bytes(answer.into_body(), 1 << 20).await?.len() > 500, "look {n} was answered without a record");
    }
    issuer.stop().await;
    service.close().await;
    Ok(())
}

/// People with plans that are visible, and what demographics knows of them.
fn population(now: Timestamp) -> (Vec<RegisterEntry>, Vec<Record>) {
    let today = london_day(now);
    let people = (0..PEOPLE).filter_map(|place| person(SEED, place, today));
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
