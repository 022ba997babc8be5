//! Whatever a browser or an issuer brings to the sign-in doors, reading it ends without a panic; a return path stays on
//! our site; what was sealed comes back the same; and no message without the issuer's signature ends a session.
#![no_main]

use cpis_identity::{Callback, KeySource, Mapping, PasswordHash, Pending, ReturnPath, SignIn, SignedIn, TotpSecret};
use cpis_testkit::issuer::{SigningKey, header};
use libfuzzer_sys::fuzz_target;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

/// 2026-06-01T09:00:00Z, when the corpus is good.
const NOW: i64 = 1_780_304_400;

static WORLD: LazyLock<(SigningKey, SignIn)> = LazyLock::new(|| {
    let key = SigningKey::from_secret("fuzz", [7; 32]).expect("a number below the curve's order");
    let mapping = Mapping::standard("https://issuer.example/oidc", "cpis", Vec::new()).expect("a good mapping");
    let mapping = mapping.signing_in("viewer", "fuzz", "ES256").expect("a good table");
    let source = KeySource::fixed(&format!("{{\"keys\":[{}]}}", key.public())).expect("a key set");
    let sign_in = SignIn::new(&mapping, &source, key.private_pem().as_bytes(), "https://viewer.example/back");
    (key, sign_in.expect("a good key"))
});

fuzz_target!(|bytes: &[u8]| {
    let (key, _) = &*WORLD;
    assert!(!ends_a_session(bytes), "an unsigned message was accepted");
    if let Some(pending) = Pending::from_bytes(bytes) {
        assert_eq!(Pending::from_bytes(&pending.to_bytes()), Some(pending));
    }
    if let Some(signed_in) = SignedIn::from_bytes(bytes) {
        assert_eq!(SignedIn::from_bytes(&signed_in.to_bytes()), Some(signed_in));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let token = key.sign_text(&header(key).to_string(), text);
        ends_a_session(token.as_bytes());
        drop(Callback::parse(text));
        drop(text.parse::<TotpSecret>());
        drop(text.parse::<PasswordHash>());
        if let Ok(path) = text.parse::<ReturnPath>() {
            let path = path.as_str();
            assert!(path.starts_with('/') && !path.starts_with("//") && !path.contains('\\'), "it leads elsewhere");
        }
    }
});

fn ends_a_session(message: &[u8]) -> bool {
    let (_, sign_in) = &*WORLD;
    let now = cpis_model::Timestamp::from_second(NOW).expect("a moment");
    // With fixed keys nothing is waited for.
    match pin!(sign_in.log_out(message, now)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(ended) => ended.is_ok(),
        Poll::Pending => panic!("fixed keys were waited for"),
    }
}
