//! The pace of requests: so many a second, so many at the same time, and none while PDS has asked for a pause. Somebody who
//! waits at a screen goes before the many of a file.

use crate::time::Time;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Who waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Somebody at a screen.
    Person,
    /// A file.
    Batch,
}

impl Urgency {
    /// Times that a request is sent at most.
    pub fn tries_max(self) -> u32 {
        match self {
            Self::Person => 2,
            Self::Batch => 4,
        }
    }

    /// The longest pause that is waited for; beyond it the answer is "away".
    pub fn patience(self) -> Duration {
        match self {
            Self::Person => Duration::from_secs(2),
            Self::Batch => Duration::from_mins(1),
        }
    }
}

#[derive(Default)]
struct Slots {
    /// The moment of the next free slot.
    next: Duration,
    /// Nobody asks before this moment.
    held: Duration,
}

/// A place among those who may ask. It ends when this is dropped.
pub(crate) struct Turn<'a> {
    _all: SemaphorePermit<'a>,
    _batch: Option<SemaphorePermit<'a>>,
}

pub(crate) struct Pace {
    interval: Duration,
    slots: Mutex<Slots>,
    all: Semaphore,
    batch: Semaphore,
    batch_max: usize,
}

impl Pace {
    /// A pace of so many requests a second and so many at the same time, of which some are kept for people.
    pub fn new(per_second: u32, concurrent: u32) -> Self {
        let batch_max = (concurrent - (concurrent / 4).max(1).min(concurrent.saturating_sub(1))) as usize;
        Self {
            interval: Duration::from_secs(1) / per_second.max(1),
            slots: Mutex::default(),
            all: Semaphore::new(concurrent as usize),
            batch: Semaphore::new(batch_max),
            batch_max,
        }
    }

    /// Requests of files at the same time at most.
    pub fn batch_max(&self) -> usize {
        self.batch_max
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn; the pause that PDS asked for, where it is too long to be waited for.
    pub async fn turn(&self, time: &dyn Time, urgency: Urgency) -> Result<Turn<'_>, Duration> {
        // Neither is ever closed.
        let batch = match urgency {
            Urgency::Batch => self.batch.acquire().await.ok(),
            Urgency::Person => None,
        };
        let all = self.all.acquire().await.map_err(|_| Duration::ZERO)?;
        loop {
            let (wait, has_slot) = self.slot(time.elapsed());
            if !has_slot && wait > urgency.patience() {
                return Err(wait);
            }
            if !wait.is_zero() {
                time.pause(wait).await;
            }
            // PDS may have asked for a pause meanwhile.
            if has_slot && self.slots().held <= time.elapsed() {
                return Ok(Turn { _all: all, _batch: batch });
            }
        }
    }

    /// The time until a slot that is now ours, or, while there is a pause, until its end.
    fn slot(&self, now: Duration) -> (Duration, bool) {
        let mut slots = self.slots();
        if now < slots.held {
            return (slots.held.saturating_sub(now), false);
        }
        let slot = slots.next.max(now);
        slots.next = slot + self.interval;
        (slot.saturating_sub(now), true)
    }

    /// Nobody asks for so long.
    pub fn hold(&self, now: Duration, pause: Duration) {
        let mut slots = self.slots();
        slots.held = slots.held.max(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use cpis_model::Timestamp;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Time that passes only while somebody waits.
    #[derive(Default)]
    struct Standing(AtomicU64);

    #[async_trait]
    impl Time for Standing {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::SeqCst))
        }

        async fn pause(&self, time: Duration) {
            let until = self.elapsed() + time;
            tokio::task::yield_now().await;
            self.0.fetch_max(until.as_millis() as u64, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn requests_are_spread_over_the_second() {
        let (pace, time) = (Pace::new(5, 8), Standing::default());
        let mut at = Vec::new();
        for _ in 0..6 {
            drop(pace.turn(&time, Urgency::Batch).await);
            at.push(time.elapsed().as_millis());
        }
        assert_eq!(at, [0, 200, 400, 600, 800, 1000]);
        time.0.fetch_add(60_000, Ordering::SeqCst);
        for _ in 0..2 {
            drop(pace.turn(&time, Urgency::Batch).await);
        }
        assert_eq!(time.elapsed().as_millis(), 61_200, "what was not used is not saved up");
    }

    #[tokio::test]
    async fn a_pause_holds_everybody_and_a_long_one_is_not_waited_for() {
        let (pace, time) = (Pace::new(1_000, 8), Standing::default());
        pace.hold(time.elapsed(), Duration::from_secs(30));
        pace.hold(time.elapsed(), Duration::from_secs(3));
        assert_eq!(pace.turn(&time, Urgency::Person).await.err(), Some(Duration::from_secs(30)));
        assert!(pace.turn(&time, Urgency::Batch).await.is_ok());
        assert_eq!(time.elapsed(), Duration::from_secs(30));
        pace.hold(time.elapsed(), Duration::from_secs(61));
        assert_eq!(pace.turn(&time, Urgency::Batch).await.err(), Some(Duration::from_secs(61)));
    }

    #[tokio::test]
    async fn files_leave_room_for_somebody_at_a_screen() {
        let (pace, time) = (Arc::new(Pace::new(1_000, 8)), Arc::new(Standing::default()));
        assert_eq!(pace.batch_max(), 6);
        let mut turns = Vec::new();
        for _ in 0..6 {
            turns.push(pace.turn(&*time, Urgency::Batch).await.ok().unwrap());
        }
        let next = async { pace.turn(&*time, Urgency::Batch).await.is_ok() };
        tokio::select! {
            biased;
            _ = next => panic!("a seventh of a file went before"),
            person = pace.turn(&*time, Urgency::Person) => assert!(person.is_ok()),
        }
        turns.pop();
        assert!(pace.turn(&*time, Urgency::Batch).await.is_ok());
        assert_eq!((Pace::new(5, 2).batch_max(), Pace::new(5, 64).batch_max()), (1, 48));
    }
}
