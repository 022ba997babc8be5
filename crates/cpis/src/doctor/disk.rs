//! The data directory: who may read it, how much room is left, how long a flush takes. Each look waits for one.

use crate::gauges;
use crate::places::Places;
use cpis_store::{Finding, Weight};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest time for all of it.
pub const LIMIT: Duration = Duration::from_secs(20);
/// Flushes that are measured.
const FLUSHES: usize = 100;
/// Longest time for which they are measured.
const FLUSHES_LIMIT: Duration = Duration::from_secs(5);
/// Bytes of each: a page of the database.
const PAGE: [u8; 4096] = [7; 4096];
/// A flush that takes longer is felt by everybody who asks.
const MEDIAN_MAX: Duration = Duration::from_millis(10);
/// The same, of the slowest of a hundred.
const SLOWEST_MAX: Duration = Duration::from_millis(100);
const MIB: u64 = 1024 * 1024;
/// Below this room there is a fault.
const ROOM_FAULT: u64 = 256 * MIB;
/// Below this room there is a warning.
const ROOM_WARNING: u64 = 2048 * MIB;

/// All findings.
pub async fn check(places: Places) -> Vec<Finding> {
    let done = super::read("disk", move || {
        let folder = &places.data_dir;
        if !folder.is_dir() {
            let mend = "Make it and its keys with cpis keys init, or name the right one.";
            let found = format!("{} is not there", folder.display());
            return vec![Finding::bad(Weight::Fault, "data directory", found, mend)];
        }
        if places.postgres.is_some() {
            // The database lies on another disk, and says itself what it needs.
            return vec![private(folder), room(folder, &places.checkpoints)];
        }
        let lies_in = places.database.parent().unwrap_or(folder);
        vec![private(folder), room(lies_in, &places.database), flushes(lies_in)]
    });
    done.await.unwrap_or_else(|late| vec![late])
}

fn private(folder: &Path) -> Finding {
    use std::os::unix::fs::PermissionsExt;
    let what = "data directory";
    match std::fs::metadata(folder) {
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            let mend = format!("chmod 700 {}", folder.display());
            Finding::bad(Weight::Warning, what, format!("others may look into {}", folder.display()), mend)
        }
        Ok(_) => Finding::good(what, folder.display().to_string()),
        Err(error) => {
            Finding::bad(Weight::Fault, what, error.to_string(), "The user that runs the service must own it.")
        }
    }
}

fn room(folder: &Path, database: &Path) -> Finding {
    let what = "free room";
    let left = match gauges::free(folder) {
        Ok(left) => left,
        Err(error) => return Finding::bad(Weight::Warning, what, error.to_string(), ""),
    };
    let size = std::fs::metadata(database).map_or(0, |file| file.len());
    judge_room(left, size)
}

fn judge_room(left: u64, database: u64) -> Finding {
    let what = "free room";
    let found = format!("{} MiB beside {} MiB that are used", left / MIB, database / MIB);
    if left < ROOM_FAULT {
        Finding::bad(Weight::Fault, what, found, "Make room now: when the disk is full, no look can be answered.")
    } else if left < ROOM_WARNING {
        Finding::bad(Weight::Warning, what, found, "Make room soon.")
    } else if left < database {
        let mend = "Make room: a migration or a backup puts a copy of the database beside it.";
        Finding::bad(Weight::Warning, what, found, mend)
    } else {
        Finding::good(what, found)
    }
}

fn flushes(folder: &Path) -> Finding {
    let what = "disk flush";
    // Without a name: it is gone whatever happens.
    let measured = tempfile::tempfile_in(folder).and_then(|mut file| measure(&mut file));
    match measured {
        Ok(times) => judge_flushes(times),
        Err(error) => {
            let mend = "The user that runs the service must be able to write there; run cpis doctor as that user.";
            Finding::bad(Weight::Warning, what, format!("not measured, since nothing can be written: {error}"), mend)
        }
    }
}

fn measure(file: &mut File) -> std::io::Result<Vec<Duration>> {
    let began = Instant::now();
    let mut times = Vec::new();
    while times.len() < FLUSHES && began.elapsed() < FLUSHES_LIMIT {
        let one = Instant::now();
        file.write_all(&PAGE)?;
        file.sync_data()?;
        times.push(one.elapsed());
    }
    Ok(times)
}

fn judge_flushes(mut times: Vec<Duration>) -> Finding {
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
    let (median, slowest) = (at(50).copied().unwrap_or_default(), at(99).copied().unwrap_or_default());
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let a_second = 1.0 / median.as_secs_f64().max(0.000_001);
    let found =
        format!("{:.2} ms, the slowest of a hundred {:.2} ms: about {a_second:.0} a second", ms(median), ms(slowest));
    if median > MEDIAN_MAX || slowest > SLOWEST_MAX {
        let mend = "Every look waits for one: put the database on a faster disk, or find out what else writes there.";
        Finding::bad(Weight::Warning, "disk flush", found, mend)
    } else {
        Finding::good("disk flush", found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_and_flushes_are_judged() {
        for (left, database, weight) in [
            (100 * MIB, 0, Weight::Fault),
            (1000 * MIB, 0, Weight::Warning),
            (5000 * MIB, 6000 * MIB, Weight::Warning),
            (5000 * MIB, 400 * MIB, Weight::Good),
        ] {
            assert_eq!(judge_room(left, database).weight, weight, "{left} beside {database}");
        }
        let times = |usual: u64, last: u64| {
            let mut times = vec![Duration::from_millis(usual); 99];
            times.push(Duration::from_millis(last));
            judge_flushes(times)
        };
        assert_eq!(times(2, 9).weight, Weight::Good);
        assert!(times(2, 9).found.starts_with("2.00 ms, the slowest of a hundred 9.00 ms: about 500 a second"));
        assert_eq!(times(2, 500).weight, Weight::Warning);
        assert_eq!(times(20, 30).weight, Weight::Warning);
        assert_eq!(judge_flushes(Vec::new()).weight, Weight::Good);
    }

    #[tokio::test]
    async fn a_folder_that_is_missing_or_open_is_named() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let told = check(Places::in_folder(&folder.path().join("none"))).await;
        assert_eq!((told.len(), told[0].weight), (1, Weight::Fault));
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let told = check(Places::in_folder(folder.path())).await;
        assert_eq!((told.len(), told[0].weight), (3, Weight::Warning));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    }
}
