//! What each process tells of itself in metrics beside its work: version, start, room on its disks, looks that wait, and
//! when the last backup was made.

use crate::backup_folder::backups;
use crate::places::Places;
use crate::tls;
use cpis_app::{Clock, Service, SystemClock};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(5);

/// Pause between two looks at the folder for backups, which is best on another machine.
const BACKUP_PAUSE: Duration = Duration::from_mins(1);

/// Tells which version runs, and since when.
pub fn tell_start() {
    metrics::gauge!("cpis_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    metrics::gauge!("cpis_started_timestamp_seconds").set(SystemClock.now().as_second() as f64);
}

/// Tells when the first of the certificates ends that were read at the start.
pub fn tell_certificates<'p>(paths: impl Iterator<Item = &'p Path>) {
    if let Some(ends) = paths.filter_map(|path| Some(tls::validity(path)?.1)).min() {
        metrics::gauge!("cpis_certificate_ends_timestamp_seconds").set(ends as f64);
    }
}

/// Tells the rest again and again until the end.
pub async fn follow(service: Arc<Service>, places: Places, mut stop: watch::Receiver<bool>) {
    loop {
        metrics::gauge!("cpis_recorder_queue").set(service.recorder.waiting() as f64);
        let here = places.clone();
        // A disk of another machine may be away: nothing waits for it.
        let told = tokio::task::spawn_blocking(move || tell_room(&here));
        let pause = async {
            let _ = told.await;
            tokio::time::sleep(PAUSE).await;
        };
        tokio::select! {
            () = pause => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Tells again and again until the end when the newest backup of a folder was made. While the folder does not answer, the
/// value that was told last grows old.
pub async fn follow_backups(folder: PathBuf, mut stop: watch::Receiver<bool>) {
    loop {
        let here = folder.clone();
        let told = tokio::task::spawn_blocking(move || tell_backup(&here));
        let pause = async {
            let _ = told.await;
            tokio::time::sleep(BACKUP_PAUSE).await;
        };
        tokio::select! {
            () = pause => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// 0 where there is none, and where nobody can say whether there is one.
fn tell_backup(folder: &Path) {
    let newest = backups(folder).ok().and_then(|mut all| all.pop());
    let made = newest.map(|found| found.made.as_second()).unwrap_or_default();
    metrics::gauge!("cpis_backup_last_timestamp_seconds").set(made as f64);
}

fn tell_room(places: &Places) {
    let database = places.postgres.is_none().then_some(&*places.database);
    for (of, path) in
        [("data", Some(&*places.data_dir)), ("database", database), ("checkpoints", Some(&*places.checkpoints))]
    {
        let folder = if of == "data" { path } else { path.and_then(Path::parent) };
        if let Some(Ok(left)) = folder.map(free) {
            metrics::gauge!("cpis_disk_free_bytes", "of" => of).set(left as f64);
        }
    }
}

/// Bytes that this user may still write on the disk of a folder.
pub fn free(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_exporter_prometheus::PrometheusBuilder;

    #[test]
    fn the_last_backup_is_the_newest_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = PrometheusBuilder::new().build_recorder();
        let told = |folder: &Path| {
            metrics::with_local_recorder(&recorder, || tell_backup(folder));
            let text = recorder.handle().render();
            let line = text.lines().find_map(|line| line.strip_prefix("cpis_backup_last_timestamp_seconds "));
            line.unwrap().to_owned()
        };
        let write = |name: &str| std::fs::write(folder.path().join(name), "x").unwrap();
        assert_eq!(told(folder.path()), "0", "there is none");
        write("cpis-2026-11-27T02-00-00.000Z.age");
        assert_eq!(told(folder.path()), "1795744800");
        write("cpis-2026-11-28T03-00-00.500Z.age");
        assert_eq!(told(folder.path()), "1795834800");
        for other in [".cpis-half.part", "cpis-2026-11-29.age", "erased-people"] {
            write(other);
        }
        assert_eq!(told(folder.path()), "1795834800", "what is not whole is no backup");
        std::fs::remove_file(folder.path().join("cpis-2026-11-28T03-00-00.500Z.age")).unwrap();
        assert_eq!(told(folder.path()), "1795744800");
        assert_eq!(told(&folder.path().join("away")), "0", "nobody can say");
    }
}
