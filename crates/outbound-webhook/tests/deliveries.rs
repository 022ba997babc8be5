//! What endpoints do with a delivery, over sockets, and what the caller is told.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod world;

use bytes::Bytes;
use cpis_outbound_webhook::{ANSWER_BYTES_MAX, BODY_BYTES_MAX, Delivered, Delivery, WebhookFault, Why};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use std::time::Duration;
use tokio::net::TcpListener;
use world::*;

fn retry(after: Option<u64>, why: Why) -> Result<Delivered, WebhookFault> {
    Err(WebhookFault::Retry { after: after.map(Duration::from_secs), why })
}

#[tokio::test]
async fn a_delivery_is_signed_and_has_its_id_and_the_subscribers_headers() {
    let endpoint = Endpoint::plain(status("202 Accepted")).await;
    let headers = [("Authorization".to_owned(), "Bearer a".to_owned()), ("X-Key".to_owned(), "b".to_owned())];
    let url = endpoint.url();
    let delivery = Delivery { headers: &headers, ..delivery(&url) };
    assert_eq!(post(&plain(), &delivery).await, Ok(Delivered { status: 202 }));
    let requests = endpoint.requests();
    let request = &requests[0];
    assert!(request.head.starts_with("POST /notify?of=la HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.body, delivery.body);
    for (name, value) in [
        ("host", endpoint.address.to_string().as_str()),
        ("content-type", "application/fhir+json"),
        ("content-length", "25"),
        ("cpis-delivery", "3a7d7d0c-5bfb-4d41-9c54-7a1b1d6e9a20"),
        ("authorization", "Bearer a"),
        ("x-key", "b"),
    ] {
        assert_eq!(request.header(name), [value], "{name}");
    }
    // As a subscriber checks it.
    let signature = request.header("cpis-signature");
    let (time, hash) = signature[0].strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).unwrap();
    assert_eq!(time.parse::<i64>(), Ok(at().as_second()));
    let signed = [format!("{time}.{}.", request.header("cpis-delivery")[0]).as_bytes(), &request.body].concat();
    let expected = crypto::sign(&signed, &EncodingKey::from_secret(SECRET), Algorithm::HS256).unwrap();
    assert_eq!(HEXLOWER.decode(hash.as_bytes()), BASE64URL_NOPAD.decode(expected.as_bytes()));
}

#[tokio::test]
async fn a_status_is_told_by_what_to_do_next() {
    for (behaviour, expected) in [
        (status("200 OK"), Ok(Delivered { status: 200 })),
        (status("204 No Content"), Ok(Delivered { status: 204 })),
        (status("410 Gone"), Err(WebhookFault::Gone)),
        (status("429 Too Many\r\nRetry-After: 7"), retry(Some(7), Why::Status(429))),
        (status("503 Busy\r\nRetry-After: Fri, 20 Feb 2026 21:48:03 GMT"), retry(Some(60), Why::Status(503))),
        (status("503 Busy\r\nRetry-After: 86400"), retry(Some(3600), Why::Status(503))),
        (status("503 Busy\r\nRetry-After: soon"), retry(None, Why::Status(503))),
        (status("500 Oh\r\nRetry-After: 7"), retry(None, Why::Status(500))),
        (status("404 Not Found"), retry(None, Why::Status(404))),
        (status("400 Bad Request"), Err(WebhookFault::GiveUp(Why::Status(400)))),
        (Behaviour::Says(String::new()), retry(None, Why::CutOff)),
        (Behaviour::Says("nonsense\r\n\r\n".to_owned()), retry(None, Why::CutOff)),
        (Behaviour::Says("HTTP/1.1 200".to_owned()), retry(None, Why::CutOff)),
    ] {
        let endpoint = Endpoint::plain(behaviour.clone()).await;
        assert_eq!(post(&plain(), &delivery(&endpoint.url())).await, expected, "{behaviour:?}");
        assert_eq!(endpoint.requests().len(), 1, "{behaviour:?}: nothing is sent twice by itself");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Endpoint::plain(status("200 OK")).await;
    for code in [301, 302, 303, 307, 308] {
        let redirect = format!("{code} Elsewhere\r\nLocation: {}", other.url());
        let endpoint = Endpoint::plain(status(&redirect)).await;
        let told = post(&plain(), &delivery(&endpoint.url())).await;
        assert_eq!(told, Err(WebhookFault::GiveUp(Why::Status(code))));
    }
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn an_endpoint_that_is_slow_with_its_answer_is_left() {
    for behaviour in [
        Behaviour::Silent,
        Behaviour::Drips("HTTP/1.1 200 OK\r\nX-Long: "),
        Behaviour::Drips("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 "),
    ] {
        let endpoint = Endpoint::plain(behaviour.clone()).await;
        let url = endpoint.url();
        let delivery = Delivery { timeout: Duration::from_millis(300), ..delivery(&url) };
        let told = post(&plain(), &delivery).await;
        // What drips may stop being HTTP before the time is over.
        assert!([retry(None, Why::TooSlow), retry(None, Why::CutOff)].contains(&told), "{behaviour:?} {told:?}");
        assert!(told == retry(None, Why::TooSlow) || matches!(behaviour, Behaviour::Drips(_)), "{told:?}");
        endpoint.all_closed().await;
    }
}

#[tokio::test]
async fn the_status_decides_whatever_the_body_does() {
    for behaviour in [
        Behaviour::Drips("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
        Behaviour::Drips("HTTP/1.1 200 OK\r\n\r\n"),
        Behaviour::Says("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nten bytes.".to_owned()),
        Behaviour::Says("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nten bytes.".to_owned()),
        Behaviour::Says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense".to_owned()),
    ] {
        let endpoint = Endpoint::plain(behaviour.clone()).await;
        let url = endpoint.url();
        let delivery = Delivery { timeout: Duration::from_millis(300), ..delivery(&url) };
        assert_eq!(post(&plain(), &delivery).await, Ok(Delivered { status: 200 }), "{behaviour:?}");
        endpoint.all_closed().await;
    }
}

#[tokio::test]
async fn of_a_gigabyte_little_is_read() {
    for (start, expected) in [
        ("HTTP/1.1 200 OK\r\n\r\n", Ok(Delivered { status: 200 })),
        ("HTTP/1.1 500 No\r\nContent-Length: 1073741824\r\n\r\n", retry(None, Why::Status(500))),
    ] {
        let endpoint = Endpoint::plain(Behaviour::Floods(start)).await;
        assert_eq!(post(&plain(), &delivery(&endpoint.url())).await, expected);
        endpoint.all_closed().await;
        // The rest lay in the buffers of the sockets.
        assert!(endpoint.sent() < ANSWER_BYTES_MAX + (64 << 20), "{}", endpoint.sent());
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_sent() {
    let endpoint = Endpoint::plain(status("200 OK")).await;
    let url = endpoint.url();
    let one = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    for headers in [
        one("Host", "la.example.org"),
        one("content-length", "1"),
        one("Transfer-Encoding", "chunked"),
        one("Connection", "upgrade"),
        one("Proxy-Authorization", "x"),
        one("CPIS-Signature", "t=1,v1=00"),
        one("Cpis-Delivery", "1"),
        one("X Key", "v"),
        one("X-Key", "a\r\nHost: b"),
        [one("X-Key", "a"), one("x-key", "b")].concat(),
    ] {
        let delivery = Delivery { headers: &headers, ..delivery(&url) };
        assert_eq!(post(&plain(), &delivery).await, Err(WebhookFault::GiveUp(Why::Header)), "{headers:?}");
    }
    for (delivery, why) in [
        (Delivery { secret: b"short", ..delivery(&url) }, Why::Secret),
        (Delivery { body: Bytes::from(vec![0; BODY_BYTES_MAX + 1]), ..delivery(&url) }, Why::TooLong),
        (Delivery { content_type: "text/plain\n", ..delivery(&url) }, Why::Header),
        (delivery("http://la.example.org/secret"), Why::NotHttps),
        (delivery("secret"), Why::Address),
    ] {
        let fault = post(&plain(), &delivery).await.unwrap_err();
        assert_eq!(fault, WebhookFault::GiveUp(why));
        assert!(!format!("{fault} {fault:?}").contains("secret") || why == Why::Secret);
    }
    assert_eq!(endpoint.connections(), 0);
    let largest = Delivery { body: Bytes::from(vec![0; BODY_BYTES_MAX]), ..delivery(&url) };
    assert!(post(&plain(), &largest).await.is_ok());
}

#[tokio::test]
async fn nobody_at_the_other_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(post(&plain(), &delivery(&url)).await, retry(None, Why::NoConnection));
}
