//! Subscriptions: authorities that want to be told of their notices at an address of theirs.
//!
//! What is sent says that there is something to fetch, and never what. The port [`Hooks`] sends, [`Wire`] writes: this crate
//! knows neither HTTP nor a format. Reading order: `asked` (what a subscriber does), `events` (which notices are events, and
//! their numbers), [`Sender`] in `round`, `step` (one subscription goes on), `kept` (how it is stored).

mod asked;
mod events;
mod kept;
mod round;
mod step;

pub use asked::{Admitted, Changed, Made};
pub use events::{Events, Resent};
pub(crate) use kept::Rows;
pub use round::Sender;

use crate::service::Service;
use async_trait::async_trait;
use bytes::Bytes;
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Timestamp, Uuid};
use cpis_store::NoticeRow;
use std::sync::Arc;
use std::time::Duration;

/// Subscriptions of one authority at most.
pub const SUBSCRIPTIONS_MAX: usize = 20;
/// Events that an answer holds at most, and that are remembered after they were delivered.
pub const EVENTS_MAX: usize = 500;
/// Bytes of the secret with which deliveries are signed.
pub const SECRET_BYTES: usize = 32;

/// What one can subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A record of the authority was opened in unscheduled care, or somebody reports something about one.
    AccessToService,
    /// Demographics says something about an NHS number that the authority uses, such as that it was replaced.
    InactiveNumber,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::AccessToService, Self::InactiveNumber];

    fn number(self) -> u8 {
        match self {
            Self::AccessToService => 1,
            Self::InactiveNumber => 2,
        }
    }

    /// Whether a notice is an event of this topic. Each notice is one of exactly one topic.
    fn has(self, notice: &NoticeRow) -> bool {
        let kind = cpis_model::notice::ReportKind::ALL.into_iter().find(|kind| kind.number() == notice.kind);
        let is_of_demographics = kind.is_some_and(cpis_model::notice::ReportKind::is_of_demographics);
        is_of_demographics == (self == Self::InactiveNumber)
    }
}

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Its endpoint has yet to answer the handshake.
    Requested,
    /// Its events are sent.
    Active,
    /// Its endpoint failed. Nothing is lost and nothing is sent until the subscriber asks for it again.
    Error,
    /// Its subscriber or its endpoint switched it off, or it came to its end.
    Off,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Requested, Self::Active, Self::Error, Self::Off];

    /// The word in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Active => "active",
            Self::Error => "error",
            Self::Off => "off",
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Requested => 1,
            Self::Active => 2,
            Self::Error => 3,
            Self::Off => 4,
        }
    }
}

/// A subscription as its subscriber draws it up.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Whether it is to be switched on or off.
    pub on: bool,
    /// Why, for whoever looks after it.
    pub reason: String,
    /// What is subscribed to.
    pub topic: Topic,
    /// Where notifications are sent.
    pub endpoint: String,
    /// Headers to send with each of them. Their values may be secrets.
    pub headers: Vec<(String, String)>,
    /// Whether a notification says only that there are events, and not under which address to fetch each.
    pub empty: bool,
    /// After so long without a notification one is sent that says nothing new.
    pub heartbeat_seconds: u32,
    /// How long the endpoint may take to answer.
    pub timeout_seconds: u32,
    /// Most events in one notification.
    pub max_count: u32,
    /// When it ends by itself.
    pub end: Option<Timestamp>,
}

/// A stored subscription as it is shown.
#[derive(Clone)]
pub struct Subscription {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub authority: AuthorityCode,
    /// What its subscriber asked for.
    pub request: Request,
    /// Where it stands.
    pub status: Status,
    /// What went wrong last, in words of ours; empty for nothing.
    pub error: String,
}

/// Something that happened under a subscription's topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number under this subscription, from 1, without gaps.
    pub number: u64,
    /// When it happened.
    pub at: Timestamp,
    /// The notice to fetch.
    pub notice: Uuid,
}

/// Why something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To see whether the endpoint answers, before anything else is sent.
    Handshake,
    /// Nothing happened for a while.
    Heartbeat,
    /// Something happened.
    Events,
}

/// What is sent, before it is bytes.
pub struct Told<'a> {
    /// Why.
    pub kind: Kind,
    /// The subscription.
    pub subscription: &'a Subscription,
    /// How many events there were since it began, with these.
    pub events_since_start: u64,
    /// The events that are told.
    pub events: &'a [Event],
    /// The id of the delivery: the same however often it is sent.
    pub id: Uuid,
    /// The id of its first part.
    pub status_id: Uuid,
    /// When it was made.
    pub at: Timestamp,
    /// How others address the service.
    pub base_url: &'a str,
}

/// The bytes of notifications; given by the door, since this crate knows no format.
#[derive(Clone, Copy)]
pub struct Wire {
    /// A notification.
    pub notification: fn(&Told<'_>) -> Vec<u8>,
}

/// One attempt to send something.
pub struct Outgoing<'a> {
    /// Where.
    pub endpoint: &'a str,
    /// The subscriber's own headers.
    pub headers: &'a [(String, String)],
    /// What.
    pub body: Bytes,
    /// With what it is signed.
    pub secret: &'a [u8],
    /// The delivery's id: the same for each attempt.
    pub id: Uuid,
    /// Now.
    pub at: Timestamp,
    /// How long the attempt may take.
    pub timeout: Duration,
}

/// Why something was not taken, by what is done next. The words are fit for the subscriber's eyes and hold no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookFault {
    /// Send it again.
    Retry {
        /// Not before so long.
        after: Option<Duration>,
        /// What happened.
        why: String,
    },
    /// The endpoint says that it is gone for good.
    Gone,
    /// Sending it again would end the same.
    GiveUp(String),
}

/// Sends to endpoints that subscribers chose.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// Whether something may be sent to this address, as far as it says itself.
    fn takes(&self, endpoint: &str) -> bool;

    /// The pause after so many failures, from 1, by 16 random bits.
    fn pause(&self, failures: u32, jitter: u16) -> Duration;

    /// Whether it has failed for too long.
    fn is_dead(&self, first_failure: Timestamp, now: Timestamp) -> bool;

    /// Makes one attempt.
    async fn post(&self, outgoing: &Outgoing<'_>) -> Result<(), HookFault>;
}

/// Sends nothing anywhere: for what has no way out.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

#[async_trait]
impl Hooks for NoHooks {
    fn takes(&self, _: &str) -> bool {
        false
    }

    fn pause(&self, _: u32, _: u16) -> Duration {
        Duration::from_hours(1)
    }

    fn is_dead(&self, _: Timestamp, _: Timestamp) -> bool {
        false
    }

    async fn post(&self, _: &Outgoing<'_>) -> Result<(), HookFault> {
        Err(HookFault::GiveUp("nothing is sent from here".to_owned()))
    }
}

/// The subscriptions of an installation.
pub struct Subscriptions {
    /// The service.
    pub service: Arc<Service>,
    /// How notifications are written.
    pub wire: Wire,
    /// What sends them.
    pub hooks: Arc<dyn Hooks>,
    /// How others address the service, such as `https://cpis.example.org`.
    pub base_url: String,
    /// Whether an endpoint may be plain HTTP on this machine: for tests and the demo.
    pub plain_loopback: bool,
}

impl Subscriptions {
    fn fresh_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(crate::effects::random(&*self.service.keys.entropy)).into_uuid()
    }
}
