//! Attacks on a sign-in, each with the word that it leaves in the metrics.

use super::*;
use SignInError::{Again, Away, Forged, NotAllowed};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

type Write = Box<dyn Fn(&Value) -> String + Send + Sync>;

#[tokio::test]
async fn an_id_token_that_says_anything_else_is_refused() {
    let world = World::new().await;
    for (claim, value, expected) in [
        ("nonce", json!("of an earlier sign-in"), Forged("nonce")),
        ("nonce", json!(null), Forged("nonce")),
        ("nonce", json!(1), Forged("nonce")),
        ("iss", json!("https://other.example"), Forged("issuer")),
        ("iss", json!(null), Forged("issuer")),
        ("aud", json!("another client"), Forged("audience")),
        ("aud", json!(AUDIENCE), Forged("audience")),
        ("aud", json!(null), Forged("audience")),
        ("aud", json!([]), Forged("audience")),
        ("azp", json!("another client"), Forged("audience")),
        ("azp", json!(["another client"]), Forged("audience")),
        ("exp", json!(now().as_second() - 31), Again("expired")),
        ("exp", json!(null), Forged("times")),
        ("exp", json!("never"), Forged("times")),
        ("exp", json!(now().as_millisecond()), Forged("times")),
        ("iat", json!(null), Forged("times")),
        ("iat", json!(now().as_second() + 31), Again("early")),
        ("nbf", json!(now().as_second() + 31), Again("early")),
        ("at_hash", json!("77QmUPtjPfzWtF2AnpK9RQ"), Forged("access-token")),
        ("at_hash", json!(1), Forged("access-token")),
        ("acr", json!("AAL1_USERPASS"), NotAllowed("assurance")),
        ("authentication_assurance_level", json!(1), NotAllowed("assurance")),
        ("authentication_assurance_level", json!("high"), NotAllowed("assurance")),
        ("id_assurance_level", json!("2"), NotAllowed("assurance")),
        ("selected_roleid", json!("999"), NotAllowed("selected-invalid")),
        ("selected_roleid", json!(1), NotAllowed("selected-invalid")),
        ("nhsid_nrbac_roles", json!([]), NotAllowed("roles-none")),
        ("nhsid_nrbac_roles", json!({}), NotAllowed("roles-invalid")),
        ("sub", json!("555000000000"), Forged("userinfo-subject")),
        ("sub", json!(null), Forged("userinfo-subject")),
    ] {
        world.bend(claim, value.clone());
        assert_eq!(world.enter("emergency-nurse").await, Err(expected), "{claim} {value}");
    }
    for (claim, value) in [
        ("azp", json!(null)),
        ("at_hash", json!(null)),
        ("acr", json!(null)),
        ("aud", json!([CLIENT])),
        ("aud", json!([CLIENT, "another client"])),
    ] {
        world.bend(claim, value.clone());
        assert!(world.enter("emergency-nurse").await.is_ok(), "{claim} {value}");
    }
    let key = world.key.clone();
    let several = move |claims: &Value| {
        let claims = with(&with(claims, "azp", Value::Null), "aud", json!([CLIENT, "another client"]));
        key.sign(&header(&key), &claims)
    };
    world.issuer.write_id_tokens_by(several);
    assert_eq!(world.enter("emergency-nurse").await, Err(Forged("audience")), "several audiences, none authorised");
}

#[tokio::test]
async fn a_signature_that_is_not_the_issuers_is_refused() {
    let world = World::new().await;
    let (key, stranger) = (world.key.clone(), fresh("one"));
    let unsigned = |header: Value, claims: &Value, signature: &str| {
        let [header, claims] = [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        format!("{header}.{claims}.{signature}")
    };
    let (one, two, three, four) = (key.clone(), key.clone(), key.clone(), key);
    let writers: [(Write, SignInError); 9] = [
        (Box::new(move |claims| stranger.sign(&header(&stranger), claims)), Forged("signature")),
        (Box::new(move |claims| unsigned(json!({"alg": "none", "typ": "JWT"}), claims, "AA")), Forged("algorithm")),
        (Box::new(move |claims| unsigned(json!({"alg": "none", "typ": "JWT"}), claims, "")), Forged("signature")),
        (
            Box::new(move |claims| unsigned(json!({"alg": "HS256", "typ": "JWT", "kid": "one"}), claims, "AAAA")),
            Forged("algorithm"),
        ),
        (Box::new(move |claims| one.sign(&with(&header(&one), "kid", "another"), claims)), Forged("key")),
        (Box::new(move |claims| two.sign(&with(&header(&two), "typ", "logout+jwt"), claims)), Forged("type")),
        (Box::new(move |claims| three.sign(&with(&header(&three), "typ", "at+jwt"), claims)), Forged("type")),
        (
            Box::new(move |claims| four.sign(&with(&header(&four), "jku", "https://a.example"), claims)),
            Forged("header"),
        ),
        (Box::new(|_| "a.b".to_owned()), Forged("form")),
    ];
    for (write, expected) in writers {
        world.issuer.write_id_tokens_by(write);
        assert_eq!(world.enter("emergency-nurse").await, Err(expected));
    }
}

#[tokio::test]
async fn an_id_token_of_an_earlier_sign_in_is_refused() {
    let world = World::new().await;
    let kept = Arc::new(std::sync::OnceLock::new());
    let (key, seen) = (world.key.clone(), kept.clone());
    // A hostile network gives everybody the token of the first; its access token is not theirs either.
    world.issuer.write_id_tokens_by(move |claims| {
        let claims = with(claims, "at_hash", Value::Null);
        seen.get_or_init(|| key.sign(&header(&key), &claims)).clone()
    });
    assert!(world.enter("emergency-nurse").await.is_ok());
    let victim = world.begin(9).await;
    let query = go(&victim.location, "emergency-nurse").await;
    assert_eq!(world.finish(&victim.pending, &query).await, Err(Forged("nonce")));
}

#[tokio::test]
async fn a_return_that_belongs_to_another_sign_in_is_refused() {
    let world = World::new().await;
    let (ours, theirs) = (world.begin(1).await, world.begin(9).await);
    let (our_query, their_query) =
        (go(&ours.location, "emergency-nurse").await, go(&theirs.location, "operator").await);
    assert_eq!(world.finish(&ours.pending, &their_query).await, Err(Forged("state")), "another's code slipped in");
    // The attacker's code under our state: PKCE binds it to the attacker's browser.
    let code = |query: &str| query.split('&').find(|pair| pair.starts_with("code=")).unwrap().to_owned();
    let mixed = our_query.replace(&code(&our_query), &code(&their_query));
    assert_eq!(world.finish(&ours.pending, &mixed).await, Err(Again("code-refused")));
    assert!(world.finish(&ours.pending, &our_query).await.is_ok());
    let again = finish(&world.sign_in, &ours.pending, &our_query, after(1)).await;
    assert_eq!(again, Err(Again("code-refused")), "a code is good once");
}

#[tokio::test]
async fn mixed_up_issuers_are_refused_before_the_code_is_sent_anywhere() {
    let (honest, hostile) = (World::new().await, World::new().await);
    let ours = honest.begin(1).await;
    let mut elsewhere = Url::parse(&format!("{}/oauth2/authorize", hostile.issuer.url())).unwrap();
    elsewhere.set_query(ours.location.query());
    let query = go(&elsewhere, "emergency-nurse").await;
    let requests = (honest.issuer.requests(), hostile.issuer.requests());
    assert_eq!(honest.finish(&ours.pending, &query).await, Err(Forged("mixed-up")));
    assert_eq!(hostile.finish(&ours.pending, &query).await, Err(Forged("mixed-up")));
    let unnamed = query.split('&').filter(|pair| !pair.starts_with("iss=")).collect::<Vec<_>>().join("&");
    assert_eq!(honest.finish(&ours.pending, &unnamed).await, Err(Forged("mixed-up")));
    // Two readings of a discovery document at most, and no code.
    assert!(honest.issuer.requests() - requests.0 <= 1 && hostile.issuer.requests() - requests.1 <= 1);
}

#[tokio::test]
async fn userinfo_counts_only_for_the_person_of_the_id_token() {
    let world = World::new().await;
    for (name, value, expected) in [
        ("sub", json!("555000000000"), Forged("userinfo-subject")),
        ("sub", json!(null), Forged("userinfo-subject")),
        ("nhsid_nrbac_roles", json!(null), NotAllowed("roles-none")),
        ("nhsid_nrbac_roles", json!([{"person_roleid": "1"}]), NotAllowed("roles-invalid")),
        ("site_code", json!("?"), Forged("claims")),
    ] {
        let of = value.clone();
        world.issuer.bend_userinfo_by(move |claims| with(claims, name, of.clone()));
        let outcome = world.enter("duty-worker").await;
        assert_eq!(outcome, Err(expected), "{name} {value}");
    }
    // What is signed stands, whatever user info says.
    world.issuer.bend_userinfo_by(|claims| with(claims, "authentication_assurance_level", 3));
    world.bend("authentication_assurance_level", 1);
    assert_eq!(world.enter("emergency-nurse").await, Err(NotAllowed("assurance")));
    world.bend("acr", "AAL3_ANY");
    world.issuer.bend_userinfo_by(|claims| {
        let roles = vec![claims["nhsid_nrbac_roles"][0].clone(); 101];
        with(claims, "nhsid_nrbac_roles", roles)
    });
    assert_eq!(world.enter("emergency-nurse").await, Err(NotAllowed("roles-many")));
    world.issuer.bend_userinfo_by(|claims| {
        let roles = vec![claims["nhsid_nrbac_roles"][0].clone(); 2];
        with(claims, "nhsid_nrbac_roles", roles)
    });
    assert_eq!(world.enter("emergency-nurse").await, Err(NotAllowed("roles-invalid")), "one id, two roles");
}

#[tokio::test]
async fn an_issuer_that_answers_nonsense_is_away() {
    let world = World::new().await;
    let long = format!("{{\"id_token\":\"{}\"}}", "a".repeat(300 * 1024));
    for (path, status, body, expected) in [
        ("/oauth2/token", 500, "", Away("token-endpoint")),
        ("/oauth2/token", 302, "", Away("token-endpoint")),
        ("/oauth2/token", 200, "", Away("token-answer")),
        ("/oauth2/token", 200, "{\"id_token\":\"a.b.c\"}", Away("token-answer")),
        (
            "/oauth2/token",
            200,
            "{\"id_token\":\"a.b.c\",\"access_token\":\"x\",\"token_type\":\"MAC\"}",
            Away("token-answer"),
        ),
        ("/oauth2/token", 200, &long, Away("token-endpoint")),
        ("/oauth2/token", 401, "{\"error\":\"invalid_client\"}", Away("client-refused")),
        ("/oauth2/token", 400, "{\"error\":\"invalid_grant\"}", Again("code-refused")),
        ("/oauth2/userinfo", 500, "", Away("userinfo")),
        ("/oauth2/userinfo", 200, "[]", Away("userinfo")),
        ("/oauth2/userinfo", 200, "{\"sub\":\"1\",\"sub\":\"2\"}", Away("userinfo")),
        ("/oauth2/userinfo", 200, &long, Away("userinfo")),
    ] {
        world.issuer.answer_instead(path, status, body);
        let before = world.issuer.requests();
        assert_eq!(world.enter("emergency-nurse").await, Err(expected), "{path} {status} {body:.60}");
        assert!(world.issuer.requests() - before <= 5, "nothing is tried twice");
        world.issuer.answer_well(path);
    }
    assert!(world.enter("emergency-nurse").await.is_ok());
}

#[tokio::test]
async fn a_client_without_its_key_gets_nothing() {
    let world = World::new().await;
    let begun = world.begin(1).await;
    let query = go(&begun.location, "emergency-nurse").await;
    let thief = sign_in(&world.issuer, &fresh("client-1"));
    assert_eq!(finish(&thief, &begun.pending, &query, now()).await, Err(Away("client-refused")));
    assert!(world.finish(&begun.pending, &query).await.is_ok(), "the code is still ours");
}
