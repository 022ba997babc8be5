//! Holds the checkpoints against the roots that were noted while the tree was rebuilt. A checkpoint that the tree does not
//! bear out is a fault, unless a signed restore declares its entries lost.

use crate::expected::{CheckpointSource, Expected};
use crate::leaf::Hash;
use crate::report::{Fault, FaultKind, Restore};

/// What was rebuilt.
pub(crate) struct Rebuilt<'a> {
    /// The root at each size of interest that was reached, sorted by size.
    pub(crate) roots: &'a [(u64, Hash)],
    /// The number of entries, by the numbers that the groups bear.
    pub(crate) entries: u64,
    /// The earliest entry that a fault names.
    pub(crate) earliest: Option<u64>,
}

/// The verdict on all checkpoints.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) faults: Vec<Fault>,
    pub(crate) restores: Vec<Restore>,
    pub(crate) held: u64,
    pub(crate) set_aside: u64,
    pub(crate) proven_to: Option<u64>,
}

pub(crate) fn judge(mut expected: Vec<Expected>, rebuilt: &Rebuilt<'_>) -> Verdict {
    // of two different checkpoints of one size the one that holds comes first
    expected.sort_by_key(|one| (one.checkpoint.size, !holds(one, rebuilt.roots), one.order));
    let honoured = honoured_restores(&expected, rebuilt.roots);
    let mut verdict = Verdict::default();
    let mut after = 0;
    for one in &expected {
        let Expected { checkpoint, from, .. } = one;
        let size = checkpoint.size;
        if holds(one, rebuilt.roots) {
            after = size;
            verdict.held += 1;
            if *from == CheckpointSource::Outside {
                verdict.proven_to = Some(size);
            }
        } else if honoured.iter().any(|restore| restore.declares_lost(one)) {
            verdict.set_aside += 1;
        } else if size > rebuilt.entries {
            let what = FaultKind::TailCut { have: rebuilt.entries, expected: size, from: *from };
            verdict.faults.push(Fault { index: Some(rebuilt.entries), seq: None, what });
        } else {
            // a fault that names an entry in between explains the root, and names it better; and when another checkpoint of
            // this size holds, no entry is at fault
            let named = rebuilt.earliest.is_some_and(|index| (after..size).contains(&index));
            let explained = named || after == size;
            let what = FaultKind::RootMismatch { size, after, from: *from };
            verdict.faults.push(Fault { index: (!explained).then_some(after), seq: None, what });
        }
    }
    for honoured in honoured {
        if !verdict.restores.contains(&honoured.restore) {
            verdict.restores.push(honoured.restore);
        }
    }
    verdict.restores.sort_by_key(|restore| restore.epoch.number);
    verdict
}

/// A restore whose checkpoint stands.
struct Honoured {
    restore: Restore,
    from: CheckpointSource,
    order: usize,
}

impl Honoured {
    /// Whether the restore accounts for this checkpoint, which the tree does not bear out. What the database or the file
    /// says after the restore must hold; a checkpoint from outside bears no order.
    fn declares_lost(&self, one: &Expected) -> bool {
        let Restore { at, epoch } = self.restore;
        let Expected { checkpoint, from, order } = one;
        let in_order = match from {
            CheckpointSource::Database => false,
            CheckpointSource::File => self.from == CheckpointSource::File && *order < self.order,
            CheckpointSource::Outside => true,
        };
        let lost = checkpoint.size > at && checkpoint.size <= epoch.old_size;
        let tip = checkpoint.size != epoch.old_size || checkpoint.root == epoch.old_root;
        let earlier = checkpoint.begins_epoch().is_none_or(|own| own.number < epoch.number);
        in_order && lost && tip && earlier
    }
}

/// Latest epoch first: a later restore may have cut off the checkpoint that began an earlier epoch.
fn honoured_restores(expected: &[Expected], roots: &[(u64, Hash)]) -> Vec<Honoured> {
    let begins = expected.iter().filter_map(|one| Some((one, one.checkpoint.begins_epoch()?)));
    let mut begins: Vec<_> = begins.collect();
    begins.sort_by_key(|(one, epoch)| std::cmp::Reverse((epoch.number, one.order)));
    let mut honoured: Vec<Honoured> = Vec::new();
    for (one, epoch) in begins {
        if holds(one, roots) || honoured.iter().any(|later| later.declares_lost(one)) {
            let restore = Restore { at: one.checkpoint.size, epoch };
            honoured.push(Honoured { restore, from: one.from, order: one.order });
        }
    }
    honoured
}

fn holds(one: &Expected, roots: &[(u64, Hash)]) -> bool {
    let noted = roots.binary_search_by_key(&one.checkpoint.size, |(size, _)| *size).ok().and_then(|at| roots.get(at));
    noted.is_some_and(|(_, root)| *root == one.checkpoint.root)
}
