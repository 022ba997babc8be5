//! The server by itself, asked over HTTP: what it refuses is what the real one refuses.

use super::*;
use crate::issuer::with;
use serde_json::json;

const NUMBER: &str = "9990000018";

fn now() -> Timestamp {
    "2026-06-01T09:00:00Z".parse().unwrap()
}

fn key() -> SigningKey {
    application_key("pds-1").unwrap()
}

async fn started() -> PdsServer {
    let application = Application { api_key: "an-application".to_owned(), key: key().public().clone() };
    let pds = PdsServer::start("127.0.0.1:0".parse().unwrap(), application, now).await.unwrap();
    let robin = Somebody::new("Robin Alex", "Testcase", "2017-04-04".parse().unwrap());
    pds.put(NUMBER.parse().unwrap(), Entry::Person(robin));
    pds
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn token(pds: &PdsServer, assertion: &str) -> (u16, Value) {
    let form = format!(
        "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
    );
    let answer = client().post(pds.token_url()).body(form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn claims(pds: &PdsServer, id: &str) -> Value {
    let exp = now().as_second() + 300;
    json!({"iss": "an-application", "sub": "an-application", "aud": pds.token_url(), "jti": id, "exp": exp})
}

fn header() -> Value {
    json!({"alg": "RS512", "typ": "JWT", "kid": "pds-1"})
}

#[tokio::test]
async fn an_assertion_is_checked_in_every_part_and_serves_once() {
    let pds = started().await;
    let good = claims(&pds, "one");
    let (status, answer) = token(&pds, &key().sign(&header(), &good)).await;
    assert_eq!((status, &answer["expires_in"], &answer["token_type"]), (200, &json!("599"), &json!("Bearer")));
    let other = SigningKey::test_rsa("pds-1", TestRsa::Second, Algorithm::RS512).unwrap();
    let weaker = SigningKey::test_rsa("pds-1", TestRsa::First, Algorithm::RS256).unwrap();
    let second = now().as_second();
    for (what, assertion) in [
        ("used before", key().sign(&header(), &good)),
        ("another key", other.sign(&header(), &claims(&pds, "2"))),
        ("another algorithm", weaker.sign(&with(&header(), "alg", "RS256"), &claims(&pds, "3"))),
        ("another key id", key().sign(&with(&header(), "kid", "pds-2"), &claims(&pds, "4"))),
        ("another issuer", key().sign(&header(), &with(&claims(&pds, "5"), "iss", "other"))),
        ("another audience", key().sign(&header(), &with(&claims(&pds, "6"), "aud", "https://other.example"))),
        ("too long", key().sign(&header(), &with(&claims(&pds, "7"), "exp", second + 301))),
        ("over", key().sign(&header(), &with(&claims(&pds, "8"), "exp", second))),
        ("no id", key().sign(&header(), &with(&claims(&pds, "9"), "jti", Value::Null))),
        ("no assertion", "x".to_owned()),
    ] {
        assert_eq!(token(&pds, &assertion).await.0, 401, "{what}");
    }
    assert_eq!((pds.answers("token 200"), pds.answers("token 401")), (1, 10));
    pds.stop().await;
}

#[tokio::test]
async fn a_request_needs_a_token_and_an_id_and_is_told_what_it_lacks() {
    let pds = started().await;
    let (_, answer) = token(&pds, &key().sign(&header(), &claims(&pds, "one"))).await;
    let token = answer["access_token"].as_str().unwrap().to_owned();
    let id = "60e0b220-8136-4ca5-ae46-1d97ef59d068";
    let ask = async |path: &str, token: &str, id: &str| {
        let request = client().get(format!("{}{path}", pds.base_url())).bearer_auth(token);
        let request = if id.is_empty() { request } else { request.header("X-Request-ID", id) };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        let code = body.pointer("/issue/0/details/coding/0/code").and_then(Value::as_str).unwrap_or("-");
        (status, code.to_owned())
    };
    let read = format!("/Patient/{NUMBER}");
    for (path, token, id, status, code) in [
        (read.as_str(), "other", id, 401, "ACCESS_DENIED"),
        (&read, &token, "", 400, "MISSING_VALUE"),
        (&read, &token, "x", 400, "INVALID_VALUE"),
        (&read, &token, id, 200, "-"),
        ("/Patient/9990000019", &token, id, 400, "INVALID_RESOURCE_ID"),
        ("/Patient/9990000026", &token, id, 404, "RESOURCE_NOT_FOUND"),
        ("/Patient", &token, id, 400, "UNSUPPORTED_SERVICE"),
        ("/Patient?family=Testcase", &token, id, 400, "MISSING_VALUE"),
        ("/Patient?family=testcase&birthdate=eq2017-04-04", &token, id, 200, "-"),
        ("/Patient?family=Testcase&birthdate=eq2017-04-04&_max-results=50", &token, id, 403, "INVALID_VALUE"),
    ] {
        assert_eq!(ask(path, token, id).await, (status, code.to_owned()), "{path}");
    }
    pds.forget_tokens();
    assert_eq!(ask(&read, &token, id).await.0, 401);
}

/// A register elsewhere that knows one number and can be away.
struct Elsewhere(std::sync::atomic::AtomicBool);

impl Elsewhere {
    fn somebody() -> Somebody {
        Somebody::new("Kim", "Elsewhere", "2019-05-05".parse().unwrap())
    }
}

#[async_trait::async_trait]
impl People for Elsewhere {
    async fn of(&self, number: NhsNumber) -> Result<Option<Entry>, Away> {
        if self.0.load(Ordering::SeqCst) {
            return Err(Away);
        }
        let is_known = number.digits() == "9990000026" || number.digits() == NUMBER;
        Ok(is_known.then(|| Entry::Person(Self::somebody())))
    }

    async fn named(&self, family: &str, _: cpis_model::Date, _: Option<&str>) -> Result<Named, Away> {
        let one = || Named::One("9990000026".parse().unwrap(), Self::somebody());
        Ok(if family == "Elsewhere" { one() } else { Named::Nobody })
    }
}

#[tokio::test]
async fn people_who_are_kept_elsewhere_are_known_too_and_those_put_here_go_first() {
    let application = Application { api_key: "an-application".to_owned(), key: key().public().clone() };
    let elsewhere = Arc::new(Elsewhere(false.into()));
    let pds = PdsServer::start_with("127.0.0.1:0".parse().unwrap(), application, Some(elsewhere.clone()), now);
    let pds = pds.await.unwrap();
    pds.put(NUMBER.parse().unwrap(), Entry::Person(Somebody::new("Robin", "Testcase", "2017-04-04".parse().unwrap())));
    let (_, answer) = token(&pds, &key().sign(&header(), &claims(&pds, "one"))).await;
    let token = answer["access_token"].as_str().unwrap().to_owned();
    let ask = async |path: &str| {
        let request = client().get(format!("{}{path}", pds.base_url())).bearer_auth(&token);
        let answer = request.header("X-Request-ID", "60e0b220-8136-4ca5-ae46-1d97ef59d068").send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, body) = ask(&format!("/Patient/{NUMBER}")).await;
    assert!(status == 200 && body.contains("Testcase"), "{body}");
    let (status, body) = ask("/Patient/9990000026").await;
    assert!(status == 200 && body.contains("Elsewhere"), "{body}");
    for (family, found) in [("Testcase", 1), ("Elsewhere", 1), ("Nobody", 0)] {
        let born = if family == "Testcase" { "2017-04-04" } else { "2019-05-05" };
        let (status, body) = ask(&format!("/Patient?family={family}&birthdate=eq{born}")).await;
        assert!(status == 200 && body.contains(&format!("\"total\":{found}")), "{family}: {body}");
    }
    elsewhere.0.store(true, Ordering::SeqCst);
    assert_eq!(ask("/Patient/9990000026").await.0, 503, "a register that is away is never nobody");
    pds.stop().await;
}
