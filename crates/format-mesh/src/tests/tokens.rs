//! Tokens.

use super::{any_mailbox, any_second, at, mailbox};
use crate::{Token, TokenFault, sign};
use proptest::prelude::*;

const FIRST: &str = "NHSMESH X26ABC1:11111111-2222-3333-4444-555555555555:0:202001010000:\
                     d17e073f157ce2a85e3a6a971b46a8a277639abe318977af4173acb028072573";
const SECOND: &str = "NHSMESH LA001OT001:0f6b2a64-2c0b-4a39-9c3c-0d7f3b1f5a11:1:202603141559:\
                      c7a01c656b5c81ea76c630ad3df41bb6b085479e97822c774958d6aba9b2a352";

#[test]
fn the_worked_examples_are_signed_and_accepted() {
    for (header, id, nonce, count, moment, key, password) in [
        (FIRST, "X26ABC1", "11111111-2222-3333-4444-555555555555", 0, "2020-01-01T00:00:00Z", "TestKey", "password"),
        (
            SECOND,
            "LA001OT001",
            "0f6b2a64-2c0b-4a39-9c3c-0d7f3b1f5a11",
            1,
            "2026-03-14T15:59:59Z",
            "SharedKeyForTests",
            "correct-horse",
        ),
    ] {
        let (key, password) = (key.as_bytes(), password.as_bytes());
        assert_eq!(sign(&mailbox(id), nonce, count, at(moment), key, password), header);
        let token = Token::parse(header).unwrap();
        assert_eq!((token.mailbox.as_str(), token.nonce.as_str()), (id, nonce));
        assert_eq!(token.count, count.to_string());
        assert!(token.is_signed(key, password));
        assert!(!token.is_signed(key, b"other") && !token.is_signed(b"other", password) && !token.is_signed(b"", b""));
    }
}

#[test]
fn scheme_and_hash_may_be_in_any_case_and_the_scheme_absent() {
    let bare = FIRST.strip_prefix("NHSMESH ").unwrap();
    let hash = bare.rsplit(':').next().unwrap();
    for header in [
        format!("nhsmesh {bare}"),
        format!("  NhsMesh \t {bare} "),
        bare.to_owned(),
        FIRST.replace(hash, &hash.to_ascii_uppercase()),
    ] {
        assert!(Token::parse(&header).unwrap().is_signed(b"TestKey", b"password"), "{header}");
    }
    // The hash is over the mailbox as written.
    let token = Token::parse(&FIRST.replace("X26ABC1", "x26abc1")).unwrap();
    assert_eq!(token.mailbox.as_str(), "X26ABC1");
    assert!(!token.is_signed(b"TestKey", b"password"));
}

#[test]
fn what_is_no_token_is_refused_with_its_part() {
    let hash = "0".repeat(64);
    let with = |mailbox: &str, nonce: &str, count: &str, time: &str| {
        format!("NHSMESH {mailbox}:{nonce}:{count}:{time}:{hash}")
    };
    let long = "n".repeat(101);
    for (header, fault) in [
        (String::new(), TokenFault::Parts),
        ("NHSMESH".to_owned(), TokenFault::Parts),
        ("NHSMESH ".to_owned(), TokenFault::Parts),
        (format!("Bearer A:n:0:202001010000:{hash}"), TokenFault::Scheme),
        ("NHSMESH A:n:0:202001010000".to_owned(), TokenFault::Parts),
        (format!("NHSMESH A:n:0:202001010000:{hash}:x"), TokenFault::Parts),
        (with("", "n", "0", "202001010000"), TokenFault::Mailbox),
        (with("A/B", "n", "0", "202001010000"), TokenFault::Mailbox),
        (with("A", "", "0", "202001010000"), TokenFault::Nonce),
        (with("A", "n n", "0", "202001010000"), TokenFault::Nonce),
        (with("A", "né", "0", "202001010000"), TokenFault::Nonce),
        (with("A", &long, "0", "202001010000"), TokenFault::Nonce),
        (with("A", "n", "", "202001010000"), TokenFault::Count),
        (with("A", "n", "-1", "202001010000"), TokenFault::Count),
        (with("A", "n", "1a", "202001010000"), TokenFault::Count),
        (with("A", "n", "123456789012345678901", "202001010000"), TokenFault::Count),
        (with("A", "n", "0", "20200101000"), TokenFault::Timestamp),
        (with("A", "n", "0", "20200101000000"), TokenFault::Timestamp),
        (with("A", "n", "0", "202013010000"), TokenFault::Timestamp),
        (with("A", "n", "0", "202001012400"), TokenFault::Timestamp),
        (with("A", "n", "0", "2020-01-01T0"), TokenFault::Timestamp),
        ("NHSMESH A:n:0:202001010000:".to_owned(), TokenFault::Hash),
        (format!("NHSMESH A:n:0:202001010000:{hash}0"), TokenFault::Hash),
        (format!("NHSMESH A:n:0:202001010000:g{}", &hash[1..]), TokenFault::Hash),
    ] {
        assert_eq!(Token::parse(&header).unwrap_err(), fault, "{header}");
    }
}

#[test]
fn a_token_is_timely_within_two_hours_either_side() {
    let token = Token::parse(SECOND).unwrap();
    for (now, age, is_timely) in [
        ("2026-03-14T15:59:00Z", 0, true),
        ("2026-03-14T17:59:00Z", 7200, true),
        ("2026-03-14T17:59:01Z", 7201, false),
        ("2026-03-14T13:59:00Z", -7200, true),
        ("2026-03-14T13:58:59Z", -7201, false),
        ("2027-03-14T15:59:00Z", 31_536_000, false),
    ] {
        assert_eq!((token.age_seconds(at(now)), token.is_timely(at(now))), (age, is_timely), "{now}");
    }
    assert_eq!(Token::REMEMBER_SECONDS, 4 * 60 * 60);
}

#[test]
fn debug_shows_no_hash() {
    let shown = format!("{:?}", Token::parse(FIRST).unwrap());
    assert!(shown.contains("X26ABC1") && !shown.contains("d17e") && !shown.contains("209, 126"), "{shown}");
}

proptest! {
    #[test]
    fn what_is_signed_is_accepted_and_nothing_else(
        id in any_mailbox(), nonce in "[!-9;-~]{1,100}", count in any::<u64>(), when in any_second(),
        key in proptest::collection::vec(any::<u8>(), 0..80), password in proptest::collection::vec(any::<u8>(), 1..40),
    ) {
        let header = sign(&id, &nonce, count, when, &key, &password);
        let token = Token::parse(&header).unwrap();
        prop_assert!(token.is_signed(&key, &password));
        prop_assert_eq!(&token.mailbox, &id);
        prop_assert_eq!(&token.nonce, &nonce);
        prop_assert!((0..60).contains(&token.age_seconds(when)));
        let mut other = password.clone();
        other[0] ^= 1;
        prop_assert!(!token.is_signed(&key, &other));
        let higher = header.replacen(&format!(":{count}:"), &format!(":{}:", count ^ 1), 1);
        if let Ok(token) = Token::parse(&higher) && token.count != count.to_string() {
            prop_assert!(!token.is_signed(&key, &password));
        }
    }

    #[test]
    fn noise_never_panics_and_is_never_signed(noise in "(?s).{0,200}", parts in "(NHSMESH )?[A-Z0-9:a-f -]{0,140}") {
        for text in [noise, parts] {
            if let Ok(token) = Token::parse(&text) {
                prop_assert!(!token.is_signed(b"TestKey", b"password"));
            }
        }
    }
}
