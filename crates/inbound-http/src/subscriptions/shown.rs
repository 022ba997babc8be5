//! Subscriptions between the use cases' words and the format's.

use crate::FHIR_BASE;
use crate::door::Door;
use cpis_app::subscriptions::{self as app, Event, Events, Kind, Subscription, Told, Wire};
use cpis_format_fhir::subscription::{
    self as format, Notification, NotificationKind, PayloadContent, StatusRow, SubscriptionRequest, SubscriptionStatus,
    SubscriptionView, Topic, Wanted, notification, operation_link, status_searchset, subscription_searchset,
};

/// Where a notice is read, below the address of the service.
const NOTICES: &str = "/authority/v1/notices/";

/// How notifications are written.
pub fn wire() -> Wire {
    Wire { notification: told }
}

fn told(told: &Told<'_>) -> Vec<u8> {
    let shown = Shown::new(told.subscription);
    let events: Vec<format::Event> = told.events.iter().map(|event| with_focus(told.base_url, event)).collect();
    notification(&Notification {
        kind: match told.kind {
            Kind::Handshake => NotificationKind::Handshake,
            Kind::Heartbeat => NotificationKind::Heartbeat,
            Kind::Events => NotificationKind::EventNotification,
        },
        view: &shown.view(),
        content: shown.request.payload_content,
        events_since_start: told.events_since_start,
        events: &events,
        bundle_id: told.id,
        status_id: told.status_id,
        at: told.at,
        base_url: &[told.base_url.trim_end_matches('/'), FHIR_BASE].concat(),
    })
}

fn with_focus(base_url: &str, event: &Event) -> format::Event {
    let focus = format!("{}{NOTICES}{}", base_url.trim_end_matches('/'), event.notice);
    format::Event { number: event.number, at: event.at, focus: Some(focus) }
}

/// A subscription that can be written.
pub struct Shown {
    id: String,
    status: SubscriptionStatus,
    error: String,
    request: SubscriptionRequest,
}

impl Shown {
    /// Of a stored one.
    pub fn new(stored: &Subscription) -> Self {
        let request = &stored.request;
        Self {
            id: stored.id.to_string(),
            status: match stored.status {
                app::Status::Requested => SubscriptionStatus::Requested,
                app::Status::Active => SubscriptionStatus::Active,
                app::Status::Error => SubscriptionStatus::Error,
                app::Status::Off => SubscriptionStatus::Off,
            },
            error: stored.error.clone(),
            request: SubscriptionRequest {
                id: None,
                wanted: if request.on { Wanted::On } else { Wanted::Off },
                reason: request.reason.clone(),
                topic: match request.topic {
                    app::Topic::AccessToService => Topic::AccessToService,
                    app::Topic::InactiveNumber => Topic::InactiveNumber,
                },
                endpoint: request.endpoint.clone(),
                headers: request.headers.clone(),
                payload_content: if request.empty { PayloadContent::Empty } else { PayloadContent::IdOnly },
                heartbeat_seconds: request.heartbeat_seconds,
                timeout_seconds: request.timeout_seconds,
                max_count: request.max_count,
                end: request.end,
            },
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// As the format shows it.
    pub fn view(&self) -> SubscriptionView<'_> {
        SubscriptionView { id: &self.id, status: self.status, error: &self.error, request: &self.request }
    }
}

/// What a subscriber asks for, in the use cases' words.
pub fn wanted(sent: SubscriptionRequest) -> app::Request {
    app::Request {
        on: sent.wanted == Wanted::On,
        reason: sent.reason,
        topic: match sent.topic {
            Topic::AccessToService => app::Topic::AccessToService,
            Topic::InactiveNumber => app::Topic::InactiveNumber,
        },
        endpoint: sent.endpoint,
        headers: sent.headers,
        empty: sent.payload_content == PayloadContent::Empty,
        heartbeat_seconds: sent.heartbeat_seconds,
        timeout_seconds: sent.timeout_seconds,
        max_count: sent.max_count,
        end: sent.end,
    }
}

/// The answer with all of them.
pub fn list(door: &Door, all: &[Subscription]) -> Vec<u8> {
    let shown: Vec<Shown> = all.iter().map(Shown::new).collect();
    let views: Vec<SubscriptionView<'_>> = shown.iter().map(Shown::view).collect();
    let link = [door.fhir_base.as_str(), "/Subscription"].concat();
    subscription_searchset(&door.fhir_base, &link, door.fresh_id(), door.http.service.clock.now(), &views)
}

/// The answer to `$status`.
pub fn status(door: &Door, stands: &Events) -> Vec<u8> {
    let shown = Shown::new(&stands.subscription);
    let row =
        StatusRow { view: &shown.view(), events_since_start: stands.events_since_start, status_id: door.fresh_id() };
    let link = operation_link(&door.fhir_base, &shown.id, "$status");
    status_searchset(&door.fhir_base, &link, door.fresh_id(), door.http.service.clock.now(), &[row])
}

/// The answer to `$events`.
pub fn events(door: &Door, found: &Events, content: Option<PayloadContent>) -> Vec<u8> {
    let shown = Shown::new(&found.subscription);
    let events: Vec<format::Event> = found.events.iter().map(|event| with_focus(&door.http.base_url, event)).collect();
    notification(&Notification {
        kind: NotificationKind::QueryEvent,
        view: &shown.view(),
        content: content.unwrap_or(shown.request.payload_content),
        events_since_start: found.events_since_start,
        events: &events,
        bundle_id: door.fresh_id(),
        status_id: door.fresh_id(),
        at: door.http.service.clock.now(),
        base_url: &door.fhir_base,
    })
}
