//! Work that only one node does at a time, held by leases of the database.
//!
//! A lease keeps nodes from doing the same work twice. It is no lock: a node that froze may wake up after its lease ran out.
//! What must not happen twice is held by the store's operations themselves (watermarks, the expected sequence number).

use crate::error::AppError;
use crate::service::Service;
use cpis_model::organisation::AuthorityCode;
use cpis_store::{Store, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, watch};
use tokio::task::JoinHandle;

/// How long a lease lasts without being renewed: after so long another node goes on where a dead one stopped.
const LEASE_MS: u32 = 6_000;
/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(2);
/// How often it is asked for while another node has it.
const ASK: Duration = Duration::from_millis(500);
/// Holds leases for who is no node.
const NOBODY: u64 = 0;
/// The lease of what runs beside the doors.
const WORKER: &str = "worker";

/// Follows whether this node is the one whose applier and housekeeping work, until the end. `leads` is told each change.
pub(crate) async fn follow_lead(service: Arc<Service>, leads: watch::Sender<bool>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let held = service.store.lease(WORKER.to_owned(), service.node, LEASE_MS).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot tell whether this node does the work beside the doors");
            false
        });
        leads.send_if_modified(|leads| std::mem::replace(leads, held) != held);
        metrics::gauge!("cpis_leads").set(if held { 1.0 } else { 0.0 });
        let pause = if held { RENEW } else { ASK };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Gives up the lead, so that another node goes on at once.
pub async fn end_lead(service: &Service) {
    if let Err(error) = service.store.end_lease(WORKER.to_owned(), service.node).await {
        tracing::warn!(%error, "the lead was not given back; another node takes it in some seconds");
    }
}

/// Whether a node of the service works on the database at this moment.
pub async fn is_served(store: &dyn Store) -> Result<bool, StoreError> {
    let held = store.lease(WORKER.to_owned(), NOBODY, LEASE_MS).await?;
    if held {
        store.end_lease(WORKER.to_owned(), NOBODY).await?;
    }
    Ok(!held)
}

/// Wakes the applier when another node has committed something, until the end.
pub(crate) async fn follow_others(service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = service.store.wake() => service.committed.notify_waiters(),
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// What one thing at a time is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Work {
    /// An authority's files.
    Uploads,
    /// The subscriptions that it makes.
    Subscriptions,
}

/// Who waits on this node.
type Here = Arc<tokio::sync::Mutex<()>>;

/// Turns: one file of an authority at a time, on whichever node, and different authorities side by side.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<(Work, AuthorityCode), Here>>);

/// An authority's turn. It ends when this is dropped.
pub(crate) struct Turn {
    service: Arc<Service>,
    lease: String,
    renewing: JoinHandle<()>,
    _here: OwnedMutexGuard<()>,
}

impl Turns {
    fn here(&self, work: Work, authority: AuthorityCode) -> Here {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry((work, authority)).or_default().clone()
    }
}

impl Turn {
    /// Waits for the authority's turn.
    pub async fn wait(service: &Arc<Service>, work: Work, authority: AuthorityCode) -> Result<Self, AppError> {
        let here = service.turns.here(work, authority).lock_owned().await;
        let name = name_of(work, authority);
        while !lease(service, &name).await? {
            tokio::time::sleep(ASK).await;
        }
        Ok(Self::begin(service, name, here))
    }

    /// Takes the authority's turn, unless another file of it is being processed.
    pub async fn take(service: &Arc<Service>, work: Work, authority: AuthorityCode) -> Result<Option<Self>, AppError> {
        let Ok(here) = service.turns.here(work, authority).try_lock_owned() else { return Ok(None) };
        let name = name_of(work, authority);
        Ok(if lease(service, &name).await? { Some(Self::begin(service, name, here)) } else { None })
    }

    fn begin(service: &Arc<Service>, name: String, here: OwnedMutexGuard<()>) -> Self {
        let (own, renewed) = (service.clone(), name.clone());
        let renewing = tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEW).await;
                if let Err(error) = lease(&own, &renewed).await {
                    tracing::warn!(%error, turn = renewed, "an authority's turn was not renewed");
                }
            }
        });
        Self { service: service.clone(), lease: name, renewing, _here: here }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.renewing.abort();
        // Without a runtime the process ends, and the lease runs out by itself.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (service, lease) = (self.service.clone(), std::mem::take(&mut self.lease));
        runtime.spawn(async move {
            if let Err(error) = service.store.end_lease(lease, service.node).await {
                tracing::warn!(%error, "an authority's turn was not given back; it ends in some seconds");
            }
        });
    }
}

fn name_of(work: Work, authority: AuthorityCode) -> String {
    match work {
        Work::Uploads => format!("upload {authority}"),
        Work::Subscriptions => format!("subscription {authority}"),
    }
}

async fn lease(service: &Service, name: &str) -> Result<bool, AppError> {
    Ok(service.store.lease(name.to_owned(), service.node, LEASE_MS).await?)
}
