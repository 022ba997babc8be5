//! How a subscription is stored: one kept row, sealed under the key ring. Who saw the last revision may change it, so that two
//! nodes never both go on with one.

use super::{Event, Request, SECRET_BYTES, Status, Subscription, Topic};
use crate::error::AppError;
use crate::people::Keys;
use crate::seal::place;
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Timestamp, Uuid};
use cpis_store::{Forget, KeptKind, KeptRow, Store};
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

/// Rows that are read together.
const ROWS: u32 = 100;

/// A delivery of events that was made and not taken yet: sent again it is the same to the byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    /// Its id.
    pub id: Uuid,
    /// The id of its first part.
    pub status_id: Uuid,
    /// When it was made.
    pub at: Timestamp,
    /// Its events, each with its notice's number.
    pub events: Vec<(Event, u64)>,
    /// How many events there were since the subscription began, with these.
    pub total: u64,
    /// Whether the subscriber asked for them again.
    pub is_again: bool,
}

/// A subscription with everything that is known of it.
#[derive(Clone)]
pub(super) struct State {
    pub shown: Subscription,
    pub secret: Zeroizing<Vec<u8>>,
    /// The number of the last notice that was delivered or passed over.
    pub position: u64,
    /// How many events were delivered.
    pub events: u64,
    /// The notices of the last of them.
    pub sent: Vec<u64>,
    pub pending: Option<Pending>,
    /// Numbers of the events that the subscriber wants again, the first and the last.
    pub again: Option<(u64, u64)>,
    pub first_failure: Option<Timestamp>,
    pub failures: u32,
    /// Nothing is sent before.
    pub next_at: Option<Timestamp>,
    /// When the endpoint last took something.
    pub last_sent: Option<Timestamp>,
}

/// A state as it was read, with what is needed to save it.
pub(super) struct Held {
    pub state: State,
    revision: u64,
}

#[derive(Encode, Decode)]
struct PendingWire {
    #[cbor(n(0), with = "minicbor::bytes")]
    id: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    status_id: Vec<u8>,
    #[n(2)]
    at: i64,
    #[n(3)]
    events: Vec<EventWire>,
    #[n(4)]
    total: u64,
    #[n(5)]
    is_again: bool,
}

#[derive(Encode, Decode)]
struct EventWire {
    #[n(0)]
    number: u64,
    #[n(1)]
    at: i64,
    #[cbor(n(2), with = "minicbor::bytes")]
    notice: Vec<u8>,
    #[n(3)]
    place: u64,
}

#[derive(Encode, Decode)]
struct HeaderWire {
    #[n(0)]
    name: String,
    #[n(1)]
    value: String,
}

#[derive(Encode, Decode)]
struct Wire {
    #[cbor(n(0), with = "minicbor::bytes")]
    id: Vec<u8>,
    #[n(1)]
    authority: String,
    #[n(2)]
    topic: u8,
    #[n(3)]
    on: bool,
    #[n(4)]
    reason: String,
    #[n(5)]
    endpoint: String,
    #[n(6)]
    headers: Vec<HeaderWire>,
    #[n(7)]
    empty: bool,
    #[n(8)]
    heartbeat_seconds: u32,
    #[n(9)]
    timeout_seconds: u32,
    #[n(10)]
    max_count: u32,
    #[n(11)]
    end: Option<i64>,
    #[cbor(n(12), with = "minicbor::bytes")]
    secret: Vec<u8>,
    #[n(13)]
    status: u8,
    #[n(14)]
    error: String,
    #[n(15)]
    position: u64,
    #[n(16)]
    events: u64,
    #[n(17)]
    sent: Vec<u64>,
    #[n(18)]
    pending: Option<PendingWire>,
    #[n(19)]
    again: Option<(u64, u64)>,
    #[n(20)]
    first_failure: Option<i64>,
    #[n(21)]
    failures: u32,
    #[n(22)]
    next_at: Option<i64>,
    #[n(23)]
    last_sent: Option<i64>,
}

fn ms(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millisecond)
}

fn at(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}

impl From<&State> for Wire {
    fn from(state: &State) -> Self {
        let Subscription { id, authority, request, status, error } = &state.shown;
        let header = |(name, value): &(String, String)| HeaderWire { name: name.clone(), value: value.clone() };
        let event = |(event, place): &(Event, u64)| EventWire {
            number: event.number,
            at: event.at.as_millisecond(),
            notice: event.notice.as_bytes().to_vec(),
            place: *place,
        };
        let pending = state.pending.as_ref().map(|pending| PendingWire {
            id: pending.id.as_bytes().to_vec(),
            status_id: pending.status_id.as_bytes().to_vec(),
            at: pending.at.as_millisecond(),
            events: pending.events.iter().map(event).collect(),
            total: pending.total,
            is_again: pending.is_again,
        });
        Self {
            id: id.as_bytes().to_vec(),
            authority: authority.to_string(),
            topic: request.topic.number(),
            on: request.on,
            reason: request.reason.clone(),
            endpoint: request.endpoint.clone(),
            headers: request.headers.iter().map(header).collect(),
            empty: request.empty,
            heartbeat_seconds: request.heartbeat_seconds,
            timeout_seconds: request.timeout_seconds,
            max_count: request.max_count,
            end: ms(request.end),
            secret: state.secret.to_vec(),
            status: status.number(),
            error: error.clone(),
            position: state.position,
            events: state.events,
            sent: state.sent.clone(),
            pending,
            again: state.again,
            first_failure: ms(state.first_failure),
            failures: state.failures,
            next_at: ms(state.next_at),
            last_sent: ms(state.last_sent),
        }
    }
}

impl Wire {
    fn state(self) -> Option<State> {
        let pending = match self.pending {
            Some(pending) => Some(Pending {
                id: Uuid::from_slice(&pending.id).ok()?,
                status_id: Uuid::from_slice(&pending.status_id).ok()?,
                at: at(pending.at)?,
                events: pending.events.iter().map(event).collect::<Option<_>>()?,
                total: pending.total,
                is_again: pending.is_again,
            }),
            None => None,
        };
        let request = Request {
            on: self.on,
            reason: self.reason,
            topic: Topic::ALL.into_iter().find(|topic| topic.number() == self.topic)?,
            endpoint: self.endpoint,
            headers: self.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            empty: self.empty,
            heartbeat_seconds: self.heartbeat_seconds,
            timeout_seconds: self.timeout_seconds,
            max_count: self.max_count,
            end: self.end.and_then(at),
        };
        let shown = Subscription {
            id: Uuid::from_slice(&self.id).ok()?,
            authority: self.authority.parse().ok()?,
            request,
            status: Status::ALL.into_iter().find(|status| status.number() == self.status)?,
            error: self.error,
        };
        Some(State {
            shown,
            secret: Zeroizing::new(self.secret),
            position: self.position,
            events: self.events,
            sent: self.sent,
            pending,
            again: self.again,
            first_failure: self.first_failure.and_then(at),
            failures: self.failures,
            next_at: self.next_at.and_then(at),
            last_sent: self.last_sent.and_then(at),
        })
    }
}

fn event(wire: &EventWire) -> Option<(Event, u64)> {
    let event = Event { number: wire.number, at: at(wire.at)?, notice: Uuid::from_slice(&wire.notice).ok()? };
    Some((event, wire.place))
}

/// The stored subscriptions of an installation.
pub(crate) struct Rows<'a> {
    /// The database.
    pub store: &'a dyn Store,
    /// Keys and randomness.
    pub keys: &'a Keys,
}

impl Rows<'_> {
    fn id(&self, subscription: Uuid) -> [u8; 32] {
        let mut id = [0; 32];
        let digest = self.keys.ring.group(&["subscription", &subscription.to_string()]);
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        id
    }

    fn group(&self, authority: AuthorityCode) -> [u8; 16] {
        self.keys.ring.group(&["subscriber", &authority.to_string()])
    }

    /// A new one, not saved yet.
    pub(super) fn fresh(state: State) -> Held {
        Held { state, revision: 0 }
    }

    /// Saves it, if nobody changed it since it was read. Says whether it did.
    pub(super) async fn save(&self, held: &mut Held, now: Timestamp) -> Result<bool, AppError> {
        let id = self.id(held.state.shown.id);
        let mut wire = Wire::from(&held.state);
        let bytes = Zeroizing::new(minicbor::to_vec(&wire).unwrap_or_default());
        zeroize::Zeroize::zeroize(&mut wire.secret);
        let body = self.keys.ring.seal(&*self.keys.entropy, &place("kept.subscription", &[&id]), &bytes);
        let groups = [Some(self.group(held.state.shown.authority)), None];
        let revision = held.revision + 1;
        let row = KeptRow { kind: KeptKind::Subscription, id, revision, groups, ends: None, body };
        let saved = self.store.keep(row, now).await?;
        if saved {
            held.revision = revision;
        }
        Ok(saved)
    }

    /// One of them.
    pub(super) async fn one(&self, subscription: Uuid) -> Result<Option<Held>, AppError> {
        let row = self.store.kept(KeptKind::Subscription, self.id(subscription)).await?;
        row.map(|row| self.open(&row)).transpose()
    }

    /// All of them, or those of one authority.
    pub(super) async fn all(&self, of: Option<AuthorityCode>) -> Result<Vec<Held>, AppError> {
        let group = of.map(|authority| self.group(authority));
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let rows = self.store.kept_after(KeptKind::Subscription, after, ROWS).await?;
            let Some(last) = rows.last() else { return Ok(all) };
            after = Some(last.id);
            for row in rows.iter().filter(|row| group.is_none() || row.groups.first() == Some(&group)) {
                all.push(self.open(row)?);
            }
        }
    }

    /// Removes one.
    pub(super) async fn remove(&self, subscription: Uuid) -> Result<bool, AppError> {
        Ok(self.store.forget(KeptKind::Subscription, Forget::One(self.id(subscription))).await? > 0)
    }

    /// Seals all of them again under the active key. One that changes meanwhile is sealed so by whoever changes it.
    pub(crate) async fn reseal(&self) -> Result<u64, AppError> {
        let all = self.all(None).await?;
        let count = all.len() as u64;
        for mut held in all {
            self.save(&mut held, Timestamp::UNIX_EPOCH).await?;
        }
        Ok(count)
    }

    fn open(&self, row: &KeptRow) -> Result<Held, AppError> {
        let opened = self.keys.ring.open(&place("kept.subscription", &[&row.id]), &row.body).ok();
        let wire = opened.and_then(|bytes| minicbor::decode::<Wire>(&bytes).ok());
        let state = wire.and_then(Wire::state).filter(|state| state.secret.len() == SECRET_BYTES);
        let state = state.ok_or_else(|| AppError::damaged("a subscription does not open"))?;
        Ok(Held { state, revision: row.revision })
    }
}
