//! Looks through the machine API's routes, one after another, without a socket: `cargo xtask count` runs it with two numbers of
//! looks under a tool that counts instructions, and what is between the two is what the looks cost. Everything follows from fixed
//! seeds and a fixed moment, so that only a change of the program changes the count.

use anyhow::{Context, Result, anyhow, ensure};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use cpis_app::subscriptions::{NoHooks, Subscriptions};
use cpis_bench::small::Small;
use cpis_identity::{KeySource, Mapping, Verifier};
use cpis_inbound_http::{Http, Limits, router};
use cpis_model::Timestamp;
use cpis_store_sqlite::{Options, SqliteStore};
use cpis_testkit::issuer::{AUDIENCE, Issuer, SigningKey, people};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tower::ServiceExt;

const SITE: &str = "RRV03";
/// People with plans; looks ask for one after the other.
const PEOPLE: u32 = 200;

fn main() -> Result<()> {
    let looks: usize = std::env::args().nth(1).context("how many looks?")?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(looks))
}

async fn run(looks: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let now: Timestamp = "2026-11-22T10:00:00Z".parse()?;
    let store = SqliteStore::open(&folder.path().join("cpis.db"), Options { readers: 1, ..Options::default() })?;
    let Small { service, register, records, .. } = Small::make(Arc::new(store), now, PEOPLE).await?;

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
    // They hold the service, which else would be waited for.
    drop(routes);
    service.close().await;
    Ok(())
}
