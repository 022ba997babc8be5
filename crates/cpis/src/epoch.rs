//! A new epoch of the audit log after a restore: says for good which entries were lost, and lets the log go on.

use crate::fault::{Fault, Kind, OrFault, Result};
use crate::open::{self, Opened};
use cpis_app::Service;
use cpis_app::backup::Resume;
use cpis_audit::{Checkpoint, CompactRange, Epoch, Hash, SigningKey};
use cpis_model::entry::{Entry, What};
use std::fmt;

/// An epoch that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Entries that the log had at its beginning.
    pub at: u64,
    /// The epoch, with the tip that was lost.
    pub epoch: Epoch,
}

/// After a restore: the first checkpoint of the new epoch is signed at the restored size, before anything is appended, and
/// names the tip that was lost (`cpis_audit::Epoch`); the entry that says so follows. A crash in between is made good by
/// running the command again.
///
/// With `restored` an epoch begins also where no checkpoint proves that entries were lost: others may have been signed.
pub async fn begin(opened: &Opened, service: &Service, restored: Option<Resume>) -> Result<Begun> {
    let nothing = || Fault::failed("The database is not behind its file of checkpoints: there is no epoch to begin.");
    let checkpoints = opened.checkpoints()?;
    let size = opened.store.size().await.map_err(|error| open::database(&error))?;
    let last = checkpoints.last();
    let begun = checkpoints.iter().rev().find_map(|one| Some(Begun { at: one.size, epoch: one.begins_epoch()? }));
    if let (Some(restored), Some(begun)) = (restored, begun)
        && begun.at == restored.size
        && size > restored.size
    {
        // Its entry stands already.
        return Ok(begun);
    }
    let begun = match (begun, last) {
        (Some(begun), Some(last)) if last.size == size && last.begins_epoch().is_some() => begun,
        (_, last) => {
            let tip = last.filter(|last| last.size > size);
            if tip.is_none() && restored.is_none() {
                return Err(nothing());
            }
            let root = grown(opened, service, size).await?;
            let earlier =
                begun.map_or(1, |begun| begun.epoch.number).max(restored.map_or(1, |restored| restored.epoch));
            let (old_size, old_root) = tip.map_or((size, root), |tip| (tip.size, tip.root));
            let epoch = Epoch { number: earlier + 1, old_size, old_root };
            let note = sign(opened, size, root, epoch)?;
            cpis_app::checkpoint_file::append(&opened.places.checkpoints, &note).map_err(|error| open::app(&error))?;
            Begun { at: size, epoch }
        }
    };
    let at = service.clock.now();
    let (key_of, key) = service.month_key(at).await.map_err(|error| open::app(&error))?;
    let what = What::EpochBegun { tip: begun.epoch.to_string() };
    let entry = Entry { at, person: None, what };
    let recorded = service.recorder.record(None, move |batch, _| {
        batch.add(&entry, key_of, &key);
        Ok(())
    });
    recorded.await.map_err(|error| open::app(&error))?;
    open::sign(service).await?;
    Ok(begun)
}

/// Grows the stored tree to the restored end; says its root.
async fn grown(opened: &Opened, service: &Service, size: u64) -> Result<Hash> {
    let mut tree = cpis_app::applier::Tree::default();
    cpis_app::applier::apply_tree(service, &mut tree, false).await.map_err(|error| open::app(&error))?;
    let damaged = || Fault::new(Kind::Data, "The tree of the audit log cannot be read: run cpis audit verify");
    let (tree_size, frontier) = opened.store.tree().await.map_err(|error| open::database(&error))?;
    let range = if tree_size == 0 {
        CompactRange::new()
    } else {
        CompactRange::from_bytes(&frontier).map_err(|_| damaged())?
    };
    if range.size() == size { Ok(range.root()) } else { Err(damaged()) }
}

/// Signs the size with the line of the epoch.
fn sign(opened: &Opened, size: u64, root: Hash, epoch: Epoch) -> Result<String> {
    let ring = &opened.keys.ring;
    let key =
        SigningKey::from_seed(ring.signing_name(), ring.signing_seed()).or_fault(Kind::Keys, "The signing key")?;
    let mut checkpoint = Checkpoint::new(ring.signing_name(), size, root);
    checkpoint.extensions.push(epoch.to_string());
    checkpoint.sign(&key).or_fault(Kind::Failed, "The checkpoint cannot be signed")
}

/// What is lost, as far as a checkpoint says it.
impl fmt::Display for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, epoch } = self;
        if epoch.old_size > *at {
            let last = epoch.old_size - 1;
            write!(
                f,
                "Epoch {} begins at {at} entries. Entries {at} to {last} are lost, and the log says so from now on.",
                epoch.number
            )
        } else {
            write!(
                f,
                "Epoch {} begins at {at} entries. No later checkpoint is known, so nobody can say how many entries were lost.",
                epoch.number
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_said_as_far_as_it_is_known() {
        let begun = |old_size| Begun { at: 70, epoch: Epoch { number: 3, old_size, old_root: [0; 32] } }.to_string();
        assert!(begun(90).contains("Epoch 3 begins at 70 entries. Entries 70 to 89 are lost"), "{}", begun(90));
        assert!(begun(70).contains("nobody can say how many"), "{}", begun(70));
    }
}
