//! Forgeries of algorithm and key.

use super::*;
use serde_json::json;

/// Algorithms that are none or not the key's, keys that are not the issuer's, keys in the token.
pub(super) fn forgeries(world: &World) -> Vec<Forgery> {
    let World { ec, rsa, old, thief, rsa_thief, head, rsa_head, claims, elsewhere, .. } = world;
    let mut forged = Vec::new();
    let mut add = |name: &str, token: String| forged.push((name.to_owned(), token));

    // no signature, or a shared secret that everybody knows
    for none in ["none", "None", "NONE", "nOnE"] {
        add(none, with_signature(&put(head, "alg", none), claims, ""));
        add(none, with_signature(&put(head, "alg", none), claims, "signature"));
    }
    let (public, rsa_public) = (ec.public(), rsa.public());
    let part = |jwk: &Value, name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let point = [vec![4], part(public, "x"), part(public, "y")].concat();
    for (name, algorithm) in [("HS256", Algorithm::HS256), ("HS384", Algorithm::HS384), ("HS512", Algorithm::HS512)] {
        add(name, hmac(&put(head, "alg", name), claims, public.to_string().as_bytes(), algorithm));
        add(name, hmac(&put(head, "alg", name), claims, &point, algorithm));
        add(name, hmac(&put(rsa_head, "alg", name), claims, &part(rsa_public, "n"), algorithm));
    }
    add("HMAC under the name of ES256", hmac(head, claims, &point, Algorithm::HS256));

    // an algorithm that is not the key's
    for algorithm in ["RS256", "PS256", "ES384", "EdDSA", "es256", "ES256 ", "", "dir", "RSA-OAEP"] {
        add("algorithm of an EC key", ec.sign(&put(head, "alg", algorithm), claims));
    }
    for algorithm in ["ES256", "RS384", "RS512", "PS256", "PS512"] {
        add("algorithm of an RSA key", rsa.sign(&put(rsa_head, "alg", algorithm), claims));
    }
    let rs512 = SigningKey::test_rsa("rsa", TestRsa::First, Algorithm::RS512).unwrap();
    add("right key, wrong algorithm", rs512.sign(&header(&rs512), claims));
    for value in [json!(null), json!(256), json!(["ES256"]), json!({"name": "ES256"})] {
        add("algorithm is no text", ec.sign(&put(head, "alg", value), claims));
    }
    add("no algorithm", ec.sign(&without(head, "alg"), claims));

    // another key
    add("a thief's EC key", thief.sign(head, claims));
    add("a thief's RSA key", rsa_thief.sign(rsa_head, claims));
    add("rotated out", old.sign(&header(old), claims));
    add("another key of the set", ec.sign(&put(head, "kid", "rsa"), claims));
    add("no key id although there are two keys", ec.sign(&without(head, "kid"), claims));
    for id in [
        "../../../../dev/null",
        "/dev/null",
        "file:///etc/passwd",
        "' UNION SELECT 'secret' --",
        "ec' OR '1'='1",
        "ec; DROP TABLE keys",
        "$(id)",
        "ec\0",
        "EC",
        " ec",
        "",
        "*",
        elsewhere.as_str(),
        &"k".repeat(10_000),
    ] {
        add("key id", thief.sign(&put(head, "kid", id), claims));
        add("key id", with_signature(&put(head, "kid", id), claims, ""));
    }
    for value in [json!(null), json!(0), json!(["ec"]), json!({"kid": "ec"})] {
        add("key id is no text", ec.sign(&put(head, "kid", value), claims));
    }

    // a key in the token, or where to find one
    let certificate = STANDARD.encode(&point);
    for (name, value) in [
        ("jwk", thief.public().clone()),
        ("jku", json!(elsewhere)),
        ("x5u", json!(elsewhere)),
        ("x5c", json!([certificate])),
    ] {
        add(name, thief.sign(&put(head, name, value.clone()), claims));
        add(name, thief.sign(&put(&put(head, name, value.clone()), "kid", "new"), claims));
        add(name, thief.sign(&without(&put(head, name, value.clone()), "kid"), claims));
        add(name, ec.sign(&put(head, name, value), claims));
    }
    forged
}
