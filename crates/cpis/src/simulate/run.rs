//! The play itself: a thread hands each look over when it is due, a task for each asks and waits.

use super::door::{Door, Failure, Outcome, ask};
use super::figures::{Figures, Recorder};
use super::live::{Now, View};
use super::schedule::Look;
use super::tokens::Askers;
use cpis_load::pace::{self, End};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Limits of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: u32,
    /// Looks under way at once.
    pub in_flight_max: u32,
    /// From when a look was due to its failure.
    pub timeout: Duration,
}

/// What came of a run.
pub struct Ran {
    /// What was counted.
    pub figures: Figures,
    /// How long a part of the time is.
    pub slot: Duration,
    /// Looks that the schedule had.
    pub planned: u64,
    /// Whether the whole schedule was played.
    pub end: End,
    /// From the beginning to the last answer.
    pub took: Duration,
}

struct Shared {
    askers: Askers,
    limits: Limits,
    recorder: Arc<Recorder>,
    connections: Semaphore,
    under_way: Arc<Semaphore>,
}

/// Plays a schedule to its end, or until `stop` turns true; what was sent by then is waited for.
pub async fn run(
    looks: Vec<(Duration, Look)>,
    askers: Askers,
    limits: Limits,
    recorder: Arc<Recorder>,
    mut stop: watch::Receiver<bool>,
) -> Ran {
    let planned = looks.len() as u64;
    let start = recorder.start();
    let shared = Arc::new(Shared {
        askers,
        limits,
        recorder,
        connections: Semaphore::new(limits.connections as usize),
        under_way: Arc::new(Semaphore::new(limits.in_flight_max as usize)),
    });
    let stopped = Arc::new(AtomicBool::new(false));
    let pacing = {
        let (shared, stopped, tasks) = (shared.clone(), stopped.clone(), Handle::current());
        tokio::task::spawn_blocking(move || {
            pace::run(
                start,
                looks,
                || stopped.load(Ordering::Relaxed),
                |due, look| hand_over(&shared, &tasks, due, look),
            )
        })
    };
    let view = View::new(shared.recorder.length());
    let mut playing = std::pin::pin!(async {
        // The thread ends by itself; it cannot fail.
        let end = pacing.await.unwrap_or(End::Stopped);
        let all = shared.under_way.acquire_many(limits.in_flight_max).await;
        drop(all);
        end
    });
    let end = loop {
        tokio::select! {
            end = &mut playing => break end,
            () = tokio::time::sleep(view.pause()) => view.show(&now(&shared, start)),
            _ = stop.wait_for(|stop| *stop), if !stopped.load(Ordering::Relaxed) => {
                stopped.store(true, Ordering::Relaxed);
                view.ending();
            }
        }
    };
    view.end(&now(&shared, start));
    let recorder = &shared.recorder;
    Ran { figures: recorder.read(Clone::clone), slot: recorder.slot(), planned, end, took: start.elapsed() }
}

fn now(shared: &Shared, start: Instant) -> Now {
    let elapsed = start.elapsed();
    let under_way = shared.limits.in_flight_max as usize - shared.under_way.available_permits();
    shared.recorder.read(|figures| Now::of(figures, elapsed, under_way))
}

/// Starts the task of a look that is due. It must not wait: the next one is due soon.
fn hand_over(shared: &Arc<Shared>, tasks: &Handle, due: Instant, look: Look) {
    let now = Instant::now();
    shared.recorder.due(Door::CareTeam, due);
    shared.recorder.handed_over(now.saturating_duration_since(due));
    match shared.under_way.clone().try_acquire_owned() {
        Ok(place) => {
            tasks.spawn(visit(shared.clone(), due, look, place));
        }
        Err(_) => shared.recorder.came(Door::CareTeam, due, now, Outcome::Failed(Failure::NotSent)),
    }
}

/// What one person does: ask for the record, and if there is one, for its accesses.
async fn visit(shared: Arc<Shared>, due: Instant, look: Look, place: OwnedSemaphorePermit) {
    let found = question(&shared, Door::CareTeam, due, &look).await;
    if found == Outcome::Record && look.reads_accesses {
        let due = Instant::now();
        shared.recorder.due(Door::AuditEvent, due);
        question(&shared, Door::AuditEvent, due, &look).await;
    }
    drop(place);
}

async fn question(shared: &Shared, door: Door, due: Instant, look: &Look) -> Outcome {
    let asked = async {
        let (Ok(_connection), Some(target)) =
            (shared.connections.acquire().await, shared.askers.at(look.site, look.scheduled))
        else {
            return Outcome::Failed(Failure::NotSent);
        };
        shared.recorder.sent(door, due, Instant::now());
        ask(target, door, look).await
    };
    let outcome = tokio::time::timeout_at((due + shared.limits.timeout).into(), asked).await;
    let outcome = outcome.unwrap_or(Outcome::Failed(Failure::TimedOut));
    shared.recorder.came(door, due, Instant::now(), outcome);
    outcome
}

#[cfg(test)]
mod tests;
