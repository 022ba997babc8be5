//! Subscriptions of authorities, as the backport of topic-based subscriptions to R4 draws them: what an authority asks
//! for comes in, the stored subscription and its notifications go out.
//!
//! A notification says that there is something to fetch, and never what: `full-resource` is not offered. An authority
//! gets the events of its own children only, so filters are not offered either.
//!
//! Reading order: [`parse_subscription`] (`read.rs`), [`subscription`] (`resource.rs`), [`notification`] (`notify.rs`),
//! [`parse_events_query`] (`events.rs`); beneath them `fault.rs`, `element.rs`, `node.rs`, `endpoint.rs`, `header.rs`.
//!
//! Source: spec/fhir.md sections 7.2 and 7.3.

mod element;
mod endpoint;
mod events;
mod fault;
mod header;
mod node;
mod notify;
mod read;
mod resource;

pub use events::{EventsQuery, parse_events_parameters, parse_events_query};
pub use fault::{Fault, FaultKind, Faults};
pub use header::HIDDEN;
pub use notify::{Event, Notification, NotificationKind, StatusRow, notification, operation_link, status_searchset};
pub use read::parse_subscription;
pub use resource::{subscription, subscription_searchset};

use cpis_model::Timestamp;
use std::fmt;

/// Longest body of a subscription or of parameters in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Most levels of objects and lists in a body.
pub const DEPTH_MAX: usize = 32;
/// Longest reason in characters.
pub const REASON_CHARS_MAX: usize = 500;
/// Longest endpoint in bytes.
pub const ENDPOINT_BYTES_MAX: usize = 2048;
/// Most headers of a channel.
pub const HEADERS_MAX: usize = 16;
/// Longest header of a channel in bytes, with its name.
pub const HEADER_BYTES_MAX: usize = 4096;

/// What one can subscribe to. The canonical addresses are names: they are the same on every installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A record of the authority was opened in unscheduled care, or somebody reports something about one.
    AccessToService,
    /// An NHS number that the authority uses is no longer the one to use.
    InactiveNumber,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::AccessToService, Self::InactiveNumber];

    /// The canonical address, as `Subscription.criteria` has it.
    pub fn canonical(self) -> &'static str {
        match self {
            Self::AccessToService => "https://cpis.example.org/SubscriptionTopic/access-to-service",
            Self::InactiveNumber => "https://cpis.example.org/SubscriptionTopic/inactive-nhs-number",
        }
    }

    /// The topic of a canonical address.
    pub fn of(canonical: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.canonical() == canonical)
    }
}

/// What a notification holds of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PayloadContent {
    /// That there was one.
    Empty,
    /// The address under which to fetch it.
    #[default]
    IdOnly,
}

impl PayloadContent {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Empty, Self::IdOnly];

    /// The code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::IdOnly => "id-only",
        }
    }

    /// The content of a code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|content| content.code() == code)
    }
}

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubscriptionStatus {
    /// Its endpoint has yet to answer the handshake.
    Requested,
    /// Its notifications are sent.
    Active,
    /// Its endpoint failed. Events are counted, nothing is sent until the subscriber asks for it again.
    Error,
    /// The subscriber switched it off.
    Off,
}

impl SubscriptionStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Requested, Self::Active, Self::Error, Self::Off];

    /// The code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Active => "active",
            Self::Error => "error",
            Self::Off => "off",
        }
    }

    /// The status of a code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

/// What the subscriber wants of a subscription: the two of the four codes that are theirs to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// `requested`: send notifications, after a handshake.
    On,
    /// `off`: send none.
    Off,
}

/// A subscription as its subscriber draws it up. `Debug` shows neither the endpoint nor the headers.
#[derive(Clone, PartialEq, Eq)]
pub struct SubscriptionRequest {
    /// The id in the body; a PUT must send that of its address.
    pub id: Option<String>,
    /// Whether it is to be switched on or off.
    pub wanted: Wanted,
    /// Why, for whoever looks after it.
    pub reason: String,
    /// What is subscribed to.
    pub topic: Topic,
    /// Where notifications are sent. Whether its host may be reached is judged when something is sent.
    pub endpoint: String,
    /// Headers to send with each notification. Their values may be secrets.
    pub headers: Vec<(String, String)>,
    /// What a notification holds.
    pub payload_content: PayloadContent,
    /// After so long without a notification one is sent that says nothing new.
    pub heartbeat_seconds: u32,
    /// How long the endpoint may take to answer.
    pub timeout_seconds: u32,
    /// Most events in one notification.
    pub max_count: u32,
    /// When it ends by itself.
    pub end: Option<Timestamp>,
}

impl fmt::Debug for SubscriptionRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionRequest")
            .field("wanted", &self.wanted)
            .field("topic", &self.topic)
            .field("headers", &self.headers.len())
            .field("payload_content", &self.payload_content)
            .field("heartbeat_seconds", &self.heartbeat_seconds)
            .field("timeout_seconds", &self.timeout_seconds)
            .field("max_count", &self.max_count)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

/// A stored subscription, as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct SubscriptionView<'a> {
    /// Its id; a FHIR id (R4, datatypes.html).
    pub id: &'a str,
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// What went wrong last, in words of ours; empty for nothing.
    pub error: &'a str,
    /// What the subscriber asked for.
    pub request: &'a SubscriptionRequest,
}

/// Addresses of the backport's definitions.
mod urls {
    pub const SUBSCRIPTION: &str =
        "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription";
    pub const STATUS: &str =
        "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4";
    pub const HEARTBEAT: &str =
        "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-heartbeat-period";
    pub const TIMEOUT: &str = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-timeout";
    pub const MAX_COUNT: &str = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-max-count";
    pub const PAYLOAD: &str =
        "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content";
    pub const FILTER: &str =
        "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria";
}

#[cfg(test)]
mod tests;
