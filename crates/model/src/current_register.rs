//! The register of organisations as it stands now, for whoever outlives a change of it.

use crate::register::Register;
use std::sync::{Arc, PoisonError, RwLock};

/// Hands out the register as it stands. Cheap to clone: all clones show the same.
#[derive(Clone, Debug, Default)]
pub struct CurrentRegister(Arc<RwLock<Arc<Register>>>);

impl CurrentRegister {
    /// The register at this moment. Take it once for a piece of work, so that all of it sees the same.
    pub fn get(&self) -> Arc<Register> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a newer register in the place of the present one. One that knows of fewer changes stays away.
    pub fn advance(&self, newer: Register) {
        let newer = Arc::new(newer);
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if newer.number() >= current.number() {
            *current = newer;
        }
    }
}

impl From<Arc<Register>> for CurrentRegister {
    fn from(register: Arc<Register>) -> Self {
        Self(Arc::new(RwLock::new(register)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::Change;

    #[test]
    fn clones_show_the_same_and_nothing_goes_back() {
        let current = CurrentRegister::from(Arc::new(Register::built_in()));
        let (other, day) = (current.clone(), "2026-11-25".parse().unwrap());
        let before = other.get();
        let numbered = |number| before.with([Change { number, version: 1, record: None }], day);
        current.advance(numbered(2));
        assert_eq!((before.number(), other.get().number()), (0, 2), "a snapshot stays as it is");
        other.advance(numbered(1));
        assert_eq!(current.get().number(), 2);
    }
}
