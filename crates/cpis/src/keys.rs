//! `cpis keys`: the key ring from its making to the end of a rotation.

use crate::cli::{self, KeyStep};
use crate::fault::{Fault, Kind, Result};
use crate::places::Places;
use crate::{custody, open, progress, ring_file, say};
use cpis_app::people::Keys;
use cpis_app::ring::{Column, KeyRing, State};
use cpis_app::rotation::{Rotated, rotate};
use std::process::ExitCode;
use std::sync::Arc;

/// Does one step.
pub async fn run(arguments: cli::Keys) -> Result<ExitCode> {
    if let KeyStep::Identity { out } = &arguments.step {
        custody::identity(out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (places, _) = arguments.place.places()?;
    match arguments.step {
        // Done above: it concerns no installation.
        KeyStep::Identity { .. } => {}
        KeyStep::Export(arguments) => custody::export(&places, &arguments)?,
        KeyStep::Import(arguments) => custody::import(&places, &arguments)?,
        KeyStep::Init { name } => init(&places, &name)?,
        KeyStep::List => list(&ring_file::read(&places.key_ring)?),
        KeyStep::Add => {
            let entropy = open::entropy()?;
            let ring = ring_file::change(&places.key_ring, |ring| ring.with_new_key(&entropy))?;
            list(&ring);
            say::line(
                "The new key is there for reading. Give this file to every process and restart it, then: cpis keys promote",
            );
        }
        KeyStep::Promote => {
            let ring = ring_file::change(&places.key_ring, KeyRing::promoted)?;
            list(&ring);
            say::line("The newest key seals from the next start on. Stop the service, then: cpis keys rotate");
        }
        KeyStep::Rotate => {
            let done = seal_again(&places).await?;
            say::line(format_args!(
                "Sealed again: {} people, {} second numbers, {} months, {} uploads, {} rows of the local register.",
                done.people, done.aliases, done.months, done.uploads, done.register
            ));
            say::line("Keep the old key as long as backups under it may be put back. To take it out: cpis keys retire");
        }
        KeyStep::Retire => {
            // What a service that still had the old file sealed meanwhile is sealed again first.
            seal_again(&places).await?;
            let ring = ring_file::change(&places.key_ring, KeyRing::retired)?;
            // Once more, so that nothing is left by which the old key would find anybody.
            seal_again(&places).await?;
            list(&ring);
            say::line("The old key is out. Backups that were made under it need the old key ring.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn init(places: &Places, name: &str) -> Result<()> {
    let ring = KeyRing::generate(name, &open::entropy()?)
        .map_err(|error| Fault::new(Kind::Usage, format!("The name {name} cannot be used: {error}")))?;
    let verifying = cpis_app::audit::verifying_key(&ring)
        .map_err(|_| Fault::new(Kind::Usage, format!("The name {name} cannot be used")))?;
    if places.database.exists() {
        let what = format!("There is a database already: {}", places.database.display());
        return Err(Fault::new(Kind::Keys, what).mend("A new key ring could not open it. Put its own key ring back."));
    }
    places.create()?;
    ring_file::write_new(&places.key_ring, &ring)?;
    say::line(format_args!("Made the key ring {} with one key.", places.key_ring.display()));
    say::line("Whoever has it and the database can read every record. Keep a copy apart from the backups of the");
    say::line("database: without it, nothing that is stored can be opened again.");
    say::line(format_args!("The audit log's public key, for those who check it: {verifying}"));
    Ok(())
}

fn list(ring: &KeyRing) {
    for (id, column, state) in ring.keys() {
        let column = if column == Column::A { "a" } else { "b" };
        let state = if state == State::Active { "active: seals and reads" } else { "reads only" };
        say::line(format_args!("key {id}   column {column}   {state}"));
    }
    say::line(format_args!("{} people erased   audit log {}", ring.erased().len(), ring.signing_name()));
}

async fn seal_again(places: &Places) -> Result<Rotated> {
    let lock = places.lock()?;
    let opened = open::open(places.clone(), lock, 2, false).await?;
    opened.check_keys().await?;
    let bar = progress::bar("sealing again", 0, "{msg}: {pos} rows");
    let keys: Keys = opened.keys.clone();
    let store = Arc::clone(&opened.store);
    let done =
        rotate(&store, &keys, |done| bar.set_position(done.people + done.aliases + done.uploads + done.register)).await;
    bar.finish_and_clear();
    drop(store);
    opened.close().await;
    done.map_err(|error| open::app(&error))
}
