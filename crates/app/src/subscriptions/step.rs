//! One subscription goes on: a handshake, a delivery of events, a heartbeat, or nothing. What was made is saved before it is
//! sent, so that it is the same when it is sent again, here or by another node.

use super::events::event;
use super::kept::{Held, Pending, State};
use super::{Event, HookFault, Kind, Outgoing, Status, Subscriptions, Told};
use crate::effects::random;
use crate::error::AppError;
use cpis_model::{Timestamp, Uuid};
use std::time::Duration;

/// Notices that are looked at together: more than a delivery may hold.
const ROWS: u32 = 1000;
/// How often an answer is noted while the subscriber changes the same subscription.
const TRIES: usize = 8;

/// Whether there may be more to do at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There may be.
    Again,
    /// There is not.
    Rest,
}

impl State {
    /// Whether its turn has come, with this number as that of its authority's newest notice.
    pub(super) fn is_due(&self, newest: u64, now: Timestamp) -> bool {
        let is_over = self.shown.request.end.is_some_and(|end| end <= now);
        match self.shown.status {
            Status::Requested => true,
            Status::Active => {
                let has_work = self.pending.is_some() || self.again.is_some() || self.position < newest;
                is_over || !self.is_paused(now) && (has_work || self.is_silent(now))
            }
            Status::Error | Status::Off => false,
        }
    }

    fn is_paused(&self, now: Timestamp) -> bool {
        self.next_at.is_some_and(|next| now < next)
    }

    /// Whether a heartbeat is due.
    fn is_silent(&self, now: Timestamp) -> bool {
        let seconds = i64::from(self.shown.request.heartbeat_seconds);
        self.last_sent.is_none_or(|last| now.as_second() - last.as_second() >= seconds)
    }

    /// The endpoint took something.
    fn succeed(&mut self, now: Timestamp) {
        (self.first_failure, self.failures, self.next_at) = (None, 0, None);
        self.last_sent = Some(now);
        self.shown.error.clear();
    }

    /// A delivery of events was taken.
    fn take(&mut self, pending: &Pending) {
        match (pending.is_again, self.again, pending.events.last()) {
            (true, Some((_, last)), Some((told, _))) => {
                self.again = (told.number < last).then_some((told.number + 1, last));
            }
            (true, ..) => self.again = None,
            (false, ..) => pending.events.iter().for_each(|(_, notice)| self.note(*notice)),
        }
        self.pending = None;
    }
}

impl Subscriptions {
    /// Does what one subscription's turn is for.
    pub(super) async fn step(&self, held: &mut Held) -> Result<Step, AppError> {
        let now = self.service.clock.now();
        let state = &mut held.state;
        if !matches!(state.shown.status, Status::Requested | Status::Active) {
            return Ok(Step::Rest);
        }
        if state.shown.request.end.is_some_and(|end| end <= now) {
            state.shown.status = Status::Off;
            "the subscription came to its end".clone_into(&mut state.shown.error);
            self.rows().save(held, now).await?;
            return Ok(Step::Rest);
        }
        if state.shown.status == Status::Requested {
            return self.shake_hands(held).await;
        }
        if state.is_paused(now) {
            return Ok(Step::Rest);
        }
        if state.pending.is_none() {
            match self.make(held, now).await? {
                Next::Deliver => {}
                Next::Passed => return Ok(Step::Again),
                Next::Nothing if held.state.is_silent(now) => return self.beat(held).await,
                Next::Nothing => return Ok(Step::Rest),
            }
            if !self.rows().save(held, now).await? {
                return Ok(Step::Rest);
            }
        }
        self.deliver(held).await
    }

    /// Makes the next delivery, if there is something to tell.
    async fn make(&self, held: &mut Held, now: Timestamp) -> Result<Next, AppError> {
        let state = &mut held.state;
        let most = state.shown.request.max_count.max(1) as usize;
        if let Some((since, until)) = state.again {
            let mut events = self.again(state, since, until).await?;
            if events.is_empty() {
                state.again = None;
                return Ok(if self.rows().save(held, now).await? { Next::Passed } else { Next::Nothing });
            }
            events.truncate(most);
            let (total, is_again) = (state.events, true);
            state.pending = Some(self.pending(events, total, is_again, now));
            return Ok(Next::Deliver);
        }
        let (authority, topic) = (state.shown.authority, state.shown.request.topic);
        let rows = self.service.store.notices(authority, state.position, ROWS).await?;
        let passed = rows.iter().take_while(|row| !topic.has(row)).last().map(|row| row.number);
        if let Some(passed) = passed {
            state.position = passed;
            if !self.rows().save(held, now).await? {
                return Ok(Next::Nothing);
            }
            self.delivered(&held.state.shown, passed, None).await?;
            return Ok(Next::Passed);
        }
        // Up to a notice that is no event, so that what is noted as told was told.
        let told = (state.events + 1..).zip(rows.iter().take_while(|row| topic.has(row)).take(most));
        let events: Vec<_> = told.map(|(number, row)| (event(number, row), row.number)).collect();
        if events.is_empty() {
            return Ok(Next::Nothing);
        }
        let total = state.events + events.len() as u64;
        state.pending = Some(self.pending(events, total, false, now));
        Ok(Next::Deliver)
    }

    fn pending(&self, events: Vec<(Event, u64)>, total: u64, is_again: bool, at: Timestamp) -> Pending {
        Pending { id: self.fresh_id(), status_id: self.fresh_id(), at, events, total, is_again }
    }

    async fn shake_hands(&self, held: &mut Held) -> Result<Step, AppError> {
        let sent = self.tell(&held.state, Kind::Handshake).await;
        let now = self.service.clock.now();
        let state = &mut held.state;
        let id = state.shown.id;
        match sent {
            Ok(()) => {
                state.succeed(now);
                state.shown.status = Status::Active;
            }
            Err(HookFault::Gone) => state.end(Status::Off, GONE),
            Err(HookFault::GiveUp(why) | HookFault::Retry { why, .. }) => state.end(Status::Error, &why),
        }
        let (status, authority) = (state.shown.status, state.shown.authority);
        // Unless the subscriber asked for something else meanwhile: then that is what counts.
        if !self.rows().save(held, now).await? {
            return Ok(Step::Rest);
        }
        if status == Status::Active {
            tracing::info!(subscription = %id, %authority, "a subscription is active");
            return Ok(Step::Again);
        }
        tell_end(&held.state);
        Ok(Step::Rest)
    }

    async fn beat(&self, held: &mut Held) -> Result<Step, AppError> {
        let sent = self.tell(&held.state, Kind::Heartbeat).await;
        let now = self.service.clock.now();
        match sent {
            Ok(()) => held.state.succeed(now),
            Err(fault) => self.fail(&mut held.state, fault, now),
        }
        if self.rows().save(held, now).await? {
            tell_end(&held.state);
        }
        Ok(Step::Rest)
    }

    /// Sends the delivery that was made, and notes what became of it.
    async fn deliver(&self, held: &mut Held) -> Result<Step, AppError> {
        let Some(pending) = held.state.pending.clone() else { return Ok(Step::Rest) };
        let events: Vec<Event> = pending.events.iter().map(|(event, _)| *event).collect();
        let sent = self.send(&held.state, Kind::Events, &events, &pending).await;
        let now = self.service.clock.now();
        for _ in 0..TRIES {
            match &sent {
                Ok(()) => {
                    held.state.succeed(now);
                    held.state.take(&pending);
                }
                Err(fault) => self.fail(&mut held.state, fault.clone(), now),
            }
            if self.rows().save(held, now).await? {
                if sent.is_ok() && !pending.is_again {
                    let upto = held.state.position;
                    self.delivered(&held.state.shown, upto, Some(pending.id)).await?;
                }
                tell_end(&held.state);
                return Ok(if sent.is_ok() { Step::Again } else { Step::Rest });
            }
            // Somebody changed it meanwhile. A failure is theirs to find anew; what was taken was taken.
            match self.rows().one(held.state.shown.id).await? {
                Some(fresh) if sent.is_ok() && fresh.state.pending.as_ref() == Some(&pending) => {
                    let status = fresh.state.shown.status;
                    *held = fresh;
                    if status != Status::Active {
                        // Asked for anew: what was taken is noted all the same, and the handshake follows.
                        held.state.take(&pending);
                        if self.rows().save(held, now).await? && !pending.is_again {
                            let upto = held.state.position;
                            self.delivered(&held.state.shown, upto, Some(pending.id)).await?;
                        }
                        return Ok(Step::Rest);
                    }
                }
                _ => return Ok(Step::Rest),
            }
        }
        Ok(Step::Rest)
    }

    /// Sends what holds no events: it is made anew each time.
    async fn tell(&self, state: &State, kind: Kind) -> Result<(), HookFault> {
        let total = if kind == Kind::Handshake { 0 } else { state.events };
        let made = self.pending(Vec::new(), total, false, self.service.clock.now());
        self.send(state, kind, &[], &made).await
    }

    async fn send(&self, state: &State, kind: Kind, events: &[Event], made: &Pending) -> Result<(), HookFault> {
        let request = &state.shown.request;
        let told = Told {
            kind,
            subscription: &state.shown,
            events_since_start: made.total,
            events,
            id: made.id,
            status_id: made.status_id,
            at: made.at,
            base_url: &self.base_url,
        };
        let sent = self
            .hooks
            .post(&Outgoing {
                endpoint: &request.endpoint,
                headers: &request.headers,
                body: (self.wire.notification)(&told).into(),
                secret: &state.secret,
                id: made.id,
                at: self.service.clock.now(),
                timeout: Duration::from_secs(u64::from(request.timeout_seconds)),
            })
            .await;
        let outcome = match &sent {
            Ok(()) => "taken",
            Err(HookFault::Retry { .. }) => "retried",
            Err(HookFault::Gone) => "gone",
            Err(HookFault::GiveUp(_)) => "refused",
        };
        metrics::counter!("cpis_subscription_posts_total", "outcome" => outcome).increment(1);
        sent
    }

    /// Something was not taken: when to try again, or that nothing is sent any more.
    fn fail(&self, state: &mut State, fault: HookFault, now: Timestamp) {
        let (after, why) = match fault {
            HookFault::Retry { after, why } => (after, why),
            HookFault::Gone => return state.end(Status::Off, GONE),
            HookFault::GiveUp(why) => return state.end(Status::Error, &why),
        };
        let first = *state.first_failure.get_or_insert(now);
        if self.hooks.is_dead(first, now) {
            return state.end(Status::Error, &why);
        }
        state.failures = state.failures.saturating_add(1);
        let jitter = u16::from_be_bytes(random(&*self.service.keys.entropy));
        let pause = self.hooks.pause(state.failures, jitter).max(after.unwrap_or_default());
        state.next_at = Some(later(now, pause));
        state.shown.error = why;
    }
}

/// What there is to do for an active subscription.
enum Next {
    /// A delivery was made.
    Deliver,
    /// Notices were passed over.
    Passed,
    /// Nothing.
    Nothing,
}

const GONE: &str = "the endpoint says that it is gone";

impl State {
    /// Nothing is sent any more until the subscriber asks for it. What waits stays.
    fn end(&mut self, status: Status, why: &str) {
        self.shown.status = status;
        why.clone_into(&mut self.shown.error);
        (self.first_failure, self.failures, self.next_at) = (None, 0, None);
    }
}

fn tell_end(state: &State) {
    let (id, authority, why): (Uuid, _, _) = (state.shown.id, state.shown.authority, &state.shown.error);
    match state.shown.status {
        Status::Error => {
            tracing::error!(
                subscription = %id,
                %authority,
                why,
                "a subscription is in error and gets nothing until it is asked for anew"
            );
        }
        Status::Off => tracing::warn!(subscription = %id, %authority, why, "a subscription was switched off"),
        Status::Requested | Status::Active => {}
    }
}

fn later(at: Timestamp, pause: Duration) -> Timestamp {
    let ms = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(at.as_millisecond().saturating_add(ms)).unwrap_or(at)
}
