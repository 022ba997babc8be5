//! Opening an installation: lock, keys, database, in this order; and the checks that must hold before anything is answered.

use crate::database::{DatabasePlace, How, open_database, refuse_served};
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::places::{Lock, Places};
use crate::ring_file;
use cpis_app::applier::{Tree, apply_tree};
use cpis_app::backup;
use cpis_app::checkpoint_file;
use cpis_app::copy::{Unfinished, unfinished};
use cpis_app::demographics::{Demographics, LocalRegister};
use cpis_app::people::Keys;
use cpis_app::upload::DecodeUpload;
use cpis_app::{AppError, Clock, Service, Settings, SystemClock, SystemEntropy};
use cpis_audit::{Checkpoint, read_file};
use cpis_format_hl7v3 as hl7v3;
use cpis_model::current_register::CurrentRegister;
use cpis_store::{Store, StoreError};
use std::sync::Arc;

/// Largest file of checkpoints that is read.
pub const CHECKPOINTS_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// An installation that is ours while this lives.
pub struct Opened {
    /// Where it lies.
    pub places: Places,
    /// Keys and randomness.
    pub keys: Keys,
    /// The database.
    pub store: Arc<dyn Store>,
    lock: Option<Lock>,
}

/// The same for a small change, which may also be made while the service runs: its lock is not needed then.
pub async fn open_for_change(places: Places, readers: u32) -> Result<Opened> {
    let Some(lock) = places.lock_unless_served()? else {
        let ring = Arc::new(ring_file::read(&places.key_ring)?);
        let keys = Keys { ring, entropy: Arc::new(entropy()?) };
        let store: Arc<dyn Store> = open_database(&DatabasePlace::of(&places), How::Alongside, readers).await?;
        return Ok(Opened { places, keys, store, lock: None });
    };
    open_with(places, lock, readers, false, true).await
}

/// Reads the keys and opens the database. With `create` a database is made where there is none.
pub async fn open(places: Places, lock: Lock, readers: u32, create: bool) -> Result<Opened> {
    open_with(places, lock, readers, create, create).await
}

/// `beside`: nodes elsewhere may work on the database.
async fn open_with(places: Places, lock: Lock, readers: u32, create: bool, beside: bool) -> Result<Opened> {
    let ring = Arc::new(ring_file::read(&places.key_ring)?);
    ring_file::warn_if_open(&places.key_ring);
    let keys = Keys { ring, entropy: Arc::new(entropy()?) };
    let how = if create { How::Create } else { How::Existing };
    let place = DatabasePlace::of(&places);
    let store: Arc<dyn Store> = open_database(&place, how, readers).await?;
    refuse_unfinished(&*store, &place).await?;
    if !beside {
        refuse_served(&*store, &place).await?;
    }
    Ok(Opened { places, keys, store, lock: Some(lock) })
}

/// Refuses a database that `cpis copy` or `cpis restore` has not filled to its end: it would find too few.
pub async fn refuse_unfinished(store: &dyn Store, place: &DatabasePlace) -> Result<()> {
    let (what, mend) = match unfinished(store).await.map_err(|error| database(&error))? {
        None => return Ok(()),
        Some(Unfinished::Copy) => (
            "an unfinished copy of another one",
            "Run the same cpis copy again to finish it, or use the database from which it was copied.",
        ),
        Some(Unfinished::Restore) => ("half restored", "Run the same cpis restore again: it begins anew."),
    };
    store.close().await;
    Err(Fault::new(Kind::Data, format!("The database {place} is {what}")).mend(mend))
}

/// Randomness of the operating system.
pub fn entropy() -> Result<SystemEntropy> {
    SystemEntropy::new().or_fault(Kind::Failed, "The operating system gives no randomness, so nothing can be sealed")
}

/// How uploaded files are read.
pub fn decode_upload() -> DecodeUpload {
    DecodeUpload { head: hl7v3::head, message: hl7v3::READER, table: cpis_format_csv::READER }
}

impl Opened {
    /// Refuses a key ring that opens nobody.
    pub async fn check_keys(&self) -> Result<()> {
        check_keys(&*self.store, &self.keys, &self.places).await
    }

    /// The last checkpoint of the file, if the file has one that can be believed.
    pub fn last_of_file(&self) -> Result<Option<Checkpoint>> {
        let key = cpis_app::audit::verifying_key(&self.keys.ring).map_err(|error| app(&error))?;
        let path = &self.places.checkpoints;
        checkpoint_file::last_of(path, &key)
            .map_err(|error| Fault::new(Kind::Data, format!("The file of checkpoints {}: {error}", path.display())))
    }

    /// The checkpoints of the file that can be believed, in their order.
    pub fn checkpoints(&self) -> Result<Vec<Checkpoint>> {
        let key = cpis_app::audit::verifying_key(&self.keys.ring).map_err(|error| app(&error))?;
        let text = self.checkpoint_text()?;
        Ok(read_file(&text, &[key]).filter_map(std::result::Result::ok).collect())
    }

    /// The text of the file of checkpoints; empty where there is none.
    pub fn checkpoint_text(&self) -> Result<String> {
        let path = &self.places.checkpoints;
        if !path.exists() {
            return Ok(String::new());
        }
        let fault = |what: &dyn std::fmt::Display| {
            Fault::new(Kind::Data, format!("The file of checkpoints {}: {what}", path.display()))
        };
        let size = std::fs::metadata(path).map_or(0, |found| found.len());
        if size > CHECKPOINTS_BYTES_MAX {
            return Err(fault(&"it is too large to be read"));
        }
        let bytes = std::fs::read(path).map_err(|error| fault(&error))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Refuses a database that lies behind its file of checkpoints: a backup that is older than what was signed. And one whose
    /// restore has not come to its end: what is signed before the new epoch begins would contradict what was signed before.
    pub async fn check_not_behind(&self) -> Result<()> {
        let restored = backup::resume(&*self.store).await.map_err(|error| database(&error))?;
        if restored.is_some_and(|restored| restored.owed) {
            let what = "The database was restored, and the audit log's new epoch has not begun";
            return Err(
                Fault::new(Kind::Data, what).mend("Run the same cpis restore again: it goes on where it ended.")
            );
        }
        let size = self.store.size().await.map_err(|error| database(&error))?;
        let Some(last) = self.last_of_file()?.filter(|last| last.size > size) else { return Ok(()) };
        let what = format!(
            "The database holds {size} entries, but {} proves that there were {}. \
             It was restored from an older backup, or entries were removed",
            self.places.checkpoints.display(),
            last.size
        );
        Err(Fault::new(Kind::Data, what).mend(
            "Put a newer backup back. If there is none, say so for everybody to see, and go on: cpis audit begin-epoch",
        ))
    }

    /// The local register of this installation.
    pub fn local_register(&self) -> Arc<dyn Demographics> {
        Arc::new(LocalRegister::new(self.store.clone(), self.keys.clone()))
    }

    /// The use cases over this installation.
    pub fn service(
        &self,
        settings: Settings,
        register: CurrentRegister,
        demographics: Arc<dyn Demographics>,
    ) -> Arc<Service> {
        self.service_by(Arc::new(SystemClock), settings, register, demographics)
    }

    /// The same by another clock.
    pub fn service_by(
        &self,
        clock: Arc<dyn Clock>,
        settings: Settings,
        register: CurrentRegister,
        demographics: Arc<dyn Demographics>,
    ) -> Arc<Service> {
        let Keys { ring, entropy } = self.keys.clone();
        Service::start(self.store.clone(), ring, clock, entropy, register, demographics, decode_upload(), settings)
    }

    /// The use cases for one command, without doors.
    pub fn command_service(&self) -> Arc<Service> {
        let settings = Settings { checkpoint_file: Some(self.places.checkpoints.clone()), ..Settings::default() };
        self.service(settings, CurrentRegister::default(), self.local_register())
    }

    /// Closes the database and lets others in.
    pub async fn close(self) {
        self.store.close().await;
        drop(self.lock);
    }
}

/// Grows the log's tree to its end and signs it, as the service does while it runs.
pub async fn sign(service: &Service) -> Result<()> {
    let note = apply_tree(service, &mut Tree::default(), true).await.map_err(|error| app(&error))?;
    if let (Some(note), Some(path)) = (note, &service.settings.checkpoint_file) {
        checkpoint_file::append(path, &note).map_err(|error| app(&error))?;
    }
    Ok(())
}

/// Refuses a key ring that opens nobody: it would find nobody, and answer "no record" where there is one. One person whose
/// key alone does not open is for `cpis audit verify` to name.
pub async fn check_keys(store: &dyn Store, keys: &Keys, places: &Places) -> Result<()> {
    let mut after = None;
    loop {
        let people = store.people_after(after, 100).await.map_err(|error| database(&error))?;
        let Some(last) = people.last() else { return Ok(()) };
        after = Some(last.row.id);
        let mut keyed = people.iter().filter(|person| person.row.data_key.is_some()).peekable();
        if keyed.peek().is_some() {
            let opens = keyed.any(|person| keys.person(&person.row).is_ok());
            return if opens { Ok(()) } else { Err(other_ring(places)) };
        }
    }
}

fn other_ring(places: &Places) -> Fault {
    let what = format!(
        "The key ring {} does not open the database {}: it is another installation's, or a key is missing",
        places.key_ring.display(),
        places.database.display()
    );
    Fault::new(Kind::Keys, what).mend("Put the right key ring back. With a wrong one, nobody would be found.")
}

/// A fault of the database.
pub fn database(error: &StoreError) -> Fault {
    Fault::new(Kind::Data, format!("The database: {error}"))
}

/// A fault of a use case.
pub fn app(error: &AppError) -> Fault {
    match error {
        AppError::Damaged(_) | AppError::Unavailable { .. } => Fault::new(Kind::Data, format!("The database: {error}")),
        _ => Fault::failed(format!("This failed: {error}")),
    }
}
