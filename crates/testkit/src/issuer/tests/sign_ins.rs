//! The issuer is as strict with its clients as the service is with it.

use super::*;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const BACK: &str = "https://viewer.example/back";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const ASSERTION_TYPE: &str = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";

async fn ready() -> (Issuer, SigningKey) {
    let (issuer, key) = (started().await, SigningKey::fresh("client-1", &mut rand::rng()));
    issuer.register_browser_client(BrowserClient {
        id: "viewer".to_owned(),
        redirects: vec![BACK.to_owned()],
        key: key.public().clone(),
        back_channel: None,
    });
    let places = people::Places { hospital: "RJ122", second: "RJ1E7", scheduled: "RP4", authority: "702" };
    issuer.admit(people::ready(&Register::built_in(), places, now()));
    (issuer, key)
}

/// A good request with one parameter changed; an empty value takes it away.
fn request(change: (&str, &str)) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let word = "a".repeat(43);
    let good = [
        ("response_type", "code"),
        ("client_id", "viewer"),
        ("redirect_uri", "https%3A%2F%2Fviewer.example%2Fback"),
        ("scope", "openid+profile"),
        ("state", &word),
        ("nonce", &word),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("login_hint", "operator"),
    ];
    let changed = good.map(|(name, value)| (name, if name == change.0 { change.1 } else { value }));
    let pairs = changed.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={value}"));
    format!("GET /oauth2/authorize?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// Status and `Location`.
async fn visit(issuer: &Issuer, line: &str) -> (u16, Option<String>) {
    let mut stream = TcpStream::connect(issuer.address()).await.unwrap();
    stream.write_all(format!("{line} HTTP/1.1\r\nHost: issuer\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
    (answer[9..12].parse().unwrap(), location.map(str::to_owned))
}

async fn code(issuer: &Issuer) -> String {
    let (_, location) = visit(issuer, &request(("", ""))).await;
    location.unwrap().split_once("code=").unwrap().1.split('&').next().unwrap().to_owned()
}

fn assertion(issuer: &Issuer, key: &SigningKey, id: &str, change: (&str, Value)) -> String {
    let claims = json!({
        "iss": "viewer",
        "sub": "viewer",
        "aud": format!("{}/oauth2/token", issuer.url()),
        "jti": id,
        "exp": now().as_second() + 120,
    });
    key.sign(&header(key), &with(&claims, change.0, change.1))
}

async fn redeem(issuer: &Issuer, code: &str, assertion: &str, change: (&str, &str)) -> (u16, Value) {
    let good = [
        ("grant_type", "authorization_code"),
        ("client_id", "viewer"),
        ("code", code),
        ("redirect_uri", "https%3A%2F%2Fviewer.example%2Fback"),
        ("code_verifier", VERIFIER),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    let changed = good.map(|(name, value)| format!("{name}={}", if name == change.0 { change.1 } else { value }));
    ask(issuer, "POST /oauth2/token", &changed.join("&")).await
}

#[tokio::test]
async fn a_request_that_is_not_whole_gets_no_code() {
    let (issuer, _) = ready().await;
    for (name, value, expected) in [
        ("", "", Some("code=")),
        ("login_hint", "nobody", Some("error=access%5Fdenied")),
        ("response_type", "token", Some("error=invalid%5Frequest")),
        ("scope", "profile", Some("error=invalid%5Frequest")),
        ("state", "", Some("error=invalid%5Frequest")),
        ("nonce", "short", Some("error=invalid%5Frequest")),
        ("code_challenge", "", Some("error=invalid%5Frequest")),
        ("code_challenge_method", "plain", Some("error=invalid%5Frequest")),
        ("client_id", "another", None),
        ("redirect_uri", "https%3A%2F%2Fviewer.example%2Fback%2F", None),
        ("redirect_uri", "https%3A%2F%2Fevil.example", None),
        ("redirect_uri", "", None),
        ("login_hint", "somebody", None),
        ("state", "a&state=b", None),
    ] {
        let (status, location) = visit(&issuer, &request((name, value))).await;
        assert_eq!(status, if expected.is_some() { 303 } else { 400 }, "{name} {value}");
        let expected = expected.map(|words| format!("{BACK}?{words}"));
        let good = location.as_ref().zip(expected.as_ref()).is_none_or(|(location, words)| location.starts_with(words));
        assert!(good && location.is_some() == expected.is_some(), "{name} {value} {location:?}");
        assert!(location.is_none_or(|location| location.contains("&iss=http")), "{name} {value}");
    }
}

#[tokio::test]
async fn a_code_is_redeemed_once_by_its_own_client() {
    let (issuer, key) = ready().await;
    for (at, (change, expected)) in [
        (("", ""), 200),
        (("redirect_uri", "https%3A%2F%2Fviewer.example%2Fother"), 400),
        (("code_verifier", "another"), 400),
        (("code", "another"), 400),
        (("grant_type", "password"), 400),
        (("client_id", "another"), 401),
        (("client_assertion_type", "basic"), 401),
    ]
    .into_iter()
    .enumerate()
    {
        let code = code(&issuer).await;
        let proof = |more: &str| assertion(&issuer, &key, &format!("{at}{more}"), ("", Value::Null));
        let (status, answer) = redeem(&issuer, &code, &proof("a"), change).await;
        assert_eq!(status, expected, "{change:?}");
        if status == 200 {
            let claims = claims(answer["id_token"].as_str().unwrap());
            assert_eq!((&claims["aud"], &claims["nonce"]), (&json!("viewer"), &json!("a".repeat(43))));
            assert!(claims.get("nhsid_nrbac_roles").is_none() && claims["sid"].is_string());
            assert_eq!(redeem(&issuer, &code, &proof("b"), ("", "")).await.0, 400, "used");
        }
    }
}

#[tokio::test]
async fn a_client_proves_itself_each_time_anew() {
    let (issuer, key) = ready().await;
    let stranger = SigningKey::fresh("client-1", &mut rand::rng());
    let nothing = || ("", Value::Null);
    let second = |offset: i64| json!(now().as_second() + offset);
    for (proof, expected) in [
        (assertion(&issuer, &key, "1", nothing()), 200),
        (assertion(&issuer, &key, "1", nothing()), 401),
        (assertion(&issuer, &key, "2", nothing()), 200),
        (assertion(&issuer, &stranger, "3", nothing()), 401),
        (assertion(&issuer, &key, "4", ("aud", json!(issuer.url()))), 401),
        (assertion(&issuer, &key, "5", ("iss", json!("another"))), 401),
        (assertion(&issuer, &key, "6", ("sub", json!("another"))), 401),
        (assertion(&issuer, &key, "7", ("exp", second(0))), 401),
        (assertion(&issuer, &key, "8", ("exp", second(311))), 401),
        (assertion(&issuer, &key, "9", ("exp", Value::Null)), 401),
        (assertion(&issuer, &key, "", nothing()), 401),
        (String::new(), 401),
    ] {
        let code = code(&issuer).await;
        assert_eq!(redeem(&issuer, &code, &proof, ("", "")).await.0, expected, "{proof:.300}");
    }
}

#[test]
fn a_private_key_is_written_as_files_have_it() {
    let rsa = SigningKey::test_rsa("rsa", TestRsa::First, jsonwebtoken::Algorithm::RS512).unwrap();
    let pem = rsa.private_pem();
    assert!(jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()).is_ok(), "{}", pem.lines().next().unwrap());
    let ec = SigningKey::from_secret("ec", [7; 32]).unwrap();
    assert!(jsonwebtoken::EncodingKey::from_ec_pem(ec.private_pem().as_bytes()).is_ok());
}
