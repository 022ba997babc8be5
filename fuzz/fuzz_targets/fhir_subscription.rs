//! Whatever a subscriber sends as a subscription or as the parameters of its events, reading it ends with a value or with
//! faults that can be told, never with a panic; what is read is written and read again as it was; and no fault repeats
//! what was sent.
#![no_main]

use cpis_format_fhir::subscription::{
    Faults, SubscriptionStatus, SubscriptionView, Wanted, parse_events_parameters, parse_events_query,
    parse_subscription, subscription,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for plain_loopback in [false, true] {
        match parse_subscription(bytes, plain_loopback) {
            Ok(mut request) => {
                // Values of headers are never shown.
                request.headers.clear();
                let id = request.id.get_or_insert_with(|| "an-id".to_owned()).clone();
                let status = match request.wanted {
                    Wanted::On => SubscriptionStatus::Requested,
                    Wanted::Off => SubscriptionStatus::Off,
                };
                let written = subscription(&SubscriptionView { id: &id, status, error: "", request: &request });
                assert!(parse_subscription(&written, plain_loopback) == Ok(request), "another one came back");
            }
            Err(faults) => told(&faults, bytes),
        }
    }
    if let Err(faults) = parse_events_parameters(bytes) {
        told(&faults, bytes);
    }
    if let Err(faults) = parse_events_query(&String::from_utf8_lossy(bytes)) {
        told(&faults, bytes);
    }
});

fn told(faults: &Faults, bytes: &[u8]) {
    let body = faults.body();
    assert!(!faults.list().is_empty() && matches!(faults.status(), 400 | 413));
    assert!(bytes.len() < 100 || !body.windows(bytes.len()).any(|part| part == bytes));
}
