//! A world of people who do not exist: a data directory with keys and a filled register, an issuer of tokens, authorities' files.
//!
//! Everything follows from one seed. Places of people: first those with plans, then those whom a first upload brings, at the end
//! those without a plan.

use crate::database::{Database, Kind, refuse_memory};
use crate::history::History;
use crate::serving;
use anyhow::{Context, Result, anyhow, bail, ensure};
use cpis_app::people::Keys;
use cpis_app::ring::KeyRing;
use cpis_app::{Clock, SystemClock, SystemEntropy};
use cpis_format_hl7v3::FileWriter;
use cpis_model::organisation::AuthorityCode;
use cpis_model::plan::PlanKind;
use cpis_model::register::Register;
use cpis_model::time::{days_after, london_day};
use cpis_model::upload::{Header, UploadedPlan};
use cpis_model::{Date, Timestamp};
use cpis_synth::{PEOPLE_MAX, SynthPerson, authority_contact, person, plan_source, plans_for, record};
use cpis_testkit::issuer::{AUDIENCE, Issuer, SigningKey, people};
use std::collections::HashMap;
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// From it follow all people and plans.
const SEED: u64 = 7;
/// Records of a file.
pub const FILE_RECORDS: u32 = 50_000;
/// People in the register without a plan.
const WITHOUT_PLAN: u32 = 9_000;
/// Of a hundred plans, so many people: the rest are second plans.
const PEOPLE_PERCENT: u64 = 85;
/// Numbers that looks are asked about: so many that pages and caches do not get used to a few.
pub const HITS_MAX: u32 = 100_000;
/// What `cpis register import` reads of a person.
const REGISTER_COLUMNS: [&str; 8] =
    ["nhs_number", "given", "family", "birth_date", "restricted", "deceased", "superseded_by", "sex"];
/// Clinicians who ask, each with a token of their own.
const AUTHORS: usize = 64;

/// One file of an authority: who stands in it. Of those that are measured the plans are not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Which authority, by its place among those of the register.
    pub authority: usize,
    /// Places of the people.
    pub people: Range<u32>,
    /// Plans that it brings.
    pub plans: u64,
}

/// The world.
pub struct World {
    /// What the service keeps everything in. A server ends before its folder goes.
    pub database: Database,
    /// The data directory.
    pub data: PathBuf,
    /// The configuration of `cpis serve`.
    pub config: PathBuf,
    /// Files that bring all plans.
    pub batches: Vec<Batch>,
    /// Plans in those files.
    pub plans: u64,
    /// People who have them.
    pub people: u32,
    /// The first so many of them are those whom looks ask about.
    asked: u32,
    /// People in the register.
    pub registered: u32,
    /// Bytes of plan are made for this day.
    today: Date,
    runtime: tokio::runtime::Runtime,
    keys: Keys,
    issuer: Issuer,
    register: Register,
    authorities: Vec<(AuthorityCode, Arc<str>)>,
    sequences: HashMap<usize, u64>,
    folder: tempfile::TempDir,
}

/// Tokens of both kinds of clinician.
pub struct Tokens {
    /// Unscheduled care.
    pub notifying: Vec<String>,
    /// Scheduled care: silent reads.
    pub silent: Vec<String>,
}

impl World {
    /// Makes folder, keys, database with its register, and starts the issuer. `plans` is the least number of plans, and a file ends where
    /// the first `asked` of them are there. The register is filled by `binary`, so that the database has the schema of that build.
    pub fn make(
        binary: &Path,
        folder: &Path,
        kind: Kind,
        (plans, asked): (u64, u64),
        say: impl Fn(&str),
    ) -> Result<Self> {
        refuse_memory(folder)?;
        let folder = tempfile::Builder::new().prefix("cpis-bench-").tempdir_in(folder).context("no folder for data")?;
        let data = folder.path().join("data");
        std::fs::DirBuilder::new().mode(0o700).create(&data)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let now = SystemClock.now();
        let today = london_day(now);
        let register = Register::built_in();
        let authorities = register.authorities();
        let people = u32::try_from(plans * PEOPLE_PERCENT / 100)?.clamp(1, PEOPLE_MAX - FILE_RECORDS - WITHOUT_PLAN);
        let registered = people + FILE_RECORDS + WITHOUT_PLAN;
        let (batches, plans) = batches(plans, asked, people, |place| of_place(place, today).1.len() as u64);
        // The last two authorities are for files that are measured.
        ensure!(batches.len() + 2 <= authorities.len(), "so many plans need more authorities than there are");

        let entropy = Arc::new(SystemEntropy::new().map_err(|error| anyhow!(error))?);
        let ring = KeyRing::generate("bench.example/log", &*entropy)?;
        let mut file = std::fs::OpenOptions::new();
        let mut file = file.create_new(true).write(true).mode(0o600).open(data.join("key-ring.toml"))?;
        file.write_all(ring.to_text().as_bytes())?;
        let keys = Keys { ring: Arc::new(ring), entropy };
        let database = Database::make(kind, folder.path(), &data, runtime.handle())?;

        let key = SigningKey::fresh("bench-1", &mut rand::rng());
        let issuer = Issuer::start(([127, 0, 0, 1], 0).into(), vec![key], || SystemClock.now());
        let issuer = runtime.block_on(issuer).context("the issuer does not start")?;
        let config = folder.path().join("cpis.toml");
        let world = Self {
            database,
            data,
            config,
            batches,
            plans,
            people,
            asked: people,
            registered,
            today,
            runtime,
            keys,
            issuer,
            register,
            authorities,
            sequences: HashMap::new(),
            folder,
        };
        let mapping = format!("issuer = \"{}\"\naudience = [\"{AUDIENCE}\"]\n", world.issuer.url());
        std::fs::write(world.folder.path().join("issuer.toml"), mapping)?;
        say(&format!("register: {registered} people"));
        world.fill_register(binary)?;
        Ok(world)
    }

    fn fill_register(&self, binary: &Path) -> Result<()> {
        let table = self.folder.path().join("register.csv");
        let mut writer = csv::Writer::from_path(&table)?;
        writer.write_record(REGISTER_COLUMNS)?;
        for person in cpis_synth::people(SEED, self.today).take(self.registered as usize) {
            let (given, family, birth) = (&person.name.given, &person.name.family, person.birth.to_string());
            writer.write_record([
                person.number.digits(),
                given.as_str(),
                family.as_str(),
                &birth,
                "",
                "",
                "",
                person.sex.code(),
            ])?;
        }
        writer.flush()?;
        serving::configure(&self.config, &self.database.configuration(), serving::free_ports()?)?;
        let output =
            Command::new(binary).args(["register", "import"]).arg(&table).arg("--config").arg(&self.config).output()?;
        ensure!(
            output.status.success(),
            "the register is not filled: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        std::fs::remove_file(&table)?;
        Ok(())
    }

    /// The folder that everything lies in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the folder where it is when the run is over.
    pub fn keep(&mut self) {
        self.folder.disable_cleanup(true);
    }

    /// Tokens of 64 clinicians of each kind, at as many sites.
    pub fn tokens(&self) -> Tokens {
        let now = SystemClock.now();
        let sites = self.register.sites();
        let sites: Vec<&str> = sites.iter().take(AUTHORS).map(|site| site.code.as_str()).collect();
        let mint = |claims: fn(&Register, &str, Timestamp) -> serde_json::Value| {
            sites.iter().map(|site| self.issuer.mint(&claims(&self.register, site, now))).collect()
        };
        Tokens { notifying: mint(people::clinician), silent: mint(people::scheduled_clinician) }
    }

    /// How many of the files bring so many plans, or all of them. From now on looks ask about those who stand in them.
    pub fn ask_about(&mut self, plans: u64) -> usize {
        let mut sum = 0;
        let files = self.batches.iter().take_while(|batch| {
            let more = sum < plans;
            sum += batch.plans;
            more
        });
        let ends: Vec<u32> = files.map(|batch| batch.people.end).collect();
        self.asked = ends.iter().copied().max().unwrap_or(self.people);
        ends.len()
    }

    /// Numbers of people with a plan whom looks ask about, evenly spread.
    pub fn hits(&self) -> Vec<String> {
        let wanted = self.asked.min(HITS_MAX);
        let places = (0..wanted).map(|place| (u64::from(place) * u64::from(self.asked) / u64::from(wanted)) as u32);
        places.filter_map(|place| cpis_synth::number(SEED, place)).map(|number| number.digits().to_owned()).collect()
    }

    /// Numbers of people in the register without a plan.
    pub fn misses(&self) -> Vec<String> {
        let places = self.registered - WITHOUT_PLAN..self.registered;
        places.filter_map(|place| cpis_synth::number(SEED, place)).map(|number| number.digits().to_owned()).collect()
    }

    /// People who have no plan yet, in a file of an authority that sent none yet.
    pub fn new_people(&self) -> Batch {
        let end = self.people + FILE_RECORDS;
        Batch { authority: self.authorities.len() - 1, people: self.people..end, plans: 0 }
    }

    /// People of whom another authority knows, in a file of one that sent none yet.
    pub fn known_people(&self) -> Batch {
        Batch { authority: self.authorities.len() - 2, people: 0..self.people.min(FILE_RECORDS), plans: 0 }
    }

    /// A token of the authority.
    pub fn authority_token(&self, batch: &Batch) -> Result<String> {
        let (code, name) = self.authority(batch)?;
        Ok(self.issuer.mint(&people::authority_worker(code.0.as_str(), name, SystemClock.now())))
    }

    /// The authority's next file. With `changed`, each tenth record differs from what the batch's people have by themselves.
    pub fn file(&mut self, batch: &Batch, changed: bool) -> Result<Vec<u8>> {
        let (authority, name) = self.authority(batch)?;
        let header = Header {
            created: SystemClock.now().strftime("%Y%m%d%H%M%S+0000").to_string(),
            sequence: self.sequences.get(&batch.authority).copied().unwrap_or(1),
            declared_records: u64::from(batch.people.end - batch.people.start),
            authority,
            name: name.to_string(),
            contact: authority_contact(authority),
        };
        self.sequences.insert(batch.authority, header.sequence + 1);
        let mut writer = FileWriter::new(&header);
        for (position, place) in (1u32..).zip(batch.people.clone()) {
            let (Some(person), mut plans) = of_place(place, self.today) else { bail!("there is no person {place}") };
            if changed && position % 10 == 0 {
                for plan in &mut plans {
                    change(plan, self.today);
                }
            }
            writer.push(&[record(position, &person, plans)]);
        }
        Ok(writer.finish())
    }

    fn authority(&self, batch: &Batch) -> Result<(AuthorityCode, &str)> {
        let (code, name) = self.authorities.get(batch.authority).context("there is no such authority")?;
        Ok((*code, name))
    }

    /// Gives every person with a plan so many looks of the year before, with the service stopped.
    pub fn load_history(&self, looks: u32, say: &dyn Fn(&str)) -> Result<()> {
        self.runtime.block_on(async {
            let store = self.database.open_tables().await?;
            let history = History::of(&*store, self.keys.clone(), &self.register, looks, SystemClock.now()).await?;
            history.load(&*store, say).await?;
            store.close().await;
            Ok::<(), anyhow::Error>(())
        })?;
        self.database.settle()
    }

    /// How many entries of looks the journal holds, with the service stopped. Rows of uploads are told by their missing body.
    pub fn recorded(&self) -> Result<u64> {
        self.runtime.block_on(async {
            let store = self.database.open().await?;
            let (mut next, mut recorded) = (0, 0);
            loop {
                let rows = store.journal_from(next, 10_000).await?;
                let Some(last) = rows.last() else { break };
                next = last.place.first_index + u64::from(last.place.count);
                let looks = rows.iter().filter(|row| row.body.is_some());
                recorded += looks.map(|row| u64::from(row.place.count)).sum::<u64>();
            }
            store.close().await;
            Ok(recorded)
        })
    }
}

/// A person and their plans.
fn of_place(place: u32, today: Date) -> (Option<SynthPerson>, Vec<UploadedPlan>) {
    let found = person(SEED, place, today);
    let plans = found.as_ref().map(|person| plans_for(person, &mut plan_source(SEED, person), today));
    (found, plans.unwrap_or_default())
}

/// The same plan with another end, still shown.
fn change(plan: &mut UploadedPlan, today: Date) {
    plan.dates.end = match (plan.kind, plan.dates.end) {
        (PlanKind::Unborn, Some(due)) => Some(days_after(due, 1)),
        (_, None) => Some(today),
        (_, Some(_)) => None,
    };
}

/// Files of one authority after another that bring at least so many plans, and how many they bring; one ends where `asked` plans are
/// there. Once everybody stands in one, the next authority begins with the first person again.
fn batches(plans: u64, asked: u64, people: u32, plans_of: impl Fn(u32) -> u64) -> (Vec<Batch>, u64) {
    let (mut batches, mut sum, mut first) = (Vec::new(), 0, 0);
    while sum < plans {
        let (mut end, before) = (first, sum);
        let until = if sum < asked { asked.min(plans) } else { plans };
        while end < people.min(first + FILE_RECORDS) && sum < until {
            sum += plans_of(end);
            end += 1;
        }
        batches.push(Batch { authority: batches.len(), people: first..end, plans: sum - before });
        first = if end == people { 0 } else { end };
    }
    (batches, sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_bring_all_plans_and_begin_anew_when_everybody_stood_in_one() {
        let plans_of = |place| 1 + u64::from(place % 10 == 0);
        let (files, plans) = batches(200_000, 200_000, 120_000, plans_of);
        let people: Vec<_> = files.iter().map(|batch| batch.people.clone()).collect();
        assert!((200_000..200_002).contains(&plans));
        assert_eq!(people.iter().take(4).map(|range| range.start).collect::<Vec<_>>(), [0, 50_000, 100_000, 0]);
        assert!(people.iter().all(|range| range.end <= 120_000 && range.len() <= 50_000));
        assert_eq!(files.iter().map(|batch| batch.authority).collect::<Vec<_>>(), (0..files.len()).collect::<Vec<_>>());
        assert_eq!(files.iter().map(|batch| batch.plans).sum::<u64>(), plans);
        assert_eq!(files.first().map(|batch| batch.plans), Some(55_000));
        let (files, _) = batches(200_000, 70_000, 120_000, plans_of);
        assert_eq!(files.iter().take(3).map(|batch| batch.plans).collect::<Vec<_>>(), [55_000, 15_000, 55_000]);
    }

    #[test]
    fn a_changed_plan_keeps_its_key_and_differs() {
        let today: Date = "2026-11-22".parse().unwrap();
        for place in 0..500 {
            for plan in of_place(place, today).1 {
                let mut other = plan;
                change(&mut other, today);
                assert!(other != plan && other.kind == plan.kind && other.dates.start == plan.dates.start);
            }
        }
    }
}
