//! The loop: take what is complete, send it, look into the mailbox, tidy up.

use crate::agent::Trouble;
use crate::folders::Place;
use crate::journal::Stage;
use crate::outbox::FILES_MAX;
use crate::take::aside;
use crate::{Agent, AgentError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A hello is due once in so much time.
const HELLO: Duration = Duration::from_hours(12);
/// Pause after the first failure; twice as long after each further one.
const PAUSE_FIRST: Duration = Duration::from_secs(2);
/// Longest pause after failures.
const PAUSE_MAX: Duration = Duration::from_mins(5);
/// Time between two rounds of tidying.
const TIDY: Duration = Duration::from_hours(1);
/// Days for which the journal knows what came: longer than any server lists a message.
const KNOWN_DAYS: u32 = 400;
/// For so long what lies aside may belong to nothing.
const ASIDE: Duration = Duration::from_hours(24);
/// What is on its way.
pub const OPEN: [Stage; 3] = [Stage::Taking, Stage::Ready, Stage::Sending];
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// When what is due.
#[derive(Default)]
struct Due {
    hello: Option<Instant>,
    poll: Option<Instant>,
    tidy: Option<Instant>,
    /// Nothing is asked of the server before.
    pause: Option<Instant>,
    failed: u32,
}

/// Work with files and the journal, which may have to wait for a disk or a network drive.
pub fn disk<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// Works until `stop` turns true. Wants a runtime with several threads.
pub async fn run(agent: Arc<Agent>, mut stop: watch::Receiver<bool>) {
    let mut due = Due::default();
    // What was on its way when the process before this one ended may not have arrived yet: it is looked for a little later.
    if disk(|| agent.journal.count(&[Stage::Sending])).is_ok_and(|count| count > 0) {
        due.pause = Some(Instant::now() + PAUSE_FIRST);
    }
    loop {
        let done = tokio::select! {
            done = agent.round(&mut due) => done,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        agent.tell(&mut due, done);
        tokio::select! {
            () = tokio::time::sleep(agent.settings.scan) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

impl Agent {
    /// One round.
    async fn round(&self, due: &mut Due) -> Result<(), AgentError> {
        let now = Instant::now();
        disk(|| self.take(now))?;
        let is_over = |since: Option<Instant>, time: Duration| since.is_none_or(|since| since.elapsed() >= time);
        if is_over(due.tidy, TIDY) {
            disk(|| self.tidy())?;
            due.tidy = Some(now);
        }
        if due.pause.is_some_and(|until| now < until) {
            return Ok(());
        }
        let has_work = disk(|| self.journal.count(&[Stage::Ready, Stage::Sending]))? > 0;
        let (is_hello_due, is_poll_due) = (is_over(due.hello, HELLO), is_over(due.poll, self.settings.poll));
        if is_hello_due {
            self.server.handshake().await?;
            due.hello = Some(now);
        }
        if has_work {
            self.send_all().await?;
        }
        if is_poll_due {
            self.collect_all().await?;
            due.poll = Some(now);
            self.said().looked = Some(self.clock.now());
        }
        let was_reached = is_hello_due || has_work || is_poll_due;
        let mut said = self.said();
        if was_reached {
            said.reached = Some(self.clock.now());
        }
        if said.trouble.as_ref().is_some_and(|trouble| was_reached || !trouble.of_server) {
            said.trouble = None;
            tracing::info!("the agent works again");
        }
        (due.failed, due.pause) = (0, None);
        Ok(())
    }

    /// Says how a round went, and puts the next one off where it failed.
    fn tell(&self, due: &mut Due, done: Result<(), AgentError>) {
        if let Err(error) = done {
            let pause = PAUSE_FIRST.saturating_mul(1 << due.failed.min(10)).min(PAUSE_MAX);
            due.failed = due.failed.saturating_add(1);
            due.pause = Some(Instant::now() + pause);
            let what = error.to_string();
            let is_new = self.said().trouble.as_ref().is_none_or(|before| before.what != what);
            if is_new {
                let of_server = matches!(error, AgentError::Mesh(_));
                self.said().trouble = Some(Trouble { what, since: self.clock.now(), of_server });
                if matches!(&error, AgentError::Mesh(error) if error.is_passing()) {
                    tracing::warn!(%error, "the agent does not reach its MESH server; it tries again");
                } else {
                    tracing::error!(%error, "the agent cannot work as it is; it tries again");
                }
            }
        }
        let said = self.said().clone();
        metrics::gauge!("cpis_agent_works").set(if said.trouble.is_none() { 1.0 } else { 0.0 });
        if let Some(reached) = said.reached {
            metrics::gauge!("cpis_agent_reached_timestamp_seconds").set(reached.as_second() as f64);
        }
        let open = disk(|| self.journal.at(&OPEN)).unwrap_or_default();
        metrics::gauge!("cpis_agent_files_waiting").set((open.len() + said.waiting.len()) as f64);
        let oldest = open.iter().map(|file| file.at).min().map_or(0, |at| (self.now_ms() - at).max(0));
        metrics::gauge!("cpis_agent_file_waiting_seconds").set(oldest as f64 / 1000.0);
    }

    /// Removes what was kept for long enough.
    pub(crate) fn tidy(&self) -> Result<(), AgentError> {
        let days = self.settings.keep_days;
        if days > 0 {
            let age = Duration::from_hours(24 * u64::from(days));
            let mut gone = 0;
            for place in [Place::Sent, Place::Archive] {
                gone += self.folders.clean(place, age, self.file_time())?;
            }
            if gone > 0 {
                tracing::info!(files = gone, days, "files that were kept for long enough are removed");
            }
        }
        self.tidy_aside()?;
        self.journal.clean(self.now_ms() - i64::from(days.max(KNOWN_DAYS)) * DAY_MS)
    }

    /// Removes what lies aside and belongs to nothing: a message that was not whole when the process ended, and is not there
    /// any more.
    fn tidy_aside(&self) -> Result<(), AgentError> {
        let open = self.journal.at(&[Stage::Sent, Stage::Refused].into_iter().chain(OPEN).collect::<Vec<_>>())?;
        let mut known: Vec<String> = open.iter().map(|file| aside(file.id)).collect();
        for id in self.journal.unplaced()? {
            known.extend(["dat", "ctl"].map(|ending| format!("{id}.{ending}")));
        }
        for file in self.folders.list(Place::Temp, FILES_MAX)? {
            let is_old = self.file_time().duration_since(file.changed).is_ok_and(|age| age > ASIDE);
            if is_old && !known.contains(&file.name) {
                self.folders.remove(Place::Temp, &file.name)?;
            }
        }
        Ok(())
    }
}
