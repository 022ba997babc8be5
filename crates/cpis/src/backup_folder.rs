//! The folder with backups: their names, which is the newest, which are old enough to go, and the list of erased people that
//! lies beside them.

use crate::fault::{Fault, Kind, Result};
use crate::places::write_private;
use cpis_app::custody::{erased_from_text, erased_to_text};
use cpis_model::Timestamp;
use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// How the name of a backup begins and ends; between them stands the moment, in UTC.
const NAME: (&str, &str) = ("cpis-", ".age");
const MOMENT: &str = "%Y-%m-%dT%H-%M-%S";
/// How the name of one that is being written begins and ends.
pub const PART: (&str, &str) = (".cpis-", ".part");
/// The list of erased people.
const ERASED: &str = "erased-people";
/// Largest list in bytes: a million people.
const ERASED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A folder that is ours to write while this lives.
pub struct Folder {
    path: PathBuf,
    lock: File,
}

/// A backup that is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// The moment of the backup.
    pub made: Timestamp,
    /// Where it lies.
    pub path: PathBuf,
}

/// What went wrong with a file, with what to do.
pub fn io_fault(what: &str, path: &Path, error: &std::io::Error) -> Fault {
    let mend = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "The disk is full: make room, or name another folder.",
        ErrorKind::ReadOnlyFilesystem => "The disk takes no writes: mount it for writing, or name another folder.",
        ErrorKind::PermissionDenied => "The user that runs this must be able to write there.",
        ErrorKind::NotFound => "Make the folder, or mount the disk that it lies on.",
        _ => "",
    };
    Fault::new(Kind::Data, format!("{what} {}: {error}", path.display())).mend(mend)
}

fn name_of(made: Timestamp) -> String {
    // Milliseconds keep two backups of one second apart.
    format!("{}{}.{:03}Z{}", NAME.0, made.strftime(MOMENT), made.subsec_millisecond(), NAME.1)
}

/// The moment in the name of a backup; nothing for any other file.
fn made_of(name: &str) -> Option<Timestamp> {
    let moment = name.strip_prefix(NAME.0)?.strip_suffix(NAME.1)?.strip_suffix('Z')?;
    let (seconds, millis) = moment.split_once('.')?;
    let seconds = jiff::civil::DateTime::strptime(MOMENT, seconds).ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    let made = seconds.timestamp().as_millisecond().checked_add(millis.parse().ok()?)?;
    Timestamp::from_millisecond(made).ok().filter(|made| name_of(*made) == name)
}

/// All backups of a folder, oldest first. What is not whole has another name.
pub fn backups(folder: &Path) -> std::io::Result<Vec<Found>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(made) = entry.file_name().to_str().and_then(made_of) {
            all.push(Found { made, path: entry.path() });
        }
    }
    all.sort();
    Ok(all)
}

impl Folder {
    /// Takes a folder that is there. What an earlier run left half written is removed.
    pub fn open(path: &Path) -> Result<Self> {
        let fault = |error: &std::io::Error| io_fault("The folder for backups cannot be used:", path, error);
        let lock = File::open(path).map_err(|error| fault(&error))?;
        if !lock.metadata().map_err(|error| fault(&error))?.is_dir() {
            return Err(Fault::new(Kind::Data, format!("{} is not a folder", path.display())));
        }
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let what = format!("Another backup is being written to {}", path.display());
                return Err(Fault::new(Kind::Data, what).mend("Wait until it has ended."));
            }
            Err(TryLockError::Error(error)) => return Err(fault(&error)),
        }
        for entry in std::fs::read_dir(path).map_err(|error| fault(&error))? {
            let entry = entry.map_err(|error| fault(&error))?;
            let name = entry.file_name();
            let half = name.to_str().is_some_and(|name| name.starts_with(PART.0) && name.ends_with(PART.1));
            if half {
                std::fs::remove_file(entry.path()).map_err(|error| fault(&error))?;
            }
        }
        Ok(Self { path: path.to_owned(), lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a backup of this moment goes.
    pub fn place(&self, made: Timestamp) -> PathBuf {
        self.path.join(name_of(made))
    }

    /// Makes names of files durable.
    pub fn sync(&self) -> std::io::Result<()> {
        self.lock.sync_all()
    }

    /// Removes backups that are older than so many days, but never the newest. Says how many.
    pub fn remove_older(&self, days: u32, now: Timestamp) -> Result<usize> {
        let fault = |error: &std::io::Error| io_fault("An old backup cannot be removed from", &self.path, error);
        let mut all = backups(&self.path).map_err(|error| fault(&error))?;
        all.pop();
        let until = now.as_second() - i64::from(days) * 86_400;
        let mut count = 0;
        for old in all.iter().filter(|found| found.made.as_second() < until) {
            std::fs::remove_file(&old.path).map_err(|error| fault(&error))?;
            count += 1;
        }
        self.sync().map_err(|error| fault(&error))?;
        Ok(count)
    }
}

/// Where the list of erased people of a folder lies.
pub fn erased_list(folder: &Path) -> PathBuf {
    folder.join(ERASED)
}

/// Reads a list of erased people; an empty one where there is none.
pub fn read_erased(path: &Path) -> Result<Vec<i64>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let fault = |what: String| {
        let mend = "Put a copy of it back. Without it, a restore might bring an erased person back.";
        Fault::new(Kind::Data, format!("The list of erased people {}: {what}", path.display())).mend(mend)
    };
    let text = crate::config::read_text(path, ERASED_BYTES_MAX).map_err(fault)?;
    erased_from_text(&text).map_err(|error| fault(error.to_string()))
}

/// Adds people to the list of a folder. Nobody is ever taken off it.
pub fn add_erased(folder: &Path, people: &[i64]) -> Result<()> {
    let path = erased_list(folder);
    let known: BTreeSet<i64> = read_erased(&path)?.into_iter().collect();
    let all: BTreeSet<i64> = known.iter().chain(people).copied().collect();
    if path.exists() && all == known {
        return Ok(());
    }
    let all: Vec<i64> = all.into_iter().collect();
    let written = write_private(&path, erased_to_text(&all).as_bytes(), true);
    written.map_err(|error| io_fault("The list of erased people cannot be written:", &path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_when_and_no_other_file_is_a_backup() {
        for moment in ["2026-11-28T02:00:00Z", "2026-03-29T01:30:00.007Z", "2026-12-31T23:59:59.999Z"] {
            let made: Timestamp = moment.parse().unwrap();
            assert_eq!(made_of(&name_of(made)), Some(made), "{}", name_of(made));
        }
        assert_eq!(name_of("2026-11-28T02:03:04.05Z".parse().unwrap()), "cpis-2026-11-28T02-03-04.050Z.age");
        for name in ["cpis.db", ".cpis-x.part", "cpis-2026-11-28T02-03-04.050Z.age.part", "cpis-2026-11-28.age", ""] {
            assert_eq!(made_of(name), None, "{name}");
        }
    }

    #[test]
    fn only_old_backups_go_and_the_newest_never_does() {
        let folder = tempfile::tempdir().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (one, two, three) = (at("2026-10-01T02:00:00Z"), at("2026-10-02T02:00:00Z"), at("2026-11-01T02:00:00Z"));
        for made in [one, two, three] {
            std::fs::write(folder.path().join(name_of(made)), "x").unwrap();
        }
        for other in ["notes.txt", "cpis-2020-01-01.age", ".cpis-half.part"] {
            std::fs::write(folder.path().join(other), "x").unwrap();
        }
        let taken = Folder::open(folder.path()).unwrap();
        assert!(!folder.path().join(".cpis-half.part").exists(), "what was left half written is gone");
        let busy = Folder::open(folder.path()).err().unwrap();
        assert!(busy.what.contains("Another backup is being written"), "{busy}");
        assert_eq!(taken.remove_older(31, at("2026-11-02T02:00:00Z")).unwrap(), 1);
        let left: Vec<Timestamp> = backups(folder.path()).unwrap().into_iter().map(|found| found.made).collect();
        assert_eq!(left, [two, three]);
        // However old it is.
        assert_eq!(taken.remove_older(1, at("2027-11-02T02:00:00Z")).unwrap(), 1);
        assert_eq!(backups(folder.path()).unwrap().len(), 1);
        assert!(folder.path().join("notes.txt").exists() && folder.path().join("cpis-2020-01-01.age").exists());
    }

    #[test]
    fn nobody_leaves_the_list_of_erased_people() {
        let folder = tempfile::tempdir().unwrap();
        let list = erased_list(folder.path());
        assert_eq!(read_erased(&list).unwrap(), Vec::<i64>::new());
        add_erased(folder.path(), &[7, 5]).unwrap();
        add_erased(folder.path(), &[6]).unwrap();
        add_erased(folder.path(), &[]).unwrap();
        assert_eq!(read_erased(&list).unwrap(), [5, 6, 7]);
        std::fs::write(&list, "e1  AAAA").unwrap();
        let fault = add_erased(folder.path(), &[8]).unwrap_err();
        assert!(fault.what.contains("two check letters") && fault.mend.contains("Put a copy of it back"), "{fault}");
    }

    #[test]
    fn a_folder_that_is_not_there_or_no_folder_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let fault = Folder::open(&folder.path().join("none")).err().unwrap();
        assert!(fault.kind == Kind::Data && fault.mend.contains("mount the disk"), "{fault}");
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        assert!(Folder::open(&file).err().unwrap().what.ends_with("is not a folder"));
    }
}
