//! What a night needs: England of a seed, its authorities with mailboxes, a PDS-like server that knows its people, an issuer.

use super::authority::Authority;
use crate::database::{Database, refuse_memory};
use crate::scenarios::Options;
use crate::serving::free_ports;
use anyhow::{Context, Result, anyhow, ensure};
use cpis_app::mail::passwords::Passwords;
use cpis_app::people::Keys;
use cpis_app::ring::KeyRing;
use cpis_app::{Clock, SystemClock, SystemEntropy};
use cpis_format_hl7v3::FileWriter;
use cpis_model::demographics::{Demographics, Sex};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::AuthorityCode;
use cpis_model::register::Register;
use cpis_model::time::{days_after, london_day};
use cpis_model::upload::Header;
use cpis_outbound_mesh::{Mesh, Settings};
use cpis_synth::{England, Scale, authority_contact};
use cpis_testkit::issuer::{AUDIENCE, Issuer, SigningKey, people};
use cpis_testkit::pds::{Application, Entry, PdsServer, Security, Somebody, application_key};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// From it follow all people and plans.
const SEED: u64 = 7;
/// Clinicians who look, each at a site of their own.
const CLINICIANS: usize = 16;
const KEY: &str = "a shared key for measuring";
const PASSWORD: &str = "a password for measuring";

/// The nation.
pub struct Nation {
    /// The configuration of `cpis serve`.
    pub config: PathBuf,
    /// Its tables for demographics and mailboxes.
    pub tables: String,
    /// For authorities, PDS and issuer.
    pub runtime: tokio::runtime::Runtime,
    england: England,
    authorities: Vec<(AuthorityCode, Arc<str>)>,
    mesh: SocketAddr,
    issuer: Issuer,
    register: Register,
    #[expect(dead_code, reason = "the service asks it")]
    pds: PdsServer,
    #[expect(dead_code, reason = "a server ends with it")]
    database: Database,
    folder: tempfile::TempDir,
}

impl Nation {
    /// Makes everything but the service.
    pub fn make(options: &Options, say: &dyn Fn(&str)) -> Result<Self> {
        refuse_memory(&options.folder)?;
        let folder = tempfile::Builder::new().prefix("cpis-nation-").tempdir_in(&options.folder)?;
        let data = folder.path().join("data");
        std::fs::DirBuilder::new().mode(0o700).create(&data)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        // As it stood yesterday, so that what changed on the next day has happened today.
        let yesterday = days_after(london_day(SystemClock.now()), -1);
        let england = England::new(SEED, yesterday, Scale::plans(options.nation_plans));
        let register = Register::built_in();
        let authorities: Vec<_> = register.authorities().into_iter().collect();

        let entropy = Arc::new(SystemEntropy::new().map_err(|error| anyhow!(error))?);
        let ring = KeyRing::generate("bench.example/log", &*entropy)?;
        write_private(&data.join("key-ring.toml"), ring.to_text().as_bytes())?;
        let database = Database::make(options.database, folder.path(), &data, runtime.handle())?;
        let keys = Keys { ring: Arc::new(ring), entropy };
        runtime.block_on(give_passwords(&database, &keys, &authorities))?;

        let key = SigningKey::fresh("bench-1", &mut rand::rng());
        let issuer = runtime.block_on(Issuer::start(([127, 0, 0, 1], 0).into(), vec![key], || SystemClock.now()))?;
        let mapping = format!("issuer = \"{}\"\naudience = [\"{AUDIENCE}\"]\n", issuer.url());
        std::fs::write(folder.path().join("issuer.toml"), mapping)?;

        let key = application_key("pds-1").context("no key for PDS")?;
        let application = Application { api_key: "an-application".to_owned(), key: key.public().clone() };
        let pds = PdsServer::start(([127, 0, 0, 1], 0).into(), application, || SystemClock.now());
        let pds = runtime.block_on(pds)?;
        let known = know_people(&england, &authorities, &pds);
        say(&format!("PDS knows {known} numbers"));
        for (name, text) in
            [("pds-key.pem", key.private_pem()), ("pds-api-key", "an-application".into()), ("shared-key", KEY.into())]
        {
            write_private(&folder.path().join(name), text.as_bytes())?;
        }
        let [mesh, _] = free_ports()?;
        let tables = format!(
            "{}[demographics]\nsource = \"pds\"\nbase_url = \"{}\"\ntoken_url = \"{}\"\napi_key_file = \"pds-api-key\"\n\
             key_id = \"pds-1\"\nkey_file = \"pds-key.pem\"\nrequests_per_second = 10000\nconcurrent = 64\n\
             [mesh]\nlisten = \"{mesh}\"\nshared_key_file = \"shared-key\"\ntell_seconds = 1\n",
            database.configuration(),
            pds.base_url(),
            pds.token_url()
        );
        let config = folder.path().join("cpis.toml");
        let mut nation =
            Self { config, tables, runtime, england, authorities, mesh, issuer, register, pds, database, folder };
        nation.give_mailboxes(&options.binary)?;
        if options.keep {
            nation.folder.disable_cleanup(true);
            say(&format!("everything lies in {}", nation.folder().display()));
        }
        Ok(nation)
    }

    /// The folder that everything lies in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the mailboxes into the register of organisations, as an operator does.
    fn give_mailboxes(&self, binary: &Path) -> Result<()> {
        let record = |(code, name): &(AuthorityCode, Arc<str>)| {
            let record = serde_json::json!({
                "version": 1, "kind": "authority", "code": code.to_string(), "name": **name, "mailboxes": [mailbox(*code)],
            });
            format!("{record}\n")
        };
        let table = self.folder().join("records.jsonl");
        std::fs::write(&table, self.authorities.iter().map(record).collect::<String>())?;
        let issuer = "[[issuer]]\nmapping = \"issuer.toml\"\n";
        std::fs::write(&self.config, format!("data_dir = \"data\"\ntest_numbers = true\n{}{issuer}", self.tables))?;
        let mut command = Command::new(binary);
        command.args(["organisations", "import", "--kind", "records", "--why", "a measurement", "--config"]);
        let done = command.arg(&self.config).arg(&table).output()?;
        ensure!(done.status.success(), "no mailboxes: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }

    /// The authorities' systems.
    pub fn authorities(&self) -> Result<Vec<Authority>> {
        self.authorities.iter().map(|(code, _)| self.authority(*code)).collect()
    }

    fn authority(&self, code: AuthorityCode) -> Result<Authority> {
        let settings =
            Settings::new(&format!("http://{}", self.mesh), mailbox(code).parse()?, PASSWORD, KEY.as_bytes());
        Ok(Authority::new(Mesh::new(settings, Arc::new(SystemClock))?))
    }

    /// Every authority's file of a day with the number of its records. Day 0 has all plans, day 1 what changed then.
    pub fn files(&self, day: u32) -> Result<Vec<(Authority, Vec<u8>, u64)>> {
        let mut files = Vec::with_capacity(self.authorities.len());
        for (code, name) in &self.authorities {
            let records: Vec<_> = self.england.authority_file(*code, day).map(|(record, _)| record).collect();
            let header = Header {
                created: SystemClock.now().strftime("%Y%m%d%H%M%S+0000").to_string(),
                sequence: u64::from(day) + 1,
                declared_records: records.len() as u64,
                authority: *code,
                name: name.to_string(),
                contact: authority_contact(*code),
            };
            let mut writer = FileWriter::new(&header);
            for (mut record, position) in records.into_iter().zip(1..) {
                record.position = position;
                writer.push(&[record]);
            }
            files.push((self.authority(*code)?, writer.finish(), header.declared_records));
        }
        files.retain(|(_, _, records)| *records > 0);
        Ok(files)
    }

    /// Numbers of people with a plan that is shown, each once.
    pub fn numbers(&self, count: usize) -> Result<Vec<String>> {
        let today = self.england.today();
        let shown = self.england.cases().filter(|case| self.england.has_plan(case, today));
        let numbers: Vec<String> = shown.map(|case| case.person.number.digits().to_owned()).take(count).collect();
        ensure!(numbers.len() == count, "there are {} people with plans", numbers.len());
        Ok(numbers)
    }

    /// Tokens of clinicians in unscheduled care.
    pub fn clinicians(&self) -> Vec<String> {
        let sites = self.register.sites();
        let claims = sites.iter().take(CLINICIANS);
        let now = SystemClock.now();
        claims.map(|site| self.issuer.mint(&people::clinician(&self.register, site.code.as_str(), now))).collect()
    }
}

fn mailbox(code: AuthorityCode) -> String {
    format!("{code}OT001")
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new();
    file.create_new(true).write(true).mode(0o600).open(path)?.write_all(bytes).context("a file cannot be written")
}

async fn give_passwords(database: &Database, keys: &Keys, authorities: &[(AuthorityCode, Arc<str>)]) -> Result<()> {
    let store = database.open().await?;
    let passwords = Passwords { store: &*store, keys };
    for (code, _) in authorities {
        passwords.set(&mailbox(*code), PASSWORD, SystemClock.now()).await?;
    }
    store.close().await;
    Ok(())
}

/// Tells PDS of everybody who stands in a file; how many numbers that are.
fn know_people(england: &England, authorities: &[(AuthorityCode, Arc<str>)], pds: &PdsServer) -> usize {
    let mut wanted: HashSet<NhsNumber> = HashSet::new();
    for (code, _) in authorities {
        for day in [0, 1] {
            wanted.extend(england.authority_file(*code, day).map(|(record, _)| record.person.number));
        }
    }
    let rows: Vec<_> = england.register().filter(|row| wanted.contains(&row.number)).collect();
    wanted.extend(rows.iter().filter_map(|row| row.superseded_by));
    let mut known = 0;
    for row in england.register().filter(|row| wanted.contains(&row.number)) {
        let entry = match (row.superseded_by, row.person) {
            (Some(new), _) => Entry::Superseded(new),
            (None, Some(person)) => Entry::Person(somebody(&person, england.today())),
            (None, None) => continue,
        };
        pds.put(row.number, entry);
        known += 1;
    }
    known
}

fn somebody(person: &Demographics, today: cpis_model::Date) -> Somebody {
    Somebody {
        gender: match person.sex {
            Some(Sex::Female) => "female",
            Some(Sex::Male) => "male",
            _ => "unknown",
        },
        security: if person.restricted { Security::Restricted } else { Security::Unrestricted },
        died: person.deceased.then_some(today),
        ..Somebody::new(&person.name.given, &person.name.family, person.birth)
    }
}
