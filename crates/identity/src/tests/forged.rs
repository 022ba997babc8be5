//! Forged tokens: each is refused with the same words, and none makes us ask anybody but the issuer.
//! Source: design/reliability.md, test 21; RFC 8725.

mod claim;
mod key;
mod signature;

use super::*;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cpis_testkit::issuer::{TestRsa, header, people};
use jsonwebtoken::{EncodingKey, crypto};
use std::io::ErrorKind;
use std::net::TcpListener;

fn encode(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// A token of these parts whose signature is these bytes.
fn with_signature(header: &Value, claims: &Value, signature: impl AsRef<[u8]>) -> String {
    format!("{}.{}.{}", encode(header.to_string()), encode(claims.to_string()), encode(signature))
}

fn hmac(header: &Value, claims: &Value, secret: &[u8], algorithm: Algorithm) -> String {
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = crypto::sign(signed.as_bytes(), &EncodingKey::from_secret(secret), algorithm).unwrap();
    format!("{signed}.{signature}")
}

type Forgery = (String, String);

/// What the forgers have to work with.
struct World {
    ec: SigningKey,
    rsa: SigningKey,
    /// A key that the issuer has withdrawn.
    old: SigningKey,
    /// Keys that are not the issuer's under the ids of its own.
    thief: SigningKey,
    rsa_thief: SigningKey,
    head: Value,
    rsa_head: Value,
    claims: Value,
    url: String,
    /// A place that nobody must ask.
    elsewhere: String,
    good: String,
}

#[tokio::test]
async fn every_forged_token_is_refused_alike_and_nobody_else_is_asked() {
    let rsa_key = |which| SigningKey::test_rsa("rsa", which, Algorithm::RS256).unwrap();
    let (ec, rsa, old) = (fresh("ec"), rsa_key(TestRsa::First), fresh("old"));
    let issuer = issuer(vec![old.clone(), rsa.clone(), ec.clone()]).await;
    issuer.withdraw("old");
    let verifier = verifier(&issuer);
    assert!(verifier.refresh(now()).await);
    let requests = issuer.requests();
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let claims = issuer.complete(&people::clinician(&Register::built_in(), "RJ122", now()));
    let good = ec.sign(&header(&ec), &claims);
    let world = World {
        head: header(&ec),
        rsa_head: header(&rsa),
        url: issuer.url().to_owned(),
        elsewhere: format!("http://{}/jwks", trap.local_addr().unwrap()),
        thief: fresh("ec"),
        rsa_thief: rsa_key(TestRsa::Second),
        ec,
        rsa,
        old,
        claims,
        good,
    };
    assert!(ask(&verifier, &world.good, now()).await.is_ok());
    assert!(ask(&verifier, &world.rsa.sign(&world.rsa_head, &world.claims), now()).await.is_ok());
    let groups =
        [key::forgeries(&world), claim::of_header(&world), claim::of_claims(&world), signature::forgeries(&world)];
    let forged = groups.concat();
    assert!(forged.len() >= 60, "{}", forged.len());
    for (name, token) in &forged {
        assert_eq!(ask(&verifier, token, now()).await.err(), Some(INVALID), "{name}: {token:.300}");
    }
    println!("{} forged tokens", forged.len());
    assert!(ask(&verifier, &world.good, now()).await.is_ok(), "the good one still is");
    assert!(issuer.requests() - requests <= 2, "one reading of discovery and keys for all the unknown key ids");
    assert_eq!(trap.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "somebody followed a header");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    for bytes in [&b"Bearer \xff\xfe"[..], b"Bearer a.\x00.c", b"Bearer \xc3\xa9.\xc3.\xa9"] {
        let request = RequestIdentity { authorization: &[bytes], ..RequestIdentity::default() };
        assert_eq!(verifier.verify(&request, now()).await.err(), Some(INVALID));
    }
}

#[tokio::test]
async fn the_words_for_the_header_are_the_platforms() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    for (values, text) in [
        (&[][..], "Missing Authorization header"),
        (&[&b" "[..]][..], "Empty Authorization header"),
        (&[&b"Bearer "[..]][..], "Missing access token"),
        (&[&b"Basic dXNlcjpwYXNz"[..]][..], "Invalid token type, must be 'Bearer'"),
        (&[&b"Bearer a.b.c"[..]][..], "Invalid Access Token"),
        (&[&b"Bearer a.b.c"[..], b"Bearer a.b.c"][..], "Invalid Access Token"),
    ] {
        let request = RequestIdentity { authorization: values, ..RequestIdentity::default() };
        let error = verifier.verify(&request, now()).await.unwrap_err();
        assert_eq!(error, IdentityError::Unauthorised(text));
    }
}
