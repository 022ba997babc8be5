//! Each fault of a subscription, with its place.

use super::*;

const HEARTBEAT: &str = "Subscription.channel.extension[0].valueUnsignedInt";
const HEARTBEAT_PATH: &str = "/channel/extension/0/valueUnsignedInt";
const TIMEOUT: &str = "Subscription.channel.extension[1].valueUnsignedInt";
const TIMEOUT_PATH: &str = "/channel/extension/1/valueUnsignedInt";
const MAX_COUNT: &str = "Subscription.channel.extension[2].valuePositiveInt";
const MAX_COUNT_PATH: &str = "/channel/extension/2/valuePositiveInt";
const CONTENT: &str = "Subscription.channel.payload.extension[0].valueCode";
const CODE: &str = "/channel/_payload/extension/0/valueCode";

/// The example with one value changed; `null` takes the field away.
fn with(path: &str, new: Value) -> Value {
    let mut body = value(SPEC_SUBSCRIPTION.as_bytes());
    let (parent, name) = path.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match (parent, new) {
        (Value::Object(fields), Value::Null) => drop(fields.remove(name)),
        (Value::Object(fields), new) => drop(fields.insert(name.to_owned(), new)),
        (Value::Array(items), new) => items[name.parse::<usize>().unwrap()] = new,
        _ => unreachable!(),
    }
    body
}

fn read(body: &Value) -> Result<SubscriptionRequest, Faults> {
    parse_subscription(body.to_string().as_bytes(), false)
}

fn shown(result: Result<SubscriptionRequest, Faults>) -> Vec<(FaultKind, String)> {
    result.unwrap_err().list().iter().map(|fault| (fault.kind, fault.place.clone())).collect()
}

#[test]
fn each_fault_has_its_place_and_kind() {
    use FaultKind::{NotSupported, Required, Structure, Value as Wrong};
    for (path, new, kind, place) in [
        ("/resourceType", "Patient".into(), Structure, "Subscription.resourceType"),
        ("/resourceType", Value::Null, Required, "Subscription.resourceType"),
        ("/id", "a b".into(), Wrong, "Subscription.id"),
        ("/id", "a".repeat(65).into(), Wrong, "Subscription.id"),
        ("/status", Value::Null, Required, "Subscription.status"),
        ("/status", "active".into(), Wrong, "Subscription.status"),
        ("/status", "error".into(), Wrong, "Subscription.status"),
        ("/status", 1.into(), Structure, "Subscription.status"),
        ("/reason", Value::Null, Required, "Subscription.reason"),
        ("/reason", " ".into(), Wrong, "Subscription.reason"),
        ("/reason", "a\nb".into(), Wrong, "Subscription.reason"),
        ("/reason", "é".repeat(501).into(), Wrong, "Subscription.reason"),
        ("/criteria", Value::Null, Required, "Subscription.criteria"),
        ("/criteria", "Patient?name=x".into(), NotSupported, "Subscription.criteria"),
        ("/end", "2027-03-31".into(), Wrong, "Subscription.end"),
        ("/end", "2027-03-31T23:59:59".into(), Wrong, "Subscription.end"),
        ("/end", "2027-02-31T23:59:59Z".into(), Wrong, "Subscription.end"),
        ("/end", "2027-02-01T23:59:59Z[UTC]".into(), Wrong, "Subscription.end"),
        ("/modifierExtension", json!([{ "url": "x" }]), NotSupported, "Subscription"),
        ("/implicitRules", "x".into(), NotSupported, "Subscription"),
        ("/channel", Value::Null, Required, "Subscription.channel"),
        ("/channel", json!([]), Structure, "Subscription.channel"),
        ("/channel/type", "email".into(), NotSupported, "Subscription.channel.type"),
        ("/channel/type", Value::Null, Required, "Subscription.channel.type"),
        ("/channel/endpoint", Value::Null, Required, "Subscription.channel.endpoint"),
        ("/channel/payload", Value::Null, Required, "Subscription.channel.payload"),
        ("/channel/payload", "application/fhir+xml".into(), NotSupported, "Subscription.channel.payload"),
        ("/channel/header", "X: y".into(), Structure, "Subscription.channel.header"),
        ("/channel/header", json!(["X: y", 1]), Structure, "Subscription.channel.header[1]"),
        ("/channel/header", json!(["X: y", "x: z"]), Wrong, "Subscription.channel.header[1]"),
        (HEARTBEAT_PATH, 59.into(), Wrong, HEARTBEAT),
        (HEARTBEAT_PATH, 604_801.into(), Wrong, HEARTBEAT),
        (HEARTBEAT_PATH, "60".into(), Structure, HEARTBEAT),
        (TIMEOUT_PATH, 61.into(), Wrong, TIMEOUT),
        (TIMEOUT_PATH, 0.into(), Wrong, TIMEOUT),
        (TIMEOUT_PATH, (1u64 << 40).into(), Wrong, TIMEOUT),
        (MAX_COUNT_PATH, (-1).into(), Structure, MAX_COUNT),
        (MAX_COUNT_PATH, 1.5.into(), Structure, MAX_COUNT),
        (MAX_COUNT_PATH, 1001.into(), Wrong, MAX_COUNT),
        (MAX_COUNT_PATH, Value::Null, Required, MAX_COUNT),
        ("/channel/extension/2/url", urls::TIMEOUT.into(), Wrong, "Subscription.channel.extension[2]"),
        ("/channel/extension/1", "x".into(), Structure, "Subscription.channel.extension[1]"),
        (CODE, "full-resource".into(), NotSupported, CONTENT),
        (CODE, "all".into(), Wrong, CONTENT),
        (CODE, Value::Null, Required, CONTENT),
        (
            "/_criteria",
            json!({ "extension": [{ "url": urls::FILTER, "valueString": "x" }] }),
            NotSupported,
            "Subscription.criteria.extension[0]",
        ),
    ] {
        let body = with(path, new);
        assert_eq!(shown(read(&body)), [(kind, place.to_owned())], "{body}");
    }
}

#[test]
fn all_faults_of_a_body_are_told_and_none_repeats_it() {
    let body = json!({
        "resourceType": "Subscription", "status": "secret", "criteria": "secret", "end": "secret", "id": "secret!",
        "channel": {
            "type": "secret", "endpoint": "http://secret@secret", "payload": "secret",
            "header": ["secret", "Host: secret"],
            "extension": [{ "url": urls::TIMEOUT, "valueUnsignedInt": "secret", "secret": 1 }],
            "_payload": { "extension": [{ "url": urls::PAYLOAD, "valueCode": "secret" }] }
        },
        "secret": { "secret": "secret" }
    });
    let faults = read(&body).unwrap_err();
    let places: Vec<&str> = faults.list().iter().map(|fault| fault.place.as_str()).collect();
    let expected = [
        "Subscription.id",
        "Subscription.status",
        "Subscription.reason",
        "Subscription.criteria",
        "Subscription.end",
        "Subscription.channel.extension[0].valueUnsignedInt",
        "Subscription.channel.type",
        "Subscription.channel.endpoint",
        "Subscription.channel.payload",
        "Subscription.channel.payload.extension[0].valueCode",
        "Subscription.channel.header[0]",
        "Subscription.channel.header[1]",
    ];
    assert_eq!(places, expected);
    assert_eq!(faults.status(), 400);
    check("faults", &faults.body());
    assert!(!format!("{faults} {faults:?}").contains("secret"));
}

#[test]
fn what_is_no_json_too_long_too_deep_or_said_twice_is_one_fault() {
    let twice =
        SPEC_SUBSCRIPTION.replacen("\"type\": \"rest-hook\"", "\"type\": \"rest-hook\", \"type\": \"rest-hook\"", 1);
    let deep = |levels: usize| {
        let nested = ["[".repeat(levels), "]".repeat(levels)].concat();
        SPEC_SUBSCRIPTION.replacen('{', &format!("{{\"text\":{nested},"), 1)
    };
    let long = format!("{SPEC_SUBSCRIPTION}{}", " ".repeat(BODY_BYTES_MAX));
    for (body, kind, place, status) in [
        (String::new(), FaultKind::Structure, "Subscription", 400),
        ("<Subscription/>".to_owned(), FaultKind::Structure, "Subscription", 400),
        ("{} {}".to_owned(), FaultKind::Structure, "Subscription", 400),
        ("[]".to_owned(), FaultKind::Structure, "Subscription", 400),
        (deep(DEPTH_MAX), FaultKind::Structure, "Subscription", 400),
        (deep(100_000 / 4), FaultKind::Structure, "Subscription", 400),
        (twice, FaultKind::Structure, "Subscription.channel", 400),
        (long, FaultKind::TooLong, "Subscription", 413),
    ] {
        let faults = parse_subscription(body.as_bytes(), false).unwrap_err();
        assert_eq!(shown(Err(faults.clone())), [(kind, place.to_owned())]);
        assert_eq!(faults.status(), status);
    }
    assert!(parse_subscription(deep(DEPTH_MAX - 1).as_bytes(), false).is_ok());
}

#[test]
fn endpoints() {
    for (endpoint, taken, taken_in_the_demo) in [
        ("https://la.example.org/cpis/notify", true, true),
        ("HTTPS://LA.example.org", true, true),
        ("https://la.example.org:8443?a=b%20c", true, true),
        ("https://203.0.113.7/x", true, true),
        ("https://[2001:db8::7]:443/x", true, true),
        ("http://127.0.0.1:9/x", false, true),
        ("http://127.255.0.9:9/x", false, true),
        ("http://[::1]:9", false, true),
        ("http://localhost:9", false, false),
        ("http://la.example.org", false, false),
        ("http://10.0.0.1", false, false),
        ("ftp://la.example.org", false, false),
        ("https:la.example.org", false, false),
        ("//la.example.org", false, false),
        ("https://", false, false),
        ("https:///x", false, false),
        ("https://user:word@la.example.org", false, false),
        ("https://la.example.org@evil.example", false, false),
        ("https://la.example.org#x", false, false),
        ("https://la.example.org/a b", false, false),
        ("https://la.example.org\\@evil.example", false, false),
        ("https://la.example.org/\u{e9}", false, false),
        ("https://b\u{fc}cher.example", false, false),
        ("https://la.example.org:0", false, false),
        ("https://la.example.org:", false, false),
        ("https://la.example.org:65536", false, false),
        ("https://la.example.org:+443", false, false),
        ("https://la.example.org:443:1", false, false),
        ("https://la..example.org", false, false),
        ("https://la.example.org./", false, false),
        ("https://la_example.org", false, false),
        ("https://%6c%61.example.org", false, false),
        ("https://2130706433/", false, false),
        ("https://0x7f.1/", false, false),
        ("https://127.1/", false, false),
        ("https://0177.0.0.1/", false, false),
        ("https://1.2.3.0x4/", false, false),
        ("https://[::1", false, false),
        ("https://[::1]x", false, false),
        ("https://[fe80::1%25eth0]/", false, false),
        ("https://[v1.x]/", false, false),
    ] {
        let body = with("/channel/endpoint", endpoint.into()).to_string();
        for (plain_loopback, taken) in [(false, taken), (true, taken_in_the_demo)] {
            let result = parse_subscription(body.as_bytes(), plain_loopback);
            assert_eq!(result.is_ok(), taken, "{endpoint} {result:?}");
            if !taken {
                assert_eq!(shown(result), [(FaultKind::Value, "Subscription.channel.endpoint".to_owned())]);
            }
        }
    }
    let long = |bytes: usize| with("/channel/endpoint", format!("https://a.b/{}", "x".repeat(bytes - 12)).into());
    assert!(read(&long(ENDPOINT_BYTES_MAX)).is_ok() && read(&long(ENDPOINT_BYTES_MAX + 1)).is_err());
}

#[test]
fn headers() {
    for (header, taken) in [
        ("Authorization: Bearer a.b-c", true),
        ("X-Key:v", true),
        ("X-Content: v", true),
        ("x~!#: a\tb", true),
        ("Authorization", false),
        (": v", false),
        ("X Key: v", false),
        ("X-Key : v", false),
        ("X-Key:", false),
        ("X-Key: \t ", false),
        ("X-Key: a\r\nHost: b", false),
        ("X-Key: \u{e9}", false),
        ("X-K\u{e9}y: v", false),
        ("X-Key: a\u{7f}", false),
        ("Authorization: ********", false),
        ("Host: x", false),
        ("CONNECTION: close", false),
        ("Keep-Alive: 1", false),
        ("TE: trailers", false),
        ("Trailer: x", false),
        ("Transfer-Encoding: chunked", false),
        ("Upgrade: h2c", false),
        ("Expect: 100-continue", false),
        ("Proxy-Authorization: x", false),
        ("Content-Length: 1", false),
        ("content-type: text/plain", false),
        ("Cpis-Signature: t=1", false),
        ("CPIS-Delivery: 1", false),
    ] {
        let result = read(&with("/channel/header", json!([header])));
        assert_eq!(result.is_ok(), taken, "{header}: {result:?}");
        if !taken {
            assert_eq!(shown(result), [(FaultKind::Value, "Subscription.channel.header[0]".to_owned())], "{header}");
        }
    }
    let many = |count: usize| with("/channel/header", (0..count).map(|n| format!("X-{n}: v")).collect());
    assert!(read(&many(HEADERS_MAX)).is_ok());
    assert_eq!(shown(read(&many(HEADERS_MAX + 1))), [(FaultKind::Value, "Subscription.channel.header".to_owned())]);
    let long = |bytes: usize| with("/channel/header", json!([format!("X:{}", "v".repeat(bytes - 2))]));
    assert!(read(&long(HEADER_BYTES_MAX)).is_ok() && read(&long(HEADER_BYTES_MAX + 1)).is_err());
}

#[test]
fn the_list_of_faults_has_an_end() {
    let extensions: Value = (0..500).map(|_| json!({ "url": urls::TIMEOUT })).collect();
    let faults = read(&with("/channel/extension", extensions)).unwrap_err();
    assert_eq!(faults.list().len(), 50);
}
