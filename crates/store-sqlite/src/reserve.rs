//! A file of zeros beside the database: when the disk is full it is deleted, so that looks go on while somebody makes room.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

/// Size of the reserve.
pub(crate) const RESERVE_BYTES: u64 = 16 * 1024 * 1024;

/// The reserve of one database.
pub(crate) struct Reserve {
    path: PathBuf,
    released: AtomicBool,
    file: Mutex<()>,
}

impl Reserve {
    /// The reserve as another process keeps it. It is looked at and never touched.
    pub(crate) fn look(database: &Path) -> Self {
        let path = Self::path(database);
        let stands = fs::metadata(&path).is_ok_and(|file| file.len() == RESERVE_BYTES);
        Self { path, released: AtomicBool::new(!stands), file: Mutex::new(()) }
    }

    fn path(database: &Path) -> PathBuf {
        let mut name = database.as_os_str().to_owned();
        name.push(".reserve");
        name.into()
    }

    /// Sets the reserve aside. Where there is no room for it, it counts as released.
    pub(crate) fn open(database: &Path) -> Self {
        let reserve = Self { path: Self::path(database), released: AtomicBool::new(false), file: Mutex::new(()) };
        let stands = fs::metadata(&reserve.path).is_ok_and(|file| file.len() == RESERVE_BYTES);
        if !stands && let Err(error) = write_zeros(&reserve.path, RESERVE_BYTES) {
            let _ = fs::remove_file(&reserve.path);
            reserve.released.store(true, Ordering::SeqCst);
            tracing::error!(%error, "there is no room for the reserve of the database");
        }
        reserve
    }

    /// Whether the reserve is used up: looks will stop soon.
    pub(crate) fn is_released(&self) -> bool {
        self.released.load(Ordering::SeqCst)
    }

    /// Gives the room to the database.
    pub(crate) fn release(&self) {
        let _file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.released.swap(true, Ordering::SeqCst) {
            tracing::error!("the disk is full; the reserve of the database is given up, make room now");
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Sets the reserve aside again if there is room for it twice.
    pub(crate) fn restore(&self) {
        let _file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_released() {
            return;
        }
        let restored = write_zeros(&self.path, 2 * RESERVE_BYTES)
            .and_then(|()| File::options().write(true).open(&self.path)?.set_len(RESERVE_BYTES));
        if restored.is_ok() {
            self.released.store(false, Ordering::SeqCst);
            tracing::info!("there is room on the disk again; the reserve of the database stands");
        } else {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn write_zeros(path: &Path, bytes: u64) -> std::io::Result<()> {
    let zeros = vec![0_u8; 1024 * 1024];
    let mut file = File::create(path)?;
    let mut left = bytes;
    while left > 0 {
        let now = left.min(zeros.len() as u64);
        file.write_all(zeros.get(..now as usize).unwrap_or(&zeros))?;
        left -= now;
    }
    file.sync_all()
}
