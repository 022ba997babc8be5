//! Deliveries to addresses that others chose: a signed body is sent to an endpoint that an authority named, and nothing
//! else is reached by it.
//!
//! [`Webhook::post`] makes one attempt. Its failures have the shape of what the caller does next ([`WebhookFault`]);
//! when to try again is for [`Backoff`] to say, and what was sent when for the caller to keep. The target is taken from
//! nobody's word: the addresses of its host are judged before anything is connected to, and only what was judged is
//! connected to.
//!
//! Reading order: [`Webhook`] (`webhook.rs`), `target.rs`, `guard.rs`, `reach.rs`, `network.rs`; then `signature.rs`,
//! `fault.rs`, `backoff.rs`.

mod backoff;
mod fault;
mod guard;
mod network;
mod reach;
mod settings;
mod signature;
mod target;
mod webhook;

pub use backoff::Backoff;
pub use fault::{RETRY_AFTER_MAX, WebhookFault, Why};
pub use guard::{Resolve, SystemResolver};
pub use network::{Network, NetworkFault};
pub use reach::is_global;
pub use settings::{Settings, Unusable};
pub use signature::{DELIVERY_HEADER, SECRET_BYTES_MIN, SIGNATURE_HEADER, signature};
pub use webhook::{ANSWER_BYTES_MAX, BODY_BYTES_MAX, Delivered, Delivery, TIMEOUT_MAX, Webhook};
