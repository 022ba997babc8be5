//! What is asked of an inbox, the pages that answer, the smaller answers, and how a client reads them.

use super::{ID, mailbox, message, text};
use crate::answers::{FoundMailbox, acknowledged, chunk_sent, count, lookup, ping, sent, workflow_search};
use crate::handshake;
use crate::path;
use crate::received::{ANSWER_BYTES_MAX, InboxList, Refusal, TrackedMessage, sent_id};
use crate::{InboxPage, InboxQuery, Version};
use proptest::prelude::*;

const PLACE: &str = "20260314155901123456_0A1B2C";

#[test]
fn a_query_is_read_or_all_its_faults_are_told() {
    let long = "a".repeat(1001);
    let short = "a".repeat(23);
    for (pairs, expected) in [
        (vec![], Ok((500, None, None))),
        (vec![("max_results", "10"), ("other", "x")], Ok((10, None, None))),
        (vec![("max_results", "5000")], Ok((5000, None, None))),
        (vec![("continue_from", PLACE), ("workflow_filter", "!CPIS_*")], Ok((500, Some(PLACE), Some("!CPIS_*")))),
        (vec![("max_results", "9")], Err(vec!["max_results"])),
        (vec![("max_results", "5001")], Err(vec!["max_results"])),
        (vec![("max_results", "+10")], Err(vec!["max_results"])),
        (vec![("max_results", "")], Err(vec!["max_results"])),
        (vec![("max_results", "10"), ("max_results", "10")], Err(vec!["max_results"])),
        (vec![("continue_from", short.as_str())], Err(vec!["continue_from"])),
        (vec![("continue_from", long.as_str())], Err(vec!["continue_from"])),
        (vec![("continue_from", "20260314155901 123456_0A1B2C")], Err(vec!["continue_from"])),
        (vec![("workflow_filter", "W")], Err(vec!["workflow_filter"])),
        (
            vec![("workflow_filter", "a*b"), ("max_results", "x"), ("continue_from", "")],
            Err(vec!["workflow_filter", "max_results", "continue_from"]),
        ),
    ] {
        let read = InboxQuery::parse(pairs.clone());
        let seen = read.as_ref().map(|query| {
            let filter = query.filter.as_ref().map(ToString::to_string);
            (query.max_results, query.continue_from.clone(), filter)
        });
        let seen = seen.map_err(|faults| faults.iter().map(|fault| fault.parameter).collect::<Vec<_>>());
        let expected = expected
            .map(|(max, place, filter)| (max, place.map(str::to_owned), filter.map(|filter: &str| filter.to_owned())));
        assert_eq!(seen, expected, "{pairs:?}");
    }
}

#[test]
fn a_page_lists_ids_and_links_to_itself_and_to_the_next() {
    let own = mailbox("X26ABC2");
    let query = InboxQuery::parse([("max_results", "10"), ("workflow_filter", "!*A B*")]).unwrap();
    let messages = [message("id1"), message("id2")];
    let page = InboxPage { mailbox: &own, query: &query, messages: &messages, next: Some(PLACE), approx_count: 12 };
    assert_eq!(text(page.body(Version::V1)), r#"{"messages":["ID1","ID2"]}"#);
    let link = "/messageexchange/X26ABC2/inbox?max_results=10&workflow_filter=%21%2AA%20B%2A";
    let expected = format!(
        r#"{{"messages":["ID1","ID2"],"links":{{"self":"{link}","next":"{link}&continue_from={PLACE}"}},"approx_inbox_count":12}}"#
    );
    assert_eq!(text(page.body(Version::V2)), expected);
    for version in [Version::V1, Version::V2] {
        let list = InboxList::read(&page.body(version)).unwrap();
        assert_eq!(list.messages, messages);
        assert_eq!(list.next.is_some(), version == Version::V2);
    }
    let last = InboxPage { next: None, messages: &[], ..page };
    let expected = format!(r#"{{"messages":[],"links":{{"self":"{link}"}},"approx_inbox_count":12}}"#);
    assert_eq!(text(last.body(Version::V2)), expected);
    assert_eq!(InboxQuery::default().link(&own), "/messageexchange/X26ABC2/inbox?max_results=500");
}

#[test]
fn the_smaller_answers_are_as_described() {
    let (own, id) = (mailbox("X26ABC1"), message(ID));
    let found = [FoundMailbox { mailbox: mailbox("X2612345"), name: "a \"name\"".to_owned() }];
    let results = r#""results":[{"mailbox_id":"X2612345","mailbox_name":"a \"name\""}]"#;
    let endpoint = r#"{"address":"X2612345","description":"a \"name\"","endpoint_type":"MESH"}"#;
    for (body, expected) in [
        (ping(), r#"{"outcome":"Yes","status":"running"}"#.to_owned()),
        (count(Version::V1, 3, "R1"), r#"{"allResultsIncluded":true,"count":3,"internalID":"R1"}"#.to_owned()),
        (count(Version::V2, 3, "R1"), r#"{"count":3}"#.to_owned()),
        (handshake::body(Version::V1, &own), r#"{"mailboxId":"X26ABC1"}"#.to_owned()),
        (handshake::body(Version::V2, &own), String::new()),
        (sent(Version::V1, &id), format!(r#"{{"messageID":"{ID}"}}"#)),
        (sent(Version::V2, &id), format!(r#"{{"message_id":"{ID}"}}"#)),
        (chunk_sent(Version::V1, &id, 2), format!(r#"{{"blockID":2,"messageID":"{ID}"}}"#)),
        (chunk_sent(Version::V2, &id, 2), "null".to_owned()),
        (acknowledged(Version::V1, &id), format!(r#"{{"messageId":"{ID}"}}"#)),
        (acknowledged(Version::V2, &id), String::new()),
        (lookup(Version::V1, "Q1", &found), format!(r#"{{"query_id":"Q1","results":[{endpoint}]}}"#)),
        (lookup(Version::V2, "Q1", &found), format!("{{{results}}}")),
        (lookup(Version::V1, "Q1", &[]), r#"{"query_id":"Q1","results":[]}"#.to_owned()),
        (workflow_search(&found), format!("{{{results}}}")),
        (workflow_search(&[]), r#"{"results":[]}"#.to_owned()),
    ] {
        let same = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        let body = text(body);
        assert_eq!(same(&body), same(&expected), "{body}");
        assert_eq!(body.is_empty(), expected.is_empty());
    }
}

#[test]
fn paths_are_those_of_the_interface() {
    let (own, id) = (mailbox("X26ABC1"), message(ID));
    for (path, expected) in [
        (path::PING.to_owned(), "/messageexchange/_ping"),
        (path::handshake(&own), "/messageexchange/X26ABC1"),
        (path::inbox(&own), "/messageexchange/X26ABC1/inbox"),
        (path::message(&own, &id), "/messageexchange/X26ABC1/inbox/20260314155901123456_0A1B2C"),
        (path::chunk(&own, &id, 2), "/messageexchange/X26ABC1/inbox/20260314155901123456_0A1B2C/2"),
        (
            path::acknowledged(&own, &id),
            "/messageexchange/X26ABC1/inbox/20260314155901123456_0A1B2C/status/acknowledged",
        ),
        (path::outbox(&own), "/messageexchange/X26ABC1/outbox"),
        (path::outbox_chunk(&own, &id, 2), "/messageexchange/X26ABC1/outbox/20260314155901123456_0A1B2C/2"),
        (path::tracking(&own, &id), "/messageexchange/X26ABC1/outbox/tracking?messageID=20260314155901123456_0A1B2C"),
        (path::tracking_by_local_id(&own, "A/B ?é"), "/messageexchange/X26ABC1/outbox/tracking/A%2FB%20%3F%C3%A9"),
    ] {
        assert_eq!(path, expected);
    }
}

#[test]
fn a_client_reads_answers_and_is_not_led_astray() {
    assert_eq!(sent_id(br#"{"messageID":"a1"}"#), Ok(message("A1")));
    assert_eq!(sent_id(br#"{"message_id":"a1","more":1}"#), Ok(message("A1")));
    for bad in [&b""[..], b"null", b"{}", br#"{"messageID":1}"#, br#"{"messageID":"a b"}"#] {
        assert!(sent_id(bad).is_err());
    }
    for (next, is_good) in [
        ("/messageexchange/X26ABC1/inbox?continue_from=abc%3D", true),
        ("https://elsewhere.example/messageexchange/X/inbox", false),
        ("//elsewhere.example/messageexchange/X/inbox", false),
        ("/messageexchange.elsewhere.example/", false),
        ("/messageexchange/../other", false),
        ("/messageexchange/X inbox", false),
        ("@elsewhere.example", false),
        ("", false),
    ] {
        let body = format!(r#"{{"messages":[],"links":{{"next":"{next}"}}}}"#);
        assert_eq!(InboxList::read(body.as_bytes()).is_ok(), is_good, "{next}");
    }
    let without = InboxList { messages: vec![], next: None };
    assert_eq!(InboxList::read(br#"{"messages":[],"links":{"next":null}}"#), Ok(without));
    for bad in [&b"[]"[..], b"{}", br#"{"messages":"a"}"#, br#"{"messages":[1]}"#, br#"{"messages":["a b"]}"#] {
        assert!(InboxList::read(bad).is_err());
    }
    let large = format!(r#"{{"messages":[]{}}}"#, " ".repeat(ANSWER_BYTES_MAX));
    assert!(InboxList::read(large.as_bytes()).is_err());
    assert_eq!(Refusal::read(b"<html>").to_string(), "");
    let long = format!(r#"{{"message":"a\n{}"}}"#, "é".repeat(300));
    assert_eq!(Refusal::read(long.as_bytes()).text.chars().count(), 200);
    assert_eq!(Refusal::read(br#"{"errorCode":"12","errorDescription":"no"}"#).to_string(), "12: no");
}

proptest! {
    #[test]
    fn links_ask_the_same_again(max in 10u32..=5000, place in proptest::option::of("[!-~]{24,60}"), filter in proptest::option::of("!?[A-Z &=%#é]{2,20}\\*?")) {
        let max = max.to_string();
        let mut pairs = vec![("max_results", max.as_str())];
        pairs.extend(place.as_deref().map(|place| ("continue_from", place)));
        pairs.extend(filter.as_deref().map(|filter| ("workflow_filter", filter)));
        let query = InboxQuery::parse(pairs).unwrap();
        let link = query.link(&mailbox("X26ABC1"));
        let again = link.split_once('?').unwrap().1.split('&').map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (name, percent_encoding::percent_decode_str(value).decode_utf8().unwrap())
        });
        prop_assert_eq!(InboxQuery::parse(again), Ok(query));
    }
}

#[test]
fn where_a_message_stands_is_read_in_both_versions() {
    let read = |text: &str| TrackedMessage::read(text.as_bytes());
    for (body, id, is_whole) in [
        (r#"{"messageId":"a1","dtsId":"A1","status":"Acknowledged"}"#, Some("A1"), true),
        (r#"{"message_id":"A1","status":"accepted"}"#, Some("A1"), true),
        (r#"{"dtsId":"A1","status":"Undeliverable"}"#, Some("A1"), true),
        (r#"{"messageId":"A1","status":"Uploading"}"#, Some("A1"), false),
        (r#"{"messageId":"","status":"a new word"}"#, None, true),
    ] {
        let expected = TrackedMessage { id: id.map(message), is_whole };
        assert_eq!(read(body), Ok(expected), "{body}");
    }
    for body in ["", "{}", "[]", r#"{"status":1}"#, r#"{"messageId":"not an id","status":"Accepted"}"#] {
        assert!(read(body).is_err(), "{body}");
    }
}
