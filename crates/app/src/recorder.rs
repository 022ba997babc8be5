//! The recorder: group commit of entries, once for both databases.
//!
//! Whoever owes an entry hands over a piece of work; the recorder takes whatever waits, lets each decide under the sequence
//! lock, appends one journal row for all, and answers all after the commit. A full queue answers at once.

use crate::codec;
use crate::error::AppError;
use crate::frame::{self, KeyOf, SALT_BYTES};
use crate::people::Keys;
use crate::seal::SealKey;
use crate::service::Service;
use cpis_audit::{group_digest, leaf_hash};
use cpis_model::Timestamp;
use cpis_model::entry::Entry;
use cpis_model::organisation::AuthorityCode;
use cpis_store::{ContactRow, Effect, Found, Group, GroupId, NumberKeys, Store, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};

/// The group that is being decided.
pub struct Batch<'a> {
    keys: &'a Keys,
    id: GroupId,
    first_index: u64,
    contacts: &'a HashMap<AuthorityCode, ContactRow>,
    group: Group,
}

impl Batch<'_> {
    /// Adds an entry, sealed under a key; returns its index in the journal.
    pub fn add(&mut self, entry: &Entry, key_of: KeyOf, key: &SealKey) -> u64 {
        let ordinal = self.group.leaves.len() as u32;
        let (sealed, leaf) = seal_entry(self.keys, self.id, ordinal, entry, key_of, key);
        frame::push(&mut self.group.body, key_of, &sealed);
        self.group.leaves.push(leaf);
        self.first_index + u64::from(ordinal)
    }

    /// Index that the next entry will have.
    pub fn next_index(&self) -> u64 {
        self.first_index + self.group.leaves.len() as u64
    }

    /// Adds what an entry stands for.
    pub fn effect(&mut self, effect: Effect) {
        self.group.effects.push(effect);
    }

    /// How to reach the authorities of the plans found.
    pub fn contact(&self, authority: AuthorityCode) -> Option<&ContactRow> {
        self.contacts.get(&authority)
    }
}

/// Seals an entry for its place and computes its leaf.
pub fn seal_entry(
    keys: &Keys,
    group: GroupId,
    ordinal: u32,
    entry: &Entry,
    key_of: KeyOf,
    key: &SealKey,
) -> (Vec<u8>, [u8; 32]) {
    let salt: [u8; SALT_BYTES] = crate::effects::random(&*keys.entropy);
    let text = codec::encode(entry);
    let leaf = leaf_hash(&salt, &text);
    let salted = [salt.as_slice(), &text].concat();
    (key.seal(&*keys.entropy, &frame::place(group, ordinal, key_of), &salted), leaf)
}

/// Answers one caller, after the commit.
type Done = Box<dyn FnOnce() + Send>;
/// Decides one piece of work with who stands behind its number.
type Work = Box<dyn FnOnce(&mut Batch<'_>, &[Found]) -> Done + Send>;

struct Job {
    asked: Option<NumberKeys>,
    work: Work,
}

/// Limits of the recorder.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Pieces of work that may wait.
    pub queue_max: usize,
    /// Pieces of work in one group.
    pub group_max: usize,
    /// How long a caller waits for an answer, in milliseconds.
    pub wait_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { queue_max: 4096, group_max: 256, wait_ms_max: 5000 }
    }
}

/// Hands work to the recorder's task.
#[derive(Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Job>,
    limits: Limits,
}

/// What the task needs.
pub(crate) struct Parts {
    pub store: Arc<dyn Store>,
    pub keys: Keys,
    pub clock: Arc<dyn crate::Clock>,
    /// Told after each commit.
    pub committed: Arc<Notify>,
}

impl Recorder {
    /// Starts the task. It ends when every handle is gone, after what waits is done.
    pub(crate) fn start(parts: Parts, limits: Limits) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, jobs) = mpsc::channel(limits.queue_max);
        let task = tokio::spawn(run(parts, jobs, limits.group_max));
        (Self { queue, limits }, task)
    }

    /// How many pieces of work wait at this moment.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Records what `decide` says. Its answer is given only after its entries are on disk.
    pub async fn record<T: Send + 'static>(
        &self,
        asked: Option<NumberKeys>,
        decide: impl FnOnce(&mut Batch<'_>, &[Found]) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        let (tell, told) = oneshot::channel();
        let work: Work = Box::new(move |batch, found| {
            let answer = decide(batch, found);
            Box::new(move || {
                let _ = tell.send(answer);
            })
        });
        self.queue.try_send(Job { asked, work }).map_err(|_| {
            metrics::counter!("cpis_recorder_refused_total").increment(1);
            AppError::unavailable()
        })?;
        match tokio::time::timeout(Duration::from_millis(self.limits.wait_ms_max), told).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(AppError::unavailable()),
        }
    }
}

async fn run(parts: Parts, mut jobs: mpsc::Receiver<Job>, group_max: usize) {
    let mut waiting = Vec::with_capacity(group_max);
    while jobs.recv_many(&mut waiting, group_max).await > 0 {
        metrics::histogram!("cpis_group_size").record(waiting.len() as f64);
        commit(&parts, std::mem::take(&mut waiting)).await;
        parts.committed.notify_waiters();
    }
}

async fn commit(parts: &Parts, jobs: Vec<Job>) {
    let now: Timestamp = parts.clock.now();
    let id = parts.keys.group(now);
    let (mut asked, mut works) = (Vec::with_capacity(jobs.len()), Vec::with_capacity(jobs.len()));
    for job in jobs {
        let place = job.asked.map(|keys| {
            asked.push(keys);
            asked.len() - 1
        });
        works.push((place, job.work));
    }
    let answers: Arc<Mutex<Vec<Done>>> = Arc::default();
    let (slot, keys) = (answers.clone(), parts.keys.clone());
    let decide = Box::new(move |loaded: &cpis_store::Loaded| {
        let mut batch = Batch {
            keys: &keys,
            id,
            first_index: loaded.first_index,
            contacts: &loaded.contacts,
            group: Group::default(),
        };
        let done: Vec<Done> = works
            .into_iter()
            .map(|(place, work)| {
                let found = place.and_then(|place| loaded.found.get(place)).map_or(&[][..], Vec::as_slice);
                work(&mut batch, found)
            })
            .collect();
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = done;
        batch.group.digest = group_digest(batch.group.leaves.iter().copied());
        batch.group
    });
    let committed = match parts.store.append(id, asked, decide).await {
        Ok(_) => true,
        Err(StoreError::OutcomeUnknown) => find(&*parts.store, id).await,
        Err(error) => {
            tracing::error!(%error, "a group of entries was not written; its callers are told that we cannot tell");
            metrics::counter!("cpis_groups_failed_total").increment(1);
            false
        }
    };
    let done = std::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner));
    if committed {
        for answer in done {
            answer();
        }
    }
    // Otherwise the answers are dropped, and whoever waits for one learns that we cannot tell.
}

/// Records a group by itself, for effects that the store may refuse with [`StoreError::Stale`]: nobody else's entries are to
/// be refused with them.
pub(crate) async fn record_alone(
    service: &Service,
    decide: impl FnOnce(&mut Batch<'_>) + Send + 'static,
) -> Result<(), StoreError> {
    let (keys, id) = (service.keys.clone(), service.keys.group(service.clock.now()));
    let decide = Box::new(move |loaded: &cpis_store::Loaded| {
        let (first_index, contacts) = (loaded.first_index, &loaded.contacts);
        let mut batch = Batch { keys: &keys, id, first_index, contacts, group: Group::default() };
        decide(&mut batch);
        batch.group.digest = group_digest(batch.group.leaves.iter().copied());
        batch.group
    });
    match service.store.append(id, Vec::new(), decide).await {
        Ok(_) => {}
        Err(StoreError::OutcomeUnknown) if find(&*service.store, id).await => {}
        Err(error) => return Err(error),
    }
    service.committed.notify_waiters();
    Ok(())
}

/// Looks for a group whose commit's outcome is unknown. Where even that cannot be told, nobody is answered.
async fn find(store: &dyn Store, id: GroupId) -> bool {
    for pause_ms in [0, 50, 200, 1000] {
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        match store.find_group(id).await {
            Ok(found) => return found.is_some(),
            Err(error) => tracing::warn!(%error, "cannot tell yet whether a group was written"),
        }
    }
    false
}
