//! Whatever stands in the `Authorization` header, judging it ends without a panic, and nobody gets in without the
//! issuer's signature. The same bytes as claims under a good signature may make a caller, and never a panic.
#![no_main]

use cpis_identity::{KeySource, Mapping, RequestIdentity, Verifier};
use cpis_model::register::Register;
use cpis_testkit::issuer::{SigningKey, header};
use libfuzzer_sys::fuzz_target;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

/// 2026-06-01T09:00:00Z, when the corpus is good.
const NOW: i64 = 1_780_304_400;

static WORLD: LazyLock<(SigningKey, Verifier)> = LazyLock::new(|| {
    let key = SigningKey::from_secret("fuzz", [7; 32]).expect("a number below the curve's order");
    let mapping = Mapping::standard("https://issuer.example/oidc", "cpis", Vec::new()).expect("a good mapping");
    let keys = format!("{{\"keys\":[{}]}}", key.public());
    let source = KeySource::fixed(&keys).expect("a key set");
    let verifier = Verifier::new(vec![(mapping, source)], Arc::new(Register::built_in())).expect("one issuer");
    (key, verifier)
});

fuzz_target!(|bytes: &[u8]| {
    let (key, _) = &*WORLD;
    assert!(!gets_in(bytes), "an unsigned token was accepted");
    if let Ok(claims) = std::str::from_utf8(bytes) {
        let token = key.sign_text(&header(key).to_string(), claims);
        gets_in(format!("Bearer {token}").as_bytes());
    }
});

fn gets_in(authorization: &[u8]) -> bool {
    let (_, verifier) = &*WORLD;
    let now = cpis_model::Timestamp::from_second(NOW).expect("a moment");
    let request = RequestIdentity { authorization: &[authorization], ..RequestIdentity::default() };
    // With fixed keys nothing is waited for.
    match pin!(verifier.verify(&request, now)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(caller) => caller.is_ok(),
        Poll::Pending => panic!("fixed keys were waited for"),
    }
}
