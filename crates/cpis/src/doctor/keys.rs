//! The key ring: whether it can be read, by whom, and whether it opens what is stored.

use crate::open;
use crate::places::Places;
use crate::ring_file;
use cpis_app::people::Keys;
use cpis_app::ring::KeyRing;
use cpis_store::{Finding, Store, Weight};
use std::path::Path;
use std::sync::Arc;

const RING: &str = "key ring";

/// The ring, if it can be read.
pub fn ring(places: &Places) -> (Option<Arc<KeyRing>>, Vec<Finding>) {
    let path = &places.key_ring;
    match ring_file::read(path) {
        Ok(ring) => {
            let found = format!("{}, {} keys", path.display(), ring.keys().len());
            let told = if is_open(path) {
                let mend = format!("chmod 600 {}", path.display());
                Finding::bad(Weight::Warning, RING, format!("others may read {}", path.display()), mend)
            } else {
                Finding::good(RING, found)
            };
            (Some(Arc::new(ring)), vec![told])
        }
        Err(fault) => (None, vec![Finding::bad(Weight::Fault, RING, fault.what, fault.mend)]),
    }
}

fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

/// Whether the ring opens the people that are stored.
pub async fn opens(store: &dyn Store, ring: Arc<KeyRing>, places: &Places) -> Vec<Finding> {
    let what = "stored people";
    let entropy = match open::entropy() {
        Ok(entropy) => Arc::new(entropy),
        Err(fault) => return vec![Finding::bad(Weight::Fault, what, fault.what, fault.mend)],
    };
    let checked = open::check_keys(store, &Keys { ring, entropy }, places).await;
    vec![match checked {
        Ok(()) => Finding::good(what, "the key ring opens them"),
        Err(fault) => Finding::bad(Weight::Fault, what, fault.what, fault.mend),
    }]
}
