//! `cpis demo`: the whole service on this machine with invented people, a real issuer of tokens beside it, and a story told
//! through the real interfaces. Personal data is stored sealed only, as in any installation.

mod country;
mod gateway;
mod mesh;
mod pds;
mod ready;
mod server;
mod shown;
mod sign_in;
mod soap;
mod story;
mod world;

use crate::client::send;
use crate::config::{LogFormat, LogLevel, Logs, Pages};
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::open::{self, Opened, app, database};
use crate::places::{Lock, Places};
use crate::running::{Doors, Known, Running, listen};
use crate::{cli, logs, organisations, ring_file, say, signals};
pub use country::{Country, Recipe};
use cpis_app::demographics::{Demographics, LocalRegister};
use cpis_app::organisations::{Edit, change_all};
use cpis_app::ring::KeyRing;
use cpis_app::{Clock, Settings, SystemClock, lifecycle};
use cpis_model::entry::HiddenFor;
use cpis_model::organisation::AuthorityCode;
use cpis_model::organisation_record::{Authority, Record, RecordKind};
use cpis_model::record_text::Text;
use cpis_model::register::Register;
use cpis_model::time::london_day;
use cpis_model::{Date, Timestamp};
use cpis_outbound_webhook::Backoff;
use cpis_store::Store;
use cpis_testkit::issuer::{Issuer, SigningKey, people};
use ready::{AtSite, Examples, NextUpload, Ready, Tokens};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use story::Stage;
use world::{AUTHORITIES, AUTHORITY, OTHER, Part, World};

/// Name of the demo's audit log: no other installation has it, so none is taken for a demo.
const LOG_NAME: &str = "demo.localhost/log";
/// Where the database keeps what the second start must know: a day and a number of people, nothing personal.
const SETTING: &str = "demo";
/// Where it keeps whether the country around the story is complete.
const COUNTRY: &str = "demo country";
/// Where those work who get tokens.
const HOSPITAL: &str = "RAL01";
const SCHEDULED_CARE: &str = "RP4";
/// Sites with a clinician of each kind whose token a simulation may use.
const SIMULATED_SITES: usize = 64;

/// What the second start must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Made {
    on: Date,
    people: u32,
    told: bool,
    country: Option<Country>,
}

impl Made {
    fn to_text(self) -> String {
        let country = self.country.map_or("", Country::word);
        format!("{} {} {} {country}", self.on, self.people, if self.told { "told" } else { "begun" })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (on, people) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let told = words.next()? == "told";
        Some(Self { on, people, told, country: words.next().and_then(Country::of_word) })
    }
}

/// Runs the demo until it is told to end.
pub async fn run(arguments: &cli::Demo) -> Result<ExitCode> {
    let mut stop = signals::watch()?;
    // The story shows refusals and faulty files: their warnings would only stand in its way.
    logs::start(&Logs { format: LogFormat::Human, level: LogLevel::Error });
    let folder = arguments.data_dir.clone().unwrap_or_else(|| std::env::temp_dir().join("cpis-demo"));
    let mut places = Places::in_folder(&folder);
    places.create()?;
    let ready_file = arguments.ready_file.as_deref().map(|path| ready::place(path, &folder)).transpose()?;
    if let Some(path) = &ready_file {
        // Whoever waits for it must not find the one of an earlier start.
        ready::remove(path);
    }
    let now = SystemClock.now();
    let lock = places.lock()?;
    let cluster = server::start(&mut places, arguments.database).await?;
    let (opened, made) = open_world(places, lock, arguments, now).await?;
    let world = World::new(made.on, made.people)?;
    let (listener, issuer) = open_doors(arguments.port).await?;
    let (door, mesh) = mesh::open(arguments.port, &opened.keys).await?;
    let (query, soap) = soap::open(arguments.port, &opened.places.data_dir).await?;
    let (server, demographics) = pds::start(arguments.port, &opened).await?;
    let address = listener.local_addr().or_fault(Kind::Address, "The listener has no address")?;
    let base = format!("http://{address}");
    let register = Arc::new(Register::built_in());
    if let Some(country) = made.country {
        surround(&opened, &world, &register, country, &demographics, now).await?;
    }
    let sign_in = sign_in::prepare(&issuer, &base, &register, now)?;
    let settings = Settings {
        test_numbers: true,
        checkpoint_file: Some(opened.places.checkpoints.clone()),
        ..Settings::default()
    };
    let known = Known { issuers: vec![sign_in], register: register.clone(), demographics: Some(demographics) };
    let pages = Pages { organisation: Some("Demonstration".to_owned()), ..Pages::default() };
    // Subscribers of a demo sit on this machine, and nobody waits half a minute for a second try.
    let backoff = Backoff { first: Duration::from_secs(1), ..Backoff::default() };
    let webhook = cpis_outbound_webhook::Settings { plain_loopback: true, backoff, ..Default::default() };
    let doors = Doors {
        listener: Some(listener),
        tls: None,
        inside: None,
        base_url: base.clone(),
        pages,
        mesh: Some(door),
        soap: Some(query),
        mesh_server: None,
        webhook,
        relay: None,
    };
    let running = Running::start(opened, settings, mesh::settings(), known, doors).await?;
    let hospital = gateway::DemoGateway::start(&soap, arguments.port, &folder).await?;
    let stage = Stage {
        service: &running.service,
        base: &base,
        issuer: &issuer,
        register: &register,
        world: &world,
        mesh: &mesh,
        soap: &soap,
        hospital: &hospital,
        demographics: server.base_url(),
        now,
    };
    let told = tokio::select! {
        told = begin(&stage, made, ready_file.as_deref()) => told,
        () = signals::asked(&mut stop) => Ok(None),
    };
    let done = match told {
        Ok(tokens) => {
            signals::asked(&mut stop).await;
            say::line("\nEnding: answering what was taken. A second signal ends at once.");
            drop(tokens);
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => Err(fault),
    };
    if let Some(path) = &ready_file {
        ready::remove(path);
    }
    hospital.stop().await;
    running.stop(Duration::ZERO).await;
    issuer.stop().await;
    server.stop().await;
    server::stop(cluster).await;
    say::line(format_args!("Ended. The demo's data stays in {}; delete it when you like.", folder.display()));
    done
}

/// Makes the country around the story, once.
async fn surround(
    opened: &Opened,
    world: &World,
    register: &Register,
    country: Country,
    demographics: &Arc<dyn Demographics>,
    now: Timestamp,
) -> Result<()> {
    let stored = opened.store.setting(COUNTRY).await.map_err(|error| database(&error))?;
    match stored.as_deref() {
        Some(b"made") => return Ok(()),
        Some(_) => {
            let what = "The demo's country was not made to its end: it was interrupted";
            return Err(Fault::new(Kind::Data, what).mend("Delete the demo's folder and start it again."));
        }
        None => {}
    }
    let mark = async |word: &str| {
        let set = opened.store.set_setting(COUNTRY, word.as_bytes().to_vec()).await;
        set.map_err(|error| database(&error))
    };
    mark("begun").await?;
    say::line(match country {
        Country::Small => "Making a small country: about 20,000 plans of all authorities.",
        Country::England => {
            "Making England: about 220,000 plans and a year of accesses. This takes some minutes, once."
        }
    });
    country::fill(opened, world, register, country, demographics, now).await?;
    mark("made").await
}

/// Opens the demo's data, or makes it.
async fn open_world(places: Places, lock: Lock, arguments: &cli::Demo, now: Timestamp) -> Result<(Opened, Made)> {
    if !places.key_ring.exists() && !places.database.exists() {
        let ring = KeyRing::generate(LOG_NAME, &open::entropy()?).or_fault(Kind::Keys, "The demo's key ring")?;
        ring_file::write_new(&places.key_ring, &ring)?;
    }
    if ring_file::read(&places.key_ring)?.signing_name() != LOG_NAME {
        let what = format!("{} is an installation and no demo", places.data_dir.display());
        return Err(Fault::new(Kind::Data, what).mend("Choose another folder with --data-dir. Nothing was changed."));
    }
    let opened = open::open(places, lock, 4, true).await?;
    opened.check_keys().await?;
    opened.check_not_behind().await?;
    let stored = opened.store.setting(SETTING).await.map_err(|error| database(&error))?;
    let made = match stored {
        None => Made { on: london_day(now), people: arguments.people, told: false, country: arguments.scale },
        Some(bytes) => std::str::from_utf8(&bytes).ok().and_then(Made::parse).ok_or_else(|| {
            Fault::new(Kind::Data, "The demo was made by another version")
                .mend("Choose another folder with --data-dir.")
        })?,
    };
    save(&*opened.store, made).await?;
    Ok((opened, made))
}

async fn save(store: &dyn Store, made: Made) -> Result<()> {
    store.set_setting(SETTING, made.to_text().into_bytes()).await.map_err(|error| database(&error))
}

/// The service's listener, and the issuer on the next port.
async fn open_doors(port: u16) -> Result<(tokio::net::TcpListener, Issuer)> {
    let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let listener = listen(address(port), "--port").await?;
    let next = if port == 0 { 0 } else { port.checked_add(1).unwrap_or(0) };
    let keys = vec![SigningKey::fresh("demo", &mut rand::rng())];
    let issuer = Issuer::start(address(next), keys, || SystemClock.now()).await.map_err(|error| {
        let what = match error.kind() {
            std::io::ErrorKind::AddrInUse => format!("{} is in use by another program", address(next)),
            _ => format!("{} cannot be listened on: {error}", address(next)),
        };
        Fault::new(Kind::Address, what)
            .mend("Stop the other program, or change --port; the issuer takes the next port.")
    })?;
    Ok((listener, issuer))
}

/// Fills the demo and tells its story at the first start; then says where everything is.
async fn begin(stage: &Stage<'_>, made: Made, ready_file: Option<&Path>) -> Result<Option<tempfile::TempDir>> {
    if made.told {
        say::line(format_args!(
            "This demo was made on {} with {} invented people. It goes on where it ended.",
            made.on, made.people
        ));
    } else {
        say::line(format_args!(
            "OpenCPIS demo: {} invented people with NHS numbers of the test range, real authorities and hospitals.",
            made.people
        ));
        let sent = fill(stage).await?;
        stage.tell(&sent).await?;
        save(&*stage.service.store, Made { told: true, ..made }).await?;
    }
    soap::register(stage.service, stage.soap, HOSPITAL).await?;
    let ready = ready(stage, made, ready_file.unwrap_or(Path::new("ready.json"))).await?;
    let tokens = shown::token_files(&ready.tokens)?;
    if let Some(path) = ready_file {
        ready::write(path, &ready, &stage.world.spreadsheet()?)?;
    }
    say::text(shown::addresses(&ready, tokens.path(), ready_file));
    Ok(Some(tokens))
}

/// Fills the local register, sends the files through the service's own door, and lets demographics change its mind.
async fn fill(stage: &Stage<'_>) -> Result<Vec<(String, Value)>> {
    let local = LocalRegister::new(stage.service.store.clone(), stage.service.keys.clone());
    local.put(&stage.world.register()).await.map_err(|error| app(&error))?;
    register_hours(stage).await?;
    mesh::give_passwords(stage.service, stage.now).await?;
    let mut sent = Vec::new();
    for authority in AUTHORITIES {
        let code = authority.parse().map_err(|_| Fault::failed("A code of the demo's authorities is wrong"))?;
        let sequence = next_sequence(stage, code).await?;
        let file = stage.world.file(stage.register, authority, sequence)?;
        stage.mesh.client(stage.service, authority).await?.deliver(file.into(), sequence).await?;
        let answer = send(stage.worker(authority)?.get(&format!("/authority/v1/uploads/{sequence}"))).await?;
        let acknowledgement = answer.body.get("acknowledgement").filter(|answer| answer.is_object()).cloned();
        let Some(acknowledgement) = acknowledgement else {
            return Err(Fault::failed(format!("The demo's service answered {}", answer.words())));
        };
        sent.push((stage.authority(authority), acknowledgement));
    }
    local.put(&stage.world.register_later()?).await.map_err(|error| app(&error))?;
    for part in [Part::Superseded, Part::StorySuperseded] {
        let (old, new) = (stage.world.number(part)?, World::surviving(part)?);
        lifecycle::supersede(stage.service, old, new).await.map_err(|error| app(&error))?;
    }
    for part in [Part::Sensitive, Part::StoryRestricted] {
        let number = stage.world.number(part)?;
        lifecycle::hide(stage.service, number, Some(HiddenFor::Restricted)).await.map_err(|error| app(&error))?;
    }
    Ok(sent)
}

/// The number of an authority's next file.
async fn next_sequence(stage: &Stage<'_>, authority: AuthorityCode) -> Result<u64> {
    let state = stage.service.store.upload_state(authority).await.map_err(|error| database(&error))?;
    Ok(state.last.map_or(1, |last| last + 1))
}

/// When the authorities' invented numbers are answered, so that pages can say which is open now; and their mailboxes.
async fn register_hours(stage: &Stage<'_>) -> Result<()> {
    let register = stage.service.register.get();
    let mut edits = Vec::new();
    for authority in AUTHORITIES {
        let held = register.record(RecordKind::Authority, authority);
        let (Some(held), Some(Record::Authority(record))) = (held, held.map(|held| &*held.record)) else {
            return Err(Fault::failed(format!("The register has no authority {authority}")));
        };
        let (contacts, mailboxes) = (world::contacts(record.code)?, vec![mesh::mailbox_of(authority)?]);
        let record = Record::Authority(Authority { contacts, mailboxes, ..record.clone() });
        edits.push(Edit { record, expected: held.version });
    }
    let why: Text =
        "invented hours and mailboxes for the demo".parse().map_err(|_| Fault::failed("The demo's reason is wrong"))?;
    let done = change_all(stage.service, organisations::caller()?, edits, &why).await;
    done.map(|_| ()).map_err(|error| app(&error))
}

async fn ready(stage: &Stage<'_>, made: Made, file: &Path) -> Result<Ready> {
    let code = AUTHORITY.parse().map_err(|_| Fault::failed("The code of the demo's authority is wrong"))?;
    let next = next_sequence(stage, code).await?;
    let (register, now) = (stage.register, stage.now);
    let mint = |claims: Value| stage.issuer.mint(&claims);
    let worker = |authority: &str| mint(people::authority_worker(authority, &stage.authority(authority), now));
    Ok(Ready {
        web: stage.base.to_owned(),
        sign_ins: sign_in::offered(stage.register, now),
        fhir: format!("{}{}", stage.base, cpis_inbound_http::FHIR_BASE),
        authority_api: format!("{}/authority/v1", stage.base),
        issuer: stage.issuer.url().to_owned(),
        demographics: stage.demographics.clone(),
        upload: NextUpload::new(&stage.authority(AUTHORITY), next),
        tokens: Tokens {
            clinician: mint(people::clinician(register, HOSPITAL, now)),
            scheduled_clinician: mint(people::scheduled_clinician(register, SCHEDULED_CARE, now)),
            authority: worker(AUTHORITY),
            other_authority: worker(OTHER),
            privacy_officer: mint(people::privacy_officer(register, HOSPITAL, now)),
        },
        simulate_tokens: simulate_tokens(stage),
        country: made.country.map(|country| country.recipe(made.on, made.people)),
        examples: Examples::of(stage.world)?,
        mesh: stage.mesh.url.clone(),
        mesh_shared_key: stage.mesh.shared_key.clone(),
        mllp: stage.hospital.mllp.clone(),
        gateway_status: stage.hospital.status.clone(),
        mailboxes: mesh::mailboxes(stage.service).await?,
        soap: stage.soap.clone(),
        spreadsheet: ready::spreadsheet(file),
    })
}

/// A clinician in unscheduled and one in scheduled care at each of many sites, so that looks come from many authors.
fn simulate_tokens(stage: &Stage<'_>) -> Vec<AtSite> {
    let sites = stage.register.sites();
    let step = (sites.len() / SIMULATED_SITES).max(1);
    let at = |site: &str, scheduled: bool| {
        let claims = if scheduled { people::scheduled_clinician } else { people::clinician };
        let token = stage.issuer.mint(&claims(stage.register, site, stage.now));
        AtSite { site: site.to_owned(), scheduled, token }
    };
    let sites = sites.into_iter().step_by(step).take(SIMULATED_SITES);
    sites.flat_map(|site| [false, true].map(|scheduled| at(site.code.as_str(), scheduled))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_second_start_must_know_is_read_again() {
        let countries = [None, Some(Country::Small), Some(Country::England)];
        for (told, country) in [false, true].into_iter().flat_map(|told| countries.map(|country| (told, country))) {
            let made = Made { on: "2026-11-22".parse().unwrap(), people: 300, told, country };
            assert_eq!(Made::parse(&made.to_text()), Some(made));
        }
        assert_eq!(Made::parse("later"), None);
    }

    #[tokio::test]
    async fn an_installation_is_not_taken_for_a_demo() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::in_folder(folder.path());
        let ring = KeyRing::generate("cpis.example/log", &open::entropy().unwrap()).unwrap();
        ring_file::write_new(&places.key_ring, &ring).unwrap();
        let lock = places.lock().unwrap();
        let arguments = cli::Demo {
            data_dir: None,
            port: 0,
            database: cli::Database::Embedded,
            ready_file: None,
            people: 100,
            scale: None,
        };
        let fault = open_world(places.clone(), lock, &arguments, SystemClock.now()).await.err().unwrap();
        assert!(fault.kind == Kind::Data && fault.what.ends_with("is an installation and no demo"));
        assert!(!places.database.exists());
    }
}
