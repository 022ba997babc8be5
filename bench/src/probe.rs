//! How fast this disk makes 4 KiB durable, right now: the measure of every durable answer.

use anyhow::{Context, Result};
use cpis_load::histogram::Histogram;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Bytes of each write.
pub const BLOCK_BYTES: usize = 4 * 1024;
/// Blocks of the file whose space is taken beforehand (64 MiB), written round and round.
const BLOCKS: u64 = 16 * 1024;
/// Above this many microseconds for the median flush the machine is too busy to measure on.
pub const BUSY_US: f64 = 1_000.0;

/// Flushes of one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Flushes {
    /// Flushes per second.
    pub per_second: f64,
    /// Microseconds that half of them took at most.
    pub p50_us: f64,
    /// Microseconds that 99 % of them took at most.
    pub p99_us: f64,
}

/// Both kinds of file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Probe {
    /// A file that grows with each write.
    pub growing: Flushes,
    /// A file whose space was written before.
    pub preallocated: Flushes,
}

impl Probe {
    /// Figures taken now would say more about the neighbours than about the service.
    pub fn is_too_busy(&self) -> bool {
        self.preallocated.p50_us > BUSY_US
    }
}

/// Writes and flushes in files of `folder` that have no name, half of the time each.
pub fn probe(folder: &Path, time: Duration) -> Result<Probe> {
    let file = || tempfile::tempfile_in(folder).with_context(|| format!("no file in {}", folder.display()));
    let block = [0xA5; BLOCK_BYTES];
    let mut growing = file()?;
    let growing = flushes(time / 2, |_| {
        growing.write_all(&block)?;
        growing.sync_data()
    })?;
    let preallocated = file()?;
    for place in 0..BLOCKS {
        preallocated.write_all_at(&[0; BLOCK_BYTES], place * BLOCK_BYTES as u64)?;
    }
    preallocated.sync_all()?;
    let preallocated = flushes(time / 2, |count| overwrite(&preallocated, &block, count))?;
    Ok(Probe { growing, preallocated })
}

fn overwrite(file: &File, block: &[u8], count: u64) -> std::io::Result<()> {
    file.write_all_at(block, count % BLOCKS * BLOCK_BYTES as u64)?;
    file.sync_data()
}

fn flushes(time: Duration, mut flush: impl FnMut(u64) -> std::io::Result<()>) -> Result<Flushes> {
    let mut histogram = Histogram::default();
    let start = Instant::now();
    let mut before = start;
    while before.duration_since(start) < time {
        flush(histogram.count()).context("the disk does not take the probe")?;
        let now = Instant::now();
        histogram.record(now.duration_since(before).as_nanos() as u64);
        before = now;
    }
    let seconds = before.duration_since(start).as_secs_f64().max(f64::EPSILON);
    Ok(Flushes {
        per_second: histogram.count() as f64 / seconds,
        p50_us: histogram.quantile(0.5) as f64 / 1e3,
        p99_us: histogram.quantile(0.99) as f64 / 1e3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_has_figures_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let probe = probe(folder.path(), Duration::from_millis(20)).unwrap();
        for flushes in [probe.growing, probe.preallocated] {
            assert!(flushes.per_second > 0.0 && flushes.p50_us <= flushes.p99_us, "{probe:?}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_median_says_whether_the_machine_is_too_busy() {
        let with = |p50_us| Probe { preallocated: Flushes { p50_us, ..Flushes::default() }, ..Probe::default() };
        assert!(!with(999.0).is_too_busy() && with(1_001.0).is_too_busy());
    }
}
