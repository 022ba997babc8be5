//! The recorder: group commit of entries, once for both databases.
//!
//! Whoever owes an entry hands over a piece of work. When the database is free the recorder gathers whatever waits, lets each
//! decide under the sequence lock, appends one journal row for all, and answers all after the commit. Where the database takes
//! several groups at once, the next one is at hand when one is finished. A full queue answers at once.

use crate::codec;
use crate::error::AppError;
use crate::frame::{self, KeyOf, SALT_BYTES};
use crate::people::Keys;
use crate::seal::SealKey;
use crate::service::Service;
use cpis_audit::{group_digest, leaf_hash};
use cpis_model::entry::Entry;
use cpis_model::organisation::AuthorityCode;
use cpis_store::{Asked, ContactRow, Effect, Found, Group, GroupId, NumberKeys, Store, StoreError};
use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

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
    // A look's entry has some 300 bytes.
    let mut salted = Vec::with_capacity(512);
    salted.extend_from_slice(&salt);
    codec::encode_to(&mut salted, entry);
    let leaf = leaf_hash(&salt, salted.get(SALT_BYTES..).unwrap_or_default());
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

/// Hands work to the recorder's tasks.
#[derive(Clone)]
pub struct Recorder {
    queue: Arc<Queue>,
    _handle: Arc<Handle>,
    limits: Limits,
}

/// What the tasks need.
pub(crate) struct Parts {
    pub store: Arc<dyn Store>,
    pub keys: Keys,
    pub clock: Arc<dyn crate::Clock>,
    /// Told after each commit.
    pub committed: Arc<Notify>,
}

impl Recorder {
    /// Starts the tasks, as many as the database takes groups at once. They end when every handle is gone, after what waits is done.
    pub(crate) fn start(parts: Parts, limits: Limits) -> (Self, Vec<tokio::task::JoinHandle<()>>) {
        let (queue, parts) = (Arc::new(Queue::default()), Arc::new(parts));
        let tasks = (0..parts.store.appends_max().max(1))
            .map(|_| tokio::spawn(run(parts.clone(), queue.clone(), limits.group_max)))
            .collect();
        (Self { _handle: Arc::new(Handle(queue.clone())), queue, limits }, tasks)
    }

    /// How many pieces of work wait at this moment.
    pub fn waiting(&self) -> usize {
        self.queue.lock().waiting.len()
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
        if !self.queue.push(Job { asked, work }, self.limits.queue_max) {
            metrics::counter!("cpis_recorder_refused_total").increment(1);
            return Err(AppError::unavailable());
        }
        match tokio::time::timeout(Duration::from_millis(self.limits.wait_ms_max), told).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(AppError::unavailable()),
        }
    }
}

/// Ends the queue when the last recorder is gone.
struct Handle(Arc<Queue>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.arrived.notify_waiters();
    }
}

/// Work that waits for its turn at the database.
#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    arrived: Notify,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    is_closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a piece of work, unless too many wait.
    fn push(&self, job: Job, jobs_max: usize) -> bool {
        let mut jobs = self.lock();
        if jobs.waiting.len() >= jobs_max {
            return false;
        }
        jobs.waiting.push_back(job);
        drop(jobs);
        self.arrived.notify_one();
        true
    }

    /// Takes what waits.
    fn take(&self, jobs_max: usize) -> Vec<Job> {
        let mut jobs = self.lock();
        let taken = jobs.waiting.len().min(jobs_max);
        jobs.waiting.drain(..taken).collect()
    }

    /// Whether work waits, and whether the end has come.
    fn state(&self) -> (bool, bool) {
        let jobs = self.lock();
        (!jobs.waiting.is_empty(), jobs.is_closed)
    }

    /// Waits for work. Says whether there may be some: not after the end.
    async fn wait(&self) -> bool {
        loop {
            let mut arrived = pin!(self.arrived.notified());
            arrived.as_mut().enable();
            match self.state() {
                (true, _) => return true,
                (false, true) => return false,
                (false, false) => arrived.await,
            }
        }
    }
}

async fn run(parts: Arc<Parts>, queue: Arc<Queue>, group_max: usize) {
    while queue.wait().await {
        commit(&parts, &queue, group_max).await;
        parts.committed.notify_waiters();
    }
}

/// The group that was gathered, and the answers that its commit allows.
type Gathered = Arc<Mutex<Option<(GroupId, Vec<Done>)>>>;

async fn commit(parts: &Arc<Parts>, queue: &Arc<Queue>, group_max: usize) {
    let gathered = Gathered::default();
    let gather = {
        let (parts, queue, gathered) = (parts.clone(), queue.clone(), gathered.clone());
        Box::new(move || asked(&parts, queue.take(group_max), gathered))
    };
    let appended = parts.store.append_gathered(gather).await;
    let gathered = gathered.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (id, done) = gathered.map_or((None, Vec::new()), |(id, done)| (Some(id), done));
    let committed = match (appended, id) {
        (Ok(_), _) => true,
        (Err(StoreError::OutcomeUnknown), Some(id)) => find(&*parts.store, id).await,
        (Err(error), _) => {
            tracing::error!(%error, "a group of entries was not written; its callers are told that we cannot tell");
            metrics::counter!("cpis_groups_failed_total").increment(1);
            false
        }
    };
    if committed {
        for answer in done {
            answer();
        }
    } else if id.is_none() {
        // Nothing was even gathered: who waits would wait in vain.
        drop(queue.take(group_max));
    }
    // Answers that are dropped tell whoever waits for one that we cannot tell.
}

/// What this work asks of the database. The answers are left in `gathered`.
fn asked(parts: &Parts, jobs: Vec<Job>, gathered: Gathered) -> Option<Asked> {
    if jobs.is_empty() {
        return None;
    }
    metrics::histogram!("cpis_group_size").record(jobs.len() as f64);
    let group = parts.keys.group(parts.clock.now());
    *gathered.lock().unwrap_or_else(PoisonError::into_inner) = Some((group, Vec::new()));
    let (mut numbers, mut works) = (Vec::with_capacity(jobs.len()), Vec::with_capacity(jobs.len()));
    for job in jobs {
        let place = job.asked.map(|keys| {
            numbers.push(keys);
            numbers.len() - 1
        });
        works.push((place, job.work));
    }
    let keys = parts.keys.clone();
    let decide = Box::new(move |loaded: &cpis_store::Loaded| {
        let (first_index, contacts) = (loaded.first_index, &loaded.contacts);
        let mut batch = Batch { keys: &keys, id: group, first_index, contacts, group: Group::default() };
        let done: Vec<Done> = works
            .into_iter()
            .map(|(place, work)| {
                let found = place.and_then(|place| loaded.found.get(place)).map_or(&[][..], Vec::as_slice);
                work(&mut batch, found)
            })
            .collect();
        *gathered.lock().unwrap_or_else(PoisonError::into_inner) = Some((group, done));
        batch.group.digest = group_digest(batch.group.leaves.iter().copied());
        batch.group
    });
    Some(Asked { group, numbers, decide })
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
