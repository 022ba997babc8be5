//! Which published keys are taken, and which key a token means.

use super::*;
use serde_json::json;

const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"; // RFC 7515, A.3.1
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

fn ec(more: &Value) -> Value {
    let mut key = json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y});
    key.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
    key
}

fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

#[test]
fn keys_that_cannot_verify_are_left_out() {
    let modulus = URL_SAFE_NO_PAD.encode([0xffu8; 256]);
    let short = URL_SAFE_NO_PAD.encode([0xffu8; 128]);
    for (key, taken) in [
        (ec(&json!({})), true),
        (ec(&json!({"use": "sig", "alg": "ES256", "kid": "a", "key_ops": ["verify"], "x5t": "b"})), true),
        (ec(&json!({"use": "enc"})), false),
        (ec(&json!({"use": 1})), false),
        (ec(&json!({"key_ops": ["encrypt"]})), false),
        (ec(&json!({"alg": "ES384"})), false),
        (ec(&json!({"alg": "RS256"})), false),
        (ec(&json!({"alg": "ECDH-ES"})), false),
        (ec(&json!({"kid": 1})), false),
        (ec(&json!({"kid": "k".repeat(257)})), false),
        (ec(&json!({"crv": "P-384"})), false),
        (ec(&json!({"crv": "secp256k1"})), false),
        (ec(&json!({"x": "AA"})), false),
        (json!({"kty": "RSA", "n": modulus, "e": "AQAB"}), true),
        (json!({"kty": "RSA", "n": short, "e": "AQAB"}), false),
        (json!({"kty": "RSA", "n": modulus}), false),
        (json!({"kty": "oct", "k": "c2VjcmV0"}), false),
        (json!({"kty": "OKP", "crv": "Ed25519", "x": X}), true),
        (json!({"kty": "OKP", "crv": "X25519", "x": X}), false),
        (json!("key"), false),
    ] {
        assert_eq!(set(std::slice::from_ref(&key)).0.len(), usize::from(taken), "{key}");
    }
}

#[test]
fn a_set_has_a_form_and_a_limit() {
    for (text, good) in [
        (r#"{"keys":[]}"#, true),
        (r#"{"keys":[],"keys":[]}"#, false),
        (r#"{"keys":{}}"#, false),
        ("{}", false),
        ("[]", false),
        ("<html>", false),
    ] {
        assert_eq!(KeySet::parse(text.as_bytes()).is_some(), good, "{text}");
    }
    let many = vec![ec(&json!({})); KEYS_MAX + 1];
    assert!(KeySet::parse(json!({ "keys": many }).to_string().as_bytes()).is_none());
}

#[test]
fn a_token_without_a_key_id_means_the_only_key() {
    let one = set(&[ec(&json!({"kid": "a"}))]);
    let two = set(&[ec(&json!({"kid": "a"})), ec(&json!({"kid": "b", "alg": "ES256"}))]);
    for (set, id, algorithm, found) in [
        (&one, None, Algorithm::ES256, true),
        (&one, None, Algorithm::RS256, false),
        (&one, Some("a"), Algorithm::ES256, true),
        (&one, Some("A"), Algorithm::ES256, false),
        (&two, None, Algorithm::ES256, false),
        (&two, Some("b"), Algorithm::ES256, true),
        (&two, Some("b"), Algorithm::ES384, false),
        (&two, Some("b"), Algorithm::HS256, false),
    ] {
        assert_eq!(set.find(id, algorithm).is_some(), found, "{id:?} {algorithm:?}");
    }
}

#[test]
fn a_key_that_is_gone_is_withdrawn_and_one_that_stays_is_the_same() {
    let earlier = set(&[ec(&json!({"kid": "a"})), ec(&json!({"kid": "b"}))]);
    let (a, b) = (earlier.0[0].clone(), earlier.0[1].clone());
    let later = set(&[ec(&json!({"kid": "b"})), ec(&json!({"kid": "c"}))]).replacing(&earlier);
    assert!(a.is_withdrawn() && !b.is_withdrawn());
    assert!(Arc::ptr_eq(later.find(Some("b"), Algorithm::ES256).unwrap(), &b));
    let other = ec(&json!({"kid": "b", "x": Y}));
    set(&[other]).replacing(&later);
    assert!(b.is_withdrawn(), "the same id with other material is another key");
}
