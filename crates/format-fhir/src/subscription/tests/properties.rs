//! Requests of arbitrary content come back as they were written, arbitrary bodies end with a request or with faults
//! that can be told, and notifications keep the rules of R4.

use super::*;
use proptest::prelude::*;

prop_compose! {
    fn any_request()(
        id in prop::option::of("[A-Za-z0-9.-]{1,64}"), on: bool, reason in "[a-zé\"\\\\<&]{1,40}", topic in 0usize..2,
        endpoint in "https://[a-z]{1,20}\\.example(:[1-9][0-9]{0,3})?(/[a-z0-9%._~-]{0,20}){0,3}(\\?[a-z=&]{0,10})?",
        headers in prop::collection::btree_map("x-[a-z]{1,8}", "[!-~]{1,20}", 0..4), content in 0usize..2,
        heartbeat_seconds in 60u32..=604_800, timeout_seconds in 1u32..=60, max_count in 1u32..=1000,
        end in prop::option::of(0i64..4_000_000_000),
    ) -> SubscriptionRequest {
        SubscriptionRequest {
            id,
            wanted: if on { Wanted::On } else { Wanted::Off },
            reason,
            topic: Topic::ALL[topic],
            endpoint,
            headers: headers.into_iter().collect(),
            payload_content: PayloadContent::ALL[content],
            heartbeat_seconds,
            timeout_seconds,
            max_count,
            end: end.map(|seconds| Timestamp::from_second(seconds).unwrap()),
        }
    }
}

prop_compose! {
    fn any_event()(
        number: u64, seconds in 0i64..4_000_000_000, focus in prop::option::of("AuditEvent/[a-z0-9-]{1,36}"),
    ) -> Event {
        Event { number, at: Timestamp::from_second(seconds).unwrap(), focus }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        ".{0,8}",
        prop::sample::select(vec![
            "Subscription",
            "requested",
            "rest-hook",
            "application/fhir+json",
            urls::TIMEOUT,
            urls::HEARTBEAT,
            urls::PAYLOAD,
            "https://la.example.org",
            "https://cpis.example.org/SubscriptionTopic/access-to-service",
            "id-only",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "resourceType",
        "id",
        "status",
        "reason",
        "criteria",
        "_criteria",
        "end",
        "channel",
        "extension",
        "url",
        "valueUnsignedInt",
        "valuePositiveInt",
        "type",
        "endpoint",
        "payload",
        "_payload",
        "valueCode",
        "header",
        "parameter",
        "name",
        "valueString",
    ]);
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..10)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// R4, json.html: no empty object, array or text, no null.
fn nothing_empty(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty() && fields.values().all(nothing_empty),
        Value::Array(items) => !items.is_empty() && items.iter().all(nothing_empty),
        Value::String(text) => !text.trim().is_empty(),
        Value::Null => false,
        _ => true,
    }
}

fn outcome_is_whole(faults: &Faults, root: &str) -> bool {
    let outcome = value(&faults.body());
    let issues = outcome["issue"].as_array().unwrap();
    let places = || faults.list().iter().map(|fault| fault.place.as_str());
    nothing_empty(&outcome)
        && issues.len() == faults.list().len()
        && places().all(|place| place.starts_with(root) && place.bytes().all(|byte| byte.is_ascii_graphic()))
}

proptest! {
    #[test]
    fn a_request_comes_back_as_it_was_written(request in any_request()) {
        let status = if request.wanted == Wanted::On { SubscriptionStatus::Requested } else { SubscriptionStatus::Off };
        let id = request.id.clone().unwrap_or_else(|| "1".to_owned());
        let shown = SubscriptionView { id: &id, status, error: "", request: &request };
        let mut written = value(&subscription(&shown));
        prop_assert!(nothing_empty(&written));
        if !request.headers.is_empty() {
            // The values are hidden, and what is hidden is not taken back.
            let faults = parse_subscription(written.to_string().as_bytes(), false).unwrap_err();
            prop_assert_eq!(faults.list().len(), request.headers.len());
            let lines: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            written["channel"]["header"] = lines.into();
        }
        if request.id.is_none() {
            written.as_object_mut().unwrap().remove("id");
        }
        prop_assert_eq!(parse_subscription(written.to_string().as_bytes(), false), Ok(request));
    }

    #[test]
    fn any_body_is_read_or_has_faults_that_can_be_told(body in any_json(), plain_loopback: bool) {
        let bytes = body.to_string().into_bytes();
        if let Err(faults) = parse_subscription(&bytes, plain_loopback) {
            prop_assert!(outcome_is_whole(&faults, "Subscription"), "{faults}");
        }
        if let Err(faults) = parse_events_parameters(&bytes) {
            prop_assert!(outcome_is_whole(&faults, "Parameters"), "{faults}");
        }
    }

    #[test]
    fn any_bytes_are_read_or_have_faults(bytes in prop::collection::vec(any::<u8>(), 0..64), query in "(?s).{0,40}") {
        prop_assert!(parse_subscription(&bytes, true).is_err_and(|faults| outcome_is_whole(&faults, "Subscription")));
        if let Err(faults) = parse_events_query(&query) {
            prop_assert!(outcome_is_whole(&faults, "http"), "{faults}");
        }
    }

    #[test]
    fn notifications_keep_the_rules(
        request in any_request(), events in prop::collection::vec(any_event(), 0..5), kind in 0usize..5,
        status in 0usize..4, count: u64, error in ".{0,20}", content in 0usize..2,
    ) {
        let (kind, content) = (NotificationKind::ALL[kind], PayloadContent::ALL[content]);
        let status = SubscriptionStatus::ALL[status];
        let view = SubscriptionView { id: "1", status, error: &error, request: &request };
        let made = Notification { content, events_since_start: count, ..made(kind, &view, &events) };
        let bundle = value(&notification(&made));
        prop_assert!(nothing_empty(&bundle));
        prop_assert_eq!(&bundle["type"], "history");
        let entry = &bundle["entry"][0];
        prop_assert_eq!(bundle["entry"].as_array().unwrap().len(), 1);
        // bdl-3 and bdl-4: every entry of a history has both.
        prop_assert!(entry["request"]["method"] == "GET" && entry["response"]["status"] == "200");
        prop_assert_eq!(&entry["fullUrl"], &json!(format!("urn:uuid:{}", entry["resource"]["id"].as_str().unwrap())));
        let parameters = entry["resource"]["parameter"].as_array().unwrap();
        let of = |name: &str| parameters.iter().filter(|parameter| parameter["name"] == name).collect::<Vec<_>>();
        prop_assert_eq!(&of("events-since-subscription-start")[0]["valueString"], &json!(count.to_string()));
        prop_assert_eq!(&of("type")[0]["valueCode"], &json!(kind.code()));
        let told = of("notification-event");
        let has_events = matches!(kind, NotificationKind::EventNotification | NotificationKind::QueryEvent);
        let expected = if has_events { events.len() } else { 0 };
        prop_assert_eq!(told.len(), expected);
        for (told, event) in told.into_iter().zip(&events) {
            let parts = told["part"].as_array().unwrap();
            prop_assert_eq!(&parts[0]["valueString"], &json!(event.number.to_string()));
            let focus = event.focus.as_ref().filter(|_| content == PayloadContent::IdOnly);
            prop_assert_eq!(parts.len(), 2 + usize::from(focus.is_some()));
            if let Some(focus) = focus {
                prop_assert_eq!(&parts[2]["valueReference"]["reference"], &json!(format!("{BASE}/{focus}")));
            }
        }
    }
}
