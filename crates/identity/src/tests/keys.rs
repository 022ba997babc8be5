//! Keys that come, go and cannot be had.

use super::*;
use cpis_testkit::issuer::{header, people};
use serde_json::json;

const DISCOVERY: &str = "/.well-known/openid-configuration";

fn claims(issuer: &Issuer) -> Value {
    issuer.complete(&people::clinician(&Register::built_in(), "RJ122", now()))
}

#[tokio::test]
async fn a_new_key_is_picked_up_when_a_token_names_it() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    assert!(ask(&verifier, &issuer.mint(&claims(&issuer)), now()).await.is_ok());
    issuer.rotate(fresh("two"));
    let token = issuer.mint(&claims(&issuer));
    assert_eq!(ask(&verifier, &token, after(9)).await.err(), Some(INVALID), "read less than ten seconds ago");
    assert!(ask(&verifier, &token, after(10)).await.is_ok());
}

#[tokio::test]
async fn a_withdrawn_key_stops_working_within_a_minute_even_for_remembered_tokens() {
    let (one, two) = (fresh("one"), fresh("two"));
    let issuer = issuer(vec![one.clone(), two]).await;
    let verifier = verifier(&issuer);
    assert!(verifier.refresh(now()).await);
    let token = one.sign(&header(&one), &claims(&issuer));
    assert!(ask(&verifier, &token, now()).await.is_ok());
    issuer.withdraw("one");
    assert!(ask(&verifier, &token, after(1)).await.is_ok(), "nobody has told us yet");
    // The binary refreshes every few seconds; the set is read again when it is refresh_seconds old.
    for seconds in (5..=60).step_by(5) {
        verifier.refresh(after(seconds)).await;
    }
    assert_eq!(ask(&verifier, &token, after(59)).await.err(), Some(INVALID));
    assert!(ask(&verifier, &issuer.mint(&claims(&issuer)), after(59)).await.is_ok(), "the other key works on");
}

#[tokio::test]
async fn the_last_key_can_be_withdrawn() {
    let one = fresh("one");
    let issuer = issuer(vec![one.clone()]).await;
    let verifier = verifier(&issuer);
    let token = one.sign(&header(&one), &claims(&issuer));
    assert!(ask(&verifier, &token, now()).await.is_ok());
    issuer.withdraw("one");
    assert!(verifier.refresh(after(30)).await, "an empty set is an answer");
    assert_eq!(ask(&verifier, &token, after(30)).await.err(), Some(INVALID));
}

#[tokio::test]
async fn refreshing_reads_only_when_it_is_time_to() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    for (seconds, requests) in [(0, 2), (5, 2), (29, 2), (30, 3), (59, 3), (60, 4), (-100, 5)] {
        assert!(verifier.refresh(after(seconds)).await);
        assert_eq!(issuer.requests(), requests, "at {seconds}; discovery is read once");
    }
}

#[tokio::test]
async fn while_no_key_was_ever_had_nobody_is_told_that_the_token_is_bad() {
    let issuer = issuer(vec![fresh("one")]).await;
    issuer.answer_instead(DISCOVERY, 503, "");
    let verifier = verifier(&issuer);
    let token = issuer.mint(&claims(&issuer));
    assert!(!verifier.refresh(now()).await);
    assert_eq!(ask(&verifier, &token, now()).await.err(), Some(IdentityError::Unavailable));
    assert_eq!(ask(&verifier, "a.b.c", now()).await.err(), Some(INVALID), "what is no token needs no key");
    issuer.answer_well(DISCOVERY);
    assert_eq!(ask(&verifier, &token, after(9)).await.err(), Some(IdentityError::Unavailable));
    assert!(ask(&verifier, &token, after(10)).await.is_ok());
}

#[tokio::test]
async fn an_issuer_that_does_not_run_is_away() {
    let issuer = issuer(vec![fresh("one")]).await;
    let (verifier, token) = (verifier(&issuer), issuer.mint(&claims(&issuer)));
    issuer.stop().await;
    assert_eq!(ask(&verifier, &token, now()).await.err(), Some(IdentityError::Unavailable));
}

#[tokio::test]
async fn known_keys_work_on_while_the_issuer_is_away_but_not_for_ever() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    assert!(verifier.refresh(now()).await);
    issuer.answer_instead("/jwks", 500, "");
    issuer.answer_instead(DISCOVERY, 500, "");
    let day = 24 * 3600;
    for (seconds, outcome) in [(3600, None), (day - 1, None), (day, Some(IdentityError::Unavailable))] {
        verifier.refresh(after(seconds)).await;
        let claims = put(&claims(&issuer), "exp", after(seconds + 600).as_second());
        assert_eq!(ask(&verifier, &issuer.mint(&claims), after(seconds)).await.err(), outcome, "{seconds}");
    }
    let forged = fresh("two").sign(&json!({"alg": "ES256", "typ": "JWT", "kid": "two"}), &claims(&issuer));
    assert_eq!(ask(&verifier, &forged, after(3600)).await.err(), Some(INVALID), "an unknown key is no outage");
}

#[tokio::test]
async fn documents_that_are_wrong_change_nothing() {
    let issuer = issuer(vec![fresh("one")]).await;
    let thief = fresh("thief");
    let url = issuer.url().to_owned();
    let well = issuer.discovery();
    let keys = json!({"keys": [thief.public()]});
    let many = json!({"keys": vec![thief.public(); 33]});
    let long = format!("{keys}{}", " ".repeat(256 * 1024));
    for (path, status, body) in [
        (DISCOVERY, 200, put(&well, "issuer", "https://other.example").to_string()),
        (DISCOVERY, 200, put(&well, "jwks_uri", "http://192.0.2.1/jwks").to_string()),
        (DISCOVERY, 200, put(&well, "jwks_uri", "http://127.0.0.1:1/jwks").to_string()),
        (DISCOVERY, 200, put(&well, "jwks_uri", url.replace("http://", "http://user@") + "x").to_string()),
        (DISCOVERY, 200, put(&well, "jwks_uri", "file:///etc/passwd").to_string()),
        (DISCOVERY, 200, without(&well, "jwks_uri").to_string()),
        (DISCOVERY, 200, "<html>".to_owned()),
        (DISCOVERY, 302, well.to_string()),
        (DISCOVERY, 404, well.to_string()),
        ("/jwks", 200, many.to_string()),
        ("/jwks", 200, long),
        ("/jwks", 200, "{\"keys\":[],\"keys\":[]}".to_owned()),
        ("/jwks", 200, "[]".to_owned()),
        ("/jwks", 307, keys.to_string()),
        ("/jwks", 500, keys.to_string()),
    ] {
        issuer.answer_instead(path, status, body.clone());
        let verifier = verifier(&issuer);
        assert!(!verifier.refresh(now()).await, "{path} {status} {body:.200}");
        let token = thief.sign(&header(&thief), &claims(&issuer));
        assert_eq!(ask(&verifier, &token, now()).await.err(), Some(IdentityError::Unavailable));
        issuer.answer_well(path);
        assert!(verifier.refresh(after(1)).await);
        assert_eq!(ask(&verifier, &token, after(1)).await.err(), Some(INVALID));
    }
}

#[tokio::test]
async fn keys_may_lie_where_the_operator_says() {
    let (issuer, keys) = (issuer(vec![fresh("one")]).await, issuer(vec![fresh("two")]).await);
    let text = DEFAULT_MAPPING.replacen("https://issuer.example/oidc", issuer.url(), 1);
    let mapping = Mapping::parse(&text.replacen(
        "# jwks_uri = \"https://keys.issuer.example/jwks\"",
        &format!("jwks_uri = \"{}/jwks\"", keys.url()),
        1,
    ))
    .unwrap();
    let source = KeySource::published(&mapping).unwrap();
    let verifier = Verifier::new(vec![(mapping, source)], register()).unwrap();
    let claims = claims(&issuer);
    assert!(ask(&verifier, &keys.mint(&claims), now()).await.is_ok());
    assert_eq!(ask(&verifier, &issuer.mint(&claims), now()).await.err(), Some(INVALID));
    assert_eq!(issuer.requests(), 0, "the issuer itself need not be asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_unknown_keys_at_once_are_one_reading() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = Arc::new(verifier(&issuer));
    assert!(verifier.refresh(now()).await);
    issuer.rotate(fresh("two"));
    let token = issuer.mint(&claims(&issuer));
    let asked: Vec<_> = (0..50)
        .map(|_| {
            let (verifier, token) = (verifier.clone(), token.clone());
            tokio::spawn(async move { ask(&verifier, &token, after(10)).await.is_ok() })
        })
        .collect();
    for answer in asked {
        assert!(answer.await.unwrap());
    }
    assert_eq!(issuer.requests(), 4, "two for the first reading, two for the second");
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_stop_the_reading() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    let token = issuer.mint(&claims(&issuer));
    {
        let mut asked = std::pin::pin!(ask(&verifier, &token, now()));
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(asked.as_mut().poll(context))).await;
        assert!(polled.is_pending());
    }
    assert!(ask(&verifier, &token, after(1)).await.is_ok(), "the reading that was begun is waited for");
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn each_issuer_speaks_for_itself_only() {
    let (one, other) = (issuer(vec![fresh("k")]).await, issuer(vec![fresh("k")]).await);
    let entry = |issuer: &Issuer| {
        let mapping = Mapping::standard(issuer.url(), AUDIENCE, clients()).unwrap();
        let source = KeySource::published(&mapping).unwrap();
        (mapping, source)
    };
    let verifier = Verifier::new(vec![entry(&one), entry(&other)], register()).unwrap();
    for issuer in [&one, &other] {
        assert!(ask(&verifier, &issuer.mint(&claims(issuer)), now()).await.is_ok());
    }
    assert_eq!(ask(&verifier, &one.mint(&claims(&other)), now()).await.err(), Some(INVALID));
}

#[tokio::test]
async fn faults_between_mappings_and_register_are_named() {
    let issuer = issuer(vec![fresh("one")]).await;
    let mapping = |client: Vec<Client>| Mapping::standard(issuer.url(), AUDIENCE, client).unwrap();
    let fixed = || KeySource::fixed(&issuer.jwks().to_string()).unwrap();
    let other = Mapping::standard("https://other.example", AUDIENCE, Vec::new()).unwrap();
    let stray = Client { id: "stray".to_owned(), organisation: "RJ1".to_owned(), authority: true };
    let named = |issuers: Vec<(Mapping, KeySource)>| Verifier::new(issuers, register()).err().unwrap().to_string();
    assert!(named(Vec::new()).contains("no issuer"));
    assert!(named(vec![(mapping(Vec::new()), fixed()), (mapping(Vec::new()), fixed())]).contains("stands twice"));
    assert!(named(vec![(mapping(Vec::new()), KeySource::published(&other).unwrap())]).contains("another issuer"));
    assert!(named(vec![(mapping(vec![stray]), fixed())]).contains("does not hold as an authority"));
    assert!(KeySource::fixed("{}").is_err());
}
