//! Injected faults: the n-th step of a backend fails, so that tests can try every n.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

/// What happens at the chosen step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process dies: nothing after this step happens, what was not committed is lost.
    Kill,
    /// The step fails with an error and the program goes on.
    Fail,
    /// At a commit: it is made, but the answer is lost. Elsewhere like [`Fault::Fail`].
    UnknownAfter,
    /// At a commit: it is not made, and the answer is lost. Elsewhere like [`Fault::Fail`].
    UnknownBefore,
}

/// Instead of how many steps are left: all fail.
const ALL: i64 = i64::MIN;

/// A counter of steps with at most one fault armed. Cheap when none is.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    left: AtomicI64,
    kind: AtomicU8,
    taken: AtomicI64,
}

impl Faults {
    /// Arms a fault at the n-th step from now, counted from 1.
    pub fn arm(&self, n: i64, fault: Fault) {
        let kind = match fault {
            Fault::Kill => 1,
            Fault::Fail => 2,
            Fault::UnknownAfter => 3,
            Fault::UnknownBefore => 4,
        };
        self.0.kind.store(kind, Ordering::SeqCst);
        self.0.left.store(n, Ordering::SeqCst);
    }

    /// From now on every step fails until [`Self::disarm`], as when the database is away.
    pub fn fail_all(&self) {
        self.0.left.store(ALL, Ordering::SeqCst);
    }

    /// Disarms, and says whether the fault was still waiting.
    pub fn disarm(&self) -> bool {
        self.0.left.swap(0, Ordering::SeqCst) > 0
    }

    /// Steps taken since the start.
    pub fn taken(&self) -> i64 {
        self.0.taken.load(Ordering::Relaxed)
    }

    /// Called by a backend before each statement and each commit.
    pub fn step(&self) -> Option<Fault> {
        self.0.taken.fetch_add(1, Ordering::Relaxed);
        let left = self.0.left.load(Ordering::Relaxed);
        if left == ALL {
            return Some(Fault::Fail);
        }
        if left <= 0 || self.0.left.fetch_sub(1, Ordering::SeqCst) != 1 {
            return None;
        }
        match self.0.kind.load(Ordering::SeqCst) {
            1 => Some(Fault::Kill),
            3 => Some(Fault::UnknownAfter),
            4 => Some(Fault::UnknownBefore),
            _ => Some(Fault::Fail),
        }
    }
}
