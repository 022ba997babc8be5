//! `cpis person`: the erasure of one person, with the service stopped.

use crate::backup_folder::add_erased;
use crate::cli::{self, PersonAction};
use crate::fault::{Fault, Kind, Result};
use crate::open::{self, Opened};
use crate::{query, ring_file, say};
use cpis_app::{Service, lifecycle};
use cpis_model::nhs_number::NhsNumber;
use std::process::ExitCode;

/// Longest reason or name in characters.
const TEXT_CHARS_MAX: usize = 500;

/// Does what was asked.
pub async fn run(arguments: cli::Person) -> Result<ExitCode> {
    let (places, config) = arguments.place.places()?;
    let PersonAction::Erase { reason, by } = arguments.action;
    for (flag, text) in [("--reason", &reason), ("--by", &by)] {
        if text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX {
            return Err(Fault::new(Kind::Usage, format!("{flag} needs a text of at most {TEXT_CHARS_MAX} characters")));
        }
    }
    let lock = places.lock()?;
    let key_ring = places.key_ring.clone();
    let backups = config.as_ref().map(|config| config.backup.clone()).unwrap_or_default();
    let readers = config.map_or(2, |config| config.readers);
    let opened = open::open(places, lock, readers, false).await?;
    opened.check_keys().await?;
    opened.check_not_behind().await?;
    let number = query::ask_number("NHS number of the person to erase: ")?;
    let service = opened.command_service();
    let erased = erase(&opened, &service, number, reason.trim(), by.trim()).await;
    service.close().await;
    opened.close().await;
    let erased = erased?;
    if erased == 0 {
        return Err(Fault::failed("Nobody is stored under this number. Nothing was changed."));
    }
    say::line(format_args!(
        "Erased {erased}: the key of everything that was stored of this person is destroyed. The erasure stands in the audit log."
    ));
    say::line("Make a backup of the key ring now: it holds the list of erased people, which an older one does not.");
    if let Some(folder) = &backups.folder {
        say::line(format_args!(
            "Backups made before now hold the record, sealed, for at most {} days.",
            backups.keep_days
        ));
        // The erasure stands; the list is made good by the next backup.
        if let Err(fault) = add_erased(folder, ring_file::read(&key_ring)?.erased()) {
            say::aside(format_args!("cpis: {fault}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn erase(opened: &Opened, service: &Service, number: NhsNumber, why: &str, by: &str) -> Result<usize> {
    let people = lifecycle::people_behind(service, number).await.map_err(|error| open::app(&error))?;
    for person in &people {
        // First in the key ring, so that a crash in between, or a restored backup, brings nobody back.
        ring_file::change(&opened.places.key_ring, |ring| ring.with_erased(person.value()))?;
        lifecycle::erase(service, *person, by, why).await.map_err(|error| open::app(&error))?;
    }
    if !people.is_empty() {
        open::sign(service).await?;
    }
    Ok(people.len())
}
