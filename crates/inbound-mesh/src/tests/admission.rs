//! Who is let in.

use super::*;

#[tokio::test]
async fn only_a_fresh_token_of_the_mailbox_in_the_path_lets_in() {
    let world = World::new().await;
    let now = world.clock.now();
    let signed = |mailbox: &str, at: Timestamp, key: &[u8], password: &str| {
        sign(
            &mailbox.parse().unwrap(),
            "another-nonce",
            u64::try_from(at.as_second()).unwrap() + password.len() as u64,
            at,
            key,
            password.as_bytes(),
        )
    };
    let late = |hours: i64| Timestamp::from_second(now.as_second() + hours * 3600).unwrap();
    let good = format!("password of {CAMDEN}");
    for (what, path, token, words) in [
        ("no token", CAMDEN, String::new(), "Error reading from Authorization header"),
        ("no MESH", CAMDEN, "Bearer x".to_owned(), "Error reading from Authorization header"),
        ("another's", CITY, signed(CAMDEN, now, KEY, &good), "Mailbox id does not match token"),
        ("password", CAMDEN, signed(CAMDEN, now, KEY, "wrong"), "Invalid Authentication Token"),
        ("key", CAMDEN, signed(CAMDEN, now, b"other", &good), "Invalid Authentication Token"),
        ("old", CAMDEN, signed(CAMDEN, late(-3), KEY, &good), "Invalid Authentication Token"),
        ("early", CAMDEN, signed(CAMDEN, late(3), KEY, &good), "Invalid Authentication Token"),
        ("unknown", "X26ABC1", signed("X26ABC1", now, KEY, &good), "No mailbox matched"),
        ("no password", "706OT001", signed("706OT001", now, KEY, &good), "No mailbox matched"),
    ] {
        let mut request = Request::builder().uri(format!("/messageexchange/{path}/inbox"));
        if !token.is_empty() {
            request = request.header("authorization", token);
        }
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 403, "{what}");
        let told = answer.json();
        assert_eq!(told["errorDescription"], words, "{what}: {told}");
    }
    for hours in [-1, 1] {
        let request = Request::builder().uri(format!("/messageexchange/{}/inbox", CAMDEN.to_lowercase()));
        let token = signed(CAMDEN, late(hours), KEY, &good);
        let answer = world.send(request.header("authorization", token).body(Body::empty()).unwrap()).await;
        is(&answer, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_token_is_used_once_unless_the_answer_asked_to_repeat_it() {
    let limits = Limits { memory_bytes: 1024 * 1024, wait: Duration::from_millis(10), ..Limits::default() };
    let settings = MailSettings { inbox_messages_max: 1, ..MailSettings::default() };
    let world = World::with(settings, limits).await;
    let send = async |token: &str, length: usize| {
        let request = Request::builder().method("POST").uri(format!("/messageexchange/{CAMDEN}/outbox"));
        let request = request.header("authorization", token).header("mex-to", CITY).header("mex-workflowid", "X");
        world.send(request.header("content-length", length).body(Body::from(vec![b'x'; length])).unwrap()).await
    };
    let first = world.token(CAMDEN);
    is(&send(&first, 3).await, StatusCode::ACCEPTED);
    is(&send(&first, 3).await, StatusCode::FORBIDDEN);
    // A full mailbox, and no room in memory: the same token is good again.
    for length in [3, 2 * 1024 * 1024] {
        let token = world.token(CAMDEN);
        let refused = send(&token, length).await;
        is(&refused, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.header("retry-after"), "2");
        let id = world.inbox(CITY).await.remove(0);
        world.ask(CITY, &format!("PUT /inbox/{id}/status/acknowledged"), &[], Body::empty()).await;
        is(&send(&token, 3).await, StatusCode::ACCEPTED);
        is(&send(&token, 3).await, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn who_says_hello_says_what_it_is() {
    let world = World::new().await;
    let hello = [("mex-clientversion", "Test 1.0"), ("mex-osname", "Linux"), ("mex-osversion", "6")];
    for method in ["POST", "GET"] {
        let answer = world.ask(CAMDEN, &format!("{method} "), &hello, Body::empty()).await;
        is(&answer, StatusCode::OK);
        assert_eq!(answer.json()["mailboxId"], CAMDEN);
    }
    let second = [hello[0], hello[1], hello[2], ("accept", V2)];
    let answer = world.ask(CAMDEN, "POST ", &second, Body::empty()).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let missing = world.ask(CAMDEN, "POST ", &hello[..1], Body::empty()).await;
    is(&missing, StatusCode::BAD_REQUEST);
    assert_eq!(missing.json()["detail"].as_array().unwrap().len(), 2);
    let update = world.ask(CAMDEN, "POST /update", &[], Body::empty()).await;
    assert_eq!((update.status, update.body.len()), (200, 0));
}

#[tokio::test]
async fn nobody_is_asked_who_they_are_for_liveness_and_addresses() {
    let world = World::new().await;
    let open = async |path: &str, accept: &str| {
        let request = Request::builder().uri(format!("/messageexchange/{path}")).header("accept", accept);
        world.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(open("_ping", "*/*").await.json()["status"], "running");
    let found = open("endpointlookup/702/LETTER", "*/*").await.json();
    assert_eq!(found["results"][0]["address"], CAMDEN);
    assert_eq!(found["results"][0]["endpoint_type"], "MESH");
    let found = open("endpointlookup/x26/CPIS_UPLOAD", V2).await.json();
    assert_eq!(found["results"][0]["mailbox_id"], "CPIS0HC001");
    assert_eq!(open("endpointlookup/X26/LETTER", V2).await.json()["results"].as_array().unwrap().len(), 0);
    let found = open("workflowsearch/CPIS_UPLOAD", "*/*").await.json();
    assert_eq!(found["results"][0]["mailbox_id"], "CPIS0HC001");
    is(&open("nothing/here/at/all", "*/*").await, StatusCode::NOT_FOUND);
    is(&open("_ping", "application/vnd.mesh.v0.1+json").await, StatusCode::BAD_REQUEST);
}
