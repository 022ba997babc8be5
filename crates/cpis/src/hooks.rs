//! What sends to subscribers' endpoints, behind the port of the use cases.

use crate::fault::{self, Kind, OrFault};
use async_trait::async_trait;
use cpis_app::Service;
use cpis_app::subscriptions::{HookFault, Hooks, Outgoing, Subscriptions};
use cpis_model::Timestamp;
use cpis_outbound_webhook::{Delivery, Settings, Webhook, WebhookFault};
use std::sync::Arc;
use std::time::Duration;

/// The type of what is sent.
const CONTENT_TYPE: &str = "application/fhir+json";

struct Sent(Webhook);

/// The subscriptions of an installation that others reach at an address.
pub fn subscriptions(service: Arc<Service>, settings: Settings, base_url: String) -> fault::Result<Arc<Subscriptions>> {
    let plain_loopback = settings.plain_loopback;
    let webhook = Webhook::new(settings);
    let webhook = webhook.or_fault(Kind::Configuration, "Subscribers cannot be told of their notices")?;
    let (wire, hooks) = (cpis_inbound_http::wire(), Arc::new(Sent(webhook)));
    Ok(Arc::new(Subscriptions { service, wire, hooks, base_url, plain_loopback }))
}

#[async_trait]
impl Hooks for Sent {
    fn takes(&self, endpoint: &str) -> bool {
        self.0.takes(endpoint).is_ok()
    }

    fn pause(&self, failures: u32, jitter: u16) -> Duration {
        self.0.backoff().pause(failures, jitter)
    }

    fn is_dead(&self, first_failure: Timestamp, now: Timestamp) -> bool {
        self.0.backoff().is_dead(first_failure, now)
    }

    async fn post(&self, outgoing: &Outgoing<'_>) -> Result<(), HookFault> {
        let delivery = Delivery {
            endpoint: outgoing.endpoint,
            headers: outgoing.headers,
            body: outgoing.body.clone(),
            content_type: CONTENT_TYPE,
            secret: outgoing.secret,
            id: outgoing.id,
            at: outgoing.at,
            timeout: outgoing.timeout,
        };
        self.0.post(&delivery).await.map(|_| ()).map_err(|fault| match fault {
            WebhookFault::Retry { after, why } => HookFault::Retry { after, why: why.to_string() },
            WebhookFault::Gone => HookFault::Gone,
            WebhookFault::GiveUp(why) => HookFault::GiveUp(why.to_string()),
        })
    }
}
