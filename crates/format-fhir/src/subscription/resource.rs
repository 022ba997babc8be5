//! A stored subscription as a resource, and a list of them.

use super::{SubscriptionStatus, SubscriptionView, urls};
use crate::bundle::Frame;
use crate::json::Json;
use crate::{CONTENT_TYPE, link};
use cpis_model::time::london_instant;
use cpis_model::{Timestamp, Uuid};

/// Bytes that a subscription takes, generously; what the subscriber may make long is not counted.
const BYTES: usize = 1800;

/// The resource as JSON. Values of headers may be secrets: [`super::HIDDEN`] stands in their place.
pub fn subscription(view: &SubscriptionView<'_>) -> Vec<u8> {
    Json::document(BYTES, |json| fields(json, view))
}

/// Some subscriptions as a Bundle of type `searchset`, in the order in which they are given.
pub fn subscription_searchset(
    base_url: &str,
    self_link: &str,
    bundle_id: Uuid,
    at: Timestamp,
    views: &[SubscriptionView<'_>],
) -> Vec<u8> {
    let frame = Frame { base_url, self_link, id: bundle_id, at, total: views.len() };
    let entries = (!views.is_empty()).then_some(|json: &mut Json| {
        for view in views {
            json.object(|json| {
                json.parts("fullUrl", &[link::trimmed(base_url), "/Subscription/", view.id]);
                json.key("resource").object(|json| fields(json, view));
                json.key("search").object(|json| json.text("mode", "match"));
            });
        }
    });
    frame.bundle(BYTES * views.len(), entries)
}

fn fields(json: &mut Json, view: &SubscriptionView<'_>) {
    let request = view.request;
    json.text("resourceType", "Subscription");
    json.text("id", view.id);
    json.key("meta").object(|json| json.key("profile").array(|json| json.string(&[urls::SUBSCRIPTION])));
    json.text("status", view.status.code());
    if let Some(end) = request.end {
        json.text("end", &london_instant(end));
    }
    json.text("reason", &request.reason);
    json.text("criteria", request.topic.canonical());
    if view.status == SubscriptionStatus::Error {
        json.text("error", view.error);
    }
    json.key("channel").object(|json| {
        json.key("extension").array(|json| {
            whole(json, urls::HEARTBEAT, "valueUnsignedInt", request.heartbeat_seconds);
            whole(json, urls::TIMEOUT, "valueUnsignedInt", request.timeout_seconds);
            whole(json, urls::MAX_COUNT, "valuePositiveInt", request.max_count);
        });
        json.text("type", "rest-hook");
        json.text("endpoint", &request.endpoint);
        json.text("payload", CONTENT_TYPE);
        json.key("_payload").object(|json| {
            json.key("extension").array_of_one(|json| {
                json.text("url", urls::PAYLOAD);
                json.text("valueCode", request.payload_content.code());
            });
        });
        if !request.headers.is_empty() {
            let lines = |json: &mut Json| {
                request.headers.iter().for_each(|(name, _)| json.string(&[name, ": ", super::HIDDEN]));
            };
            json.key("header").array(lines);
        }
    });
}

fn whole(json: &mut Json, url: &str, field: &'static str, value: u32) {
    json.object(|json| {
        json.text("url", url);
        json.number(field, value as usize);
    });
}
