//! The table's metrics told to the recorder of metrics, and those that must stand there from the start.

use super::{Kind, METRICS, Metric, Node};
use cpis_app::subscriptions::Status;

/// Describes those of an agent to the recorder of metrics.
pub fn describe_agent() {
    describe_those(|metric| metric.node == Node::Agent);
    for kind in ["data", "report"] {
        metrics::counter!("cpis_agent_received_total", "kind" => kind).increment(0);
    }
}

/// Describes those of the service to the recorder of metrics.
pub fn describe() {
    describe_those(|metric| metric.node != Node::Agent);
    for outcome in ["used", "refused"] {
        metrics::counter!("cpis_break_glass_total", "outcome" => outcome).increment(0);
    }
    for outcome in ["taken", "retried", "gone", "refused"] {
        metrics::counter!("cpis_subscription_posts_total", "outcome" => outcome).increment(0);
    }
    for outcome in ["taken", "away", "refused", "later", "never"] {
        metrics::counter!("cpis_emails_total", "outcome" => outcome).increment(0);
    }
    for status in ["good", "waiting", "dead"] {
        metrics::gauge!("cpis_email_addresses", "status" => status).set(0.0);
    }
    for status in Status::ALL {
        metrics::gauge!("cpis_subscriptions", "status" => status.word()).set(0.0);
    }
}

fn describe_those(wanted: impl Fn(&Metric) -> bool) {
    for metric in METRICS.iter().filter(|metric| wanted(metric)) {
        let Metric { name, unit, meaning, .. } = *metric;
        match metric.kind {
            Kind::Counter => {
                metrics::describe_counter!(name, unit, meaning);
                // An increase is seen only of a counter that stood there before.
                if metric.labels.is_empty() {
                    metrics::counter!(name).increment(0);
                }
            }
            Kind::Gauge => metrics::describe_gauge!(name, unit, meaning),
            Kind::Histogram => metrics::describe_histogram!(name, unit, meaning),
        }
    }
}
