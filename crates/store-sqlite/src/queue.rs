//! What the threads of a store share: queues of jobs, and whether the store is open.

use crate::reserve::Reserve;
use cpis_store::StoreError;
use cpis_store::fault::Faults;
use rusqlite::Connection;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Jobs that wait in one queue; past it the answer is "busy" at once.
const QUEUE_JOBS_MAX: usize = 4096;

/// Urgent jobs that go before one in the background at most: while looks come without a pause there is always an urgent one.
const PASSED_MAX: u32 = 4;

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const KILLED: u8 = 2;

/// Work on a connection.
pub(crate) type Job = Box<dyn FnOnce(&Connection, &Shared) + Send>;

/// Which queue of the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Somebody waits for an answer at a desk: first, but for one in the background after every few.
    Urgent,
    /// Everything else.
    Background,
}

/// Two queues, one before the other.
#[derive(Default)]
pub(crate) struct Queue {
    jobs: Mutex<Jobs>,
    ready: Condvar,
}

#[derive(Default)]
struct Jobs {
    urgent: VecDeque<Job>,
    background: VecDeque<Job>,
    /// Urgent jobs that went before the first in the background.
    passed: u32,
    closed: bool,
}

impl Jobs {
    fn next(&mut self) -> Option<Job> {
        let waits = !self.background.is_empty();
        if (waits && self.passed >= PASSED_MAX) || self.urgent.is_empty() {
            self.passed = 0;
            return self.background.pop_front();
        }
        self.passed = if waits { self.passed + 1 } else { 0 };
        self.urgent.pop_front()
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job, unless the queue is closed or full.
    pub(crate) fn push(&self, lane: Lane, job: Job) -> Result<(), StoreError> {
        let mut jobs = self.lock();
        if jobs.closed {
            return Err(StoreError::Unavailable("closed".into()));
        }
        let lane = if lane == Lane::Urgent { &mut jobs.urgent } else { &mut jobs.background };
        if lane.len() >= QUEUE_JOBS_MAX {
            return Err(StoreError::Unavailable("too much is waiting for the database".into()));
        }
        lane.push_back(job);
        drop(jobs);
        self.ready.notify_one();
        Ok(())
    }

    /// Waits for the next job; `None` once the queue is closed and empty.
    pub(crate) fn pop(&self) -> Option<Job> {
        let mut jobs = self.lock();
        loop {
            if let Some(job) = jobs.next() {
                return Some(job);
            }
            if jobs.closed {
                return None;
            }
            jobs = self.ready.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes no more jobs.
    pub(crate) fn close(&self, drop_jobs: bool) {
        let mut jobs = self.lock();
        jobs.closed = true;
        if drop_jobs {
            jobs.urgent.clear();
            jobs.background.clear();
        }
        drop(jobs);
        self.ready.notify_all();
    }
}

/// What all threads of a store share.
pub(crate) struct Shared {
    pub(crate) faults: Faults,
    pub(crate) writer: Queue,
    pub(crate) readers: Queue,
    pub(crate) reserve: Option<Reserve>,
    state: AtomicU8,
    dirty: AtomicBool,
    closing: Mutex<bool>,
    woken: Condvar,
}

impl Shared {
    pub(crate) fn new(faults: Faults, reserve: Option<Reserve>) -> Self {
        Self {
            faults,
            writer: Queue::default(),
            readers: Queue::default(),
            reserve,
            state: AtomicU8::new(OPEN),
            dirty: AtomicBool::new(true),
            closing: Mutex::new(false),
            woken: Condvar::new(),
        }
    }

    /// Finishes what waits, then ends the threads.
    pub(crate) fn close(&self) {
        self.end(CLOSED);
    }

    /// Ends the threads at once, as the end of the process would.
    pub(crate) fn kill(&self) {
        self.end(KILLED);
    }

    fn end(&self, how: u8) {
        if self.state.compare_exchange(OPEN, how, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return;
        }
        self.writer.close(how == KILLED);
        self.readers.close(how == KILLED);
        *self.closing.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.woken.notify_all();
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.state.load(Ordering::SeqCst) == KILLED
    }

    /// Why a job was not run.
    pub(crate) fn why_away(&self) -> StoreError {
        StoreError::Unavailable(if self.is_killed() { "killed" } else { "closed" }.into())
    }

    /// Notes that the write-ahead log grew.
    pub(crate) fn committed(&self) {
        self.dirty.store(true, Ordering::Relaxed);
    }

    /// Whether something was committed since the last call.
    pub(crate) fn take_dirty(&self) -> bool {
        self.dirty.swap(false, Ordering::Relaxed)
    }

    /// Sleeps, or wakes because the store ends: then the answer is `false`.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        if *closing {
            return false;
        }
        let (closing, _) = self.woken.wait_timeout(closing, time).unwrap_or_else(PoisonError::into_inner);
        !*closing
    }

    /// Gives the reserve back to the database and raises the alarm.
    pub(crate) fn disk_is_full(&self) {
        if let Some(reserve) = &self.reserve {
            reserve.release();
        }
    }
}
