//! The issuer ends a session: messages of the back channel, good and forged, and the page of the issuer's own.

use super::*;
use crate::{LogoutOf, SignIns};
use SignInError::{Again, Forged};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn the_issuer_tells_us_and_we_know_whose_session_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (issuer, client_key) = (issuer(vec![fresh("one")]).await, fresh("client-1"));
    let address = format!("http://{}/sign-out/back-channel", listener.local_addr().unwrap());
    issuer.register_browser_client(browser_client(&client_key, Some(address)));
    issuer.admit(people::ready(&Register::built_in(), PLACES, now()));
    let sign_in = sign_in(&issuer, &client_key);
    let begun = begin(&sign_in, 1).await;
    let signed_in = finish(&sign_in, &begun.pending, &go(&begun.location, "operator").await, now()).await.unwrap();
    let sid = signed_in.sid.unwrap();
    let heard = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = String::new();
        while !request.contains("logout_token=") || !request.contains("\r\n\r\n") {
            let mut part = [0; 4096];
            let length = stream.read(&mut part).await.unwrap();
            request.push_str(std::str::from_utf8(&part[..length]).unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await.unwrap();
        request.split_once("logout_token=").unwrap().1.to_owned()
    };
    let (status, token) = tokio::join!(issuer.log_out(&sid), heard);
    assert_eq!(status, Some(200));
    let sign_ins = SignIns::new(vec![sign_in]).unwrap();
    let ended = sign_ins.log_out(token.as_bytes(), now()).await.unwrap();
    assert_eq!((ended.issuer.as_str(), ended.sid.as_ref()), (issuer.url(), Some(&sid)));
    assert_eq!((ended.subject, ended.expires), (Some(signed_in.subject), after(150)));
    assert_eq!(issuer.log_out(&sid).await, None, "it has ended");
    assert_eq!(SignIns::default().log_out(token.as_bytes(), now()).await, Err(Forged("issuer")));
}

#[tokio::test]
async fn a_message_that_says_anything_else_is_refused() {
    let world = World::new().await;
    let sid = world.enter("operator").await.unwrap().sid.unwrap();
    let good = world.issuer.logout_claims(&sid).unwrap();
    let event = "http://schemas.openid.net/event/backchannel-logout";
    let second = |offset: i64| json!(now().as_second() + offset);
    let read = async |claims: &Value, at: Timestamp| {
        let token = world.key.sign(&with(&header(&world.key), "typ", "logout+jwt"), claims);
        world.sign_in.log_out(token.as_bytes(), at).await
    };
    for (claim, value, expected) in [
        ("nonce", json!("n"), Forged("event")),
        ("nonce", json!(1), Forged("event")),
        ("events", json!(null), Forged("event")),
        ("events", json!({}), Forged("event")),
        ("events", json!([event]), Forged("event")),
        ("events", json!({event: true}), Forged("event")),
        ("iss", json!("https://other.example"), Forged("issuer")),
        ("aud", json!("another client"), Forged("audience")),
        ("aud", json!(null), Forged("audience")),
        ("iat", json!(null), Forged("times")),
        ("iat", json!("now"), Forged("times")),
        ("iat", second(31), Again("early")),
        ("iat", second(-631), Again("expired")),
        ("exp", second(-30), Again("expired")),
        ("exp", json!("soon"), Forged("times")),
        ("jti", json!(null), Forged("claims")),
        ("jti", json!(""), Forged("claims")),
        ("jti", json!(1), Forged("claims")),
        ("sid", json!(["a"]), Forged("claims")),
        ("sub", json!("a b"), Forged("claims")),
    ] {
        assert_eq!(read(&with(&good, claim, value.clone()), now()).await, Err(expected), "{claim} {value}");
    }
    let nobody = with(&with(&good, "sid", Value::Null), "sub", Value::Null);
    assert_eq!(read(&nobody, now()).await, Err(Forged("claims")));
    for name in ["sid", "sub", "exp"] {
        let LogoutOf { sid, subject, expires, .. } = read(&with(&good, name, Value::Null), now()).await.unwrap();
        assert!(sid.is_some() || subject.is_some());
        assert_eq!(expires, after(if name == "exp" { 630 } else { 150 }), "{name}");
    }
    // The same message again: its id is the same until it is refused for its age.
    let (one, again) = (read(&good, now()).await.unwrap(), read(&good, after(149)).await.unwrap());
    assert_eq!((one.jti == again.jti, one.expires), (true, again.expires));
    assert_eq!(read(&good, again.expires).await, Err(Again("expired")));
}

#[tokio::test]
async fn other_tokens_end_no_session() {
    let world = World::new().await;
    let sid = world.enter("operator").await.unwrap().sid.unwrap();
    let good = world.issuer.logout_claims(&sid).unwrap();
    let (key, stranger) = (&world.key, fresh("one"));
    for (token, expected) in [
        (stranger.sign(&header(&stranger), &good), Forged("signature")),
        (key.sign(&with(&header(key), "typ", "at+jwt"), &good), Forged("type")),
        (key.sign(&with(&header(key), "alg", "HS256"), &good), Forged("algorithm")),
        (key.sign(&with(&header(key), "alg", "none"), &good), Forged("algorithm")),
        (world.issuer.mint(&people::operator(&Register::built_in(), "RJ122", now())), Forged("audience")),
        (String::new(), Forged("form")),
        ("a".repeat(crate::TOKEN_BYTES_MAX + 1), Forged("size")),
    ] {
        assert_eq!(world.sign_in.log_out(token.as_bytes(), now()).await, Err(expected), "{token:.60}");
    }
    // And a message signs nobody in.
    let message = key.sign(&header(key), &with(&good, "at_hash", Value::Null));
    world.issuer.write_id_tokens_by(move |_| message.clone());
    assert_eq!(world.enter("operator").await, Err(Forged("nonce")));
}

#[tokio::test]
async fn the_page_that_ends_the_issuers_session_names_nobody() {
    let world = World::new().await;
    let signed_in = world.enter("operator").await.unwrap();
    let back = Url::parse(BACK).unwrap();
    let url = world.sign_in.end_session_url(signed_in.sid.as_deref(), Some(&back), now()).await.unwrap();
    assert!(!url.as_str().contains(&signed_in.subject));
    assert_eq!(open(url).await.1, BACK);
    assert_eq!(world.issuer.logout_claims(&signed_in.sid.unwrap()), None);
    let elsewhere = Url::parse("https://evil.example/").unwrap();
    let url = world.sign_in.end_session_url(None, Some(&elsewhere), now()).await.unwrap();
    assert_eq!(open(url).await.0, 200, "not sent elsewhere");
}
