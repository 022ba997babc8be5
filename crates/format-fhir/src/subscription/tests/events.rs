//! Which events are asked for anew.

use super::*;

fn places(result: Result<EventsQuery, Faults>) -> Vec<String> {
    result.unwrap_err().list().iter().map(|fault| fault.place.clone()).collect()
}

#[test]
fn a_query_and_a_body_say_the_same() {
    let parameter = |name: &str, field: &str, value: Value| json!({ "name": name, field: value });
    for (query, parameters, expected) in [
        ("", json!([]), EventsQuery::default()),
        (
            "eventsSinceNumber=2&eventsUntilNumber=%35&content=id-only&_format=json&",
            json!([
                parameter("eventsSinceNumber", "valueString", "2".into()),
                parameter("eventsUntilNumber", "valueInteger", 5.into()),
                parameter("content", "valueCode", "id-only".into()),
                parameter("another", "valueString", "passed over".into()),
            ]),
            EventsQuery { since: Some(2), until: Some(5), content: Some(PayloadContent::IdOnly) },
        ),
        (
            "content=empty&eventsSinceNumber=18446744073709551615",
            json!([
                parameter("content", "valueString", "empty".into()),
                parameter("eventsSinceNumber", "valueString", "18446744073709551615".into()),
            ]),
            EventsQuery { since: Some(u64::MAX), until: None, content: Some(PayloadContent::Empty) },
        ),
    ] {
        assert_eq!(parse_events_query(query), Ok(expected), "{query}");
        let body = json!({ "resourceType": "Parameters", "parameter": parameters });
        assert_eq!(parse_events_parameters(body.to_string().as_bytes()), Ok(expected), "{query}");
    }
    assert_eq!(parse_events_parameters(br#"{"resourceType":"Parameters"}"#), Ok(EventsQuery::default()));
}

#[test]
fn every_fault_of_a_query_is_told() {
    let query = "eventsSinceNumber=-1&eventsUntilNumber=1.5&content=full-resource&content=empty&a=%ff";
    let expected = ["http.eventsSinceNumber", "http.eventsUntilNumber", "http.content", "http.content", "http"];
    assert_eq!(places(parse_events_query(query)), expected);
    let (many, long) = ("a=b&".repeat(100), "a".repeat(5000));
    for (query, place) in [
        ("eventsSinceNumber=3&eventsUntilNumber=2", "http"),
        ("eventsSinceNumber=%2B3", "http.eventsSinceNumber"),
        ("eventsSinceNumber", "http.eventsSinceNumber"),
        ("eventsUntilNumber=18446744073709551616", "http.eventsUntilNumber"),
        ("content=ID-ONLY", "http.content"),
        (many.as_str(), "http"),
        (long.as_str(), "http"),
    ] {
        assert_eq!(places(parse_events_query(query)), [place], "{query}");
    }
}

#[test]
fn every_fault_of_a_body_is_told() {
    let body = json!({ "resourceType": "Parameters", "parameter": [
        { "name": "eventsSinceNumber" },
        { "name": "eventsUntilNumber", "valueString": "x" },
        { "name": "content", "valueCode": ["empty"] },
        { "valueString": "1" },
        7,
    ] });
    let expected = [
        "Parameters.parameter[4]",
        "Parameters.parameter[0].value",
        "Parameters.parameter[1].valueString",
        "Parameters.parameter[2].valueCode",
        "Parameters.parameter[3].name",
    ];
    assert_eq!(places(parse_events_parameters(body.to_string().as_bytes())), expected);
    let other = r#"{"resourceType":"Bundle"}"#.as_bytes();
    assert_eq!(places(parse_events_parameters(other)), ["Parameters.resourceType"]);
    assert_eq!(places(parse_events_parameters(b"<Parameters/>")), ["Parameters"]);
}
