//! What all use cases share: the database, the keys, the time, the register and the recorder.

use crate::demographics::Demographics;
use crate::effects::{Clock, Entropy};
use crate::error::AppError;
use crate::frame::{KeyOf, month_of};
use crate::people::{Keys, month_place};
use crate::recorder::{Batch, Limits, Parts, Recorder};
use crate::refusals::Refusals;
use crate::ring::KeyRing;
use crate::seal::SealKey;
use crate::upload::DecodeUpload;
use cpis_model::Timestamp;
use cpis_model::caller::{Caller, Rights, Who};
use cpis_model::current_register::CurrentRegister;
use cpis_model::entry::{Entry, What};
use cpis_model::nhs_number::{NhsNumber, Range};
use cpis_model::organisation::{OdsCode, Organisation};
use cpis_store::Store;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::Notify;

/// Choices of an installation.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether numbers of the test range 999 are taken. Never on a live installation.
    pub test_numbers: bool,
    /// Limits of the recorder.
    pub limits: Limits,
    /// Entries of the journal's tail that a reader folds at most; beyond it a list says up to when it is complete.
    pub tail_entries_max: usize,
    /// Days after which a raw uploaded file's key is destroyed.
    pub file_days: i32,
    /// Seconds between signed checkpoints while the log grows.
    pub checkpoint_seconds: u64,
    /// File outside the database to which checkpoints are appended.
    pub checkpoint_file: Option<PathBuf>,
    /// Folder in which the log is published at fixed times.
    pub publish_folder: Option<PathBuf>,
    /// Seconds between publications.
    pub publish_seconds: u64,
    /// A published checkpoint's size is a multiple of this; 1 hides nothing.
    pub publish_multiple: u64,
    /// Hours after which a missing sequence number raises an alarm.
    pub gap_alarm_hours: i64,
    /// Minutes after which a notice of a look in urgent care that nobody has read raises an alarm; 0 is never.
    pub escalate_minutes: i64,
    /// Days after which demographics is asked again about everybody with a plan; 0 is never.
    pub retrace_days: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            test_numbers: false,
            limits: Limits::default(),
            tail_entries_max: 20_000,
            file_days: 28,
            checkpoint_seconds: 1,
            checkpoint_file: None,
            publish_folder: None,
            publish_seconds: 3600,
            publish_multiple: 64,
            gap_alarm_hours: 72,
            escalate_minutes: 30,
            retrace_days: 7,
        }
    }
}

/// The service. Cheap to share behind an `Arc`.
pub struct Service {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Keys and randomness.
    pub keys: Keys,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Organisations, as they stand now.
    pub register: CurrentRegister,
    /// Demographics.
    pub demographics: Arc<dyn Demographics>,
    /// Reads uploaded files.
    pub decode: DecodeUpload,
    /// Choices.
    pub settings: Settings,
    /// Counts refusals of callers nobody knows.
    pub refusals: Refusals,
    /// Takes entries.
    pub recorder: Recorder,
    /// Told after each commit.
    pub committed: Arc<Notify>,
    /// A size at which the tree must pause for a checkpoint to be published.
    pub(crate) publish_at: std::sync::atomic::AtomicU64,
    pub(crate) turns: crate::nodes::Turns,
    pub(crate) rest: crate::upload::Rest,
    /// Stands for this process among the nodes that share the database.
    pub(crate) node: u64,
    pub(crate) fresh: Mutex<crate::freshness::Kept>,
    months: RwLock<HashMap<u32, SealKey>>,
    recorder_tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
}

impl Service {
    /// Starts the recorder; the applier and the worker are started by [`crate::worker`].
    #[expect(
        clippy::too_many_arguments,
        reason = "called once, by the binary, with everything that is not of this crate"
    )]
    pub fn start(
        store: Arc<dyn Store>,
        ring: Arc<KeyRing>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        register: impl Into<CurrentRegister>,
        demographics: Arc<dyn Demographics>,
        decode: DecodeUpload,
        settings: Settings,
    ) -> Arc<Self> {
        let node = u64::from_be_bytes(crate::effects::random(&*entropy)) >> 1;
        let keys = Keys { ring, entropy };
        let committed = Arc::new(Notify::new());
        let parts =
            Parts { store: store.clone(), keys: keys.clone(), clock: clock.clone(), committed: committed.clone() };
        let (recorder, tasks) = Recorder::start(parts, settings.limits);
        Arc::new(Self {
            store,
            keys,
            clock,
            register: register.into(),
            demographics,
            decode,
            settings,
            refusals: Refusals::default(),
            recorder,
            committed,
            publish_at: std::sync::atomic::AtomicU64::new(0),
            turns: crate::nodes::Turns::default(),
            rest: crate::upload::Rest::default(),
            node,
            fresh: Mutex::default(),
            months: RwLock::default(),
            recorder_tasks: Mutex::new(tasks),
        })
    }

    /// Records what concerns no person and changes nothing, and returns when it is durable.
    pub(crate) async fn record_one(&self, what: What) -> Result<(), AppError> {
        let at = self.clock.now();
        let (key_of, key) = self.month_key(at).await?;
        let entry = Entry { at, person: None, what };
        let decide = move |batch: &mut Batch<'_>, _: &_| {
            batch.add(&entry, key_of, &key);
            Ok(())
        };
        self.recorder.record(None, decide).await
    }

    /// The key under which entries without a person are sealed at a moment. Made on first use in a month.
    pub async fn month_key(&self, at: Timestamp) -> Result<(KeyOf, SealKey), AppError> {
        let month = month_of(at);
        if let Some(key) = self.stored_month_key(month).await? {
            return Ok((KeyOf::Month(month), key));
        }
        let fresh = SealKey::random(&*self.keys.entropy);
        let wrapped = self.keys.ring.seal(&*self.keys.entropy, &month_place(month), fresh.raw());
        self.store.month_key(month, Some(wrapped)).await?;
        let key = self.stored_month_key(month).await?.ok_or_else(|| AppError::damaged("month_key"))?;
        Ok((KeyOf::Month(month), key))
    }

    /// The key of a month, if there is one.
    pub(crate) async fn stored_month_key(&self, month: u32) -> Result<Option<SealKey>, AppError> {
        if let Some(key) = self.months.read().unwrap_or_else(PoisonError::into_inner).get(&month) {
            return Ok(Some(key.clone()));
        }
        let Some(wrapped) = self.store.month_key(month, None).await? else { return Ok(None) };
        let key = open_month(&self.keys, month, &wrapped)?;
        self.months.write().unwrap_or_else(PoisonError::into_inner).insert(month, key.clone());
        Ok(Some(key))
    }

    /// Refuses numbers of the test range where the installation does not take them.
    pub fn admit(&self, number: NhsNumber) -> Result<(), AppError> {
        if number.range() == Range::Test && !self.settings.test_numbers {
            return Err(AppError::TestNumber);
        }
        Ok(())
    }

    /// Ends the recorder after what waits is done, and closes the database.
    pub async fn close(self: Arc<Self>) {
        let tasks = std::mem::take(&mut *self.recorder_tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let store = self.store.clone();
        drop(self);
        // They end when the last handle on their queue is gone.
        let ended = async {
            for task in tasks {
                let _ = task.await;
            }
        };
        if tokio::time::timeout(std::time::Duration::from_secs(10), ended).await.is_err() {
            tracing::warn!("the recorder did not end: something still has a hold on the service");
        }
        store.close().await;
    }
}

/// The service's own name, as organisation and as owner of its mailbox.
const OWN_NAME: &str = "Child Protection - Information Sharing";

/// The service itself, where it does something by itself.
pub(crate) fn own_caller() -> Caller {
    Caller {
        who: Who::System { client: "cpis".into() },
        organisation: Organisation { code: OdsCode::SERVICE, name: OWN_NAME.into() },
        site: None,
        rights: Rights::default(),
    }
}

/// Opens a month's wrapped key.
pub(crate) fn open_month(keys: &Keys, month: u32, wrapped: &[u8]) -> Result<SealKey, AppError> {
    let raw = keys.ring.open(&month_place(month), wrapped);
    raw.and_then(|raw| SealKey::from_slice(&raw))
        .map_err(|_| AppError::damaged(format!("the key of month {month} does not open")))
}
