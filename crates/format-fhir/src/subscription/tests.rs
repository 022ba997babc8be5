//! The examples of the specification both ways, each fault with its place, and the shapes against their files in
//! `golden/`. `UPDATE_EXPECT=1 cargo test -p cpis-format-fhir` writes the files anew.

use super::*;
use crate::answer::tests::indented;
use cpis_model::Uuid;
use expect_test::expect_file;
use serde_json::{Value, json};

mod events;
mod faults;
mod properties;

const BASE: &str = "https://cpis.example.org/cpis/FHIR/R4";
const SPEC_SUBSCRIPTION: &str = include_str!("golden/spec_subscription.json");
const SPEC_NOTIFICATION: &str = include_str!("golden/spec_notification.json");
const ID: &str = "la-exampleshire-asn";

fn request() -> SubscriptionRequest {
    SubscriptionRequest {
        id: Some(ID.to_owned()),
        wanted: Wanted::On,
        reason: "Access to Service Notifications for Exampleshire".to_owned(),
        topic: Topic::AccessToService,
        endpoint: "https://la.example.org/cpis/notify".to_owned(),
        headers: Vec::new(),
        payload_content: PayloadContent::IdOnly,
        heartbeat_seconds: 86_400,
        timeout_seconds: 60,
        max_count: 1,
        end: None,
    }
}

fn view(request: &SubscriptionRequest, status: SubscriptionStatus) -> SubscriptionView<'_> {
    SubscriptionView { id: ID, status, error: "", request }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn value(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn check(name: &str, bytes: &[u8]) {
    expect_file![format!("{}/src/subscription/golden/{name}.json", env!("CARGO_MANIFEST_DIR"))]
        .assert_eq(&indented(bytes));
}

fn events() -> [Event; 2] {
    let focus = |id: u128| Some(format!("AuditEvent/{}", Uuid::from_u128(id)));
    [
        Event { number: 2, at: at("2026-02-20T21:47:03Z"), focus: focus(0x5a0f_2f0c_0d4e_4c0f_9d0e_3c1a_4d6f_7e88) },
        Event { number: 3, at: at("2026-07-20T21:47:03Z"), focus: focus(3) },
    ]
}

fn made<'a>(kind: NotificationKind, view: &'a SubscriptionView<'a>, events: &'a [Event]) -> Notification<'a> {
    Notification {
        kind,
        view,
        content: view.request.payload_content,
        events_since_start: events.last().map_or(0, |event| event.number),
        events,
        bundle_id: Uuid::from_u128(0x3a7d_7d0c_5bfb_4d41_9c54_7a1b_1d6e_9a20),
        status_id: Uuid::from_u128(0x292d_3c72_edc1_4d8a_8faa_d85e_19c7_f563),
        at: at("2026-02-20T21:47:05Z"),
        base_url: BASE,
    }
}

#[test]
fn the_example_of_a_subscription_is_read_and_written() {
    assert_eq!(parse_subscription(SPEC_SUBSCRIPTION.as_bytes(), false), Ok(request()));
    let written = subscription(&view(&request(), SubscriptionStatus::Requested));
    assert_eq!(value(&written), value(SPEC_SUBSCRIPTION.as_bytes()));
}

#[test]
fn the_example_of_a_notification_is_written() {
    let request = request();
    let view = view(&request, SubscriptionStatus::Active);
    let written = notification(&made(NotificationKind::EventNotification, &view, &events()[..1]));
    assert_eq!(value(&written), value(SPEC_NOTIFICATION.as_bytes()));
}

#[test]
fn what_is_left_out_has_its_default() {
    let body = json!({
        "resourceType": "Subscription", "status": "off", "reason": " Numbers ",
        "criteria": Topic::InactiveNumber.canonical(), "end": "2027-03-31T23:59:59.5+01:00",
        "contact": [{ "system": "phone", "value": "01632 960199" }],
        "channel": {
            "type": "rest-hook", "endpoint": "https://la.example.org:8443/x?y=z", "payload": "application/fhir+json",
            "header": ["Authorization: Bearer a:b ", "X-Api-Key:\tkey"],
            "extension": [{ "url": "https://example.org/another", "valueString": "passed over" }]
        }
    });
    let expected = SubscriptionRequest {
        id: None,
        wanted: Wanted::Off,
        reason: "Numbers".to_owned(),
        topic: Topic::InactiveNumber,
        endpoint: "https://la.example.org:8443/x?y=z".to_owned(),
        headers: [("Authorization", "Bearer a:b"), ("X-Api-Key", "key")].map(|(n, v)| (n.into(), v.into())).to_vec(),
        payload_content: PayloadContent::IdOnly,
        heartbeat_seconds: 86_400,
        timeout_seconds: 10,
        max_count: 1,
        end: Some(at("2027-03-31T22:59:59Z")),
    };
    assert_eq!(parse_subscription(body.to_string().as_bytes(), false), Ok(expected));
}

#[test]
fn secrets_and_addresses_are_not_shown() {
    let mut request = request();
    request.headers = vec![("Authorization".to_owned(), "Bearer secret".to_owned())];
    let shown = format!("{request:?} {:?}", view(&request, SubscriptionStatus::Active));
    assert!(
        !shown.contains("secret") && !shown.contains("la.example.org") && !shown.contains("Exampleshire"),
        "{shown}"
    );
    let written = String::from_utf8(subscription(&view(&request, SubscriptionStatus::Active))).unwrap();
    assert!(written.contains(r#""header":["Authorization: ********"]"#) && !written.contains("secret"), "{written}");
}

#[test]
fn a_subscription_in_error_says_what_went_wrong() {
    let mut request = request();
    request.headers = vec![("Authorization".to_owned(), "Bearer secret".to_owned()), ("X".to_owned(), "1".to_owned())];
    request.end = Some(at("2026-07-01T10:00:00Z"));
    request.payload_content = PayloadContent::Empty;
    let failed = SubscriptionView {
        error: "The endpoint answered with status 404",
        ..view(&request, SubscriptionStatus::Error)
    };
    check("subscription_error", &subscription(&failed));
    let self_link = [BASE, "/Subscription"].concat();
    let list = |views: &[SubscriptionView<'_>]| {
        subscription_searchset(BASE, &self_link, Uuid::from_u128(1), at("2026-02-20T21:47:05Z"), views)
    };
    check("subscription_list", &list(&[failed, view(&request, SubscriptionStatus::Off)]));
    assert_eq!((value(&list(&[]))["total"].clone(), value(&list(&[])).get("entry")), (json!(0), None));
    let rows =
        [StatusRow { view: &failed, events_since_start: 18_446_744_073_709_551_615, status_id: Uuid::from_u128(2) }];
    let link = operation_link(&[BASE, "/"].concat(), ID, "$status");
    check("status", &status_searchset(BASE, &link, Uuid::from_u128(1), at("2026-02-20T21:47:05Z"), &rows));
}

#[test]
fn each_kind_of_notification() {
    let (request, told) = (request(), events());
    for kind in NotificationKind::ALL {
        let status = match kind {
            NotificationKind::Handshake => SubscriptionStatus::Requested,
            _ => SubscriptionStatus::Active,
        };
        let view = view(&request, status);
        let events: &[Event] = if kind == NotificationKind::Handshake { &[] } else { &told };
        check(&format!("notification_{}", kind.code()), &notification(&made(kind, &view, events)));
    }
    let view = view(&request, SubscriptionStatus::Active);
    let empty =
        Notification { content: PayloadContent::Empty, ..made(NotificationKind::EventNotification, &view, &told) };
    let written = String::from_utf8(notification(&empty)).unwrap();
    assert!(written.contains("event-number") && !written.contains("focus") && !written.contains("AuditEvent"));
}

#[test]
fn what_an_event_is_about_may_lie_elsewhere() {
    let request = request();
    let view = view(&request, SubscriptionStatus::Active);
    let elsewhere = "https://cpis.example.org/authority/v1/notices/1";
    let events = [Event { focus: Some(elsewhere.to_owned()), ..events()[0].clone() }];
    let written = value(&notification(&made(NotificationKind::EventNotification, &view, &events)));
    let parts = written["entry"][0]["resource"]["parameter"][5]["part"].as_array().unwrap();
    assert_eq!(parts.last().unwrap()["valueReference"]["reference"], elsewhere, "{written}");
}

#[test]
fn codes_come_back() {
    assert!(Topic::ALL.iter().all(|topic| Topic::of(topic.canonical()) == Some(*topic)));
    assert!(PayloadContent::ALL.iter().all(|content| PayloadContent::of(content.code()) == Some(*content)));
    assert!(SubscriptionStatus::ALL.iter().all(|status| SubscriptionStatus::of(status.code()) == Some(*status)));
    assert_eq!((Topic::of(""), PayloadContent::of("full-resource"), SubscriptionStatus::of("On")), (None, None, None));
}
