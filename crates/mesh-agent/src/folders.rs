//! The folders: those of the classic file interface, and one for copies of what came. Files are written aside and moved, so
//! that whoever reads a folder sees none by half; what was moved is on disk before the next step.

use crate::AgentError;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The folders with what each is for.
pub const FOLDERS: [(&str, &str); 6] = [
    ("OUT", "files to send"),
    ("IN", "what came"),
    ("SENT", "what was sent"),
    ("FAILED", "what could not be sent"),
    ("ARCHIVE", "copies of what came"),
    ("TEMP", "the agent's own"),
];

/// One of them, where files lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Files to send.
    Out,
    /// What came.
    In,
    /// What was sent.
    Sent,
    /// What could not be sent.
    Failed,
    /// Copies of what came.
    Archive,
    /// The agent's own.
    Temp,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Out => "OUT",
            Self::In => "IN",
            Self::Sent => "SENT",
            Self::Failed => "FAILED",
            Self::Archive => "ARCHIVE",
            Self::Temp => "TEMP",
        }
    }
}

/// The folders below one.
#[derive(Clone, Debug)]
pub struct Folders {
    root: PathBuf,
    /// Whether the folders' group may read and write what is put there.
    for_group: bool,
}

impl Folders {
    /// Makes those that are missing, and finds out whether each can be used.
    pub fn open(root: &Path, for_group: bool) -> Result<Self, AgentError> {
        for (name, _) in FOLDERS {
            let folder = root.join(name);
            fs::create_dir_all(&folder).map_err(AgentError::folder("a folder cannot be made"))?;
            let probe = folder.join(".cpis-probe");
            File::create(&probe).map_err(AgentError::folder("a folder cannot be written"))?;
            fs::remove_file(&probe).map_err(AgentError::folder("a folder cannot be written"))?;
        }
        Ok(Self { root: root.to_owned(), for_group })
    }

    /// Where a file of this name lies.
    pub fn path(&self, place: Place, name: &str) -> PathBuf {
        self.root.join(place.name()).join(name)
    }

    /// Whether there is one.
    pub fn has(&self, place: Place, name: &str) -> bool {
        self.path(place, name).symlink_metadata().is_ok()
    }

    /// Its bytes; none where it is not there, or is a link: what a link leads to was not put there.
    pub fn read(&self, place: Place, name: &str) -> Result<Option<Vec<u8>>, AgentError> {
        let path = self.path(place, name);
        if path.symlink_metadata().is_ok_and(|about| !about.is_file()) {
            return Ok(None);
        }
        match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(AgentError::folder("a file cannot be read")(error)),
        }
    }

    /// Writes a file whole or not at all.
    pub fn write(&self, place: Place, name: &str, bytes: &[u8]) -> Result<(), AgentError> {
        let aside = self.path(Place::Temp, &format!("{name}.part"));
        let write = || {
            let mut file = File::create(&aside)?;
            if self.for_group {
                file.set_permissions(Permissions::from_mode(0o660))?;
            }
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&aside, self.path(place, name))?;
            self.sync(&[place, Place::Temp])
        };
        write().map_err(AgentError::folder("a file cannot be written"))
    }

    /// Moves a file; whether it was there. One that stands at its new place is replaced.
    pub fn shift(&self, from: Place, name: &str, to: Place, new_name: &str) -> Result<bool, AgentError> {
        let moved = fs::rename(self.path(from, name), self.path(to, new_name));
        match moved {
            Ok(()) => {
                self.sync(&[to, from]).map_err(AgentError::folder("a file cannot be moved"))?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(AgentError::folder("a file cannot be moved")(error)),
        }
    }

    /// Removes a file where it is there.
    pub fn remove(&self, place: Place, name: &str) -> Result<(), AgentError> {
        match fs::remove_file(self.path(place, name)) {
            Ok(()) => self.sync(&[place]).map_err(AgentError::folder("a file cannot be removed")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(AgentError::folder("a file cannot be removed")(error)),
        }
    }

    /// Regular files with names in UTF-8, with their sizes and times; no more than so many.
    pub fn list(&self, place: Place, files_max: usize) -> Result<Vec<Listed>, AgentError> {
        let list = || {
            let mut found = Vec::new();
            for entry in fs::read_dir(self.root.join(place.name()))? {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                // One that was moved meanwhile is none.
                let Ok(about) = entry.path().symlink_metadata() else { continue };
                if about.is_file() {
                    found.push(Listed { name, bytes: about.len(), changed: about.modified()? });
                }
                if found.len() >= files_max {
                    break;
                }
            }
            Ok(found)
        };
        list().map_err(AgentError::folder("a folder cannot be read"))
    }

    /// Sets a file's time to now, from which it is kept.
    pub fn touch(&self, place: Place, name: &str, now: SystemTime) {
        // One that cannot be touched is removed a little early.
        let _ = File::options().append(true).open(self.path(place, name)).and_then(|file| file.set_modified(now));
    }

    /// Removes what is older; how many files that were.
    pub fn clean(&self, place: Place, age: Duration, now: SystemTime) -> Result<usize, AgentError> {
        let mut gone = 0;
        for file in self.list(place, usize::MAX)? {
            if now.duration_since(file.changed).is_ok_and(|since| since > age) {
                self.remove(place, &file.name)?;
                gone += 1;
            }
        }
        Ok(gone)
    }

    /// What the folders' entries say is on disk. Not every file system of the network can do it: those that cannot promise
    /// nothing anyway.
    fn sync(&self, places: &[Place]) -> io::Result<()> {
        for place in places {
            match File::open(self.root.join(place.name()))?.sync_all() {
                Err(error) if !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A file in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was changed.
    pub changed: SystemTime,
}
