//! Where deliveries go and where they cannot, over TLS: what a name resolves to is judged, once, and only that is
//! reached.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod world;

use cpis_outbound_webhook::{Delivered, Delivery, Settings, Webhook, WebhookFault, Why};
use std::time::Duration;
use world::*;

/// Settings under which this endpoint may be reached.
fn settings(endpoint: &Endpoint) -> Settings {
    Settings {
        allowed_networks: vec!["127.0.0.0/8".parse().unwrap()],
        allowed_ports: vec![endpoint.address.port()],
        authorities_pem: endpoint.certificate_pem.clone(),
        ..Settings::default()
    }
}

const INSIDE: Result<Delivered, WebhookFault> = Err(WebhookFault::GiveUp(Why::Inside));

#[tokio::test]
async fn a_name_is_resolved_once_and_what_was_judged_is_connected_to() {
    let endpoint = Endpoint::tls(status("200 OK")).await;
    let names = Names::new(&[Some(&["127.0.0.1"]), Some(&["::1"])]);
    let webhook = Webhook::with_resolver(settings(&endpoint), names.clone()).unwrap();
    let url = endpoint.url_by_name();
    assert_eq!(post(&webhook, &delivery(&url)).await, Ok(Delivered { status: 200 }));
    assert_eq!((names.asked(), endpoint.connections()), (vec![HOST.to_owned()], 1));
    assert_eq!(endpoint.requests()[0].header("host"), [format!("{HOST}:{}", endpoint.address.port())]);
    // Each delivery is judged anew: nothing of the earlier one is used again.
    assert_eq!(post(&webhook, &delivery(&url)).await, INSIDE);
    assert_eq!((names.asked().len(), endpoint.connections()), (2, 1));
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_before_anything_is_connected_to() {
    let endpoint = Endpoint::tls(status("200 OK")).await;
    let strict = Settings { allowed_networks: Vec::new(), ..settings(&endpoint) };
    let lists: [&[&str]; 9] = [
        &["127.0.0.1"],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::127.0.0.1"],
        &["0.0.0.0"],
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["9.9.9.9", "127.0.0.1"],
        &["127.0.0.1", "2606:4700:4700::1111"],
    ];
    for list in lists {
        let webhook = Webhook::with_resolver(strict.clone(), Names::new(&[Some(list)])).unwrap();
        assert_eq!(post(&webhook, &delivery(&endpoint.url_by_name())).await, INSIDE, "{list:?}");
    }
    // As the machine itself resolves it.
    let webhook = Webhook::new(strict).unwrap();
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]", "2130706433"] {
        let url = format!("https://{host}:{}/", endpoint.address.port());
        assert_eq!(post(&webhook, &delivery(&url)).await, INSIDE, "{host}");
    }
    assert_eq!(endpoint.connections(), 0);
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_tried_again() {
    let endpoint = Endpoint::tls(status("200 OK")).await;
    for answer in [None, Some(&[][..])] {
        let webhook = Webhook::with_resolver(settings(&endpoint), Names::new(&[answer])).unwrap();
        let told = post(&webhook, &delivery(&endpoint.url_by_name())).await;
        assert_eq!(told, Err(WebhookFault::Retry { after: None, why: Why::NoAddress }));
    }
}

#[tokio::test]
async fn a_certificate_must_be_trusted_and_of_the_host() {
    let endpoint = Endpoint::tls(status("200 OK")).await;
    let names = || Names::new(&[Some(&["127.0.0.1"])]);
    let untrusted = Settings { authorities_pem: Vec::new(), ..settings(&endpoint) };
    let webhook = Webhook::with_resolver(untrusted, names()).unwrap();
    let no_connection = Err(WebhookFault::Retry { after: None, why: Why::NoConnection });
    assert_eq!(post(&webhook, &delivery(&endpoint.url_by_name())).await, no_connection);
    let webhook = Webhook::with_resolver(settings(&endpoint), names()).unwrap();
    let other = endpoint.url_by_name().replace(HOST, "other.example.org");
    assert_eq!(post(&webhook, &delivery(&other)).await, no_connection);
    assert!(endpoint.requests().is_empty());
    assert!(post(&webhook, &delivery(&endpoint.url_by_name())).await.is_ok());
}

#[tokio::test]
async fn https_alone_speaks_to_names_and_only_on_allowed_ports() {
    let endpoint = Endpoint::plain(status("200 OK")).await;
    let webhook = Webhook::with_resolver(settings(&endpoint), Names::new(&[Some(&["127.0.0.1"])])).unwrap();
    let port = endpoint.address.port();
    for (url, why) in [
        (endpoint.url(), Why::NotHttps),
        (format!("http://{HOST}:{port}/"), Why::NotHttps),
        (format!("https://{HOST}:{}/", port.wrapping_add(1).max(1)), Why::Port),
        (format!("https://user:word@{HOST}:{port}/"), Why::Address),
    ] {
        assert_eq!(webhook.takes(&url), Err(why), "{url}");
        assert_eq!(post(&webhook, &delivery(&url)).await, Err(WebhookFault::GiveUp(why)), "{url}");
    }
    assert_eq!(endpoint.connections(), 0);
    // A server without TLS is no connection that can be trusted.
    let url = endpoint.url_by_name();
    let delivery = Delivery { timeout: Duration::from_millis(300), ..delivery(&url) };
    assert_eq!(webhook.takes(&url), Ok(()));
    assert!(matches!(post(&webhook, &delivery).await, Err(WebhookFault::Retry { after: None, .. })));
    assert!(endpoint.requests().is_empty());
}
