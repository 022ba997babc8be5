//! The audit log: how far lists, notices and tree lag behind, what could not be read, and the file of checkpoints.

use super::database::unreadable;
use super::read;
use crate::config::Config;
use crate::places::Places;
use cpis_app::checkpoint_file;
use cpis_app::ring::KeyRing;
use cpis_audit::Checkpoint;
use cpis_store::{Finding, Store, StoreError, Weight};
use std::path::Path;
use std::sync::Arc;

/// Entries that a list or the tree may lag without a word: some seconds of a busy day.
const LAG_WARNING: u64 = 1000;
/// Entries from which on the tree's lag is a fault.
const TREE_LAG_FAULT: u64 = 100_000;

/// From when on a lag is a fault.
#[derive(Clone, Copy)]
pub struct Limits {
    tail: u64,
}

impl Limits {
    /// As the configuration says, or as it is without one.
    pub fn of(config: Option<&Config>) -> Self {
        Self {
            tail: config.map_or_else(|| Config::default().tail_entries_max, |config| config.tail_entries_max).into(),
        }
    }
}

/// How far lists, notices and tree are behind, and what was set aside.
pub async fn lag(store: &dyn Store, limits: Limits) -> Vec<Finding> {
    match read_lag(store, limits).await {
        Ok(findings) => findings,
        Err(error) => vec![unreadable("audit log", &error)],
    }
}

async fn read_lag(store: &dyn Store, limits: Limits) -> Result<Vec<Finding>, StoreError> {
    // The marks first: what is committed in between is no lag.
    let marks = store.watermarks().await?;
    let size = store.size().await?;
    let quarantined = store.quarantined().await?.len();
    Ok(vec![
        judge_lists(size.saturating_sub(marks.looks), limits),
        judge_tree(size.saturating_sub(marks.tree), size),
        judge_quarantine(quarantined),
    ])
}

fn judge_lists(lag: u64, limits: Limits) -> Finding {
    let what = "lists and notices";
    let found = format!("{lag} entries behind the journal");
    let mend = "The running service catches up by itself; if the number does not fall, read its log.";
    if lag > limits.tail {
        let found = format!("{found}, more than the {} with which a list is complete", limits.tail);
        Finding::bad(Weight::Fault, what, found, mend)
    } else if lag > LAG_WARNING {
        Finding::bad(Weight::Warning, what, found, mend)
    } else {
        Finding::good(what, found)
    }
}

fn judge_tree(lag: u64, size: u64) -> Finding {
    let what = "tree of the log";
    let found = format!("{lag} of {size} entries without a checkpoint");
    let mend = "The running service signs them by itself; if the number does not fall, read its log.";
    if lag > TREE_LAG_FAULT {
        Finding::bad(Weight::Fault, what, found, mend)
    } else if lag > LAG_WARNING {
        Finding::bad(Weight::Warning, what, found, mend)
    } else {
        Finding::good(what, found)
    }
}

fn judge_quarantine(count: usize) -> Finding {
    let what = "quarantine";
    if count == 0 {
        return Finding::good(what, "no entry was set aside");
    }
    let mend = "Stop the service and run cpis audit verify: accesses or notices may be missing.";
    Finding::bad(Weight::Fault, what, format!("{count} entries could not be read and were set aside"), mend)
}

/// The last checkpoint of the file, held against the database.
pub async fn checkpoints(store: &dyn Store, ring: Arc<KeyRing>, places: &Places) -> Vec<Finding> {
    let path = &places.checkpoints;
    // The file first: the database only grows.
    let here = path.clone();
    let last = match read("checkpoints", move || last_of(&here, &ring)).await {
        Ok(last) => last,
        Err(late) => return vec![late],
    };
    let size = match store.size().await {
        Ok(size) => size,
        Err(error) => return vec![unreadable("checkpoints", &error)],
    };
    vec![judge_file(path, last, size)]
}

fn judge_file(path: &Path, last: std::io::Result<Option<Checkpoint>>, size: u64) -> Finding {
    let what = "checkpoints";
    let shown = path.display();
    match last {
        Ok(Some(last)) if last.size > size => {
            let found = format!("{shown} proves that there were {} entries, and the database holds {size}", last.size);
            let mend =
                "Entries are missing, as after an older backup. Put a newer one back, or: cpis audit begin-epoch";
            Finding::bad(Weight::Fault, what, found, mend)
        }
        Ok(Some(last)) => Finding::good(what, format!("the last one in {shown} is of {} entries", last.size)),
        Ok(None) if size == 0 => Finding::good(what, "none yet: the log is empty"),
        Ok(None) => {
            let mend =
                "Without it nobody sees whether entries are lost at the end. Put it back, or find out who took it.";
            Finding::bad(Weight::Warning, what, format!("there is none that holds in {shown}"), mend)
        }
        Err(error) => {
            let mend = "The service must be able to write it.";
            Finding::bad(Weight::Fault, what, format!("{shown} cannot be read: {error}"), mend)
        }
    }
}

/// The last checkpoint that can be believed.
fn last_of(path: &Path, ring: &KeyRing) -> std::io::Result<Option<Checkpoint>> {
    let key = cpis_app::audit::verifying_key(ring).map_err(std::io::Error::other)?;
    checkpoint_file::last_of(path, &key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_are_judged() {
        let limits = Limits { tail: 20_000 };
        for (lag, lists, tree) in [
            (0, Weight::Good, Weight::Good),
            (1000, Weight::Good, Weight::Good),
            (1001, Weight::Warning, Weight::Warning),
            (20_001, Weight::Fault, Weight::Warning),
            (100_001, Weight::Fault, Weight::Fault),
        ] {
            assert_eq!((judge_lists(lag, limits).weight, judge_tree(lag, 200_000).weight), (lists, tree), "{lag}");
        }
        assert_eq!((judge_quarantine(0).weight, judge_quarantine(1).weight), (Weight::Good, Weight::Fault));
    }

    #[test]
    fn a_file_is_held_against_the_database() {
        let last = |size| Ok(Some(Checkpoint::new("test.example/log", size, [0; 32])));
        let judge = |last, size| judge_file(Path::new("checkpoints"), last, size).weight;
        assert_eq!(judge(last(5), 5), Weight::Good);
        assert_eq!(judge(last(6), 5), Weight::Fault);
        assert_eq!((judge(Ok(None), 0), judge(Ok(None), 1)), (Weight::Good, Weight::Warning));
        assert_eq!(judge(Err(std::io::ErrorKind::PermissionDenied.into()), 1), Weight::Fault);
    }
}
