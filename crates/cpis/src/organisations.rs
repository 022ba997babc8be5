//! `cpis organisations`: the register of organisations, with the service stopped.

use crate::cli::{self, OrganisationsAction};
use crate::config::Config;
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::open::{self, Opened};
use crate::{say, serve};
use cpis_app::organisations::{self, Edit, Version};
use cpis_app::{AppError, Clock, Service, Settings, SystemClock};
use cpis_model::caller::{Caller, Rights, Who};
use cpis_model::current_register::CurrentRegister;
use cpis_model::organisation::Organisation;
use cpis_model::organisation_json::Difference;
use cpis_model::organisation_record::RecordKind;
use cpis_model::organisation_table::{Plan, TABLE_BYTES_MAX, Table, TableKind, plan};
use cpis_model::record_text::Text;
use cpis_model::register::{Held, Register};
use cpis_model::time::{london_day, london_instant};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Faults, or changes of a dry run, that are printed at most.
const LINES_MAX: usize = 50;
/// The command's name as a caller.
const COMMAND: &str = "cpis organisations";

/// Does what was asked.
pub async fn run(arguments: cli::Organisations) -> Result<ExitCode> {
    let (places, config) = arguments.place.places()?;
    let tables = config.as_ref().map_or_else(|| Ok(Register::built_in()), serve::register)?;
    let why = if let OrganisationsAction::Import { why, .. } = &arguments.action {
        Some(why.parse::<Text>().or_fault(Kind::Usage, "--why")?)
    } else {
        None
    };
    let lock = places.lock()?;
    let readers = config.as_ref().map_or(2, |config: &Config| config.readers);
    let opened = open::open(places, lock, readers, why.is_some()).await?;
    opened.check_keys().await?;
    opened.check_not_behind().await?;
    let done = with_register(&opened, &tables, arguments.action, why).await;
    opened.close().await;
    done
}

async fn with_register(
    opened: &Opened,
    tables: &Register,
    action: OrganisationsAction,
    why: Option<Text>,
) -> Result<ExitCode> {
    let register = organisations::load(&*opened.store, tables, london_day(SystemClock.now())).await;
    let register = Arc::new(register.map_err(|error| open::app(&error))?);
    match action {
        OrganisationsAction::Import { files, kind, dry_run, .. } => {
            let plan = read(&files, kind, &register)?;
            told(&plan, dry_run);
            if let (false, Some(why)) = (dry_run || plan.changes.is_empty(), why) {
                save(opened, register, plan, &why).await?;
            }
        }
        OrganisationsAction::List { text, kind } => {
            let page = register.search(&text, kind, 0, usize::MAX);
            for held in &page.records {
                say::line(line(held));
            }
        }
        OrganisationsAction::Show { code } => {
            for held in under(&register, &code)? {
                let shown = serde_json::to_string_pretty(&held.record.json());
                say::line(shown.or_fault(Kind::Failed, "The record cannot be shown")?);
            }
        }
        OrganisationsAction::History { code } => history(opened, &register, &code).await?,
        OrganisationsAction::Export { kind, changed } => {
            let is_meant =
                |held: &&Held| kind.is_none_or(|kind| held.record.kind() == kind) && (!changed || held.version > 0);
            for held in register.records().filter(is_meant) {
                say::line(held.record.json());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What the files would change, or all their faults.
fn read(files: &[PathBuf], kind: TableKind, register: &Register) -> Result<Plan> {
    let read = |path: &PathBuf| bytes(path).map(|bytes| (path.display().to_string(), bytes));
    let read: Vec<(String, Vec<u8>)> = files.iter().map(read).collect::<Result<_>>()?;
    let tables: Vec<Table<'_>> = read.iter().map(|(name, bytes)| Table { name, kind, bytes }).collect();
    plan(&tables, register).map_err(|faults| {
        for fault in faults.iter().take(LINES_MAX) {
            say::aside(fault);
        }
        Fault::failed(format!("There are {} faults. Nothing was imported.", faults.len()))
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    let what = || format!("The table {} cannot be read", path.display());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).or_fault(Kind::Failed, what())?;
    file.take(TABLE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).or_fault(Kind::Failed, what())?;
    Ok(bytes)
}

fn told(plan: &Plan, dry_run: bool) {
    let (new, changed, closed) = plan.counts();
    if dry_run {
        let differences = plan.changes.iter().flat_map(|change| {
            let (kind, code) = (change.record.kind().code(), change.record.code());
            change.differences.iter().map(move |one| format!("{kind} {code} {}", difference(one)))
        });
        for one in differences.take(LINES_MAX) {
            say::line(one);
        }
    }
    let would = if dry_run { "Would be" } else { "Records" };
    say::line(format_args!(
        "{would}: {new} new, {changed} changed, {closed} of these closed; {} unchanged.",
        plan.unchanged
    ));
    if dry_run {
        say::line("Nothing was changed.");
    }
}

/// A command stands in the journal under its own name.
pub fn caller() -> Result<Arc<Caller>> {
    let code = "CPIS".parse().or_fault(Kind::Failed, "The command has no name")?;
    let organisation = Organisation { code, name: "Operator of this installation".into() };
    let rights = Rights { operator: true, ..Rights::default() };
    Ok(Arc::new(Caller { who: Who::System { client: COMMAND.into() }, organisation, site: None, rights }))
}

fn service(opened: &Opened, register: Arc<Register>) -> Arc<Service> {
    let settings = Settings { checkpoint_file: Some(opened.places.checkpoints.clone()), ..Settings::default() };
    opened.service(settings, CurrentRegister::from(register), opened.local_register())
}

async fn save(opened: &Opened, register: Arc<Register>, plan: Plan, why: &Text) -> Result<()> {
    let service = service(opened, register);
    let edits = plan.changes.into_iter().map(|change| Edit { record: change.record, expected: change.expected });
    let saved = organisations::change_all(&service, caller()?, edits.collect(), why).await;
    let signed = match saved {
        Ok(_) => open::sign(&service).await,
        Err(AppError::Conflict) => {
            let what = "Somebody else changed one of these records meanwhile. Nothing was imported";
            Err(Fault::failed(what).mend("Import again."))
        }
        Err(error) => Err(open::app(&error)),
    };
    service.close().await;
    signed
}

fn line(held: &Held) -> String {
    let (record, period) = (&held.record, held.record.about().period);
    let day = |name: &str, day: Option<cpis_model::Date>| day.map(|day| format!("  {name} {day}")).unwrap_or_default();
    let (from, until) = (day("from", period.from), day("until", period.until));
    format!("{:9} {:12} {:>3}  {}{from}{until}", record.kind().code(), record.code(), held.version, record.name())
}

fn under<'a>(register: &'a Register, code: &str) -> Result<Vec<&'a Held>> {
    let found = |kind| register.record(kind, code).or_else(|| register.record(kind, &code.to_uppercase()));
    let all: Vec<&Held> = RecordKind::ALL.into_iter().filter_map(found).collect();
    if all.is_empty() { Err(Fault::failed("The register holds nothing under this code.")) } else { Ok(all) }
}

async fn history(opened: &Opened, register: &Arc<Register>, code: &str) -> Result<()> {
    let service = service(opened, register.clone());
    let mut done = Ok(());
    for held in under(register, code)? {
        let (kind, code) = (held.record.kind(), held.record.code());
        match organisations::history(&service, caller()?, kind, code).await {
            Ok(versions) => shown(kind, code, &versions),
            Err(error) => done = Err(open::app(&error)),
        }
    }
    service.close().await;
    done
}

fn shown(kind: RecordKind, code: &str, versions: &[Version]) {
    if versions.is_empty() {
        say::line(format_args!("{} {code}: a row of a table; nobody has changed it.", kind.code()));
    }
    for version in versions {
        let who = match &version.caller.who {
            Who::System { client } => client.to_string(),
            Who::Device(device) => device.asid.to_string(),
            Who::Person(staff) => format!("{} ({})", staff.name, version.caller.organisation.name),
        };
        let (at, number) = (london_instant(version.at), version.version);
        say::line(format_args!("{} {code}, version {number}, {at}, by {who}: {}", kind.code(), version.why));
        for one in &version.differences {
            say::line(format_args!("  {}", difference(one)));
        }
    }
}

fn difference(one: &Difference) -> String {
    let value =
        |value: &Option<String>| value.as_ref().map_or_else(|| "nothing".to_owned(), |text| format!("`{text}`"));
    format!("{}: {} is now {}", one.field, value(&one.before), value(&one.after))
}
