//! Which notices are events of a subscription, and their numbers: those that were delivered in their order, then those that
//! wait.

use super::kept::State;
use super::{Admitted, EVENTS_MAX, Event, Status, Subscription, Subscriptions};
use crate::error::AppError;
use cpis_model::Uuid;
use cpis_store::NoticeRow;

/// Notices that are read together.
const ROWS: u32 = 500;
/// Notices that are counted at most while a subscription is not sent to; a number beyond is told as this one.
const COUNTED_MAX: u64 = 20_000;

/// Where a subscription stands, with some of its events.
pub struct Events {
    /// The subscription.
    pub subscription: Subscription,
    /// How many events there were since it began, whether they were delivered or not.
    pub events_since_start: u64,
    /// Those that were asked for. One whose notice is gone, since the person was erased, is left out.
    pub events: Vec<Event>,
}

/// What became of a wish to get events again.
pub enum Resent {
    /// They are sent soon.
    Soon(Events),
    /// Nothing is sent: it is not active.
    NotActive,
}

impl State {
    /// The number of the first event that is remembered after its delivery.
    fn first_kept(&self) -> u64 {
        self.events.saturating_sub(self.sent.len() as u64) + 1
    }

    /// The notices of delivered events with these numbers.
    fn kept(&self, since: u64, until: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
        (self.first_kept()..).zip(self.sent.iter().copied()).filter(move |(number, _)| (since..=until).contains(number))
    }

    /// Notes that an event was delivered.
    pub(super) fn note(&mut self, notice: u64) {
        self.events += 1;
        self.position = notice;
        self.sent.push(notice);
        let surplus = self.sent.len().saturating_sub(EVENTS_MAX);
        self.sent.drain(..surplus);
    }
}

pub(super) fn event(number: u64, row: &NoticeRow) -> Event {
    Event { number, at: row.access.at, notice: row.id }
}

impl Subscriptions {
    /// Where one stands, and how many events there were.
    pub async fn status(&self, by: &Admitted, id: Uuid) -> Result<Events, AppError> {
        let state = self.own(by, id).await?.state;
        self.record(by, "subscription status", 1).await?;
        let (events_since_start, _) = self.waiting(&state, u64::MAX, 0).await?;
        Ok(Events { subscription: state.shown, events_since_start, events: Vec::new() })
    }

    /// Events by their numbers, from one and up to one, at most [`EVENTS_MAX`]: of those that were delivered the last
    /// [`EVENTS_MAX`] are remembered.
    pub async fn events(
        &self,
        by: &Admitted,
        id: Uuid,
        since: Option<u64>,
        until: Option<u64>,
    ) -> Result<Events, AppError> {
        let state = self.own(by, id).await?.state;
        let (since, until) = (since.unwrap_or(0), until.unwrap_or(u64::MAX));
        let mut events: Vec<Event> =
            self.again(&state, since, until).await?.into_iter().map(|(event, _)| event).collect();
        let (events_since_start, waiting) = self.waiting(&state, since, until).await?;
        events.extend(waiting);
        events.truncate(EVENTS_MAX);
        self.record(by, "subscription events", events.len()).await?;
        Ok(Events { subscription: state.shown, events_since_start, events })
    }

    /// Has events sent again that were delivered before.
    pub async fn resend(
        &self,
        by: &Admitted,
        id: Uuid,
        since: Option<u64>,
        until: Option<u64>,
    ) -> Result<Resent, AppError> {
        if self.own(by, id).await?.state.shown.status != Status::Active {
            return Ok(Resent::NotActive);
        }
        self.record(by, "subscription resent", 1).await?;
        let range = (since.unwrap_or(1).max(1), until.unwrap_or(u64::MAX));
        let state = self.update(by, id, |state| state.again = Some((range.0, range.1.min(state.events)))).await?.state;
        let (events_since_start, _) = self.waiting(&state, u64::MAX, 0).await?;
        Ok(Resent::Soon(Events { subscription: state.shown, events_since_start, events: Vec::new() }))
    }

    /// Delivered events with these numbers that are remembered and whose notices are there, each with its notice's number.
    pub(super) async fn again(&self, state: &State, since: u64, until: u64) -> Result<Vec<(Event, u64)>, AppError> {
        let mut wanted = state.kept(since, until).peekable();
        let mut found = Vec::new();
        let Some((_, first)) = wanted.peek().copied() else { return Ok(found) };
        let mut after = first.saturating_sub(1);
        loop {
            let rows = self.service.store.notices(state.shown.authority, after, ROWS).await?;
            let Some(last) = rows.last() else { return Ok(found) };
            after = last.number;
            for row in &rows {
                // Numbers of notices rise: one that was passed is gone.
                while wanted.next_if(|(_, notice)| *notice < row.number).is_some() {}
                if let Some((number, notice)) = wanted.next_if(|(_, notice)| *notice == row.number) {
                    found.push((event(number, row), notice));
                }
            }
            if wanted.peek().is_none() {
                return Ok(found);
            }
        }
    }

    /// How many events there were with those that wait, and those of the waiting ones that have these numbers.
    async fn waiting(&self, state: &State, since: u64, until: u64) -> Result<(u64, Vec<Event>), AppError> {
        let (mut number, mut after, mut events) = (state.events, state.position, Vec::new());
        while number - state.events < COUNTED_MAX {
            let rows = self.service.store.notices(state.shown.authority, after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = last.number;
            for row in rows.iter().filter(|row| state.shown.request.topic.has(row)) {
                number += 1;
                if (since..=until).contains(&number) && events.len() < EVENTS_MAX {
                    events.push(event(number, row));
                }
            }
        }
        Ok((number, events))
    }
}
