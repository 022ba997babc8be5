//! The key ring's file: read, and written whole or not at all.

use crate::config::read_text;
use crate::fault::{Fault, Kind, Result};
use crate::places::write_private;
use cpis_app::ring::{KeyRing, RingError};
use std::path::Path;
use zeroize::Zeroizing;

/// Largest key ring in bytes: a million erased people fit.
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Reads the ring.
pub fn read(path: &Path) -> Result<KeyRing> {
    let fault = |what: String| Fault::new(Kind::Keys, format!("The key ring {}: {what}", path.display()));
    if !path.exists() {
        let mend = "Make one with: cpis keys init (once, for a new installation). If there was one, put its copy back: \
                    without it nothing that is stored can be opened.";
        return Err(fault("there is no such file".to_owned()).mend(mend));
    }
    let text = Zeroizing::new(read_text(path, FILE_BYTES_MAX).map_err(fault)?);
    KeyRing::parse(&text).map_err(|error| fault(error.to_string()).mend("Put a copy of it back. Nothing was changed."))
}

/// Warns where others than the owner may read the file.
pub fn warn_if_open(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_or(0, |found| found.permissions().mode());
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others may read the key ring: chmod 600 it");
    }
}

/// Writes a new ring; refuses to replace one.
pub fn write_new(path: &Path, ring: &KeyRing) -> Result<()> {
    write_private(path, ring.to_text().as_bytes(), false).map_err(|error| {
        let told = if error.kind() == std::io::ErrorKind::AlreadyExists {
            "it exists already and is left as it is".to_owned()
        } else {
            format!("it cannot be written: {error}")
        };
        Fault::new(Kind::Keys, format!("The key ring {}: {told}", path.display()))
    })
}

/// Changes the ring by one step and writes it. One change at a time: two at once would lose one of them.
pub fn change(path: &Path, step: impl FnOnce(&KeyRing) -> Result<KeyRing, RingError>) -> Result<KeyRing> {
    let fault = |what: String| Fault::new(Kind::Keys, format!("The key ring {} {what}", path.display()));
    read(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let lock = std::fs::File::open(folder).map_err(|error| fault(format!("cannot be written: {error}")))?;
    lock.lock().map_err(|error| fault(format!("cannot be locked: {error}")))?;
    let ring = step(&read(path)?).map_err(|error| fault(format!("was left as it is: {error}")))?;
    let written = write_private(path, ring.to_text().as_bytes(), true);
    written.map_err(|error| fault(format!("cannot be written: {error}")))?;
    Ok(ring)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpis_app::SystemEntropy;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_ring_is_written_privately_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key-ring.toml");
        let entropy = SystemEntropy::seeded(1);
        let ring = KeyRing::generate("test.example/log", &entropy).unwrap();
        write_new(&path, &ring).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&path).unwrap().keys(), ring.keys());
        let fault = write_new(&path, &ring).unwrap_err();
        assert_eq!(fault.kind, Kind::Keys);
        assert!(fault.what.ends_with("it exists already and is left as it is"));
        change(&path, |ring| ring.with_new_key(&entropy)).unwrap();
        assert_eq!(read(&path).unwrap().keys().len(), 2);
        let fault = change(&path, |ring| ring.with_new_key(&entropy)).err().unwrap();
        assert!(fault.what.contains("was left as it is: there are two keys already"), "{fault}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_ring_that_is_missing_or_broken_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key-ring.toml");
        let fault = read(&path).err().unwrap();
        assert!(fault.kind == Kind::Keys && fault.mend.contains("cpis keys init"));
        std::fs::write(&path, "signing = 5").unwrap();
        let fault = read(&path).err().unwrap();
        assert!(fault.what.contains("the key ring cannot be read") && !fault.what.contains("signing"));
    }
}
