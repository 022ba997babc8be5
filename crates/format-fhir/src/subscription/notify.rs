//! What is sent to an endpoint, and what `$status` and `$events` answer: Bundles whose first entry says where the
//! subscription stands.

use super::{PayloadContent, SubscriptionStatus, SubscriptionView, urls};
use crate::bundle::{Frame, uuid};
use crate::json::Json;
use crate::link;
use cpis_model::time::london_instant;
use cpis_model::{Timestamp, Uuid};

/// Bytes that the state of a subscription and the frame around it take, generously.
const STATUS_BYTES: usize = 1400;
/// Bytes that an event takes, generously.
const EVENT_BYTES: usize = 400;

/// Why a notification is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotificationKind {
    /// To see whether the endpoint answers, before anything else is sent.
    Handshake,
    /// Nothing happened for a while.
    Heartbeat,
    /// Something happened.
    EventNotification,
    /// The subscriber asked where the subscription stands.
    QueryStatus,
    /// The subscriber asked for events anew.
    QueryEvent,
}

impl NotificationKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Handshake, Self::Heartbeat, Self::EventNotification, Self::QueryStatus, Self::QueryEvent];

    /// The code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Heartbeat => "heartbeat",
            Self::EventNotification => "event-notification",
            Self::QueryStatus => "query-status",
            Self::QueryEvent => "query-event",
        }
    }

    fn has_events(self) -> bool {
        matches!(self, Self::EventNotification | Self::QueryEvent)
    }
}

/// Something that happened under a subscription's topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number under this subscription, from 1, without gaps.
    pub number: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What it is about: a whole address, or a path below the base such as `AuditEvent/` and an id.
    pub focus: Option<String>,
}

/// A notification. Sent again it must have the same ids, so that the subscriber can tell.
#[derive(Clone, Copy, Debug)]
pub struct Notification<'a> {
    /// Why.
    pub kind: NotificationKind,
    /// The subscription.
    pub view: &'a SubscriptionView<'a>,
    /// What is said of events: what the subscription has, or what a query for events asks for.
    pub content: PayloadContent,
    /// How many events there were since it began, whether they were sent or not.
    pub events_since_start: u64,
    /// The events that are told, in their order. Only notifications of events and queries for events hold any.
    pub events: &'a [Event],
    /// The Bundle's id.
    pub bundle_id: Uuid,
    /// The id of its first entry.
    pub status_id: Uuid,
    /// When it was made.
    pub at: Timestamp,
    /// Where this service's interface begins.
    pub base_url: &'a str,
}

/// The notification as JSON: a Bundle of type `history`.
pub fn notification(notification: &Notification<'_>) -> Vec<u8> {
    let Notification { kind, view, at, base_url, .. } = *notification;
    let events: &[Event] = if kind.has_events() { notification.events } else { &[] };
    let state = State { kind, view, events_since_start: notification.events_since_start, base_url };
    let operation = if kind == NotificationKind::QueryEvent { "$events" } else { "$status" };
    Json::document(STATUS_BYTES + events.len() * EVENT_BYTES, |json| {
        json.text("resourceType", "Bundle");
        uuid(json, "id", notification.bundle_id);
        json.text("type", "history");
        json.text("timestamp", &london_instant(at));
        json.key("entry").array_of_one(|json| {
            state.resource(json, notification.status_id, |json| {
                for told in events {
                    event(json, told, notification.content, base_url);
                }
            });
            json.key("request").object(|json| {
                json.text("method", "GET");
                json.text("url", &operation_link(base_url, view.id, operation));
            });
            json.key("response").object(|json| json.text("status", "200"));
        });
    })
}

/// One subscription in the answer to `$status`.
#[derive(Clone, Copy, Debug)]
pub struct StatusRow<'a> {
    /// The subscription.
    pub view: &'a SubscriptionView<'a>,
    /// How many events there were since it began.
    pub events_since_start: u64,
    /// The id of its entry.
    pub status_id: Uuid,
}

/// The answer to `$status`: a Bundle of type `searchset`. `self_link` is that of [`operation_link`] for one
/// subscription.
pub fn status_searchset(
    base_url: &str,
    self_link: &str,
    bundle_id: Uuid,
    at: Timestamp,
    rows: &[StatusRow<'_>],
) -> Vec<u8> {
    let frame = Frame { base_url, self_link, id: bundle_id, at, total: rows.len() };
    let entries = (!rows.is_empty()).then_some(|json: &mut Json| {
        for row in rows {
            let kind = NotificationKind::QueryStatus;
            let state = State { kind, view: row.view, events_since_start: row.events_since_start, base_url };
            json.object(|json| {
                state.resource(json, row.status_id, |_| {});
                json.key("search").object(|json| json.text("mode", "match"));
            });
        }
    });
    frame.bundle(rows.len() * STATUS_BYTES, entries)
}

/// The address of an operation on a subscription, such as `$status`.
pub fn operation_link(base_url: &str, id: &str, operation: &str) -> String {
    [link::trimmed(base_url), "/Subscription/", id, "/", operation].concat()
}

/// Where a subscription stands.
struct State<'a> {
    kind: NotificationKind,
    view: &'a SubscriptionView<'a>,
    events_since_start: u64,
    base_url: &'a str,
}

impl State<'_> {
    /// The fields of an entry that hold it.
    fn resource(&self, json: &mut Json, id: Uuid, events: impl FnOnce(&mut Json)) {
        let mut buffer = Uuid::encode_buffer();
        json.parts("fullUrl", &["urn:uuid:", id.hyphenated().encode_lower(&mut buffer)]);
        json.key("resource").object(|json| {
            json.text("resourceType", "Parameters");
            uuid(json, "id", id);
            json.key("meta").object(|json| json.key("profile").array(|json| json.string(&[urls::STATUS])));
            json.key("parameter").array(|json| self.parameters(json, events));
        });
    }

    fn parameters(&self, json: &mut Json, events: impl FnOnce(&mut Json)) {
        let Self { kind, view, events_since_start, base_url } = *self;
        reference(json, "subscription", &[link::trimmed(base_url), "/Subscription/", view.id]);
        parameter(json, "topic", "valueCanonical", view.request.topic.canonical());
        parameter(json, "status", "valueCode", view.status.code());
        parameter(json, "type", "valueCode", kind.code());
        // Numbers of 64 bits are texts in R4.
        parameter(json, "events-since-subscription-start", "valueString", &events_since_start.to_string());
        events(json);
        if view.status == SubscriptionStatus::Error && !view.error.trim().is_empty() {
            json.object(|json| {
                json.text("name", "error");
                json.key("valueCodeableConcept").object(|json| json.text("text", view.error));
            });
        }
    }
}

fn event(json: &mut Json, event: &Event, content: PayloadContent, base_url: &str) {
    json.object(|json| {
        json.text("name", "notification-event");
        json.key("part").array(|json| {
            parameter(json, "event-number", "valueString", &event.number.to_string());
            parameter(json, "timestamp", "valueInstant", &london_instant(event.at));
            if let (PayloadContent::IdOnly, Some(focus)) = (content, &event.focus) {
                if focus.contains("://") {
                    reference(json, "focus", &[focus]);
                } else {
                    reference(json, "focus", &[link::trimmed(base_url), "/", focus]);
                }
            }
        });
    });
}

fn parameter(json: &mut Json, name: &str, kind: &'static str, value: &str) {
    json.object(|json| {
        json.text("name", name);
        json.text(kind, value);
    });
}

fn reference(json: &mut Json, name: &str, parts: &[&str]) {
    json.object(|json| {
        json.text("name", name);
        json.key("valueReference").object(|json| json.parts("reference", parts));
    });
}
