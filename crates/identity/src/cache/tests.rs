//! How long an entry lives, and how many there are.

use super::*;
use crate::keys::KeySet;
use cpis_model::caller::{Rights, Who};
use cpis_model::organisation::Organisation;
use cpis_model::register::Change;
use jsonwebtoken::Algorithm;

const KEYS: &[u8] = br#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

fn caller() -> Arc<Caller> {
    let organisation = Organisation { code: "RJ1".parse().unwrap(), name: "A trust".into() };
    Arc::new(Caller {
        who: Who::System { client: "client".into() },
        organisation,
        site: None,
        rights: Rights::default(),
    })
}

/// A register with so many changes, on a day.
fn register_on(number: u64, day: &str) -> Register {
    Register::default().with([Change { number, version: 1, record: None }], day.parse().unwrap())
}

fn register(number: u64) -> Register {
    register_on(number, "2026-11-25")
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn an_entry_ends_with_its_token_its_minute_or_its_key() {
    let set = KeySet::parse(KEYS).unwrap();
    let key = set.find(None, Algorithm::ES256).unwrap();
    for (expires, at, found) in [
        (2_000, 1_000, true),
        (2_000, 1_059, true),
        (2_000, 1_060, false),
        (2_000, 999, false),
        (1_010, 1_009, true),
        (1_010, 1_010, false),
        (990, 1_000, false),
    ] {
        let cache = Cache::default();
        let fingerprint = fingerprint(b"token", None, None);
        cache.put(fingerprint, caller(), key.clone(), &register(1), second(1_000), expires);
        assert_eq!(
            cache.get(&fingerprint, &register(1), second(at)).is_some(),
            found,
            "expires {expires}, asked at {at}"
        );
    }
    let cache = Cache::default();
    let fingerprint = fingerprint(b"token", None, None);
    cache.put(fingerprint, caller(), key.clone(), &register(1), second(1_000), 2_000);
    KeySet::default().replacing(&set);
    assert!(cache.get(&fingerprint, &register(1), second(1_001)).is_none());
}

#[test]
fn an_entry_ends_with_the_register_that_it_was_judged_by() {
    let set = KeySet::parse(KEYS).unwrap();
    let key = set.find(None, Algorithm::ES256).unwrap();
    let (cache, fingerprint) = (Cache::default(), fingerprint(b"token", None, None));
    cache.put(fingerprint, caller(), key.clone(), &register(1), second(1_000), 2_000);
    for (register, found) in
        [(register(1), true), (register(2), false), (register_on(1, "2026-11-26"), false), (Register::default(), false)]
    {
        assert_eq!(cache.get(&fingerprint, &register, second(1_000)).is_some(), found, "{:?}", judged(&register));
    }
}

#[test]
fn the_table_is_bounded() {
    let set = KeySet::parse(KEYS).unwrap();
    let key = set.find(None, Algorithm::ES256).unwrap();
    let (cache, caller, register) = (Cache::default(), caller(), register(1));
    for n in 0..2 * ENTRIES_MAX {
        cache.put(
            fingerprint(&n.to_le_bytes(), None, None),
            caller.clone(),
            key.clone(),
            &register,
            second(1_000),
            2_000,
        );
    }
    assert!(cache.len() <= ENTRIES_MAX, "{}", cache.len());
    let newest = fingerprint(&(2 * ENTRIES_MAX - 1).to_le_bytes(), None, None);
    assert!(cache.get(&newest, &register, second(1_000)).is_some());
}

#[test]
fn every_part_of_a_request_counts() {
    let requests = [
        fingerprint(b"t", None, None),
        fingerprint(b"t", Some(""), None),
        fingerprint(b"t", None, Some("")),
        fingerprint(b"t", Some("a"), Some("b")),
        fingerprint(b"t", Some("ab"), Some("")),
        fingerprint(b"ta", Some("b"), None),
        fingerprint(b"u", None, None),
    ];
    for (at, one) in requests.iter().enumerate() {
        assert!(requests.iter().skip(at + 1).all(|other| one != other), "{at}");
    }
}
