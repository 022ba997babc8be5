//! The database: its schema, whether it is whole, and what it says of itself. It is opened for reading beside the service.

use crate::database::{DatabasePlace, How, migrate_database, open_database};
use crate::places::Places;
use cpis_store::{Database, Finding, Store, Weight};
use std::sync::Arc;
use std::time::Duration;

/// Longest time for the database's own check, which reads all of it.
pub const LIMIT: Duration = Duration::from_mins(1);
/// Longest time for opening it.
const OPEN_LIMIT: Duration = Duration::from_secs(15);
/// Connections: one may be busy with the whole file.
const READERS: u32 = 2;

/// Opens it and judges its schema.
pub async fn open(places: &Places) -> (Option<Arc<dyn Database>>, Vec<Finding>) {
    let place = DatabasePlace::of(places);
    match tokio::time::timeout(OPEN_LIMIT, opened(&place)).await {
        Ok(Ok((store, findings))) => (Some(store), findings),
        Ok(Err(fault)) => (None, vec![Finding::bad(Weight::Fault, "database", fault.what, fault.mend)]),
        Err(_) => {
            let found = format!("{place} could not be opened in {} seconds", OPEN_LIMIT.as_secs());
            (
                None,
                vec![Finding::bad(Weight::Fault, "database", found, "Find out who holds it, or what its disk does.")],
            )
        }
    }
}

async fn opened(place: &DatabasePlace) -> crate::fault::Result<(Arc<dyn Database>, Vec<Finding>)> {
    let store = open_database(place, How::Beside, READERS).await?;
    let schema = migrate_database(place, true).await?;
    let mut findings = vec![Finding::good("schema", schema.from.to_string())];
    if store.setting(cpis_app::copy::MARKER).await.is_ok_and(|marker| marker.is_some()) {
        let mend = "Run the same cpis copy again to finish it, or use the database from which it was copied.";
        findings.push(Finding::bad(Weight::Fault, "database", "it is an unfinished copy of another one", mend));
    }
    Ok((store, findings))
}

/// What the database says of itself.
pub async fn examine(store: &dyn Store) -> Vec<Finding> {
    match store.examine().await {
        Ok(findings) => findings,
        Err(error) => vec![unreadable("database", &error)],
    }
}

/// The database gave no answer to a check.
pub fn unreadable(what: &str, error: &cpis_store::StoreError) -> Finding {
    Finding::bad(Weight::Fault, what, error.to_string(), "Run cpis audit verify on a copy of the database.")
}
