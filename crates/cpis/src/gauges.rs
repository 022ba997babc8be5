//! What each process tells of itself in metrics beside its work: version, start, room on its disks, looks that wait.

use crate::places::Places;
use crate::tls;
use cpis_app::{Clock, Service, SystemClock};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(5);

/// Tells which version runs, and since when.
pub fn tell_start() {
    metrics::gauge!("cpis_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    metrics::gauge!("cpis_started_timestamp_seconds").set(SystemClock.now().as_second() as f64);
}

/// Tells when the certificate ends that was read at the start.
pub fn tell_certificate(path: &Path) {
    if let Some((_, ends)) = tls::validity(path) {
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
