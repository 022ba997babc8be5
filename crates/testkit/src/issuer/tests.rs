//! The issuer over its socket, spoken to by hand.

mod sign_ins;

use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cpis_model::register::Register;
use jsonwebtoken::Algorithm;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn now() -> Timestamp {
    "2026-06-01T09:00:00Z".parse().unwrap()
}

async fn started() -> Issuer {
    let keys = vec![SigningKey::fresh("one", &mut rand::rng())];
    Issuer::start("127.0.0.1:0".parse().unwrap(), keys, now).await.unwrap()
}

async fn ask(issuer: &Issuer, line: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(issuer.address()).await.unwrap();
    let length = body.len();
    let request =
        format!("{line} HTTP/1.1\r\nHost: issuer\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn discovery_leads_to_the_published_keys() {
    let issuer = started().await;
    let (status, discovery) = ask(&issuer, "GET /.well-known/openid-configuration", "").await;
    assert_eq!((status, discovery["issuer"].as_str()), (200, Some(issuer.url())));
    assert_eq!(discovery["jwks_uri"], format!("{}/jwks", issuer.url()));
    let (_, jwks) = ask(&issuer, "GET /jwks", "").await;
    assert_eq!(jwks["keys"][0]["kid"], "one");
    assert!(jwks["keys"][0].get("d").is_none(), "no private half");
    issuer.rotate(SigningKey::test_rsa("two", TestRsa::First, Algorithm::RS256).unwrap());
    issuer.withdraw("one");
    let (_, jwks) = ask(&issuer, "GET /jwks", "").await;
    assert_eq!((jwks["keys"].as_array().unwrap().len(), &jwks["keys"][0]["kty"]), (1, &json!("RSA")));
    assert_eq!(issuer.requests(), 3);
    issuer.answer_instead("/jwks", 503, "away");
    assert_eq!(ask(&issuer, "GET /jwks", "").await.0, 503);
    issuer.answer_well("/jwks");
    assert_eq!(ask(&issuer, "GET /jwks", "").await.0, 200);
    let address = issuer.address();
    issuer.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_registered_client_gets_a_token_of_its_own() {
    let issuer = started().await;
    issuer.register_client("social-care", "a secret");
    let good = "grant_type=client_credentials&client_id=social-care&client_secret=a+secret";
    for (body, status) in [
        (good, 200),
        ("grant_type=client_credentials&client_id=social-care&client_secret=wrong", 401),
        ("grant_type=client_credentials&client_id=other&client_secret=a+secret", 401),
        ("grant_type=password&client_id=social-care&client_secret=a+secret", 400),
        ("grant_type=client_credentials", 400),
        ("", 400),
    ] {
        assert_eq!(ask(&issuer, "POST /oauth2/token", body).await.0, status, "{body}");
    }
    let (_, answer) = ask(&issuer, "POST /oauth2/token", good).await;
    assert_eq!((answer["expires_in"].as_str(), answer["token_type"].as_str()), (Some("599"), Some("Bearer")));
    let claims = claims(answer["access_token"].as_str().unwrap());
    assert_eq!(claims["sub"], "social-care");
    assert_eq!(claims["exp"].as_i64().unwrap() - now().as_second(), 599);
}

#[test]
fn people_are_who_they_were_and_differ_by_place() {
    let register = Register::built_in();
    let nurse = people::clinician(&register, "RJ122", now());
    assert_eq!(nurse, people::clinician(&register, "RJ122", now()));
    assert_ne!(nurse["sub"], people::clinician(&register, "RR801", now())["sub"]);
    let role = &nurse["nhsid_nrbac_roles"][0];
    assert_eq!((&role["org_code"], &role["site_code"]), (&json!("RJ1"), &json!("RJ122")));
    assert_eq!(nurse["exp"].as_i64().unwrap() - nurse["iat"].as_i64().unwrap(), people::LIFE_SECONDS);
    assert_eq!(nurse["sub"].as_str().unwrap().len(), 12);
    let name = people::authority_name(&register, "702").unwrap();
    assert_eq!(people::authority_worker("702", &name, now())["nhsid_nrbac_roles"][0]["org_name"], "Camden");
}
