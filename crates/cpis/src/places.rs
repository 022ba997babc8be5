//! Where things lie: the data directory, what is in it, and the lock that keeps a second process out.

use crate::config::{Config, Postgres};
use crate::fault::{Fault, Kind, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The files of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The data directory.
    pub data_dir: PathBuf,
    /// The embedded database.
    pub database: PathBuf,
    /// The database server in its place.
    pub postgres: Option<Postgres>,
    /// The key ring.
    pub key_ring: PathBuf,
    /// Signed checkpoints.
    pub checkpoints: PathBuf,
}

/// The data directory is ours while this lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why the data directory is not ours.
struct Blocked {
    fault: Fault,
    /// Another process has it.
    held: bool,
    /// What for, if it said so.
    task: String,
}

impl From<Fault> for Blocked {
    fn from(fault: Fault) -> Self {
        Self { fault, held: false, task: String::new() }
    }
}

/// What the service says that it has the data directory for.
const SERVICE: &str = "service";
/// Pause between two tries to take the data directory.
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// Time within which who takes the data directory says what for.
const SAID_WITHIN: Duration = Duration::from_secs(1);

impl Places {
    /// Everything in one folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            data_dir: folder.to_owned(),
            database: folder.join("cpis.db"),
            postgres: None,
            key_ring: folder.join("key-ring.toml"),
            checkpoints: folder.join("checkpoints"),
        }
    }

    /// As a configuration says.
    pub fn of(config: &Config) -> Self {
        let usual = Self::in_folder(&config.data_dir);
        Self {
            database: config.database.clone().unwrap_or(usual.database),
            key_ring: config.key_ring.clone().unwrap_or(usual.key_ring),
            checkpoints: config.checkpoint_file.clone().unwrap_or(usual.checkpoints),
            postgres: config.postgres.clone(),
            data_dir: usual.data_dir,
        }
    }

    /// Makes the data directory, for its owner alone.
    pub fn create(&self) -> Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.data_dir);
        made.map_err(|error| {
            Fault::new(Kind::Data, format!("The data directory {} cannot be made: {error}", self.data_dir.display()))
        })
    }

    /// Takes the data directory for this process.
    pub fn lock(&self) -> Result<Lock> {
        self.lock_for("").map_err(|blocked| blocked.fault)
    }

    /// Takes the data directory for the service.
    pub fn lock_for_service(&self) -> Result<Lock> {
        self.lock_for(SERVICE).map_err(|blocked| blocked.fault)
    }

    /// Takes the data directory for a change that may also be made while the service runs: none where the service has it.
    pub fn lock_unless_served(&self) -> Result<Option<Lock>> {
        match self.lock_for("") {
            Ok(lock) => Ok(Some(lock)),
            Err(blocked) if blocked.held && blocked.task == SERVICE => Ok(None),
            Err(blocked) => Err(blocked.fault),
        }
    }

    /// Takes the data directory for a task that several processes may begin at once: waits for another one that does the
    /// same, and for nobody else.
    pub async fn lock_after(&self, task: &str) -> Result<Lock> {
        let began = Instant::now();
        loop {
            match self.lock_for(task) {
                Ok(lock) => return Ok(lock),
                // Who has just taken it may not have said yet what for.
                Err(blocked) if blocked.task == task || (blocked.held && began.elapsed() < SAID_WITHIN) => {
                    tokio::time::sleep(LOCK_PAUSE).await;
                }
                Err(blocked) => return Err(blocked.fault),
            }
        }
    }

    fn lock_for(&self, task: &str) -> Result<Lock, Blocked> {
        let shown = self.data_dir.display();
        let fault = |what: String| Fault::new(Kind::Data, format!("The data directory {shown} {what}"));
        match std::fs::metadata(&self.data_dir) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(fault("is not a directory".to_owned()).into()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mend = format!("Make it and its keys with: cpis keys init --data-dir {shown}");
                return Err(fault("does not exist".to_owned()).mend(mend).into());
            }
            Err(error) => return Err(fault(format!("cannot be read: {error}")).into()),
        }
        let not_writable = |error: std::io::Error| {
            fault(format!("cannot be written: {error}")).mend("The user that runs the service must own it.")
        };
        tempfile::tempfile_in(&self.data_dir).map_err(not_writable)?;
        let path = self.data_dir.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = file.map_err(not_writable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let (id, task) = holder.trim().split_once(' ').unwrap_or((holder.trim(), ""));
                let shown = id.parse::<u32>().map(|id| format!(" (process {id})")).unwrap_or_default();
                let fault = fault(format!("is in use by another process{shown}"))
                    .mend("Stop the service first, or choose another data directory.");
                return Err(Blocked { fault, held: true, task: task.to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(fault(format!("cannot be locked: {error}")).into()),
        }
        // For people, and for those who wait for the same task; the lock itself is what counts.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{} {task}", std::process::id()));
        Ok(Lock { _file: file })
    }
}

/// Writes a file whole or not at all, for its owner alone, on disk before this returns.
pub fn write_private(path: &Path, text: &[u8], replace: bool) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A temporary file has mode 0600 from its first moment.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    if replace {
        file.persist(path)?
    } else {
        file.persist_noclobber(path)?
    };
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_second_process_is_kept_out_and_told_who_is_in() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::in_folder(folder.path());
        let lock = places.lock().unwrap();
        // The lock belongs to the open file, so a second one of this process is kept out as well.
        let fault = places.lock().unwrap_err();
        assert_eq!(fault.kind, Kind::Data);
        assert!(fault.what.ends_with(&format!("is in use by another process (process {})", std::process::id())));
        assert!(fault.mend.contains("Stop the service"));
        drop(lock);
        places.lock().unwrap();
    }

    #[test]
    fn beside_the_service_a_small_change_goes_on_and_beside_others_it_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::in_folder(folder.path());
        assert!(places.lock_unless_served().unwrap().is_some());
        let service = places.lock_for_service().unwrap();
        assert!(places.lock_unless_served().unwrap().is_none());
        drop(service);
        let _other = places.lock().unwrap();
        assert!(places.lock_unless_served().unwrap_err().what.contains("is in use by another process"));
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let fault = Places::in_folder(&folder.path().join("none")).lock().unwrap_err();
        assert!(fault.what.ends_with("does not exist") && fault.mend.contains("cpis keys init --data-dir"));
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(Places::in_folder(&file).lock().unwrap_err().what.ends_with("is not a directory"));
    }

    #[test]
    fn the_data_directory_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::in_folder(&folder.path().join("a/b"));
        places.create().unwrap();
        assert_eq!(std::fs::metadata(&places.data_dir).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn files_are_private_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ring");
        write_private(&path, b"one", false).unwrap();
        assert!(write_private(&path, b"two", false).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        write_private(&path, b"two", true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
